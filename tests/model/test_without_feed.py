"""While a feed is down the curve is the one that was right when its features were missing, and ranks are what they are."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from pipeline.config.errors import StaleInput
from pipeline.examples.features import Feature
from pipeline.examples.features.declare import Forecast
from pipeline.model import calibration, outage_curves, without_feed
from pipeline.model.calibration import Calibration
from pipeline.model.without_feed import WithoutFeed

A, B, C = (WithoutFeed(1.0, number / 10, 0.8, 0.9) for number in range(3))


class Sum:
    """A model whose margin is the sum of its features, where one that is missing counts as -3: somebody who left."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def margins(self, examples: pl.DataFrame, _threads: int = 1) -> np.ndarray:
        return examples.select(pl.sum_horizontal(pl.col(self.names).fill_null(-3.0))).to_series().to_numpy()


def feature(name: str, *needs: str) -> Feature:
    return Feature(name, "count", "engagement", Forecast(()), "", needs=frozenset(needs))


@pytest.fixture(scope="module")
def examples() -> pl.DataFrame:
    dice = np.random.default_rng(3)
    orders, visits, letters = dice.normal(size=(3, 4000))
    churned = dice.random(4000) < expit(orders + visits - 1)
    columns = {"orders_30d": orders, "events_30d": visits, "letters_30d": letters, "churned": churned.astype(np.int8)}
    return pl.DataFrame(columns).with_columns(tickets_30d=pl.lit(None, pl.Float64))


FEATURES = [feature("orders_30d", "transactions.ts"), feature("events_30d", "events.ts"),
            feature("letters_30d", "contacts.ts", "customers.name"), feature("tickets_30d", "tickets.opened_ts")]  # fmt: skip


def test_only_tables_that_can_be_down_have_features_to_lose():
    assert outage_curves.tables_of(FEATURES) == {
        "events": ["events_30d"], "contacts": ["letters_30d"], "tickets": ["tickets_30d"],
    }  # fmt: skip


def test_the_level_is_right_while_the_feed_is_down_and_the_worth_is_measured(examples):
    model = Sum(["orders_30d", "events_30d"])
    whole = calibration.fit(model.margins(examples), examples["churned"].to_numpy())
    known = outage_curves.measure(model, examples, whole, FEATURES, 1)
    assert sorted(known) == ["contacts", "contacts+events", "events"], "of tickets nothing was ever known"
    blind = examples.with_columns(events_30d=pl.lit(None, pl.Float64))
    margins, came = model.margins(blind), examples["churned"].sum()
    assert whole.probability(margins).sum() < 0.4 * came, "as if everybody were the few of whom nothing was known"
    assert known["events"].curve(whole).probability(margins).sum() == pytest.approx(came, rel=0.01)
    assert known["events"].auc == pytest.approx(roc_auc_score(examples["churned"], margins))
    assert known["events"].auc < known["events"].auc_whole == known["contacts"].auc
    # A curve of more rows, with a level of its own: that level stays, and so do season and error.
    higher = replace(whole, intercept=whole.intercept + 0.5, level_error=0.1)
    again = outage_curves.measure(model, examples, higher, FEATURES, 1)["events"]
    assert again.intercept == pytest.approx(known["events"].intercept + 0.5)
    assert again.curve(higher).level_error == 0.1


def test_a_model_that_never_had_the_table_takes_over_while_that_one_is_down(examples):
    """Its ranks and its level are the ones in use; while two tables are down, those of the model of all tables are."""
    model, made = Sum(["orders_30d", "events_30d"]), []

    def substitute(left: list[Feature]) -> Sum:
        made.append([feature.name for feature in left])
        return Sum(["orders_30d"])

    whole = calibration.fit(model.margins(examples), examples["churned"].to_numpy())
    saved = patch.object(outage_curves.substitutes, "as_dict", lambda one: {"features": one.names})
    with saved:
        known = outage_curves.measure(model, examples, whole, FEATURES, 1, substitute)
    assert made == [["orders_30d", "letters_30d", "tickets_30d"]], "this model owes nothing to letters"
    assert known["contacts"].substitute is None and known["contacts+events"].substitute is None
    assert known["events"].substitute == {"features": ["orders_30d"]}
    assert known["events"].auc == pytest.approx(roc_auc_score(examples["churned"], examples["orders_30d"]))
    curve = known["events"].curve(whole)
    assert curve.probability(examples["orders_30d"].to_numpy()).sum() == pytest.approx(
        examples["churned"].sum(), rel=0.01
    )


def test_where_all_stayed_or_all_left_nothing_is_measured(examples):
    alike = examples.with_columns(churned=pl.lit(0, pl.Int8))
    assert outage_curves.measure(Sum(["orders_30d"]), alike, Calibration(1.0, 0.0), FEATURES, 1) == {}


@pytest.mark.parametrize(
    ("known", "down", "chosen"),
    [
        ({"events": A}, [], None),
        (None, [], None),
        ({"events": A}, ["tickets"], None),
        ({"events": A, "tickets": B, "events+tickets": C}, ["tickets", "events"], C),
        ({"events": A, "tickets": B, "events+tickets": C}, ["tickets", "loyalty"], B),
        (None, ["tickets"], "tickets: .* was not measured by the release that trained it; .* train again: dvc repro"),
        ({"a": A, "b": B, "c": C}, ["a", "b", "c"], "a, b, c: .* was not measured; repair the feed$"),
    ],
)
def test_what_was_not_measured_makes_no_list(known, down, chosen):
    if isinstance(chosen, str):
        with pytest.raises(StaleInput, match=chosen):
            without_feed.choose(known, down)
    else:
        assert without_feed.choose(known, down) == chosen


def test_what_is_saved_is_read_back():
    assert without_feed.from_dict(None) is None
    assert without_feed.from_dict({"events": {"slope": 1.0, "intercept": 0.0, "auc": 0.8, "auc_whole": 0.9}}) == {
        "events": A
    }
