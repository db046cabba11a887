"""The figures of ``benchmarks/quality.py`` as tables and sentences; all of it computed, so that nothing goes stale."""

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.levels_table import within
from benchmarks.tables import table

SCORERS = {
    "recency_rule": "recency rule",
    "rfm_logistic": "RFM logistic",
    "additive_logistic": "wide logistic",
    "bg_nbd": "BG/NBD",
    "lightgbm_default": "LightGBM default",
}
BASELINES = SCORERS | {"base_rate_alone": "base rate alone"}
SPANS = {
    "last": "at the last snapshot",
    "apart": "on average over the last ones apart",
    "cutoffs": "on average over all snapshots",
}
# Those of which sentences and tables are made.
REPORTED_SPANS = ("last", "cutoffs")
# What the ranking may lack of the best anybody could know, and the calibration error that is aimed at.
NEAR, WANTED_ERROR = 0.01, 0.02
NOISE = "inside the noise"
Result = dict[str, dict[str, Any]]


def markdown(result: Result) -> str:
    """All tables with the sentences that follow from them."""
    parts = [
        "### Ranking",
        _ranking(result),
        "### Lead over each baseline",
        *(_leads(result, span) for span in REPORTED_SPANS),
        *(f"- {sentence}" for sentence in sentences(result)),
        "### Probabilities",
        _probabilities(result),
        *(f"- {sentence}" for sentence in about_calibration(result)),
    ]
    if any(summary["simulated"] for summary in result.values()):
        parts += [
            "### Beside the truth",
            *(_beside_the_truth(result, span) for span in REPORTED_SPANS),
            _churners(result),
        ]
        parts += [_through_the_year(result)]
        parts += [f"- {sentence}" for sentence in about_truth(result)]
    parts += [f"> {notice}" for notice in sorted({summary["notice"] for summary in result.values()} - {""})]
    return _joined(parts)


def _joined(parts: list[str]) -> str:
    """Parts with an empty line between them, list items without."""
    text = ""
    for before, part in zip(["", *parts], parts, strict=False):
        text += ("\n" if before.startswith("- ") and part.startswith("- ") else "\n\n") + part
    return text.strip() + "\n"


def _ranking(result: Result) -> str:
    head = ("data set", "active", "horizon", "snapshots", "rows", "customers", "churned", *SPANS.values())
    rows = []
    for name, summary in result.items():
        cutoffs = summary["cutoffs"]
        about = [f"`{name}`", str(summary["active_days"]), str(summary["horizon_days"]), str(len(cutoffs["snapshots"]))]
        about += [f"{cutoffs['rows']:,}", f"{cutoffs['customers']:,}", f"{100 * cutoffs['churn_rate']:.1f} %"]
        rows.append([*about, *(_beside_the_best(summary[span]) for span in SPANS)])
    return f"AUC of the model with its interval, and the best baseline:\n\n{table(head, rows)}"


def _beside_the_best(span_figures: dict[str, Any]) -> str:
    best = span_figures["best_baseline"]
    figures = span_figures["figures"]
    return f"{spread(figures['model']['auc'])}; {BASELINES[best]} {figures[best]['auc'][0]:.3f}"


def _leads(result: Result, span: str) -> str:
    rows = [
        [f"`{name}`", *(lead(summary[span]["lead"][other]["auc"]) for other in SCORERS)]
        for name, summary in result.items()
    ]  # fmt: skip
    words = f"AUC of the model less that of each baseline, {SPANS[span]}"
    return f"{words}:\n\n{table(['data set', *SCORERS.values()], rows)}"


def _probabilities(result: Result) -> str:
    head = (
        "data set",
        "average precision",
        "Brier score",
        "that of the best baseline",
        "calibration error",
        "by chance",
    )
    rows = []
    for name, summary in result.items():
        cutoffs, calibration = summary["cutoffs"], summary["calibration"]["cutoffs"]["model"]
        figures = cutoffs["figures"]
        cells = [spread(figures["model"]["average_precision"]), spread(figures["model"]["brier"])]
        error = [f"{calibration['error']:.3f}", f"up to {calibration['by_chance_95_percent']:.3f}"]
        rows.append([f"`{name}`", *cells, f"{figures[cutoffs['best_baseline']]['brier'][0]:.3f}", *error])
    return f"On average over all snapshots; the calibration error is of all their rows pooled:\n\n{table(head, rows)}"


def _beside_the_truth(result: Result, span: str) -> str:
    head = ("data set", "AUC of the model", "of `best_probability`", "model less best", "of `true_probability`")
    rows = []
    for name, summary in simulated(result).items():
        figures = summary[span]["figures"]
        shown = [figures["model"]["auc"], figures["best_probability"]["auc"]]
        cells = [f"{figure[0]:.3f}" for figure in shown]
        less = lead(summary[span]["lead"]["best_probability"]["auc"])
        rows.append([f"`{name}`", *cells, less, f"{figures['true_probability']['auc'][0]:.3f}"])
    return f"{_start(span)}:\n\n{table(head, rows)}"


def _churners(result: Result) -> str:
    head = ("data set", "expected by the model", "by `best_probability`", "churned", "predicted", "chance allows")
    errors = ("pooled calibration error of the model", "of `best_probability`")
    rows = []
    for name, summary in simulated(result).items():
        last, pooled = summary["churners"][-1], summary["calibration"]["cutoffs"]
        expected = [f"{last[scorer]['expected']:,.0f}" for scorer in ("model", "best_probability")]
        ranges = [f"{low:,} to {high:,}" for low, high in (last["model"][span] for span in ("predicted", "by_chance"))]
        error = [f"{pooled[scorer]['error']:.3f}" for scorer in ("model", "best_probability")]
        rows.append([f"`{name}`", *expected, f"{last['came']:,}", *ranges, *error])
    return f"Churners at the last snapshot, and calibration over all of them:\n\n{table([*head, *errors], rows)}"


