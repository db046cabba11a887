"""The figures of ``benchmarks/leaderboard.py`` as tables and sentences, all of them computed."""

from typing import Any, Final

from benchmarks.contestants import OURS, RIVALS
from benchmarks.quality_table import spread
from benchmarks.tables import bullets, table

# The figures that have intervals, in words, and whether more of it is better.
FIGURES: Final = {
    "auc": ("AUC", True),
    "average_precision": ("average precision", True),
    "brier": ("Brier score", False),
}
RESAMPLED: Final = tuple(FIGURES)
TITLES: Final = {OURS: "the pipeline"} | {name: rival.title for name, rival in RIVALS.items()}
ALL_KNOWING, DRAWN_BY_LOT = "all_knowing", "drawn_by_lot"
LISTS: Final = TITLES | {ALL_KNOWING: "who knows every uplift", DRAWN_BY_LOT: "drawn by lot"}
AHEAD, BEHIND, OPEN = "ahead", "behind", "not known"
Result = dict[str, Any]


def markdown(result: Result) -> str:
    """All tables with the sentences that follow from them."""
    data_sets = result["data_sets"]
    parts = [
        "### The board",
        _board(data_sets),
        bullets(sentences(data_sets)),
        "### What it was measured on",
        _about(data_sets),
        "### Ranking and probabilities, by data set",
        *(_by_data_set(data_sets, figure) for figure in RESAMPLED),
        _calibration(data_sets),
        "### Profit of the actions",
        _profit(_with_profit(data_sets)),
        bullets(about_profit(_with_profit(data_sets))),
        _versions(result["versions"]),
        *(f"> {notice}" for notice in sorted({summary["notice"] for summary in data_sets.values()} - {""})),
    ]
    return "\n\n".join(parts) + "\n"


def contestants(data_sets: Result) -> list[str]:
    """Who took part everywhere, the pipeline first."""
    return [name for name in TITLES if all(name in summary["figures"] for summary in data_sets.values())]


def mark(lead: list[float], *, more_is_better: bool = True) -> str:
    """Whether the pipeline is certainly ahead of another, certainly behind, or neither is known.

    >>> mark([0.02, 0.01, 0.03]), mark([0.02, 0.01, 0.03], more_is_better=False), mark([0.02, -0.01, 0.03])
    ('ahead', 'behind', 'not known')
    """
    _, low, high = lead
    if low <= 0 <= high:
        return OPEN
    return AHEAD if (low > 0) == more_is_better else BEHIND


def marks(data_sets: Result, rival: str, figure: str) -> dict[str, str]:
    """By data set, where the pipeline stands beside a rival."""
    better = FIGURES[figure][1]
    return {name: mark(one["lead"][rival][figure], more_is_better=better) for name, one in data_sets.items()}


def mean(data_sets: Result, name: str, figure: str) -> float:
    """Of a figure of one contestant, over the data sets."""
    return sum(_value(one, name, figure) for one in data_sets.values()) / len(data_sets)


def _value(summary: Result, name: str, figure: str) -> float:
    return float(summary["calibration"][name]["error"] if figure == "error" else summary["figures"][name][figure][0])


def mean_rank(data_sets: Result, name: str) -> float:
    """Mean place by AUC over the data sets, 1 is the best; equal ones share their places."""
    places = []
    for summary in data_sets.values():
        own, all_of_them = _value(summary, name, "auc"), [_value(summary, one, "auc") for one in contestants(data_sets)]
        places.append(sum(one > own for one in all_of_them) + (sum(one == own for one in all_of_them) + 1) / 2)
    return sum(places) / len(places)


def _board(data_sets: Result) -> str:
    figures = (*FIGURES, "error")
    head = (
        "",
        "mean place by AUC",
        *(words for words, _ in FIGURES.values()),
        "calibration error",
        "the pipeline, by AUC",
    )
    rows = []
    for name in sorted(contestants(data_sets), key=lambda one: (mean_rank(data_sets, one), one)):
        cells = [f"{mean_rank(data_sets, name):.1f}", *(f"{mean(data_sets, name, figure):.3f}" for figure in figures)]
        rows.append([TITLES[name], *cells, "" if name == OURS else _counted(marks(data_sets, name, "auc"))])
    return f"Means over the {len(data_sets)} data sets:\n\n{table(head, rows)}"


def _counted(found: dict[str, str]) -> str:
    """How often each mark, those that occur.

    >>> _counted({"one": "ahead", "other": "not known", "third": "ahead"})
    'ahead on 2, not known on 1'
    """
    counts = {one: list(found.values()).count(one) for one in (AHEAD, BEHIND, OPEN)}
    return ", ".join(f"{one} on {count}" for one, count in counts.items() if count)


def sentences(data_sets: Result) -> list[str]:
    """Where the pipeline is the best and where it is not, figure by figure."""
    lines = []
    for figure, (words, more) in FIGURES.items():
        rivals = [name for name in contestants(data_sets) if name != OURS]
        found = {rival: marks(data_sets, rival, figure) for rival in rivals}
        behind = [f"{TITLES[r]} on `{name}`" for r in rivals for name, one in found[r].items() if one == BEHIND]
        not_best = [text for name, one in data_sets.items() if (text := _better_one(name, one, figure, more=more))]
        ahead = sum(one == AHEAD for each in found.values() for one in each.values())
        lines.append(
            f"By {words}, the pipeline is certainly ahead in {ahead} of {len(rivals) * len(data_sets)} comparisons and "
            f"certainly behind {', '.join(behind) or 'nobody'}. "
            + (
                f"It is not the best of all on {', '.join(not_best)}."
                if not_best
                else "It is the best on all data sets."
            )
        )
    return [*lines, _beyond_chance(data_sets)]


