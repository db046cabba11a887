"""The grade a model has while a feed is down: what the list of such a week may say of itself."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config import params
from pipeline.evaluation import bootstrap, grade, report
from pipeline.evaluation.baselines import SIMPLE_RULE
from pipeline.evaluation.bootstrap import Resampled, ScoredSnapshot
from pipeline.evaluation.grade import Evidence
from pipeline.evaluation.profit import Terms
from pipeline.evaluation.ranking_profit import gain_by_ranking
from pipeline.examples.features import Feature
from pipeline.model import outage_curves
from pipeline.model.artefacts import ChurnModel

Array = npt.NDArray[np.float64]


def by_tables(
    model: ChurnModel, examples: pl.DataFrame, whole: ScoredSnapshot, features: Sequence[Feature],
    settings: params.Evaluate, value: Array,
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
        Lengths of the list, number of draws, and costs.
    value
        What each of those customers brings if kept, in currency units.

    Returns
    -------
    dict
        By the names of the tables, such as ``events+tickets``: ``grade``, ``ship``, and the verdict as
        `Verdict.as_json` gives it.
    """
    rule = whole.scored[SIMPLE_RULE]
    seen = {name: outage_curves.without_tables(examples, features, name.split("+")) for name in model.without or {}}
    states = {name: model.during(name.split("+")).probability(rows) for name, rows in seen.items()}
    # All at once: the customers of a draw, and the figures of the rule in it, are the same for every state.
    together = replace(whole, scored=states | {SIMPLE_RULE: rule})
    drawn = bootstrap.resample([together], settings.top_shares, settings.draws)
    return {
        name: _graded(
            replace(whole, scored={"model": probability, SIMPLE_RULE: rule}), _of(name, drawn), settings, value
        )
        for name, probability in states.items()
    }


def _of(state: str, drawn: Resampled) -> Resampled:
    """The figures of one state as those of the model, beside the rule's."""
    names = {"model": state, SIMPLE_RULE: SIMPLE_RULE}
    seen, each = ({name: of[scorer] for name, scorer in names.items()} for of in (drawn.seen, drawn.drawn))
    return Resampled(drawn.names, seen, each)


def _graded(test: ScoredSnapshot, drawn: Resampled, settings: params.Evaluate, value: Array) -> dict[str, Any]:
    terms, longest = Terms.of(settings), max(settings.top_shares)
    chosen = gain_by_ranking(test.churned, test.scored["model"], value, terms)
    graded = grade.grade(drawn, Evidence(None, calibrated=True, contacted=longest, profit=chosen.gain))
    figures = report.headline(test, drawn, settings.top_shares)
    verdict = report.verdict(graded, figures, drawn, test.snapshot, longest, chosen)
    return verdict.as_json() | {"grade": graded.letter, "ship": graded.ships}
