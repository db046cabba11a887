"""Which families stand at the first places of each customer, none of them for a fact that stands there already."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


def of_chosen(facts: Places, chosen: Places) -> Places:
    """The fact that the chosen feature of each row and family states."""
    return np.where(chosen >= 0, np.take_along_axis(facts, np.maximum(chosen, 0), axis=1), -1)


class Place(NamedTuple):
    """The family that stands at a place of each row's order, and whether there is one."""

    family: npt.NDArray[np.int64]
    there: Flags

    def of(self, values: Array) -> pl.Series:
        """What the families at this place have, of what each row and family has; null where there is none."""
        return pl.Series(np.where(self.there, values[np.arange(len(values)), self.family], np.nan)).fill_nan(None)


def unless_stated(strength: Array, facts: Places, stated: list[Places]) -> Array:
    """The strength of each row and family, minus infinity where a reason of the row states its fact already.

    >>> unless_stated(np.array([[2.0, 1.0]]), np.array([[7, -1]]), [np.array([7]), np.array([-1])]).tolist()
    [[-inf, 1.0]]
    """
    left = strength.copy()
    for of_row in stated:
        _strike(left, facts, of_row)
    return left


def _strike(strength: Array, facts: Places, stated: Places) -> None:
    """Take from each row the families that would state its fact; -1 is a fact of its own."""
    strength[(facts == stated[:, None]) & (stated >= 0)[:, None]] = -np.inf


def in_order(strength: Array, facts: Places, places: int) -> list[Place]:
    """Who stands at the first places of each row, the strongest first; minus infinity stands nowhere.

    Of several families that would state the same fact, the strongest does; -1 is a fact of its own.
    """
    left, rows = strength.copy(), np.arange(len(strength))
    if left.shape[1] == 0:
        nobody = Place(np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.bool_))
        return [nobody] * places
    standing = []
    for _ in range(places):
        family = np.argmax(left, axis=1)
        standing.append(Place(family, np.isfinite(left[rows, family])))
        _strike(left, facts, facts[rows, family])
        left[rows, family] = -np.inf
    return standing
