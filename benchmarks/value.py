"""What will a customer who stays spend over the horizon? Ways to say so, held to what happened later.

Run as ``python -m benchmarks.value [--json FILE]``. Both samples, each judged at several later snapshots; whatever is
fitted is fitted on snapshots whose outcome window had ended by then. Judged are the customers who did buy in the
outcome window, since `value` is what a customer who stays brings. Intervals: bootstrap over customers, 95 %.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import minimize
from scipy.stats import spearmanr

from benchmarks import command_line
from pipeline.config import overlay, params
from pipeline.config.paths import Paths
from pipeline.examples.snapshots import is_complete, snapshot_days
from pipeline.stages import run_stage, s1_ingest
from pipeline.tables import storage
from pipeline.value.expected_spend import Spend

Array = npt.NDArray[np.float64]

ROOT = Path(__file__).resolve().parent.parent
# Snapshots judged, and whether each one or every second one: outcome windows of 30 days, a snapshot every 15.
SAMPLES = {"complete_journey": (3, 2), "cdnow": (4, 1)}
DRAWS, SEED = 500, 1
MIN_DAYS = 90
Estimate = Callable[["Seen", list["Seen"]], Array]


@dataclass(frozen=True)
class Seen:
    """Who was active at a snapshot: one row per customer, and what was spent in the outcome window."""

    day: date
    horizon: int
    active: pl.DataFrame

    @property
    def stayed(self) -> pl.DataFrame:
        return self.active.filter(pl.col("bought"))


def complete(name: str, folder: Path) -> list[Seen]:
    """The complete snapshots of a sample, the last one last."""
    file = folder / "params.yaml"
    shutil.copy(ROOT / "params.yaml", file)
    overlay.apply(ROOT / "params" / f"{name}.yaml", file)
    settings = params.load(file)
    paths = Paths(
        data=folder / "data", models=folder / "models", reports=folder / "reports", exports=folder / "exports"
    )
    run_stage(s1_ingest, settings, paths)
    lines = storage.read_buckets(
        paths.tables / "transactions", ["customer_key", "transaction_id", "day", "amount_minor"]
    )
    daily = by_day(lines)
    days = [
        d
        for d in snapshot_days(settings.snapshots)
        if is_complete(d, settings.label, settings.snapshots.observed_until)
    ]
    return [look(daily, day, settings.label, settings.snapshots.active_days) for day in sorted(days)]


def by_day(lines: pl.DataFrame) -> pl.DataFrame:
    """Days with an order: what was paid, and what was given back on days with an order, in currency units."""
    bought = pl.col("amount_minor") >= 0
    return (
        lines.group_by("customer_key", "day")
        .agg(
            (pl.col("amount_minor").filter(bought).sum() / 100).alias("spend"),
            (-pl.col("amount_minor").filter(~bought).sum() / 100).alias("refunded"),
            pl.col("transaction_id").filter(bought).n_unique().alias("orders"),
        )
        .filter(pl.col("orders") > 0)
        .sort("customer_key", "day")
    )


def look(daily: pl.DataFrame, day: date, label: params.Label, active_days: int) -> Seen:
    """What was known on the morning of a day, and what came after."""
    start = day + timedelta(days=label.gap_days)
    future = daily.filter(pl.col("day").is_between(start, start + timedelta(days=label.horizon_days - 1)))
    ago = (pl.lit(day) - pl.col("day")).dt.total_days()
    known = (
        daily.filter(pl.col("day") < day)
        .group_by("customer_key")
        .agg(
            pl.len().alias("order_days_ever"),
            ago.max().alias("days_since_first_order"),
            ago.min().alias("days_since_last_order"),
            pl.col("orders").sum().alias("orders_ever"),
            pl.col("orders").filter(ago <= 365).sum().alias("orders_365d"),
            pl.col("spend").filter(ago <= 365).sum().alias("spend_365d"),
            (pl.col("refunded").filter(ago <= 365).sum() / pl.col("spend").filter(ago <= 365).sum()).alias(
                "refund_share_365d"
            ),
        )
        .join(future.group_by("customer_key").agg(pl.col("spend").sum().alias("actual")), "customer_key", how="left")
        .with_columns(pl.col("actual").is_not_null().alias("bought"), pl.col("actual").fill_null(0.0))
        .sort("customer_key")
    )
    active = known.filter(pl.col("days_since_last_order") <= active_days)
    return Seen(day, label.horizon_days, active.with_columns(pl.lit(day).alias("snapshot")))


def rate(test: Seen, _teach: list[Seen]) -> Array:
    """Spend of the last year over the days since the first order, 90 to 365 of them."""
    rows = test.stayed
    days = np.clip(rows["days_since_first_order"].to_numpy(), MIN_DAYS, 365)
    return np.asarray(rows["spend_365d"].to_numpy() / days * test.horizon)


def _days(rows: pl.DataFrame) -> Array:
    return np.asarray(np.clip(rows["days_since_first_order"].to_numpy().astype(float), 1, 365))


def empirical_bayes(test: Seen, train_examples: list[Seen]) -> Array:
    """Gamma prior on the rates, from their mean and spread at the last training snapshot: outcomes are not used."""
    rows = train_examples[-1].active
    days, spend = _days(rows), rows["spend_365d"].to_numpy()
    mean = spend.sum() / days.sum()
    order = spend.sum() / rows["order_days_ever"].sum()  # a compound Poisson's variance per unit of mean, at least
    spread = max(np.average((spend / days - mean) ** 2, weights=days) - 2 * order * mean / days.mean(), 1e-12)
    prior_days = 2 * order * mean / spread
    rows = test.stayed
    return np.asarray((mean * prior_days + rows["spend_365d"].to_numpy()) / (prior_days + _days(rows)) * test.horizon)


def fitted_prior(test: Seen, train_examples: list[Seen]) -> Array:
    """``horizon (prior_spend + spend) / (prior_days + days)``, the prior fitted to what those who stayed spent."""
    rows = pl.concat([seen.stayed for seen in train_examples])
    spend, days, actual = rows["spend_365d"].to_numpy(), _days(rows), rows["actual"].to_numpy()

    def loss(logarithms: Array) -> float:
        prior_spend, prior_days = np.exp(logarithms)
        expected = test.horizon * (prior_spend + spend) / (prior_days + days)
        return float(np.mean(expected - actual * np.log(expected)))

    best = minimize(loss, np.log([np.mean(spend) / 4, 30.0]), method="Nelder-Mead").x
    prior_spend, prior_days = np.exp(best)
    rows = test.stayed
    return np.asarray(test.horizon * (prior_spend + rows["spend_365d"].to_numpy()) / (prior_days + _days(rows)))


def scaled_rate(test: Seen, train_examples: list[Seen]) -> Array:
    """Today's rate times one factor: spent over foreseen among those who stayed at the training snapshots."""
    foreseen = sum(float(rate(seen, []).sum()) for seen in train_examples)
    return rate(test, []) * (sum(float(seen.stayed["actual"].sum()) for seen in train_examples) / foreseen)


