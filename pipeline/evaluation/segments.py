"""Where is the model bad? The same figures for each group of customers."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.evaluation import bootstrap, calibration_check
from pipeline.evaluation.baselines import SIMPLE_RULE
from pipeline.evaluation.bootstrap import ScoredSnapshot

Flags = npt.NDArray[np.bool_]

# A ranking of fewer churners, or of fewer who stayed, says next to nothing.
MIN_CUSTOMERS = 10
UNKNOWN = "(unknown)"
SCHEMA = {
    "column": pl.String,
    "segment": pl.String,
    "customers": pl.Int64,
    "churners": pl.Int64,
    "expected_churners": pl.Float64,
    "expected_low": pl.Int64,
    "expected_high": pl.Int64,
    "auc": pl.Float64,
    "auc_low": pl.Float64,
    "auc_high": pl.Float64,
    "auc_of_simple_rule": pl.Float64,
    "doubt": pl.String,
}


def by_segment(test: ScoredSnapshot, groups: pl.DataFrame, draws: int) -> pl.DataFrame:
    """Figures of each value of each column, and where they give cause for doubt.

    Parameters
    ----------
    test
        The model and the simple rule on one snapshot.
    groups
        The customers of `test`, in its order; one column of text per way to group them.
    draws
        Draws behind each interval.

    Returns
    -------
    polars.DataFrame
        One row per segment; AUC is null where fewer than 10 churned or stayed. ``doubt`` says what is wrong, null where
        nothing is.
    """
    # One draw: only the figure is wanted here, by the same formula, and no interval.
    overall = bootstrap.resample([test], [], 1).seen["model"][0]
    rows = []
    for column in groups.columns:
        values = groups[column].fill_null(UNKNOWN)
        for segment in sorted(values.unique()):
            inside = (values == segment).to_numpy()
            rows.append({"column": column, "segment": segment} | _figures(test, inside, draws, float(overall)))
    return pl.DataFrame(rows, schema=SCHEMA)


def _figures(test: ScoredSnapshot, inside: Flags, draws: int, overall: float) -> dict[str, Any]:
    churned, probability = test.churned[inside], test.scored["model"][inside]
    counts = calibration_check.expected(churned, probability, draws)
    figures: dict[str, Any] = {
        "customers": counts.customers,
        "churners": counts.observed,
        "expected_churners": round(counts.expected, 3),
        "expected_low": counts.low,
        "expected_high": counts.high,
    }
    doubts = (
        [] if counts.holds else ["expects too many churners" if counts.observed < counts.low else "expects too few"]
    )
    if min(counts.observed, counts.customers - counts.observed) >= MIN_CUSTOMERS:
        scored = {name: test.scored[name][inside] for name in ("model", SIMPLE_RULE)}
        part = bootstrap.resample([ScoredSnapshot(test.snapshot, test.customers[inside], churned, scored)], [], draws)
        auc = part.interval("model", "auc")
        figures |= {"auc": round(auc.value, 6), "auc_low": round(auc.low, 6), "auc_high": round(auc.high, 6)}
        figures["auc_of_simple_rule"] = round(part.interval(SIMPLE_RULE, "auc").value, 6)
        doubts += ["ranks worse than elsewhere"] if auc.high < overall else []
        doubts += ["the simple rule ranks better"] if part.difference("model", SIMPLE_RULE, "auc").high < 0 else []
    return figures | {"doubt": "; ".join(doubts) or None}
