"""Does the curve of the next order predict better than the customer's rhythm alone? At earlier cutoffs and the last."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import logit

from pipeline.config.params import Label, Model
from pipeline.evaluation.bootstrap import ScoredSnapshot
from pipeline.examples.next_orders import DAYS_TO_ORDER
from pipeline.examples.snapshots import outcome_window
from pipeline.model import order_curve
from pipeline.model.ensemble import Ensemble
from pipeline.value import purchase_process

Array = npt.NDArray[np.float64]
CUTOFFS = 2
SHARES = (0.1, 0.9)


@dataclass(frozen=True)
class Cutoff:
    """One cutoff, as `check` reports it: the integrated Brier scores of both, and how often the interval held."""

    snapshot: str
    customers: int
    days: int
    curve: float
    rhythm: float
    covered: float

    def as_json(self) -> dict[str, Any]:
        """With six digits."""
        return {name: round(value, 6) if isinstance(value, float) else value for name, value in vars(self).items()}


def check(
    examples: pl.DataFrame, parts: Sequence[ScoredSnapshot], ensemble: Ensemble, until: date, how: tuple[Label, Model]
) -> dict[str, Any] | None:
    """Fit the curve anew at up to `CUTOFFS` of the snapshots, and hold it to the orders that came.

    Parameters
    ----------
    examples
        Rows of all snapshots before `until` with the columns of the model and ``days_to_order``, of some customers.
    parts
        Scored snapshots in the order of time; their probabilities were made without having seen them.
    ensemble
        The model, of which only the columns are taken: the rhythm is fitted anew at each cutoff.
    until
        The day from which on no order is known.
    how
        ``params.yaml: label, model``.

    Returns
    -------
    dict or None
        ``cutoffs``, each with the mean over the days ahead of the Brier score of the ``curve`` and of BG/NBD (the
        ``rhythm``), weighted by the days between; the mean of both; ``covered``, the share of orders that came within
        the interval of 80 %; ``pays``, whether the curve is no worse than the rhythm. None where there is no curve.

    Notes
    -----
    Graf, E. et al. (1999), "Assessment and comparison of prognostic classification schemes for survival data": the
    integrated Brier score; here nothing is censored, since only days that are over are counted.
    """
    label, settings = how
    if label.kind != "inactivity" or ensemble.purchase_process is None:
        return None
    spread = sorted({round(step * (len(parts) - 1) / max(1, CUTOFFS - 1)) for step in range(CUTOFFS)})
    cutoffs = [_cutoff(examples, parts[place], ensemble, until, label, settings) for place in spread]
    known = [cutoff for cutoff in cutoffs if cutoff is not None]
    if not known:
        return None
    curve, rhythm, covered = (
        float(np.mean([getattr(cutoff, name) for cutoff in known])) for name in ("curve", "rhythm", "covered")
    )
    means = {"curve": round(curve, 6), "rhythm": round(rhythm, 6), "covered": round(covered, 6)}
    return {"cutoffs": [cutoff.as_json() for cutoff in known], **means, "pays": curve <= rhythm}


def _cutoff(
    examples: pl.DataFrame, part: ScoredSnapshot, ensemble: Ensemble, until: date, label: Label, settings: Model
) -> Cutoff | None:
    day = date.fromisoformat(part.snapshot)
    before = examples.filter(pl.col("snapshot") < day)
    if before.is_empty():
        return None
    # The rhythm of the latest customers known then; the one of the model has seen what came.
    rhythm = purchase_process.fit(before.filter(pl.col("snapshot") == pl.col("snapshot").max()))
    known = replace(ensemble, purchase_process=rhythm)
    curve = order_curve.fit(before, known, day, label, settings)
    probability = pl.DataFrame({"customer_key": part.customers, "probability": part.scored["model"]})
    rows = (
        examples.filter(pl.col("snapshot") == day)
        .with_columns(pl.col("customer_key").cast(pl.Int64))
        .join(probability, on="customer_key", how="inner", maintain_order="left")
    )
    if curve is None or rows.is_empty():
        return None
    own = np.clip(rows["probability"].to_numpy(), order_curve.SURE**2, 1 - order_curve.SURE**2)
    no_order = curve.no_order(known, rows, logit(own), settings.num_threads)
    over = (until - outcome_window(day, label).start).days
    days = [one for one in curve.days if one <= over]
    came = rows[DAYS_TO_ORDER].fill_null(over).to_numpy()
    by_rhythm = np.column_stack([purchase_process.p_no_purchase(rhythm, rows, label.gap_days, one) for one in days])
    by_curve, alone = (_integrated_brier(each, came, days) for each in (no_order[:, : len(days)], by_rhythm))
    covered = _covered(no_order, curve.days, came, days[-1])
    return Cutoff(part.snapshot, len(rows), days[-1], by_curve, alone, covered)


def _integrated_brier(no_order: Array, came: Array, days: list[int]) -> float:
    """The mean over the days of the Brier score.

    >>> _integrated_brier(np.array([[0.5, 0.0]]), np.array([3]), [2, 4])
    0.125
    """
    silent = came[:, None] >= np.array(days)
    return float(np.average(np.mean((no_order - silent) ** 2, axis=0), weights=np.diff(days, prepend=0)))


def _covered(no_order: Array, days: tuple[int, ...], came: Array, over: int) -> float:
    """The share of customers whose order came within the interval of 80 %, as far as the days are over.

    Who has not ordered so far is within it where the interval ends later; it begins no later than the last day.
    """
    low, high = (order_curve.order_day(no_order, days, share) for share in SHARES)
    return float(np.mean((came >= np.floor(np.minimum(low, over))) & (np.minimum(came, over) <= np.ceil(high))))
