"""What is known of one customer before a day, and the health of the account: risk now and before, why, what is open."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from pipeline.retention.sections import Section, percent

PLACES: Final = ("reason_1", "reason_2", "reason_3")


@dataclass(frozen=True)
class Account:
    """A customer.

    Attributes
    ----------
    customer_id
        Who.
    as_of
        The day of the list; nothing of that day or later is in `tables`.
    currency, minor_digits
        ISO code of all money, and its digits after the point.
    lists
        The decisions of the published lists on which the customer was scored, the earliest first; the last one is of
        `as_of`.
    tables
        The customer's own rows of each canonical table that the company has; empty frames where there are none.
    outcomes
        What teams have handed back, in the columns of `pipeline.outcomes.store.SCHEMA`.
    """

    customer_id: str
    as_of: date
    currency: str
    minor_digits: int
    lists: list[dict[str, Any]]
    tables: dict[str, pl.DataFrame]
    outcomes: pl.DataFrame

    @property
    def now(self) -> dict[str, Any]:
        """The decision of the last list."""
        return self.lists[-1]

    def rows(self, table: str) -> pl.DataFrame | None:
        """The customer's rows of a table; None where the company has no such table, or none of this customer."""
        rows = self.tables.get(table)
        return None if rows is None or rows.is_empty() else rows

    def money(self, minor: float) -> str:
        """An amount of minor units with its currency."""
        return f"{minor / 10**self.minor_digits:,.{self.minor_digits}f} {self.currency}"


def health(account: Account) -> Iterator[Section]:
    """How the account stands, how it stood on earlier lists, and why; sections without a row are left out."""
    yield Section("Health", ("what", "now"), tuple(_facts(account)))
    if len(account.lists) > 1:
        rows = tuple(_earlier(account, row) for row in account.lists)
        yield Section("Health by list", ("list of", "risk", "band", "at stake", "playbook"), rows)
    why = tuple(line for place in PLACES for line in _reason(account.now, place))
    against = account.now.get("protects_1_text")
    if why:
        yield Section("Risks: what goes together with the risk", ("reason", "kind", "team"), why)
    if against:
        yield Section("What speaks against it", points=(against,))


def _facts(account: Account) -> Iterator[tuple[str, str]]:
    now = account.now
    yield "likely to leave", f"{percent(now['churn_probability'])}, {now['risk_band']} risk"
    if now.get("risk_percentile") is not None:
        yield "riskier than", f"{math.floor(now['risk_percentile'])} % of all scored"
    yield "at stake", account.money(now["value_at_stake"] * 10**account.minor_digits)
    for name, words in (("tier", "tier"), ("value_tier", "value tier"), ("lifecycle", "stage")):
        if now.get(name):
            yield words, str(now[name])
    yield from _last_order(account)
    yield from _tickets(account)
    yield from _last_row(account, "surveys", "last answer", ("kind", "score", "touch_point"))
    yield from _last_row(account, "contacts", "last contact", ("team", "channel", "purpose"))


def _last_order(account: Account) -> Iterator[tuple[str, str]]:
    rows = account.rows("transactions")
    bought = None if rows is None else rows.filter(pl.col("amount_minor") >= 0)["day"].max()
    if isinstance(bought, date):
        days = (account.as_of - bought).days
        yield "last order", f"{bought}, {days} {'day' if days == 1 else 'days'} before"


def _tickets(account: Account) -> Iterator[tuple[str, str]]:
    rows = account.rows("tickets")
    if rows is None:
        return
    still_open = rows if "resolved_day" not in rows.columns else rows.filter(pl.col("resolved_day").is_null())
    yield "open tickets", f"{still_open.height:,} of {rows.height:,}"
    if "is_complaint" in rows.columns:
        yield "open complaints", f"{still_open['is_complaint'].fill_null(value=False).sum():,}"


def _last_row(account: Account, table: str, what: str, columns: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The latest row of a table, its day and those of the columns that are filled in."""
    rows = account.rows(table)
    answered = rows if rows is None or "score" not in columns else rows.filter(pl.col("score").is_not_null())
    if answered is None or answered.is_empty():
        return
    last = answered.sort("day").row(-1, named=True)
    parts = (last.get(name) for name in columns)
    shown = (f"{part:g}" if isinstance(part, float) else str(part) for part in parts if part is not None)
    yield what, ", ".join([str(last["day"]), *shown])


def _earlier(account: Account, row: dict[str, Any]) -> tuple[str, ...]:
    stake = account.money(row["value_at_stake"] * 10**account.minor_digits)
    given = row.get("playbook") or "-"
    return str(row["as_of"]), percent(row["churn_probability"]), str(row["risk_band"]), stake, given


def _reason(row: dict[str, Any], place: str) -> Iterator[tuple[str, ...]]:
    if text := row.get(f"{place}_text"):
        yield text, row.get(f"{place}_kind") or "-", row.get(f"{place}_team") or "-"
