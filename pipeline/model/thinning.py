"""Fewer rows to learn from, where there are more than a model can make use of."""

import math

import numpy as np
import polars as pl

GOLDEN = (math.sqrt(5) - 1) / 2


def thinned(examples: pl.DataFrame, max_rows: int) -> pl.DataFrame:
    """The examples, or, of more than `max_rows`, that many, evenly from the whole table and in the same order.

    Parameters
    ----------
    examples
        In the order of snapshots, and of customers within one.
    max_rows
        How many are kept at most.

    Notes
    -----
    A row is kept where its number, times the golden ratio, leaves a small enough fraction: the most even of all
    sequences, over every stretch (Knuth, The Art of Computer Programming, volume 3, 6.4). Every other row would be even
    as well, but of a table in which customers alternate, it would keep half of the customers.

    Examples
    --------
    >>> thinned(pl.DataFrame({"row": range(12)}), 4)["row"].to_list()
    [0, 2, 5, 10]
    >>> thinned(pl.DataFrame({"row": [1, 2]}), 4)["row"].to_list()
    [1, 2]
    """
    if len(examples) <= max_rows:
        return examples
    fraction = np.arange(len(examples)) * GOLDEN % 1
    return examples[np.sort(np.argsort(fraction, kind="stable")[:max_rows])]
