"""The grade a model has while a feed is down: what the list of such a week may say of itself."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from pipeline.config import params
from pipeline.evaluation import bootstrap, grade, report
from pipeline.evaluation.baselines import SIMPLE_RULE
from pipeline.evaluation.bootstrap import ScoredSnapshot
from pipeline.examples.features import Feature
from pipeline.model import outage_curves
from pipeline.model.artefacts import ChurnModel


def by_tables(
    model: ChurnModel, examples: pl.DataFrame, whole: ScoredSnapshot, features: Sequence[Feature],
    settings: params.Evaluate,
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Grade the model without the tables it has a curve without, beside the best simple rule, which needs orders alone.

    Earlier snapshots are not asked again, so that no such grade is better than B.

    Parameters
    ----------
    model
        With what was measured in training, `ChurnModel.without`.
    examples
        Of the test snapshot.
    whole
        The same customers scored with all tables.
    features
        Those of the examples, as declared.
    settings
        Lengths of the list and number of draws.

    Returns
    -------
    dict
        By the names of the tables, such as ``events+tickets``: ``grade``, ``ship``, and the verdict as
        `Verdict.as_json` gives it.
    """
    graded = {}
    for name in model.without or {}:
        tables = name.split("+")
        probability = model.during(tables).probability(outage_curves.without_tables(examples, features, tables))
        scored = {"model": probability, SIMPLE_RULE: whole.scored[SIMPLE_RULE]}
        test = ScoredSnapshot(whole.snapshot, whole.customers, whole.churned, scored)
        resampled = bootstrap.resample([test], settings.top_shares, settings.draws)
        letter = grade.grade(resampled, None, calibrated=True)
        figures = report.headline(test, resampled, settings.top_shares)
        verdict = report.verdict(letter, figures, resampled, test.snapshot, max(settings.top_shares))
        graded[name] = verdict.as_json() | {"grade": letter.letter, "ship": letter.ships}
    return graded
