"""Stage 4 - evaluate: the model on later, untouched customers, beside the rules it has to beat; its grade."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.config import params
from pipeline.config.paths import REPRO, Paths
from pipeline.evaluation import (
    backtest,
    bootstrap,
    customer_groups,
    event_curve_check,
    grade,
    metrics,
    model_card,
    outage_grades,
    profit,
    ranking_profit,
    report,
    segments,
)
from pipeline.examples import labelled
from pipeline.examples.features import model_features
from pipeline.model import artefacts, event_curve, split
from pipeline.model.fingerprint import fingerprint
from pipeline.outcomes import store, wrong_reasons
from pipeline.stages import main
from pipeline.tables import storage
from pipeline.tracking import recording, runs


@dataclass(frozen=True)
class Settings:
    """The sections of ``params.yaml`` this stage depends on."""

    sources: params.Sources
    label: params.Label
    features: params.Features
    model: params.Model
    train: params.Train
    evaluate: params.Evaluate
    score: params.Score
    tracking: params.Tracking


def run(
    settings: Settings,
    paths: Paths = REPRO,
) -> str:
    """Judge and grade the model, write figures and plots, add them to its run, and say how good it is.

    Whether it becomes champion is decided by `churn release`, once and outside of what DVC caches.
    """
    model = artefacts.load(paths.models)
    pointer = runs.pointed(settings.tracking, fingerprint(paths), paths.run_pointer)
    if pointer is None:
        # DVC had this model in its cache: no training was recorded in this store, or for this experiment.
        pointer = recording.record_again(settings.tracking, model, paths)
    with runs.resumed(settings.tracking, pointer):
        verdict, files = _evaluate(settings, model, paths)
        recording.record_evaluation(settings.tracking, pointer, model, files, paths)
    return verdict


def _evaluate(settings: Settings, model: artefacts.ChurnModel, paths: Paths) -> tuple[str, list[Path]]:
    declared = model_features(settings.features, settings.sources)
    names = [feature.name for feature in declared]
    complete = labelled.complete_days(paths)
    examples = labelled.read(paths, names, labelled.judged(paths, settings.evaluate.max_customers))
    test_examples = labelled.select_days(examples, [max(complete)])
    labelled.refuse_one_sided({"test": test_examples})
    probability, earlier = model.evaluated_probability(test_examples), []
    if model.is_prior:
        rivals = backtest.score_in_hindsight(test_examples, settings.label)
    else:
        parts = split.by_time(complete, settings.label)
        # Rules have learnt from the very customers the model has learnt from.
        learnt = labelled.read(paths, names, labelled.learnt(paths, settings.train.max_customers))
        train_examples = labelled.select_days(learnt, parts.train)
        rivals = backtest.score_baselines(train_examples, test_examples, declared, settings.label, settings.model)
        all_cutoffs = split.cutoffs(complete, settings.label, settings.evaluate.min_training_snapshots)
        before = [cutoff for cutoff in all_cutoffs if cutoff.test != parts.test]
        cutoffs = split.spread(before, settings.evaluate.max_cutoffs)
        earlier = list(backtest.backtest_beside_rules(examples, cutoffs, declared, settings.label, settings.model))
    test = backtest.scored_snapshot(test_examples, {"model": probability} | rivals, model.evaluated)
    known = customer_groups.known(
        test_examples, settings.sources, settings.label, settings.score, settings.evaluate.segments, paths
    )
    snapshots = Snapshots(test, earlier, is_prior=model.is_prior)
    evaluation, verdict = _evaluation(snapshots, known, settings.evaluate, settings.score)
    curve = _event_curve([*earlier, test], model, settings, paths)
    evaluation["order_curve"] = curve
    storage.write_json(report.in_brief(evaluation, settings.evaluate.top_shares), paths.metrics)
    without = outage_grades.by_tables(model, test_examples, test, declared, settings.evaluate,
                                      known["value"].to_numpy())  # fmt: skip
    headline = evaluation.pop("headline") | {
        "without": without, "order_curve_pays": bool(curve and curve["pays"]), "model_fingerprint": fingerprint(paths)
    }  # fmt: skip
    storage.write_json(headline, paths.verdict)
    storage.write_json(evaluation, paths.evaluation)
    storage.write_text(_card(model, paths), paths.model_card_page)
    files = [
        paths.metrics,
        paths.verdict,
        paths.evaluation,
        paths.model_card_page,
        *_write_plots(test, earlier, known, settings.evaluate, paths),
    ]
    return verdict, files


def _event_curve(
    parts: list[bootstrap.ScoredSnapshot], model: artefacts.ChurnModel, settings: Settings, paths: Paths
) -> dict[str, Any] | None:
    """Whether the curve of the next order is worth showing, at some of the snapshots that were scored unseen."""
    if model.event_curve is None:
        return None
    snapshots = storage.read_json(paths.examples_report)["snapshots"]
    most = min(settings.evaluate.max_customers, event_curve.MAX_EXAMPLES // max(1, len(snapshots)))
    keys = labelled.judged(paths, max(1, most))
    until = date.fromisoformat(model.card["learnt_until"])
    known = labelled.read_with_events(paths, model.ensemble.inputs, keys, until, settings.label)
    return event_curve_check.check(known, parts, model.ensemble, until, (settings.label, settings.model))


@dataclass(frozen=True)
class Snapshots:
    """The test snapshot and earlier ones as they were scored unseen, and whether by the packaged prior."""

    test: bootstrap.ScoredSnapshot
    earlier: list[bootstrap.ScoredSnapshot]
    is_prior: bool


def _evaluation(
    snapshots: Snapshots, known: pl.DataFrame, settings: params.Evaluate, score: params.Score
) -> tuple[dict[str, Any], str]:
    """Everything there is to say, as JSON holds it, and the verdict."""
    test, earlier = snapshots.test, snapshots.earlier
    shares, draws = settings.top_shares, settings.draws
    resampled = bootstrap.resample([test], shares, draws)
    before = bootstrap.resample(earlier, shares, draws) if earlier else None
    calibration = report.calibration(test, earlier, score.bands, settings)
    value, terms = known["value"].to_numpy(), profit.Terms.of(settings)
    chosen = ranking_profit.gain_by_ranking(test.churned, test.scored["model"], value, terms)
    is_calibrated = calibration["as_right_as_chance_allows"]
    evidence = grade.Evidence(before, is_calibrated, max(shares), chosen.gain, is_prior=snapshots.is_prior)
    graded = grade.grade(resampled, evidence)
    figures = report.headline(test, resampled, shares)
    verdict = report.verdict(graded, figures, resampled, test.snapshot, max(shares), chosen)
    by = known.select(pl.col(settings.segments).cast(pl.String))
    decided = {"grade": graded.letter, "ship": graded.ships, "approved_by": settings.approved_by}
    return {
        "headline": {"test_snapshot": test.snapshot} | verdict.as_json() | decided | figures,
        "grade": {"letter": graded.letter, "means": graded.means, "because": graded.because},
        "test": report.compared(resampled),
        "earlier": report.earlier(earlier, before, draws) if before else None,
        "calibration": calibration,
        "segments": segments.by_segment(test, by, draws).to_dicts(),
        "profit": report.profit(test, value, terms, chosen),
    }, str(verdict)


def _card(model: artefacts.ChurnModel, paths: Paths) -> str:
    season = model.calibration.season
    about = model.card | {
        "additive_weight": model.ensemble.additive_weight,
        "season": season.in_words() if season else None,
        "wrong_reasons": wrong_reasons.counts(store.read(paths.outcomes, date.max)),
    }
    read = storage.read_json
    return model_card.markdown(
        about, read(paths.verdict), read(paths.evaluation), read(paths.examples_report), read(paths.ingest_report)
    )


def _write_plots(
    test: bootstrap.ScoredSnapshot, earlier: list[bootstrap.ScoredSnapshot], known: pl.DataFrame,
    evaluate: params.Evaluate, paths: Paths,
) -> list[Any]:  # fmt: skip
    tables = {
        "gains": report.gains(test.churned, test.scored),
        "calibration": metrics.calibration_table(test.churned, test.scored["model"], evaluate.calibration_groups),
        "earlier": report.by_origin([*earlier, test]),
        "profit": report.profit_curves(test, known["value"].to_numpy(), profit.Terms.of(evaluate)),
    }
    files = []
    for name, table in tables.items():
        files.append(paths.plots / f"{name}.csv")
        storage.write_text(table.write_csv(), files[-1])
    return files


if __name__ == "__main__":
    main(run)
