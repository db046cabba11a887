"""Contributions by family: features that say the same thing are told as one reason."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def in_order(families: list[str]) -> list[str]:
    """Each family once, in the order of its first feature.

    >>> in_order(["recency", "frequency", "recency"])
    ['recency', 'frequency']
    """
    return list(dict.fromkeys(families))


def by_family(contributions: Array, families: list[str]) -> Array:
    """Sum the contributions of the features of each family.

    Parameters
    ----------
    contributions
        Log-odds, (rows, features).
    families
        The family of each feature.

    Returns
    -------
    numpy.ndarray
        Log-odds, (rows, families), families as `in_order` gives them.

    Examples
    --------
    >>> by_family(np.array([[1.0, 2.0, 4.0]]), ["recency", "frequency", "recency"]).tolist()
    [[5.0, 2.0]]
    """
    names = np.array(families)
    sums = [contributions[:, names == family].sum(axis=1) for family in in_order(families)]
    return np.column_stack(sums) if sums else np.zeros((len(contributions), 0))


def strongest(strength: Array, families: list[str]) -> tuple[npt.NDArray[np.int64], Array]:
    """The strongest feature of each family.

    Parameters
    ----------
    strength
        Of each row and feature.
    families
        The family of each feature.

    Returns
    -------
    tuple
        Its column, and its strength; both (rows, families), families as `in_order` gives them.

    Examples
    --------
    >>> column, value = strongest(np.array([[1.0, 2.0, 4.0]]), ["recency", "frequency", "recency"])
    >>> column.tolist(), value.tolist()
    ([[2, 1]], [[4.0, 2.0]])
    """
    names = np.array(families)
    columns = [np.flatnonzero(names == family) for family in in_order(families)]
    chosen = np.column_stack([own[np.argmax(strength[:, own], axis=1)] for own in columns])
    return chosen, np.take_along_axis(strength, chosen, axis=1)
