"""What acting on the top of each contestant's list keeps, where the true uplift of each offer is known."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from benchmarks.contestants import OURS, Array
from benchmarks.leaderboard_table import ALL_KNOWING, DRAWN_BY_LOT
from benchmarks.playbooks_given import COST_FACTOR
from benchmarks.playbooks_offers import OFFERS, name_uplift_column
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.evaluation.bootstrap import ScoredSnapshot
from pipeline.examples import labelled
from pipeline.model.split import Split
from pipeline.simulate.causal.company_presets import COMPANIES
from pipeline.tables import storage
from pipeline.value import customer_value
from pipeline.value.expected_spend import Spend

# Of the customers at a cut-off, as many as can be acted on.
CAPACITY: Final = 0.05
DRAWS, SEED, DIGITS = 1000, 0, 1


def measured(
    name: str,
    settings: params.Params,
    examples: pl.DataFrame,
    cutoffs: list[Split],
    parts: list[ScoredSnapshot],
    paths: Paths,
) -> dict[str, Any] | None:
    """What each list keeps over all cut-offs; None where no uplift is known."""
    if name not in COMPANIES:
        return None
    truth = _truth(name, paths)
    kept = []
    for cutoff, part in zip(cutoffs, parts, strict=True):
        test = labelled.select_days(examples, [cutoff.test])
        spend = Spend.fit(examples.filter(pl.col("snapshot") <= cutoff.validation))
        value = customer_value.expected_value(test, spend, settings.label, settings.score).to_numpy()
        uplift = _uplift(part, truth)
        kept.append(_kept(part, value, net_of_best_offer(uplift, value, _costs(name))))
    return _figures(pl.concat(kept)) | {"capacity": CAPACITY, "listed": sum(map(_length, map(len, kept)))}


def _truth(name: str, paths: Paths) -> pl.DataFrame:
    keys = storage.read_buckets(paths.tables / "transactions", ["customer_key", "customer_id"]).unique()
    columns = ["customer_id", "snapshot", *map(name_uplift_column, COMPANIES[name].playbooks)]
    truth = pl.read_parquet(Path("raw/simulated/truth.parquet"), columns=columns)
    return truth.join(keys, on="customer_id").with_columns(pl.col("customer_key").cast(pl.Int64)).drop("customer_id")


def _costs(name: str) -> Array:
    """Of each offer, in currency units, as in the benchmark of playbooks."""
    return np.array([OFFERS[offer].cost * COST_FACTOR[name] for offer in COMPANIES[name].playbooks])


def _uplift(part: ScoredSnapshot, truth: pl.DataFrame) -> Array:
    """Of each row of the snapshot and each offer: how much less likely it makes churn, 0-1."""
    there = truth.filter(pl.col("snapshot").cast(pl.String) == part.snapshot).drop("snapshot")
    rows = pl.DataFrame({"customer_key": part.customers}).join(
        there, on="customer_key", how="left", maintain_order="left", validate="1:1"
    )
    uplift = rows.drop("customer_key").to_numpy()
    if np.isnan(uplift).any():
        raise ValueError(f"{part.snapshot}: the truth does not hold every customer who is judged")
    return np.asarray(uplift, dtype=np.float64)


def net_of_best_offer(uplift: Array, value: Array, cost: Array) -> Array:
    """What acting on each customer keeps with the offer that keeps most, less its cost, in currency units.

    >>> net_of_best_offer(np.array([[0.5, 0.1], [0.0, 0.0]]), np.array([100.0, 10.0]), np.array([4.0, 1.0])).tolist()
    [46.0, -1.0]
    """
    return np.asarray((uplift * value[:, None] - cost).max(axis=1), dtype=np.float64)


def _length(customers: int) -> int:
    return max(1, round(customers * CAPACITY))


def _kept(part: ScoredSnapshot, value: Array, net: Array) -> pl.DataFrame:
    """By customer, what each list keeps of him or her: those of highest probability times value are acted on."""
    length = _length(len(net))
    lists = {name: listed(probability * value, length) for name, probability in part.scored.items()}
    lists[ALL_KNOWING] = listed(net, length)
    by_list = {name: np.where(on_it, net, 0.0) for name, on_it in lists.items()}
    # A list drawn by lot keeps of everybody what he or she brings, times the chance to be on it.
    return pl.DataFrame({"customer": part.customers, **by_list, DRAWN_BY_LOT: net * length / len(net)})


def listed(score: Array, length: int) -> np.ndarray:
    """Whether each row is among those of highest score; of equal ones, the first.

    >>> listed(np.array([0.1, 0.9, 0.9]), 1).tolist()
    [False, True, False]
    """
    on_it = np.zeros(len(score), dtype=np.bool_)
    on_it[np.argsort(-score, kind="stable")[:length]] = True
    return on_it


def _figures(kept: pl.DataFrame) -> dict[str, Any]:
    """What each list keeps, the lead of the pipeline's, and the share of all that could be kept."""
    names = [name for name in kept.columns if name != "customer"]
    amounts = kept.group_by("customer").agg(pl.col(names).sum()).sort("customer").select(names).to_numpy()
    dice = np.random.default_rng(SEED)
    draws = np.stack([amounts[dice.integers(0, len(amounts), len(amounts))].sum(axis=0) for _ in range(DRAWS)])
    drawn, seen = dict(zip(names, draws.T, strict=True)), dict(zip(names, amounts.sum(axis=0), strict=True))
    return {
        "kept": {name: _three(seen[name], drawn[name]) for name in names},
        "lead": {n: _three(seen[OURS] - seen[n], drawn[OURS] - drawn[n]) for n in names if n != OURS},
        "share": {name: round(float(seen[name] / seen[ALL_KNOWING]), 3) for name in names},
    }


def _three(figure: float, draws: Array) -> list[float]:
    """The figure and the ends of its interval of 95 %."""
    return [round(float(number), DIGITS) for number in (figure, *np.quantile(draws, (0.025, 0.975)))]
