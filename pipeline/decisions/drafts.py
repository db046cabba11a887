"""What a person may send or say to a customer: the playbook's draft, with what is known of this customer."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

import polars as pl

from pipeline.i18n import MessageCatalog, Translator
from pipeline.i18n.catalogs import places
from pipeline.playbooks.config.draft_facts import FACTS
from pipeline.playbooks.config.playbook import Playbook

# Languages that write no blank between sentences end them with a mark of their own.
END_OF_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
# Behind a name that ends with a mark of its own, such as that of a firm: `Miller & Co.`
ENDED_TWICE: Final = r"([.!?])\.$"


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
    >>> unknown = dict.fromkeys(FACTS.values())
    >>> names = (None, "Miller & Co.")
    >>> rows = pl.DataFrame([unknown | {"name": name, "last_order_day": date(2024, 3, 1)} for name in names])
    >>> said = filled_in("Good day {name}. How was your order of {last_order_day}?", ENGLISH)
    >>> rows.select(said).to_series().to_list()
    ['How was your order of 2024-03-01?', 'Good day Miller & Co. How was your order of 2024-03-01?']
    """
    facts = {fact: _fact(fact, catalog) for fact in FACTS}
    sentences = [sentence for sentence in END_OF_SENTENCE.split(text.strip()) if sentence]
    filled = (catalog.translate(sentence, **facts) for sentence in sentences)
    kept = pl.concat_list(sentence.str.replace(ENDED_TWICE, "$1") for sentence in filled).list.drop_nulls()
    joined = kept.list.join("" if re.search("[。！？]", text) else " ")
    return pl.when(joined != "").then(joined)


def written(variants: tuple[str, ...], catalog: MessageCatalog) -> pl.Expr:
    """The first variant of a draft of which everything is known that the last one does without, `filled_in`.

    Parameters
    ----------
    variants
        Of a draft, in English; the last one asks for least.
    catalog
        The language it is written in.

    Examples
    --------
    >>> from pipeline.i18n.catalogs import ENGLISH
    >>> rows = pl.DataFrame({"ticket_topic": ["invoices", None]}).with_columns(
    ...     pl.lit(None, pl.Date if "_d" in column else pl.String).alias(column)
    ...     for column in FACTS.values() if column != "ticket_topic")
    >>> variants = ("You asked us about {ticket_topic}. Here it is.", "You asked us something. Here it is.")
    >>> rows.select(written(variants, ENGLISH)).to_series().to_list()
    ['You asked us about invoices. Here it is.', 'You asked us something. Here it is.']
    """
    *richer, last = variants
    text = filled_in(catalog.text(last), catalog)
    for variant in reversed(richer):
        needed = sorted(places(variant) - places(last))
        is_known = pl.all_horizontal(_fact(fact, catalog).is_not_null() for fact in needed)
        text = pl.when(is_known).then(filled_in(catalog.text(variant), catalog)).otherwise(text)
    return text


def _fact(fact: str, catalog: MessageCatalog) -> pl.Expr:
    """What stands in the place of a fact, in the language of the catalogue; null where it is not known."""
    column = FACTS[fact]
    return catalog.day(pl.col(column)) if fact.endswith("_day") else _word(column)


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
    own = {name: book.drafts for name, book in playbooks.items() if book.drafts and book.is_task}
    absent = [pl.lit(None, dtype=pl.String).alias(column) for column in FACTS.values() if column not in decided.columns]
    rows = decided.with_columns(absent).select("playbook", *FACTS.values(), code=languages).with_row_index("row")
    # Of a million customers a few thousand have a task: only for these are sentences put together.
    parts = [pl.DataFrame(schema={"row": rows.schema["row"], "draft": pl.String})]
    for name, variants in own.items():
        given = rows.filter(pl.col("playbook") == name)
        text = translator.to_customers(partial(written, variants), given["code"])
        parts.append(given.select("row", text.alias("draft")))
    return rows.select("row").join(pl.concat(parts), on="row", how="left", maintain_order="left")["draft"]
