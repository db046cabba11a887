"""The level of a young shop's probabilities, moved by what came of its own last list whose outcome window is over.

The packaged prior is trained on the outcomes of one snapshot and then scores week after week. Each of its lists that is
over says how far its level was off; the next list takes as much of that as two windows in a row share.
"""

import dataclasses
import math
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

from pipeline.model.calibration import Calibration
from pipeline.model.calibration_residual import CalibrationResidual

FILE: Final = "level.json"
"""Beside the files of a model in the working folder of a week; it is no part of the model."""
DIGITS: Final = 6


@dataclass(frozen=True)
class LevelUpdate:
    """What a finished list has shown of the level.

    Attributes
    ----------
    shift
        Log-odds to add to the curve in use.
    error
        Standard error of the level after that, in log-odds.
    of_list
        The day of the list.
    """

    shift: float
    error: float
    of_list: date

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Self:
        """Read it back from the content of `FILE`."""
        return cls(float(saved["shift"]), float(saved["error"]), date.fromisoformat(saved["of_list"]))

    def as_dict(self) -> dict[str, Any]:
        """For `FILE` and ``run_report.json``."""
        return dataclasses.asdict(self) | {"of_list": str(self.of_list)}

    def moved(self, curve: Calibration) -> Calibration:
        """The curve on the level that is known now."""
        intercept = round(curve.intercept + self.shift, 10)
        return dataclasses.replace(curve, intercept=intercept, level_error=self.error)


def learn(curve: Calibration, lasting_error: float, missed: CalibrationResidual) -> LevelUpdate:
    r"""What a list that is over says of the next one.

    What the curve misses is normal around zero, with its level error :math:`s` in each window; of its variance two
    windows in a row share :math:`l^2`. A list that missed :math:`d`, with the standard error :math:`e` by chance, moves
    the next one by :math:`k d` with :math:`k = l^2 / (s^2 + e^2)`, and leaves it the error :math:`\sqrt{s^2 - k l^2}`:
    the conditional mean and spread of two normal variables.

    Parameters
    ----------
    curve
        As trained, before any list of it was over.
    lasting_error
        :math:`l`, see `pipeline.model.packaged_prior.PackagedPrior.lasting_error`.
    missed
        By how much that curve, without any later shift, missed the outcomes of the list.

    Examples
    --------
    >>> curve = Calibration(1.0, -0.2, level_error=0.5)
    >>> large = learn(curve, 0.4, CalibrationResidual(date(2024, 5, 6), 1.0, 0.0))
    >>> large.shift, large.error, large.moved(curve).intercept  # 0.16 / 0.25 of the way
    (0.64, 0.384187, 0.44)
    >>> learn(curve, 0.4, CalibrationResidual(date(2024, 5, 6), 1.0, 2.0)).shift  # few customers say little
    0.037647
    """
    square = curve.level_error**2
    part = lasting_error**2 / (square + missed.error**2)
    error = math.sqrt(square - part * lasting_error**2)
    return LevelUpdate(round(part * missed.shift, DIGITS), round(error, DIGITS), missed.day)
