"""How many purchases a customer makes who makes any: their distribution by BG/NBD."""

import numpy as np
import numpy.typing as npt

from pipeline.value.bg_nbd import BgNbd

Array = npt.NDArray[np.float64]

LEFT_OUT = 1e-4
"""Chance of still more purchases below which no further number is looked at."""


def at_most(model: BgNbd, frequency: Array, age: Array, days: int) -> Array:
    r"""The chance of at most n purchases within some days, of a customer who makes at least one; (rows, numbers).

    Parameters
    ----------
    model
        As fitted, in days.
    frequency, age
        See `pipeline.value.bg_nbd`; (rows,). How long a customer has been silent plays no part: whoever buys is alive.
    days
        From now on; at least 1. Nobody buys on more days than that.

    Returns
    -------
    array
        A column for 1, 2, 3 ... purchases, until nobody makes more with a chance of `LEFT_OUT` or above.

    Examples
    --------
    >>> model = BgNbd(0.243, 31.0, 0.793, 2.426)
    >>> at_most(model, np.array([0.0, 9.0]), np.array([90.0, 90.0]), 30)[:, :3].round(3)
    array([[0.904, 0.988, 0.998],
           [0.319, 0.604, 0.797]])

    Notes
    -----
    Of who is alive, the rate is gamma(r + x, alpha + T) and the chance to stop after a purchase beta(a, b + x). With
    :math:`g = t / (alpha + T + t)`, n purchases come with the chance :math:`B(a, b + x + n) / B(a, b + x) NB(n)`,
    where NB is negative binomial of shape r + x and chance g, and with that of having stopped at the n-th,
    :math:`B(a + 1, b + x + n - 1) / B(a, b + x) P(NB \ge n)`. Fader, Hardie and Lee (2005), equation (8).
    """
    shape, since, b = model.r + frequency, model.alpha + age, model.b + frequency
    go = days / (since + days)
    exactly = np.exp(shape * np.log1p(-go))
    none, fewer = exactly, exactly
    # B(a, b + n) / B(a, b), and B(a + 1, b + n - 1) / B(a, b), for n = 0 and n = 1.
    alive, stopped = np.ones_like(shape), model.a / (model.a + b)
    chances: list[Array] = []
    total = np.zeros_like(shape)
    for n in range(1, days + 1):
        exactly = exactly * (shape + n - 1) / n * go
        alive = alive * (b + n - 1) / (model.a + b + n - 1)
        total = total + alive * exactly + stopped * np.maximum(1 - fewer, 0.0)
        stopped, fewer = stopped * (b + n - 1) / (model.a + b + n), fewer + exactly
        chances.append(total)
        if np.all(total >= (1 - none) * (1 - LEFT_OUT)):
            break
    among: Array = np.minimum(np.column_stack(chances) / np.maximum(1 - none, 1e-300)[:, None], 1.0)
    return among
