"""The figures of ``benchmarks/blend_share.py`` as a table and sentences; all of it computed."""

from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.tables import table

Cutoffs = list[dict[str, Any]]
IN_USE = "last"
WORDS = {
    "last": "the best at the last validation snapshot",
    "last_half_way": "the best at the last snapshot, half way to the middle",
    "several": "the best over the last three",
    "several_half_way": "the best over the last three, half way to the middle",
    "middle": "one half, always",
    "trees_of_several": "share as in use; trees: geometric mean of the last three",
    "both_of_several": "share over the last three, half way; trees: geometric mean",
}
HEAD = ["how share and trees are chosen", "log-loss beside that in use (×1000)", "AUC beside that in use (×1000)",
        "log-loss is less on"]  # fmt: skip
DRAWS, SEED = 4000, 0


def markdown(result: dict[str, Cutoffs]) -> str:
    """A row per rule: how far it is from the one in use, on average over companies, with its interval."""
    rows = []
    for rule, words in WORDS.items():
        if rule == IN_USE:
            continue
        loss, auc = (apart(result, rule, figure) for figure in ("log_loss", "auc"))
        less = sum(one < 0 for one in loss)
        rows.append([words, _interval(loss), _interval(auc), f"{less} of {len(loss)}"])
    return f"{table(HEAD, rows)}\n\n{_shares(result)}\n"


def apart(result: dict[str, Cutoffs], rule: str, figure: str) -> list[float]:
    """A figure of a rule less that of the one in use, the mean over the cut-offs of each company.

    >>> apart({"a": [{"last": {"auc": 0.5}, "middle": {"auc": 0.75}}]}, "middle", "auc")
    [0.25]
    """
    return [float(np.mean([one[rule][figure] - one[IN_USE][figure] for one in each])) for each in result.values()]


def interval(apart: list[float]) -> tuple[float, float, float]:
    """The mean over companies, and its interval (95 %) when companies are drawn anew."""
    each = np.array(apart)
    drawn = each[np.random.default_rng(SEED).integers(0, len(each), (DRAWS, len(each)))].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(each.mean()), float(low), float(high)


def _interval(apart: list[float]) -> str:
    value, low, high = (1000 * one for one in interval(apart))
    return f"{value:+.2f} ({low:+.2f} to {high:+.2f})"


def _shares(result: dict[str, Cutoffs]) -> str:
    """How far the choice jumps from one cut-off to the next."""
    moves = {
        rule: np.mean([abs(a[rule]["share"] - b[rule]["share"]) for each in result.values()
                       for a, b in pairwise(each)])
        for rule in ("last", "several", "several_half_way")
    }  # fmt: skip
    return (
        f"{sum(map(len, result.values()))} untouched snapshots of {len(result)} companies. From one cut-off to the "
        f"next the share moves by {moves['last']:.2f} on average if it is chosen by the last validation snapshot "
        f"alone, by {moves['several']:.2f} over the last three, by {moves['several_half_way']:.2f} half way to the "
        "middle."
    )
