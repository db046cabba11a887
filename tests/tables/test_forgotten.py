"""Who asked to be forgotten: the condition of the engine and the list agree, and a broken list stops everything."""

from datetime import date

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.errors import BadParams
from pipeline.tables import forgotten, rejected_rows, storage
from pipeline.tables.forgotten import Forgotten
from tests.profiles import examples

DAY = date(2024, 7, 1)
IDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)


@examples(40)
@given(st.lists(IDS, unique=True, max_size=5), st.lists(IDS, min_size=1, max_size=8))
def test_the_engine_leaves_out_exactly_those(left_out, others):
    kept = Forgotten()
    for customer in left_out:
        kept = kept.including(customer, DAY)
    engine = duckdb.connect()
    engine.execute("CREATE TABLE rows (customer_id VARCHAR)")
    everybody = [*others, *left_out, None]
    engine.executemany("INSERT INTO rows VALUES (?)", [(customer,) for customer in everybody])
    there = {row[0] for row in engine.execute(f"FROM rows WHERE {kept.others('customer_id')}").fetchall()}
    assert there == {customer for customer in everybody if customer not in left_out}
    assert [kept.holds(customer) for customer in others] == [customer in left_out for customer in others]


def test_the_file_names_nobody_and_comes_back(tmp_path):
    file = tmp_path / "forgotten.json"
    assert forgotten.read(file) == Forgotten()
    kept = Forgotten().including("c0042", DAY).including("c0007", DAY)
    forgotten.write(kept, file)
    text = file.read_text(encoding="utf-8")
    assert "c0042" not in text and "2024-07-01" in text
    assert forgotten.read(file) == kept
    assert kept.including("c0042", date(2025, 1, 1)) == kept
    other = Forgotten().including("c0042", DAY)
    assert set(other.days).isdisjoint(kept.days), "two companies must not share a salt"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"salt": "a"}', '{"salt": "a", "customers": ["b"]}', '{"salt": "", "customers": {"ab": "2024-07-01"}}',
     "<<<<<<< HEAD\n{}"],
)  # fmt: skip
def test_a_broken_file_stops_instead_of_bringing_somebody_back(tmp_path, text):
    file = tmp_path / "forgotten.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadParams, match="not readable .* restore it from git"):
        forgotten.read(file)


def test_refused_rows_of_nobody_else_are_touched(tmp_path):
    rows = ['{"customer_id":"7","amount":"x"}', '{"customer_id":null,"amount":"7"}', "7;2024-01-05;;;", "77;;;", None]
    table = pl.DataFrame({"rule": ["r"] * 5, "row": pl.Series(rows, dtype=pl.String)})
    storage.write_parquet(table, tmp_path / "orders.parquet")
    before = (tmp_path / "orders.parquet").read_bytes()
    assert rejected_rows.erase([tmp_path], "70") == 0
    assert (tmp_path / "orders.parquet").read_bytes() == before
    assert rejected_rows.erase([tmp_path], "7") == 2
    assert storage.read_parquet(tmp_path / "orders.parquet")["row"].to_list() == [rows[1], rows[3], rows[4]]
