"""``churn learning-curve``: what more customers and snapshots bring, without a look at the test snapshot."""

import math
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.commands import learning_curve as job
from pipeline.config import params
from pipeline.config.errors import NotEnoughData
from pipeline.config.paths import REPRO
from pipeline.evaluation import learning_curve, metrics
from pipeline.evaluation.learning_curve import Taught
from pipeline.examples import labelled
from pipeline.model import split
from pipeline.tables import storage
from tests.end_to_end.helpers import churn
from tests.model.examples import FEATURES, LABEL, make_examples

TO = Path("reports/learning_curve.csv")


def behind(customers: int, snapshots: int, gap: float, low: float, high: float) -> dict[str, float]:
    return {"customers": customers, "snapshots": snapshots, "behind": gap, "behind_low": low, "behind_high": high}


@pytest.mark.parametrize(
    ("half", "end"),
    [
        ((0.0004, -0.0003, 0.0011), "ranks as well as with all (AUC 0.0004 lower; 0.0003 higher to 0.0011 lower): more "
                                    "customers do not pay"),
        ((-0.003, -0.005, -0.001), "ranks as well as with all (AUC 0.0030 higher; 0.0050 higher to 0.0010 higher): more "
                                   "customers do not pay"),
        ((0.012, 0.004, 0.02), "ranks worse than with all (AUC 0.0120 lower; 0.0040 lower to 0.0200 lower): more "
                               "customers may well pay"),
        ((0.004, -0.001, 0.009), "ranks neither certainly as well as with all nor certainly worse (AUC 0.0040 lower; "
                                 "0.0010 higher to 0.0090 lower): whether more customers pay is not known"),
    ],
)  # fmt: skip
def test_what_follows_from_a_curve(half, end):
    curve = pl.DataFrame([behind(500, 4, *half), behind(1000, 4, 0.0, 0.0, 0.0)])
    assert learning_curve.verdict(curve) == [f"with 500 of the 1,000 customers the model {end}"]


def test_each_model_is_taught_what_it_says(changed):
    # Also the rows that a training would thin out: the question is whether they would pay.
    settings = changed().model.model_copy(update={"max_trees": 20, "max_rows": 1000})
    examples = make_examples(seed=3)
    days = sorted(examples["snapshot"].unique())
    cutoff = split.by_time(days, LABEL)
    test = labelled.select_days(examples, [cutoff.test])
    taught = list(learning_curve.train_each(examples, test, cutoff, FEATURES, (LABEL, settings)))
    everyone = examples["customer_key"].n_unique()
    assert [(each.customers, each.snapshots) for each in taught] == learning_curve.amounts(everyone, len(cutoff.train))
    keys = examples["customer_key"].unique().sort()
    for each in taught:
        own = examples.filter(
            pl.col("customer_key").is_in(keys[: each.customers].implode()),
            pl.col("snapshot").is_in(cutoff.train[len(cutoff.train) - each.snapshots :]),
        )
        assert each.rows == len(own)
        assert len(each.scored) == len(test)
    curve = learning_curve.compare(taught, test, 100)
    churned = test["churned"].to_numpy()
    for row, each in zip(curve.iter_rows(named=True), taught, strict=True):
        assert row["auc"] == pytest.approx(metrics.auc(churned, each.scored), abs=1e-6)
        assert row["behind"] == pytest.approx(metrics.auc(churned, taught[-1].scored) - row["auc"], abs=2e-6)
    assert curve.row(-1, named=True)["behind_high"] == 0


def test_a_scorer_that_knows_more_is_ahead():
    dice = pl.Series([0.1, 0.9, 0.4, 0.8, 0.2, 0.7] * 40).to_numpy()
    churned = (dice > 0.5).astype("int8")
    test = pl.DataFrame({"customer_key": range(240), "churned": churned})
    blind = Taught(500, 4, 100, dice * 0 + 0.5)
    curve = learning_curve.compare([blind, Taught(1000, 4, 200, dice)], test, 100)
    assert curve["behind"].to_list() == [0.5, 0.0]
    assert "more customers may well pay" in learning_curve.verdict(curve)[0]


def test_the_command_never_sees_the_test_snapshot(copy_of_shop):
    settings = params.load()
    lines = list(job.run(settings, TO))
    curve = pl.read_csv(TO)
    everyone = labelled.read(REPRO, [])["customer_key"].n_unique()
    assert curve.row(-1, named=True)["customers"] == everyone
    assert curve["customers"].to_list()[0] == math.ceil(everyone / 8)
    assert TO.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert len(lines) == len(curve) + 1 + len(learning_curve.verdict(curve))
    test = date.fromisoformat(storage.read_json(REPRO.model_card)["snapshots"]["test"])
    for file in storage.bucket_files(REPRO.examples):
        rows = storage.read_parquet(file)
        late = pl.col("snapshot") >= test
        storage.write_parquet(
            rows.with_columns(pl.when(late).then(1 - pl.col("churned")).otherwise("churned").alias("churned")), file
        )
    assert list(job.run(settings, TO)) == lines
    assert pl.read_csv(TO).equals(curve)


def test_the_command_line_says_what_follows(copy_of_shop):
    done = churn("learning-curve", "--to", "curve.csv")
    assert done.returncode == 0, done.stderr
    assert "customers at" in done.stdout
    assert "snapshots the model ranks" in done.stdout.splitlines()[-1]
    assert Path("curve.png").is_file()


def test_too_few_snapshots_are_refused_in_one_line(copy_of_shop):
    settings = params.load()
    few = settings.model_copy(update={"evaluate": settings.evaluate.model_copy(update={"min_training_snapshots": 40})})
    with pytest.raises(NotEnoughData, match="lower evaluate.min_training_snapshots"):
        list(job.run(few, TO))
