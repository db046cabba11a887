"""What became of those on an old list, beside what the list had said of them, once its outcome window is over."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
from scipy.special import logit

from pipeline.config.params import Label
from pipeline.evaluation import metrics
from pipeline.examples.snapshots import outcome_window
from pipeline.i18n import Figure, Message, Sentence, counted, in_percent, in_sequence, say
from pipeline.model import past_curves
from pipeline.model.past_curves import PastCurve

SCHEMA: Final[dict[str, pl.DataType]] = {
    "as_of": pl.Date(), "last_day": pl.Date(), "by": pl.String(), "group": pl.String(), "customers": pl.Int64(),
    "expected_churners": pl.Float64(), "low": pl.Int64(), "high": pl.Int64(), "churners": pl.Int64(),
    "expected_rate": pl.Float64(), "rate": pl.Float64(), "lift": pl.Float64(), "expected_auc": pl.Float64(),
    "auc_low": pl.Float64(), "auc_high": pl.Float64(), "auc": pl.Float64(), "shift": pl.Float64(),
    "log_slope": pl.Float64(),
}  # fmt: skip
"""One row per list and group.

``as_of`` is the day of the list, ``last_day`` the last one of its outcome window. ``by`` is ``all``, ``listed``,
``risk_band``, ``is_control``, ``playbook`` or ``reason``. ``expected_churners`` is the sum of the probabilities that
the list gave, ``low`` to ``high`` what chance makes of it 19 times of 20. ``rate`` is the share (0-1) who churned, of
those listed the precision; ``lift`` is that over the rate of everybody scored. ``expected_auc``, ``auc_low`` and
``auc_high`` are what `pipeline.evaluation.expected_performance` had expected of everybody scored, and ``auc`` is what
came; null for groups, and where the list does not say. ``shift`` and ``log_slope`` are of the curve that would have
made the probabilities of those right to whom nothing was given (`pipeline.model.past_curves.PastCurve`); null for
groups, and where there is none.
"""
DECIDED: Final[dict[str, pl.DataType]] = {
    "customer_id": pl.String(), "churn_probability": pl.Float64(), "risk_band": pl.String(), "tier": pl.String(),
    "playbook": pl.String(), "reason_1_family": pl.String(), "is_control": pl.Boolean(),
}  # fmt: skip
"""What is read of the decisions of an old week."""
GROUPINGS: Final = {
    "listed": "is_listed", "risk_band": "risk_band", "tier": "tier", "is_control": "is_control", "playbook": "playbook",
    "reason": "reason_1_family",
}  # fmt: skip
"""By what groups are made, where the list has the column; ``tier`` is one of them."""
AUC_COLUMNS: Final = {"expected_auc": "auc", "auc_low": "auc_low", "auc_high": "auc_high"}
NORMAL_95: Final = 1.96
SURE: Final = 1e-6
"""Probabilities have six digits; beyond them nobody is sure."""


@dataclass(frozen=True)
class OldList:
    """A list whose outcome window is over.

    Attributes
    ----------
    as_of
        Its day.
    label
        What churn meant to it.
    decided
        Everybody it scored, with the columns `DECIDED` and ``is_listed``.
    expected
        What it had expected of itself, as in its ``run_report.json``; empty where it does not say.
    """

    as_of: date
    label: Label
    decided: pl.DataFrame
    expected: dict[str, Any] = field(default_factory=dict)

    @property
    def last_day(self) -> date:
        """The last day of its outcome window."""
        return outcome_window(self.as_of, self.label).end - timedelta(days=1)


def compare(old: OldList, churned: pl.DataFrame) -> pl.DataFrame:
    """What the list had said of each group, and what came.

    Parameters
    ----------
    old
        The list.
    churned
        ``customer_id`` and ``churned`` (0 or 1); a customer who is not in it had no outcome, and counts nowhere.

    Returns
    -------
    polars.DataFrame
        The columns `SCHEMA`: everybody first, then each grouping, its groups by name.

    Examples
    --------
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> decided = pl.DataFrame({"customer_id": list("abcd"), "churn_probability": [0.8, 0.6, 0.2, 0.2],
    ...     "risk_band": ["high", "high", "low", "low"], "playbook": ["call", None, None, None],
    ...     "reason_1_family": ["price"] * 4, "is_control": [False] * 4, "is_listed": [True, True, False, False]})
    >>> churned = pl.DataFrame({"customer_id": list("abcd"), "churned": [1, 0, 0, 0]})
    >>> table = compare(OldList(date(2024, 5, 6), label, decided), churned)
    >>> table.filter(pl.col("by") == "listed").select("group", "customers", "expected_rate", "rate", "lift").rows()
    [('no', 2, 0.2, 0.0, 0.0), ('yes', 2, 0.7, 0.5, 2.0)]
    """
    known = old.decided.join(churned, on="customer_id", how="inner").filter(pl.col("churned").is_not_null())
    if known.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    base = float(known["churned"].sum()) / known.height
    parts = [_row("all", "scored", known, base) | _order(old.expected, known) | _curve(old.as_of, known)]
    for by, column in ((by, column) for by, column in GROUPINGS.items() if column in known.columns):
        named = known.filter(pl.col(column).is_not_null()).with_columns(_named(column, known.schema[column]))
        groups = named.partition_by("group", as_dict=True)
        parts += [_row(by, str(name), part, base) for (name,), part in sorted(groups.items())]
    days = {"as_of": old.as_of, "last_day": old.last_day}
    return pl.DataFrame([days | part for part in parts], schema=SCHEMA)


def _order(expected: dict[str, Any], known: pl.DataFrame) -> dict[str, float | None]:
    """How well the list had expected to rank everybody, and how well it did; the latter none where all did the same."""
    promised = {name: expected.get(key) for name, key in AUC_COLUMNS.items()}
    ordered = known.sort("churn_probability", "churned")
    churned = ordered["churned"].to_numpy().astype(np.int8)
    is_mixed = 0 < churned.sum() < len(churned)
    came = round(metrics.auc(churned, ordered["churn_probability"].to_numpy()), 4) if is_mixed else None
    return promised | {"auc": came}


def _curve(day: date, known: pl.DataFrame) -> dict[str, float | None]:
    """The curve that would have been right; actions that work would make a good one look too bold."""
    alone = known.filter(pl.col("playbook").is_null()).sort("churn_probability", "churned")
    probability = alone["churn_probability"].clip(SURE, 1 - SURE).to_numpy()
    curve = past_curves.fit(day, logit(probability), alone["churned"].to_numpy().astype(np.int8))
    return {} if curve is None else {"shift": curve.shift, "log_slope": curve.log_slope}


def curves(matured: pl.DataFrame, days: Collection[date]) -> list[PastCurve]:
    """The curves that would have been right on the lists of these days, the earliest first.

    Parameters
    ----------
    matured
        The columns `SCHEMA`.
    days
        Those of the lists to look at, such as those of one model.

    Examples
    --------
    >>> row = {"as_of": date(2024, 5, 6), "by": "all", "group": "scored", "shift": 0.1, "log_slope": 0.2}
    >>> curves(pl.DataFrame([row], schema=SCHEMA), [date(2024, 5, 6)])
    [PastCurve(day=datetime.date(2024, 5, 6), shift=0.1, log_slope=0.2, log_slope_error=0.0)]
    """
    scored = matured.filter(pl.col("by") == "all", pl.col("as_of").is_in(list(days)), pl.col("log_slope").is_not_null())
    return [PastCurve(*row) for row in scored.sort("as_of").select("as_of", "shift", "log_slope").iter_rows()]


def _named(column: str, kind: pl.DataType) -> pl.Expr:
    if kind == pl.Boolean():
        return pl.when(column).then(pl.lit("yes")).otherwise(pl.lit("no")).alias("group")
    return pl.col(column).cast(pl.String).alias("group")


def _row(by: str, group: str, part: pl.DataFrame, base: float) -> dict[str, Any]:
    # Added exactly: no figure of a list hangs on the order of its rows.
    probability = part["churn_probability"].to_list()
    expected = math.fsum(probability)
    spread = NORMAL_95 * math.sqrt(math.fsum(one * (1 - one) for one in probability))
    churners, number = int(part["churned"].sum()), part.height
    return {
        "by": by,
        "group": group,
        "customers": number,
        "expected_churners": round(expected, 6),
        "low": max(0, math.floor(expected - spread)),
        "high": min(number, math.ceil(expected + spread)),
        "churners": churners,
        "expected_rate": round(expected / number, 6),
        "rate": round(churners / number, 6),
        "lift": round(churners / number / base, 6) if base else None,
    }


def words(matured: pl.DataFrame) -> Iterator[Message]:
    """What became of those on the last list whose window is over, in a sentence; nothing where nobody was on it.

    Examples
    --------
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> decided = pl.DataFrame({"customer_id": list("ab"), "churn_probability": [0.8, 0.6], "risk_band": ["high"] * 2,
    ...     "playbook": ["call"] * 2, "reason_1_family": ["price"] * 2, "is_control": [False] * 2,
    ...     "is_listed": [True] * 2})
    >>> churned = pl.DataFrame({"customer_id": list("ab"), "churned": [1, 0]})
    >>> print(*words(compare(OldList(date(2024, 5, 6), label, decided), churned)))
    Of the 2 customers on the list of 2024-05-06, 50% had left by 2024-06-04; the list had said 70%.
    """
    listed = matured.filter((pl.col("by") == "listed") & (pl.col("group") == "yes")).sort("as_of")
    if listed.is_empty():
        return
    row = listed.row(-1, named=True)
    yield counted(
        "Of the {number} customer on the list of {day}, {share} had left by {last}; the list had said {expected}.",
        "Of the {number} customers on the list of {day}, {share} had left by {last}; the list had said {expected}.",
        row["customers"],
        day=row["as_of"],
        share=in_percent(row["rate"]),
        last=row["last_day"],
        expected=in_percent(row["expected_rate"]),
    )


def beside(since_last: tuple[Sentence, ...], matured: pl.DataFrame) -> tuple[Sentence, ...]:
    """The same right behind the first sentence on the last list, which the page shows without a click.

    >>> [str(one) for one in beside(("Since then: 3 new.", "2 were done."), pl.DataFrame(schema=SCHEMA))]
    ['Since then: 3 new.', '2 were done.']
    """
    return (in_sequence(since_last[0], *words(matured)), *since_last[1:]) if since_last else ()


def report(matured: pl.DataFrame) -> dict[str, Any]:
    """How many lists are over, and what became of the last of them, listed and scored, for the run report."""
    listed = matured.filter((pl.col("by") == "listed") & (pl.col("group") == "yes")).sort("as_of")
    last = listed.drop("by", "group", "auc", *AUC_COLUMNS).row(-1, named=True) if listed.height else None
    scored = matured.filter(pl.col("by") == "all").sort("as_of").drop("by", "group", "lift")
    whole = scored.row(-1, named=True) if scored.height else None
    return {"lists": matured["as_of"].n_unique(), "last_listed": last, "last_scored": whole}


def early_words(matured: pl.DataFrame) -> Sentence:
    """What the last list that is over had expected of itself, and what came; empty where it did not say.

    >>> early_words(pl.DataFrame(schema=SCHEMA))
    ''
    """
    scored = matured.filter(pl.col("by") == "all", pl.col("expected_auc").is_not_null(), pl.col("auc").is_not_null())
    if scored.is_empty():
        return ""
    row = scored.sort("as_of").row(-1, named=True)
    figures = {name: Figure(f"{row[name]:.3f}") for name in ("expected_auc", "auc_low", "auc_high", "auc")}
    return say(
        "The list of {day} had expected an AUC of {expected_auc} ({auc_low} to {auc_high}) and {expected} churners of "
        "{customers}; there were {auc} and {churners}.",
        day=row["as_of"],
        expected=round(row["expected_churners"]),
        customers=row["customers"],
        churners=row["churners"],
        **figures,
    )
