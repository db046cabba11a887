"""A raw source into the buckets of a canonical table, in a stream: memory does not grow with the source."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipeline import progress, sql
from pipeline.config.errors import BadData
from pipeline.config.params import Data, Source
from pipeline.sources import Raw, files
from pipeline.sources.converted import stable
from pipeline.tables import intake, repeats, rounded_ids, storage
from pipeline.tables.buckets import key_range
from pipeline.tables.counts import Apart, Written
from pipeline.tables.forgotten import Forgotten
from pipeline.tables.ingest_cache import IngestCache, Read
from pipeline.tables.repeats import Policy
from pipeline.tables.schemas import Table

HASHES = ("row_low", "row_high")
NOT_STORED = {*HASHES, "row_rest", "has_id", "is_timed", "marks", "rounded", "rule", "raw", "__source_file__"}
# Rows of a part of a file as it was read, of which a bucket reads those that hold its keys; the least that pays.
READ_AT_ONCE = 20_480
# The numbers of a row's copies; of nearly all rows there is one.
EACH_COPY = "CASE WHEN copies = 1 THEN [1] ELSE range(1, copies + 1) END"


@dataclass(frozen=True)
class Staged:
    """A judged source on disk, not yet spread over buckets."""

    files: list[Path]
    read: int
    description: str
    apart: Apart

    @property
    def good(self) -> str:
        """The rows that broke no rule, as a table expression."""
        return f"(SELECT * FROM {sql.parquet(self.files)} WHERE rule IS NULL)"


@dataclass(frozen=True)
class Place:
    """Where what is read lies: for this run only, and for runs to come; and whose rows do not get there."""

    folder: Path
    cache: IngestCache
    forgotten: Forgotten


def stage(
    engine: duckdb.DuckDBPyConnection, table: Table, source: Source, raw: Raw, data: Data, place: Place
) -> Staged:
    """Read the source, judge every row and write it down; a file that was read before is not read again.

    Raises
    ------
    BadData
        The source cannot be read to its end.
    """
    where = f"sources.{table.name}: {raw.description}"
    parts, read = raw.parts(engine), list[Read]()
    for number, part in enumerate(progress.tracked(parts, where, "file", len(parts))):
        judged = intake.validated_query(table, source, part.query, raw.types, data, place.forgotten)
        # So that a bucket, which is a range of keys, is read without the rest of the file.
        query = f"{judged} ORDER BY customer_key"
        key = place.cache.key(part.file, stable(query))
        rows = place.cache.find(key) if key else None
        if rows is None:
            rows = _read(engine, query, place.folder / f"{table.name}-{number:05d}.parquet", where)
            # A file that was written to meanwhile is not the one whose content was looked at.
            rows = place.cache.keep(key, rows) if key and key == place.cache.key(part.file, stable(query)) else rows
        read.append(rows)
    malformed = [line for one in read for line in one.malformed]
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE malformed (source_file VARCHAR, line BIGINT, rule VARCHAR, row VARCHAR)"
    )
    if malformed:
        engine.executemany("INSERT INTO malformed VALUES (?, ?, ?, ?)", malformed)
    count = sum(one.rows for one in read) + len(malformed)
    listed = rounded_ids.refuse(engine, table, [one.file for one in read], place.folder)
    return Staged(
        listed,
        count,
        raw.description,
        _apart(engine, table, listed) if source.where or data.anonymous == "drop" else Apart(),
    )


def _apart(engine: duckdb.DuckDBPyConnection, table: Table, listed: list[Path]) -> Apart:
    """How many rows do not count, by the `where` of the source or because nobody knows whose they are."""
    money = "sum(amount_minor) FILTER (rule = $2)" if table.name == "transactions" else "0"
    query = f"SELECT count(*) FILTER (rule = $1), count(*) FILTER (rule = $2), {money} FROM {sql.parquet(listed)}"
    counted = engine.execute(query, [intake.LEFT_OUT, intake.ANONYMOUS]).fetchone() or ()
    return Apart(*(int(number or 0) for number in counted))


def _read(engine: duckdb.DuckDBPyConnection, query: str, file: Path, where: str) -> Read:
    try:
        rows = storage.copy_to(engine, query, file, READ_AT_ONCE)
    except duckdb.Error as error:
        raise files.unreadable(error, where) from None
    return Read(file, rows, files.structural_rejects(engine, where))


def keep_rejected(engine: duckdb.DuckDBPyConnection, table: Table, staged: Staged, file: Path) -> dict[str, int]:
    """Write every refused row with the rule it broke and its day, where that can be read, and count them by rule."""
    source = sql.parquet(staged.files)
    day = sql.name(table.sort_day) if table.sort_day else "CAST(NULL AS DATE)"
    query = f"""
        SELECT rule, parse_filename(__source_file__) AS source_file, raw AS row, {day} AS day
        FROM {source} WHERE rule NOT IN {intake.NO_RULE}
        UNION ALL
        SELECT 'line has ' || rule, parse_filename(source_file), row, NULL FROM malformed
        ORDER BY ALL"""
    with storage.replacing(file) as partial:
        storage.copy_to(engine, query, partial)
        counted = f"SELECT rule, count(*) FROM {sql.parquet([partial])} GROUP BY rule ORDER BY rule"
        return {rule: int(count) for rule, count in engine.execute(counted).fetchall()}


def spread(
    engine: duckdb.DuckDBPyConnection, table: Table, staged: Staged, folder: Path, buckets: int, policy: Policy
) -> Written:
    """Write the good rows, each as often as it counts, as one sorted file per bucket, and say what was written."""
    source = sql.parquet(staged.files)
    described = [row[0] for row in engine.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    columns = [column for column in described if column not in NOT_STORED]
    listed = ", ".join(_numbered(column) for column in columns if column != "customer_key")
    order = ", ".join(filter(None, ["customer_key", table.sort_day and sql.name(table.sort_day), *HASHES, "copy"]))
    totals: list[list[int]] = []
    with storage.new_folder(folder) as partial:
        parts = _partition(source, buckets)
        for bucket, part in enumerate(parts):
            kept = repeats.kept_rows(policy, part, [*columns, "has_id"])
            each = "1 AS copy" if policy.copies == "once" or policy.keeps_all else f"unnest({EACH_COPY}) AS copy"
            query = f"SELECT customer_key, {listed} FROM (SELECT *, {each} FROM ({kept})) ORDER BY {order}"
            rows = storage.copy_to(engine, query, storage.bucket_file(partial, bucket))
            money = _money_in(storage.bucket_file(partial, bucket)) if "amount_minor" in columns else None
            ends = _open_ends(table, part, policy) if "end_day" in columns else "0"
            totals.append([rows, *_totals(engine, policy, part, money, ends)])
    sums = [sum(total) for total in zip(*totals, strict=True)]
    if sums[0] != sums[2]:
        raise BadData(f"sources.{table.name}: the counts do not add up: {sums[0]} rows written, {sums[2]} count")
    return _written(sums[1:])


def repetitions(engine: duckdb.DuckDBPyConnection, table: Table, staged: Staged, policy: Policy) -> Written:
    """What `spread` would write, without writing it."""
    good = staged.good
    has_money = any(column.stored == "amount_minor" for column in table.columns)
    kept = repeats.kept_rows(policy, good, ["amount_minor"]) if has_money else ""
    money = f"SELECT sum(amount_minor::HUGEINT * copies) FROM ({kept})" if has_money else None
    described = {row[0] for row in engine.execute(f"DESCRIBE SELECT * FROM {good}").fetchall()}
    ends = _open_ends(table, good, policy) if "end_day" in described else "0"
    return _written(_totals(engine, policy, good, money, ends))


def _open_ends(table: Table, part: str, policy: Policy) -> str:
    """How many of the contracts that count have no end, however that is written."""
    if table.name != "subscriptions":
        return "0"
    return f"(SELECT sum(copies) FROM ({repeats.kept_rows(policy, part, ['end_day'])}) WHERE end_day IS NULL)"


def _money_in(file: Path) -> str:
    """The sum of what was written, which costs nothing to read back."""
    return f"SELECT sum(amount_minor) FROM {sql.parquet([file])}"


def _written(totals: list[int]) -> Written:
    good, rows, minor, low, high, older, open_ends = totals
    return Written(good, rows, older, minor, f"{high % 2**64:016x}{low % 2**64:016x}-{rows}", open_ends)


def _numbered(column: str) -> str:
    """A column as it is written: two orders without an id that are equal are two orders."""
    if column != "transaction_id":
        return sql.name(column)
    return "CASE WHEN has_id OR copy = 1 THEN transaction_id ELSE transaction_id || '-' || copy END AS transaction_id"


def _totals(
    engine: duckdb.DuckDBPyConnection, policy: Policy, part: str, money: str | None, open_ends: str
) -> list[int]:
    """Good rows, how many count, the money in the others, the two sums of hashes, older versions, and open ends.

    `money` is a query of the money in the rows that count, None where rows hold none; `open_ends` one of a number.
    """
    kept = repeats.kept_rows(policy, part, [])
    gone = f"sum(amount_minor) - ({money})" if money else "0"
    older = f"(SELECT count(*) FROM ({repeats.latest_versions(policy, part)}))" if policy.key else "good.rows"
    hashes = ", ".join(f"sum({name}::HUGEINT * copies) AS {name}" for name in HASHES)
    row = engine.execute(f"""
        SELECT good.rows, kept.rows, good.money, row_low, row_high, good.rows - {older}, {open_ends}
        FROM (SELECT count(*) AS rows, {gone} AS money FROM {part}) good,
            (SELECT sum(copies) AS rows, {hashes} FROM ({kept})) kept""").fetchone()
    return [int(value or 0) for value in row or ()]


def first_and_last_day(folder: Path) -> tuple[str, str]:
    """The first and the last day on which anything happened in a table, in ISO form."""
    extremes = [storage.extremes(file, "day") for file in storage.bucket_files(folder)]
    days = [day for ends in extremes for day in ends if day is not None]
    return str(min(days)), str(max(days))


def amounts_vary(folder: Path) -> bool:
    """Whether orders have different amounts; a company without money in its data has one and the same in all."""
    rows = storage.scan_buckets(folder, ["amount_minor"]).filter(pl.col("amount_minor") > 0)
    low, high = rows.select(low=pl.col("amount_minor").min(), high=pl.col("amount_minor").max()).collect().row(0)
    return bool(low != high)


def _partition(source: str, number: int) -> list[str]:
    """The good rows of each bucket, as table expressions."""
    good = f"SELECT * EXCLUDE (is_timed, marks, rounded, rule, raw) FROM {source} WHERE rule IS NULL"
    if number == 1:
        return [f"({good})"]
    ranges = [key_range(bucket, number) for bucket in range(number)]
    return [f"({good} AND customer_key BETWEEN {first} AND {last})" for first, last in ranges]
