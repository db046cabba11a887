"""What nature knew about each customer at each snapshot."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.simulate.causal import outcome_probability, survival
from pipeline.simulate.causal.company_history import History, days, known_days, words
from pipeline.simulate.causal.company_settings import INTENTS
from pipeline.simulate.causal.hazard_parameters import HazardParameters, hazard_parameters_of
from pipeline.simulate.parameters import Array
from pipeline.simulate.trajectories import Flags, Integers

STATES = ("active", "fading", "gone")
ACTIVE, FADING, GONE = 0, 1, 2
# The last digits of a sum differ between processors; nine are exact everywhere.
DIGITS = 9
Column = npt.NDArray[Any]


def truth(past: History) -> pl.DataFrame:
    """One row per customer and snapshot after the first purchase, sorted by both."""
    parameters = hazard_parameters_of(past.plan)
    parts = [_build_snapshot(past, parameters, snapshot) for snapshot in past.plan.snapshots]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((columns["snapshot"], columns["customer"]))
    return _written(past, parameters, {name: column[order] for name, column in columns.items()})


def _written(past: History, parameters: HazardParameters, columns: dict[str, Column]) -> pl.DataFrame:
    """Numbers to words, days to dates, NaN to null."""
    customer, causes = columns["customer"], past.trouble.ids
    return pl.DataFrame(
        {
            "customer_id": past.ids.gather(customer),
            "snapshot": days(columns["snapshot"]),
            "state": words(STATES, columns["state"]),
            "mean_gap_days": parameters.mean_gap_days[past.who.rhythm[customer]],
            "intents": _listed((1 << np.arange(len(INTENTS))) @ past.who.intents[:, customer], INTENTS),
            "control": past.who.control[customer],
            **{
                name: pl.Series(columns[name].round(DIGITS), nan_to_null=True)
                for name in ("hazard_per_day", "base_hazard_per_day")
            },
            "causes": _listed(columns["running"], causes),
            "dominant_cause": words(causes, columns["dominant"]),
            "dominant_share": pl.Series(columns["dominant_share"].round(DIGITS), nan_to_null=True),
            "dominant_days": pl.Series(columns["dominant_days"], nan_to_null=True).cast(pl.Int64),
            "leaves_on": known_days(past.ends.leave[customer], past.plan.lived_days),
            "cause_of_leaving": words(("none", *causes), past.ends.cause[customer] + 1),
            "churned": columns["churned"].astype(np.int8),
            **{
                name: column.round(DIGITS) + 0.0
                for name, column in columns.items()
                if name.startswith(("true_", "uplift_"))
            },
        }
    )


def _listed(masks: Integers, names: tuple[str, ...]) -> pl.Series:
    """The names whose bits are set, with semicolons between them; null where none is."""
    distinct, place = np.unique(masks, return_inverse=True)
    texts = [";".join(name for bit, name in enumerate(names) if mask >> bit & 1) or None for mask in distinct.tolist()]
    return pl.Series(texts, dtype=pl.String).gather(place)


def _build_snapshot(past: History, parameters: HazardParameters, snapshot: int) -> dict[str, Column]:
    known = np.flatnonzero(past.who.arrival < snapshot)
    leave, gone = past.ends.leave[known], past.ends.gone[known]
    state = np.where(leave < snapshot, FADING, ACTIVE)
    state[(gone < snapshot) | past.who.once[known]] = GONE
    columns: dict[str, Column] = {"customer": known, "snapshot": np.full(len(known), snapshot), "state": state}
    columns |= _hazards(past, parameters, known, snapshot, state)
    columns["churned"] = _churned(past, known, snapshot)
    return columns | _probabilities(past, parameters, known, snapshot, state)


def _churned(past: History, known: Integers, snapshot: int) -> Flags:
    start = snapshot + past.plan.label.gap_days
    end = start + past.plan.label.horizon_days
    if past.plan.company.outcome == "cancellation":
        gone = past.ends.gone[known]
        cancelled: Flags = (gone >= start) & (gone < end)
        return cancelled
    bought: Flags = np.any(past.bought[start:end], axis=0)
    return ~bought[known]


def _hazards(
    past: History, parameters: HazardParameters, known: Integers, snapshot: int, state: Integers
) -> dict[str, Column]:
    """Today's hazards of the active; and the cause with the largest one, counted in full before its lag is over too."""
    trouble, active = past.trouble, state == ACTIVE
    running = (trouble.start[:, known] < snapshot) & (snapshot < trouble.end[:, known]) & (state != GONE)
    cause, row = np.nonzero(running)
    index = (cause, known[row])
    factor = np.where(trouble.treated[index] < snapshot, parameters.factors[cause, trouble.playbook[index]], 1.0)
    full = np.zeros(running.shape)
    full[cause, row] = parameters.hazards[cause] * factor
    hot = np.zeros(running.shape)
    hot[cause, row] = full[cause, row] * (trouble.hot[index] <= snapshot)
    base = past.who.base_leaving[known] * (parameters.clock[snapshot + 1] - parameters.clock[snapshot])
    # The hair only keeps 0 / 0 away, where there is no hazard at all.
    share = full.max(axis=0) / np.maximum(full.sum(axis=0) + base, 1e-300)
    clear = active & running.any(axis=0)
    return {
        "hazard_per_day": np.where(active, 1 - np.exp(-base - hot.sum(axis=0)), np.nan),
        "base_hazard_per_day": np.where(active, 1 - np.exp(-base), np.nan),
        "running": (1 << np.arange(len(running))) @ running,
        "dominant": np.where(clear, full.argmax(axis=0), -1),
        "dominant_share": np.where(clear, share, np.nan),
        "dominant_days": np.where(clear, snapshot - trouble.start[full.argmax(axis=0), known], np.nan),
    }


def _probabilities(
    past: History, parameters: HazardParameters, known: Integers, snapshot: int, state: Integers
) -> dict[str, Array]:
    """The true probability, and by how much each playbook lowers it."""
    names = [f"uplift_{name.replace('-', '_')}" for name in parameters.plan.company.playbooks]
    true = np.full(len(known), 0.0 if parameters.plan.company.outcome == "cancellation" else 1.0)
    uplift = np.zeros((len(names), len(known)))
    there = np.flatnonzero(state != GONE)
    if len(there):
        here, active = known[there], np.flatnonzero(state[there] == ACTIVE)
        clock_days = snapshot - past.last_purchase(here, snapshot)
        look = outcome_probability.lookahead(parameters, past.who, here, snapshot, clock_days)
        staying, helped = survival.staying(parameters, past.trouble, past.who, here[active], snapshot)
        chance = look.fading.copy()
        chance[active] = look.probability(staying, active)
        true[there] = chance
        row = active[helped.row]
        uplift[helped.playbook, there[row]] = chance[row] - look.probability(helped.staying, row)
    return {"true_probability": true} | dict(zip(names, uplift, strict=True))
