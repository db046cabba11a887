"""What a week is made of, the columns of the risk list, and a sentence on each of them."""

import math
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from pipeline.drift import Profile
from pipeline.reasons.interviews import Guide

RISK_LIST: Final[dict[str, pl.DataType]] = {
    "rank": pl.Int64(),
    "customer_id": pl.String(),
    "name": pl.String(),
    "owner": pl.String(),
    "tier": pl.String(),
    "lifecycle": pl.String(),
    "churn_probability": pl.Float64(),
    "risk_band": pl.String(),
    "value": pl.Float64(),
    "value_at_stake": pl.Float64(),
    "reason_1": pl.String(),
    "reason_2": pl.String(),
    "reason_3": pl.String(),
    "reason_1_act": pl.String(),
    "reason_1_team": pl.String(),
    "protects": pl.String(),
    "work": pl.String(),
    "playbook": pl.String(),
    "action": pl.String(),
    "channel": pl.String(),
    "who": pl.String(),
    "due_day": pl.Date(),
    "status": pl.String(),
    "since_week": pl.Date(),
    "previous_probability": pl.Float64(),
    "change": pl.String(),
    "caution": pl.String(),
    "draft": pl.String(),
    "last_order_day": pl.Date(),
    "last_contact_day": pl.Date(),
    "outcome": pl.String(),
    "done_day": pl.String(),
    "answer": pl.String(),
    "wrong_reason": pl.String(),
    "snooze_until_day": pl.String(),
    "note": pl.String(),
    "as_of": pl.Date(),
}
"""The columns of the risk list, in order. People script against them."""

FILLED_IN: Final = ("outcome", "done_day", "answer", "wrong_reason", "snooze_until_day", "note")
"""The columns that teams fill in; the list holds an empty text in each."""

NEVER_NULL: Final = frozenset(
    {
        *("rank", "customer_id", "tier", "lifecycle", "churn_probability", "risk_band", "value", "value_at_stake"),
        *("work", "action", "status", "since_week", "last_order_day", "as_of"),
        *FILLED_IN,
    }
)
"""The columns of the risk list that hold something in every row; those to fill in hold an empty text."""

_DECIDED: Final = (
    *("customer_id", "churn_probability", "risk_band", "value_at_stake"),
    *("work", "playbook", "action", "channel", "who", "due_day"),
)
ACTIONS: Final[dict[str, pl.DataType]] = {name: RISK_LIST[name] for name in _DECIDED} | {"why_not": pl.String()}
"""The columns that ``actions`` must have, in any order; it may carry more."""

FAMILY_PREFIX: Final = "family_"
"""A column of ``waterfalls`` that starts so holds the log-odds one family of features adds."""

WORK: Final = ("duty", "task", "watch")
"""What a row of the list asks of its reader."""

STATUSES: Final = ("new", "still_open", "snoozed", "recovered", "dropped")
"""What a customer on the list can be since last week."""

OUTCOMES: Final = ("done", "not_done", "wrong_reason")
"""What a team may write into ``outcome``."""

ANSWERS: Final = ("accepted", "declined", "unreachable", "complaint")
"""What a team may write into ``answer``: how the customer took it."""

REASONS: Final = ("1", "2", "3")
"""What a team may write into ``wrong_reason``: which of the reasons is wrong."""

COLUMN_WORDS: Final[dict[str, str]] = {
    "rank": "Place on the list: duties due this week, then tasks by what they keep, other duties, those to watch.",
    "customer_id": "The customer in your own systems.",
    "name": "What the customer is called, where that is known.",
    "owner": "Who looks after this customer.",
    "tier": "How settled the customer is: new, one-time, regular or loyal.",
    "lifecycle": "How long the customer has been with us: short (bought once), medium (bought again) or long (loyal).",
    "churn_probability": "How likely the customer is to stop buying: of 100 customers at 30 %, about 30 stop.",
    "risk_band": "The churn probability in a word.",
    "value": "Profit we expect from the customer in the outcome window, if he or she stays.",
    "value_at_stake": "What we stand to lose: the customer's expected value times the churn probability.",
    "reason_1": "Why this customer may leave: what speaks for a cause by itself, else what raises the risk most.",
    "reason_2": "The second reason, told in the same order.",
    "reason_3": "The third reason, told in the same order.",
    "reason_1_act": "Whether we can do something about the first reason: yes, partly or no; empty: not known.",
    "reason_1_team": "Which of our teams can do something about the first reason.",
    "protects": "What most speaks for the customer staying.",
    "work": "What this row asks of you: a duty is owed to the customer, a task is worth doing, watch asks for nothing.",
    "playbook": "The playbook the action comes from.",
    "action": "What to do this week; where nobody has to act, why the customer is worth an eye.",
    "channel": "How to reach the customer.",
    "who": "Who should do it.",
    "due_day": "The day to do it by.",
    "status": "Where this stands since last week: new, still_open, snoozed, recovered or dropped.",
    "since_week": "The week this customer came onto the list.",
    "previous_probability": "How likely it was on the last list; empty means: not scored then.",
    "change": "What has changed since the last list.",
    "caution": "What to mind before acting.",
    "draft": "What you may send or say to the customer: change it as you like; nothing is sent by itself.",
    "last_order_day": "The day of the last order.",
    "last_contact_day": "The day we last got in touch; empty means we know of none.",
    "outcome": "For you to fill in: done, not_done or wrong_reason.",
    "done_day": "For you to fill in: the day it was done, such as 2024-03-05; it may stay empty.",
    "answer": "For you to fill in: what the customer said: accepted, declined, unreachable or complaint.",
    "wrong_reason": "For you to fill in: 1, 2 or 3, if that reason is not true of this customer.",
    "snooze_until_day": "For you to fill in: the day until which this customer is to be left alone.",
    "note": "For you to fill in: anything the next reader should know.",
    "as_of": "The day the list was made for. Leave it as it is: it tells which list the row belongs to.",
}
"""A sentence on each column, for everyone who reads the list: cell notes, tooltips and glossaries use this one."""


