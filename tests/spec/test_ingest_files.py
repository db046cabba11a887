"""Files as people really have them: each gives the right table, or one clear line and exit code 12."""

from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import params, paths
from pipeline.errors import BadData
from pipeline.stages import s1_ingest
from pipeline.tables import storage

HEADER = "who,when,paid\n"
GOOD = HEADER + "a,2024-01-31,10.00\nb,2024-02-01,-2.50\n"
EXPECTED = [("a", date(2024, 1, 31), 1000), ("b", date(2024, 2, 1), -250)]
COLUMNS = {"customer_id": "who", "ts": "when", "amount": "paid"}


def ingest(changed, source: dict, **more) -> dict:
    """Run the real stage in the current folder on one source of transactions, and read its report."""
    settings = changed(**{"sources": {"transactions": {"columns": COLUMNS, **source}}, "data.timezone": "UTC", **more})
    s1_ingest.run(settings.data, settings.sources, settings.storage)
    return storage.read_json(paths.REPRO.ingest_report)["tables"]["transactions"]


def table() -> list[tuple]:
    found = storage.read_buckets(paths.REPRO.tables / "transactions").select("customer_id", "day", "amount_minor")
    return sorted(found.rows(), key=str)


RIGHT = {
    "plain": (GOOD.encode(), {}),
    "byte-order mark": (b"\xef\xbb\xbf" + GOOD.encode(), {}),
    "semicolons, found out": (GOOD.replace(",", ";").encode(), {}),
    "semicolons, said": (GOOD.replace(",", ";").encode(), {"delimiter": ";"}),
    "tabs": (GOOD.replace(",", "\t").encode(), {}),
    "windows line ends": (GOOD.replace("\n", "\r\n").encode(), {}),
    "quoted fields": (b'"who","when","paid"\n"a","2024-01-31","10.00"\n"b","2024-02-01","-2.50"\n', {}),
    "no final line end": (GOOD.rstrip("\n").encode(), {}),
    "dd/mm/yyyy, said": (
        (HEADER + "a,31/01/2024,10.00\nb,01/02/2024,-2.50\n").encode(),
        {"ts_format": "%d/%m/%Y"},
    ),
    "decimal comma, said": (
        b"who;when;paid\na;2024-01-31;10,00\nb;2024-02-01;-2,50\n",
        {"delimiter": ";", "decimal": ","},
    ),
    "latin-1, said": (GOOD.replace("who,", "who,né,").replace("a,2", "a,é,2").replace("b,2", "b,è,2").encode("latin-1"),
                      {"encoding": "latin-1"}),
    "timestamps with and without zone": (
        (HEADER + "a,2024-01-31T23:59:59Z,10\nb,2024-02-01 01:30:00+02:00,-2.5\n").encode(), {"timezone": "UTC"},
    ),
    "whitespace and an unmapped column": (
        b"who,when,paid,note\n a ,2024-01-31, 10.00 ,x\nb,2024-02-01 , -2.50,y\n",
        {},
    ),
    "amounts with more digits than the currency": (
        (HEADER + "a,2024-01-31,9.999\nb,2024-02-01,-2.4951\n").encode(),
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT)
def test_a_file_gives_the_right_table(case, changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, source = RIGHT[case]
    Path("orders.csv").write_bytes(content)
    counts = ingest(changed, {"path": "orders.csv", **source})
    expected = EXPECTED
    if case == "timestamps with and without zone":
        expected = [("a", date(2024, 1, 31), 1000), ("b", date(2024, 1, 31), -250)]
    assert table() == expected
    assert (counts["read"], counts["accepted"], counts["duplicates"], counts["rejected"]) == (2, 2, 0, 0)


WRONG = {
    "no such file": (None, {}, "no file matches orders.csv; correct the path in params.yaml"),
    "empty": (b"", {}, "orders.csv is empty (0 bytes); export it again or remove it"),
    "header only": (HEADER.encode(), {}, "orders.csv has no rows; export it again"),
    "missing column": (
        b"who,when,price\na,2024-01-31,1\n",
        {},
        "has no column paid; found who, when, price; correct `columns` in params.yaml",
    ),
    "wrong delimiter": (
        GOOD.replace(",", ";").encode(),
        {"delimiter": ","},
        "the file is split in one column only; set `delimiter: ';'`",
    ),
    "latin-1, not said": (
        GOOD.replace("b,", "ü,").encode("latin-1"),
        {},
        "is not UTF-8",
    ),
    "dd/mm/yyyy, not said": (
        (HEADER + "a,31/01/2024,10.00\nb,01/02/2024,2.50\n").encode(),
        {},
        "ts is not a date, such as '01/02/2024'; set sources.transactions.`ts_format: \"%d/%m/%Y\"`",
    ),
    "dates that fit two formats": (
        (HEADER + "a,01/02/2024,10.00\n").encode(),
        {},
        '`ts_format: "%d/%m/%Y"` or `ts_format: "%m/%d/%Y"`, whichever is meant',
    ),
    "decimal comma, not said": (
        b"who;when;paid\na;2024-01-31;10,00\n",
        {"delimiter": ";"},
        "amount is not an amount, such as '10,00'",
    ),
    "a static table without dates": (b"who,churned\na,1\n", {}, "has no column when, paid; found who, churned"),
    "ids a spreadsheet rounded": (
        (HEADER + "1.03293E+19,2024-01-31,10.00\n").encode(),
        {},
        "customer_id is a rounded number, such as '1.03293E+19'",
    ),
    "all customers missing": ((HEADER + ",2024-01-31,10.00\n").encode(), {}, "1 because customer_id is missing"),
    "unknown encoding": (GOOD.encode(), {"encoding": "klingon"}, "klingon"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_is_refused_in_one_line(case, changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, source, message = WRONG[case]
    if content is not None:
        Path("orders.csv").write_bytes(content)
    with pytest.raises(BadData) as refused:
        ingest(changed, {"path": "orders.csv", **source})
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("sources.transactions: ")
    assert refused.value.exit_code == 12
    assert not (tmp_path / "data/tables/transactions").exists(), "nothing half-written"


def test_a_folder_and_a_mix_of_kinds_are_refused(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("raw").mkdir()
    Path("raw/a.csv").write_text(GOOD)
    with pytest.raises(BadData, match=r"raw is a folder; write the files in it, such as raw/\*\.csv"):
        ingest(changed, {"path": "raw"})
    pl.DataFrame({"who": ["a"]}).write_parquet("raw/b.parquet")
    with pytest.raises(BadData, match=r"found \.csv, \.parquet; write CSV or Parquet files, and not both"):
        ingest(changed, {"path": "raw/*"})


def parquet(file: str, columns: dict) -> None:
    pq.write_table(pa.table(columns), file)


def test_parquet_keeps_what_its_types_say(changed, tmp_path, monkeypatch):
    from datetime import UTC, datetime

    monkeypatch.chdir(tmp_path)
    late = datetime(2024, 1, 31, 23, 30, tzinfo=UTC)
    parquet(
        "orders.parquet",
        {
            # a hole in an integer column makes it floating; the ids must not become 1.0
            "who": pa.array([1.0, 2.0, None], pa.float64()),
            "when": pa.array([late, late, late], pa.timestamp("us", tz="UTC")),
            "paid": pa.array([0.1 + 0.2, -2.5, 1.0], pa.float64()),
        },
    )
    counts = ingest(changed, {"path": "*.parquet"}, **{"data.timezone": "Europe/Oslo", "data.max_rejected_share": 0.5})
    # half past eleven at night in UTC is the next day in Oslo
    assert table() == [("1", date(2024, 2, 1), 30), ("2", date(2024, 2, 1), -250)]
    assert counts["rejected_by_rule"] == {"customer_id is missing": 1}


@pytest.mark.parametrize("damage", ["cut", "text"])
def test_a_damaged_parquet_file_is_refused_in_one_line(damage, changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parquet("orders.parquet", {"who": ["a"] * 1000, "when": ["2024-01-31"] * 1000, "paid": ["1"] * 1000})
    whole = Path("orders.parquet").read_bytes()
    Path("orders.parquet").write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"who,when,paid\n")
    with pytest.raises(BadData, match=r"orders\.parquet: is no whole Parquet file .*; export it again$"):
        ingest(changed, {"path": "orders.parquet"})


def test_every_refused_row_is_kept_with_its_rule_and_counts_add_up(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [
        "a,2024-01-31,10.00",
        "a,2024-01-31,10.00",  # the same row again: counted once
        "a,2024-01-31,10.01",
        ",2024-01-31,1",  # rejected, and so on
        "b,,1",
        "b,soon,1",
        "b,2024-01-31,ten",
        "b,2024-01-31,",
        "b,1024-01-31,1",
        "b,2024-01-31,nan",
        "1E+10,2024-01-31,1",
        "c,2024-01-31,1,one too many",
    ]
    Path("orders.csv").write_text(HEADER + "\n".join(rows) + "\n")
    counts = ingest(changed, {"path": "orders.csv"}, **{"data.max_rejected_share": 0.9})
    assert counts["read"] == len(rows) == counts["accepted"] + counts["duplicates"] + counts["rejected"]
    assert (counts["accepted"], counts["duplicates"], counts["rejected"]) == (2, 1, 9)
    kept = pl.read_parquet("data/rejected/transactions.parquet")
    assert dict(kept.group_by("rule").len().sort("rule").rows()) == counts["rejected_by_rule"] == {
        "amount is missing": 2,
        "amount is not an amount": 1,
        "customer_id is a rounded number": 1,
        "customer_id is missing": 1,
        "line has too many columns": 1,
        "ts is missing": 1,
        "ts is no year": 1,
        "ts is not a date": 1,
    }  # fmt: skip
    soon = kept.filter(pl.col("rule") == "ts is not a date").row(0, named=True)
    assert soon["source_file"] == "orders.csv"
    assert '"soon"' in soon["row"]


def test_more_refused_rows_than_allowed_stop_the_run_but_are_kept(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text(
        HEADER + "a,2024-01-31,1\n" * 1 + "b,2024-01-31,2\n" + "c,2024-01-31,x\n" + "d,2024-01-31,y\n"
    )
    with pytest.raises(BadData, match=r"2 of 4 rows refused \(50\.0%; data\.max_rejected_share allows 49\.0%\)"):
        ingest(changed, {"path": "orders.csv"}, **{"data.max_rejected_share": 0.49})
    assert len(pl.read_parquet("data/rejected/transactions.parquet")) == 2
    counts = ingest(changed, {"path": "orders.csv"}, **{"data.max_rejected_share": 0.5})
    assert counts["accepted"] == 2


def test_rows_that_differ_only_in_an_unmapped_column_are_two_rows(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text("who,when,paid,line\na,2024-01-31,1,1\na,2024-01-31,1,2\na,2024-01-31,1,2\n")
    counts = ingest(changed, {"path": "orders.csv"})
    assert (counts["accepted"], counts["duplicates"]) == (2, 1)


def test_without_a_transaction_id_each_row_is_its_own_order(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text(GOOD)
    ingest(changed, {"path": "orders.csv"})
    ids = storage.read_buckets(paths.REPRO.tables / "transactions", ["transaction_id"])["transaction_id"]
    assert ids.n_unique() == 2


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({**COLUMNS, "amout": "x"}, "'amout' is no column of transactions; did you mean 'amount'?"),
        ({"customer_id": "who", "ts": "when"}, "'amount' is required; say which column of the source it is"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(changed, tmp_path, monkeypatch, columns, message):
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text(GOOD)
    with pytest.raises(params.BadParams) as refused:
        ingest(changed, {"path": "orders.csv", "columns": columns})
    assert message in str(refused.value)
    assert refused.value.exit_code == 10


def test_a_table_that_is_declared_no_more_leaves_nothing_behind(changed, company):
    settings = params.load()
    s1_ingest.run(settings.data, settings.sources, settings.storage)
    assert paths.REPRO.tables.joinpath("events").is_dir()
    fewer = settings.sources.model_copy(update={"events": None})
    s1_ingest.run(settings.data, fewer, settings.storage)
    assert not paths.REPRO.tables.joinpath("events").exists()
    assert "events" in storage.read_json(paths.REPRO.ingest_report)["absent"]
