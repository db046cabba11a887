"""Does the curve of the next order, or of a contract's end, predict better than what is usual? At cutoffs of the past.

What is usual is a customer's rhythm of orders, and of contracts a regression on the next renewal, anew for each day.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import logit

from pipeline.config.params import Label, Model
from pipeline.evaluation import contract_baselines, integrated_brier
from pipeline.evaluation.bootstrap import ScoredSnapshot
from pipeline.examples.next_events import DAYS_TO_EVENT
from pipeline.examples.snapshots import outcome_window
from pipeline.model import event_curve, event_days
from pipeline.model.ensemble import Ensemble
from pipeline.value import purchase_process

Array = npt.NDArray[np.float64]
CUTOFFS = 2
SHARES = (0.1, 0.9)
AGE = "days_since_first_order"


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
    """Fit the curve anew at up to `CUTOFFS` of the snapshots, and hold it to the events that came.

    Parameters
    ----------
    examples
        Rows of all snapshots before `until` with the columns of the model and ``days_to_event``, of some customers.
    parts
        Scored snapshots in the order of time; their probabilities were made without having seen them.
    ensemble
        The model, of which only the columns are taken: the rhythm is fitted anew at each cutoff.
    until
        The day from which on no event is known.
    how
        ``params.yaml: label, model``.

    Returns
    -------
    dict or None
        ``cutoffs``, each with the integrated Brier score (`integrated_brier`) of the ``curve`` and of the ``rhythm``
        (BG/NBD; of contracts, a hazard regression for each day); the mean of both;
        ``covered``, the share of events that came within the interval of 80 % (see `sides`); ``pays``, whether the
        curve is no worse than the rhythm. None where there is no curve.
    """
    label, settings = how
    if label.kind == "overdue" or (label.kind == "inactivity" and ensemble.purchase_process is None):
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
    known = ensemble
    if label.kind == "inactivity":
        # The rhythm of the latest customers known then; the one of the model has seen what came.
        latest = before.filter(pl.col("snapshot") == pl.col("snapshot").max())
        known = replace(ensemble, purchase_process=purchase_process.fit(latest))
    curve = event_curve.fit(before, known, day, label, settings)
    probability = pl.DataFrame({"customer_key": part.customers, "probability": part.scored["model"]})
    rows = (
        examples.filter(pl.col("snapshot") == day)
        .with_columns(pl.col("customer_key").cast(pl.Int64))
        .join(probability, on="customer_key", how="inner", maintain_order="left")
    )
    if curve is None or rows.is_empty():
        return None
    own = np.clip(rows["probability"].to_numpy(), event_curve.SURE**2, 1 - event_curve.SURE**2)
    no_event = curve.no_event(known, rows, logit(own), settings.num_threads)
    over = (until - outcome_window(day, label).start).days
    days = [one for one in curve.days if one <= over]
    came = rows[DAYS_TO_EVENT].fill_null(over).to_numpy()
    if label.kind == "inactivity":
        rhythm = known.purchase_process
        usual = [purchase_process.p_no_purchase(rhythm, rows, label.gap_days, one) for one in days] if rhythm else []
    else:
        usual = [1 - ended(before, rows, day, label, one) for one in days]
    by_curve, alone = (
        integrated_brier.mean_score(each, came, days) for each in (no_event[:, : len(days)], np.column_stack(usual))
    )
    renewal = curve.renewal(rows, label)
    covered = float(np.mean(sides(no_event, curve.days, came, days[-1], renewal)[1]))
    return Cutoff(part.snapshot, len(rows), days[-1], by_curve, alone, covered)


def ended(before: pl.DataFrame, rows: pl.DataFrame, day: date, label: Label, ahead: int) -> Array:
    """The chance (0-1) that the contract has ended so many days ahead, by a regression on what was known on a day.

    Parameters
    ----------
    before
        Rows of all snapshots before `day` with ``days_to_event`` and the columns of the model.
    rows
        The contracts it is asked of, with the same columns.
    day, label
        From which on nothing is known, and ``params.yaml: label``.
    ahead
        Days after the start of the outcome window.

    Returns
    -------
    array
        (rows,); the same for all where no renewal is known.
    """
    over = (pl.lit(day) - pl.col("snapshot")).dt.total_days() - label.gap_days >= ahead
    examples = before.filter(over)
    ended = (examples[DAYS_TO_EVENT].fill_null(ahead) < ahead).cast(pl.Int8).to_numpy()
    # Without a renewal that is known, all are alike.
    if len(np.unique(ended)) < 2 or AGE not in examples.columns or not contract_baselines.knows_renewal(examples):
        return np.full(len(rows), float(ended.mean()) if len(ended) else 0.0)
    until = label.model_copy(update={"horizon_days": ahead})
    return contract_baselines.ContractHazard(examples, ended, until).probability(rows)


def sides(
    no_event: Array, days: tuple[int, ...], came: Array, over: int, renewal: event_days.Renewal | None = None
) -> tuple[Array, Array, Array]:
    """How much of each customer's event came before, within and after the interval of 80 %; of a day, each its part.

    Parameters
    ----------
    no_event, days
        As `EventCurve.no_event` gives them; (rows, days).
    came
        Days to the event, `over` or more of whom none has come; (rows,).
    over
        Days that are over. Of whom none has come in them, the chance of what is left is spread as the curve says.
    renewal
        As `EventCurve.renewal` gives it.

    Returns
    -------
    array, array, array
        0-1, together 1; (rows,). Where the curve is right they are 0.1, 0.8 and 0.1 on average. By whole days they are
        not: of those who order every few days, more than a tenth come on the first one, which is within in full.

    Examples
    --------
    >>> daily = np.array([[0.5, 0.25]] * 2)
    >>> [one.round(3).tolist() for one in sides(daily, (1, 2), np.array([0, 2]), 2)]
    [[0.2, 0.0], [0.8, 0.6], [0.0, 0.4]]

    Notes
    -----
    Czado, C., Gneiting, T. and Held, L. (2009), "Predictive Model Assessment for Count Data", Biometrics 65(4): the
    probability integral transform, spread over the chance of what came.
    """
    return parts_of(*around_event(no_event, days, came, over, renewal))


def around_event(
    no_event: Array, days: tuple[int, ...], came: Array, over: int, renewal: event_days.Renewal | None = None
) -> tuple[Array, Array]:
    """The chances that the event has come before the day on which it did, and by its end; (rows,). See `sides`."""
    before, after = (
        1 - event_days.no_event_until(no_event, days, np.minimum(until, over).astype(np.float64), renewal)
        for until in (came, came + 1)
    )
    return before, np.where(came < over, after, 1.0)


def parts_of(low: Array, high: Array) -> tuple[Array, Array, Array]:
    """How much of what lies evenly between two chances is before, within and after the interval of 80 %; (rows,).

    >>> [one.round(3).tolist() for one in parts_of(np.array([0.0]), np.array([0.5]))]
    [[0.2], [0.8], [0.0]]
    """
    early, late = part_before(low, high, SHARES[0]), np.clip((high - SHARES[1]) / _width(low, high), 0, 1)
    return early, 1 - early - late, late


def part_before(low: Array, high: Array, share: float) -> Array:
    """How much of what lies evenly between two chances is before a third one; (rows,).

    >>> part_before(np.array([0.0, 0.6]), np.array([0.5, 0.7]), 0.25).tolist()
    [0.5, 0.0]
    """
    return np.asarray(np.clip((share - low) / _width(low, high), 0, 1))


def _width(low: Array, high: Array) -> Array:
    return np.maximum(high - low, 1e-12)
