"""Can a model tell training snapshots from the test snapshot, and by what? Time leaves traces, honest and other."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.evaluation import metrics
from pipeline.leakage import ranks
from pipeline.model import gbm
from pipeline.model.ensemble import matrix

FOLDS = 3
# Customers looked at; more are thinned evenly. What time does shows on a tenth of them.
MAX_CUSTOMERS = 10_000
TOP_FEATURES = 5
# A feature without calendar in it that differs more than this between the times is one to look at: seasons move counts
# of orders by less (up to .53 on Complete Journey, .70 on CDNOW, a cohort that fades).
MIN_AUC = 0.75


@dataclass(frozen=True)
class Drift:
    """How well the two times are told apart.

    Attributes
    ----------
    auc
        Of the model, on customers it has not seen.
    by
        The features that alone tell most, with their AUC, best first.
    suspicious
        Sentences on features that tell more than the calendar explains.
    """

    auc: float
    by: list[tuple[str, float]]
    suspicious: list[str]


def drift(earlier: pl.DataFrame, later: pl.DataFrame, names: list[str], calendar: set[str], seed: int) -> Drift:
    """Compare the examples of training snapshots with those of the test snapshot.

    Parameters
    ----------
    earlier, later
        The two sets of examples.
    names
        The features.
    calendar
        Those that grow with the history itself, such as tenure: they tell the time and may.
    seed
        Of the model that tells the two apart.
    """
    both = _thinned(pl.concat([earlier.with_columns(is_later=pl.lit(0)), later.with_columns(is_later=pl.lit(1))]))
    is_later = both["is_later"].to_numpy().astype(np.int8)
    alone = {name: ranks.auc(ranks.values(both, name), is_later) for name in names}
    by = sorted(alone.items(), key=lambda item: (-item[1], item[0]))
    suspicious = [
        _sentence(name, auc, earlier) for name, auc in by if name not in calendar and later[name].n_unique() > 1
    ]
    return Drift(
        _measure_separation(both, is_later, names, seed), by[:TOP_FEATURES], [words for words in suspicious if words]
    )


def _thinned(both: pl.DataFrame) -> pl.DataFrame:
    keys = both["customer_key"].unique().sort()
    kept = keys.gather_every(max(1, -(-len(keys) // MAX_CUSTOMERS)))
    return both.filter(pl.col("customer_key").is_in(kept.implode())).sort("is_later", "snapshot", "customer_key")


def _measure_separation(both: pl.DataFrame, is_later: npt.NDArray[np.int8], names: list[str], seed: int) -> float:
    """AUC of a model on customers it has not seen: all rows of a customer fall into the same fold."""
    x = matrix(both, names)
    fold = both["customer_key"].rank("dense").to_numpy().astype(np.int64) % FOLDS
    log_odds = np.zeros(len(both))
    for number in range(FOLDS):
        own = fold == number
        booster = gbm.out_of_the_box((x[~own], is_later[~own]), seed, 1)
        log_odds[own] = gbm.log_odds(booster, x[own])
    return metrics.auc(is_later, log_odds)


def _sentence(name: str, auc: float, earlier: pl.DataFrame) -> str | None:
    varies = earlier.group_by("snapshot").agg(pl.col(name).n_unique() > 1).sort("snapshot")
    since = varies.filter(name)["snapshot"]
    if len(since) < len(varies):
        return (
            f"{name} is the same for everyone at {len(varies) - len(since)} of {len(varies)} training snapshots"
            f"{f', up to the one before {since[0]}' if len(since) else ''}: is it recorded only lately?"
        )
    if auc >= MIN_AUC:
        return (
            f"{name} alone tells the test snapshot from the training snapshots with AUC {auc:.3f}, and no calendar is "
            "in it: has its source changed?"
        )
    return None
