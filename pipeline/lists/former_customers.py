"""The list of customers who are no longer scored: what is owed to them, whom to ask why, and whom to win back."""

from typing import Final

import polars as pl

from pipeline.decisions.watch import is_personal, watched
from pipeline.i18n import IN_ENGLISH, Translator
from pipeline.lists.schema import FILLED_IN, RISK_LIST

FORMER: Final[dict[str, pl.DataType]] = {
    **{name: RISK_LIST[name] for name in ("customer_id", "name", "owner")},
    "state": pl.String(),
    "last_order_day": pl.Date(),
    "value": pl.Float64(),
    **{name: RISK_LIST[name] for name in ("work", "playbook", "action", "channel", "who", "due_day", "caution")},
    "draft": pl.String(),
    **{name: RISK_LIST[name] for name in (*FILLED_IN, "as_of")},
}
"""The columns of the list, in order; ``value`` is the profit of a horizon while he or she still bought."""


def of_week(decided: pl.DataFrame, translator: Translator = IN_ENGLISH) -> pl.DataFrame:
    """Former customers for whom somebody has to act, or to whom a duty is owed that there are no hands for.

    Duties first, by their day; then the others by what they brought.

    Parameters
    ----------
    decided
        The decisions on former customers, with the columns `FORMER` but those to fill in, and what
        `pipeline.decisions.watch.watched` looks at.
    translator
        Who reads which language.

    Returns
    -------
    polars.DataFrame
        The columns `FORMER`.
    """
    wanted = is_personal() | pl.col("waiting_duty").is_not_null()
    shown = watched(decided.filter(wanted), translator).with_columns(pl.lit("").alias(name) for name in FILLED_IN)
    place = pl.col("work").replace_strict({"duty": 0, "task": 1, "watch": 2}, return_dtype=pl.Int64)
    day = pl.when(pl.col("work") == "duty").then("due_day")
    ordered = shown.sort(place, day, "value", "customer_id", descending=[False, False, True, False], nulls_last=True)
    return ordered.select(pl.col(name).cast(kind) for name, kind in FORMER.items())
