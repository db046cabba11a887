"""How an action was chosen, kept beside it: for which segment, with what objective, why this one, and what instead."""

from dataclasses import replace
from typing import Final, TypeAlias

import polars as pl

from pipeline.decisions.why_not import kind_of_customer
from pipeline.i18n import IN_ENGLISH, OWNER, MessageCatalog, Translator, translate_parts
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.config.tactics import tactics
from pipeline.playbooks.rules.expression import Compare, Expression, Flag, Leaf, asked
from pipeline.playbooks.rules.matching import (
    CAUSE_SETS,
    REASONS_AND_CAUSES,
    asks_for_reasons,
    at_place,
    columns,
    condition,
    places,
    truth,
)
from pipeline.playbooks.rules.vocabulary import ATTRIBUTES
from pipeline.reasons.causes import CAUSES as CAUSE_WORDS
from pipeline.reasons.columns import REASONS

# A condition a rule asks for, with the alternatives it stands in.
Asked: TypeAlias = tuple[Leaf, tuple[Expression, ...]]
RECORD: Final = ("segment", "objective", "why_this", "second_choice")
TEXTS: Final = tuple(f"reason_{place}_text" for place in (1, 2, 3))
# Names that say of which kind a customer is, and not what happened to them.
KINDS_OF_CUSTOMER: Final = {
    *(
        "churn_probability",
        "risk_percentile",
        "risk_band",
        "tier",
        "lifecycle",
        "value_tier",
        "value",
        "value_at_stake",
    ),
    *("loss_making", "strategic", *REASONS_AND_CAUSES),
    *(attribute.name for attribute in ATTRIBUTES),
}


def with_record(
    decided: pl.DataFrame, playbooks: dict[str, Playbook], translator: Translator = IN_ENGLISH
) -> pl.DataFrame:
    """Add ``segment`` for everyone, and ``objective`` and ``why_this`` for who is given something.

    Parameters
    ----------
    decided
        Of `pipeline.decisions.assignment`, with the columns the rules look at, ``lifecycle``, ``value_tier`` and
        ``market``.
    playbooks
        What was given comes from these.
    translator
        Who reads which language.
    """
    objectives = {name: tactics()[book.tactic].objective for name, book in playbooks.items()}
    objective = pl.col("playbook").replace_strict(objectives, default=None, return_dtype=pl.String).alias("objective")
    return decided.with_columns(_segment(), objective, _each_why(decided, playbooks, translator))


def _each_why(decided: pl.DataFrame, playbooks: dict[str, Playbook], translator: Translator) -> pl.Series:
    """``why_this`` of everyone: each playbook has sentences of its own, which only its customers need."""
    looked_at = {"playbook", "tier", "risk_band", OWNER, *TEXTS}.union(
        *(columns(book.when) for book in playbooks.values())
    )
    # Only what the sentences look at is copied; of a million customers, the rest is gigabytes.
    narrow = decided.select(name for name in decided.columns if name in looked_at).with_row_index("row")
    given = narrow.filter(pl.col("playbook").is_not_null()).partition_by("playbook", as_dict=True)
    sentences = [part.select("row", why_this(playbooks[str(name)], translator)) for (name,), part in given.items()]
    empty = pl.DataFrame(schema={"row": narrow.schema["row"], "why_this": pl.String})
    return narrow.select("row").join(pl.concat([empty, *sentences]), on="row", how="left", maintain_order="left")[
        "why_this"
    ]


def _segment() -> pl.Expr:
    """Stage, tier, value tier and market as one text; what is not known is left out."""
    parts = {"lifecycle": "stage", "tier": "tier", "value_tier": "value", "market": "market"}
    texts = [pl.concat_str(pl.lit(f"{words} "), pl.col(name).cast(pl.String)) for name, words in parts.items()]
    return pl.concat_str(texts, separator=", ", ignore_nulls=True).alias("segment")


def why_this(playbook: Playbook, translator: Translator = IN_ENGLISH) -> pl.Expr:
    """Why a playbook is for a customer it was given to, in a sentence.

    It tells the parts of the rule that hold for the customer and name a cause, a reason or something that happened or
    is due; where the rule names none, the first reason told; where none was told, of which kind the customer is.

    Parameters
    ----------
    playbook
        What was given.
    translator
        Who reads which language.

    Examples
    --------
    >>> book = Playbook(tactic="bonus-expiry-reminder", when="days_to_points_expiry <= 14 and risk_band = low",
    ...                 action="Remind", channel="e-mail", who="marketing", due_in_days=2, cost=0)
    >>> table = pl.DataFrame({"days_to_points_expiry": [9.0], "risk_band": ["low"], "tier": ["loyal"],
    ...                       **{f"reason_{at}_text": [None] for at in (1, 2, 3)}})
    >>> table.select(why_this(book)).item()
    'because days to points expiry is 9'
    """
    return translator.each(lambda catalog: _why_this(playbook, catalog)).alias("why_this")


