"""Small companies drawn anew, graded as the stage grades: with a signal, without memory, and with outcomes shuffled."""

from contextlib import chdir
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.evaluation import backtest, bootstrap, grade, profit, ranking_profit, report
from pipeline.evaluation.bootstrap import ScoredSnapshot
from pipeline.evaluation.verdict import Verdict
from pipeline.examples import labelled
from pipeline.examples.features import model_features
from pipeline.model import split
from pipeline.stages import run_stage, s1_ingest, s2_examples
from tests.company import ROOT

FIRST, DAYS, CUSTOMERS = date(2023, 1, 1), 420, 700
DRAWS = 200
KINDS = ("signal", "memoryless", "shuffled")


def orders(kind: str, seed: int) -> pl.DataFrame:
    """The orders of a company: ``customer, order, day, amount``.

    Without memory, everybody buys as often as everybody else, on days that follow from nothing before; nobody leaves.
    Else each customer has a rhythm of his or her own, and half of them stop for good.
    """
    dice = np.random.default_rng(seed)
    rows: list[tuple[int, date, float]] = []
    for customer in range(CUSTOMERS):
        day = int(dice.integers(0, DAYS * 2 // 3))
        rhythm, stop = int(dice.choice([6, 12, 24])), DAYS
        if kind != "memoryless" and dice.random() < 0.6:
            stop = day + int(dice.integers(1, DAYS))
        while day < min(stop, DAYS):
            rows.append((customer, FIRST + timedelta(days=day), round(float(dice.uniform(20, 200)), 2)))
            day += max(1, round(dice.exponential(25) if kind == "memoryless" else dice.normal(rhythm, rhythm / 4)))
    table = pl.DataFrame(rows, schema=["customer", "day", "amount"], orient="row")
    return table.with_row_index("order")


def settings_for() -> params.Params:
    """The committed settings with the dates and windows of these companies."""
    content = params.read_yaml(ROOT / "params.yaml", params.BadParams)
    end = (FIRST + timedelta(days=DAYS)).isoformat()
    content["sources"] = {
        "transactions": {
            "path": "orders.csv",
            "columns": {"customer_id": "customer", "transaction_id": "order", "ts": "day", "amount": "amount"},
        }
    }
    content["data"]["timezone"] = "UTC"
    content["snapshots"] |= {"as_of": end, "observed_until": end, "first": "2023-06-01", "every_days": 30}
    content["features"] |= {"event_types": [], "windows_days": [30, 90, 365]}
    content["model"] |= {"max_trees": 150, "early_stopping_rounds": 20, "num_threads": 1}
    content["evaluate"] |= {"draws": DRAWS}
    return params.parse(content)


def scored(kind: str, seed: int, folder: Path) -> list[ScoredSnapshot]:
    """The model and the cheap baselines at each origin, the test snapshot last."""
    settings = settings_for()
    orders(kind, seed).write_csv(folder / "orders.csv")
    with chdir(folder):
        paths = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
        run_stage(s1_ingest, settings, paths)
        run_stage(s2_examples, settings, paths)
        declared = model_features(settings.features, settings.sources)
        examples = labelled.read(paths, [feature.name for feature in declared])
        complete = labelled.complete_days(paths)
    if kind == "shuffled":
        dice = np.random.default_rng(seed)
        by_day = examples.partition_by("snapshot", maintain_order=True)
        outcomes = [dice.permutation(part["churned"].to_numpy()) for part in by_day]
        examples = pl.concat(by_day).with_columns(churned=np.concatenate(outcomes))
    cutoffs = split.cutoffs(complete, settings.label, settings.evaluate.min_training_snapshots)
    return list(backtest.backtest_beside_rules(examples, cutoffs, declared, settings.label, settings.model))


def graded(parts: list[ScoredSnapshot], value: float = 120.0) -> tuple[grade.Grade, Verdict]:
    """Grade and verdict, as `pipeline.stages.s4_evaluate` comes to them."""
    settings = settings_for().evaluate
    test, earlier = parts[-1], parts[:-1]
    shares, terms = settings.top_shares, profit.Terms.of(settings)
    resampled = bootstrap.resample([test], shares, DRAWS)
    before = bootstrap.resample(earlier, shares, DRAWS) if earlier else None
    worth = np.full(len(test.churned), value)
    chosen = ranking_profit.gain_by_ranking(test.churned, test.scored["model"], worth, terms)
    result = grade.grade(resampled, grade.Evidence(before, True, max(shares), chosen.gain))
    figures = report.headline(test, resampled, shares)
    return result, report.verdict(result, figures, resampled, test.snapshot, max(shares), chosen)
