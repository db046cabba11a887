"""One grade that anyone can act on, and the rule behind it."""

from dataclasses import dataclass

from pipeline.evaluation.baselines import SIMPLE_RULE
from pipeline.evaluation.bootstrap import Interval, Resampled
from pipeline.messages import Figure, Message, say

RULES = {
    "A": "certainly better than the best simple rule, on the untouched snapshot and on average over earlier ones; no "
    "other baseline is certainly better than it; its probabilities are as right as chance allows",
    "B": "certainly better than the best simple rule on the untouched snapshot, but not all of grade A holds",
    "C": "better than the best simple rule, but chance alone could explain it",
    "F": "no better than the best simple rule, or no better than drawing lots",
}
"""What each grade means; certainly: the 95 % interval, drawn by customer, lies wholly on one side of zero."""


@dataclass(frozen=True)
class Grade:
    """A grade with what led to it.

    Attributes
    ----------
    letter
        A, B, C or F; see `RULES`.
    because
        What keeps it from the grade above, in words; empty for an A.
    """

    letter: str
    because: list[str]

    @property
    def ships(self) -> bool:
        """Whether a list may be made with this model."""
        return self.letter != "F"

    @property
    def advice(self) -> str:
        """The two words that people act on."""
        return "ship" if self.ships else "do not ship"


def grade(test: Resampled, earlier: Resampled | None, *, calibrated: bool) -> Grade:
    """Grade a model by its rank against the simple rule, then by everything else.

    Parameters
    ----------
    test
        All scorers on the untouched snapshot.
    earlier
        The same on average over the rolling origins; None where history allows none.
    calibrated
        Whether the calibration error is one that perfect probabilities could show.
    """
    spans = {"on the untouched snapshot": test} | ({"on average over earlier snapshots": earlier} if earlier else {})
    failures = [failure for where, span in spans.items() for failure in _failures(span, where)]
    if failures:
        return Grade("F", failures)
    gain = _gain(test)
    if gain.low <= 0:
        return Grade("C", [f"its lead over the best simple rule may be chance: {signed(gain)} AUC"])
    doubts = _doubts(test, earlier, calibrated=calibrated)
    return Grade("B" if doubts else "A", doubts)


def _failures(resampled: Resampled, where: str) -> list[str]:
    auc, gain = resampled.interval("model", "auc"), _gain(resampled)
    failures = []
    if auc.low <= 0.5:
        failures.append(f"it ranks no better than drawing lots {where}: AUC {spread(auc)}")
    if gain.value <= 0:
        failures.append(f"the best simple rule ranks no worse {where}: {signed(gain)} AUC")
    return failures


def _doubts(test: Resampled, earlier: Resampled | None, *, calibrated: bool) -> list[str]:
    doubts = []
    if earlier is None:
        doubts.append("history is too short to repeat the check at earlier snapshots")
    elif _gain(earlier).low <= 0:
        doubts.append(f"over earlier snapshots its lead may be chance: {signed(_gain(earlier))} AUC")
    for other in test.seen:
        behind = test.difference("model", other, "auc")
        if behind.high < 0:
            doubts.append(f"{other} ranks certainly better: {signed(behind)} AUC")
    if not calibrated:
        doubts.append("its probabilities are further off than chance explains")
    return doubts


def _gain(resampled: Resampled) -> Interval:
    return resampled.difference("model", SIMPLE_RULE, "auc")


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


def _with_interval(interval: Interval, digits: str) -> Message:
    value, low, high = (Figure(digits.format(each)) for each in (interval.value, interval.low, interval.high))
    return say("{value} ({low} to {high})", value=value, low=low, high=high)