def _through_the_year(result: Result) -> str:
    head = (
        "data set", "before the season is known", "as many as predicted", "since", "as many as predicted",
        "`best_probability`, since",
    )  # fmt: skip
    rows = []
    for name, summary in simulated(result).items():
        before, since = ([one for one in summary["churners"] if one["in_season"] is known] for known in (False, True))
        cells = [_held(part, "model", span) for part in (before, since) for span in ("by_chance", "predicted")]
        rows.append([f"`{name}`", *cells, _held(since, "best_probability", "by_chance")])
    words = "Snapshots at which as many churned as chance allows, and as many as the model predicted, out of all"
    return f"{words}:\n\n{table(head, rows)}"


def _held(snapshots: list[dict[str, Any]], scorer: str, span: str) -> str:
    return f"{within(snapshots, scorer, span)} of {len(snapshots)}" if snapshots else "never"


def simulated(result: Result) -> Result:
    """The data sets of which the truth is known."""
    return {name: summary for name, summary in result.items() if summary["simulated"]}


def sentences(result: Result) -> list[str]:
    """What the leads come to."""
    lines = []
    for span in REPORTED_SPANS:
        behind = [
            f"`{name}` ({BASELINES[other]}, {lead(summary[span]['lead'][other]['auc'])})"
            for name, summary in result.items() for other in BASELINES if summary[span]["lead"][other]["auc"][2] < 0
        ]  # fmt: skip
        says = f"certainly below a baseline on {', '.join(behind)}" if behind else "never certainly below any baseline"
        lines.append(f"{_start(span)}, the model is {says}; {_lead_on_average(result, span)}.")
        inside = _named(result, partial(_inside_the_noise, span))
        lines.append(f"{_start(span)}, its lead over RFM logistic regression is {NOISE} on {inside}.")
    return lines


def _inside_the_noise(span: str, summary: dict[str, Any]) -> bool:
    return NOISE in lead(summary[span]["lead"]["rfm_logistic"]["auc"])


def _lead_on_average(result: Result, span: str) -> str:
    leads = [summary[span]["lead"][summary[span]["best_baseline"]]["auc"][0] for summary in result.values()]
    mean = sum(leads) / len(leads)
    side = "above" if mean > 0 else "not above"
    ahead = sum(value > 0 for value in leads)
    return (
        f"on average over the {len(leads)} data sets it is {side} the best baseline of each: {mean:+.4f} AUC, "
        f"ahead on {ahead} of them"
    )


def about_calibration(result: Result) -> list[str]:
    """Where the probabilities are as right as they should be."""
    pooled = {name: summary["calibration"]["cutoffs"]["model"] for name, summary in result.items()}
    far = [
        f"`{name}` ({calibration['error']:.3f})"
        for name, calibration in pooled.items()
        if calibration["error"] > WANTED_ERROR
    ]
    more = [
        f"`{name}`"
        for name, calibration in pooled.items()
        if calibration["error"] > calibration["by_chance_95_percent"]
    ]
    within = f"at most {WANTED_ERROR} on all data sets"
    return [
        f"The pooled calibration error is {within if not far else f'above {WANTED_ERROR} on ' + ', '.join(far)}.",
        f"It is more than chance explains on {', '.join(more) or 'no data set'}.",
    ]


def about_truth(result: Result) -> list[str]:
    """How much of what can be known the model finds."""
    lines = []
    for span in REPORTED_SPANS:
        gaps = {name: summary[span]["lead"]["best_probability"]["auc"] for name, summary in simulated(result).items()}
        far = [f"`{name}` ({gap[0]:+.4f})" for name, gap in gaps.items() if gap[0] < -NEAR]
        says = f"more than {NEAR} below it on {', '.join(far)}" if far else "not more below it on any of them"
        near = len(gaps) - len(far)
        lines.append(
            f"{_start(span)}, the AUC is within {NEAR} of the best that can be known on {near} of {len(gaps)} "
            f"data sets; {says}."
        )
    beyond, unforeseen = (
        [
            f"`{name}`"
            for name, summary in simulated(result).items()
            if not within(summary["churners"][-1:], "model", span)
        ]
        for span in ("by_chance", "predicted")
    )
    lines.append(
        "The number of churners at the last snapshot is further from the expected than chance explains on "
        f"{', '.join(beyond) or 'none'}, and outside of what the model predicted on {', '.join(unforeseen) or 'none'}."
    )
    return lines


def _named(result: Result, holds: Callable[[dict[str, Any]], bool]) -> str:
    return ", ".join(f"`{name}`" for name, summary in result.items() if holds(summary)) or "no data set"


def _start(span: str) -> str:
    return SPANS[span][0].upper() + SPANS[span][1:]


def spread(figure: list[float]) -> str:
    """A figure with its interval.

    >>> spread([0.8649, 0.8461, 0.8837])
    '0.865 (0.846–0.884)'
    """
    return f"{figure[0]:.3f} ({figure[1]:.3f}–{figure[2]:.3f})"


def lead(figure: list[float]) -> str:
    """A difference with its interval, and whether that holds zero.

    >>> lead([0.0123, 0.004, 0.02]), lead([0.002, -0.004, 0.008])
    ('+0.012 (+0.004 to +0.020)', '+0.002 (-0.004 to +0.008), inside the noise')
    """
    written = f"{figure[0]:+.3f} ({figure[1]:+.3f} to {figure[2]:+.3f})"
    return f"{written}, {NOISE}" if figure[1] <= 0 <= figure[2] else written
