"""CSV and Parquet files, or globs of them, as a query that streams; what is wrong with them in one line."""

import glob

import duckdb

from pipeline import sql
from pipeline.config.errors import BadData
from pipeline.config.params import Source
from pipeline.sources import converted, encodings, places
from pipeline.sources.headers import uneven_header

# A name of our own, for a source may well have a column called source_file.
FILE_COLUMN = "__source_file__"
CSV_ENDINGS = {".csv", ".tsv", ".txt", ".gz"}


def queries(engine: duckdb.DuckDBPyConnection, source: Source, where: str) -> tuple[dict[str, str], str]:
    """The query that reads each file of a source, by file, and what to call them all in a message.

    Raises
    ------
    BadData
        They are not there, are empty, or neither CSV nor Parquet.
    """
    assert source.path is not None, "params refuse a source without a place"
    return _query_of_each(places.find(engine, source.path, where), source, where), places.words(source.path)


def _query_of_each(files: list[str], source: Source, where: str) -> dict[str, str]:
    endings = {places.ending(file) for file in files}
    if endings == {".parquet"}:
        return {f: f"SELECT * FROM read_parquet({_exactly(f)}, filename = '{FILE_COLUMN}')" for f in files}
    if endings <= CSV_ENDINGS | converted.CONVERTED:
        # File by file, since the engine keeps malformed lines only where it does not unite columns itself.
        return {f: _csv_query(f, source, where) for f in files}
    raise BadData(f"{where}: found {', '.join(sorted(endings))}; write CSV or Parquet files, and not both at once")


def _csv_query(file: str, source: Source, where: str) -> str:
    if source.encoding is not None and not encodings.is_known(source.encoding):
        raise BadData(f"{where}: nothing reads the encoding {source.encoding}; write utf-8, utf-16, latin-1 or cp1252")
    if places.is_remote(file):
        return f"SELECT * FROM read_csv({_exactly(file)}, {', '.join(_csv_options(source, source.encoding, None))})"
    if not converted.is_needed(file, source):
        names = uneven_header(file, source)
        return f"SELECT * FROM read_csv({_exactly(file)}, {', '.join(_csv_options(source, source.encoding, names))})"
    if converted.is_table(file):
        source = source.model_copy(update={"delimiter": ",", "quote": '"', "escape": None})
    copy = str(converted.convert(file, source, where))
    names = uneven_header(copy, source.model_copy(update={"encoding": None}))
    rows = f"read_csv({_exactly(copy)}, {', '.join(_csv_options(source, None, names))})"
    return f"SELECT * EXCLUDE ({FILE_COLUMN}), {sql.text(file)} AS {FILE_COLUMN} FROM {rows}"


def _exactly(file: str) -> str:
    """The file's name for the engine, which would else take brackets and stars in it for a pattern."""
    # The question mark of a web address is no pattern to anybody.
    return sql.text(file if file.startswith(("http://", "https://")) else glob.escape(file))


def _csv_options(source: Source, encoding: str | None, names: list[str] | None) -> list[str]:
    """Everything is read as text: the intake judges each value, so no row is lost to a guess of its type."""
    skipped = source.skip_lines + (names is not None)
    options = [
        "all_varchar = true",
        f"header = {str(source.header and names is None).lower()}",
        f"filename = '{FILE_COLUMN}'",
        # Said, not guessed: a quoted field may come long after the rows a guess would look at.
        f"quote = {sql.text(source.quote)}",
        f"escape = {sql.text(source.quote if source.escape is None else source.escape)}",
        "store_rejects = true",
        "rejects_limit = 0",
        "max_line_size = 16777216",
    ]
    if source.delimiter is not None:
        options.append(f"delim = {sql.text(source.delimiter)}")
    if names is not None:
        options.append(f"names = [{', '.join(map(sql.text, names))}]")
    if skipped:
        options.append(f"skip = {skipped}")
    if encoding is not None:
        options.append(f"encoding = {sql.text(encoding)}")
    return options


def unreadable(error: duckdb.Error, where: str) -> BadData:
    """The one line for a file the engine gives up on; a query it does not understand is our defect, not the file's."""
    if isinstance(error, duckdb.BinderException | duckdb.ParserException | duckdb.CatalogException):
        raise error
    message = _last_words(str(error)) if "Traceback (most recent call last)" in str(error) else sql.one_line(error)
    if "utf-8" in message.lower() or "unicode" in message.lower():
        return BadData(f"{where}: is not UTF-8; say how it is written, such as `encoding: latin-1`")
    if "parquet" in message.lower() or "magic" in message.lower() or "footer" in message.lower():
        return BadData(f"{where}: is no whole Parquet file ({message}); export it again")
    if "encoding" in message.lower():
        return BadData(f"{where}: {message}; write utf-8, utf-16 or latin-1")
    return BadData(f"{where}: cannot be read: {message}")


def _last_words(traceback: str) -> str:
    r"""What an object store complained of, in Python's own words.

    >>> _last_words("Traceback (most recent call last):\n  File ...\nClientError: Access\nDenied\n\nLINE 1: ...")
    'ClientError: Access Denied'
    """
    lines = traceback.splitlines()
    end = lines.index("") if "" in lines else len(lines)
    start = max((position for position, line in enumerate(lines[:end]) if line.startswith(" ")), default=0) + 1
    return " ".join(" ".join(lines[start:end]).split())


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
