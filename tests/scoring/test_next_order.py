"""The days of the next order, of a built company: counted again from its lines, and from the curve at those days."""

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.model import artefacts
from pipeline.model.event_days import day_reached
from pipeline.scoring import bucket
from pipeline.scoring.next_order import EXPECTED, next_order
from pipeline.tables import storage
from pipeline.value import year_ahead
from pipeline.value.expected_spend import Spend


class Scored(NamedTuple):
    settings: params.Params
    scores: pl.DataFrame
    examples: pl.DataFrame
    model: artefacts.ChurnModel

    def chances(self) -> np.ndarray:
        assert self.model.event_curve is not None
        calibrated = self.model.calibration.log_odds(self.scores["log_odds"].to_numpy(), self.examples)
        return self.model.event_curve.no_event(self.model.ensemble, self.examples, calibrated)


@pytest.fixture
def scored(shop) -> Scored:
    settings = params.load()
    examples = storage.read_buckets(REPRO.examples).filter(pl.col("snapshot") == settings.snapshots.as_of)
    scores = storage.read_buckets(REPRO.scores).sort("customer_key")
    return Scored(settings, scores, examples.sort("customer_key"), artefacts.load(REPRO.models))


def test_the_usual_day_is_the_last_order_and_the_mean_pause(scored):
    some = scored.scores.select("customer_key", "usual_order_day")
    lines = storage.read_buckets(REPRO.tables / "transactions", ["customer_key", "day", "amount_minor"])
    table = lines.filter(pl.col("customer_key").is_in(some["customer_key"].implode())).to_pandas()
    before = pd.to_datetime(table["day"]) < pd.Timestamp(scored.settings.snapshots.as_of)
    days = table[(table["amount_minor"] >= 0) & before]
    by_customer = days.groupby("customer_key")["day"].agg(lambda each: sorted(set(pd.to_datetime(each))))
    for key, usual in some.iter_rows():
        own = by_customer[key]
        if len(own) == 1:
            assert usual is None
            continue
        pause = (own[-1] - own[0]).days / (len(own) - 1)
        assert abs((pd.Timestamp(usual) - own[-1]).days - pause) <= 0.5, (key, own)


def test_the_days_are_where_the_curve_crosses(scored):
    as_of, chances, days = scored.settings.snapshots.as_of, scored.chances(), scored.model.event_curve.days
    grid = np.array([0, *days])
    hazard = -np.log(np.column_stack([np.ones(len(chances)), chances]))
    for name, share in EXPECTED.items():
        for row, day in enumerate(scored.scores[name]):
            if day is None:
                assert chances[row, -1] > 1 - share, "later than the curve reaches"
                continue
            over = (day - as_of).days + 1
            until, before = (np.interp(each, grid, hazard[row]) for each in (over, over - 1))
            assert np.exp(-until) <= 1 - share + 1e-9
            assert np.exp(-before) > 1 - share - 1e-9 or over == 1
    assert scored.scores.filter(pl.col("next_order_from_day") > pl.col("next_order_day")).is_empty()
    assert scored.scores.filter(pl.col("next_order_day") > pl.col("next_order_until_day")).is_empty()


def test_at_the_end_of_the_window_the_curve_is_the_score(scored):
    label, as_of = scored.settings.label, scored.settings.snapshots.as_of
    chances, days = scored.chances(), scored.model.event_curve.days
    place = days.index(label.horizon_days)
    assert np.abs(chances[:, place] - scored.scores["churn_probability"].to_numpy()).max() < 1e-6
    # Who churns with more than one half is not expected to order within the window, and the other way round.
    middle = day_reached(chances, days, 0.5)
    assert np.array_equal(middle > label.horizon_days, chances[:, place] > 0.5)
    end = as_of + timedelta(days=label.horizon_days)
    later = scored.scores.filter(pl.col("churn_probability") > 0.501)
    assert later.filter(pl.col("next_order_day") < end).is_empty()


