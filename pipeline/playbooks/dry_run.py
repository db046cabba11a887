"""The playbooks tried on the scores there are: which are for nobody, which crowd each other, how much room there is."""

import itertools
from collections.abc import Iterator
from typing import Final

import polars as pl

from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.for_whom import is_for

# Two playbooks are for nearly the same customers from this share on: those of both, of those of one or the other.
CROWDED_SHARE: Final = 0.5
# And only if these are at least so many of all customers, as a share.
MIN_SHARE: Final = 0.01
MAX_PAIRS: Final = 5


def notes(scores: pl.DataFrame, playbooks: dict[str, Playbook], currency: str) -> Iterator[str]:
    """One line for each thing worth knowing before these playbooks are published.

    Parameters
    ----------
    scores
        Everyone scored, and who is no longer, with the columns the rules look at.
    playbooks
        In order of preference.
    currency
        ISO code the costs are in.

    Examples
    --------
    >>> book = Playbook(tactic="thank-you-email", when="risk_band = high", action="Write", channel="e-mail", who="us",
    ...                 due_in_days=1, cost=0.5, capacity=1)
    >>> scores = pl.DataFrame({"risk_band": ["high", "high", "low"], "value_at_stake": [3.0, 2.0, 1.0]})
    >>> list(notes(scores, {"mail": book}, "EUR"))
    ['playbooks.mail: is for 2 of 3 customers, and its capacity is 1 a week (0.50 EUR)']
    >>> list(notes(scores.filter(pl.col("risk_band") == "low"), {"mail": book}, "EUR"))
    ['playbooks.mail: is for nobody of the 1 customers']
    """
    wanted = scores.select(is_for(book, scores).alias(name) for name, book in playbooks.items())
    numbers = {name: int(wanted[name].sum()) for name in playbooks}
    for name, book in playbooks.items():
        if numbers[name] == 0:
            yield f"playbooks.{name}: is for nobody of the {len(scores):,} customers"
        elif book.capacity is not None and numbers[name] > book.capacity:
            yield (
                f"playbooks.{name}: is for {numbers[name]:,} of {len(scores):,} customers, and its capacity is "
                f"{book.capacity:,} a week ({book.capacity * book.cost:,.2f} {currency})"
            )
    yield from _crowded(wanted, numbers)


def _crowded(wanted: pl.DataFrame, numbers: dict[str, int]) -> Iterator[str]:
    """Pairs that are for nearly the same customers, the closest first."""
    pairs = list(itertools.combinations(numbers, 2))
    if not pairs:
        return
    both = wanted.select(
        (pl.col(one) & pl.col(other)).sum().alias(str(position)) for position, (one, other) in enumerate(pairs)
    ).row(0)  # fmt: skip
    overlaps = [
        (shared / (numbers[one] + numbers[other] - shared), shared, one, other)
        for (one, other), shared in zip(pairs, both, strict=True)
        if shared >= max(MIN_SHARE * len(wanted), 1)
    ]
    close = sorted((pair for pair in overlaps if pair[0] >= CROWDED_SHARE), key=lambda pair: (-pair[0], pair[2:]))
    for share, shared, one, other in close[:MAX_PAIRS]:
        yield (
            f"playbooks.{one} and playbooks.{other}: {shared:,} customers are meant by both, {share * 100:.0f} % of "
            "those of either; the one that keeps more gets them while there is room"
        )
