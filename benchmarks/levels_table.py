"""The figures of ``benchmarks/levels.py`` as a table and sentences; all of it computed, so that nothing goes stale."""

import math
from typing import Any

from benchmarks.tables import table

# Half of the interval that chance allows, in standard deviations.
HALF = 1.96
Draw = dict[str, Any]


def markdown(result: dict[str, list[Draw]]) -> str:
    """A row per company, and all draws together."""
    head = [
        "company", "season known", "as many as predicted", "as many as chance allows", "off by", "on average off by",
        "`best_probability`: as many as chance allows", "off by", "on average off by",
    ]  # fmt: skip
    rows = [_row(f"`{name}`", draws) for name, draws in result.items()]
    return table(head, [*rows, _row("all together", [draw for draws in result.values() for draw in draws])]) + "\n"


def _row(name: str, draws: list[Draw]) -> list[str]:
    counts = (
        sum(draw["in_season"] for draw in draws), within(draws, "model", "predicted"), within(draws, "model"),
        within(draws, "best_probability"),
    )  # fmt: skip
    known, predicted, by_chance, of_best = (f"{count} of {len(draws)}" for count in counts)
    return [name, known, predicted, by_chance, *_off(draws, "model"), of_best, *_off(draws, "best_probability")]


def _off(draws: list[Draw], scorer: str) -> list[str]:
    return [f"{off_by(draws, scorer):.1f}", f"{mean_off(draws, scorer):+.1f}"]


def within(draws: list[Draw], scorer: str, span: str = "by_chance") -> int:
    """Draws in which as many churned as a range of the scorer holds: ``by_chance`` or ``predicted``.

    >>> within([{"came": 125, "model": {"by_chance": [81, 120], "predicted": [70, 130]}}], "model", "predicted")
    1
    """
    return sum(draw[scorer][span][0] <= draw["came"] <= draw[scorer][span][1] for draw in draws)


def off_by(draws: list[Draw], scorer: str) -> float:
    """Root mean square of churners that came less those expected, in standard deviations of chance; chance gives 1.

    >>> off_by([{"came": 90, "model": {"expected": 100.0, "by_chance": [81, 120]}}], "model")
    1.01
    """
    return round(math.sqrt(sum(_distance(draw, scorer) ** 2 for draw in draws) / len(draws)), 2)


def mean_off(draws: list[Draw], scorer: str) -> float:
    """Mean of the same, with its sign: below zero where more were expected than came."""
    return round(sum(_distance(draw, scorer) for draw in draws) / len(draws), 2)


def _distance(draw: Draw, scorer: str) -> float:
    low, high = draw[scorer]["by_chance"]
    return float((draw["came"] - draw[scorer]["expected"]) * 2 * HALF / (high - low))
