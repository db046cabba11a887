"""Compiled by Numba on the first call, with the type of the function kept for the checker."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def in_blocks(work: Callable[[slice], None], rows: int, block_rows: int, num_threads: int) -> None:
    """Give all rows to a function block by block, in threads: compiled functions do not wait for each other.

    >>> squares = [0] * 5
    >>> def fill(part: slice) -> None:
    ...     squares[part] = [row**2 for row in range(5)[part]]
    >>> in_blocks(fill, 5, 2, num_threads=2)
    >>> squares
    [0, 1, 4, 9, 16]
    """
    with ThreadPoolExecutor(num_threads) as pool:
        for _ in pool.map(lambda start: work(slice(start, start + block_rows)), range(0, rows, block_rows)):
            pass  # what went wrong in a thread is raised here


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function for the machine it runs on; what was compiled is kept beside its file."""
    return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(function))
