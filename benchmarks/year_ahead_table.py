"""The figures of ``benchmarks/year_ahead.py`` as a table and a sentence; all of it computed."""

from typing import Any

import numpy as np

from benchmarks.tables import table

SIDES = {"order_days": "days with an order", "spend": "spend"}
HEAD = ["data set", "days", "customers", "of", "expected / actual", "alone", "within 80 %", "alone", "below", "above"]


def markdown(result: dict[str, dict[str, Any]]) -> str:
    """Two rows per data set, and what they say together."""
    rows = [
        [f"`{name}`", str(figures["days"]), f"{figures[side]['customers']:,}", words,
         *(f"{figures[one]['expected_over_came']:.2f}" for one in (side, f"{side}_alone")),
         *(f"{100 * figures[one]['within']:.1f} %" for one in (side, f"{side}_alone")),
         *(f"{100 * figures[side][end]:.1f} %" for end in ("below", "above"))]
        for name, figures in result.items() for side, words in SIDES.items()
    ]  # fmt: skip
    simulated = [figures for name, figures in result.items() if name.startswith("simulated_")]
    means = {
        side: _mean([figures[side]["within"] for figures in simulated]) for side in (*SIDES, "order_days_alone",
                                                                                     "spend_alone")
    }  # fmt: skip
    return (
        f"{table(HEAD, rows)}\n\n"
        f"Of the simulated companies, all alike in weight, the interval of 80 % holds {means['order_days']} of the "
        f"customers by days with an order and {means['spend']} by spend; BG/NBD and gamma-gamma alone hold "
        f"{means['order_days_alone']} and {means['spend_alone']}.\n"
    )


def _mean(shares: list[float]) -> str:
    return f"{100 * float(np.mean(shares)):.1f} %" if shares else "–"
