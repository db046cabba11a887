"""Files as people really have them: each gives the right table, or one clear line and exit code 12."""

from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.config import params, paths
from pipeline.config.errors import BadData
from pipeline.stages import run_stage, s1_ingest
from pipeline.tables import storage
from tests.drawing import drawn

HEADER = "who,when,paid\n"
GOOD = HEADER + "a,2024-01-31,10.00\nb,2024-02-01,-2.50\n"
EXPECTED = [("a", date(2024, 1, 31), 1000), ("b", date(2024, 2, 1), -250)]
COLUMNS = {"customer_id": "who", "ts": "when", "amount": "paid"}


def ingest(changed, source: dict, **more) -> dict:
    """Run the real stage in the current folder on one source of transactions, and read its report."""
    settings = changed(**{"sources": {"transactions": {"columns": COLUMNS, **source}}, "data.timezone": "UTC", **more})
    run_stage(s1_ingest, settings)
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


DAYS = """
    | written                          | source zone | business zone    | day        | why                                    |
    | 2024-01-31                       | UTC         | America/New_York | 2024-01-31 | a date is a business day already       |
    | 2024-01-31 03:00:00              | UTC         | America/New_York | 2024-01-30 | ten in the evening in New York         |
    | 2024-01-31T23:30:00Z             | UTC         | Europe/Oslo      | 2024-02-01 | half past midnight in Oslo             |
    | 2024-01-31T23:30:00z             | UTC         | Europe/Oslo      | 2024-02-01 | a small z                              |
    | 2024-01-31 23:30:00 UTC          | Europe/Oslo | Europe/Oslo      | 2024-02-01 | the zone in letters                    |
    | 2024-01-31 23:30:00 -0500        | UTC         | Europe/Oslo      | 2024-02-01 | a blank before the offset              |
    | 2024-01-31 23:30:00+05:30        | UTC         | UTC              | 2024-01-31 | half hours                             |
    | 2024-01-31 23:30                 | Europe/Oslo | Europe/Oslo      | 2024-01-31 | no seconds                             |
    | 2024-07-01 22:30:00.123          | UTC         | Europe/Oslo      | 2024-07-02 | summer time                            |
    | 2024-01-31 23:30 America/Chicago | UTC         | UTC              |            | other zones are refused, not guessed   |
    | 31.01.2024                       | UTC         | UTC              |            | as is what is not ISO                  |
"""


