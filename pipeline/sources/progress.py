"""How far a long read has come: a bar on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from tqdm import tqdm

Part = TypeVar("Part")

SECONDS_BETWEEN_LINES = 30


@contextmanager
def rows_read(words: str) -> Iterator[Callable[[int], None]]:
    """Show how many rows have been read; call what it gives with the rows of each batch.

    Parameters
    ----------
    description
        What is being read.
    """
    if sys.stderr.isatty():
        with tqdm(desc=words, unit=" rows", unit_scale=True, leave=False) as bar:
            yield lambda rows: bar.update(rows) and None
        return
    log = _Log(words)
    yield log.add
    log.write("read")


def each_file(files: Sequence[Part], words: str) -> Iterable[Part]:
    """The files of a source one after the other, with the time left where somebody watches."""
    bar: Iterable[Part] = tqdm(files, desc=words, unit="file", disable=None if len(files) > 1 else True, leave=False)
    return bar


class _Log:
    """Lines for a log: one now and then, and one at the end."""

    def __init__(self, words: str) -> None:
        self.description, self.rows, self.last = words, 0, time.monotonic()

    def add(self, rows: int) -> None:
        self.rows += rows
        if time.monotonic() - self.last > SECONDS_BETWEEN_LINES:
            self.write("read so far")

    def write(self, done: str) -> None:
        self.last = time.monotonic()
        sys.stderr.write(f"{self.description}: {self.rows:,} rows {done}\n")
