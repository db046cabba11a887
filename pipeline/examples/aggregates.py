"""Aggregates over ranges of rows, one range per group: the inner loops of the features.

A group is a customer or a region, its rows lie together in order of days, and a window of days is therefore a range of
rows. So nothing is sorted, joined or hashed again for another snapshot or another window.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.compiled import compiled

Positions = npt.NDArray[np.int64]
Days = npt.NDArray[np.int32]
# Of int64 or float64: whole numbers stay whole, so that no sum depends on the order of its rows; answers to surveys may
# be fractions.
Values = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]


def firsts(*columns: npt.NDArray[Any]) -> Flags:
    """Whether each row is the first of those that are equal in all columns, where equal rows lie together.

    >>> firsts(np.array([7, 7, 7, 8]), np.array([1, 1, 2, 2])).tolist()
    [True, False, True, True]
    """
    is_first = np.ones(len(columns[0]), dtype=np.bool_)
    is_first[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return is_first


def is_in_order(key: Positions, days: Days) -> bool:
    """Whether rows rise by key, and of one key by day.

    >>> is_in_order(np.array([7, 7, 8]), np.array([1, 2, 1])), is_in_order(np.array([7, 7]), np.array([2, 1]))
    (True, False)
    """
    rises, is_same = key[1:] > key[:-1], key[1:] == key[:-1]
    return bool((rises | (is_same & (days[1:] >= days[:-1]))).all())


@compiled
def first_from(days: Days, starts: Positions, ends: Positions, day: int) -> Positions:
    """The first row of each group on or after a day; its end where there is none.

    >>> first_from(np.array([3, 5, 5, 9, 1], dtype=np.int32), np.array([0, 4]), np.array([4, 5]), 5)
    array([1, 5])
    """
    rows = np.empty(len(starts), dtype=np.int64)
    for group in range(len(starts)):
        low, high = starts[group], ends[group]
        while low < high:
            middle = (low + high) // 2
            if days[middle] < day:
                low = middle + 1
            else:
                high = middle
        rows[group] = low
    return rows


@compiled
def counted_up_to(counts: Flags) -> Positions:
    """How many rows count before each row, and in all: (rows + 1,).

    >>> counted_up_to(np.array([True, False, True]))
    array([0, 1, 1, 2])
    """
    numbers = np.empty(len(counts) + 1, dtype=np.int64)
    numbers[0] = 0
    for row in range(len(counts)):
        numbers[row + 1] = numbers[row] + counts[row]
    return numbers


@compiled
def total_up_to(values: Values, counts: Flags) -> Positions:
    """The sum of the rows that count before each row, and of all; whole, so that differences are exact: (rows + 1,).

    >>> total_up_to(np.array([5, 7, 9]), np.array([True, False, True]))
    array([ 0,  5,  5, 14])
    """
    sums = np.empty(len(values) + 1, dtype=np.int64)
    sums[0] = 0
    for row in range(len(values)):
        sums[row + 1] = sums[row] + (values[row] if counts[row] else 0)
    return sums


@compiled
def counted(counts: Flags, starts: Positions, ends: Positions) -> Positions:
    """How many rows of each range count.

    >>> counted(np.array([True, False, True]), np.array([0, 2]), np.array([2, 2]))
    array([1, 0])
    """
    numbers = np.zeros(len(starts), dtype=np.int64)
    for group in range(len(starts)):
        number = 0
        for row in range(starts[group], ends[group]):
            number += counts[row]
        numbers[group] = number
    return numbers


@compiled
def total(values: Values, counts: Flags, starts: Positions, ends: Positions) -> Values:
    """The sum of the rows of each range that count, of the type of the values; 0 where none does.

    >>> total(np.array([5, 7, 9]), np.array([True, True, False]), np.array([0, 2]), np.array([3, 3]))
    array([12,  0])
    """
    sums = np.zeros(len(starts), dtype=values.dtype)
    for group in range(len(starts)):
        for row in range(starts[group], ends[group]):
            if counts[row]:
                sums[group] += values[row]
    return sums


@compiled
def largest(values: Values, counts: Flags, starts: Positions, ends: Positions) -> tuple[Values, Flags]:
    """The largest value of the rows of each range that count, and whether any does.

    >>> largest(np.array([5, 7, 9]), np.array([True, True, False]), np.array([0, 2]), np.array([3, 3]))
    (array([7, 0]), array([ True, False]))
    """
    extremes = np.zeros(len(starts), dtype=values.dtype)
    known = np.zeros(len(starts), dtype=np.bool_)
    for group in range(len(starts)):
        for row in range(starts[group], ends[group]):
            if counts[row] and (not known[group] or values[row] > extremes[group]):
                extremes[group] = values[row]
                known[group] = True
    return extremes, known


@compiled
def different(codes: npt.NDArray[np.uint64], starts: Positions, ends: Positions) -> Positions:
    """How many different codes each range of lines has; ranges are short, such as a day of one customer.

    >>> different(np.array([5, 5, 8], dtype=np.uint64), np.array([0, 1]), np.array([1, 3]))
    array([1, 2])
    """
    numbers = np.zeros(len(starts), dtype=np.int64)
    for group in range(len(starts)):
        own = np.sort(codes[starts[group] : ends[group]])
        number = 1
        for place in range(1, len(own)):
            number += own[place] != own[place - 1]
        numbers[group] = number
    return numbers
