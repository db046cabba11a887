"""Tables of real databases: the same as from files, read only, bounded in time and memory, and no secret told."""

import os
import re
import sqlite3
import sys
import time
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline import sql as engine_sql
from pipeline.config import params, paths
from pipeline.config.errors import BadData, BadParams
from pipeline.sources import databases, open_source
from pipeline.tables import storage
from tests.sources.conftest import COLUMNS, sql, tables

# One row each: customer, order, moment, amount, a truth, a text; as a file holds them.
ROWS = [
    ("900", "1", "2024-01-31T23:30:00+01:00", "10.50", "yes", "b r"),
    ("900", "2", "2024-01-31T22:30:00Z", "1234567.891", "no", "é'\""),
    ("7", "3", "2024-02-01 00:30:00+02", "-2.50", "", ""),
    ("7", "3", "2024-02-01 00:30:00+02", "-2.50", "", ""),
    ("7", "3", "2024-02-01 00:31:00+02", "-2.50", "", ""),
    ("-8", "4", "2024-07-01T00:00:00.123Z", "0", "true", "x y"),
]
NAMES = ("who", "id", "at", "paid", "gift", "kind")
MAPPED = {
    "transactions": COLUMNS | {"transaction_id": "id", "category": "kind"},
    "contacts": {"customer_id": "who", "ts": "at", "has_value": "gift", "purpose": "kind"},
}


def from_csv(folder: Path) -> dict:
    lines = [NAMES, *ROWS]
    text = "".join(";".join('"' + value.replace('"', '""') + '"' for value in row) + "\n" for row in lines)
    (folder / "orders.csv").write_text(text, encoding="utf-8")
    return {name: {"path": "orders.csv", "delimiter": ";", "columns": columns} for name, columns in MAPPED.items()}


