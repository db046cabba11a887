"""What a person may send or say to a customer: the playbook's draft, with what is known of this customer."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

import polars as pl

from pipeline.i18n import MessageCatalog, Translator
from pipeline.playbooks.config.draft_facts import FACTS
from pipeline.playbooks.config.playbook import Playbook

# Languages that write no blank between sentences end them with a mark of their own.
END_OF_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


def filled_in(text: str, catalog: MessageCatalog) -> pl.Expr:
    """A draft for every row, without the sentences that speak of what is not known; null where none is left.

    Parameters
    ----------
    text
        The draft, in the language of the catalogue.
    catalog
        Says how days are written.

    Examples
    --------
    >>> from datetime import date
    >>> from pipeline.i18n.catalogs import ENGLISH
    >>> rows = pl.DataFrame({"name": ["Ann", None], "last_order_day": [date(2024, 3, 1)] * 2, "owner": [None] * 2,
    ...     "promise_what": [None] * 2, "promise_due_next": [None] * 2, "dispute_since": [None] * 2})
    >>> said = filled_in("Good day {name}. How was your order of {last_order_day}?", ENGLISH)
    >>> rows.select(said).to_series().to_list()
    ['Good day Ann. How was your order of 2024-03-01?', 'How was your order of 2024-03-01?']
    """
    facts = {
        fact: catalog.day(pl.col(column)) if fact.endswith("_day") else _word(column) for fact, column in FACTS.items()
    }
    sentences = [sentence for sentence in END_OF_SENTENCE.split(text.strip()) if sentence]
    kept = pl.concat_list(catalog.translate(sentence, **facts) for sentence in sentences).list.drop_nulls()
    joined = kept.list.join("" if re.search("[。！？]", text) else " ")
    return pl.when(joined != "").then(joined)


def _word(column: str) -> pl.Expr:
    """What a register or a team wrote; an empty cell says nothing."""
    word = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(word != "").then(word)


def to_customers(
    decided: pl.DataFrame, playbooks: Mapping[str, Playbook], translator: Translator, languages: pl.Series
) -> pl.Series:
    """The draft of each customer's playbook, in the customer's own language; null where it has none.

    Parameters
    ----------
    decided
        Everyone's decision, with ``playbook`` and the columns of `FACTS`.
    playbooks
        All of them.
    translator, languages
        The catalogues; what the company says of each customer's language.
    """
    own = {name: book.draft for name, book in playbooks.items() if book.draft is not None and book.is_task}
    absent = [pl.lit(None, dtype=pl.String).alias(column) for column in FACTS.values() if column not in decided.columns]
    rows = decided.with_columns(absent).select("playbook", *FACTS.values(), code=languages).with_row_index("row")
    # Of a million customers a few thousand have a task: only for these are sentences put together.
    parts = [pl.DataFrame(schema={"row": rows.schema["row"], "draft": pl.String})]
    for name, draft in own.items():
        given = rows.filter(pl.col("playbook") == name)
        text = translator.to_customers(partial(_in_language, draft), given["code"])
        parts.append(given.select("row", text.alias("draft")))
    return rows.select("row").join(pl.concat(parts), on="row", how="left", maintain_order="left")["draft"]


def _in_language(draft: str, catalog: MessageCatalog) -> pl.Expr:
    return filled_in(catalog.text(draft), catalog)
