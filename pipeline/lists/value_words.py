"""What the values of the columns are called in the language of a reader; the values themselves never change."""

from typing import Final

import polars as pl

from pipeline.i18n import MessageCatalog
from pipeline.lists.schema import ANSWERS, OUTCOMES, STATUSES, WORK
from pipeline.lists.week import Week
from pipeline.playbooks.config import channels

OF_THE_LIST: Final = (
    *("tier", "lifecycle", "risk_band", "status", "work"),
    *("playbook", "channel", "who", "reason_1_kind", "reason_1_act", "reason_1_team"),
)
"""The columns whose values are words of ours or of the company's settings."""
# Where one word means two things, a catalogue needs two texts: a new customer is not a customer new on the list.
OTHERWISE: Final = {("status", "new"): "new on the list"}
# Whoever does something is called what the company calls them; only codes are written with an underscore.
AS_WRITTEN: Final = ("who",)


def spoken(word: str) -> str:
    """A value as it is written in a sentence, and translated.

    >>> spoken("not_done")
    'not done'
    """
    return word.replace("_", " ")


def value_words(week: Week, catalog: MessageCatalog) -> dict[str, dict[str, str]]:
    """For each column what each of its values is called."""
    of_columns = {name: _of_column(week.risk_list, name, catalog) for name in OF_THE_LIST}
    fixed = {"outcome": OUTCOMES, "answer": ANSWERS, "work": WORK, "status": STATUSES}
    return of_columns | {name: {word: in_words(name, word, catalog) for word in words} for name, words in fixed.items()}


def in_words(name: str, value: str, catalog: MessageCatalog) -> str:
    """What one value of a column is called; of several channels, each.

    >>> from pipeline.i18n import shipped
    >>> in_words("channel", "e-mail, phone", shipped("nb")), in_words("status", "still_open", shipped("en"))
    ('e-post, telefon', 'still open')
    """
    if name in AS_WRITTEN:
        return catalog.text(value)
    if name == "channel":
        return catalog.text(", ").join(_channel(one, catalog) for one in value.split(", "))
    otherwise = None if catalog.language == "en" else OTHERWISE.get((name, value))
    return catalog.text(otherwise or spoken(value))


def _channel(name: str, catalog: MessageCatalog) -> str:
    usual = channels.usual_name(name)
    called = catalog.text(usual)
    return spoken(name) if called == usual else called


def table_in_words(rows: pl.DataFrame, catalog: MessageCatalog) -> pl.DataFrame:
    """A table for people to read: the values of `OF_THE_LIST` as they are called; in English as scripts read them."""
    if catalog.language == "en":
        return rows
    named = [
        pl.col(name).replace(_of_column(rows, name, catalog))
        for name in (*OF_THE_LIST, "state")
        if name in rows.columns and not rows[name].drop_nulls().is_empty()
    ]
    return rows.with_columns(named)


def _of_column(rows: pl.DataFrame, name: str, catalog: MessageCatalog) -> dict[str, str]:
    return {value: in_words(name, value, catalog) for value in rows[name].unique().drop_nulls().sort().to_list()}