def fill_sqlite(file: Path) -> None:
    """As SQLite would hold them: whole and broken numbers, truths as 0 and 1, moments as texts."""
    truth = {"yes": 1, "true": 1, "no": 0, "": None}
    rows = [(int(r[0]), int(r[1]), r[2], float(r[3]), truth[r[4]], r[5] or None) for r in ROWS]
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("CREATE TABLE orders (who INTEGER, id INTEGER, at TEXT, paid REAL, gift, kind TEXT)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.close()


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if text else "NULL"


def fill_postgres(run) -> None:
    """As PostgreSQL would: each column of its own type."""
    rows = ", ".join(f"({', '.join(quoted(value) for value in row)})" for row in ROWS)
    run(
        "CREATE TABLE orders (who bigint, id int, at timestamptz, paid numeric(14,3), gift boolean, kind text)",
        f"INSERT INTO orders SELECT a::bigint, b::int, c::timestamptz, d::numeric, e::boolean, f FROM (VALUES {rows}) AS v (a, b, c, d, e, f)",
    )


def from_database(order: str) -> dict:
    query = f"SELECT * FROM orders ORDER BY {order};"
    return {name: {"sql": query, "url_env": "SHOP_DB", "columns": columns} for name, columns in MAPPED.items()}


@pytest.mark.parametrize("zone", ["UTC", "Europe/Oslo", "America/New_York"])
def test_files_sqlite_and_postgresql_give_the_same_tables(zone, ingest, postgres, tmp_path, monkeypatch):
    fill_sqlite(tmp_path / "shop.db")
    fill_postgres(postgres)
    found = []
    for sources, url in (
        (from_csv(tmp_path), None),
        (from_database("paid"), None),
        (from_database("at"), "sqlite:///shop.db"),
    ):
        if url:
            monkeypatch.setenv("SHOP_DB", url)
        report = ingest(sources, **{"data.timezone": zone})
        found.append((tables(), report["tables"], report["fingerprint"]))
    assert found[0] == found[1] == found[2]
    counts = found[0][1]["transactions"]
    # Two equal lines of an order are two pieces, in a company whose orders have lines.
    assert (counts["read"], counts["accepted"], counts["duplicates"]) == (6, 6, 0)


def stored(*columns: str) -> list[tuple]:
    return sorted(storage.read_buckets(paths.REPRO.tables / "transactions", list(columns)).rows(), key=str)


def test_postgresql_types_keep_what_they_say(ingest, postgres):
    postgres(
        "CREATE TABLE orders (who uuid, at timestamp, paid numeric, weight float8, id bigint, day date, gone text)",
        "INSERT INTO orders VALUES ('6e3f8a0e-0000-4000-8000-000000000001', '2024-01-31 23:30', 9007199254740.93, "
        "0.1, 9007199254740993, '2024-02-29', NULL)",
    )
    mapped = COLUMNS | {"quantity": "weight", "transaction_id": "id", "category": "gone"}
    ingest(sql(columns=mapped, timezone="UTC"), **{"data.timezone": "Europe/Oslo"})
    assert stored("customer_id", "day", "amount_minor", "transaction_id", "category") == [
        ("6e3f8a0e-0000-4000-8000-000000000001", date(2024, 2, 1), 900719925474093, "9007199254740993", None)
    ], "no digit lost, half past eleven at night in UTC is the next day in Oslo"
    ingest(sql(columns=mapped, timezone="Europe/Oslo"), **{"data.timezone": "Europe/Oslo"})
    assert stored("day") == [(date(2024, 1, 31),)]
    ingest(sql(columns=mapped | {"ts": "day"}, timezone="UTC"), **{"data.timezone": "America/New_York"})
    assert stored("day") == [(date(2024, 2, 29),)], "a date is a business day already"


def test_values_do_not_depend_on_how_the_server_is_set_up(ingest, postgres, server, monkeypatch):
    postgres(
        "CREATE DATABASE old ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
        "ALTER DATABASE old SET DateStyle = 'German'",
        "ALTER DATABASE old SET TimeZone = 'Asia/Tokyo'",
    )
    monkeypatch.setenv("SHOP_DB", server.replace("/postgres?", "/old?"))
    query = "SELECT 'né' AS who, timestamptz '2024-01-31 23:30:00Z' AS at, 1.5 AS paid"
    ingest(sql(query))
    assert stored("customer_id", "day", "amount_minor") == [("né", date(2024, 1, 31), 150)]
    monkeypatch.setenv("SHOP_DB", server)
    postgres("DROP DATABASE old")


def test_refused_rows_of_a_database_are_kept_too(ingest, postgres):
    postgres("CREATE TABLE orders (who text, at text, paid text)",
             "INSERT INTO orders VALUES ('a', '2024-01-31', '1'), ('b', 'soon', '1'), ('infinity', '2024-01-31', 'NaN')")  # fmt: skip
    counts = ingest(sql(), **{"data.max_rejected_share": 0.9})["tables"]["transactions"]
    assert counts["rejected_by_rule"] == {"amount is missing": 1, "ts is not a date": 1}
    kept = pq.read_table("data/rejected/transactions.parquet").to_pylist()
    assert {row["source_file"] for row in kept} == {"SHOP_DB"}
    with pytest.raises(BadData, match=r"^sources\.transactions: 2 of 3 rows refused"):
        ingest(sql())


WRITES = {
    "delete": "DELETE FROM orders",
    "delete that gives rows": "DELETE FROM orders RETURNING *",
    "delete inside a query": "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
    "a function that writes": "SELECT who, at, paid FROM forget()",
    "a new table": "CREATE TABLE more (a int)",
    "back to writing": "SELECT set_config('transaction_read_only', 'off', false)",
    "two statements": "SELECT 1; DELETE FROM orders",
    "out of the parentheses": "SELECT 1) AS a; DELETE FROM orders; SELECT (1",
}


@pytest.mark.parametrize("case", WRITES)
def test_postgresql_refuses_to_write(case, ingest, postgres):
    postgres(
        "CREATE TABLE orders (who text, at text, paid text)",
        "INSERT INTO orders VALUES ('a', '2024-01-31', '1')",
        "CREATE FUNCTION forget() RETURNS SETOF orders LANGUAGE sql AS 'DELETE FROM orders RETURNING *'",
    )
    with pytest.raises(BadData) as refused:
        ingest(sql(WRITES[case]))
    assert str(refused.value).startswith("sources.transactions.sql: ")
    assert "\n" not in str(refused.value)
    if case not in {"two statements", "out of the parentheses", "back to writing"}:
        assert "may only read, and the database refused: cannot execute" in str(refused.value)
        assert str(refused.value).endswith("; write a SELECT")
    assert ingest(sql())["tables"]["transactions"]["accepted"] == 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("DELETE FROM orders", "may only read, and the database refused: attempt to write a readonly database"),
        ("DELETE FROM orders RETURNING *", "attempt to write a readonly database"),
        ("ATTACH 'more.db' AS more", "may only read, and the database refused: not authorized"),
        ("SELECT 1; DELETE FROM orders", "one statement at a time"),
        ("PRAGMA table_info(orders)", "syntax error"),
    ],
)
def test_sqlite_refuses_to_write(query, said, ingest, tmp_path, monkeypatch):
    fill_sqlite(tmp_path / "shop.db")
    monkeypatch.setenv("SHOP_DB", f"sqlite:///{tmp_path / 'shop.db'}")
    before = (tmp_path / "shop.db").read_bytes()
    with pytest.raises(BadData) as refused:
        ingest(sql(query))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert (tmp_path / "shop.db").read_bytes() == before
    assert not (tmp_path / "more.db").exists()


