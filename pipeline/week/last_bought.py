"""What each customer's last order was above all, for drafts that speak of it."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.i18n.catalogs import places
from pipeline.playbooks.config.playbook import Playbook
from pipeline.tables import storage

# What a draft may speak of, and the column it is read from.
COLUMNS: Final = {"last_category": "category", "last_product": "product_id"}


def read(tables: Path, who: pl.DataFrame, playbooks: Iterable[Playbook], as_of: date) -> pl.DataFrame:
    """The category and the product that most of each customer's last order went to.

    Parameters
    ----------
    tables
        Folder of the canonical tables.
    who
        ``customer_id`` of the customers who are asked for.
    playbooks
        Transactions are read only where a draft speaks of what was bought.
    as_of
        The day, strictly before which everything is read.

    Returns
    -------
    polars.DataFrame
        ``customer_id`` and those of `COLUMNS` that a draft speaks of and the company has; null where it is no word.
    """
    named = {fact for book in playbooks for draft in book.drafts for fact in places(draft)}
    wanted = {fact: column for fact, column in COLUMNS.items() if fact in named}
    parts = [pl.DataFrame(schema={"customer_id": pl.String()})]
    if wanted:
        ids = who.lazy().select("customer_id")
        parts += [_of_bucket(file, ids, wanted, as_of) for file in storage.bucket_files(tables / "transactions")]
    return pl.concat(parts, how="diagonal")


def _of_bucket(file: Path, ids: pl.LazyFrame, wanted: dict[str, str], as_of: date) -> pl.DataFrame:
    lines = pl.scan_parquet(file)
    there = {fact: column for fact, column in wanted.items() if column in lines.collect_schema()}
    bought = lines.filter(pl.col("day") < as_of, pl.col("amount_minor") > 0)
    # Who is asked for is looked up among the last lines, of which there are few; all others would take twice as long.
    of_all = bought.filter(pl.col("day") == pl.col("day").max().over("customer_key"))
    last = (
        of_all.select("customer_id", "amount_minor", *there.values()).join(ids, on="customer_id", how="semi").collect()
    )
    known = last.select("customer_id").unique()
    for fact, column in there.items():
        known = known.join(_most(last, column).rename({column: fact}), on="customer_id", how="left")
    return known


def _most(last: pl.DataFrame, column: str) -> pl.DataFrame:
    """What most was paid for; of equals the first by the alphabet, as no order of rows may decide."""
    word = spoken(pl.col(column))
    paid = last.with_columns(word).filter(pl.col(column).is_not_null())
    sums = paid.group_by("customer_id", column).agg(pl.col("amount_minor").sum())
    ordered = sums.sort("customer_id", "amount_minor", column, descending=[False, True, False])
    return ordered.group_by("customer_id", maintain_order=True).first().select("customer_id", column)


def spoken(name: pl.Expr) -> pl.Expr:
    """A name from a table as it stands in a sentence; null where it is a code and no word.

    Examples
    --------
    >>> table = pl.DataFrame({"category": ["SOFT DRINKS", "Olive oil", "garden_tools", "0815", "", None]})
    >>> table.select(spoken(pl.col("category"))).to_series().to_list()
    ['soft drinks', 'Olive oil', 'garden tools', None, None, None]
    """
    plain = name.cast(pl.String).str.replace_all("_", " ").str.strip_chars()
    lowered = pl.when(plain == plain.str.to_uppercase()).then(plain.str.to_lowercase()).otherwise(plain)
    return pl.when(plain.str.contains(r"\p{L}{2}|[\p{Han}\p{Hiragana}\p{Katakana}]")).then(lowered)
