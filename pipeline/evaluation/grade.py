"""One grade that anyone can act on, and the rule behind it."""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from pipeline.evaluation import metrics
from pipeline.evaluation.baselines import SIMPLE_RULE
from pipeline.evaluation.bootstrap import Interval, Resampled
from pipeline.messages import Figure, Message, say

RULES = {
    "A": "certainly better than the best simple rule, on the untouched snapshot and on average over earlier ones; no "
    "other baseline is certainly better than it; its probabilities are as right as chance allows",
    "B": "certainly better than the best simple rule on the untouched snapshot, but not all of grade A holds",
    "C": "better than the best simple rule, but chance alone could explain it, or a simple model ranks as well",
    "F": "not worth acting on: no better than the best simple rule, or than drawing lots, or so little better that no "
    "list should be made with it",
}
"""What each grade means; certainly: the 95 % interval, drawn by customer, lies wholly on one side of zero."""
PRIOR_MEANS: Final = (
    "the packaged prior, better than the best simple rule on the last snapshot whose outcomes are known; what the "
    "company's own past has not taught gets no better grade"
)
"""The same of grade C where the ranking is the packaged prior."""
CHANCE: Final = 0.5
"""AUC of drawing lots."""
MIN_AUC: Final = 0.6
"""A ranking whose AUC is certainly below this is not worth acting on: it orders less than 3 of 5 pairs rightly."""
STANDARD_ERRORS: Final = 3.0
"""By so many the AUC must lie above chance, on the untouched snapshot or on average over earlier ones. An interval of
95 % lies above it at one of forty snapshots of companies without any signal, three standard errors do at one of 740.
"""
BEST_RULE: Final = "the best simple rule"
CHEAP_MODELS: Final = ("rfm_logistic", "bg_nbd", "renewal_rule", "ticket_rule", "contract_hazard")
"""What stands in for the best simple rule where that one ranks no better than chance."""


@dataclass(frozen=True)
class Grade:
    """A grade with what led to it.

    Attributes
    ----------
    letter
        A, B, C or F; see `RULES`.
    because
        What keeps it from the grade above, in words; empty for an A.
    is_prior
        Whether it is that of the packaged prior.
    rival
        A simple model in place of a worthless rule: `level` with it, or certainly `ahead`; empty where behind.
    """

    letter: str
    because: list[str]
    is_prior: bool = False
    rival: Literal["", "level", "ahead"] = ""

    @property
    def means(self) -> str:
        """What the grade means."""
        return PRIOR_MEANS if self.is_prior and self.ships else RULES[self.letter]

    @property
    def ships(self) -> bool:
        """Whether a list may be made with this model."""
        return self.letter != "F"

    @property
    def advice(self) -> str:
        """The two words that people act on."""
        return "ship" if self.ships else "do not ship"


@dataclass(frozen=True)
class Evidence:
    """What a model is graded by, beside its ranking on the untouched snapshot.

    Attributes
    ----------
    earlier
        All scorers on average over the rolling origins; None where history allows none.
    calibrated
        Whether the calibration error is one that perfect probabilities could show.
    contacted
        Length (0-1) of the list whose capture counts, one of those that were drawn; None leaves capture out.
    profit
        What choosing customers by their own probabilities earns more than choosing as if all had the same one; see
        `pipeline.evaluation.profit.gain_by_ranking`. None leaves it out.
    is_prior
        Whether the ranking is the packaged prior, which the company's own past has not taught.
    """

    earlier: Resampled | None
    calibrated: bool
    contacted: float | None = None
    profit: Interval | None = None
    is_prior: bool = False


def grade(test: Resampled, evidence: Evidence) -> Grade:
    """Grade a model by whether its rank is worth acting on, by its lead over the simple rule, then by everything else.

    Parameters
    ----------
    test
        All scorers on the untouched snapshot.
    evidence
        Everything else there is to go by.
    """
    earlier = evidence.earlier
    spans = {"on the untouched snapshot": test} | ({"on average over earlier snapshots": earlier} if earlier else {})
    failures = [failure for where, span in spans.items() for failure in _failures(span, where, evidence.contacted)]
    failures += _near_chance(spans) + _losses(evidence.profit)
    if failures:
        return Grade("F", failures, is_prior=evidence.is_prior)
    uncertain = _uncertain(test, evidence.contacted)
    if evidence.is_prior:
        # A lead on one snapshot, over rules that have seen it, is no proof that the next one will be like it.
        why = "its ranking was learnt on simulated companies, not from this one's past"
        return Grade("C", [why, *uncertain], is_prior=True)
    if uncertain:
        return Grade("C", uncertain, rival=_rival(test))
    doubts = _doubts(test, evidence)
    return Grade("B" if doubts else "A", doubts)