SLOW = {
    "postgresql": "SELECT pg_sleep(60)::text AS who, '' AS at, '' AS paid",
    "postgresql, after the first rows": (
        "SELECT n::text AS who, '2024-01-31' AS at, '1' AS paid FROM generate_series(1, 20) n "
        "UNION ALL SELECT pg_sleep(60)::text, '2024-01-31', '1'"
    ),
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) AS who, 1 AS at, 1 AS paid FROM n",
    "sqlite, after the first rows": (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
        "SELECT x AS who, 1 AS at, 1 AS paid FROM n WHERE x < 3000 OR x = -1"
    ),
}


@pytest.mark.parametrize("case", SLOW)
def test_a_query_that_takes_too_long_is_ended(case, ingest, postgres, tmp_path, monkeypatch):
    if case.startswith("sqlite"):
        fill_sqlite(tmp_path / "shop.db")
        monkeypatch.setenv("SHOP_DB", f"sqlite:///{tmp_path / 'shop.db'}")
    started = time.monotonic()
    with pytest.raises(BadData) as refused:
        ingest(sql(SLOW[case], timeout_seconds=1))
    assert time.monotonic() - started < 5
    assert str(refused.value) == (
        "sources.transactions: the query took longer than 1 seconds; make it lighter, or raise "
        "sources.transactions.timeout_seconds"
    )
    assert not Path("data/.staging").exists()


