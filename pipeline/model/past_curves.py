"""Which curve would have been right at earlier snapshots: how far probabilities were too cautious then."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit

from pipeline.model import calibration
from pipeline.model.calibration import Calibration

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
DIGITS: Final = 6
MIN_SLOPE: Final = 0.05
"""Below it outcomes had next to nothing to do with the probabilities, and no curve makes them right."""


@dataclass(frozen=True)
class PastCurve:
    """What would have made the probabilities of a day right: ``shift + exp(log_slope) * log-odds``.

    Attributes
    ----------
    day
        The snapshot, or the day of the list.
    shift
        Log-odds to add.
    log_slope
        Above 0 the probabilities were too cautious, below 0 too bold.
    log_slope_error
        Its standard error by chance.
    """

    day: date
    shift: float
    log_slope: float
    log_slope_error: float = 0.0


@dataclass(frozen=True)
class PastCurves:
    """The curves of all snapshots that were known when the model was trained.

    Attributes
    ----------
    curves
        In the order of time.
    optimism
        By how much the logarithm of the slope is greater on rows that the fit has seen than on the same rows unseen.
    """

    curves: tuple[PastCurve, ...] = ()
    optimism: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The same for ``calibration.json``; days are ISO 8601."""
        return {"curves": [{**vars(one), "day": str(one.day)} for one in self.curves], "optimism": self.optimism}

    @classmethod
    def from_json(cls, saved: dict[str, Any] | None) -> "PastCurves":
        """Read them back; a model of an earlier release has none.

        >>> one = PastCurves((PastCurve(date(2024, 1, 1), 0.1, 0.2),), 0.05)
        >>> PastCurves.from_json(one.as_json()) == one, PastCurves.from_json(None)
        (True, PastCurves(curves=(), optimism=0.0))
        """
        if saved is None:
            return cls()
        curves = (PastCurve(**{**one, "day": date.fromisoformat(one["day"])}) for one in saved["curves"])
        return cls(tuple(curves), saved["optimism"])


NONE_KNOWN: Final = PastCurves()


def fit(day: date, log_odds: Array, churned: Labels) -> PastCurve | None:
    """The curve that would have made calibrated log-odds right, by maximum likelihood; None where none does.

    Parameters
    ----------
    day
        Their day.
    log_odds
        Calibrated log-odds, one per row.
    churned
        What happened, 0 or 1.

    Examples
    --------
    A quarter and three quarters churned, where 40 and 60 % were expected.

    >>> log_odds, churned = np.repeat(np.log([2 / 3, 3 / 2]), 4000), np.repeat([0, 1, 0, 1], [3000, 1000, 1000, 3000])
    >>> one = fit(date(2024, 1, 1), log_odds, churned)
    >>> abs(round(one.shift, 2)), round(math.exp(one.log_slope), 2), round(math.log(3) / math.log(1.5), 2)
    (0.0, 2.71, 2.71)
    >>> fit(date(2024, 1, 1), log_odds, np.ones(16000)) is None
    True
    """
    if not 0 < churned.sum() < len(churned):
        return None
    curve = calibration.fit(log_odds, churned)
    if curve.slope < MIN_SLOPE:
        return None
    # The inverse of the Fisher information of both numbers; of a logarithm, relative to the slope.
    probability = expit(curve.intercept + curve.slope * log_odds)
    weight, columns = probability * (1 - probability), np.stack([np.ones_like(log_odds), log_odds])
    error = math.sqrt(np.linalg.inv((columns * weight) @ columns.T)[1, 1]) / curve.slope
    return PastCurve(day, round(curve.intercept, DIGITS), round(math.log(curve.slope), DIGITS), round(error, DIGITS))


def of_model(
    curve: Calibration, validation: tuple[pl.DataFrame, Array], known: pl.DataFrame, log_odds: Mapping[date, Array]
) -> PastCurves:
    """The curves of all snapshots whose outcomes are known, by a model; see `learn`.

    Parameters
    ----------
    curve
        The curve in use.
    validation
        The rows that calibrated the model, and their log-odds by the fit that had not seen them.
    known
        Labelled examples of all snapshots whose outcomes are known.
    log_odds
        Of the rows of each snapshot of `known`, in their order, by the model; it was fitted on those up to the
        validation snapshot.
    """
    rows = known.partition_by("snapshot", as_dict=True, maintain_order=True)
    right = {day: (curve.log_odds(log_odds[day], part), _outcomes(part)) for (day,), part in rows.items()}
    last = validation[0]["snapshot"][0]
    unseen = {day: one for day, one in right.items() if day > last}
    unseen[last] = (curve.log_odds(validation[1], validation[0]), _outcomes(validation[0]))
    return learn({day: one for day, one in right.items() if day <= last}, unseen)


