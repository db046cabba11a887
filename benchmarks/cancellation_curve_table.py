"""The figures of ``benchmarks/cancellation_curve.py`` as a table and sentences; all of it computed."""

from typing import Any

import numpy as np

from benchmarks.tables import table

SCORES = ("curve", "one_per_horizon", "hazard", "by_renewal", "by_age")
SHARES = ("within", "by_first_day", "by_day", "with_day")
WORDS = {"one_per_horizon": "one model per horizon", "hazard": "the hazard regression",
         "by_renewal": "Kaplan-Meier by days to renewal", "by_age": "Kaplan-Meier by age"}  # fmt: skip
HEAD = ["company", "customers", "ended in a year", "days ahead", "the curve", *WORDS.values(), "within 80 %",
        "ended by the day of 10 %", "by that of 50 %", "with one of 50 %"]  # fmt: skip


def markdown(result: dict[str, list[dict[str, Any]]]) -> str:
    """A row per company, the mean of its origins, and how far the curve is from the others on average."""
    means = {name: _mean(origins) for name, origins in result.items()}
    rows = [
        [f"`{name}`", f"{mean['customers']:,.0f}", f"{100 * mean['ended_in_a_year']:.0f} %",
         str(max(max(one["days"]) for one in result[name])), *(f"{mean[key]:.4f}" for key in SCORES),
         *("–" if mean[key] is None else f"{100 * mean[key]:.0f} %" for key in SHARES)]
        for name, mean in means.items()
    ]  # fmt: skip
    said = " ".join(_beside(other, words, means) for other, words in WORDS.items())
    return f"{table(HEAD, rows)}\n\n{said}\n\n{_held(result)}\n"


def _beside(other: str, words: str, means: dict[str, dict[str, Any]]) -> str:
    apart = {name: mean["curve"] / mean[other] - 1 for name, mean in means.items()}
    worse = [f"`{name}` ({_percent(one)})" for name, one in apart.items() if one > 0]
    beside = f"Beside {words}, its score is {_percent(float(np.mean(list(apart.values()))))} on average"
    return f"{beside}; it is worse on {', '.join(worse)}." if worse else f"{beside}, and nowhere worse."


def _held(result: dict[str, list[dict[str, Any]]]) -> str:
    """All contracts together, each origin with the weight of its contracts."""
    every = [one for origins in result.values() for one in origins]
    within = np.average([one["within"] for one in every], weights=[one["customers"] for one in every])
    shares = []
    for name in ("first_day", "day"):
        known = [one for one in every if one[f"by_{name}"] is not None]
        weights = [one["customers"] * one[f"with_{name}"] for one in known]
        shares.append((sum(weights), np.average([one[f"by_{name}"] for one in known], weights=weights)))
    (first, by_first), (half, by_half) = shares
    return (
        f"Of all {sum(one['customers'] for one in every):,} contracts, {100 * within:.1f} % ended, or ran on, within "
        f"the interval of 80 %. Of {first:,.0f} with a day of 10 % within the year, {100 * by_first:.1f} % had ended "
        f"by it; of {half:,.0f} with one of 50 %, {100 * by_half:.1f} %."
    )


def _mean(origins: list[dict[str, Any]]) -> dict[str, Any]:
    keys = ("customers", "ended_in_a_year", *SCORES, *SHARES)
    known = {key: [one[key] for one in origins if one[key] is not None] for key in keys}
    return {key: float(np.mean(each)) if each else None for key, each in known.items()}


def _percent(share: float) -> str:
    """With its sign.

    >>> _percent(-0.0123), _percent(0.004)
    ('1.2 % less', '0.4 % more')
    """
    return f"{abs(100 * share):.1f} % {'less' if share <= 0 else 'more'}"
