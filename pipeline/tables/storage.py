"""Tables on disk: one Parquet file per bucket, written whole or not at all, checked on the way in and out."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq

from pipeline import sql
from pipeline.config.errors import BadData, PipelineError


def bucket_file(folder: Path, bucket: int) -> Path:
    """The file of one bucket of a table.

    >>> bucket_file(Path("data/tables/transactions"), 3).as_posix()
    'data/tables/transactions/bucket-00003.parquet'
    """
    return folder / f"bucket-{bucket:05d}.parquet"


def bucket_files(folder: Path) -> list[Path]:
    """All files of a table in bucket order; none where the table is absent."""
    return sorted(folder.glob("bucket-*.parquet"))


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path to write to that takes the place of `target` once the block ends well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    remove(partial)
    try:
        yield partial
        if target.is_dir():
            # A folder cannot be replaced in one step: the old one steps aside first, and comes back if the new cannot.
            aside = target.with_name(f".{target.name}.old")
            remove(aside)
            target.replace(aside)
            try:
                partial.replace(target)
            except OSError:
                aside.replace(target)
                raise
            remove(aside)
        else:
            if target.is_file():
                partial.chmod(target.stat().st_mode)  # who may read it was decided when it was first written
            partial.replace(target)
    finally:
        remove(partial)


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill that takes the place of `target` once the block ends well."""
    with replacing(target) as partial:
        partial.mkdir()
        yield partial


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """An empty folder for the block alone; what a killed run left there goes first."""
    remove(folder)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        remove(folder)


def copy_to(engine: duckdb.DuckDBPyConnection, query: str, file: Path, rows_at_once: int = 122_880) -> int:
    """Write the rows of a query, in its order, and say how many there were; so many of them can be read without others.

    The number is that of the engine where nothing is said.
    """
    how = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {rows_at_once}"
    engine.execute(f"COPY ({query}) TO {sql.text(str(file))} ({how})")
    counted = engine.execute(f"SELECT count(*) FROM {sql.parquet([file])}").fetchone()
    assert counted is not None, "a count has one row"
    return int(counted[0])


def write_parquet(frame: pl.DataFrame, file: Path) -> None:
    """Write one table; the same rows give the same bytes."""
    with replacing(file) as partial:
        frame.write_parquet(partial, compression="zstd", statistics=False)


@contextmanager
def parquet_in_parts(file: Path) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Write one table in parts, each a row group of its own; the block is given what writes a part."""
    writer: pq.ParquetWriter | None = None

    def write(part: pl.DataFrame) -> None:
        nonlocal writer
        table = part.to_arrow()
        writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=max(1, len(part)))

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


def read_parquet(file: Path, columns: list[str] | None = None) -> pl.DataFrame:
    """Read one table, or raise `BadData` saying which columns it lacks."""
    refuse_absent(file)
    with _undamaged(file):
        _refuse_missing(file, list(pl.read_parquet_schema(file)), columns)
        return pl.read_parquet(file, columns=columns)


def read_snapshot(file: Path, day: date) -> pl.DataFrame:
    """The examples of one snapshot in a bucket, by customer; rows of other snapshots are not read from disk."""
    refuse_absent(file)
    with _undamaged(file):
        return pl.scan_parquet(file).filter(pl.col("snapshot") == day).collect().sort("customer_key")


@contextmanager
def _undamaged(file: Path) -> Iterator[None]:
    """What polars raises of a damaged file does not say which one it is."""
    try:
        yield
    except pl.exceptions.ComputeError as error:
        raise BadData(f"{file}: is damaged ({error}); bring back a copy of it, or make it anew") from None


def refuse_absent(file: Path) -> None:
    """Raise `BadData` where a file that an earlier stage writes is not there."""
    if not file.is_file():
        raise BadData(f"{file}: not found; run the earlier stages first: dvc repro")


def _refuse_missing(file: Path, present: list[str], columns: list[str] | None) -> None:
    missing = [name for name in columns or [] if name not in present]
    if missing:
        raise BadData(f"{file}: has no column {', '.join(missing)}; found {', '.join(present)}")


def extremes(file: Path, column: str) -> tuple[Any, Any]:
    """The smallest and the largest value of a column, read in a stream; None and None where there is no row."""
    least, most = pl.col(column).min().alias("least"), pl.col(column).max().alias("most")
    with _undamaged(file):
        frame = pl.scan_parquet(file).select(least, most).collect()
    return frame.item(0, "least"), frame.item(0, "most")


def scan_buckets(folder: Path, columns: list[str] | None = None) -> pl.LazyFrame:
    """All buckets of a table, one under the other, of which only what is asked for later is read."""
    files = bucket_files(folder)
    if not files:
        raise BadData(f"{folder}: has no bucket; run the earlier stages first: dvc repro")
    for file in files:
        with _undamaged(file):
            _refuse_missing(file, list(pl.read_parquet_schema(file)), columns)
    rows = pl.scan_parquet(files)
    return rows.select(columns) if columns else rows


def read_buckets(folder: Path, columns: list[str] | None = None) -> pl.DataFrame:
    """Read all buckets of a table, one under the other."""
    return scan_buckets(folder, columns).collect()


def write_json(content: dict[str, Any], file: Path) -> None:
    """Write a report that people and scripts read; the same content gives the same bytes."""
    with replacing(file) as partial:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        partial.write_text(text + "\n", encoding="utf-8")


def read_json(file: Path, kind: type[PipelineError] = BadData) -> dict[str, Any]:
    """Read a report or a model part; one that is damaged is refused as `kind`, in one line."""
    refuse_absent(file)
    return parse_json(file.read_bytes(), str(file), kind)


def parse_json(text: str | bytes, where: str, kind: type[PipelineError] = BadData) -> dict[str, Any]:
    """The object that a text holds; one that is damaged is refused as `kind`, in one line that begins with `where`.

    Numbers that are none (``NaN``, ``Infinity``) are refused: nothing here writes them.
    """
    try:
        content = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise kind(f"{where}: is nested too deeply to be read; bring back a copy of it, or make it anew") from None
    except ValueError as error:
        raise kind(f"{where}: is damaged ({error}); bring back a copy of it, or make it anew") from None
    if not isinstance(content, dict):
        raise kind(f"{where}: holds no JSON object; bring back a copy of it, or make it anew")
    return content


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def digest(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def fingerprint(files: list[Path]) -> str:
    """SHA-256 of the files' content, in the order given."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()


def write_bytes(content: bytes, file: Path) -> None:
    """Write a picture whole."""
    with replacing(file) as partial:
        partial.write_bytes(content)


def write_text(content: str, file: Path) -> None:
    """Write a text whole."""
    with replacing(file) as partial:
        partial.write_text(content, encoding="utf-8")
