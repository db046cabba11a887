"""What each contender of ``benchmarks/playbooks.py`` keeps, by budget, as a plot."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from benchmarks.playbooks_table import CONTENDERS, PLAN, SHARES, WORDS, Result, at_share


def fingerprint(result: Result) -> str:
    """What tells whether a plot was drawn from these figures."""
    return hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()[:16]


def plot(result: Result, file: Path) -> None:
    """Kept value by budget, a panel per company; the same figures give the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "playbooks", "svg.fonttype": "path", "font.size": 9}):
        figure = Figure(figsize=(11, 4.2), layout="constrained")
        panels = figure.subplots(1, len(result), squeeze=False)[0]
        for panel, (company, summary) in zip(panels, result.items(), strict=True):
            _panel(panel, company, summary)
        panels[0].set_ylabel("true value kept, less cost")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Identifier": fingerprint(result)})


STYLES: Final = dict(zip(CONTENDERS, ("#0b6e4f", "#222222", "#6a6a6a", "#9ac1d9", "#c96f1a", "#b3202c"), strict=True))


def _panel(panel: Any, company: str, summary: dict[str, Any]) -> None:
    percents = [100 * share for share in SHARES]
    kept = {name: [at_share(summary, share)["kept"][name] for share in SHARES] for name in CONTENDERS}
    for name, figures in kept.items():
        width = 2.4 if name == PLAN else 1.4
        panel.plot(
            percents,
            [seen for seen, _, _ in figures],
            color=STYLES[name],
            lw=width,
            marker="o",
            ms=3,
            label=WORDS[name],
        )
    low, high = ([figure[end] for figure in kept[PLAN]] for end in (1, 2))
    panel.fill_between(percents, low, high, color=STYLES[PLAN], alpha=0.15, lw=0)
    panel.axhline(0, color="#999999", lw=0.8, zorder=0)
    most = max(seen for seen, _, _ in kept["all-knowing"])
    # What a discount for everybody burns would squeeze all else to a line.
    panel.set_ylim(-0.35 * most, 1.08 * most)
    panel.set_xscale("log")
    panel.set_xticks(percents, [f"{share:g}" for share in percents])
    panel.set_xticks([], minor=True)
    panel.set_title(company)
    panel.set_xlabel("money for calling so many % of the customers")
