"""Does the AUC come that is expected before anybody knows who left? Week by week, in companies that drift.

Run as ``python -m benchmarks.early_performance [--only NAME ...] [--customers N] [--weeks N]``. A company of ``churn
simulate`` in which leaving becomes more frequent by the year and swings with the season is scored each week by a model
that was trained before all of these weeks, and by one that is trained anew each quarter, as the retrain rule would ask
for. Held against what came are the AUC that `expected_performance` expects of the probabilities alone, and whether it
lies in the range it gives.
"""

import argparse
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from benchmarks import quality
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.evaluation import backtest, expected_performance
from pipeline.examples import labelled
from pipeline.examples.features import model_features
from pipeline.model import split
from pipeline.model.split import Split
from pipeline.model.training import outcomes
from pipeline.stages import run_stage, s1_ingest, s2_examples

COMPANIES: Final = ("seasonal_drift", "default", "engagement_leads")
WEEKS, EVERY_DAYS, TRAINED_ON = 60, 7, 30
QUARTER: Final = 13
KNOWN_AFTER: Final = 13
"""Weeks until a list's outcome window of 90 days is over."""
WITHIN: Final = 0.015


def weekly(company: str, customers: int, weeks: int, seed: int, again: int | None) -> Iterator[dict[str, Any]]:
    """Expected and realised AUC of each week.

    Parameters
    ----------
    company
        A name of `COMPANIES`.
    customers, seed
        How many the company has had, and of the simulation.
    weeks
        How many lists are scored.
    again
        Weeks after which the model is trained anew; None never does.
    """
    with quality.drawn(company, customers, seed) as (settings, paths):
        run_stage(s1_ingest, settings, paths)
        yield from _scored(settings, paths, weeks, again)


def _scored(settings: params.Params, paths: Paths, weeks: int, again: int | None) -> Iterator[dict[str, Any]]:
    label = settings.label
    last = settings.snapshots.observed_until - timedelta(days=label.gap_days + label.horizon_days)
    ahead = 2 * ((label.gap_days + label.horizon_days) // EVERY_DAYS + 1)
    days = [last - timedelta(days=EVERY_DAYS * week) for week in range(weeks + ahead + TRAINED_ON)][::-1]
    run_stage(s2_examples, settings, paths, days)
    features = model_features(settings.features, settings.sources)
    examples = labelled.read(paths, [feature.name for feature in features])
    model = None
    for number, day in enumerate(days[-weeks:]):
        if model is None or (again and number % again == 0):
            model = _trained(settings, examples, features, day)
        rows = examples.filter(pl.col("snapshot") == day)
        matrix = model.ensemble.matrix(rows)
        probability = model.calibration.probability(model.ensemble.log_odds(matrix), rows)
        expected = expected_performance.expect(np.sort(probability), model.calibration.level_error, draws=200)
        came = float(roc_auc_score(outcomes(rows), probability))
        yield {
            "day": str(day), "customers": rows.height, "expected": expected.auc, "came": round(came, 4),
            "low": expected.auc_low, "high": expected.auc_high,
        }  # fmt: skip


def _trained(settings: params.Params, examples: pl.DataFrame, features: list[Any], day: Any) -> Any:
    """A model of what was known on the morning of a day."""
    known = [one for one in sorted(examples["snapshot"].unique()) if one <= day]
    cutoff: Split = split.by_time(known, settings.label)
    fitted = backtest.train_until(
        cutoff, examples.filter(pl.col("snapshot") <= day), features, settings.label, settings.model
    )
    assert fitted is not None, "some churned and some stayed in every part"
    return fitted[2]


def summary(rows: list[dict[str, Any]]) -> dict[str, float]:
    """How often what came lay near what was expected, and in its range; and near it once moved by earlier errors."""
    apart = np.array([row["came"] - row["expected"] for row in rows])
    inside = [row["low"] <= row["came"] <= row["high"] for row in rows]
    # Of a list, the errors are known of those whose windows were over: the last four of them.
    left = [apart[week] - apart[max(0, week - KNOWN_AFTER - 3) : week - KNOWN_AFTER + 1].mean()
            for week in range(KNOWN_AFTER, len(rows))]  # fmt: skip
    return {
        "weeks": len(rows),
        "within": round(float((np.abs(apart) <= WITHIN).mean()), 3),
        "in_range": round(float(np.mean(inside)), 3),
        "mean_error": round(float(apart.mean()), 4),
        "mean_absolute_error": round(float(np.abs(apart).mean()), 4),
        "moved_within": round(float((np.abs(left) <= WITHIN).mean()), 3) if left else 0.0,
    }


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description="Does the expected AUC come?")
    parser.add_argument("--only", nargs="+", choices=COMPANIES, default=COMPANIES, metavar="NAME")
    parser.add_argument("--customers", type=int, default=quality.CUSTOMERS)
    parser.add_argument("--weeks", type=int, default=WEEKS)
    chosen = parser.parse_args()
    for company in chosen.only:
        for again in (None, QUARTER):
            rows = list(weekly(company, chosen.customers, chosen.weeks, quality.SEED, again))
            print(
                company, "trained once" if again is None else f"trained every {again} weeks", summary(rows), flush=True
            )
            for row in rows[:: max(1, len(rows) // 6)]:
                print("  ", row, flush=True)


if __name__ == "__main__":
    main()
