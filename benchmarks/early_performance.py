"""Does the AUC come that is expected before anybody knows who left? Week by week, in companies that drift.

Run as ``python -m benchmarks.early_performance [--only NAME ...] [--customers N] [--weeks N]``. A company of ``churn
simulate`` in which leaving becomes more frequent by the year and swings with the season is scored each week by a model
that was trained before all of these weeks, and by one that is trained anew each quarter, as the retrain rule would ask
for. Held against what came are the AUC that `expected_performance` expects by the curve of a year before and of the
lists that are over (`expected_curve`), whether it lies in the range it gives, and the AUC that the probabilities say as
they are.
"""

import argparse
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from benchmarks import quality
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.evaluation import backtest, expected_curve, expected_performance
from pipeline.evaluation.expected_curve import ExpectedCurve
from pipeline.examples import labelled
from pipeline.examples.features import model_features
from pipeline.examples.snapshots import is_complete
from pipeline.model import past_curves, split
from pipeline.model.past_curves import Array, Labels, PastCurve, PastCurves
from pipeline.model.split import Split
from pipeline.model.training import Trained, outcomes
from pipeline.stages import run_stage, s1_ingest, s2_examples
from pipeline.week import matured_lists

COMPANIES: Final = ("seasonal_drift", "default", "engagement_leads")
WEEKS, EVERY_DAYS, TRAINED_ON = 60, 7, 30
QUARTER: Final = 13
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
    model, past, curves = None, PastCurves(), list[PastCurve]()
    for number, day in enumerate(days[-weeks:]):
        if model is None or (again and number % again == 0):
            model, past = _trained(settings, examples, features, day)
            curves = []
        rows = examples.filter(pl.col("snapshot") == day)
        log_odds = model.calibration.log_odds(model.ensemble.log_odds(model.ensemble.matrix(rows)), rows)
        over = [one for one in curves if is_complete(one.day, label, day)][-matured_lists.MAX_LISTS :]
        curve = expected_curve.expect(day, past, over)
        yield {"day": str(day), "customers": rows.height, "slope": curve.slope} | _held(
            expit(log_odds), outcomes(rows), model.calibration.level_error, curve
        )
        curves += [one for one in [past_curves.fit(day, log_odds, outcomes(rows))] if one]


def _held(probability: Array, churned: Labels, level_error: float, curve: ExpectedCurve) -> dict[str, Any]:
    """What is expected of probabilities by a curve, and as they are, beside what came."""
    expected = expected_performance.expect(probability, level_error, draws=200, curve=curve)
    return {
        "expected": expected.auc, "as_they_are": round(expected_performance.expected_auc(probability) or 0.5, 4),
        "came": round(float(roc_auc_score(churned, probability)), 4), "low": expected.auc_low,
        "high": expected.auc_high,
    }  # fmt: skip


def _trained(
    settings: params.Params, examples: pl.DataFrame, features: list[Any], day: date
) -> tuple[Trained, PastCurves]:
    """A model of what was known on the morning of a day, and the curves that would have been right before."""
    known = [one for one in sorted(examples["snapshot"].unique()) if one <= day]
    cutoff: Split = split.by_time(known, settings.label)
    fitted = backtest.train_until(
        cutoff, examples.filter(pl.col("snapshot") <= day), features, settings.label, settings.model
    )
    assert fitted is not None, "some churned and some stayed in every part"
    trained, calibrating = fitted[2], examples.filter(pl.col("snapshot") == cutoff.validation)
    known_rows = examples.filter(pl.col("snapshot") <= cutoff.validation)
    of_validation = calibrating, trained.validation_log_odds
    return trained, past_curves.of_model(trained.calibration, of_validation, known_rows, trained.known_log_odds)


def summary(rows: list[dict[str, Any]]) -> dict[str, float]:
    """How often what came lay near what was expected, and in its range; and near what the probabilities say alone."""
    apart, alone = (np.array([row["came"] - row[name] for row in rows]) for name in ("expected", "as_they_are"))
    inside = [row["low"] <= row["came"] <= row["high"] for row in rows]
    return {
        "weeks": len(rows),
        "within": round(float((np.abs(apart) <= WITHIN).mean()), 3),
        "in_range": round(float(np.mean(inside)), 3),
        "mean_error": round(float(apart.mean()), 4),
        "mean_absolute_error": round(float(np.abs(apart).mean()), 4),
        "alone_within": round(float((np.abs(alone) <= WITHIN).mean()), 3),
        "alone_mean_error": round(float(alone.mean()), 4),
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