def _better_one(name: str, summary: Result, figure: str, *, more: bool) -> str | None:
    """The data set with whoever is better than the pipeline there, certainly or not; None where nobody is."""
    sign = 1 if more else -1
    best = max(summary["figures"], key=lambda one: sign * _value(summary, one, figure))
    own, other = (_value(summary, one, figure) for one in (OURS, best))
    return f"`{name}` ({TITLES[best]} {other:.4f}, the pipeline {own:.4f})" if sign * (other - own) > 0 else None


def _beyond_chance(data_sets: Result) -> str:
    counts = {name: sum(_is_beyond(one, name) for one in data_sets.values()) for name in contestants(data_sets)}
    listed = ", ".join(f"{TITLES[name]} on {count}" for name, count in sorted(counts.items(), key=lambda one: one[1]))
    return f"The calibration error is more than chance explains, of {len(data_sets)} data sets: {listed}."


def _is_beyond(summary: Result, name: str) -> bool:
    calibration = summary["calibration"][name]
    return bool(calibration["error"] > calibration["by_chance_95_percent"])


def _about(data_sets: Result) -> str:
    head = ("data set", "active", "label", "test cut-offs", "rows", "customers", "churned", "features")
    rows = []
    for name, one in data_sets.items():
        label = "no order" if one["kind"] == "inactivity" else one["kind"]
        size = [f"{one['rows']:,}", f"{one['customers']:,}", f"{100 * one['churn_rate']:.1f} %", str(one["features"])]
        rows.append([f"`{name}`", f"{one['active_days']} days", f"{label} in {one['horizon_days']} days",
                     ", ".join(one["snapshots"]), *size])  # fmt: skip
    return table(head, rows)


def _by_data_set(data_sets: Result, figure: str) -> str:
    words, more = FIGURES[figure]
    rivals = [name for name in contestants(data_sets) if name != OURS]
    rows = []
    for name, one in data_sets.items():
        cells = [f"{_value(one, rival, figure):.3f}, {marks(data_sets, rival, figure)[name]}" for rival in rivals]
        rows.append([f"`{name}`", spread(one["figures"][OURS][figure]), *cells])
    best = "" if more else " (less is better)"
    head = ("data set", TITLES[OURS], *(TITLES[rival] for rival in rivals))
    return f"{words[0].upper()}{words[1:]}{best}, and whether the pipeline is ahead:\n\n{table(head, rows)}"


def _calibration(data_sets: Result) -> str:
    names = contestants(data_sets)
    rows = [[f"`{data_set}`", *(_value_and_chance(one, name) for name in names)] for data_set, one in data_sets.items()]
    head = ("data set", *(TITLES[name] for name in names))
    return f"Calibration error, and what perfect probabilities stay below 19 times of 20:\n\n{table(head, rows)}"


def _value_and_chance(summary: Result, name: str) -> str:
    calibration = summary["calibration"][name]
    return f"{calibration['error']:.3f}, chance up to {calibration['by_chance_95_percent']:.3f}"


def _with_profit(data_sets: Result) -> Result:
    return {name: one["profit"] for name, one in data_sets.items() if one["profit"]}


def _profit(companies: Result) -> str:
    if not companies:
        return "None of the data sets has a known uplift."
    rows = [
        [LISTS[name], *(_kept(one, name) for one in companies.values())]
        for name in LISTS if all(name in one["kept"] for one in companies.values())
    ]  # fmt: skip
    head = ("list", *(f"`{name}`, {one['listed']:,} listed" for name, one in companies.items()))
    capacity = ", ".join(sorted({f"{100 * one['capacity']:g} %" for one in companies.values()}))
    words = f"What acting on the first {capacity} of each list keeps at all cut-offs together, in currency units"
    return f"{words}:\n\n{table(head, rows)}"


def _kept(profit: Result, name: str) -> str:
    value, low, high = profit["kept"][name]
    text = f"{value:,.0f} ({low:,.0f} to {high:,.0f}), {100 * profit['share'][name]:.0f} %"
    return text if name not in profit["lead"] else f"{text}, {mark(profit['lead'][name])}"


def about_profit(companies: Result) -> list[str]:
    """Whether the pipeline's list keeps more than the others'."""
    lines = []
    for company, one in companies.items():
        rivals = {name: mark(lead) for name, lead in one["lead"].items() if name in TITLES}
        _, best = max((one["kept"][name][0], name) for name in (OURS, *rivals))
        first = "keeps most of all" if best == OURS else f"keeps less than that of {TITLES[best]}"
        lot, lots = (
            mark(one["lead"][DRAWN_BY_LOT]),
            {AHEAD: "certainly more", BEHIND: "certainly less", OPEN: "neither more nor less for certain"},
        )
        lines.append(
            f"In `{company}` the list of the pipeline {first}. Certainly more than: {_named(rivals, AHEAD)}; certainly "
            f"less than: {_named(rivals, BEHIND)}. Beside a list drawn by lot it keeps {lots[lot]}."
        )
    return lines


def _named(found: dict[str, str], wanted: str) -> str:
    return ", ".join(TITLES[name] for name, one in found.items() if one == wanted) or "nobody"


def _versions(versions: dict[str, str]) -> str:
    return f"Versions: {', '.join(f'{RIVALS[name].distribution} {number}' for name, number in versions.items())}."


def reasons(result: Result) -> str:
    """How often the pipeline's reasons name the true cause, from the figures of ``benchmarks/reasons.py``."""
    rows = []
    for company, one in result.items():
        truth = one["truth"]["all"]
        rows.append(
            [f"`{company}`", f"{truth['customers']:,}", *(f"{100 * truth[n]:.0f} %" for n in ("first", "told"))]
        )
    return table(("company", "churners of one cause", "named first", "among the three reasons"), rows) + "\n"
