"""The figures of ``benchmarks/levels.py`` as a table and sentences; all of it computed, so that nothing goes stale."""

import math
from typing import Any

SCORERS = {"model": "the model", "best_probability": "`best_probability`"}
# Half of the interval that chance allows, in standard deviations.
HALF = 1.96
Draws = dict[str, list[dict[str, Any]]]


def markdown(result: Draws) -> str:
    """A row per company, and all draws together."""
    heads = [
        part
        for name in SCORERS.values()
        for part in (f"as many as chance allows, {name}", "off by", "on average off by")
    ]
    lines = [["company", "season known", *heads]]
    lines += [["---"] * len(lines[0])]
    lines += [_row(f"`{name}`", draws) for name, draws in result.items()]
    lines += [_row("all together", [draw for draws in result.values() for draw in draws])]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _row(name: str, draws: list[dict[str, Any]]) -> list[str]:
    known = f"{sum(draw['in_season'] for draw in draws)} of {len(draws)}"
    parts = [[f"{within(draws, who)} of {len(draws)}", f"{off_by(draws, who):.1f}", f"{mean_off(draws, who):+.1f}"]
             for who in SCORERS]  # fmt: skip
    return [name, known, *(part for found in parts for part in found)]


def within(draws: list[dict[str, Any]], scorer: str) -> int:
    """Draws in which as many churned as chance allows."""
    return sum(draw[scorer]["by_chance"][0] <= draw["came"] <= draw[scorer]["by_chance"][1] for draw in draws)


def off_by(draws: list[dict[str, Any]], scorer: str) -> float:
    """Root mean square of churners that came less those expected, in standard deviations of chance; chance gives 1.

    >>> off_by([{"came": 90, "model": {"expected": 100.0, "by_chance": [81, 120]}}], "model")
    1.01
    """
    return round(math.sqrt(sum(_distance(draw, scorer) ** 2 for draw in draws) / len(draws)), 2)


def mean_off(draws: list[dict[str, Any]], scorer: str) -> float:
    """Mean of the same, with its sign: below nought where more were expected than came."""
    return round(sum(_distance(draw, scorer) for draw in draws) / len(draws), 2)


def _distance(draw: dict[str, Any], scorer: str) -> float:
    low, high = draw[scorer]["by_chance"]
    return float((draw["came"] - draw[scorer]["expected"]) * 2 * HALF / (high - low))
