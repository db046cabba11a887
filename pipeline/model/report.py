"""The figures of the untouched snapshot as tables and a sentence: the model beside the rules it has to beat."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.model import metrics

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


def figures(churned: Labels, scored: dict[str, Array], shares: list[float]) -> dict[str, Any]:
    """Headline figures of every scorer on the same rows."""
    return {
        "customers": len(churned),
        "churners": int(churned.sum()),
        "base_rate": round(float(churned.mean()), 6),
        **{name: metrics.summary(churned, probability, shares) for name, probability in scored.items()},
    }


def gains(churned: Labels, scored: dict[str, Array]) -> pl.DataFrame:
    """Share of all churners (percent) in a list of every length from 1 % to 100 %, one column per scorer."""
    lengths = range(1, 101)
    captured = {
        name: [round(100 * metrics.capture(churned, probability, length / 100), 4) for length in lengths]
        for name, probability in scored.items()
    }
    return pl.DataFrame({"list_length_percent": lengths, **captured})


def verdict(figures: dict[str, Any], test: str, share: float) -> str:
    """One line on how good the model is, for people who have to trust a list.

    >>> rule = {"auc": 0.79, "capture_at_10_percent": 0.31}
    >>> verdict({"customers": 2320, "model": {"auc": 0.865, "capture_at_10_percent": 0.37}, "recency_rule": rule},
    ...         "2017-12-02", 0.1)
    'Checked on 2,320 customers as of 2017-12-02: the riskiest 10 % held 37 % of those who then churned, 31 % by the \
best recency rule; AUC 0.865 against 0.790.'
    """
    model, rule = figures["model"], figures["recency_rule"]
    length = metrics.percent(share)
    captured = [round(100 * found[f"capture_at_{length}_percent"]) for found in (model, rule)]
    return (
        f"Checked on {figures['customers']:,} customers as of {test}: the riskiest {length} % held {captured[0]} % of "
        f"those who then churned, {captured[1]} % by the best recency rule; AUC {model['auc']:.3f} against "
        f"{rule['auc']:.3f}."
    )
