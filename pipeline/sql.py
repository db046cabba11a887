"""The query engine: how it is opened, and how names and texts are written into its language."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import count
from multiprocessing.util import Finalize
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl

from pipeline.config.errors import BadData


def name(identifier: str) -> str:
    """Quote a column or table name.

    >>> name('an "odd" name')
    '"an ""odd"" name"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """Quote a text.

    >>> text("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


@contextmanager
def connect(threads: int, memory_gb: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database of its own in memory, which spills to a temporary folder and fetches nothing.

    Parameters
    ----------
    threads
        Threads it may use; no result depends on it.
    memory_gb
        Gigabytes that all that are open in this process with these settings may hold before they spill.

    Examples
    --------
    What one leaves behind no other one sees.

    >>> with connect(1, 1.0) as engine:
    ...     made = engine.execute("CREATE TABLE bought AS SELECT 1 AS day")
    >>> with connect(1, 1.0) as engine:
    ...     engine.sql("SHOW ALL TABLES").fetchall()
    []
    """
    database = name(f"database {next(_NUMBERS)}")
    with _engine(threads, memory_gb).cursor() as engine:
        engine.execute(f"ATTACH ':memory:' AS {database}")
        try:
            engine.execute(f"USE {database}")
            engine.execute("SET TimeZone = 'UTC'")
            # Its own bar goes to stdout, into logs and into what scripts read: it would come after a day, in ms.
            # In a notebook without widgets there is none, and to say so would be refused.
            if engine.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(True,)]:
                engine.execute("SET progress_bar_time = 86400000")
            yield engine
        finally:
            # What was begun and not ended goes with the database.
            with suppress(duckdb.TransactionException):
                engine.rollback()
            engine.execute("USE memory")
            engine.execute(f"DETACH {database}")


_NUMBERS = count(1)


@lru_cache
def _engine(threads: int, memory_gb: float) -> duckdb.DuckDBPyConnection:
    """What all databases with these settings share: to start an engine takes longer than many a query."""
    spill = TemporaryDirectory(prefix="churn-")
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": f"{memory_gb}GB",
        "temp_directory": spill.name,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # Files that were read once are not kept in memory for whoever comes next.
        "enable_external_file_cache": False,
    }
    engine = duckdb.connect(":memory:", config=settings)

    def end() -> None:
        engine.close()
        spill.cleanup()

    # Not by `atexit`, which does nothing in the processes of a pool.
    Finalize(None, end, exitpriority=0)
    return engine


@contextmanager
def in_any_order(engine: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let queries of the block that ask for no order give rows in any, which takes less time and memory.

    >>> with connect(1, 1.0) as engine, in_any_order(engine):
    ...     engine.sql("SELECT * FROM range(3) AS numbers (number) ORDER BY number DESC").fetchall()
    [(2,), (1,), (0,)]
    """
    engine.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        engine.execute("SET preserve_insertion_order = true")


def frame(engine: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    """The rows of a query.

    >>> with connect(1, 1.0) as engine:
    ...     frame(engine, "SELECT 1 AS one").to_dicts()
    [{'one': 1}]
    """
    return pl.DataFrame(engine.sql(query).to_arrow_table())


def one_line(error: duckdb.Error) -> str:
    r"""What the engine complained about, on one line, without its kind and its advice.

    >>> one_line(duckdb.InvalidInputException("Invalid Input Error: No magic bytes\n  LINE 1: ..."))
    'No magic bytes'
    """
    first = str(error).strip().splitlines()[0]
    return first.split("Error: ", 1)[-1].strip()


def parquet(files: list[Path]) -> str:
    """Parquet files as a table expression."""
    if not files:
        raise BadData("no files to read; run the earlier stages first: dvc repro")
    return f"read_parquet([{', '.join(text(str(file)) for file in files)}])"
