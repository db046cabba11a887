"""Which table pays? A model of transactions alone, one of all tables, and one without each of them in turn.

Run as ``python -m benchmarks.feeds [--json FILE] [--only NAME ...]``. The companies are the whole ones of ``churn
simulate``, with the settings of ``params/simulated_*.yaml``. A feature belongs to the tables it needs; whom a model is
judged on, and what became of them, is the same for all. Differences are of the same customers in the same draws.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import command_line, feeds_table, quality
from pipeline.commands import simulate
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.evaluation import backtest, bootstrap
from pipeline.evaluation.bootstrap import ScoredSnapshot
from pipeline.examples import labelled
from pipeline.examples.features import Feature, model_features
from pipeline.model import split
from pipeline.model.split import Split
from pipeline.stages import run_stage, s1_ingest, s2_examples

COMPANIES = ("retailer", "subscription", "b2b")
CUSTOMERS, SEED = 12_000, 1
# Coarser in time and in the steps of the trees than a model for use, so that 72 trainings take minutes, not hours.
EVERY_DAYS = 45
FAST = {"learning_rate": 0.1, "early_stopping_rounds": 50}
FAST_WIDE = {"max_rows": 40_000}
# Test snapshots whose outcome windows do not overlap, the last ones; each has a training of its own.
CUTOFFS = 3
ALL, ALONE = feeds_table.ALL, feeds_table.ALONE
SHOWN = ("auc", "average_precision")


def settings_of(company: str, folder: Path) -> params.Params:
    """The settings of ``params.yaml`` with those of the company written over them, and coarser in time and steps."""
    settings = quality.settings_of(quality.ROOT / "params" / f"simulated_{company}.yaml", folder)
    coarse = settings.snapshots.model_copy(update={"every_days": EVERY_DAYS})
    wide = settings.model.additive_logistic.model_copy(update=FAST_WIDE)
    fast = settings.model.model_copy(update=FAST | {"additive_logistic": wide})
    return settings.model_copy(update={"snapshots": coarse, "model": fast})


def tables_of(feature: Feature) -> set[str]:
    """The optional tables without which a feature cannot be."""
    return {column.split(".")[0] for column in feature.needs} - {"transactions"}


def variants(features: list[Feature]) -> dict[str, list[Feature]]:
    """The features of each model, by its name; a table that no feature needs has no model."""
    feeds = sorted(set().union(*(tables_of(feature) for feature in features)))
    without = {feeds_table.without(feed): [f for f in features if feed not in tables_of(f)] for feed in feeds}
    return {ALL: features, ALONE: [f for f in features if not tables_of(f)]} | without


def run_data_set(company: str, settings: params.Params, folder: Path, customers: int = CUSTOMERS) -> dict[str, Any]:
    """Everything that is told of one company.

    Parameters
    ----------
    company
        Its name in ``churn simulate``.
    settings
        Those it is read and learnt with.
    folder
        Where files are put.
    customers
        How many customers it has had.
    """
    paths = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
    with chdir(folder):
        _make(company, settings, customers, paths)
        features = variants(model_features(settings.features, settings.sources))
        parts = list(_scored_snapshots(features, settings, paths))
    about = {
        "customers": customers,
        "tables": [name for name in settings.sources.declared() if name != "transactions"],
        "features": {name: len(own) for name, own in features.items()},
    }
    return about | {name: _span(span, settings) for name, span in {"last": parts[-1:], "cutoffs": parts}.items()}


def _make(company: str, settings: params.Params, customers: int, paths: Paths) -> None:
    label = settings.label
    plan = simulate.plan(
        company, customers=customers, days=None, seed=SEED, every_days=settings.snapshots.every_days,
        gap_days=label.gap_days, horizon_days=label.horizon_days,
    )  # fmt: skip
    simulate.run(company, plan, Path("raw/simulated"), workers=settings.storage.workers)
    run_stage(s1_ingest, settings, paths)
    run_stage(s2_examples, settings, paths)


def _scored_snapshots(
    features: dict[str, list[Feature]], settings: params.Params, paths: Paths
) -> Iterator[ScoredSnapshot]:
    """All models beside each other at every origin, the last snapshot last."""
    cutoffs = origins(labelled.complete_days(paths), settings)
    examples = labelled.read(paths, [feature.name for feature in features[ALL]])
    start, by_model = time.perf_counter(), {}
    for name, own in features.items():
        seen = examples.select("snapshot", "customer_key", "churned", *(feature.name for feature in own))
        by_model[name] = _in_full(backtest.backtest_model(seen, cutoffs, own, settings.label, settings.model), cutoffs)
        print(f"  {name}: {len(own)} features, {time.perf_counter() - start:.0f} s", flush=True)
    for number, first in enumerate(by_model[ALL]):
        yield replace(
            first, scored={name: scored_parts[number].scored["model"] for name, scored_parts in by_model.items()}
        )


def _in_full(scored_snapshots: Iterator[ScoredSnapshot], cutoffs: list[Split]) -> list[ScoredSnapshot]:
    parts = list(scored_snapshots)
    if [part.snapshot for part in parts] != [str(cutoff.test) for cutoff in cutoffs]:
        raise ValueError("a snapshot holds too little to learn or to judge: simulate more customers")
    return parts


def origins(complete: list[date], settings: params.Params) -> list[Split]:
    """The last origins whose outcome windows do not overlap, in the order of time."""
    label, cutoffs = settings.label, list[Split]()
    for cutoff in reversed(split.cutoffs(complete, label, settings.evaluate.min_training_snapshots)):
        apart = not cutoffs or (cutoffs[-1].test - cutoff.test).days >= label.gap_days + label.horizon_days
        if apart and len(cutoffs) < CUTOFFS:
            cutoffs.append(cutoff)
    return cutoffs[::-1]


def _span(parts: list[ScoredSnapshot], settings: params.Params) -> dict[str, Any]:
    """The figures of all models, and what is gained by all tables and by each, at one snapshot or over several."""
    resampled = bootstrap.resample(parts, [], settings.evaluate.draws)
    others = [name for name in resampled.seen if name != ALL]
    return {
        "snapshots": [part.snapshot for part in parts],
        "rows": sum(len(part.churned) for part in parts),
        "churn_rate": round(float(np.concatenate([part.churned for part in parts]).mean()), 4),
        "figures": {name: {f: _three(resampled.interval(name, f)) for f in SHOWN} for name in resampled.seen},
        "gained": {name: {f: _three(resampled.difference(ALL, name, f)) for f in SHOWN} for name in others},
    }


def _three(interval: bootstrap.Interval) -> list[float]:
    """The figure and the ends of its interval."""
    return [round(number, 4) for number in (interval.value, interval.low, interval.high)]


def main() -> None:
    """Measure, print, and write what was found."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=COMPANIES, metavar="NAME", help="companies to run (default: all)")
    options = parser.parse_args()
    result = {}
    for company in options.only or COMPANIES:
        print(f"{company}:", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            result[company] = run_data_set(company, settings_of(company, Path(folder)), Path(folder))
    print(feeds_table.markdown(result))
    if options.json:
        options.json.write_text(quality.as_json(result), encoding="utf-8")


if __name__ == "__main__":
    main()
