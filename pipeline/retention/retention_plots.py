"""The cohort triangle and the survival curve as pictures."""

import io
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pipeline.retention.survival import Survival

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cohort_picture(cohorts: pl.DataFrame) -> bytes:
    """A picture (PNG) of the cohorts, one row each, darker where more of them are still customers.

    Parameters
    ----------
    cohorts
        As `pipeline.retention.cohorts.triangle` gives them.
    """
    figure = _figure(8, 1.4 + 0.34 * max(1, cohorts.height))
    panel = figure.subplots()
    ages = [name for name in cohorts.columns if name.startswith("age_")]
    shares = cohorts.select(ages).to_numpy() if ages else np.empty((0, 0))
    if shares.size:
        panel.imshow(np.ma.masked_invalid(shares.astype(float)), cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for row, column in zip(*np.nonzero(~np.isnan(shares.astype(float))), strict=True):
            share = float(shares[row, column])
            panel.text(column, row, f"{share:.0%}", ha="center", va="center", color="white" if share > 0.6 else "black")
    panel.set_yticks(
        range(cohorts.height), [f"{day} ({number:,})" for day, number in cohorts.select("cohort", "customers").rows()]
    )
    panel.set_xticks(range(len(ages)), [name.removeprefix("age_") for name in ages])
    panel.set_xlabel("units since they came")
    panel.set_title("Share of each cohort that is a customer (customers who came)")
    return _png(figure)


def survival_picture(survival: Survival) -> bytes:
    """A picture (PNG) of the share of customers never lost, by days since they came, with its 95 % interval."""
    figure = _figure(7, 3.8)
    panel = figure.subplots()
    curve = survival.curve
    days = [0, *curve["days"], survival.seen]
    panel.step(days, [1.0, *curve["share"], *([1.0, *curve["share"]][-1:])], where="post")
    if curve.height:
        panel.fill_between(
            curve["days"].to_numpy(), curve["low"].to_numpy(), curve["high"].to_numpy(), step="post", alpha=0.25
        )
    panel.set_ylim(0, 1.02)
    panel.set_xlabel("days since they came")
    panel.set_ylabel("share never lost")
    panel.set_title(f"{survival.customers:,} customers seen coming, {survival.lost:,} lost so far")
    return _png(figure)


def lists_picture(listed: pl.DataFrame) -> bytes:
    """A picture (PNG) of what lists had said of those who stood on them, beside what came, list by list.

    Parameters
    ----------
    listed
        One row per list: ``as_of``, ``expected_rate`` and ``rate`` (0-1), ``low`` and ``high`` (what chance makes of
        the expected number), and ``customers``; as of `pipeline.outcomes.maturity.SCHEMA`.
    """
    figure = _figure(7, 3.2)
    panel = figure.subplots()
    days = [str(day) for day in listed["as_of"]]
    low, high = (listed.select(pl.col(name) / pl.col("customers")).to_series().to_list() for name in ("low", "high"))
    panel.fill_between(range(len(days)), low, high, alpha=0.25, label="said, and what chance makes of it")
    panel.plot(range(len(days)), listed["expected_rate"].to_list(), linestyle="--", marker="o")
    panel.plot(range(len(days)), listed["rate"].to_list(), marker="s", label="left")
    panel.set_xticks(range(len(days)), days, rotation=45, ha="right")
    panel.set_ylim(0, 1)
    panel.set_ylabel("share of those listed")
    panel.legend()
    return _png(figure)


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _png(figure: "Figure") -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110, metadata={"Software": None})
    return content.getvalue()
