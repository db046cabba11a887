"""The figures of ``benchmarks/predicted_range.py`` as a table and sentences; all of it computed."""

from typing import Any

import numpy as np

from benchmarks.tables import bullets, table

Snapshot = dict[str, Any]
HEAD = ["company", "in its first year", "later, before a whole year was seen", "grown", "all", "too few came",
        "too many came", "width beside chance"]  # fmt: skip
AIM = (0.93, 0.97)
DRAWS, SEED = 2000, 0


def markdown(result: dict[str, list[Snapshot]]) -> str:
    """A row per kind of company, and all together; what missed said plainly."""
    every = result["snapshots"]
    kinds = {f"`{kind}`": [one for one in every if one["kind"] == kind] for kind in _kinds(every)}
    rows = [_row(name, ones) for name, ones in (kinds | {"all together": every}).items()]
    return f"{table(HEAD, rows)}\n\n{bullets(_sentences(every))}\n"


def groups(snapshots: list[Snapshot]) -> dict[str, list[Snapshot]]:
    """Those of the first year of a company, those before a whole year of outcomes was seen, and those of grown ones.

    >>> [len(ones) for ones in groups([{"age": "young", "age_days": 365}, {"age": "grown", "age_days": 900}]).values()]
    [1, 0, 1]
    """
    young = [one for one in snapshots if one["age"] == "young"]
    return {
        "in its first year": [one for one in young if one["age_days"] <= 365],
        "later": [one for one in young if one["age_days"] > 365],
        "grown": [one for one in snapshots if one["age"] == "grown"],
    }


def holds(one: Snapshot) -> bool:
    """Whether as many came as were predicted."""
    low, high = one["predicted"]
    return bool(low <= one["came"] <= high)


def share(snapshots: list[Snapshot]) -> tuple[float, float, float]:
    """The share of snapshots at which the range held, 0-1, with the interval (95 %) of drawing companies anew.

    Snapshots of one company share its luck, so companies are drawn, not snapshots.
    """
    seeds = sorted({one["seed"] for one in snapshots})
    counts = np.array([[sum(map(holds, ones)), len(ones)] for ones in _by(snapshots, seeds)])
    drawn = counts[np.random.default_rng(SEED).integers(0, len(counts), (DRAWS, len(counts)))].sum(axis=1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
    held, of = counts.sum(axis=0)
    return float(held / of), float(low), float(high)


def _by(snapshots: list[Snapshot], seeds: list[int]) -> list[list[Snapshot]]:
    return [[one for one in snapshots if one["seed"] == seed] for seed in seeds]


def _kinds(snapshots: list[Snapshot]) -> list[str]:
    return [*dict.fromkeys(one["kind"] for one in snapshots)]


def _row(name: str, ones: list[Snapshot]) -> list[str]:
    few = sum(one["came"] < one["predicted"][0] for one in ones)
    many = sum(one["came"] > one["predicted"][1] for one in ones)
    return [
        name,
        *(_held(group) for group in groups(ones).values()),
        _held(ones),
        str(few),
        str(many),
        f"{width(ones):.1f}",
    ]


def width(ones: list[Snapshot]) -> float:
    """The width of the range over that of what chance alone allows, on average."""
    return float(np.mean([np.ptp(one["predicted"]) / max(1, np.ptp(one["by_chance"])) for one in ones]))


def _held(ones: list[Snapshot]) -> str:
    return f"{sum(map(holds, ones))} of {len(ones)}" if ones else "–"


def _sentences(every: list[Snapshot]) -> list[str]:
    parts = groups(every)
    young = parts["in its first year"] + parts["later"]
    named = {"in the first year of a company": parts["in its first year"], "before a whole year was seen": young,
             "in grown companies": parts["grown"], "at all of them": every}  # fmt: skip
    said = [_sentence(name, ones) for name, ones in named.items() if ones]
    return [*said, _misses(every)]


def _sentence(name: str, ones: list[Snapshot]) -> str:
    value, low, high = share(ones)
    inside = "within" if AIM[0] <= round(value, 3) <= AIM[1] else "outside of"
    return (
        f"The range held at {100 * value:.1f} % of {len(ones)} snapshots {name} ({100 * low:.1f} to {100 * high:.1f} "
        f"%, by drawing the companies anew): {inside} the aim of 93 to 97 %."
    )


def _misses(every: list[Snapshot]) -> str:
    """The kinds and ages that held so seldom that chance would do it once in forty times, if 95 % were right."""
    seldom = [
        f"`{kind}` {name} ({_held(ones)})"
        for kind in _kinds(every)
        for name, ones in groups([one for one in every if one["kind"] == kind]).items()
        if ones and share(ones)[2] < AIM[0]
    ]
    if not seldom:
        return "No kind of company misses certainly at any age."
    return f"It misses certainly with {', '.join(seldom)}: the interval of what held lies below 93 %."
