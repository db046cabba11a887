"""One customer's score in words: how likely to leave, why, by how much each feature pushes, and what is done."""

import difflib
import html
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

PLACES = ("reason_1", "reason_2", "reason_3", "protects_1")
SHOWN = 8


@dataclass(frozen=True)
class Contribution:
    """What one feature adds to one score.

    Attributes
    ----------
    feature, value
        Its name and this customer's number; NaN where missing.
    log_odds
        What it adds: above zero it speaks for churn.
    """

    feature: str
    value: float
    log_odds: float


@dataclass(frozen=True, repr=False)
class CustomerScore:
    """Everything known about one score; ``print`` tells it in words.

    Attributes
    ----------
    customer_id, name, as_of
        Who, and the day looked from.
    churn_probability, risk_band, risk_percentile
        Calibrated, 0-1; the band of ``params.yaml: score.bands``; 0-100 among all scored.
    value, value_at_stake, currency
        Expected over the horizon; the same times the probability.
    reasons, protects
        In words, strongest first.
    base_log_odds, contributions
        The average customer's log-odds, and what each feature adds, largest first. Together they are ``log_odds``.
    action
        The row of ``actions.parquet``: playbook, channel, due day, or why there is none.
    """

    customer_id: str
    name: str | None
    as_of: date
    churn_probability: float
    risk_band: str
    risk_percentile: float
    value: float
    value_at_stake: float
    currency: str
    reasons: tuple[str, ...]
    protects: tuple[str, ...]
    log_odds: float
    base_log_odds: float
    contributions: tuple[Contribution, ...]
    action: dict[str, Any]

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        head, *rest = (html.escape(line) for line in self.lines())
        return f"<b>{head}</b><pre>{chr(10).join(rest)}</pre>"

    def lines(self) -> list[str]:
        """Return what is known, line by line."""
        who = f"{self.customer_id} ({self.name})" if self.name else self.customer_id
        return [
            f"{who}: {self.churn_probability:.0%} likely to churn, as of {self.as_of}",
            f"risk: {self.risk_band}; riskier than {self.risk_percentile:.0f} % of all scored",
            f"at stake: {self.value_at_stake:,.2f} of {self.value:,.2f} {self.currency} expected",
            *(f"why: {reason}" for reason in self.reasons or ("no reason stands out",)),
            *(f"speaks against it: {reason}" for reason in self.protects),
            f"what is done: {self.what_is_done}",
            f"log-odds: {self.log_odds:+.2f} = {self.base_log_odds:+.2f} for the average customer, and",
            *(f"  {one.log_odds:+.2f}  {one.feature} = {one.value:g}" for one in self.contributions[:SHOWN]),
            *self._rest(),
        ]

    @property
    def what_is_done(self) -> str:
        """The action of the week in a line, or why there is none."""
        playbook = self.action.get("playbook")
        if not playbook:
            return f"nothing: {self.action.get('why_not') or 'not decided yet'}"
        parts = (self.action.get(name) for name in ("action", "channel", "who"))
        due = self.action.get("due_day")
        details = "; ".join(str(part) for part in parts if part)
        return f"{playbook}: {details}" + (f"; by {due}" if due else "")

    def _rest(self) -> list[str]:
        left = self.contributions[SHOWN:]
        return [f"  {sum(one.log_odds for one in left):+.2f}  {len(left)} other features"] if left else []


def describe(score: dict[str, Any], explained: Any, action: dict[str, Any], currency: str) -> CustomerScore:
    """Return a customer's score as one object.

    Parameters
    ----------
    score
        The row of the scores.
    explained
        The ``shap.Explanation`` of that row.
    action
        The row of the actions; empty where none was decided.
    currency
        ISO code of all amounts.
    """
    pushes = zip(explained.feature_names, explained.data, explained.values, strict=True)
    each = [Contribution(name, float(value), float(push)) for name, value, push in pushes]
    texts = {place: score[f"{place}_text"] for place in PLACES if score[f"{place}_text"]}
    return CustomerScore(
        score["customer_id"], score["name"], score["as_of"], score["churn_probability"], score["risk_band"],
        score["risk_percentile"], score["value"], score["value_at_stake"], currency,
        tuple(text for place, text in texts.items() if place.startswith("reason")),
        tuple(text for place, text in texts.items() if place.startswith("protects")),
        score["log_odds"], score["base_log_odds"],
        tuple(sorted(each, key=lambda one: (-abs(one.log_odds), one.feature))), action,
    )  # fmt: skip


def unknown_customer(customer_id: str, day: date, scores: pl.DataFrame, buyers: pl.DataFrame) -> str:
    """Return why nobody of an id was scored, in a line: not eligible, or not known, and then whose id is close.

    Parameters
    ----------
    customer_id
        The id asked for.
    day
        The day of the scores.
    scores, buyers
        Everyone who was scored, and everyone who ever bought: ``customer_id``.
    """
    if customer_id in buyers["customer_id"]:
        return f"customer {customer_id!r} bought before, but was not eligible at {day}; see reports/examples.json"
    close = difflib.get_close_matches(customer_id, scores["customer_id"].to_list(), n=3)
    instead = f"; did you mean {' or '.join(repr(one) for one in close)}?" if close else ""
    return f"customer {customer_id!r} is not among the {len(scores):,} scored as of {day}{instead}"
