"""CSV and Parquet files, or globs of them, as a query that streams; what is wrong with them in one line."""

import glob
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline import sql
from pipeline.errors import BadData
from pipeline.params import Source
from pipeline.sources import samples

# A name of our own, for a source may well have a column called source_file.
FILE_COLUMN = "__source_file__"
CSV_ENDINGS = {".csv", ".tsv", ".txt", ".gz"}


@dataclass(frozen=True)
class Raw:
    """A source, opened.

    Attributes
    ----------
    query
        Reads the source; has all of its columns and ``__source_file__``.
    types
        Engine type of each column.
    words
        What to call it in a message.
    """

    query: str
    types: dict[str, str]
    words: str


def open_source(engine: duckdb.DuckDBPyConnection, table: str, source: Source) -> Raw:
    """Find a source and see what columns it has, without reading it.

    Raises
    ------
    BadData
        It is not there, is empty, cannot be read, or lacks a mapped column.
    """
    where = f"sources.{table}"
    if source.sample is not None:
        query, words = samples.query(source.sample, table), f"sample {source.sample}"
    else:
        assert source.path is not None, "params refuse a source without a place"
        files = _files(source.path, where)
        query, words = _query_of(files, source, where), source.path
    types = _guarded(lambda: _types(engine, query), f"{where}: {words}")
    _check_columns(types, source, f"{where}: {words}")
    return Raw(query, types, words)


def _files(pattern: str, where: str) -> list[Path]:
    if Path(pattern).is_dir():
        raise BadData(f"{where}: {pattern} is a folder; write the files in it, such as {pattern.rstrip('/')}/*.csv")
    files = [Path(found) for found in sorted(glob.glob(pattern, recursive=True)) if Path(found).is_file()]  # noqa: PTH207 - the pattern may be absolute
    if not files:
        raise BadData(f"{where}: no file matches {pattern}; correct the path in params.yaml")
    for file in files:
        if file.stat().st_size == 0:
            raise BadData(f"{where}: {file} is empty (0 bytes); export it again or remove it")
    return files


def _query_of(files: list[Path], source: Source, where: str) -> str:
    endings = {file.suffix.lower() for file in files}
    if endings == {".parquet"}:
        names = ", ".join(_exactly(file) for file in files)
        return f"SELECT * FROM read_parquet([{names}], union_by_name = true, filename = '{FILE_COLUMN}')"
    if endings <= CSV_ENDINGS:
        # File by file, since the engine keeps malformed lines only where it does not unite columns itself.
        options = ", ".join(_csv_options(source))
        return " UNION ALL BY NAME ".join(f"SELECT * FROM read_csv({_exactly(f)}, {options})" for f in files)
    raise BadData(f"{where}: found {', '.join(sorted(endings))}; write CSV or Parquet files, and not both at once")


def _exactly(file: Path) -> str:
    """The file's name for the engine, which would else take brackets and stars in it for a pattern."""
    return sql.text(glob.escape(str(file)))


def _csv_options(source: Source) -> list[str]:
    """Everything is read as text: the intake judges each value, so no row is lost to a guess of its type."""
    options = [
        "all_varchar = true",
        f"header = {str(source.header).lower()}",
        f"filename = '{FILE_COLUMN}'",
        # Said, not guessed: a quoted field may come long after the rows a guess would look at.
        "quote = '\"'",
        "escape = '\"'",
        "store_rejects = true",
        "rejects_limit = 0",
        "max_line_size = 16777216",
    ]
    if source.delimiter is not None:
        options.append(f"delim = {sql.text(source.delimiter)}")
    if source.encoding is not None:
        options.append(f"encoding = {sql.text(source.encoding)}")
    return options


def _types(engine: duckdb.DuckDBPyConnection, query: str) -> dict[str, str]:
    return {row[0]: row[1] for row in engine.execute(f"DESCRIBE {query}").fetchall()}


def _guarded(read: Callable[[], dict[str, str]], where: str) -> dict[str, str]:
    try:
        return read()
    except duckdb.Error as error:
        raise unreadable(error, where) from None


def unreadable(error: duckdb.Error, where: str) -> BadData:
    """The one line for a file the engine gives up on; a query it does not understand is our defect, not the file's."""
    if isinstance(error, duckdb.BinderException | duckdb.ParserException | duckdb.CatalogException):
        raise error
    said = sql.one_line(error)
    if "utf-8" in said.lower() or "unicode" in said.lower():
        return BadData(f"{where}: is not UTF-8; say how it is written, such as `encoding: latin-1`")
    if "parquet" in said.lower() or "magic" in said.lower() or "footer" in said.lower():
        return BadData(f"{where}: is no whole Parquet file ({said}); export it again")
    if "encoding" in said.lower():
        return BadData(f"{where}: {said}; write utf-8, utf-16 or latin-1")
    return BadData(f"{where}: cannot be read: {said}")


def _check_columns(types: dict[str, str], source: Source, where: str) -> None:
    found = [column for column in types if column != FILE_COLUMN]
    missing = [column for column in source.columns.values() if column not in types]
    if not missing:
        return
    hint = "correct `columns` in params.yaml"
    if len(found) == 1:
        other = next((mark for mark in ";\t|," if mark in found[0] and mark != source.delimiter), None)
        hint = f"the file is split in one column only; set `delimiter: {other!r}`" if other else hint
    raise BadData(f"{where}: has no column {', '.join(missing)}; found {', '.join(found)[:300]}; {hint}")


def structural_rejects(engine: duckdb.DuckDBPyConnection, where: str) -> list[tuple[str, int, str, str]]:
    """Lines the CSV reader could not split: file, line number, what is wrong, the line itself.

    Raises
    ------
    BadData
        A line is not in the encoding the file is read in: every accent in it would be lost.
    """
    tables = {row[0] for row in engine.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if "reject_errors" not in tables:
        return []
    rows = engine.execute(
        "SELECT DISTINCT ON (file_path, line) file_path, line, error_type, csv_line "
        "FROM reject_errors JOIN reject_scans USING (scan_id, file_id) ORDER BY file_path, line, error_type"
    ).fetchall()
    engine.execute("DELETE FROM reject_errors")
    for file, line, kind, _ in rows:
        if "ENCODING" in kind or "UNICODE" in kind:
            raise BadData(f"{where}: {file} is not UTF-8 (line {line}); say how it is written: `encoding: latin-1`")
    return [(file, line, kind.replace("_", " ").lower(), content) for file, line, kind, content in rows]
