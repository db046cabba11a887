"""How an action was chosen, kept beside it: for which segment, with what objective, why this one, and what instead."""

from typing import Final

import polars as pl

from pipeline.playbooks.catalogue import tactics
from pipeline.playbooks.declared import Playbook
from pipeline.playbooks.expression import Compare, Expression, Flag, HasAny, IsOneOf, Leaf, asked
from pipeline.playbooks.rules import CAUSES, REASONS, SETS, condition, truth
from pipeline.playbooks.vocabulary import ATTRIBUTES
from pipeline.reasons.causes import CAUSES as CAUSE_WORDS

RECORD: Final = ("segment", "objective", "why_this", "second_choice")
# Names that say of which kind a customer is, and not what happened to them.
KINDS_OF_CUSTOMER: Final = {
    *("churn_probability", "risk_percentile", "risk_band", "tier", "stage", "value_tier", "value", "value_at_stake"),
    *("loss_making", "strategic", "reasons", "first_reason", "causes", "first_causes"),
    *(attribute.name for attribute in ATTRIBUTES),
}


def second_choice(open_to: list[pl.Series], chosen: pl.Series, playbooks: dict[str, Playbook]) -> pl.Series:
    """The next playbook behind the chosen one that was open to the customer; null where none was, or none is chosen.

    Parameters
    ----------
    open_to
        For each playbook in order of preference, for whom it is but for its room.
    chosen
        The number of the playbook each customer was given; null for none.
    playbooks
        In order of preference.

    Examples
    --------
    >>> everybody, books = pl.Series([True, True, True]), {"call": None, "mail": None}
    >>> second_choice([everybody, everybody], pl.Series([0, 1, None]), books).to_list()
    ['mail', None, None]
    """
    behind = [
        pl.when(fits & (chosen < number).fill_null(value=False)).then(pl.lit(name))
        for number, (name, fits) in enumerate(zip(playbooks, open_to, strict=True))
    ]
    return chosen.to_frame().select(pl.coalesce(behind).alias("second_choice"))["second_choice"]


def with_record(decided: pl.DataFrame, playbooks: dict[str, Playbook]) -> pl.DataFrame:
    """Add ``segment`` for everyone, and ``objective`` and ``why_this`` for who is given something.

    Parameters
    ----------
    decided
        Of `pipeline.playbooks.assign`, with the columns the rules look at, ``stage``, ``value_tier`` and ``market``.
    playbooks
        What was given comes from these.
    """
    objectives = {name: tactics()[book.tactic].objective for name, book in playbooks.items()}
    row = pl.int_range(pl.len()).alias("row")
    numbered = decided.with_columns(
        _segment(), pl.col("playbook").replace_strict(objectives, default=None).alias("objective"), row
    )
    parts = [
        part.with_columns(why_this(playbooks[name]) if name in playbooks else pl.lit(None, pl.String).alias("why_this"))
        for (name,), part in numbered.partition_by("playbook", as_dict=True, maintain_order=True).items()
    ]
    return pl.concat(parts).sort("row").drop("row") if parts else numbered.drop("row").with_columns(why_this=None)


def _segment() -> pl.Expr:
    """Stage, tier, value tier and market as one text; what is not known is left out."""
    parts = {"stage": "stage", "tier": "tier", "value_tier": "value", "market": "market"}
    said = [pl.concat_str(pl.lit(f"{words} "), pl.col(name).cast(pl.String)) for name, words in parts.items()]
    return pl.concat_str(said, separator=", ", ignore_nulls=True).alias("segment")


def why_this(playbook: Playbook) -> pl.Expr:
    """Why a playbook is for a customer it was given to, in a sentence.

    It tells the parts of the rule that hold for the customer and name a cause, a reason or something that happened or
    is due; where the rule names none, the first reason told; where none was told, of which kind the customer is.

    Parameters
    ----------
    playbook
        What was given.

    Examples
    --------
    >>> book = Playbook(tactic="bonus-expiry-reminder", when="days_to_points_expiry <= 14 and risk_band = low",
    ...                 action="Remind", channel="e-mail", who="marketing", due_in_days=2, cost=0)
    >>> table = pl.DataFrame({"days_to_points_expiry": [9.0], "risk_band": ["low"], "tier": ["loyal"],
    ...                       "reason_1_text": [None]})
    >>> table.select(why_this(book)).item()
    'because days to points expiry is 9'
    """
    told = dict.fromkeys(asked(playbook.when.expression))
    parts = [_where(within, text) for leaf, within in told for text in _part(leaf)]
    kind = pl.format("this is a {} customer of {} risk", "tier", "risk_band")
    said = pl.concat_str(parts, separator="; ", ignore_nulls=True) if parts else pl.lit("")
    named = pl.when(said != "").then(said)
    return pl.concat_str(pl.lit("because "), pl.coalesce(named, _of_reason(0), kind)).alias("why_this")


def _part(leaf: Leaf) -> list[pl.Expr]:
    """What a condition tells of a customer; null where it does not hold or is unknown."""
    if isinstance(leaf, HasAny) and leaf.name in {"causes", "first_causes"}:
        return [_of_causes(leaf, number) for number in range(len(SETS[leaf.name]))]
    if isinstance(leaf, HasAny | IsOneOf) and leaf.name in {"reasons", "first_reason"}:
        places = range(len(SETS.get(leaf.name, REASONS[:1])))
        of_family = [pl.col(REASONS[number]).cast(pl.String).is_in(list(leaf.words)) for number in places]
        return [pl.when(held).then(_of_reason(number)) for number, held in enumerate(of_family)]
    if leaf.name in KINDS_OF_CUSTOMER:
        return []
    words = leaf.name.replace("_", " ")
    if isinstance(leaf, Compare):
        return [pl.when(condition(leaf)).then(pl.concat_str(pl.lit(f"{words} is "), _number(pl.col(leaf.name))))]
    said = f"the customer {words}" if words.startswith("is ") else words
    return [pl.when(condition(leaf)).then(pl.lit(said))] if isinstance(leaf, Flag) else []


def _number(column: pl.Expr) -> pl.Expr:
    """Two digits at most, since nobody reads ten; a whole number without its point."""
    number = column.cast(pl.Float64).round(2)
    whole = pl.when(number == number.round()).then(number.round().cast(pl.Int64, strict=False).cast(pl.String))
    return pl.coalesce(whole, number.cast(pl.String))


def _of_reason(number: int) -> pl.Expr:
    return pl.concat_str(pl.lit('of "'), pl.col(f"reason_{number + 1}_text").cast(pl.String), pl.lit('"'))


def _of_causes(leaf: HasAny, number: int) -> pl.Expr:
    """The reason that speaks for the cause, and the cause in words: the first of the rule's."""
    has = pl.col(CAUSES[number]).cast(pl.String)
    cause = pl.coalesce(
        pl.when(has.str.contains(word, literal=True)).then(pl.lit(f" ({word}: {CAUSE_WORDS[word].words})"))
        for word in leaf.words
    )
    return pl.concat_str(_of_reason(number), cause)


def _where(within: tuple[Expression, ...], text: pl.Expr) -> pl.Expr:
    return pl.when(pl.all_horizontal(pl.lit(value=True), *map(truth, within))).then(text)
