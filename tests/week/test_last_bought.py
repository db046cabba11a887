"""What the last order was above all, from the transactions of a bucket."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.tables import storage
from pipeline.tables.buckets import customer_key
from pipeline.week import last_bought
from tests.decisions.week import book

AS_OF = date(2024, 7, 1)
DRAFT = book("conflict-resolution", draft="It was {last_category}. It was {last_product}.")
LINES = [  # customer, day, cents, category, product
    ("a", date(2024, 6, 1), 900, "TOYS", "old"),
    ("a", date(2024, 6, 20), 500, "SOFT DRINKS", "lemonade"),
    ("a", date(2024, 6, 20), 300, "garden_tools", "Rake 2"),
    ("a", date(2024, 6, 20), 300, "garden_tools", "1029743"),
    ("a", date(2024, 7, 1), 9000, "FUTURE", "future"),
    ("b", date(2024, 6, 3), 100, None, "4711"),
    ("c", date(2024, 6, 3), 200, "wine", "red"),
    ("c", date(2024, 6, 3), 200, "beer", "ale"),
    ("c", date(2024, 6, 9), -700, "refunded", "refunded"),
    ("d", date(2024, 6, 9), 700, "not asked for", "x"),
]
WHO = pl.DataFrame({"customer_id": ["a", "b", "c", "e"]})


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    columns = {"customer_id": pl.String, "day": pl.Date, "amount_minor": pl.Int64, "category": pl.String}
    lines = pl.DataFrame(LINES, schema=columns | {"product_id": pl.String}, orient="row")
    keyed = lines.with_columns(customer_key=pl.col("customer_id").map_elements(customer_key, pl.Int64))
    storage.write_parquet(keyed, storage.bucket_file(tmp_path / "transactions", 0))
    return tmp_path


def read(tables: Path, *books) -> dict[str, tuple]:
    rows = last_bought.read(tables, WHO, books, AS_OF).sort("customer_id")
    return {row[0]: row[1:] for row in rows.rows()}


def test_what_most_was_paid_for_before_the_day_in_words(tables):
    assert read(tables, DRAFT) == {
        "a": ("garden tools", "lemonade"),
        "b": (None, None),
        "c": ("beer", "ale"),
    }


def test_nothing_is_read_where_no_draft_speaks_of_it(tables):
    assert read(tables, book("conflict-resolution", draft="Good day {name}.")) == {}


def test_a_company_without_categories_has_none(tables):
    file = storage.bucket_file(tables / "transactions", 0)
    storage.write_parquet(pl.read_parquet(file).drop("category"), file)
    rows = last_bought.read(tables, WHO, [DRAFT], AS_OF)
    assert rows.columns == ["customer_id", "last_product"]


def test_the_order_of_rows_decides_nothing(tables):
    file = storage.bucket_file(tables / "transactions", 0)
    before = read(tables, DRAFT)
    storage.write_parquet(pl.read_parquet(file).reverse(), file)
    assert read(tables, DRAFT) == before
