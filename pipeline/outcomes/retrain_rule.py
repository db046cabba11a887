"""Whether the model in use must be trained again: by drift, by who left of earlier lists, and by their lift."""

import math
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import polars as pl

from pipeline.config.params import Retrain
from pipeline.outcomes.maturity import NORMAL_95


def reasons(changes: Iterable[tuple[date, str]], matured: pl.DataFrame, settings: Retrain) -> list[str]:
    r"""Why to train again, each in half a sentence; empty where nothing asks for it.

    Of each of the last `Retrain.lists` lists whose windows are over, let :math:`E` churners be expected and :math:`O`
    have come. The level is off where :math:`O > (1 + e) E` of everybody scored on all of them, or :math:`O < (1 - e) E`
    of those left alone, for whom nothing was done, and each time beyond what chance makes of :math:`E` 19 times of 20.
    The order is off where on all of them the lift of those listed is below the share `Retrain.min_lift_share` of
    :math:`(E_l / n_l) / (E / n)`, and their churners lie below what chance makes of :math:`O E_l / E`.

    Parameters
    ----------
    changes
        Day and kind of what was found to have moved while this model was in use.
    matured
        What became of the lists of this model, in the columns of `pipeline.outcomes.maturity.SCHEMA`.
    settings
        ``params.yaml: retrain``.

    Examples
    --------
    >>> settings = Retrain(lists=1, max_churner_error=0.2, min_lift_share=0.7, drift=["scores_moved"], again_days=28)
    >>> from pipeline.outcomes.maturity import SCHEMA
    >>> reasons([(date(2024, 5, 6), "scores_moved")], pl.DataFrame(schema=SCHEMA), settings)
    ['scores_moved was found on the list of 2024-05-06']
    """
    moved = {kind: day for day, kind in sorted(changes, reverse=True) if kind in settings.drift}
    asking = [f"{kind} was found on the list of {day}" for kind, day in sorted(moved.items())]
    return [*asking, *_level(matured, settings), *_lift(matured, settings)]


def _level(matured: pl.DataFrame, settings: Retrain) -> Iterator[str]:
    error = settings.max_churner_error
    scored = _last(matured, "all", "scored", settings.lists)
    if scored and all(row["churners"] > max(row["high"], (1 + error) * row["expected_churners"]) for row in scored):
        yield f"more left than was said{_on(scored)}: {_counts(scored[-1])}"
    alone = _last(matured, "is_control", "yes", settings.lists)
    if alone and all(row["churners"] < min(row["low"], (1 - error) * row["expected_churners"]) for row in alone):
        yield f"fewer of those left alone left than was said{_on(alone)}: {_counts(alone[-1])}"


def _lift(matured: pl.DataFrame, settings: Retrain) -> Iterator[str]:
    listed, scored = (_last(matured, *group, settings.lists) for group in (("listed", "yes"), ("all", "scored")))
    pairs = [pair for pair in zip(listed, scored, strict=False) if pair[0]["as_of"] == pair[1]["as_of"]]
    if len(pairs) == settings.lists and all(_ranks_worse(*pair, settings.min_lift_share) for pair in pairs):
        last, whole = pairs[-1]
        promised = last["expected_rate"] / whole["expected_rate"]
        yield (
            f"those listed hardly stand out any more{_on(listed)}: a lift of {last['lift']:.2f} on the last, "
            f"{promised:.2f} was promised"
        )


def _ranks_worse(listed: dict[str, Any], scored: dict[str, Any], min_share: float) -> bool:
    if not scored["churners"] or not scored["expected_churners"]:
        return False
    promised = listed["expected_rate"] / scored["expected_rate"]
    # As many as everybody's churners make of those listed, so that a level that is off is not counted twice.
    should = scored["churners"] * listed["expected_churners"] / scored["expected_churners"]
    by_chance = should - NORMAL_95 * math.sqrt(should)
    return bool(listed["lift"] < min_share * promised and listed["churners"] < by_chance)


def _last(matured: pl.DataFrame, by: str, group: str, number: int) -> list[dict[str, Any]]:
    """The group on the last lists, the earliest first; empty where it did not stand on so many."""
    days = matured["as_of"].unique().sort().tail(number)
    rows = matured.filter(pl.col("by") == by, pl.col("group") == group, pl.col("as_of").is_in(days.implode()))
    return rows.sort("as_of").to_dicts() if rows.height == number else []


def _on(rows: list[dict[str, Any]]) -> str:
    number = len(rows)
    return (
        f" on the list of {rows[0]['as_of']}" if number == 1 else f" on each of the last {number} lists that are over"
    )


def _counts(row: dict[str, Any]) -> str:
    return f"{row['churners']:,} of {row['customers']:,}, {row['expected_churners']:,.0f} expected on {row['as_of']}"
