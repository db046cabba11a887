"""What holds while a feed is down, and what the ranking is worth then: measured where the truth is known.

A table that is down makes its features missing. Trees send missing values down a branch that was learnt from the few
customers of whom nothing was known, who are other people than all customers of a company whose feed has stopped: the
model of all tables then ranked the customers of a simulated supplier by an AUC of 0.920, one that never had its events
by 0.940. So such a model is made for each table that counts and takes over while that one is down; else, and while two
are, the model of all tables goes on with their features missing. Either way the level is another one: a curve is fitted
to what really happened at a snapshot whose outcomes are known.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import roc_auc_score

from pipeline.config.params import Model
from pipeline.examples.features import Feature
from pipeline.model import additive_logistic, calibration, gbm, substitutes, training
from pipeline.model.calibration import Calibration
from pipeline.model.ensemble import Ensemble, model_matrix
from pipeline.model.thinning import thinned
from pipeline.model.without_feed import WithoutFeed

# Orders are always there, and a register has no days on which nothing came.
NEVER_DOWN: Final = {"transactions", "customers"}
# More customers than this change no digit that people look at.
MAX_ROWS: Final = 20_000
MIN_LOSS: Final = 0.002
"""A table whose outage costs less of the AUC than this needs no model of its own, which takes as long as training."""


def tables_of(features: Iterable[Feature]) -> dict[str, list[str]]:
    """The features that are missing while a table is down, for each table that can be."""
    missing: dict[str, list[str]] = {}
    for feature in features:
        for table in sorted({column.partition(".")[0] for column in feature.needs} - NEVER_DOWN):
            missing.setdefault(table, []).append(feature.name)
    return missing


def without_tables(examples: pl.DataFrame, features: Iterable[Feature], tables: Iterable[str]) -> pl.DataFrame:
    """Examples as they are while these tables are down: what is made of them is missing."""
    lost = tables_of(features)
    missing = {name for table in tables for name in lost[table]}
    return examples.with_columns(pl.lit(None, examples[name].dtype).alias(name) for name in sorted(missing))


def fit_without(whole: training.Trained, known: pl.DataFrame, features: list[Feature], settings: Model) -> Ensemble:
    """The same recipe on fewer features: as many trees, the same share of the regression.

    Parameters
    ----------
    whole
        The model of all tables.
    known
        Labelled examples that it has learnt from.
    features
        Those that are left, as declared.
    settings
        ``params.yaml: model``.
    """
    declared, of_all = training.columns(features, settings), whole.ensemble
    names = [feature.name for feature in declared]
    process, window, cap = of_all.purchase_process, of_all.window, of_all.renewal_cap
    learnt = thinned(known, settings.max_rows)
    rows = model_matrix(learnt, names, process, window, cap), training.outcomes(learnt)
    trees = gbm.grow(rows, whole.log.best_tree, declared, settings)
    share = of_all.additive_weight
    regression = additive_logistic.fit(*rows, settings.additive_logistic) if share else None
    return Ensemble(names, trees, regression, share, process, window, cap)


def measure(
    ensemble: Ensemble, examples: pl.DataFrame, whole: Calibration, features: Sequence[Feature], num_threads: int,
    substitute: Callable[[list[Feature]], Ensemble] | None = None,
) -> dict[str, WithoutFeed]:  # fmt: skip
    """What the model is worth without each table, and without any two.

    Parameters
    ----------
    ensemble
        What goes into use.
    examples
        Labelled examples of one snapshot that the ensemble has not learnt from.
    whole
        The curve in use while nothing is missing.
    features
        Those of the examples, as declared.
    num_threads
        For LightGBM.
    substitute
        Makes a model of the features that are left; None to go on with that of all tables.

    Returns
    -------
    dict
        By the names of the tables, such as ``events`` and ``events+tickets``. A table that none of the customers has
        anything in is not among them: nothing changes while it is down.
    """
    every_nth = -(-len(examples) // MAX_ROWS) or 1
    rows = examples.gather_every(every_nth)
    churned = rows["churned"].to_numpy().astype(np.int8)
    if len(set(churned.tolist())) < 2:
        return {}
    margins = ensemble.margins(rows, num_threads)
    fitted = calibration.fit(margins, churned)
    # The curve in use has learnt from more rows: its level goes before that of these alone.
    shift = float(np.mean(whole.intercept + whole.slope * margins) - np.mean(fitted.log_odds(margins)))
    known = [
        table
        for table, names in tables_of(features).items()
        if rows.select(pl.any_horizontal(pl.col(names).is_not_null().any())).item()
    ]
    auc, measured = _auc(churned, margins), {}
    for tables in [*combinations(sorted(known), 1), *combinations(sorted(known), 2)]:
        blind, model = without_tables(rows, features, tables), None
        seen = ensemble.margins(blind, num_threads)
        # One for each two tables would be dozens, for what hardly ever happens.
        if substitute is not None and len(tables) == 1 and auc - _auc(churned, seen) >= MIN_LOSS:
            model = substitute(_left(features, tables[0]))
            seen = model.margins(blind, num_threads)
        curve, saved = calibration.fit(seen, churned), substitutes.as_dict(model) if model else None
        level = _rounded(curve.intercept + shift)
        measured["+".join(tables)] = WithoutFeed(curve.slope, level, _auc(churned, seen), auc, saved)
    return measured


def _left(features: Sequence[Feature], table: str) -> list[Feature]:
    lost = set(tables_of(features)[table])
    return [feature for feature in features if feature.name not in lost]


def _auc(churned: npt.NDArray[np.int8], margins: npt.NDArray[np.float64]) -> float:
    return _rounded(float(roc_auc_score(churned, margins)))


def _rounded(figure: float) -> float:
    # As of other curves: processors differ by some 1e-15.
    return float(f"{figure:.10g}")