def btyd(test: Seen, train_examples: list[Seen]) -> Array:
    """BG/NBD times gamma-gamma, fitted at the last training snapshot."""
    spend, rows = Spend.fit(train_examples[-1].active), test.stayed
    often = spend.purchases.purchases_if_any(
        rows["order_days_ever"].to_numpy() - 1, rows["days_since_first_order"].to_numpy(), 0, test.horizon
    )
    days = rows["order_days_ever"] * rows["orders_365d"] / rows["orders_ever"]
    mean = (rows["spend_365d"] * (1 - rows["refund_share_365d"].clip(0, 1)) / days).fill_nan(0.0)
    return np.asarray(often * spend.amounts.expected_amount(days.to_numpy(), mean.to_numpy()))


def capped(test: Seen, train_examples: list[Seen]) -> Array:
    """The same, and never more than the customer has paid so far: what the product does."""
    return Spend.fit(train_examples[-1].active).expected(test.stayed, 0, test.horizon)


UNCAPPED = "BG/NBD x gamma-gamma"
CHOSEN = "the same, at most what was paid so far"
SHOWN = {"mae": 2, "rmse": 2, "expected_over_actual": 2, "spearman": 3}
CANDIDATES: dict[str, Estimate] = {
    "rate of the last year": rate,
    "rate, times a factor": scaled_rate,
    "shrunken rate, prior from the rates": empirical_bayes,
    "shrunken rate, prior from who stayed": fitted_prior,
    UNCAPPED: btyd,
    CHOSEN: capped,
}


def figures(actual: Array, expected: Array) -> dict[str, float]:
    """Errors in currency units, expected over actual total, and rank correlation."""
    error = expected - actual
    return {
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "expected_over_actual": float(expected.sum() / actual.sum()),
        "spearman": float(spearmanr(actual, expected).statistic),
    }


