"""``churn tune``: better settings for the model, found by rolling origins that end before the test snapshot."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import polars as pl

from pipeline.config import params
from pipeline.config.paths import REPRO, TUNING, Paths
from pipeline.evaluation import backtest, metrics
from pipeline.examples import labelled
from pipeline.examples.features import Feature, model_features, without_money
from pipeline.model import split
from pipeline.tables import storage
from pipeline.tracking import runs

CUTOFFS = 5  # the latest: each costs a training per trial


def run(settings: params.Params, trials: int, to: Path, paths: Paths = REPRO) -> Iterator[str]:
    """Try settings, keep every trial in the study, and write the best as an overlay for ``churn use``.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``; its ``model`` section is the first trial.
    trials
        How many to try now; a study that was begun on the same examples goes on.
    to
        The overlay to write.
    paths
        Where the examples lie.

    Yields
    ------
    str
        One line per trial, and one on the best.
    """
    seen = model_features(settings.features, settings.sources)
    declared = without_money(seen, settings.features, amounts_vary=labelled.amounts_vary(paths))
    judged = labelled.judged(paths, settings.evaluate.max_customers)
    examples = labelled.read(paths, [feature.name for feature in declared], judged)
    complete = labelled.complete_days(paths)
    # The latest ones; the test snapshot is not among them.
    cutoffs = split.known_cutoffs(complete, settings.label, settings.evaluate.min_training_snapshots)[-CUTOFFS:]
    study = _study(settings, examples, declared)
    study.enqueue_trial(_as_trial(settings.model), skip_if_exists=True)

    def brier(trial: optuna.Trial) -> float:
        tried = _suggested(trial, settings.model)
        return _brier(trial, examples, cutoffs, declared, settings, tried)

    for _ in range(trials):
        study.optimize(brier, n_trials=1)
        last = study.trials[-1]
        _record(settings.tracking, study.study_name, last)
        outcome = f"Brier {last.value:.5f}" if last.value is not None else "stopped early"
        yield f"trial {last.number}: {outcome}; best so far {study.best_value:.5f} (trial {study.best_trial.number})"
    first = next(trial for trial in study.trials if trial.value is not None)
    best = _suggested(study.best_trial, settings.model)
    storage.write_text(_overlay(best, study.best_value, len(cutoffs)), to)
    yield (
        f"{to}: Brier {study.best_value:.5f} over {len(cutoffs)} origins, {first.value:.5f} as params.yaml had it; "
        f"take it: churn use {to}"
    )


def _record(tracking: params.Tracking, study: str, trial: optuna.trial.FrozenTrial) -> None:
    """Show a trial in MLflow, nested under its study, beside the trainings it may lead to."""
    steps = [trial.intermediate_values[step] for step in sorted(trial.intermediate_values)]
    tried = {f"model.{key}": _short(value) for key, value in trial.params.items()}
    is_complete = trial.value is not None
    runs.record_trial(tracking, f"tune {study}", f"trial {trial.number}", tried, steps, is_complete=is_complete)


def _study(settings: params.Params, examples: pl.DataFrame, declared: list[Feature]) -> optuna.Study:
    """A study of its own for every set of examples, so that no two are compared by figures of different rows."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    identity = [
        settings.label.model_dump(exclude_none=True),
        [f.name for f in declared],
        len(examples),
        int(examples["churned"].sum()),
    ]
    name = f"{settings.data.name} {storage.digest(json.dumps(identity))[:12]}"
    TUNING.parent.mkdir(parents=True, exist_ok=True)
    sampler = optuna.samplers.TPESampler(seed=settings.model.seed, n_startup_trials=8)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1)
    return optuna.create_study(
        storage=f"sqlite:///{TUNING}", study_name=name, sampler=sampler, pruner=pruner, load_if_exists=True
    )


def _brier(
    trial: optuna.Trial, examples: pl.DataFrame, cutoffs: list[split.Split], declared: list[Feature],
    settings: params.Params, tried: params.Model,
) -> float:  # fmt: skip
    """Mean Brier score over the origins: it rewards ranking and calibration alike, and its noise is the smallest."""
    scores: list[float] = []
    for step, part in enumerate(backtest.backtest_model(examples, cutoffs, declared, settings.label, tried)):
        scores.append(metrics.brier(part.churned, part.scored["model"]))
        trial.report(float(np.mean(scores)), step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return float(np.mean(scores))


def _suggested(trial: optuna.Trial | optuna.trial.FrozenTrial, model: params.Model) -> params.Model:
    """The settings of a trial; ranges as small as the data sets measured so far leave open."""
    changed = {
        "num_leaves": trial.suggest_int("num_leaves", 4, 31, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 6),
        "min_rows_per_leaf": trial.suggest_int("min_rows_per_leaf", 20, 400, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.1, 1.0),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.5, 1.0),
        "l2": trial.suggest_float("l2", 0.1, 100.0, log=True),
        "monotone": trial.suggest_categorical("monotone", [True, False]),
    }
    wide = {
        "l2": trial.suggest_float("additive_logistic.l2", 10.0, 10_000.0, log=True),
        "cuts": trial.suggest_int("additive_logistic.cuts", 2, 12),
    }
    rounded = {key: _short(value) for key, value in changed.items()}
    additive = {key: _short(value) for key, value in wide.items()}
    return model.model_copy(
        update={**rounded, "additive_logistic": model.additive_logistic.model_copy(update=additive)}
    )


def _short(value: Any) -> Any:
    """Three digits: more would claim a precision that nobody measured."""
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _as_trial(model: params.Model) -> dict[str, Any]:
    own = ("num_leaves", "max_depth", "min_rows_per_leaf", "feature_fraction", "bagging_fraction", "l2", "monotone")
    wide = {f"additive_logistic.{key}": getattr(model.additive_logistic, key) for key in ("l2", "cuts")}
    return {key: getattr(model, key) for key in own} | wide


def _overlay(best: params.Model, brier: float, cutoffs: int) -> str:
    own, default = _as_trial(best), [key for key in _as_trial(best) if "." not in key]
    lines = [
        f"# Found by churn tune: Brier {brier:.5f} over {cutoffs} rolling origins, the test snapshot left out.",
        "model:",
    ]
    lines += [
        "  additive_logistic:",
        *(f"    {key.removeprefix('additive_logistic.')}: {own[key]}" for key in own if key not in default),
    ]
    lines += [f"  {key}: {json.dumps(own[key])}" for key in default]
    return "\n".join(lines) + "\n"
