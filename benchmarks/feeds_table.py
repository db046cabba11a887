"""The figures of ``benchmarks/feeds.py`` as tables and sentences; all of it computed, so that nothing goes stale."""

from collections.abc import Sequence
from typing import Any

from benchmarks.tables import bullets, table

ALL, ALONE = "all tables", "transactions alone"
SPANS = {"last": "at the last snapshot", "cutoffs": "on average over the last snapshots apart"}
NOISE = "inside the noise"
Result = dict[str, dict[str, Any]]


def without(feed: str) -> str:
    """The name of the model that lacks one table.

    >>> without("tickets")
    'all but tickets'
    """
    return f"all but {feed}"


def markdown(result: Result) -> str:
    """All tables with the sentences that follow from them."""
    parts = ["### All tables beside transactions alone"]
    parts += [part for span in SPANS for part in (f"AUC {SPANS[span]}:", _beside(result, span))]
    parts += [bullets(sentence(result, span) for span in SPANS), "### What each table pays"]
    parts += [part for span in SPANS for part in (f"AUC lost without it, {SPANS[span]}:", _pays(result, span))]
    parts.append(bullets(_about_payers(company, summary) for company, summary in result.items()))
    return "\n" + "\n\n".join(parts) + "\n"


def is_sure(gained: list[float]) -> bool:
    """Whether the whole interval lies above zero."""
    return gained[1] > 0


def sentence(result: Result, span: str) -> str:
    """In which companies all tables are certainly better than the transactions alone."""
    sure = [name for name, summary in result.items() if is_sure(summary[span]["gained"][ALONE]["auc"])]
    where = "in every company" if len(sure) == len(result) else f"in {len(sure)} of {len(result)} companies"
    return f"{SPANS[span].capitalize()}, all tables rank certainly better than the transactions alone {where}."


def payers(summary: dict[str, Any], span: str) -> dict[str, list[float]]:
    """What is lost without each table, the greatest loss first."""
    lost = {feed: summary[span]["gained"][without(feed)]["auc"] for feed in summary["tables"] if _has(summary, feed)}
    return dict(sorted(lost.items(), key=lambda entry: -entry[1][0]))


def _has(summary: dict[str, Any], feed: str) -> bool:
    return without(feed) in summary["features"]


def _beside(result: Result, span: str) -> str:
    rows = []
    for company, summary in result.items():
        figures, gained = summary[span]["figures"], summary[span]["gained"][ALONE]
        rows.append([
            f"`{company}`", f"{summary[span]['rows']:,}", f"{summary[span]['churn_rate']:.1%}",
            f"{figures[ALONE]['auc'][0]:.3f}", f"{figures[ALL]['auc'][0]:.3f}", _signed(gained["auc"]),
            _signed(gained["average_precision"]),
        ])  # fmt: skip
    return table(["company", "examples", "churned", ALONE, ALL, "gained", "average precision gained"], rows)


def _pays(result: Result, span: str) -> str:
    feeds = dict.fromkeys(feed for summary in result.values() for feed in summary["tables"])
    rows = []
    for feed in feeds:
        cells = []
        for summary in result.values():
            if feed not in summary["tables"]:
                cells.append("has none")
            elif not _has(summary, feed):
                cells.append("no feature")
            else:
                cells.append(_signed(summary[span]["gained"][without(feed)]["auc"]))
        rows.append([f"`{feed}`", *cells])
    return table(["table", *(f"`{company}`" for company in result)], rows)


def _about_payers(company: str, summary: dict[str, Any]) -> str:
    sure = {feed: lost for feed, lost in payers(summary, "cutoffs").items() if is_sure(lost)}
    if not sure:
        return f"`{company}`: no table alone is missed for certain; what one tells, another tells too."
    listed = ", ".join(f"`{feed}` ({lost[0]:+.3f})" for feed, lost in sure.items())
    rest = [f"`{feed}`" for feed in payers(summary, "cutoffs") if feed not in sure]
    also = f" The loss of {', '.join(rest)} is {NOISE}." if rest else ""
    return f"`{company}`: certainly missed, on average: {listed}.{also}"


def _signed(three: Sequence[float]) -> str:
    value, low, high = three
    sure = "" if low > 0 or high < 0 else f", {NOISE}"
    return f"{value:+.3f} ({low:+.3f} to {high:+.3f}){sure}"
