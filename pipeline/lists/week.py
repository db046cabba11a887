"""What a week is made of."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

import polars as pl

from pipeline.drift import Profile
from pipeline.i18n import ENGLISH, MessageCatalog, Sentence, in_sequence
from pipeline.reasons.interviews import Guide


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
    verdict, figures
        How good the model is, in plain words; the figures behind that, empty where there are none.
    eligible, scored, listed
        Numbers of customers; ``scored`` is the height of ``actions``, ``listed`` that of the list.
    expected_low, expected_high
        From how many to how many of those listed will churn if nothing is done, 19 times of 20.
    topics
        What the company calls the topics of tickets that are families of reasons, by their `slug`.
    expectation
        How well everybody scored will be ranked, and how many will churn; then what came of an earlier list.
    """

    company: str
    as_of: date
    currency: str
    minor_digits: int
    churn_definition: Sentence
    notice: str
    verdict: Sentence
    figures: Sentence
    eligible: int
    scored: int
    listed: int
    expected_low: int
    expected_high: int
    topics: Mapping[str, str] = field(default_factory=dict)
    expectation: Sentence = ""

    def as_report(self) -> dict[str, Any]:
        """The same for programs, its sentences in English and the figures behind the verdict."""
        sentences = {"churn_definition": self.churn_definition, "verdict": in_sequence(self.verdict, self.figures)}
        # The figures stand with the verdict, the expectation under `expected`; topics are words of the company.
        own = {"figures", "topics", "expectation"}
        whole = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in own}
        return whole | {name: str(sentence) for name, sentence in sentences.items()}


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
        What came and went since the last list, then what was done; empty where this is the first one.
    former
        Customers who are no longer scored and for whom there is something to do, in the columns of
        `pipeline.lists.former_customers.FORMER`; None is nobody.
    former_actions
        What was decided for them, and for those a sending system is handed, in the columns of `actions`.
    explored
        What rules look at of those for whom a lot decided, with the columns `policy_choice.CHOICE`; None or empty
        writes no file.
    contributions
        Of those listed, or of everyone scored: ``customer_id``, ``base_log_odds``, ``log_odds``, and for each feature
        what it adds on the way from one to the other; None writes no file.
    order_days
        Of each listed customer, days with an order: ``customer_id`` and each month (``2017-12``); None shows none.
    figures
        Of each listed customer, what `pipeline.lists.comparison.compare` says; None shows none.
    warnings
        What is wrong with the data behind the list, each in a sentence; whoever opens it reads that first.
    matured
        What became of those on earlier lists whose outcome windows are over, in the columns of
        `pipeline.outcomes.maturity.SCHEMA`; None or empty writes no file.
    profile, sample
        What the week saw of the company's data, by which the next one is judged; None writes no file.
    guides
        What to ask in a talk, in each language in which there may be one; none writes no file.
    language
        Of the page and the workbook.
    others
        Languages that some of the owners read instead: a page and a workbook more for each.
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
    since_last: tuple[Sentence, ...] = ()
    former: pl.DataFrame | None = None
    former_actions: pl.DataFrame | None = None
    explored: pl.DataFrame | None = None
    contributions: pl.DataFrame | None = None
    order_days: pl.DataFrame | None = None
    figures: pl.DataFrame | None = None
    warnings: tuple[Sentence, ...] = ()
    matured: pl.DataFrame | None = None
    profile: Profile | None = None
    sample: pl.DataFrame | None = None
    guides: tuple[Guide, ...] = ()
    language: MessageCatalog = ENGLISH
    others: tuple[MessageCatalog, ...] = ()

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
