"""A source, opened: a query that reads it in a stream, whatever kind of place it comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline import sql
from pipeline.config.errors import BadData
from pipeline.config.params import Source
from pipeline.sources import databases, expressions, files, samples
from pipeline.sources.files import FILE_COLUMN


@dataclass(frozen=True)
class Part:
    """One file of a source.

    Attributes
    ----------
    query
        Reads it alone, with the columns and the types of the whole source.
    file
        The file; None where there is none on this machine, whose content would say whether it is the same as before.
    """

    query: str
    file: Path | None


@dataclass(frozen=True)
class Raw:
    """A source, opened.

    Attributes
    ----------
    query
        Reads the source; has all of its columns and ``__source_file__``.
    types
        Engine type of each column.
    description
        What to call it in a message.
    files
        The query that reads each of its files alone, by file; none where it does not consist of files.
    """

    query: str
    types: dict[str, str]
    description: str
    files: dict[str, str]

    def parts(self, engine: duckdb.DuckDBPyConnection) -> list[Part]:
        """What is to be read, one after the other; together the same rows as `query`."""
        if not self.files:
            return [Part(self.query, None)]
        return [Part(self._as_in_whole(engine, query), _local(file)) for file, query in self.files.items()]

    def _as_in_whole(self, engine: duckdb.DuckDBPyConnection, query: str) -> str:
        """A column that another file has is empty; one that is wider in another file is as wide."""
        own = _types(engine, query)
        columns = [
            sql.name(name) if own.get(name) == kind
            else f"CAST({sql.name(name) if name in own else 'NULL'} AS {kind}) AS {sql.name(name)}"
            for name, kind in self.types.items()
        ]  # fmt: skip
        return f"SELECT {', '.join(columns)} FROM ({query})"


def open_source(engine: duckdb.DuckDBPyConnection, table: str, source: Source, staging: Path | None = None) -> Raw:
    """Find a source and see what columns it has.

    Parameters
    ----------
    engine
        Will run the query.
    table
        Which table it is the source of.
    source
        Where it lies.
    staging
        A folder for what has to be fetched before it can be read, as from a database. Without one nothing is fetched:
        the columns are right, and the query of a database gives no rows.

    Raises
    ------
    BadData
        It is not there, is empty, cannot be read, or lacks a mapped column.
    BadParams
        What reads it is not installed, or the environment does not say where a database is.
    """
    where, by_file = f"sources.{table}", dict[str, str]()
    if source.sample is not None:
        query, words = samples.query(source.sample, table), f"sample {source.sample}"
    elif source.sql is not None:
        query, words = _database(table, source, staging), f"the database of {source.url_env}"
    else:
        by_file, words = files.queries(engine, source, where)
        query = " UNION ALL BY NAME ".join(by_file.values())
    types = _guarded(lambda: _types(engine, query), f"{where}: {words}")
    _check_columns(types, source, f"{where}: {words}")
    return Raw(query, types, words, by_file)


def _local(file: str) -> Path | None:
    return Path(file) if Path(file).is_file() else None


def _database(table: str, source: Source, staging: Path | None) -> str:
    if staging is None:
        nothing = ", ".join(f"NULL::VARCHAR AS {sql.name(name)}" for name in databases.columns(table, source))
        return f"SELECT {nothing}, '' AS {FILE_COLUMN} WHERE false"
    file = staging / f"{table}.fetched.parquet"
    databases.fetch(table, source, file)
    assert source.url_env is not None, "params refuse sql without url_env"
    return f"SELECT *, {sql.text(source.url_env)} AS {FILE_COLUMN} FROM {sql.parquet([file])}"


def _types(engine: duckdb.DuckDBPyConnection, query: str) -> dict[str, str]:
    return {row[0]: row[1] for row in engine.execute(f"DESCRIBE {query}").fetchall()}


def _guarded(read: Callable[[], dict[str, str]], where: str) -> dict[str, str]:
    try:
        return read()
    except duckdb.Error as error:
        raise files.unreadable(error, where) from None


def _check_columns(types: dict[str, str], source: Source, where: str) -> None:
    columns = [column for column in types if column != FILE_COLUMN]
    if source.where is not None:
        expressions.parse_condition(source.where, types, where.partition(":")[0])
    missing = [
        text for text in source.columns.values() if text not in types and not expressions.is_computed(text, types)
    ]
    if not missing:
        return
    hint = "correct `columns` in params.yaml"
    if len(columns) == 1 and source.path is not None:
        other = next((mark for mark in ";\t|," if mark in columns[0] and mark != source.delimiter), None)
        hint = f"the file is split in one column only; set `delimiter: {other!r}`" if other else hint
    raise BadData(f"{where}: has no column {', '.join(missing)}; found {', '.join(columns)[:300]}; {hint}")
