"""Stage 3 - train: examples of earlier snapshots -> trees, regression, calibration and card; the run goes to MLflow."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from pipeline.config import params
from pipeline.config.errors import ModelRefused, NotEnoughData
from pipeline.config.paths import REPRO, Paths
from pipeline.evaluation import metrics
from pipeline.examples import labelled
from pipeline.examples.features import Feature, allowed, model_features, unseen_features, without_money
from pipeline.examples.snapshots import outcome_window
from pipeline.model import (
    artefacts,
    calibration,
    card_entries,
    event_curve,
    outage_curves,
    packaged_prior,
    past_curves,
    split,
    training,
)
from pipeline.model import data_requirements as minimum
from pipeline.model.ensemble import Ensemble, margins_by_day
from pipeline.model.packaged_prior import PackagedPrior
from pipeline.reasons import evidence_weights
from pipeline.stages import main
from pipeline.tables import storage
from pipeline.tracking import recording, runs
from pipeline.value import year_ahead
from pipeline.value.expected_spend import NEEDS, Spend
from pipeline.value.purchase_process import P_NO_PURCHASE


@dataclass(frozen=True)
class Settings:
    """The sections of ``params.yaml`` this stage depends on."""

    data: params.Data
    sources: params.Sources
    snapshots: params.Snapshots
    label: params.Label
    data_requirements: params.DataRequirements
    features: params.Features
    model: params.Model
    train: params.Train
    evaluate: params.Evaluate
    tracking: params.Tracking


def run(
    settings: Settings,
    paths: Paths = REPRO,
) -> str:
    """Train on all earlier snapshots, stop and calibrate on a later one, and say what came out in a line.

    The files written are a pure function of what the stage depends on; the run in MLflow is a record beside them.
    """
    with runs.training_run(settings.tracking) as run_id:
        # On small matrices the threads of BLAS wait for one another longer than they compute, and the order of their
        # sums hangs on how many they are. LightGBM has threads of its own.
        with threadpool_limits(1, user_api="blas"):
            made = _train(settings, paths)
        recording.record_training(settings.tracking, run_id, made.model, made.series, made.examples, paths)
    card = made.model.card
    if made.model.is_prior:
        test = made.examples["test"]
        return (
            f"the packaged prior, graded on {len(test):,} customers as of {test['snapshot'][0]}"
            f"{_doubts(card['warnings'], paths)}"
        )
    return (
        f"{card['trees']} trees from {len(made.examples['training']):,} examples at "
        f"{len(card['snapshots']['train'])} snapshots{_doubts(card['warnings'], paths)}"
    )


def _doubts(warnings: list[Any], paths: Paths) -> str:
    return f"; {len(warnings)} warning{'s' if len(warnings) > 1 else ''} in {paths.model_card}" if warnings else ""


@dataclass(frozen=True)
class Made:
    """What a training makes: the model, written to disk, its figures by snapshot, and the examples of each part."""

    model: artefacts.ChurnModel
    series: dict[str, dict[int, float]]
    examples: dict[str, pl.DataFrame]


def _train(settings: Settings, paths: Paths) -> Made:
    complete, is_packaged = labelled.complete_days(paths), settings.model.prior == "packaged"
    if is_packaged and complete and not split.has_parts(complete, settings.label):
        return _start_from_prior(max(complete), settings, paths)
    parts = split.by_time(complete, settings.label)
    declared, beside, examples = _read(settings, paths)
    train_examples, validation_examples, test = (
        labelled.select_days(examples, days) for days in (parts.train, [parts.validation], [parts.test])
    )
    by_part = {"training": train_examples, "validation": validation_examples, "test": test}
    try:
        visible = allowed(settings.features, settings.sources)
        warnings = minimum.check(by_part, visible, settings.snapshots, settings.label, settings.data_requirements)
    except NotEnoughData:
        if not is_packaged:
            raise
        return _start_from_prior(parts.test, settings, paths)
    known = examples.filter(pl.col("snapshot") <= parts.validation)
    trained = training.train(train_examples, validation_examples, declared, settings.label, settings.model, known)
    columns = training.columns(declared, settings.model)
    card = _about(settings, paths) | card_entries.of_training(trained, train_examples, parts, settings.label, columns)
    card |= _learnt_beside(train_examples, [*declared, *beside], warnings)
    until_test = examples.filter(pl.col("snapshot") <= parts.test)
    later = until_test.filter(pl.col("snapshot") > parts.validation)
    log_odds = trained.known_log_odds | margins_by_day(trained.ensemble, later, settings.model.num_threads)
    in_use = _calibrated(trained, log_odds[parts.test], validation_examples, test)
    in_use = training.levelled(in_use, log_odds, until_test, settings.label, settings.model)
    learnt_from = known if settings.model.refit else train_examples
    without = outage_curves.measure(
        trained.ensemble, test, in_use, declared, settings.model.num_threads,
        lambda left: outage_curves.fit_without(trained, learnt_from, left, settings.model),
    )  # fmt: skip
    calibrated_on = validation_examples, trained.validation_log_odds
    past = past_curves.of_model(in_use, calibrated_on, until_test, log_odds)
    until = outcome_window(parts.test, settings.label).end
    when = _event_curve(trained.ensemble, until, settings, paths)
    card["year_ahead"] = _year_ahead(until, settings, paths) if when and not when.is_churn else None
    churn_model = artefacts.ChurnModel(trained.ensemble, in_use, trained.calibration, card, without, when, past)
    artefacts.save(churn_model, paths)
    _write_log(trained.log.train_loss, trained.log.validation_loss, paths)
    series = _by_snapshot(trained, train_examples, validation_examples, settings.evaluate)
    return Made(churn_model, series, by_part)


def _start_from_prior(day: date, settings: Settings, paths: Paths) -> Made:
    """The packaged prior for a company that has too little to learn from; the outcomes after one snapshot grade it."""
    prior = PackagedPrior.from_dict(storage.read_json(packaged_prior.FILE, ModelRefused))
    declared, beside, examples = _read(settings, paths)
    test = labelled.select_days(examples, [day])
    warnings = minimum.check_one(test, settings.snapshots, settings.label, settings.data_requirements)
    ensemble = prior.ensemble(test, (settings.label.gap_days, settings.label.horizon_days))
    columns = [*declared, P_NO_PURCHASE]
    card = _about(settings, paths) | card_entries.of_prior(prior, ensemble, test, settings.label, columns)
    card |= _learnt_beside(test, [*declared, *beside], warnings)
    label = settings.label
    windows = packaged_prior.windows_of_past(test, label.horizon_days)
    in_use = prior.learnt_curve(ensemble.margins(test), training.outcomes(test), windows)
    card["prior"]["lasting_error"] = prior.lasting_error(in_use, label.gap_days + label.horizon_days)
    # It goes by orders alone, so no other table is missed while it is down.
    churn_model = artefacts.ChurnModel(ensemble, in_use, prior.curve(), card, without={})
    artefacts.save(churn_model, paths)
    _write_log([], [], paths)
    return Made(churn_model, {}, {"test": test})


def _read(settings: Settings, paths: Paths) -> tuple[list[Feature], list[Feature], pl.DataFrame]:
    """The features a model may see, those that are evidence only, and the labelled examples with both."""
    seen = model_features(settings.features, settings.sources)
    unseen = unseen_features(settings.features, settings.sources)
    declared, beside = (
        without_money(features, settings.features, amounts_vary=labelled.amounts_vary(paths))
        for features in (seen, unseen)
    )
    learnt = labelled.learnt(paths, settings.train.max_customers)
    return declared, beside, labelled.read(paths, [feature.name for feature in (*seen, *beside)], learnt)


def _about(settings: Settings, paths: Paths) -> dict[str, Any]:
    fingerprint = storage.read_json(paths.ingest_report)["fingerprint"]
    return card_entries.of_company(settings.data, settings.snapshots, settings.label, fingerprint)


def _learnt_beside(examples: pl.DataFrame, bearing: list[Feature], warnings: list[str]) -> dict[str, Any]:
    """What is learnt of the same customers beside the model: their spend, and what evidence weighs."""
    evidence = evidence_weights.as_card(evidence_weights.learn(examples, bearing))
    return {"value": Spend.fit(examples).as_card(), "evidence": evidence, "warnings": warnings}


def _event_curve(ensemble: Ensemble, until: date, settings: Settings, paths: Paths) -> event_curve.EventCurve | None:
    """When the next order or the cancellation comes, learnt from what was known on the day the model is used from."""
    snapshots = [day for day in storage.read_json(paths.examples_report)["snapshots"] if day < str(until)]
    most = min(settings.train.max_customers, event_curve.MAX_EXAMPLES // max(1, len(snapshots)))
    keys = labelled.learnt(paths, max(1, most))
    known = labelled.read_with_events(paths, ensemble.inputs, keys, until, settings.label)
    return event_curve.fit(known, ensemble, until, settings.label, settings.model)


def _year_ahead(until: date, settings: Settings, paths: Paths) -> dict[str, Any] | None:
    """How expected values compared with what came, in the last year that was over on that day."""
    keys = labelled.learnt(paths, min(settings.train.max_customers, year_ahead.MAX_CUSTOMERS))
    minor_digits = settings.data.minor_digits
    rows = labelled.read_with_spend(paths, list(NEEDS), keys, until, settings.label, minor_digits)
    made = None if rows is None else year_ahead.YearAhead.fit(rows)
    return made.as_card() if made else None


def _calibrated(
    trained: training.Trained, newest: training.Array, validation_examples: pl.DataFrame, test: pl.DataFrame
) -> calibration.Calibration:
    """The curve that goes into use: two numbers, from margins of rows their fit had not seen, the newest among them.

    What evaluation judges is the curve fitted before the test snapshot. Once that is complete, its churn rate is the
    latest there is to know.
    """
    log_odds = np.concatenate([trained.validation_log_odds, newest])
    return calibration.fit(log_odds, np.concatenate([training.outcomes(validation_examples), training.outcomes(test)]))


def _write_log(train_loss: list[float], validation_loss: list[float], paths: Paths) -> None:
    losses = {"train": train_loss, "validation": validation_loss}
    log = pl.DataFrame({"tree": range(1, len(losses["train"]) + 1), **losses})
    storage.write_text(log.write_csv(float_precision=6), paths.training_log)


def _by_snapshot(
    trained: training.Trained,
    train_examples: pl.DataFrame,
    validation_examples: pl.DataFrame,
    settings: params.Evaluate,
) -> dict[str, dict[int, float]]:
    """Figures of each snapshot, by the days since the first one: of those seen, and of validation before it was."""
    series: dict[str, dict[int, float]] = {}
    parts = [
        ("train", part, trained.calibration.probability(trained.known_log_odds[part["snapshot"][0]], part))
        for part in train_examples.partition_by("snapshot", maintain_order=True)
    ]
    unseen = trained.calibration.probability(trained.validation_log_odds, validation_examples)
    parts.append(("validation", validation_examples, unseen))
    for part, seen, probability in parts:
        figures = metrics.summary(training.outcomes(seen), probability, settings.top_shares)
        day = (seen["snapshot"][0] - train_examples["snapshot"].min()).days
        for name, value in figures.items():
            series.setdefault(f"{part}_{name}", {})[day] = value
    return series


if __name__ == "__main__":
    main(run)
