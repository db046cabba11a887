"""PostgreSQL, read through its Arrow-native driver in one read-only transaction that ends by itself."""

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pyarrow as pa

from pipeline import sql
from pipeline.sources.reading import DatabaseRefusal, Reader, Request

Answer = TypeVar("Answer")

CONNECT_SECONDS = 15
READ_ONLY, TIMEOUT = "25006", "57014"
# What it says to a statement that is no SELECT, where a SELECT has to stand.
NO_SELECT = ("syntax error", "data-modifying statement")
# What a value looks like as text must not depend on how the server is set up.
SESSION = (
    "SET LOCAL client_encoding = 'UTF8'",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL extra_float_digits = 1",
)


@contextmanager
def reading(url: str, request: Request) -> Iterator[Reader]:
    """Connect, begin a transaction that cannot write, and bound how long each statement may take."""
    from adbc_driver_postgresql import dbapi

    if "connect_timeout=" not in url:
        url = f"{url}{'&' if '?' in url else '?'}connect_timeout={CONNECT_SECONDS}"
    connection = _asked(lambda: dbapi.connect(url, autocommit=True), "connect")
    # Closed without a commit: there is nothing to keep.
    with connection, connection.cursor() as cursor:
        _begin(cursor, request.timeout_seconds)
        size = str(request.batch_mb * 2**20)
        cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": size})
        yield _Reader(cursor, request)


def _begin(cursor: Any, timeout_seconds: int) -> None:
    for statement in ("BEGIN READ ONLY", f"SET LOCAL statement_timeout = '{timeout_seconds}s'", *SESSION):
        _asked(functools.partial(cursor.execute, statement), "connect")


class _Reader:
    """See `Reader`."""

    def __init__(self, cursor: Any, request: Request) -> None:
        self.cursor, self.request, self.query = cursor, request, request.query

    def columns(self) -> list[str]:
        """The columns, as the server describes the prepared query."""
        names = list(_asked(lambda: self.cursor.adbc_execute_schema(self.query)).names)
        if not names:
            self._refuse("it gives no columns; write a SELECT")
        return names

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows; the server writes each value as text, which keeps every digit and says every zone."""
        as_text = ", ".join(f"{sql.name(name)}::text AS {sql.name(name)}" for name in self.columns())
        try:
            rows = self._run(f"SELECT {as_text} FROM (\n{self.query}\n) AS source")
            while (batch := _asked(lambda: next(rows, None))) is not None:
                yield batch
        except DatabaseRefusal as refusal:
            if any(words in str(refusal) for words in NO_SELECT):
                self._refuse(str(refusal))
            raise

    def _run(self, query: str) -> pa.RecordBatchReader:
        _asked(lambda: self.cursor.execute(query))
        return _asked(self.cursor.fetch_record_batch)

    def _refuse(self, otherwise: str) -> None:
        """Let the server itself say why it does not run this: it may not write here, whatever the query says."""
        _asked(lambda: self.cursor.execute("ROLLBACK"))
        _begin(self.cursor, self.request.timeout_seconds)
        self._run(self.query)
        raise DatabaseRefusal(otherwise, "query")


def _asked(ask: Callable[[], Answer], kind: str = "query") -> Answer:
    """Ask the driver, and tell what it answers in the server's own words."""
    from adbc_driver_manager import Error

    try:
        return ask()
    except (Error, OSError, pa.ArrowException) as error:
        text, state = str(error), getattr(error, "sqlstate", None)
        match = re.search(r"(?:ERROR|FATAL): +(.*)", text)
        words = match[1] if match else text.rpartition("[libpq] ")[2]
        if state == TIMEOUT or "statement timeout" in words:
            raise DatabaseRefusal(words, "timeout") from None
        if state == READ_ONLY or "read-only transaction" in words:
            raise DatabaseRefusal(words, "write") from None
        raise DatabaseRefusal(words, "connect" if kind == "connect" else "query") from None
