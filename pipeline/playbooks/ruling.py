"""What every guard and every rule of contact is told besides the playbook: the day, and the settings."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from pipeline.params import Contact, Guards, Score

if TYPE_CHECKING:
    from pipeline.playbooks.declared import Playbook

NOTHING = "nothing, because "


@dataclass(frozen=True)
class Ruling:
    """The day of the list, and the settings rules are read from."""

    as_of: date
    guards: Guards
    contact: Contact
    score: Score


Rule = Callable[[str, "Playbook", Ruling], pl.Expr | None]
"""A guard or a rule of contact: name of a playbook, the playbook, the day and settings -> why it is held.

Over the scores with the facts of `facts.FACTS`, it says for each customer why the playbook is held back, as the
sentence ``nothing, because ...``; null where it is not. None holds back nobody."""


def because(test: pl.Expr, reason: str) -> pl.Expr:
    """The sentence where a test holds; null where it does not, or where nobody knows.

    >>> pl.DataFrame({"x": [True, False, None]}).select(because(pl.col("x"), "it rains")).to_series().to_list()
    ['nothing, because it rains', None, None]
    """
    return pl.when(test.fill_null(value=False)).then(pl.lit(NOTHING + reason)).otherwise(pl.lit(None, dtype=pl.String))


def speaks_for(places: tuple[int, ...], causes: list[str]) -> pl.Expr:
    """Whether a told reason at one of the places speaks for one of the causes.

    >>> table = pl.DataFrame({"reason_1_causes": ["C54;C16", None]})
    >>> table.select(speaks_for((1,), ["C16"])).to_series().to_list()
    [True, False]
    """
    if not causes:
        return pl.lit(value=False)
    # All ids are of one length, so none can be a part of another.
    told = [pl.col(f"reason_{at}_causes").cast(pl.String).str.contains_any(causes) for at in places]
    return pl.any_horizontal([test.fill_null(value=False) for test in told])
