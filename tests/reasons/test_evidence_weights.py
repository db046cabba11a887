"""What evidence weighs: learnt from who left, and used for the order of what is told."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.examples.features import Aggregate, Feature
from pipeline.reasons import cause_hazards
from pipeline.reasons.evidence_weights import Weight, as_card, has_evidence, learn, log_hazard, priority
from tests.drawing import drawn
from tests.profiles import examples

HOW = Aggregate("count", "ticket")
DISPUTE = Feature("disputes", "tickets", "disputes", HOW, "", "up", causes=("C38",), evidence=1)
REWARD = Feature("unrewarded", "yes/no", "reward", HOW, "", "up", causes=("C03",), evidence=1)
SCORE = Feature("csat", "score", "satisfaction", HOW, "", "down", causes=("C08",), evidence=2)
STALE = Feature("is_plan_stale", "yes/no", "staleness", HOW, "", "up", causes=("C31",), evidence=1)
SILENT = Feature("silent_days", "days", "recency", HOW, "", "up")
EVIDENCE = [DISPUTE, REWARD, SCORE, STALE]


def past(rows: int = 20_000) -> pl.DataFrame:
    """Disputes drive away, more of them more so; rewards do nothing; a plan drives away in its first stale half-year."""
    dice = np.random.default_rng(5)
    disputes, unrewarded = dice.binomial(4, 0.05, rows), dice.binomial(1, 0.2, rows)
    age = dice.uniform(0, 1200, rows).round()
    logit = -2 + 1.2 * (disputes >= 1) + 1.0 * (disputes >= 2) + 1.5 * ((age >= 426) & (age < 600))
    columns = {"disputes": disputes, "unrewarded": unrewarded, "days_since_plan_change": age,
               "is_plan_stale": (age >= 426).astype(int), "csat": np.where(dice.random(rows) < 0.5, 3.0, np.nan),
               "days_since_last_order_per_usual_gap": dice.uniform(0, 1.4, rows),
               "churned": (dice.random(rows) < 1 / (1 + np.exp(-logit))).astype(int)}  # fmt: skip
    return pl.DataFrame(columns).with_columns(pl.col("csat").fill_nan(None))


@pytest.fixture(scope="module")
def weights() -> dict[str, Weight]:
    return learn(past(), EVIDENCE)


def at(name: str, feature: Feature, weights: dict[str, Weight], **values: float) -> float:
    """The hazard it adds to such a customer."""
    row = pl.DataFrame({key: [value] for key, value in values.items()})
    return float(np.exp(log_hazard(row, feature, weights[name])[0]))


def test_what_drove_customers_away_weighs_as_many_as_it_drove(weights):
    # .24 of those with one dispute, and .67 of those with more.
    assert at("disputes", DISPUTE, weights, disputes=1) == pytest.approx(0.28, abs=0.05)
    assert at("unrewarded", REWARD, weights, unrewarded=1) < 0.015
    assert weights["disputes"].share == pytest.approx(past().select(has_evidence(DISPUTE).mean()).item(), abs=1e-6)


def test_what_has_long_been_so_and_drove_nobody_away_weighs_less(weights):
    new, old = (at("is_plan_stale", STALE, weights, is_plan_stale=1, days_since_plan_change=d) for d in (450, 1100))
    assert new > 3 * old


def test_of_evidence_hardly_anybody_bears_the_usual_is_supposed(weights):
    assert weights["csat"] == Weight(0.0, cause_hazards.PRIOR)


CASES = """
    | churned  | taught |
    | some     | yes    |
    | all      | no     |
    | nobody   | no     |
"""


@pytest.mark.parametrize("case", drawn(CASES), ids=lambda case: case["churned"])
def test_there_is_nothing_to_learn_where_all_ended_alike(case):
    rows = past(2000)
    if case["churned"] != "some":
        rows = rows.with_columns(pl.lit(int(case["churned"] == "all")).alias("churned"))
    found = learn(rows, EVIDENCE)
    assert any(weight.log_hazard != cause_hazards.PRIOR for weight in found.values()) == (case["taught"] == "yes")
    assert found["disputes"].share > 0


def test_who_is_long_overdue_teaches_nothing():
    rows = past().with_columns(pl.lit(3.0).alias("days_since_last_order_per_usual_gap"))
    both = pl.concat(
        [past(), rows.with_columns(pl.col("unrewarded").cast(pl.Int64).alias("churned"))], how="diagonal_relaxed"
    )
    assert at("unrewarded", REWARD, learn(both, EVIDENCE), unrewarded=1) < 0.015


def test_a_feature_without_a_threshold_or_a_column_weighs_nothing():
    assert learn(past(500), [SILENT, *EVIDENCE]).keys() == {f.name for f in EVIDENCE}
    assert learn(past(500).drop("csat"), EVIDENCE).keys() == {"disputes", "unrewarded", "is_plan_stale"}


def test_the_model_card_holds_them_and_gives_them_back(weights):
    card = json.loads(json.dumps(as_card(weights)))
    assert {name: Weight.from_dict(found) for name, found in card.items()} == weights


def test_the_same_rows_teach_the_same(weights):
    assert learn(past(), EVIDENCE) == weights


def test_what_the_customer_said_comes_before_what_merely_is_so():
    assert priority(DISPUTE) > priority(REWARD) == 0


@examples(15)
@given(st.floats(0.02, 0.5), st.floats(0.02, 0.5), st.integers(0, 1000))
def test_hazards_of_causes_that_come_together_are_told_apart(first, second, seed):
    dice = np.random.default_rng(seed)
    rows = 40_000
    one = dice.random(rows) < 0.2
    # Half of those who bear the first bear the second too.
    other = np.where(one, dice.random(rows) < 0.5, dice.random(rows) < 0.1)
    left = dice.random(rows) < -np.expm1(-(0.05 + first * one + second * other))
    borne = [cause_hazards.CauseEvidence(np.flatnonzero(flags), np.ones((flags.sum(), 1))) for flags in (one, other)]
    found = cause_hazards.fit(left, [np.zeros(rows, dtype=np.int64)], borne)
    assert np.exp([logs[0] for logs in found]) == pytest.approx([first, second], abs=0.05)