def _why_this(playbook: Playbook, catalog: MessageCatalog) -> pl.Expr:
    """The sentence of `why_this`, in one language."""
    asks = list(asked(playbook.when.expression))
    of_reasons = (part for number in range(len(REASONS)) for part in _reason(number, asks, catalog))
    parts = [*of_reasons, *_happened(asks, catalog)]
    kind = catalog.translate("this is a {tier} customer of {band} risk", **translate_parts(catalog, kind_of_customer()))
    reasons = pl.concat_str(parts, separator=catalog.text("; "), ignore_nulls=True) if parts else pl.lit("")
    named = pl.when(reasons != "").then(reasons)
    # Of whom no tier and no risk is known: he or she is no longer scored.
    left = pl.lit(catalog.text("the customer has left"))
    return catalog.translate("because {reason}", reason=pl.coalesce(named, _of_reason(0, catalog), kind, left))


def _reason(number: int, asks: list[Asked], catalog: MessageCatalog) -> list[pl.Expr]:
    """A told reason, if the rule names families or causes of it: with the cause; null where it is none of them."""
    families: list[pl.Expr] = []
    causes: list[pl.Expr] = []
    for leaf, within in asks:
        if not asks_for_reasons(leaf) or number not in places(leaf):
            continue
        if leaf.name in CAUSE_SETS:
            for word in leaf.values:
                has = _all(within) & at_place(replace(leaf, values=(word,)), number)
                causes.append(pl.when(has).then(_cause(word, catalog)))
        else:
            families.append(_all(within) & at_place(leaf, number))
    if not families and not causes:
        return []
    cause = pl.coalesce(*causes, pl.lit(None, dtype=pl.String))
    named = pl.any_horizontal(pl.lit(value=False), *families) | cause.is_not_null()
    return [pl.when(named).then(pl.concat_str(_of_reason(number, catalog), cause.fill_null("")))]


def _cause(cause: str, catalog: MessageCatalog) -> pl.Expr:
    return catalog.translate(" ({cause}: {words})", cause=cause, words=catalog.text(CAUSE_WORDS[cause].description))


def _happened(asks: list[Asked], catalog: MessageCatalog) -> list[pl.Expr]:
    """What happened or is due, once for each name the rule speaks of; null where that part of it does not hold."""
    by_name: dict[str, list[pl.Expr]] = {}
    for leaf, within in asks:
        if isinstance(leaf, Compare | Flag) and leaf.name not in KINDS_OF_CUSTOMER:
            by_name.setdefault(leaf.name, []).append(_all(within) & condition(leaf))
    flags = {leaf.name for leaf, _ in asks if isinstance(leaf, Flag)}
    return [
        pl.when(pl.any_horizontal(held)).then(
            pl.lit(catalog.text(_flag(name))) if name in flags else _number(name, catalog)
        )
        for name, held in by_name.items()
    ]


def happenings(playbook: Playbook) -> list[str]:
    """The texts that name what a rule asks for, as the catalogues hold them."""
    asks = [leaf for leaf, _ in asked(playbook.when.expression)]
    names = [leaf for leaf in asks if isinstance(leaf, Compare | Flag) and leaf.name not in KINDS_OF_CUSTOMER]
    return [_flag(leaf.name) if isinstance(leaf, Flag) else _named(leaf.name) for leaf in names]


def _flag(name: str) -> str:
    return f"the customer {_named(name)}" if name.startswith("is_") else _named(name)


def _named(name: str) -> str:
    return name.replace("_", " ")


def _number(name: str, catalog: MessageCatalog) -> pl.Expr:
    """Two digits at most, since nobody reads ten; a whole number without its point."""
    number = pl.col(name).cast(pl.Float64).round(2)
    whole = pl.when(number == number.round()).then(number.round().cast(pl.Int64, strict=False).cast(pl.String))
    digits = catalog.numeral(pl.coalesce(whole, number.cast(pl.String)))
    return catalog.translate("{name} is {number}", name=catalog.text(_named(name)), number=digits)


def _of_reason(number: int, catalog: MessageCatalog) -> pl.Expr:
    return catalog.translate('of "{reason}"', reason=pl.col(TEXTS[number]).cast(pl.String))


def _all(within: tuple[Expression, ...]) -> pl.Expr:
    return pl.all_horizontal(pl.lit(value=True), *map(truth, within))
