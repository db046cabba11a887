"""What every kind of database is asked, and what it answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import pyarrow as pa


@dataclass(frozen=True)
class Request:
    """A query, how long it may take, and about how many megabytes of it are held at once."""

    query: str
    timeout_seconds: int
    batch_mb: int


class Reader(Protocol):
    """A query that is ready to run; all values are text."""

    def columns(self) -> list[str]:
        """The names of the columns, found without running the query."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Run the query and give its rows, some at a time."""


class DatabaseRefusal(Exception):
    """Why a database does not do what it is asked, in its own words."""

    def __init__(self, words: str, kind: Literal["connect", "timeout", "write", "query"]) -> None:
        super().__init__(words)
        self.kind = kind
