"""What the card of a model says of how it was made: ``models/model.json``."""

import importlib.metadata
from datetime import date
from typing import Any, Final

import polars as pl

from pipeline.config.params import Data, Label, Snapshots
from pipeline.examples.definition import definition
from pipeline.examples.features import Feature
from pipeline.examples.snapshots import outcome_window
from pipeline.model import training
from pipeline.model.ensemble import Ensemble
from pipeline.model.packaged_prior import FEATURES, PackagedPrior
from pipeline.model.split import Split

VERSIONED: Final = ("duckdb", "lightgbm", "numpy", "polars", "scikit-learn")


def of_company(data: Data, snapshots: Snapshots, label: Label, fingerprint: str) -> dict[str, Any]:
    """What any model is of: the company, the population and the label.

    Parameters
    ----------
    data, snapshots, label
        Sections of ``params.yaml``.
    fingerprint
        Of the tables that were ingested.
    """
    return {
        "company": data.name,
        "money": {"currency": data.currency, "minor_digits": data.minor_digits},
        "timezone": data.timezone,
        "population": {"active_days": snapshots.active_days, "min_tenure_days": snapshots.min_tenure_days},
        "label": {**label.model_dump(exclude_none=True), "description": definition(label)},
        "data_fingerprint": fingerprint,
    }


def of_training(
    trained: training.Trained, train_examples: pl.DataFrame, parts: Split, label: Label, declared: list[Feature]
) -> dict[str, Any]:
    """The entries of a model that learnt from the company's own outcomes.

    Parameters
    ----------
    trained
        The model.
    train_examples
        Labelled examples of the training snapshots.
    parts
        The snapshots by what they did.
    label
        ``params.yaml: label``.
    declared
        The features of the model.
    """
    return {
        "snapshots": {
            "train": [str(day) for day in parts.train], "validation": str(parts.validation), "test": str(parts.test),
        },
        # The trees have seen nothing from the first of these days on; the curve in use nothing from the second on.
        "trees_learnt_until": str(outcome_window(parts.validation, label).end),
        "learnt_until": str(outcome_window(parts.test, label).end),
        "trees": trained.log.best_tree,
    } | _of_features(trained.ensemble, train_examples, declared)  # fmt: skip


def of_prior(
    prior: PackagedPrior, ensemble: Ensemble, examples: pl.DataFrame, label: Label, declared: list[Feature]
) -> dict[str, Any]:
    """The entries of the packaged prior.

    Parameters
    ----------
    prior
        As packaged.
    ensemble
        It, for the customers of this company.
    examples
        Labelled examples of the one snapshot it is graded on.
    label
        ``params.yaml: label``.
    declared
        Features among which are those of the prior.
    """
    day: date = examples["snapshot"][0]
    own = sorted((one for one in declared if one.name in FEATURES), key=lambda one: FEATURES.index(one.name))
    return {
        "prior": {"companies": prior.companies, "sha256": prior.fingerprint},
        "snapshots": {"train": [], "validation": None, "test": str(day)},
        # Its ranking rests on no outcome of this company; its rhythms on orders before the snapshot.
        "trees_learnt_until": str(day),
        "learnt_until": str(outcome_window(day, label).end),
        "trees": 0,
    } | _of_features(ensemble, examples, own)


def _of_features(ensemble: Ensemble, examples: pl.DataFrame, declared: list[Feature]) -> dict[str, Any]:
    return {
        "typical": typical(ensemble.completed(examples), ensemble.features),
        "versions": {name: importlib.metadata.version(name) for name in VERSIONED},
        "features": [
            {"name": f.name, "family": f.family, "unit": f.unit, "risk": f.risk, "optional": bool(f.needs)}
            for f in declared
        ],
    }


def typical(examples: pl.DataFrame, names: list[str]) -> dict[str, float | None]:
    """The median customer, beside whom a reason is given or left out.

    >>> typical(pl.DataFrame({"orders_90d": [1, 2, 9], "nps_latest": [None, None, None]}), ["orders_90d", "nps_latest"])
    {'orders_90d': 2.0, 'nps_latest': None}
    """
    medians = examples.select(pl.col(names).cast(pl.Float64).median()).row(0, named=True)
    return {name: None if value is None else float(f"{value:.10g}") for name, value in medians.items()}
