"""Whom the list only watches: nobody has to act in person, and the row says what happens instead, or why nothing."""

from typing import Final

import polars as pl

from pipeline.i18n import IN_ENGLISH, Part, Translator, swapped

PERSONAL: Final = ("duty", "task")
WATCH: Final = "watch"
# Of a row that is only watched, these say nothing: what they hold is for a sending system.
OF_A_TASK: Final = ("playbook", "channel", "who", "due_day")


def is_personal() -> pl.Expr:
    """Over decisions with ``work``: whether a person has to act."""
    return pl.col("work").is_in(PERSONAL).fill_null(value=False)


def watched(listed: pl.DataFrame, translator: Translator = IN_ENGLISH) -> pl.DataFrame:
    """Make of everybody for whom no person has to act a row to watch.

    Parameters
    ----------
    listed
        Decisions with ``as_of``, ``work``, ``action``, ``why_not``, ``waiting_duty``, ``open_matters`` and `OF_A_TASK`.
    translator
        Who reads which language.

    Returns
    -------
    polars.DataFrame
        The same rows; where ``work`` was no duty and no task it is ``watch``, `OF_A_TASK` are null, ``action`` is a
        sentence that says so, and ``caution`` only what is open.

    Examples
    --------
    >>> rows = pl.DataFrame({"work": [None], "action": [None], "why_not": ["nothing, because two letters went out"],
    ...     **dict.fromkeys(("as_of", "owner", "caution", "open_matters", "waiting_duty", *OF_A_TASK))},
    ...     schema_overrides={"as_of": pl.Date, "due_day": pl.Date})
    >>> watched(rows)["action"].item()
    'Keep an eye on this customer; for now nothing, because two letters went out.'
    """
    personal = is_personal()
    parts: dict[str, Part] = {
        "playbook": _named("playbook", listed),
        "team": _named("who", listed),
        "day": lambda catalog: catalog.day(pl.col("due_day")),
    }
    sent = translator.translate(
        "Keep an eye on this customer; for now {playbook} is under way ({team}, by {day}).", **parts
    )
    overdue = translator.translate("Keep an eye on this customer; {playbook} was due by {day} ({team}).", **parts)
    nothing = translator.translate("Keep an eye on this customer; for now {nothing}.", nothing=pl.col("why_not"))
    waits = translator.translate(
        "{playbook} is owed to this customer, and there are no hands for it this week; others are more pressing.",
        playbook=_named("waiting_duty", listed),
    )
    sentence = (
        pl.when(pl.col("waiting_duty").is_not_null())
        .then(waits)
        .when(pl.col("due_day") < pl.col("as_of"))
        .then(overdue)
        .when(pl.col("playbook").is_not_null())
        .then(sent)
        .otherwise(nothing)
    )
    return listed.with_columns(
        pl.when(personal).then("action").otherwise(sentence).alias("action"),
        pl.when(personal).then("work").otherwise(pl.lit(WATCH)).alias("work"),
        pl.when(personal).then("caution").otherwise("open_matters").alias("caution"),
        *(pl.when(personal).then(name).alias(name) for name in OF_A_TASK),
    )


def _named(column: str, rows: pl.DataFrame) -> Part:
    """The names in a column, each as the reader's language has it."""
    names = rows[column].cast(pl.String).unique().drop_nulls().sort().to_list()
    return lambda catalog: swapped(catalog, pl.col(column), names)
