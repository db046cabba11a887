"""The days of the next order, of the sample itself: counted again from its lines, and from the curve at those days."""

from datetime import timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.model import artefacts
from pipeline.model.order_curve import order_day
from pipeline.scoring.next_order import EXPECTED, next_order
from pipeline.tables import storage

SETTINGS = params.load()
AS_OF = SETTINGS.snapshots.as_of


@pytest.fixture(scope="module")
def scores() -> pl.DataFrame:
    return storage.read_buckets(REPRO.scores).sort("customer_key")


def test_the_usual_day_is_the_last_order_and_the_mean_pause(scores):
    some = scores.select("customer_key", "usual_order_day").gather_every(20)
    lines = storage.read_buckets(REPRO.tables / "transactions", ["customer_key", "day", "amount_minor"])
    table = lines.filter(pl.col("customer_key").is_in(some["customer_key"].implode())).to_pandas()
    days = table[(table["amount_minor"] >= 0) & (pd.to_datetime(table["day"]) < pd.Timestamp(AS_OF))]
    by_customer = days.groupby("customer_key")["day"].agg(lambda each: sorted(set(pd.to_datetime(each))))
    for key, usual in some.iter_rows():
        own = by_customer[key]
        if len(own) == 1:
            assert usual is None
            continue
        pause = (own[-1] - own[0]).days / (len(own) - 1)
        assert abs((pd.Timestamp(usual) - own[-1]).days - pause) <= 0.5, (key, own)


def test_the_days_are_where_the_curve_crosses(scores):
    model = artefacts.load(REPRO.models)
    assert model.order_curve is not None
    examples = storage.read_buckets(REPRO.examples).filter(pl.col("snapshot") == AS_OF).sort("customer_key")
    calibrated = model.calibration.log_odds(scores["log_odds"].to_numpy(), examples)
    chances = model.order_curve.no_order(model.ensemble, examples, calibrated)
    grid = np.array([0, *model.order_curve.days])
    hazard = -np.log(np.column_stack([np.ones(len(chances)), chances]))
    for name, share in EXPECTED.items():
        for row, day in enumerate(scores[name]):
            if day is None:
                assert chances[row, -1] > 1 - share, "later than the curve reaches"
                continue
            over = (day - AS_OF).days + 1
            until, before = (np.interp(days, grid, hazard[row]) for days in (over, over - 1))
            assert np.exp(-until) <= 1 - share + 1e-9
            assert np.exp(-before) > 1 - share - 1e-9 or over == 1
    assert scores.filter(pl.col("next_order_from_day") > pl.col("next_order_day")).is_empty()
    assert scores.filter(pl.col("next_order_day") > pl.col("next_order_until_day")).is_empty()


def test_at_the_end_of_the_window_the_curve_is_the_score(scores):
    model = artefacts.load(REPRO.models)
    assert model.order_curve is not None
    examples = storage.read_buckets(REPRO.examples).filter(pl.col("snapshot") == AS_OF).sort("customer_key")
    calibrated = model.calibration.log_odds(scores["log_odds"].to_numpy(), examples)
    chances = model.order_curve.no_order(model.ensemble, examples, calibrated)
    place = model.order_curve.days.index(SETTINGS.label.horizon_days)
    assert np.abs(chances[:, place] - scores["churn_probability"].to_numpy()).max() < 1e-6
    # Who churns with more than one half is not expected to order within the window, and the other way round.
    end = AS_OF + timedelta(days=SETTINGS.label.horizon_days)
    middle = order_day(chances, model.order_curve.days, 0.5)
    assert np.array_equal(middle > SETTINGS.label.horizon_days, chances[:, place] > 0.5)
    later = scores.filter(pl.col("churn_probability") > 0.501)
    assert later.filter(pl.col("next_order_day") < end).is_empty()


def test_without_a_curve_the_days_are_not_known(scores):
    model = artefacts.load(REPRO.models)
    examples = storage.read_buckets(REPRO.examples).filter(pl.col("snapshot") == AS_OF).head(5)
    bare = artefacts.ChurnModel(model.ensemble, model.calibration, model.evaluated, model.card)
    days = next_order(bare, examples, np.zeros(5), AS_OF, SETTINGS.label)
    assert days.select(*EXPECTED).null_count().row(0) == (5, 5, 5)
    assert days["usual_order_day"].null_count() < 5
    without = next_order(bare, examples.drop("gap_mean_days"), np.zeros(5), AS_OF, SETTINGS.label)
    assert without["usual_order_day"].null_count() == 5
