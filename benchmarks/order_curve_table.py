"""The figures of ``benchmarks/order_curve.py`` as a table and a sentence; all of it computed."""

from typing import Any

import numpy as np

from benchmarks.tables import table

SCORES = ("curve", "one_per_horizon", "bg_nbd")
HEAD = ["data set", "cutoffs", "days ahead", "the curve", "one model per horizon", "BG/NBD",
        "the curve beside one model (95 %)", "within 80 %", "by whole days", "with such an end"]  # fmt: skip


def markdown(result: dict[str, dict[str, Any]]) -> str:
    """A row per data set, the mean of its origins, and how far the curve is from both others on average."""
    means = {name: _mean(each["cutoffs"]) for name, each in result.items()}
    rows = [
        [f"`{name}`", str(len(each["cutoffs"])), str(max(each["cutoffs"][-1]["days"])),
         *(f"{means[name][key]:.4f}" for key in SCORES), _interval(each["apart"]["one_per_horizon"]),
         *("–" if (share := means[name][key]) is None else f"{100 * share:.0f} %"
           for key in ("within", "whole_days", "with_end"))]
        for name, each in result.items()
    ]  # fmt: skip
    apart = {other: [each["apart"][other][0] for each in result.values()] for other in SCORES[1:]}
    no_worse = {other: sum(one <= 0 for one in each) for other, each in apart.items()}
    return (
        f"{table(HEAD, rows)}\n\n"
        f"The curve is no worse than BG/NBD on {no_worse['bg_nbd']} of {len(means)} data sets, "
        f"{_percent(float(np.mean(apart['bg_nbd'])))} on average; beside one model per horizon it is no worse on "
        f"{no_worse['one_per_horizon']}, {_percent(float(np.mean(apart['one_per_horizon'])))} on average, "
        f"{_percent(max(apart['one_per_horizon']))} where it is farthest behind. {_sure(result)}\n\n"
        f"{_held(result)}\n"
    )


def _sure(result: dict[str, dict[str, Any]]) -> str:
    """On which data sets a difference is more than chance makes of it."""
    three = {other: {name: each["apart"][other] for name, each in result.items()} for other in SCORES[1:]}
    worse = {other: [name for name, (_, low, _) in each.items() if low > 0] for other, each in three.items()}
    better = {other: [name for name, (_, _, high) in each.items() if high < 0] for other, each in three.items()}
    alone = worse["one_per_horizon"]
    names = f" ({', '.join(f'`{name}`' for name in alone)})" if alone else ""
    half = float(np.mean([high - low for _, low, high in three["one_per_horizon"].values()])) / 2
    return (
        f"In intervals of 95 % of the same customers drawn anew, it is certainly worse than one model per horizon on "
        f"{len(alone)} of {len(result)}{names} and certainly better on {len(better['one_per_horizon'])}; than BG/NBD, "
        f"worse on {len(worse['bg_nbd'])} and better on {len(better['bg_nbd'])}. Half such an interval beside one "
        f"model per horizon is {100 * half:.1f} % on average: less than that a data set cannot tell."
    )


def _interval(three: list[float]) -> str:
    """The difference and its interval, in percent.

    >>> _interval([0.0014, -0.0017, 0.0046])
    '+0.1 % (-0.2 to +0.5)'
    """
    seen, low, high = (100 * number for number in three)
    return f"{seen:+.1f} % ({low:+.1f} to {high:+.1f})"


def _held(result: dict[str, dict[str, Any]]) -> str:
    """How many of all who have such an end came within, and in how many data sets 78 to 82 % did."""
    of_each = {
        name: [
            (one["with_end"] * one["customers"], one["within"]) for one in each["cutoffs"] if one["within"] is not None
        ]
        for name, each in result.items()
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