@dataclass(frozen=True)
class About:
    """What every reader of a week must know.

    Parameters
    ----------
    company
        ``data.name`` of the parameters.
    as_of
        The day customers were scored for; it names the week folder.
    currency, minor_digits
        ISO 4217 code of all money, and its digits after the point (0–4): 2 for USD, 0 for JPY.
    churn_definition
        A full sentence on what counts as churned.
    notice
        The data provider's caveat; empty if there is none.
    verdict
        One line on how good the model is.
    eligible, scored, listed
        Numbers of customers; ``scored`` is the height of ``actions``, ``listed`` that of the list.
    expected_low, expected_high
        From how many to how many of those listed will churn if nothing is done, 19 times of 20.
    """

    company: str
    as_of: date
    currency: str
    minor_digits: int
    churn_definition: str
    notice: str
    verdict: str
    eligible: int
    scored: int
    listed: int
    expected_low: int
    expected_high: int


@dataclass(frozen=True)
class Week:
    """Everything that goes into one week folder.

    Parameters
    ----------
    about
        What every reader must know.
    risk_list
        `RISK_LIST`, sorted by ``rank`` (1, 2, ...) and cut to the longest list wanted.
    actions
        Everyone scored: `ACTIONS` and any further columns. ``why_not`` says why there is no action, else it is null.
    waterfalls
        One row per listed customer, in any order: ``customer_id``, ``base_log_odds`` and ``log_odds`` (log-odds of a
        typical customer and of this one) and float columns ``family_<name>`` that add up from one to the other.
    run_report
        How the week was made; JSON, no wall-clock time. Its key ``about`` is filled from `about`.
    fingerprints
        What the week was made from, such as ``{"model": ..., "data": ..., "params": ...}``.
    promises
        What this list promises to customers for the first time, in the shape of the table commitments; None or empty
        writes no file.
    audiences
        Whom sending systems are handed, by playbook, in the columns of `pipeline.lists.audiences`; None is nobody.
    left
        Who left the list since the last one, in the columns of `pipeline.decisions.follow_up.LEFT`; None is nobody.
    since_last
        What came, went and was done since the last list, in words; empty where this is the first one.
    former
        Customers who are no longer scored and for whom there is something to do, in the columns of
        `pipeline.lists.former_customers.FORMER`; None is nobody.
    former_actions
        What was decided for them, and for those a sending system is handed, in the columns of `actions`.
    order_days
        Of each listed customer, on how many days of each month he or she bought: ``customer_id`` and a column for each
        month, such as ``2017-12``; None shows none.
    figures
        Of each listed customer, what `pipeline.lists.comparison.compare` says; None shows none.
    warnings
        What is wrong with the data behind the list, each in a sentence; whoever opens it reads that first.
    profile, sample
        What the week saw of the company's data, by which the next one is judged; None writes no file.
    guides
        What to ask in a talk, in each language in which there may be one; none writes no file.
    """

    about: About
    risk_list: pl.DataFrame
    actions: pl.DataFrame
    waterfalls: pl.DataFrame
    run_report: dict[str, Any]
    fingerprints: dict[str, str]
    promises: pl.DataFrame | None = None
    audiences: pl.DataFrame | None = None
    left: pl.DataFrame | None = None
    since_last: str = ""
    former: pl.DataFrame | None = None
    former_actions: pl.DataFrame | None = None
    order_days: pl.DataFrame | None = None
    figures: pl.DataFrame | None = None
    warnings: tuple[str, ...] = ()
    profile: Profile | None = None
    sample: pl.DataFrame | None = None
    guides: tuple[Guide, ...] = ()

    @property
    def all_actions(self) -> pl.DataFrame:
        """The decisions on everyone: on those scored, and on former customers."""
        former = [] if self.former_actions is None else [self.former_actions]
        return pl.concat([self.actions, *former], how="diagonal_relaxed")

    @property
    def expected_churners(self) -> float:
        """Of everyone listed, if nothing is done; added exactly, so it cannot depend on the order of adding."""
        return math.fsum(self.risk_list["churn_probability"])


def band_levels(actions: pl.DataFrame) -> dict[str, str]:
    """Which risk band is the ``top`` one, the ``bottom`` one or in the ``middle``; bands have names of their own.

    Examples
    --------
    >>> band_levels(pl.DataFrame({"risk_band": ["low", "high", "so-so"], "churn_probability": [0.1, 0.8, 0.4]}))
    {'low': 'bottom', 'so-so': 'middle', 'high': 'top'}
    """
    rising = actions.group_by("risk_band").agg(pl.col("churn_probability").max()).sort("churn_probability", "risk_band")
    bands: list[str] = rising["risk_band"].to_list()
    return dict.fromkeys(bands, "middle") | dict.fromkeys(bands[:1], "bottom") | dict.fromkeys(bands[-1:], "top")
