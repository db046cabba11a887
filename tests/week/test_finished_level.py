"""The level of a young shop follows its own finished lists: as two normal variables do, and nothing later counts."""

import dataclasses
import json
import math
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from pipeline.config.paths import Paths
from pipeline.model import level_update
from pipeline.model.calibration import Calibration
from pipeline.model.calibration_residual import CalibrationResidual
from pipeline.model.fingerprint import fingerprint
from pipeline.outcomes import maturity
from pipeline.week import finished_level
from tests.profiles import examples

DAY = date(2024, 6, 3)
HORIZON = 20
LABEL = {"kind": "inactivity", "gap_days": 0, "horizon_days": HORIZON}
OVER, NOT_OVER = DAY - timedelta(days=HORIZON), DAY - timedelta(days=HORIZON - 1)
CURVE = Calibration(0.8, -0.3, None, 0.45)
LASTING = 0.35
CUSTOMERS = 150


@pytest.fixture
def shop(tmp_path) -> Paths:
    """A packaged prior, two lists of it of which one is over, and who bought since."""
    paths = Paths(tmp_path / "data", tmp_path / "models", tmp_path / "reports", tmp_path / "exports")
    for folder in (paths.models, paths.tables / "transactions"):
        folder.mkdir(parents=True)
    paths.model_text.write_text("trees", encoding="utf-8")
    write(paths.additive_logistic, {})
    write(paths.calibration, {"in_use": dataclasses.asdict(CURVE)})
    write(paths.model_card, {"prior": {"lasting_error": LASTING}})
    buy(paths, [])
    for number, day in enumerate((OVER - timedelta(days=7), OVER, NOT_OVER)):
        publish(paths, day, number)
    return paths


def write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content), encoding="utf-8")


def buy(paths: Paths, later: list[tuple[str, date, int]]) -> None:
    """Every third customer buys in the window of the finished list, and whoever is named besides."""
    own = [(f"c{number}", OVER + timedelta(days=number % HORIZON), 100) for number in range(0, CUSTOMERS, 3)]
    table = pl.DataFrame([*own, *later], ["customer_id", "day", "amount_minor"], orient="row")
    table.write_parquet(paths.tables / "transactions" / "bucket-0000.parquet")


def publish(paths: Paths, day: date, number: int, level: dict | None = None, model: str | None = None) -> pl.DataFrame:
    dice = np.random.default_rng(number)
    decided = pl.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(CUSTOMERS)],
            "churn_probability": dice.uniform(0.05, 0.7, CUSTOMERS).round(6),
            "playbook": [("call", None)[place % 2] for place in range(CUSTOMERS)],
        }
    )
    folder = paths.exports / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    decided.select(pl.col(name) if name in decided.columns else pl.lit(None, kind).alias(name)
                   for name, kind in maturity.DECIDED.items()).write_parquet(folder / "actions.parquet")  # fmt: skip
    decided.head(0).write_parquet(folder / "risk_list.parquet")
    write(folder / "manifest.json", {"company": "shop", "fingerprints": {"model": model or fingerprint(paths)}})
    write(folder / "run_report.json", {"model": {"label": LABEL}, "expected": {"level": level} if level else {}})
    return decided


def by_hand(probability: np.ndarray, churned: np.ndarray, shift_then: float = 0.0) -> tuple[float, float]:
    """Shift and error of the next list: by bisection, and by the formulas of two normal variables as matrices."""
    own = logit(probability) - shift_then
    low, high = -20.0, 20.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(own + middle).sum() < churned.sum() else (low, middle)
    chance = 1 / float((expit(own + low) * (1 - expit(own + low))).sum())
    square = CURVE.level_error**2
    both = np.array([[square + chance, LASTING**2], [LASTING**2, square]])
    precision = np.linalg.inv(both)
    # Given the first of two normal variables, the second has this mean and this variance.
    return -precision[1, 0] / precision[1, 1] * low, 1 / math.sqrt(precision[1, 1])


