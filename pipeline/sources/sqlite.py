"""SQLite, through the standard library: the file opened to read only, and a query that ends by itself."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow as pa

from pipeline.sources.reading import DatabaseRefusal, Reader, Request

ROWS_AT_ONCE = 2_000
STEPS_BETWEEN_LOOKS_AT_THE_CLOCK = 10_000
LOCKED_SECONDS = 30


@contextmanager
def reading(url: str, request: Request) -> Iterator[Reader]:
    """Open the file behind ``sqlite:///`` to read only."""
    file = Path(url.partition("://")[2].partition("?")[0].removeprefix("/"))
    if not file.is_file():
        raise DatabaseRefusal(f"there is no file {file}", "connect")
    try:
        opened = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=LOCKED_SECONDS)
    except sqlite3.Error as error:
        raise DatabaseRefusal(str(error), "connect") from None
    with closing(opened) as connection:
        connection.set_authorizer(_authorized)
        until = time.monotonic() + request.timeout_seconds
        connection.set_progress_handler(lambda: int(time.monotonic() > until), STEPS_BETWEEN_LOOKS_AT_THE_CLOCK)
        yield _Reader(connection, request)


def _authorized(action: int, *_: str | None) -> int:
    """Another file could be attached to be written; everything else a file opened to read only refuses by itself."""
    return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ATTACH else sqlite3.SQLITE_OK


class _Reader:
    """See `Reader`."""

    def __init__(self, connection: sqlite3.Connection, request: Request) -> None:
        self.connection, self.query, self.batch_bytes = connection, request.query, request.batch_mb * 2**20

    def columns(self) -> list[str]:
        """The columns, as the library describes the compiled query."""
        with closing(self._run(f"SELECT * FROM (\n{self.query}\n) LIMIT 0")) as cursor:
            return [column[0] for column in cursor.description]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, as many at once as make about a batch."""
        names = self.columns()
        with closing(self._run(f"SELECT * FROM (\n{self.query}\n)")) as cursor:
            waiting: list[list[str | None]] = [[] for _ in names]
            held = 0
            while rows := self._next(cursor):
                for column, values in zip(waiting, zip(*rows, strict=True), strict=True):
                    texts = [_text(value) for value in values]
                    column += texts
                    held += sum(len(text) for text in texts if text is not None)
                if held > self.batch_bytes:
                    yield _batch(names, waiting)
                    waiting, held = [[] for _ in names], 0
            yield _batch(names, waiting)

    def _run(self, query: str) -> sqlite3.Cursor:
        try:
            return self.connection.execute(query)
        except sqlite3.Warning as error:
            raise DatabaseRefusal(str(error), "query") from None
        except sqlite3.Error as error:
            if query != self.query and "syntax error" in str(error):
                # Without our words around it, so that the library itself says why it does not run this.
                self._run(self.query).close()
            raise _classify_error(error) from None

    def _next(self, cursor: sqlite3.Cursor) -> list[tuple[object, ...]]:
        try:
            return cursor.fetchmany(ROWS_AT_ONCE)
        except sqlite3.Error as error:
            raise _classify_error(error) from None


def _classify_error(error: sqlite3.Error) -> DatabaseRefusal:
    words = str(error)
    if "interrupted" in words:
        return DatabaseRefusal(words, "timeout")
    if "readonly" in words or "not authorized" in words:
        return DatabaseRefusal(words, "write")
    return DatabaseRefusal(words, "connect" if "not a database" in words or "malformed" in words else "query")


def _text(value: object) -> str | None:
    """A value as text: numbers with every digit they have, bytes in hexadecimal."""
    if value is None or isinstance(value, str):
        return value
    return value.hex() if isinstance(value, bytes) else repr(value)


def _batch(names: list[str], columns: list[list[str | None]]) -> pa.RecordBatch:
    schema = pa.schema([(name, pa.string()) for name in names])
    return pa.RecordBatch.from_arrays([pa.array(column, pa.string()) for column in columns], schema=schema)
