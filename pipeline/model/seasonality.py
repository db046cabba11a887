"""The level of the probabilities by the time of the year.

A curve that was fitted on the outcomes of last spring knows the level of last spring. Whoever sells more before
Christmas sees the same customers leave in waves, and no feature of a customer says so. Where the company's own past has
shown the whole year, the waves of its misses are learnt (`pipeline.model.seasonal_intercept`) and, as far as that past
speaks for them, added to the curve on the day that is scored.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.errors import BadData

Array = npt.NDArray[np.float64]
YEAR_DAYS: Final = 365.25
# What says the time of the year to a model that is served row by row.
DAY_OF_YEAR: Final = "day_of_year"
MONTHS: Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                 "November", "December")  # fmt: skip


@dataclass(frozen=True)
class Season:
    """``level + sum of cosine_k * cos(k * turn) + sine_k * sin(k * turn)`` log-odds, with one turn a year.

    Attributes
    ----------
    level
        Mean over the year of what the curve misses, as it is to be expected when the last outcome becomes known.
    waves
        ``(cosine_k, sine_k)``, from one turn a year on.
    """

    level: float
    waves: tuple[tuple[float, float], ...]

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> "Season":
        """Read a season back from JSON."""
        return cls(saved["level"], tuple((float(cosine), float(sine)) for cosine, sine in saved["waves"]))

    def weighted(self, weight: float, level: float, digits: int) -> "Season":
        """The same season, believed in part; for the rest, a level without one.

        >>> Season(level=0.1, waves=((0.2, -0.1),)).weighted(0.75, 0.3, 3)
        Season(level=0.15, waves=((0.15, -0.075),))
        """
        waves = ((weight * cosine, weight * sine) for cosine, sine in self.waves)
        # + 0.0 turns -0.0 into 0.0, so that no file differs by the sign of nothing.
        rounded = tuple((round(cosine, digits) + 0.0, round(sine, digits) + 0.0) for cosine, sine in waves)
        return Season(round(weight * self.level + (1 - weight) * level, digits) + 0.0, rounded)

    def shift(self, day: date) -> float:
        """Log-odds to add on a day.

        >>> wave = Season(level=0.1, waves=((0.2, 0.0),))
        >>> round(wave.shift(date(2024, 1, 1)), 2), round(wave.shift(date(2024, 7, 1)), 2)
        (0.3, -0.1)
        """
        return float(self._evaluate(np.array([day.timetuple().tm_yday]))[0])

    def shifts(self, rows: pl.DataFrame) -> Array:
        """Log-odds to add to each row, by its ``day_of_year`` (1 to 366) or else the day of its ``snapshot``.

        >>> wave = Season(level=0.1, waves=((0.2, 0.0),))
        >>> wave.shifts(pl.DataFrame({"snapshot": [date(2024, 1, 1), date(2024, 7, 1)]})).round(2).tolist()
        [0.3, -0.1]
        >>> wave.shifts(pl.DataFrame({DAY_OF_YEAR: [1.0, 183.0]})).round(2).tolist()
        [0.3, -0.1]
        """
        if DAY_OF_YEAR in rows.columns:
            return self._evaluate(rows[DAY_OF_YEAR].to_numpy())
        if "snapshot" not in rows.columns:
            raise BadData(
                f"the model follows the season, and the rows have no day; add the column {DAY_OF_YEAR}, 1-366"
            )
        return self._evaluate(rows["snapshot"].dt.ordinal_day().to_numpy())

    def in_words(self) -> str:
        """When the waves are highest and lowest, and what lies between.

        >>> Season(level=0.1, waves=((0.25, 0.0),)).in_words()
        'highest about 31 December, lowest about 2 July; between them the odds of churn differ by a factor of 1.65'
        """
        days = [date(2023, 1, 1) + timedelta(days=offset) for offset in range(365)]
        shifts = self._evaluate(np.arange(1, 366))
        highest, lowest = (
            f"{day.day} {MONTHS[day.month - 1]}" for day in (days[shifts.argmax()], days[shifts.argmin()])
        )
        return (
            f"highest about {highest}, lowest about {lowest}; between them the odds of churn differ by a factor of "
            f"{math.exp(np.ptp(shifts)):.2f}"
        )

    def _evaluate(self, day_of_year: npt.NDArray[Any]) -> Array:
        parts = np.array([self.level, *(part for wave in self.waves for part in wave)])
        # No product of BLAS, which may add up equal rows in different orders: equal scores would be equal no more.
        shifts: Array = np.sum(terms(day_of_year, len(self.waves)) * parts, axis=1)
        return shifts


def terms(day_of_year: npt.NDArray[Any], waves: int) -> Array:
    """One, and cosine and sine of so many waves, of each day (1 to 366); (days, 1 + 2 * waves)."""
    turn = 2 * math.pi * day_of_year / YEAR_DAYS
    parts = [part(times * turn) for times in range(1, waves + 1) for part in (np.cos, np.sin)]
    return np.stack([np.ones_like(turn), *parts], axis=1)
