"""What may be concluded of several playbooks at once."""

from typing import Final

from pipeline.readout.estimates import CONFIDENCE, Estimate

HELPS, HARMS, UNKNOWN, REFUSED = "helps", "harms", "not yet known", "not compared"
LEVEL: Final = round(1 - CONFIDENCE, 6)


def holm(p_values: list[float]) -> list[float]:
    """P-values of several comparisons, each raised so that one false claim in all of them is as rare as in one.

    Holm, S. (1979), "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6. A
    company acts on every verdict, so any false one counts, not the share of false ones.

    >>> holm([0.01, 0.04, 0.03]), holm([]), holm([0.6, 0.7])
    ([0.03, 0.06, 0.06], [], [1.0, 1.0])
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    raised, highest = [0.0] * len(p_values), 0.0
    for number, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - number) * p_values[place]))
        raised[place] = highest
    return raised


def verdict(estimate: Estimate | None, p_value: float) -> str:
    """``helps``, ``harms`` or ``not yet known``, by the p-value that `holm` gives.

    >>> one = Estimate(0.7, 0.6, 0.1, 0.02, 0.18, 0.01, 400, 40, 0.5)
    >>> verdict(one, 0.03), verdict(one, 0.06), verdict(None, 1.0)
    ('helps', 'not yet known', 'not yet known')
    """
    if estimate is None or p_value >= LEVEL:
        return UNKNOWN
    return HELPS if estimate.effect > 0 else HARMS