def _outcomes(rows: pl.DataFrame) -> Labels:
    return rows["churned"].to_numpy().astype(np.int8)


def learn(seen: Mapping[date, tuple[Array, Labels]], unseen: Mapping[date, tuple[Array, Labels]]) -> PastCurves:
    r"""The curves of all snapshots whose outcomes are known.

    Rows the model was fitted on come out better than others, so their slopes are too high; those of the rows that
    calibrated it are too low, since the model they are of had seen less. What is right lies between: both are known of
    the validation snapshot, and the middle is taken. By how much :math:`o` they are too high is known of that snapshot
    only, and of others about as unsure as it is large. So where later snapshots are known, which no fit has seen, all
    are moved by :math:`\frac{o^2}{o^2 + s^2} d`, where :math:`d` is how far those lie from what is expected after the
    others and :math:`s` their standard error.

    Parameters
    ----------
    seen
        Calibrated log-odds and outcomes of rows that the model was fitted on, by snapshot.
    unseen
        The same of rows that it was not fitted on. A snapshot that is in both says how far the two are apart.

    Examples
    --------
    >>> log_odds, churned = np.repeat(np.log([2 / 3, 3 / 2]), 4000), np.repeat([0, 1, 0, 1], [3000, 1000, 1000, 3000])
    >>> first, last = date(2024, 1, 1), date(2024, 4, 1)
    >>> seen = {first: (log_odds, churned), last: (log_odds * 2, churned)}
    >>> known = learn(seen, {last: (log_odds * 3, churned)})
    >>> round(known.optimism, 4), round(math.log(3) - math.log(2), 4)
    (0.4055, 0.4055)
    >>> [round(math.exp(one.log_slope), 1) for one in known.curves]  # 2.71 and 1.355, less half of that
    [2.2, 1.1]
    """
    fitted = {day: fit(day, *rows) for day, rows in seen.items()}
    later = {day: fit(day, *rows) for day, rows in unseen.items()}
    both = [(fitted[day], later[day]) for day in sorted(seen.keys() & unseen.keys())]
    apart = [(one.shift - two.shift, one.log_slope - two.log_slope) for one, two in both if one and two]
    shift, slope = apart[-1] if apart else (0.0, 0.0)
    moved = [
        replace(one, shift=round(one.shift - shift / 2, DIGITS), log_slope=round(one.log_slope - slope / 2, DIGITS))
        for one in fitted.values()
        if one is not None
    ]
    rest = [one for day, one in later.items() if one is not None and day not in seen]
    moved = _beside_unseen(sorted(moved, key=lambda one: one.day), rest, slope)
    return PastCurves(tuple(sorted([*moved, *rest], key=lambda one: one.day)), round(slope, DIGITS))


def _beside_unseen(seen: list[PastCurve], unseen: list[PastCurve], optimism: float) -> list[PastCurve]:
    """The curves of rows that the fit has seen, moved towards those of later rows that it has not."""
    if not seen or not unseen or not optimism:
        return seen
    # One standard error, and not that of a mean: their outcome windows overlap.
    weight = optimism**2 / (optimism**2 + float(np.mean([one.log_slope_error**2 for one in unseen])))
    lasting = part_of_season(seen)

    def off(name: str) -> float:
        values = np.array([getattr(one, name) for one in seen])
        expected = values.mean() + lasting * (values[-1] - values.mean())
        return weight * float(np.mean([getattr(one, name) for one in unseen]) - expected)

    shift, slope = off("shift"), off("log_slope")
    return [
        replace(one, shift=round(one.shift + shift, DIGITS), log_slope=round(one.log_slope + slope, DIGITS))
        for one in seen
    ]


def part_of_season(curves: Sequence[PastCurve]) -> float:
    r"""How much of the differences between slopes is more than chance: 0 to 1.

    :math:`1 - \overline{s^2} / v`, by the mean square of their standard errors and their variance.

    Examples
    --------
    >>> near, far = ([PastCurve(date(2023, 1, 2), 0.0, slope, 0.1) for slope in (0.0, other)] for other in (0.1, 0.4))
    >>> part_of_season(near), round(part_of_season(far), 2)
    (0.0, 0.75)
    """
    by_chance = float(np.mean([one.log_slope_error**2 for one in curves]))
    variance = float(np.var([one.log_slope for one in curves]))
    return max(1 - by_chance / variance, 0.0) if variance > 0 else 0.0
