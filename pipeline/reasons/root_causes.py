"""Which causes weigh most among all who are scored, by segment, and which ones the company's data cannot show."""

from typing import Any

import polars as pl

from pipeline.examples.features.declare import Feature
from pipeline.reasons.causes import CAUSES, blind_spots

SEGMENTS = ("tier", "value_tier", "risk_band")
UNKNOWN = "none told"
KINDS = {cause.id: cause.kind for cause in CAUSES.values()}


def report(scores: pl.DataFrame, features: list[Feature]) -> dict[str, Any]:
    """The weight of each cause, overall and by segment, and the blind spots.

    Parameters
    ----------
    scores
        One row per scored customer: ``churn_probability``, ``value_at_stake``, ``reason_1_causes``,
        ``reason_1_contribution`` and the columns of `SEGMENTS`.
    features
        What the model sees.

    Returns
    -------
    dict
        ``overall`` and, by segment and its value, ``by_segment``: rows as of `weights`; ``by_kind``: avoidable and
        natural causes apart, and those of whom none is told; ``blind_spots``: id, words and question of each
        cause for which no feature speaks.
    """
    parts = {
        segment: {
            str(value[0]): weights(part) for value, part in scores.sort(segment).group_by(segment, maintain_order=True)
        }
        for segment in SEGMENTS
    }
    unseen = [{"id": c.id, "description": c.description, "question": c.question} for c in blind_spots(features)]
    kinds = _sums(scores, pl.col("reason_1_causes").str.slice(0, 3).replace_strict(KINDS, default=UNKNOWN), "kind")
    return {"overall": weights(scores), "by_kind": kinds.to_dicts(), "by_segment": parts, "blind_spots": unseen}


def weights(scores: pl.DataFrame) -> list[dict[str, Any]]:
    """The causes by what is at stake where they are the first reason.

    Examples
    --------
    >>> scores = pl.DataFrame({"reason_1_causes": ["C38", "C38;C36", None], "churn_probability": [0.5, 0.25, 0.1],
    ...                        "value_at_stake": [10.0, 5.0, 1.0]})
    >>> weights(scores)[0]["cause"], weights(scores)[0]["expected_churners"], weights(scores)[1]["cause"]
    ('C38', 0.75, 'none told')
    """
    first = pl.col("reason_1_causes").str.split(";").list.first().fill_null(UNKNOWN)
    return [row | _about(row["cause"]) for row in _sums(scores, first, "cause").iter_rows(named=True)]


def _sums(scores: pl.DataFrame, of: pl.Expr, name: str) -> pl.DataFrame:
    """Customers, expected churners and value at stake of each value of an expression, the most at stake first."""
    return (
        scores.with_columns(of.alias(name))
        .group_by(name)
        .agg(
            pl.len().alias("customers"),
            # Sorted first: a sum of floats depends on its order, and the order of rows must not show.
            pl.col("churn_probability").sort().sum().round(2).alias("expected_churners"),
            pl.col("value_at_stake").sort().sum().round(2).alias("value_at_stake"),
        )
        .sort("value_at_stake", name, descending=[True, False])
    )


def _about(cause: str) -> dict[str, str]:
    known = CAUSES.get(cause)
    return {"description": known.description, "kind": known.kind, "act": known.act, "who": known.who} if known else {}