def test_the_last_finished_list_moves_the_level_as_two_normal_variables_do(shop):
    update = finished_level.write(shop, "shop", DAY)
    assert update is not None and update.of_list == OVER
    decided = pd.read_parquet(shop.exports / str(OVER) / "actions.parquet")
    bought = pd.read_parquet(shop.tables / "transactions")
    inside = bought[(pd.to_datetime(bought.day).dt.date >= OVER) & (pd.to_datetime(bought.day).dt.date < DAY)]
    churned = ~decided.customer_id.isin(inside.customer_id)
    assert churned.sum() == CUSTOMERS * 2 // 3
    shift, error = by_hand(decided.churn_probability.to_numpy(), churned.to_numpy())
    assert (update.shift, update.error) == pytest.approx((shift, error), abs=1e-5)
    assert shift > 0.2 and LASTING / 2 < error < CURVE.level_error, "more left than was said, and it is surer now"
    assert finished_level.read(shop) == update
    moved = update.moved(CURVE)
    assert (moved.slope, moved.intercept) == (CURVE.slope, pytest.approx(CURVE.intercept + update.shift))
    assert moved.level_error == update.error


def test_what_nobody_knows_on_the_day_moves_nothing(shop):
    before = finished_level.write(shop, "shop", DAY)
    buy(shop, [(f"c{number}", DAY + timedelta(days=number % 9), 100) for number in range(CUSTOMERS)])
    publish(shop, DAY + timedelta(days=7), 9)
    assert finished_level.write(shop, "shop", DAY) == before
    # Nor does a purchase before its window, or a refund within it; one within it does.
    buy(shop, [("c1", OVER - timedelta(days=1), 100), ("c1", OVER, -100)])
    assert finished_level.write(shop, "shop", DAY) == before
    buy(shop, [("c1", DAY - timedelta(days=1), 100)])
    after = finished_level.write(shop, "shop", DAY)
    assert after is not None and before is not None and after.shift < before.shift


def test_what_a_list_was_moved_by_is_no_miss_of_the_curve(shop):
    """The same customers with probabilities 0.4 log-odds higher, on a list that says so, move the level alike."""
    before = finished_level.write(shop, "shop", DAY)
    folder = shop.exports / str(OVER)
    decided = pl.read_parquet(folder / "actions.parquet")
    higher = expit(logit(decided["churn_probability"].to_numpy()) + 0.4)
    decided.with_columns(pl.Series("churn_probability", higher)).write_parquet(folder / "actions.parquet")
    write(folder / "run_report.json", {"model": {"label": LABEL}, "expected": {"level": {"shift": 0.4}}})
    after = finished_level.write(shop, "shop", DAY)
    assert after is not None and before is not None
    assert after.shift == pytest.approx(before.shift, abs=2e-6)
    write(folder / "run_report.json", {"model": {"label": LABEL}, "expected": {}})
    silent = finished_level.write(shop, "shop", DAY)
    assert silent is not None and silent.shift < before.shift - 0.1


@pytest.mark.parametrize("why", ["own model", "other model", "none over", "other company", "older release"])
def test_the_level_stays_where_nothing_is_known_of_it(shop, why):
    day, company = DAY, "shop"
    if why == "own model":
        write(shop.model_card, {"trees": 40})
    elif why == "older release":
        write(shop.model_card, {"prior": {"companies": 300}})
    elif why == "other model":
        for number, one in enumerate((OVER, NOT_OVER)):
            publish(shop, one, number, model="another")
    elif why == "none over":
        day = OVER
    else:
        company = "another"
    assert finished_level.write(shop, company, day) is None
    assert finished_level.read(shop) is None


@given(st.floats(0.01, 0.99), st.floats(-2, 2))
@examples(50)
def test_without_its_shift_a_probability_is_that_of_the_model(probability, shift):
    update = level_update.LevelUpdate(shift, 0.3, OVER)
    moved = pl.DataFrame({"churn_probability": [float(expit(logit(probability) + shift))]})
    again = finished_level.without_shift(moved, update)["churn_probability"][0]
    assert again == pytest.approx(probability, abs=1e-9)
    assert finished_level.without_shift(moved, None) is moved


@given(st.floats(0.05, 2), st.floats(0, 1), st.floats(-3, 3), st.floats(0.01, 3))
@examples(100)
def test_a_list_makes_the_level_surer_and_moves_it_no_farther_than_it_missed(level_error, share, missed, chance):
    curve = Calibration(1.0, 0.0, None, level_error)
    update = level_update.learn(curve, share * level_error, CalibrationResidual(OVER, missed, chance))
    assert abs(update.shift) <= abs(missed) + 1e-6 and update.shift * missed >= 0
    assert 0 <= update.error <= level_error + 1e-6
    assert level_update.LevelUpdate.from_dict(json.loads(json.dumps(update.as_dict()))) == update
