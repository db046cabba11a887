"""A raw source into the buckets of a canonical table, in a stream: memory does not grow with the source."""

from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from pipeline import progress, sql
from pipeline.config.params import Data, Source
from pipeline.sources import Raw, files
from pipeline.tables import intake, numbers, storage
from pipeline.tables.forgotten import Forgotten
from pipeline.tables.ingest_cache import IngestCache, Read
from pipeline.tables.schemas import Table

HASHES = ("row_low", "row_high", "row_rest")


@dataclass(frozen=True)
class Counts:
    """What became of the rows of one source; ``read = accepted + duplicates + rejected``.

    ``rejected_minor`` is the money in refused transactions, in minor units, as far as it can be read.
    """

    read: int
    accepted: int
    duplicates: int
    rejected: int
    rejected_by_rule: dict[str, int]
    rejected_minor: int
    fingerprint: str

    def as_report(self) -> dict[str, object]:
        """The counts, for ``reports/ingest.json``."""
        return asdict(self)


@dataclass(frozen=True)
class Staged:
    """A judged source on disk, not yet spread over buckets."""

    files: list[Path]
    read: int
    description: str


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
        query = intake.validated_query(table, source, part.query, raw.types, data, place.forgotten)
        key = place.cache.key(part.file, query)
        rows = place.cache.find(key) if key else None
        if rows is None:
            rows = _read(engine, query, place.folder / f"{table.name}-{number:05d}.parquet", where)
            # A file that was written to meanwhile is not the one whose content was looked at.
            rows = place.cache.keep(key, rows) if key and key == place.cache.key(part.file, query) else rows
        read.append(rows)
    malformed = [line for one in read for line in one.malformed]
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE malformed (source_file VARCHAR, line BIGINT, rule VARCHAR, row VARCHAR)"
    )
    if malformed:
        engine.executemany("INSERT INTO malformed VALUES (?, ?, ?, ?)", malformed)
    count = sum(one.rows for one in read) + len(malformed)
    written = {c.name: source.columns[c.name] for c in table.columns
               if c.name in source.columns and numbers.are_read(c, source, raw.types)}  # fmt: skip
    rows_read = sql.parquet([one.file for one in read])
    numbers.refuse_if_open(engine, f"sources.{table.name}: {raw.description}", source, rows_read, (raw.query, written))
    return Staged([one.file for one in read], count, raw.description)


def _read(engine: duckdb.DuckDBPyConnection, query: str, file: Path, where: str) -> Read:
    try:
        rows = storage.copy_to(engine, query, file)
    except duckdb.Error as error:
        raise files.unreadable(error, where) from None
    return Read(file, rows, files.structural_rejects(engine, where))


def keep_rejected(engine: duckdb.DuckDBPyConnection, table: Table, staged: Staged, file: Path) -> dict[str, int]:
    """Write every refused row with the rule it broke and its day, where that can be read, and count them by rule."""
    source = sql.parquet(staged.files)
    day = sql.name(table.sort_day) if table.sort_day else "CAST(NULL AS DATE)"
    query = f"""
        SELECT rule, parse_filename(__source_file__) AS source_file, CAST(to_json(raw) AS VARCHAR) AS row, {day} AS day
        FROM {source} WHERE rule IS NOT NULL
        UNION ALL
        SELECT 'line has ' || rule, parse_filename(source_file), row, NULL FROM malformed
        ORDER BY ALL"""
    with storage.replacing(file) as partial:
        storage.copy_to(engine, query, partial)
        counted = f"SELECT rule, count(*) FROM {sql.parquet([partial])} GROUP BY rule ORDER BY rule"
        return {rule: int(count) for rule, count in engine.execute(counted).fetchall()}


@dataclass(frozen=True)
class Good:
    """The good rows of a source: how many, how many of them different, and what they are, whatever their order."""

    rows: int
    different: int
    fingerprint: str


def good_rows(engine: duckdb.DuckDBPyConnection, staged: Staged) -> Good:
    """Count the good rows and fingerprint them: the sum of the hashes of the different ones depends on no order."""
    rows = (
        "SELECT row_low, row_high, row_rest, count(*) AS times "
        f"FROM {sql.parquet(staged.files)} WHERE rule IS NULL GROUP BY ALL"
    )
    totals = engine.execute(f"SELECT sum(row_low), sum(row_high), count(*), sum(times) FROM ({rows})").fetchone()
    assert totals is not None, "an aggregate has one row"
    low, high = (int(total or 0) % 2**64 for total in totals[:2])
    return Good(int(totals[3] or 0), totals[2], f"{high:016x}{low:016x}-{totals[2]}")


def spread(engine: duckdb.DuckDBPyConnection, table: Table, staged: Staged, folder: Path, buckets: int) -> int:
    """Write the good rows, each exact duplicate once, as one sorted file per bucket, and say how many were written."""
    source = sql.parquet(staged.files)
    described = [row[0] for row in engine.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    columns = [column for column in described if column not in {*HASHES, "marks", "rule", "raw", "__source_file__"}]
    listed = ", ".join(sql.name(column) for column in ["customer_key", *columns] if column != "customer_key")
    order = ", ".join(filter(None, ["customer_key", table.sort_day and sql.name(table.sort_day), *HASHES]))
    accepted = 0
    with storage.new_folder(folder) as partial:
        parts = _partition(engine, source, folder.with_name(f".{folder.name}.parts"), buckets)
        for bucket, part in enumerate(parts):
            once = f"SELECT DISTINCT customer_key, {listed}, {', '.join(HASHES)} FROM {part}"
            query = f"SELECT customer_key, {listed} FROM ({once}) ORDER BY {order}"
            accepted += storage.copy_to(engine, query, storage.bucket_file(partial, bucket))
        storage.remove(folder.with_name(f".{folder.name}.parts"))
    return accepted


def first_and_last_day(folder: Path) -> tuple[str, str]:
    """The first and the last day on which anything happened in a table, in ISO form."""
    extremes = [storage.extremes(file, "day") for file in storage.bucket_files(folder)]
    days = [day for ends in extremes for day in ends if day is not None]
    return str(min(days)), str(max(days))


def _partition(engine: duckdb.DuckDBPyConnection, source: str, folder: Path, buckets: int) -> list[str]:
    good = f"SELECT * EXCLUDE (marks, rule, raw, __source_file__) FROM {source} WHERE rule IS NULL"
    if buckets == 1:
        return [f"({good})"]
    storage.remove(folder)
    engine.execute(
        f"COPY (SELECT *, customer_key % {buckets} AS bucket FROM ({good})) TO {sql.text(str(folder))} "
        "(FORMAT parquet, PARTITION_BY (bucket))"
    )
    empty = f"(SELECT * FROM ({good}) WHERE false)"
    return [
        sql.parquet(parts) if (parts := sorted((folder / f"bucket={bucket}").glob("*.parquet"))) else empty
        for bucket in range(buckets)
    ]
