"""What may be concluded of several playbooks at once."""

from typing import Final

from pipeline.readout.estimates import CONFIDENCE

WORKS, NO_EVIDENCE, UNKNOWN, REFUSED = "works", "no evidence", "not yet known", "not compared"
WORTHLESS, HARMFUL = "worthless: retire it", "harmful"
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


def verdict(effect: float | None, p_value: float, p_pays: float = 1.0, *, enough: bool = False) -> str:
    """What may be concluded of one playbook, the gravest first.

    Parameters
    ----------
    effect
        On the share (0-1) who stay; None where it cannot be estimated.
    p_value
        Of the effect being none, raised by `holm`.
    p_pays
        Of what it keeps covering its cost, raised by `holm`; 1 where it seems to cover it, or nobody knows the cost.
    enough
        Whether there are as many customers as the declared effect takes to be seen four times of five.

    Examples
    --------
    Whatever keeps customers at a higher price than they are worth is to be retired; what drives them away comes first.

    >>> verdict(0.1, 0.03), verdict(0.1, 0.03, 0.04), verdict(-0.1, 0.03, 0.04)
    ('works', 'worthless: retire it', 'harmful')
    >>> verdict(0.1, 0.06), verdict(0.1, 0.06, enough=True), verdict(None, 1.0, enough=True)
    ('not yet known', 'no evidence', 'not yet known')
    """
    if effect is None:
        return UNKNOWN
    if p_value < LEVEL and effect < 0:
        return HARMFUL
    if p_pays < LEVEL:
        return WORTHLESS
    if p_value < LEVEL:
        return WORKS
    return NO_EVIDENCE if enough else UNKNOWN
