"""What a way of expecting uplift promises, beside what was measured of customers it has not seen."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.readout.qini import Interval
from pipeline.readout.uplift_trials import FIFTHS

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Fifth:
    """A fifth of the trials by what is promised.

    Attributes
    ----------
    trials
        How many there are.
    promised
        How much more often these customers are expected to stay, as a mean share.
    measured
        How much more often they did.
    """

    trials: int
    promised: float
    measured: Interval

    @property
    def holds(self) -> bool:
        """Whether chance explains what is between the two."""
        return self.measured.low <= self.promised <= self.measured.high

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        rounded = {"trials": self.trials, "promised": round(self.promised, 6)}
        return {**rounded, "measured": self.measured.as_json(), "holds": self.holds}


def mean(measured: Array, customer: Numbers) -> Interval:
    """The mean uplift with its 95 % interval, by customer.

    Parameters
    ----------
    measured
        As of `pipeline.readout.uplift_trials.measured`.
    customer
        The number of the customer of each trial, from 0 on.

    Examples
    --------
    >>> one = mean(np.array([1.0, 0.0, 1.0, 0.0]), np.array([0, 1, 2, 3]))
    >>> one.mean, round(one.low, 3), round(one.high, 3)
    (0.5, -0.066, 1.066)
    """
    middle = float(measured.mean())
    sums = np.bincount(customer, weights=measured - middle)
    number = max(len(np.unique(customer)), 2)
    reach = NORMAL_95 * float(np.sqrt((sums**2).sum() * number / (number - 1))) / len(measured)
    return Interval(middle, middle - reach, middle + reach)


def fifths(promised: Array, measured: Array, customer: Numbers) -> list[Fifth]:
    """Promise and measurement, the fifth of the highest promises first.

    Parameters
    ----------
    promised
        How much more often each customer is expected to stay, as a share.
    measured, customer
        See `mean`.

    Examples
    --------
    >>> ten = np.arange(10)
    >>> [(one.trials, round(one.promised, 2), one.measured.mean) for one in fifths(ten / 10, ten % 2 * 1.0, ten)][:2]
    [(2, 0.85, 0.5), (2, 0.65, 0.5)]
    """
    parts = np.array_split(np.argsort(-promised, kind="stable"), FIFTHS)
    return [Fifth(len(part), float(promised[part].mean()), mean(measured[part], customer[part])) for part in parts]