def run_data_set(name: str, tests: int, every: int) -> dict[str, Any]:
    """All candidates on one sample, over its last snapshots."""
    with tempfile.TemporaryDirectory() as folder:
        snapshots = complete(name, Path(folder))
    horizon = snapshots[0].horizon
    scored_snapshots = snapshots[::-every][:tests][::-1]
    expected: dict[str, list[Array]] = {key: [] for key in CANDIDATES}
    for test in scored_snapshots:
        train_examples = [seen for seen in snapshots if seen.day + timedelta(days=horizon) <= test.day]
        for key, estimate in CANDIDATES.items():
            expected[key].append(estimate(test, train_examples))
    actual = np.concatenate([test.stayed["actual"].to_numpy() for test in scored_snapshots])
    customers = np.concatenate([test.stayed["customer_key"].to_numpy() for test in scored_snapshots])
    joined = {key: np.concatenate(parts) for key, parts in expected.items()}
    return {
        "snapshots": [str(test.day) for test in scored_snapshots],
        "horizon_days": horizon,
        "customers": len(np.unique(customers)),
        "rows": len(actual),
        "mean_actual": round(float(actual.mean()), 4),
        "candidates": with_intervals(customers, actual, joined),
        "above_own_history": above_own_history(customers, actual, joined),
        "by_snapshot": {
            key: [
                {k: round(v, 4) for k, v in figures(t.stayed["actual"].to_numpy(), part).items()}
                for t, part in zip(scored_snapshots, parts, strict=True)
            ]
            for key, parts in expected.items()
        },
    }


def above_own_history(customers: npt.NDArray[np.int64], actual: Array, expected: dict[str, Array]) -> dict[str, Any]:
    """Those of whom more would be expected than they have paid so far: which of both is right of them?"""
    concerned = expected[UNCAPPED] > expected[CHOSEN] * (1 + 1e-9)
    if not concerned.any():
        return {"rows": 0}
    of_them = {key: expected[key][concerned] for key in (UNCAPPED, CHOSEN)}
    found = with_intervals(customers[concerned], actual[concerned], of_them)
    ratios = {key: one["expected_over_actual"] for key, one in found.items()}
    return {"rows": int(concerned.sum()), "expected_over_actual": ratios}


def with_intervals(customers: npt.NDArray[np.int64], actual: Array, expected: dict[str, Array]) -> dict[str, Any]:
    """Figures of each candidate, with the interval that holds 95 % of what other customers would have given."""
    random = np.random.default_rng(SEED)
    _, place, counts = np.unique(customers, return_inverse=True, return_counts=True)
    rows_of = np.split(np.argsort(place, kind="stable"), np.cumsum(counts)[:-1])
    drawn: dict[str, list[dict[str, float]]] = {key: [] for key in expected}
    for _ in range(DRAWS):
        rows = np.concatenate([rows_of[index] for index in random.integers(0, len(rows_of), len(rows_of))])
        for key, values in expected.items():
            drawn[key].append(figures(actual[rows], values[rows]))
    intervals = {}
    for key, values in expected.items():
        intervals[key] = {name: [round(point, 4)] for name, point in figures(actual, values).items()}
        for name in SHOWN:
            own = np.array([draw[name] for draw in drawn[key]])
            intervals[key][name] += [round(float(end), 4) for end in np.quantile(own, [0.025, 0.975])]
            paired = own - [draw[name] for draw in drawn[CHOSEN]]
            intervals[key][f"{name}_less_chosen"] = [
                round(float(end), 4) for end in np.quantile(paired, [0.025, 0.975])
            ]
    return intervals


def report(result: dict[str, Any]) -> str:
    """A table a reader can take in: each figure with its interval."""
    lines = []
    for name, summary in result.items():
        days = ", ".join(summary["snapshots"])
        lines.append(
            f"{name}: {summary['customers']:,} customers who bought within {summary['horizon_days']} days of {days}"
        )
        lines.append(f"  {'':38}" + "".join(f"{figure:>26}" for figure in SHOWN))
        for key, row in summary["candidates"].items():
            cells = [_cell(row[figure], digits) for figure, digits in SHOWN.items()]
            lines.append(f"  {key:38}" + "".join(f"{cell:>26}" for cell in cells))
    return "\n".join(lines)


def _cell(figure: list[float], digits: int) -> str:
    point, low, high = figure
    return f"{point:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def main() -> None:
    """Measure, print, and write what was found."""
    parser = command_line.parser(__doc__)
    options = parser.parse_args()
    result = {name: run_data_set(name, *which) for name, which in SAMPLES.items()}
    print(report(result))
    command_line.write(result, options.json)


if __name__ == "__main__":
    main()
