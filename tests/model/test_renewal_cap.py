"""A renewal that no example has lived through: contracts of a launch, drawn here, that come to their second one together."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.api import portable
from pipeline.config import params
from pipeline.config.params import Label
from pipeline.config.paths import Paths
from pipeline.examples.features import Feature, Formula
from pipeline.model import artefacts, event_curve, gbm, outage_curves, substitutes, training
from pipeline.model.fingerprint import fingerprint
from pipeline.model.renewal_cap import GROWING, MIN_RENEWALS, RenewalCap
from pipeline.reasons import ensemble_contributions

LABEL = Label(kind="cancellation", gap_days=0, horizon_days=90)
LAUNCH = date(2022, 1, 1)
LIST = LAUNCH + timedelta(days=740)
YEAR, LEAVES = 365, 0.45
NAMES = ["days_to_renewal", "renewals_ever", "days_since_first_order", "days_since_plan_change", "tickets_90d", "mood"]
FEATURES = [
    Feature(name, "items", "contract", Formula("0"), "", "none",
            needs=frozenset({"tickets.ticket_id"} if name == "tickets_90d" else set()))
    for name in NAMES
]  # fmt: skip
SMALL = {"num_threads": 1, "max_trees": 400, "purchase_process": False, "seasonality": False, "min_rows_per_leaf": 20}


def contracts(seed: int, customers: int = 2400) -> pl.DataFrame:
    """Half of them signed at a launch, the others since. At each renewal the same share leaves, at any other time hardly any."""
    dice = np.random.default_rng(seed)
    start = np.where(np.arange(customers) % 2, dice.integers(0, 75, customers), dice.integers(75, 1000, customers))
    mood = dice.normal(size=customers)
    leaves = dice.random((customers, 4)) < 1 / (1 + np.exp(-(np.log(LEAVES / (1 - LEAVES)) + mood[:, None] / 2)))
    end = start + YEAR * np.where(leaves.any(axis=1), leaves.argmax(axis=1) + 1, 99)
    end = np.minimum(end, start + np.floor(dice.exponential(9000, customers)).astype(np.int64))
    parts = []
    for day in range(340, 741, 20):
        here = (start < day - 10) & (end >= day)
        age = day - start[here]
        period = age // YEAR + 1
        parts.append(
            pl.DataFrame(
                {"snapshot": [LAUNCH + timedelta(days=day)] * int(here.sum()), "customer_key": np.flatnonzero(here),
                 "churned": (end[here] < day + LABEL.horizon_days).astype(np.int8),
                 "days_to_event": np.minimum(end[here] - day, 4000).astype(np.int32),
                 "days_to_renewal": period * YEAR - age, "renewals_ever": period, "days_since_first_order": age,
                 "days_since_plan_change": age, "tickets_90d": dice.poisson(1.0, int(here.sum())), "mood": mood[here]}
            )
        )  # fmt: skip
    return pl.concat(parts)


def settings() -> params.Model:
    model = params.load().model
    return model.model_copy(update=SMALL)


def train(examples: pl.DataFrame, label: Label = LABEL) -> training.Trained:
    """As the list of `LIST` was made from: every outcome is over by then, and the latest snapshot is left to grade."""
    days = [day for day in examples["snapshot"].unique().sort() if day + timedelta(days=180) <= LIST]
    known = examples.filter(pl.col("snapshot").is_in(days))
    before = known.filter(pl.col("snapshot") <= days[-1] - timedelta(days=90))
    later = known.filter(pl.col("snapshot") == days[-1])
    return training.train(before, later, FEATURES, label, settings(), known)


class Made(NamedTuple):
    examples: pl.DataFrame
    trained: training.Trained
    rows: pl.DataFrame


@pytest.fixture(scope="module")
def made() -> Made:
    examples = contracts(7)
    return Made(examples, train(examples), examples.filter(pl.col("snapshot") == LIST))


def test_a_second_wave_that_nobody_has_seen_is_expected_nearly_in_full(made, monkeypatch):
    came = int(made.rows["churned"].sum())
    second = made.rows.filter(pl.col("days_to_renewal") < 90, pl.col("renewals_ever") == 2)
    assert len(second) > 0.4 * len(made.rows), "the launch comes to its second renewal"
    seen = made.examples.filter(pl.col("snapshot") + pl.duration(days=180) <= LIST, pl.col("days_to_renewal") < 90)
    assert seen["renewals_ever"].max() == 1, "no example has lived through one"
    expected = made.trained.probability(made.rows).sum()
    assert 0.85 * came < expected < 1.15 * came
    monkeypatch.setattr(RenewalCap, "learn", lambda *_: None)
    assert train(made.examples).probability(made.rows).sum() < 0.6 * came, "what tenure alone says"


def test_nobody_else_is_seen_otherwise(made):
    ensemble = made.trained.ensemble
    cap = ensemble.renewal_cap
    assert cap is not None
    assert (cap.periods, cap.within_days) == (1, 90)
    true, seen = ensemble.values(made.rows), ensemble.matrix(made.rows)
    later = made.rows.select((pl.col("days_to_renewal") < 90) & (pl.col("renewals_ever") > 1)).to_series().to_numpy()
    assert np.array_equal(true[~later], seen[~later])
    changed = [name for place, name in enumerate(NAMES) if not np.array_equal(true[later, place], seen[later, place])]
    assert changed == ["renewals_ever", "days_since_first_order", "days_since_plan_change"]
    assert set(changed) <= set(GROWING)
    first = made.examples.filter(pl.col("days_to_renewal") < 90, pl.col("renewals_ever") == 1)
    assert first["days_since_first_order"].min() <= seen[later, 2].max() <= first["days_since_first_order"].max()


def test_contributions_add_up_of_what_the_model_sees(made):
    ensemble = made.trained.ensemble
    values = ensemble_contributions.contributions(ensemble, ensemble.seen(ensemble.values(made.rows)), 1)
    assert values.sum(axis=1) == pytest.approx(ensemble.margins(made.rows), abs=1e-6)
    true = ensemble_contributions.contributions(ensemble, ensemble.values(made.rows), 1)
    assert np.abs(true.sum(axis=1) - values.sum(axis=1)).max() > 0.5, "the tenure would have been taken for safety"


def test_people_read_the_true_tenure(made):
    completed = made.trained.ensemble.completed(made.rows)
    assert completed["days_since_first_order"].equals(made.rows["days_since_first_order"])
    shown = made.trained.ensemble.values(made.rows)[:, NAMES.index("days_since_first_order")]
    assert shown.tolist() == made.rows["days_since_first_order"].to_list()


def model_of(trained: training.Trained) -> artefacts.ChurnModel:
    card = {"features": [{"name": name} for name in trained.ensemble.features]}
    return artefacts.ChurnModel(trained.ensemble, trained.calibration, trained.calibration, card)


def paths_in(folder: Path) -> Paths:
    return Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")


def test_the_cap_is_kept_with_the_model_and_a_model_of_before_has_none(made, tmp_path):
    paths = paths_in(tmp_path)
    artefacts.save(model_of(made.trained), paths)
    margins = made.trained.ensemble.margins(made.rows)
    loaded = artefacts.load(paths.models)
    assert loaded.ensemble.renewal_cap == made.trained.ensemble.renewal_cap
    assert np.array_equal(loaded.ensemble.margins(made.rows), margins)
    whole = fingerprint(paths)
    card = json.loads(paths.model_card.read_text(encoding="utf-8"))
    del card["renewal_cap"]
    paths.model_card.write_text(json.dumps(card), encoding="utf-8")
    assert fingerprint(paths) != whole
    old = artefacts.load(paths.models)
    assert old.ensemble.renewal_cap is None
    assert not np.array_equal(old.ensemble.margins(made.rows), margins)


def test_it_goes_along_as_parts_and_to_the_model_without_a_table(made):
    ensemble = made.trained.ensemble
    parts = json.loads(json.dumps(portable.of_ensemble(ensemble)))
    assert portable.ensemble_from(parts).renewal_cap == ensemble.renewal_cap
    del parts["renewal_cap"]
    assert portable.ensemble_from(parts).renewal_cap is None
    known = made.examples.filter(pl.col("snapshot") < LIST - timedelta(days=180))
    left = [feature for feature in FEATURES if feature.name != "tickets_90d"]
    without = outage_curves.fit_without(made.trained, known, left, settings())
    again = substitutes.from_dict(substitutes.as_dict(without), ensemble)
    assert again.renewal_cap == ensemble.renewal_cap
    no_contracts = [feature for feature in FEATURES if feature.name not in {"days_to_renewal", "renewals_ever"}]
    blind = outage_curves.fit_without(made.trained, known, no_contracts, settings())
    assert np.array_equal(blind.matrix(made.rows), blind.values(made.rows)), "without contracts no renewal is known"


@pytest.mark.parametrize("case", ["inactivity", "no_renewals"])
def test_where_no_renewal_is_known_the_files_are_as_they_were(made, case, tmp_path, monkeypatch):
    examples = made.examples
    label = LABEL
    if case == "inactivity":
        label = Label(kind="inactivity", gap_days=0, horizon_days=90)
    else:
        examples = examples.with_columns(pl.lit(None, pl.Int64).alias("days_to_renewal"))
    folders = []
    for name in ("now", "before"):
        paths = paths_in(tmp_path / name)
        artefacts.save(model_of(train(examples, label)), paths)
        folders.append({file: (paths.models / file).read_bytes() for file in artefacts.FILES})
        monkeypatch.setattr(RenewalCap, "learn", lambda *_: None)
    assert folders[0] == folders[1]
    assert b"renewal_cap" not in folders[0]["model.json"]


def test_a_few_renewals_are_no_known_renewal():
    rows = pl.DataFrame({"days_to_renewal": [30] * 60, "renewals_ever": [1] * 60, "days_since_first_order": range(60)})
    few = rows.with_columns(renewals_ever=pl.Series([2] * (MIN_RENEWALS - 1) + [1] * (61 - MIN_RENEWALS)))
    assert RenewalCap.learn(few, rows.columns, LABEL) is None
    enough = rows.with_columns(renewals_ever=pl.Series([2] * MIN_RENEWALS + [1] * (60 - MIN_RENEWALS)))
    cap = RenewalCap.learn(enough, rows.columns, LABEL)
    assert cap is not None
    assert (cap.periods, cap.values["days_since_first_order"]) == (2, (MIN_RENEWALS - 1) // 2)
    # A renewal on the day after the window is none in it.
    assert RenewalCap.learn(enough.with_columns(days_to_renewal=pl.lit(90)), rows.columns, LABEL) is None
    late = Label(kind="cancellation", gap_days=1, horizon_days=90)
    assert RenewalCap.learn(enough.with_columns(days_to_renewal=pl.lit(90)), rows.columns, late) is not None


@given(arrays(np.float64, (20, 3), elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, 89.0, 90.0, 400.0, np.nan])))
def test_capping_never_raises_a_value_and_is_done_once(matrix):
    columns = ["days_to_renewal", "renewals_ever", "days_since_first_order"]
    cap = RenewalCap(2, 90, {"renewals_ever": 2.0, "days_since_first_order": 89.0})
    given_rows = matrix.copy()
    seen = cap.capped(matrix, columns)
    assert np.array_equal(matrix, given_rows, equal_nan=True), "the true values stay what they are"
    assert np.array_equal(np.isnan(seen), np.isnan(matrix))
    assert not (seen > matrix).any()
    assert np.array_equal(cap.capped(seen, columns), seen, equal_nan=True)
    assert np.array_equal(seen[:, 0], matrix[:, 0], equal_nan=True)


def test_the_curve_of_the_end_meets_the_probability_and_sees_true_values(made):
    curve = event_curve.fit(
        made.examples.filter(pl.col("snapshot") < LIST), made.trained.ensemble, LIST, LABEL, settings()
    )
    assert curve is not None
    log_odds = made.trained.calibration.log_odds(made.trained.ensemble.margins(made.rows), made.rows)
    runs_on = curve.no_event(made.trained.ensemble, made.rows, log_odds)
    at_end = runs_on[:, curve.days.index(LABEL.horizon_days)]
    assert (1 - at_end).sum() == pytest.approx(made.trained.probability(made.rows).sum(), rel=1e-9)
    uncapped = replace(made.trained.ensemble, renewal_cap=None)
    again = event_curve.fit(made.examples.filter(pl.col("snapshot") < LIST), uncapped, LIST, LABEL, settings())
    assert again is not None
    assert gbm.to_text(again.trees) == gbm.to_text(curve.trees)