@pytest.mark.parametrize("case", drawn(DAYS), ids=lambda case: case["why"])
def test_which_day_a_timestamp_is(case, changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text(HEADER + f"a,{case['written']},1\nb,2024-01-01,1\n")
    source = {"path": "orders.csv", "timezone": case["source zone"]}
    ingest(changed, source, **{"data.timezone": case["business zone"], "data.max_rejected_share": 0.5})
    found = {row[0]: str(row[1]) for row in table()}
    assert found.get("a", "") == case["day"]
    assert found["b"] == "2024-01-01"


AMOUNTS = """
    | written         | decimal | minor units |
    | 1234.5          | .       | 123450      |
    | 1e2             | .       | 10000       |
    | -0              | .       | 0           |
    | 1,234.50        | .       | 123450      |
    | 1,23.50         | .       |             |
    | 12.50-          | .       | -1250       |
    | (12.50)         | .       | -1250       |
    | (-12.50)        | .       |             |
    | $ -12.50        | .       | -1250       |
    | US$ 1'234.5     | .       | 123450      |
    | 12,34,567.5     | .       | 123456750   |
    | 12.-            | .       | 1200        |
    | 12.50 EUR       | .       |             |
    | 5k              | .       |             |
    | 12%             | .       |             |
    | \u22121\u202f234,5 | ,      | -123450     |
    | 12,-            | ,       | 1200        |
    | 0.123           | ,       |             |
    | 10000000000000  | .       | 1000000000000000 |
    | 10000000000001  | .       |             |
    | 1234,5          | ,       | 123450      |
    | 1.234,50        | ,       | 123450      |
    | 1.234.567,5     | ,       | 123456750   |
    | 10.50           | ,       |             |
    | 1234.567        | ,       |             |
"""


@pytest.mark.parametrize("case", drawn(AMOUNTS), ids=lambda case: f"{case['written']} {case['decimal']}")
def test_what_an_amount_is(case, changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text(f"who;when;paid\na;2024-01-31;{case['written']}\nb;2024-01-31;5\n", encoding="utf-8")
    ingest(
        changed,
        {"path": "orders.csv", "decimal": case["decimal"], "delimiter": ";"},
        **{"data.max_rejected_share": 1.0},
    )
    found = {row[0]: str(row[2]) for row in table()}
    assert found.get("a", "") == case["minor units"]
    assert found["b"] == "500"


def test_a_decimal_comma_is_for_text_only(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parquet("orders.parquet", {"who": ["a"], "when": ["2024-01-31"], "paid": [10.5]})
    ingest(changed, {"path": "orders.parquet", "decimal": ","})
    assert table() == [("a", date(2024, 1, 31), 1050)]


def test_amounts_in_another_currency_are_refused(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = ["a,2024-01-31T23:30:00Z,1000,JPY", "b,2024-01-31,10,usd", "c,2024-01-31,10,"]
    Path("orders.csv").write_text("who,when,paid,cur\n" + "\n".join(rows) + "\n")
    source = {"path": "orders.csv", "columns": COLUMNS | {"currency": "cur"}}
    counts = ingest(changed, source, **{"data.max_rejected_share": 0.5, "data.timezone": "Europe/Oslo"})
    assert counts["rejected_by_rule"] == {"currency is not USD": 1}
    kept = pl.read_parquet("data/rejected/transactions.parquet")
    assert kept["day"].to_list() == [date(2024, 2, 1)], "the business day, as that of a row that is taken in"


def test_an_order_without_an_id_is_an_order_of_its_own(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text("who,when,paid,id\na,2024-01-31,1,x\na,2024-01-31,2,\na,2024-01-31,3,\n")
    ingest(changed, {"path": "orders.csv", "columns": COLUMNS | {"transaction_id": "id"}})
    ids = storage.read_buckets(paths.REPRO.tables / "transactions", ["transaction_id"])["transaction_id"]
    assert ids.null_count() == 0
    assert ids.n_unique() == 3


def test_quotes_that_come_late_and_hold_commas_and_lines(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"c{n},2024-01-31,1,x\n" for n in range(60_000))
    late = '"z1","2024-01-31","1","x"\nz2,2024-01-31,1,"Smith, John"\nz3,2024-01-31,1,"two\nlines"\n'
    Path("orders.csv").write_text("who,when,paid,note\n" + rows + late)
    counts = ingest(changed, {"path": "orders.csv"})
    assert (counts["read"], counts["rejected"]) == (60_003, 0)
    assert {"z1", "z2", "z3"} <= {row[0] for row in table()}


def test_file_names_with_brackets_and_columns_with_our_names(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("orders[1].csv").write_text("who,when,paid,source_file,rule,raw\na,2024-01-31,10.00,x,y,z\n")
    Path("orders1.csv").write_text("who,when,paid\nb,2024-02-01,-2.50\n")
    assert ingest(changed, {"path": "*.csv"})["accepted"] == 2
    assert table() == EXPECTED


def test_an_id_with_and_without_a_decimal_point_is_one_customer(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text(
        HEADER + "900,2024-01-31,1\n900.0,2024-01-31,2\n0900,2024-01-31,2\n9.00,2024-01-31,2\n"
    )
    ingest(changed, {"path": "orders.csv"})
    assert sorted({row[0] for row in table()}) == ["0900", "9.00", "900"]


def test_lost_rows_are_not_called_duplicates(changed, tmp_path, monkeypatch):
    from pipeline.tables import loading

    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text(HEADER + "".join(f"c{n},2024-01-31,1\n" for n in range(100)))
    whole = loading._partition
    monkeypatch.setattr(loading, "_partition", lambda *args: whole(*args)[1:])
    with pytest.raises(
        BadData,
        match=r"counts do not add up: 100 rows read, 0 refused, \d\d good ones written or taken for repetitions",
    ):
        ingest(changed, {"path": "orders.csv"}, **{"storage.buckets": 4})


def test_the_fingerprint_knows_which_column_was_read(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text("who,when,paid,gross\na,2024-01-31,1,9\n")
    seen = set()
    for column in ("paid", "gross"):
        ingest(changed, {"path": "orders.csv", "columns": COLUMNS | {"amount": column}})
        seen.add(storage.read_json(paths.REPRO.ingest_report)["fingerprint"])
    assert len(seen) == 2


SAME = """
    | first                                  | second                              | same | why                                    |
    | a,2024-01-31T23:30:00Z,10.50           | a,2024-02-01 00:30:00+01:00,10.5    | yes  | one moment in two zones, one amount    |
    | a,2024-01-31 23:30:00,10               | a,2024-01-31T23:30:00.000Z,1e1      | yes  | the zone of the source, said           |
    | 900,2024-1-5,.5                        | 900.0,2024-01-05,+0.500             | yes  | a day and an id, written otherwise     |
    | a,2024-01-31T10:00:00Z,1               | a,2024-01-31T10:00:01Z,1            | no   | a second later                         |
    | a,2024-01-31,1.001                     | a,2024-01-31,1.002                  | no   | a tenth of a cent, though rounded away |
    | a,2024-01-31,1                         | A,2024-01-31,1                      | no   | another customer                       |
"""


@pytest.mark.parametrize("case", drawn(SAME), ids=lambda case: case["why"])
def test_what_makes_a_row_is_what_it_says_not_how_it_is_written(case, changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = set()
    for line in (case["first"], case["second"]):
        Path("orders.csv").write_text(f"{HEADER}{line}\n")
        ingest(changed, {"path": "orders.csv", "timezone": "UTC", "decimal": "."})
        seen.add(storage.read_json(paths.REPRO.ingest_report)["fingerprint"])
    assert len(seen) == (1 if case["same"] == "yes" else 2)
    for name in ("first", "second"):
        Path(f"{name}.csv").write_text(f"{HEADER}{case[name]}\n")
    counts = ingest(changed, {"path": "[fs]*.csv", "timezone": "UTC", "decimal": "."})
    assert (counts["accepted"], counts["duplicates"]) == ((1, 1) if case["same"] == "yes" else (2, 0))


def test_other_names_of_columns_and_other_dialects_are_the_same_data(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(GOOD)
    Path("b.csv").write_text("kunde;tag;betrag\nb;01.02.2024;-2,5\na;31.01.2024;10\n")
    ingest(changed, {"path": "a.csv"})
    first = storage.read_json(paths.REPRO.ingest_report)["fingerprint"]
    other = {
        "columns": {"customer_id": "kunde", "ts": "tag", "amount": "betrag"},
        "decimal": ",",
        "ts_format": "%d.%m.%Y",
    }
    ingest(changed, {"path": "b.csv", **other})
    assert storage.read_json(paths.REPRO.ingest_report)["fingerprint"] == first


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
        "a,2024-01-31 10:00,10.00",
        "a,2024-01-31 10:00,10.00",  # the same moment again: counted once
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
    assert (counts["accepted"], counts["duplicates"], counts["rejected"]) == (3, 1, 8)
    kept = pl.read_parquet("data/rejected/transactions.parquet")
    assert dict(kept.group_by("rule").len().sort("rule").rows()) == counts["rejected_by_rule"] == {
        "amount is missing": 2,
        "amount is not an amount": 1,
        "customer_id is missing": 1,
        "line has too many columns": 1,
        "ts is missing": 1,
        "ts is no year": 1,
        "ts is not a date": 1,
    }  # fmt: skip
    soon = kept.filter(pl.col("rule") == "ts is not a date").row(0, named=True)
    assert soon["source_file"] == "orders.csv"
    assert '"soon"' in soon["row"]
    unread = kept.filter(pl.col("day").is_null())["rule"].unique().sort().to_list()
    assert unread == ["line has too many columns", "ts is missing", "ts is not a date"]


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


def test_rows_without_an_id_that_differ_in_an_unmapped_column_are_two_rows(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text("who,when,paid,line\n" + "".join(f"a,2024-01-31T10:00,1,{n}\n" for n in (1, 2, 2)))
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
    run_stage(s1_ingest, settings)
    assert paths.REPRO.tables.joinpath("events").is_dir()
    fewer = settings.sources.model_copy(update={"events": None})
    s1_ingest.run(s1_ingest.Settings(settings.data, fewer, settings.coherence, settings.storage))
    assert not paths.REPRO.tables.joinpath("events").exists()
    assert "events" in storage.read_json(paths.REPRO.ingest_report)["absent"]
