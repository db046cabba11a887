"""Compiled by Numba on the first call, with the type of the function kept for the checker."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function for the machine it runs on; what was compiled is kept beside its file."""
    return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(function))