def test_without_a_curve_the_days_are_not_known(scored):
    examples, as_of = scored.examples.head(5), scored.settings.snapshots.as_of
    days = next_order(None, examples, None, as_of, scored.settings.label)
    assert days.select(*EXPECTED).null_count().row(0) == (5, 5, 5)
    assert days["usual_order_day"].null_count() < 5
    without = next_order(None, examples.drop("gap_mean_days"), None, as_of, scored.settings.label)
    assert without["usual_order_day"].null_count() == 5


def job(scored: Scored, score: params.Score) -> bucket.Job:
    where = REPRO.scores
    return bucket.Job(
        0, scored.settings.snapshots.as_of, where, where, REPRO.models, where, where, where, [], [], score,
        scored.settings.reasons, scored.settings.label, "EUR", 1, scored.settings.language,
    )  # fmt: skip


def test_what_a_year_brings_follows_the_curve_at_its_end(scored):
    """The shop has not seen a year: its curve is carried on by hand, and its corrections are those of a good year."""
    model, curve = scored.model, scored.model.event_curve
    assert curve is not None
    assert year_ahead.YearAhead.of_card(model.card["year_ahead"]) is None
    assert scored.scores.select(year_ahead.COLUMNS).null_count().row(0) == (len(scored.scores),) * 6
    longer = replace(curve, days=(*curve.days, 365), level=(*curve.level, curve.level[-1] - 0.5))
    good = year_ahead.Correction(1.5, year_ahead.STEPS)
    card = model.card | {"year_ahead": year_ahead.YearAhead("2023-01-01", 500, good, good).as_card()}
    other = replace(model, event_curve=longer, card=card)
    log_odds = model.calibration.log_odds(scored.scores["log_odds"].to_numpy(), scored.examples)
    when, year = bucket._ahead(job(scored, scored.settings.score), other, scored.examples, log_odds)
    assert when["next_order_day"].null_count() <= scored.scores["next_order_day"].null_count()
    silent = longer.no_event(model.ensemble, scored.examples, log_odds)[:, -1]
    spend = Spend.of_card(model.card["value"])
    rows = scored.examples.to_pandas()
    often = spend.purchases.purchases_if_any(
        rows["order_days_ever"].to_numpy(float) - 1, rows["days_since_first_order"].to_numpy(float), 0, 365
    )
    assert year["expected_order_days_365d"].to_numpy() == pytest.approx(1.5 * (1 - silent) * often, rel=0.03, abs=0.01)
    paid = rows["spend_365d"] * (1 - rows["refund_share_365d"].fillna(0).clip(0, 1))
    number = rows["order_days_ever"] * rows["orders_365d"] / rows["orders_ever"]
    each = spend.amounts.expected_amount(number.to_numpy(float), (paid / number).to_numpy(float))
    expected = 1.5 * (1 - silent) * often * each * scored.settings.score.margin_share
    assert year["expected_value_365d"].sum() == pytest.approx(expected.sum(), rel=0.05)
    assert np.corrcoef(year["expected_value_365d"].to_numpy(), expected)[0, 1] > 0.99
    for name in ("expected_order_days_365d", "expected_value_365d"):
        assert year.filter(pl.col(f"{name}_from") > pl.col(f"{name}_until")).is_empty()
    assert year.filter(pl.Series(silent >= 0.1))["expected_value_365d_from"].max() == 0
    # Twice the margin is twice the profit, and no day with an order more.
    richer = scored.settings.score.model_copy(update={"margin_share": scored.settings.score.margin_share * 2})
    _, rich = bucket._ahead(job(scored, richer), other, scored.examples, log_odds)
    assert rich["expected_value_365d"].to_numpy() == pytest.approx(2 * year["expected_value_365d"].to_numpy(), abs=0.02)
    assert rich["expected_order_days_365d"].equals(year["expected_order_days_365d"])