@pytest.mark.parametrize(
    ("url", "query", "kind", "message"),
    [
        (None, "", BadParams, "sources.transactions.url_env: the environment variable SHOP_DB is not set; set it to"),
        (" ", "", BadParams, "the environment variable SHOP_DB is not set"),
        ("mysql://ann:s3cret@host/shop", "", BadParams, "SHOP_DB holds a URL of mysql; it must begin with postgresql://"),
        ("shop.db s3cret", "", BadParams, "SHOP_DB holds no URL; it must begin with postgresql:// or sqlite:///"),
        ("sqlite:///none.db", "", BadData, "SHOP_DB: the database cannot be opened: there is no file none.db; correct"),
        ("postgresql://ann:s3cret@127.0.0.1:1/shop", "", BadData, "Connection refused Is the server running"),
        ("postgresql://ann:s3cret%@127.0.0.1:1/shop", "", BadData, 'invalid percent-encoded token: "***"; correct the URL'),
        ("postgresql://ann@/shop?password=s3cret&pasword=s3cret", "", BadData, 'invalid URI query parameter: "pasword"'),
        ("here", "SELECT * FROM nowhere", BadData, 'sources.transactions.sql: the database refused the query: relation "nowhere" does not exist; correct it'),
        ("here", "SELEC 1", BadData, 'the database refused the query: syntax error at or near "SELEC"'),
        ("here", "SELECT 1 / 0 AS who, 1 AS at, 1 AS paid", BadData, "refused the query: division by zero; correct it"),
        ("here", "SELECT 1 AS who, 2 AS \"Who\", 3 AS paid, 4 AS at", BadData, "sources.transactions.sql: gives two columns called Who; tell them apart with AS"),
        ("here", "SELECT 1 AS who, 2 AS at", BadData, "the database of SHOP_DB: has no column paid; found who, at; correct `columns`"),
        ("here", "SELECT '1' AS who, '1' AS at, '1' AS paid WHERE false", BadData, "the database of SHOP_DB has no rows"),
        ("here", "SET TimeZone = 'UTC'", BadData, "it gives no columns; write a SELECT"),
        ("file", "SELECT * FROM orders", BadData, "SHOP_DB: the database cannot be opened: file is not a database"),
        ("sqlite", "SELECT * FROM nowhere", BadData, "refused the query: no such table: nowhere"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told_in_one_line_without_the_password(
    url, query, kind, message, ingest, postgres, server, tmp_path, monkeypatch, capfd
):
    if url is None:
        monkeypatch.delenv("SHOP_DB")
    elif url == "file":
        (tmp_path / "shop.db").write_text("who,at,paid\n" * 100)
        monkeypatch.setenv("SHOP_DB", "sqlite:///shop.db")
    elif url == "sqlite":
        fill_sqlite(tmp_path / "shop.db")
        monkeypatch.setenv("SHOP_DB", "sqlite:///shop.db")
    elif url != "here":
        monkeypatch.setenv("SHOP_DB", url)
    with pytest.raises(kind) as refused:
        ingest(sql(query))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None, "a traceback would tell the URL"
    printed = capfd.readouterr()
    written = "".join(file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file())
    assert "s3cret" not in str(refused.value) + printed.out + printed.err + written


def test_a_missing_driver_is_named_with_what_to_install(ingest, monkeypatch):
    monkeypatch.setenv("SHOP_DB", "postgresql://host/shop")
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    with pytest.raises(
        BadParams, match=r"needs adbc_driver_postgresql; install it: pip install 'churn-pipeline\[sql\]'"
    ):
        ingest(sql())


def test_looking_at_the_columns_runs_no_query(postgres, changed):
    settings = changed(**{"sources": sql("SELECT pg_sleep(60)::text AS who, '' AS at, '' AS paid")})
    with engine_sql.connect(1, 1.0) as engine:
        raw = open_source(engine, "transactions", settings.sources.transactions)
        assert engine.execute(raw.query).fetchall() == []
    assert list(raw.types) == ["who", "at", "paid", "__source_file__"]
    assert raw.description == "the database of SHOP_DB"


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_rows_come_in_batches_and_are_told_in_the_log(kind, postgres, changed, tmp_path, monkeypatch, capsys):
    text, series = "'" + "x" * 100 + "'", "generate_series(1, 50000) n"
    if kind == "sqlite":
        fill_sqlite(tmp_path / "shop.db")
        monkeypatch.setenv("SHOP_DB", f"sqlite:///{tmp_path / 'shop.db'}")
        series = "(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 50000) SELECT n FROM n) n"
    query = f"SELECT n AS who, {text} AS at, 1 AS paid FROM {series}"
    source = changed(**{"sources": sql(query, batch_mb=1)}).sources.transactions
    monkeypatch.setattr("pipeline.progress.SECONDS_BETWEEN_LINES", 0)
    databases.fetch("transactions", source, tmp_path / "fetched.parquet")
    found = pq.ParquetFile(tmp_path / "fetched.parquet")
    assert found.metadata.num_rows == 50_000
    assert 5 <= found.metadata.num_row_groups <= 8, "5.4 MB in batches of 1"
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == found.metadata.num_row_groups + 1
    assert re.fullmatch(r"sources\.transactions: [\d,]+ rows read so far", lines[0])
    assert lines[-1] == "sources.transactions: 50,000 rows read"


def test_on_a_terminal_there_is_a_bar(postgres, changed, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    source = changed(**{"sources": sql("SELECT 1 AS who, 2 AS at, 3 AS paid")}).sources.transactions
    databases.fetch("transactions", source, tmp_path / "fetched.parquet")
    said = capsys.readouterr().err
    assert "sources.transactions: " in said
    assert "\r" in said
    assert "rows read\n" not in said


def test_sqlite_keeps_whatever_a_column_holds(ingest, tmp_path, monkeypatch):
    """A column of SQLite may hold anything in any row, also thousands of rows after the first."""
    connection = sqlite3.connect(tmp_path / "shop.db")
    with connection:
        connection.execute("CREATE TABLE orders (who, at, paid)")
        connection.executemany("INSERT INTO orders VALUES (?, '2024-01-31', ?)", [(n, n) for n in range(5000)])
        connection.execute("INSERT INTO orders VALUES ('late', '2024-01-31', 0.1), (x'00ff', '2024-01-31', '2.50')")
    connection.close()
    monkeypatch.setenv("SHOP_DB", "sqlite:///shop.db")
    counts = ingest(sql())["tables"]["transactions"]
    assert (counts["read"], counts["accepted"]) == (5002, 5002)
    assert {("late", 10), ("00ff", 250)} <= set(stored("customer_id", "amount_minor"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"sql": "SELECT 1"}, "`sql` and `url_env`, the environment variable with the database's URL, go together"),
        ({"path": "a.csv", "url_env": "SHOP_DB"}, "`sql` and `url_env`"),
        ({"sql": "SELECT 1", "url_env": "SHOP_DB", "path": "a.csv"}, "needs exactly one of `path`, `sample` and `sql`"),
        ({}, "needs exactly one of `path`, `sample` and `sql`"),
        ({"path": "a.csv", "timeout_seconds": 5}, "`timeout_seconds` is for `sql` only; remove it"),
        ({"sql": "SELECT 1", "url_env": "SHOP_DB", "decimal": ","}, "`decimal` is for CSV files only; remove it"),
        ({"sql": "SELECT 1", "url_env": "postgresql://ann:s3cret@host/shop"}, "url_env: string should match pattern"),
    ],
)
def test_a_source_is_of_one_kind(source, message, changed):
    with pytest.raises(params.BadParams) as refused:
        changed(**{"sources": {"transactions": {"columns": COLUMNS, **source}}})
    assert message in str(refused.value)


def test_the_environment_is_read_when_it_is_needed():
    assert "SHOP_DB" not in os.environ
