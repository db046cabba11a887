"""How sure the difference of two forecasts is: both on the same customers, who are drawn anew."""

import numpy as np
import polars as pl

from pipeline.evaluation.bootstrap import LEVEL

DRAWS, SEED, DIGITS = 1000, 0, 6


def relative(losses: list[pl.DataFrame], one: str, other: str) -> list[float]:
    """How much greater the mean loss of one forecast is than that of another, and the ends of its interval (95 %).

    Parameters
    ----------
    losses
        A table for each day on which the forecasts were made: ``customer``, and the loss of each forecast. A customer
        is drawn with all of his or her rows, since they are no independent evidence. The days count alike.
    one, other
        The columns of the two.

    Returns
    -------
    list
        As a share of the other's loss; below 0 the one is better.

    Notes
    -----
    The forecasts are held fixed: what another draw of the training customers would have made of them is not in it.

    Examples
    --------
    >>> twice = pl.DataFrame({"customer": [1, 2, 3], "a": [0.2, 0.4, 0.6], "b": [0.1, 0.2, 0.3]})
    >>> relative([twice], "a", "b")
    [1.0, 1.0, 1.0]
    """
    customers = pl.concat([table["customer"] for table in losses]).unique().sort()
    places = [customers.search_sorted(table["customer"]).to_numpy() for table in losses]
    pairs = [table.select(one, other).to_numpy() for table in losses]

    def apart(weights: np.ndarray) -> float:
        means = [np.average(pair, axis=0, weights=weights[place]) for pair, place in zip(pairs, places, strict=True)]
        mean = np.mean(means, axis=0)
        return float(mean[0] / mean[1] - 1)

    dice, alike = np.random.default_rng(SEED), np.full(len(customers), 1 / len(customers))
    drawn = [apart(dice.multinomial(len(customers), alike)) for _ in range(DRAWS)]
    seen = apart(np.ones(len(customers)))
    return [round(float(number), DIGITS) for number in (seen, *np.percentile(drawn, LEVEL))]