def _failures(resampled: Resampled, where: str, contacted: float | None) -> list[str]:
    auc, lead = resampled.interval("model", "auc"), resampled.difference("model", SIMPLE_RULE, "auc")
    failures = []
    if auc.low <= CHANCE:
        failures.append(f"it ranks no better than drawing lots {where}: AUC {spread(auc)}")
    elif auc.high < MIN_AUC:
        failures.append(f"its ranking is too weak to act on, {where}: AUC {spread(auc)}, certainly below {MIN_AUC:g}")
    if lead.value <= 0:
        failures.append(f"the best simple rule ranks no worse {where}: {signed(lead)} AUC")
    captured = _captured(resampled, contacted)
    if contacted is not None and captured is not None and captured.value <= contacted:
        length = metrics.percent(contacted)
        failures.append(
            f"the riskiest {length} % hold no more churners than any {length} % {where}: {spread(captured)}"
        )
    return failures


def _near_chance(spans: dict[str, Resampled]) -> list[str]:
    """Whether the AUC lies within `STANDARD_ERRORS` of chance everywhere, though each of its intervals is above it."""
    near = []
    for where, resampled in spans.items():
        auc, drawn = resampled.interval("model", "auc"), resampled.drawn["model"][:, resampled.names.index("auc")]
        error = float(np.nanstd(drawn))
        if auc.low <= CHANCE or auc.value - STANDARD_ERRORS * error > CHANCE:
            return []
        near.append(f"{auc.value:.3f} {where}, standard error {error:.3f}")
    return [f"chance could explain all of its ranking: AUC {'; '.join(near)}"]


def _losses(profit: Interval | None) -> list[str]:
    if profit is None or not profit.high < 0:
        return []
    return [f"its probabilities certainly earn less than taking all customers for alike: {_money(profit)}"]


def _uncertain(test: Resampled, contacted: float | None) -> list[str]:
    """What chance could explain."""
    lead, over = _lead(test)
    captured, uncertain = _captured(test, contacted), []
    if lead.high < 0:
        uncertain.append(_behind(over, lead))
    elif lead.low <= 0:
        uncertain.append(f"its lead over {over} may be chance: {signed(lead)} AUC")
    if contacted is not None and captured is not None and captured.low <= contacted:
        length = metrics.percent(contacted)
        uncertain.append(f"that the riskiest {length} % hold more churners than any {length} % may be chance")
    return uncertain


def _doubts(test: Resampled, evidence: Evidence) -> list[str]:
    doubts = []
    if evidence.earlier is None:
        doubts.append("history is too short to repeat the check at earlier snapshots")
    elif _lead(evidence.earlier)[0].low <= 0:
        doubts.append(f"over earlier snapshots its lead may be chance: {signed(_lead(evidence.earlier)[0])} AUC")
    for other in test.seen:
        behind = test.difference("model", other, "auc")
        if behind.high < 0:
            doubts.append(_behind(other, behind))
    if not evidence.calibrated:
        doubts.append("its probabilities are further off than chance explains")
    return doubts


def _behind(other: str, difference: Interval) -> str:
    return f"{other} ranks certainly better: {signed(difference)} AUC"


def _rival(test: Resampled) -> Literal["", "level", "ahead"]:
    lead, over = _lead(test)
    if over == BEST_RULE or lead.low > 0:
        return ""
    return "ahead" if lead.high < 0 else "level"


def _lead(resampled: Resampled) -> tuple[Interval, str]:
    """How far the model is ahead of the best simple rule, or of what stands in for it: to beat chance is no merit."""
    leads = [(resampled.difference("model", SIMPLE_RULE, "auc"), BEST_RULE)]
    if resampled.interval(SIMPLE_RULE, "auc").low <= CHANCE:
        leads += [
            (resampled.difference("model", name, "auc"), name)
            for name in CHEAP_MODELS
            if name in resampled.seen and resampled.interval(name, "auc").low > CHANCE
        ]
    return min(leads, key=lambda lead: lead[0].low)


def _captured(resampled: Resampled, contacted: float | None) -> Interval | None:
    if contacted is None:
        return None
    captured = resampled.interval("model", f"capture_at_{metrics.percent(contacted)}_percent")
    return None if math.isnan(captured.value) else captured


def spread(interval: Interval) -> Message:
    """A figure with its interval, as people read it.

    >>> print(spread(Interval(0.8649, 0.8461, 0.8837)))
    0.865 (0.846 to 0.884)
    """
    return _with_interval(interval, "{:.3f}")


def signed(interval: Interval) -> Message:
    """A difference with its interval, as people read it.

    >>> print(signed(Interval(0.0751, 0.05, 0.1)))
    +0.075 (+0.050 to +0.100)
    """
    return _with_interval(interval, "{:+.3f}")


def _money(interval: Interval) -> Message:
    return _with_interval(interval, "{:+,.2f}")


def _with_interval(interval: Interval, digits: str) -> Message:
    value, low, high = (Figure(digits.format(each)) for each in (interval.value, interval.low, interval.high))
    return say("{value} ({low} to {high})", value=value, low=low, high=high)
