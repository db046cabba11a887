"""The figures of ``benchmarks/order_curve.py`` as a table and a sentence; all of it computed."""

from typing import Any

import numpy as np

from benchmarks.tables import table

SCORES = ("curve", "one_per_horizon", "bg_nbd")
HEAD = ["data set", "days ahead", "the curve", "one model per horizon", "BG/NBD",
        "within 80 %", "by whole days", "with such an end"]  # fmt: skip


def markdown(result: dict[str, list[dict[str, Any]]]) -> str:
    """A row per data set, the mean of its origins, and how far the curve is from both others on average."""
    means = {name: _mean(origins) for name, origins in result.items()}
    rows = [
        [f"`{name}`", str(max(result[name][-1]["days"])), *(f"{mean[key]:.4f}" for key in SCORES),
         *("–" if mean[key] is None else f"{100 * mean[key]:.0f} %" for key in ("within", "whole_days", "with_end"))]
        for name, mean in means.items()
    ]  # fmt: skip
    apart = {other: [mean["curve"] / mean[other] - 1 for mean in means.values()] for other in SCORES[1:]}
    no_worse = {other: sum(one <= 0 for one in each) for other, each in apart.items()}
    return (
        f"{table(HEAD, rows)}\n\n"
        f"The curve is no worse than BG/NBD on {no_worse['bg_nbd']} of {len(means)} data sets, "
        f"{_percent(float(np.mean(apart['bg_nbd'])))} on average; beside one model per horizon it is no worse on "
        f"{no_worse['one_per_horizon']}, {_percent(float(np.mean(apart['one_per_horizon'])))} on average, "
        f"{_percent(max(apart['one_per_horizon']))} where it is farthest behind.\n\n"
        f"{_held(result)}\n"
    )


def _held(result: dict[str, list[dict[str, Any]]]) -> str:
    """How many of all who have such an end came within, and in how many data sets 78 to 82 % did."""
    of_each = {
        name: [(one["with_end"] * one["customers"], one["within"]) for one in origins if one["within"] is not None]
        for name, origins in result.items()
    }
    every = [pair for pairs in of_each.values() for pair in pairs]
    together = np.average([share for _, share in every], weights=[weight for weight, _ in every])
    each = [np.average([s for _, s in pairs], weights=[w for w, _ in pairs]) for pairs in of_each.values() if pairs]
    near = sum(0.78 <= round(float(share), 3) <= 0.82 for share in each)
    return (
        f"Of all {sum(weight for weight, _ in every):,.0f} customers with such an end, {100 * together:.1f} % ordered "
        f"within the interval of 80 %; in {near} of {len(each)} data sets between 78 and 82 %."
    )


def _mean(origins: list[dict[str, Any]]) -> dict[str, Any]:
    """Of what is known at any of the origins; None where it is at none."""
    known = {
        key: [one[key] for one in origins if one[key] is not None]
        for key in (*SCORES, "within", "whole_days", "with_end")
    }
    return {key: float(np.mean(each)) if each else None for key, each in known.items()}


def _percent(share: float) -> str:
    """With its sign.

    >>> _percent(-0.0123), _percent(0.004)
    ('1.2 % less', '0.4 % more')
    """
    return f"{abs(100 * share):.1f} % {'less' if share <= 0 else 'more'}"
