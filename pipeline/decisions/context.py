"""What every guard and every rule of contact is told besides the playbook: the day, and the settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from pipeline.config.params import Contact, Guards, Score
from pipeline.i18n import IN_ENGLISH, Part, Translator, translate_parts
from pipeline.playbooks.config.playbook import Playbook

NOTHING = "nothing, because {reason}"


@dataclass(frozen=True)
class DecisionContext:
    """The day of the list, the settings rules are read from, and who reads what they say in which language."""

    as_of: date
    guards: Guards
    contact: Contact
    score: Score
    translator: Translator = IN_ENGLISH
    retired: Mapping[str, date] = field(default_factory=dict)
    """Playbooks that are withheld because of a readout, and the day until which that one knew what came."""


Rule = Callable[[str, Playbook, DecisionContext], pl.Expr | None]
"""A guard or a rule of contact: name of a playbook, the playbook, the day and settings -> why it is held.

Over the scores with the facts of `facts.FACTS`, it says for each customer why the playbook is held back, as the
sentence ``nothing, because ...``; null where it is not. None holds back nobody."""


def because(context: DecisionContext, test: pl.Expr, reason: str, **parts: Part) -> pl.Expr:
    """The sentence where a test holds; null where it does not, or where nobody knows.

    Parameters
    ----------
    context
        Who reads which language.
    test
        Where it is told.
    reason
        The template in English, written out where it is said; what it becomes follows "nothing, because".
    parts
        What stands in it.

    Examples
    --------
    >>> from pipeline.config import params
    >>> settings = params.load()
    >>> context = DecisionContext(date(2024, 1, 1), settings.guards, settings.contact, settings.score)
    >>> table = pl.DataFrame({"x": [True, False, None]})
    >>> table.select(because(context, pl.col("x"), "it {falls}", falls="rains")).to_series().to_list()
    ['nothing, because it rains', None, None]
    """
    sentence = nothing_because(context.translator, reason, **parts)
    return pl.when(test.fill_null(value=False)).then(sentence).otherwise(pl.lit(None, dtype=pl.String))


def nothing_because(translator: Translator, reason: str, **parts: Part) -> pl.Expr:
    """Why there is nothing for a customer, in the language of who reads it; see `because`."""
    return translator.each(
        lambda catalog: catalog.translate(NOTHING, reason=catalog.translate(reason, **translate_parts(catalog, parts)))
    )


def speaks_for(places: tuple[int, ...], causes: list[str]) -> pl.Expr:
    """Whether a told reason at one of the places speaks for one of the causes.

    >>> table = pl.DataFrame({"reason_1_causes": ["C54;C16", None]})
    >>> table.select(speaks_for((1,), ["C16"])).to_series().to_list()
    [True, False]
    """
    if not causes:
        return pl.lit(value=False)
    # All ids are of one length, so none can be a part of another.
    tests = [pl.col(f"reason_{place}_causes").cast(pl.String).str.contains_any(causes) for place in places]
    return pl.any_horizontal([test.fill_null(value=False) for test in tests])
