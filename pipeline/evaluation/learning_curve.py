"""What more customers, and more snapshots, bring: the same recipe, taught ever more of the same rows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from pipeline.config.params import Label, Model
from pipeline.evaluation import backtest, bootstrap
from pipeline.evaluation.bootstrap import Interval, ScoredSnapshot
from pipeline.examples.features import Feature
from pipeline.model import training
from pipeline.model.split import Split

SHARES = (0.125, 0.25, 0.5, 1.0)
# A gain in AUC below which nobody would act otherwise: two lists in a thousand are then ordered otherwise.
WORTH = 0.002


@dataclass(frozen=True)
class Taught:
    """A model, by how much it was taught.

    Attributes
    ----------
    customers, snapshots, rows
        How many customers and training snapshots it saw, and how many rows these are.
    scored
        Its probabilities at the test snapshot of the cutoff.
    """

    customers: int
    snapshots: int
    rows: int
    scored: training.Array


def amounts(customers: int, snapshots: int) -> list[tuple[int, int]]:
    """How many customers and snapshots each model is taught; what is least comes first, everything last.

    >>> amounts(8000, 4)
    [(1000, 4), (2000, 4), (4000, 4), (8000, 1), (8000, 2), (8000, 4)]
    """
    by_customers = [(math.ceil(customers * share), snapshots) for share in SHARES]
    by_snapshots = [(customers, math.ceil(snapshots * share)) for share in SHARES]
    everything = (customers, snapshots)
    return [*dict.fromkeys(each for each in by_customers + by_snapshots if each != everything), everything]


def train_each(
    examples: pl.DataFrame, test: pl.DataFrame, cutoff: Split, features: list[Feature], settings: tuple[Label, Model]
) -> Iterator[Taught]:
    """Train on ever more of the examples.

    Parameters
    ----------
    examples
        Labelled examples of the customers that are learnt from.
    test
        Those of the customers that are judged, at the test snapshot of the cutoff.
    cutoff
        Snapshots to train on, to stop and calibrate on, and to judge.
    features
        The features of the examples, as declared.
    settings
        ``params.yaml: label`` and ``model``.

    Yields
    ------
    Taught
        In the order of `amounts`; one whose customers have one outcome only in any part is left out.
    """
    # All rows count here, also those that `model.max_rows` would leave out: the question is whether they would pay.
    label, model = settings
    how = label, model.model_copy(update={"max_rows": max(model.max_rows, len(examples))})
    keys = examples["customer_key"].unique().sort()
    for customers, snapshots in amounts(len(keys), len(cutoff.train)):
        latest = cutoff.train[-snapshots:]
        own = examples.filter(pl.col("customer_key") <= keys[customers - 1], pl.col("snapshot") >= latest[0])
        parts = backtest.train_until(replace(cutoff, train=latest), own, features, *how)
        if parts is not None:
            train_examples, _, trained = parts
            yield Taught(customers, snapshots, len(train_examples), trained.probability(test))


def compare(taught: list[Taught], test: pl.DataFrame, draws: int) -> pl.DataFrame:
    """The AUC of each, and how far it is behind the one that was taught everything.

    Returns
    -------
    polars.DataFrame
        ``customers, snapshots, rows, auc, auc_low, auc_high, behind, behind_low, behind_high``; 95 % intervals, the
        last three of the same draws.
    """
    names = [f"{each.customers} {each.snapshots}" for each in taught]
    scored = {name: each.scored for name, each in zip(names, taught, strict=True)}
    rows = ScoredSnapshot("", test["customer_key"].to_numpy(), training.outcomes(test), scored)
    drawn = bootstrap.resample([rows], [], draws)
    return pl.DataFrame(
        {
            "customers": each.customers,
            "snapshots": each.snapshots,
            "rows": each.rows,
            **_numbers("auc", drawn.interval(name, "auc")),
            **_numbers("behind", drawn.difference(names[-1], name, "auc")),
        }
        for name, each in zip(names, taught, strict=True)
    )


def _numbers(name: str, interval: Interval) -> dict[str, float]:
    return {
        name: round(interval.value, 6),
        f"{name}_low": round(interval.low, 6),
        f"{name}_high": round(interval.high, 6),
    }


def verdict(curve: pl.DataFrame) -> list[str]:
    """Whether more customers, or more snapshots, would still pay; a sentence each.

    >>> half = {"customers": 500, "snapshots": 4, "behind": 0.0004, "behind_low": -0.0003, "behind_high": 0.0011}
    >>> whole = half | {"customers": 1000, "behind": 0.0, "behind_low": 0.0, "behind_high": 0.0}
    >>> print(*verdict(pl.DataFrame([half, whole])))  # doctest: +NORMALIZE_WHITESPACE
    with 500 of the 1,000 customers the model ranks as well as with all
    (AUC 0.0004 lower; 0.0003 higher to 0.0011 lower): more customers do not pay
    """
    whole = curve.row(-1, named=True)
    others = curve.head(-1)
    half = {
        "customers": others.filter(pl.col("snapshots") == whole["snapshots"]),
        "snapshots": others.filter(pl.col("customers") == whole["customers"]),
    }
    return [_sentence(what, rows.row(-1, named=True), whole[what]) for what, rows in half.items() if len(rows)]


def _sentence(what: str, half: dict[str, float], everything: float) -> str:
    own = f"with {half[what]:,} of the {everything:,} {what} the model ranks"
    by = f"AUC {_further(half['behind'])}; {_further(half['behind_low'])} to {_further(half['behind_high'])}"
    if half["behind_high"] < WORTH:
        return f"{own} as well as with all ({by}): more {what} do not pay"
    if half["behind_low"] > 0:
        return f"{own} worse than with all ({by}): more {what} may well pay"
    return (
        f"{own} neither certainly as well as with all nor certainly worse ({by}): whether more {what} pay is not known"
    )


def _further(behind: float) -> str:
    return f"{abs(behind):.4f} {'lower' if behind >= 0 else 'higher'}"
