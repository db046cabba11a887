"""How far a long work has come: a bar with the time left on a terminal; of a long read, plain lines in a log."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tqdm import tqdm

Step = TypeVar("Step")

SECONDS_BETWEEN_LINES = 30


@contextmanager
def rows_read(words: str) -> Iterator[Callable[[int], None]]:
    """Show how many rows have been read; call what it gives with the rows of each batch.

    Parameters
    ----------
    words
        What is being read.
    """
    if sys.stderr.isatty():
        with tqdm(desc=words, unit=" rows", unit_scale=True, leave=False) as bar:
            yield lambda rows: bar.update(rows) and None
        return
    log = _Log(words)
    yield log.add
    log.write("read")


def tracked(steps: Iterable[Step], words: str, unit: str, total: int) -> Iterator[Step]:
    """The steps of a work as they come, with the time left where somebody watches.

    Parameters
    ----------
    steps
        What is handed on.
    words
        What is being done.
    unit
        What a step is.
    total
        How many there are; of a single one nothing is shown.

    Examples
    --------
    >>> list(tracked([1, 2], "adding", "number", 2))
    [1, 2]
    """
    yield from tqdm(steps, desc=words, unit=unit, total=total, disable=None if total > 1 else True, leave=False)


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
