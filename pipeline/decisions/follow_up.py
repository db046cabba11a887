"""The list of this week beside the last one: who is new, who is still on it and since when, who left it and how."""

from datetime import date
from typing import Any, Final

import polars as pl

from pipeline.config.params import Label
from pipeline.decisions.percent import percent
from pipeline.decisions.watch import is_personal
from pipeline.examples.population import CURRENT, FORMER
from pipeline.i18n import IN_ENGLISH, MessageCatalog, Translator, figure

LOST: Final = FORMER["cancelled"]
LEFT: Final[dict[str, pl.DataType]] = {
    "customer_id": pl.String(),
    "name": pl.String(),
    "owner": pl.String(),
    "work": pl.String(),
    "playbook": pl.String(),
    "status": pl.String(),
    "what": pl.String(),
}
"""The columns of those who left the list: who, what was to be done then, whether they bought again, and a sentence."""


def with_status(listed: pl.DataFrame, previous: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Add ``status`` (snoozed, new or still_open) and ``since_week`` to this week's list.

    Parameters
    ----------
    listed
        This week's list, with ``customer_id`` and ``snoozed_until``, the day a team has put the customer off to.
    previous
        The last list, with ``customer_id`` and ``since_week``; empty if there is none.
    as_of
        The day of this week.

    Examples
    --------
    >>> previous = pl.DataFrame({"customer_id": ["a"], "since_week": [date(2018, 1, 1)]})
    >>> listed = pl.DataFrame({"customer_id": ["a", "b"], "snoozed_until": [None, date(2018, 1, 9)]})
    >>> with_status(listed, previous, date(2018, 1, 8)).select("customer_id", "status", "since_week").rows()
    [('a', 'still_open', datetime.date(2018, 1, 1)), ('b', 'snoozed', datetime.date(2018, 1, 8))]
    """
    before = previous.select("customer_id", "since_week")
    return listed.join(before, on="customer_id", how="left", maintain_order="left").with_columns(
        pl.when(pl.col("snoozed_until") > as_of).then(pl.lit("snoozed"))
        .when(pl.col("since_week").is_null()).then(pl.lit("new")).otherwise(pl.lit("still_open")).alias("status"),
        pl.col("since_week").fill_null(as_of),
    ).select(*listed.columns, "status", "since_week")  # fmt: skip


def left_the_list(
    listed: pl.DataFrame,
    previous: pl.DataFrame,
    everybody: pl.DataFrame,
    label: Label,
    translator: Translator = IN_ENGLISH,
) -> pl.DataFrame:
    """Who of the last list is no longer on this one: ``recovered`` bought since and is a customer, ``dropped`` is not.

    Where churn is a cancellation an order is no recovery, and all who left are ``dropped``.

    Parameters
    ----------
    listed, previous
        The lists of this week and of the last.
    everybody
        Everyone decided on this week, with ``state``: those scored, and those who no longer are, of whom no probability
        is known.
    label
        What churn means; ``params.yaml: label``.
    translator
        Who reads which language.

    Returns
    -------
    polars.DataFrame
        The columns `LEFT`: those who bought again first, then as they stood on the last list.
    """
    now = everybody.select(
        "customer_id", pl.col("state", "churn_probability", "last_order_day").name.suffix("_now")
    )  # fmt: skip
    gone = previous.join(listed.select("customer_id"), on="customer_id", how="anti").join(
        now, on="customer_id", how="left", maintain_order="left"
    )  # fmt: skip
    is_current = (pl.col("state_now") == CURRENT).fill_null(value=False)
    by_contract = label.kind == "cancellation"
    recovered = is_current & _has_ordered_since() & (not by_contract)
    # Whoever has just left may have ordered shortly before.
    last = pl.max_horizontal("last_order_day_now", "last_order_day")
    risk = {
        "before": figure(percent("churn_probability")),
        "now": figure(percent("churn_probability_now")),
    }

    def day(catalog: MessageCatalog) -> pl.Expr:
        return catalog.day(last)

    ordered = translator.translate("Ordered on {day}.", day=day)
    silent = translator.translate("Has not ordered since; the risk is {now} % now, {before} % then.", **risk)
    # Whose contract has just ended may still be one, where the label waits for late renewals.
    runs_on = (
        translator.translate("Is still a customer; the risk is {now} % now, {before} % then.", **risk)
        if label.late_renewal_days
        else translator.translate("The contract runs on; the risk is {now} % now, {before} % then.", **risk)
    )
    ended = translator.translate("The contract has ended; the last order was on {day}.", day=day)
    too_long_ago = translator.translate("No longer counted as a customer; the last order was on {day}.", day=day)
    what = (
        pl.when(recovered).then(ordered).when(is_current).then(runs_on if by_contract else silent)
        .when(pl.col("state_now") == LOST).then(ended).otherwise(too_long_ago)
    )  # fmt: skip
    status = pl.when(recovered).then(pl.lit("recovered")).otherwise(pl.lit("dropped"))
    return gone.with_columns(status=status, what=what).sort("status", descending=True, maintain_order=True).select(
        pl.col(name).cast(kind) for name, kind in LEFT.items()
    )  # fmt: skip


def _has_ordered_since() -> pl.Expr:
    return (pl.col("last_order_day_now") > pl.col("last_order_day")).fill_null(value=False)


def since_last(
    listed: pl.DataFrame,
    previous: pl.DataFrame,
    left: pl.DataFrame,
    everybody: pl.DataFrame,
    label: Label,
    outcomes: pl.DataFrame,
) -> dict[str, Any]:
    """What came and what went since the last list, what of it was done, and who has bought since or is still there.

    Parameters
    ----------
    listed, previous
        The lists of this week, with ``status``, and of the last, with its ``as_of``.
    left
        As `left_the_list` gives it.
    everybody
        Everyone decided on this week, with ``last_order_day`` and ``state``.
    label
        What churn means; ``params.yaml: label``.
    outcomes
        What teams have handed back: ``customer_id``, ``as_of`` and ``status``.

    Returns
    -------
    dict
        ``new``, ``still_open``, ``snoozed``, ``recovered``, ``dropped``: customers. Of the rows of the last list on
        which somebody had to act: ``to_act``, and of these ``done``, ``not_done`` (a wrong reason counts as that) and
        ``not_handed_back``. ``bought_since`` and ``still_customers`` of ``acted_on``, and of the ``others`` of that
        list. ``ended``: of whom the contract has ended since, None where churn is no cancellation.
    """
    statuses = pl.concat([listed["status"], left["status"]])
    counts = {name: int((statuses == name).sum()) for name in ("new", "still_open", "snoozed", "recovered", "dropped")}
    # Of several outcomes of one action, done outweighs the others.
    of = outcomes.group_by("customer_id", "as_of").agg((pl.col("status") == "done").any().alias("is_done"))
    orders = everybody.select("customer_id", "state", last_order_day_now="last_order_day")
    rows = previous.join(of, on=["customer_id", "as_of"], how="left").join(orders, on="customer_id", how="left")
    to_act = rows.filter(is_personal())
    acted_on = rows["is_done"].fill_null(value=False)
    return {
        **counts,
        "to_act": to_act.height,
        "done": int(to_act["is_done"].sum()),
        "not_done": int((~to_act["is_done"]).sum()),
        "not_handed_back": to_act["is_done"].null_count(),
        "ended": int((rows["state"] == LOST).sum()) if label.kind == "cancellation" else None,
        "acted_on": _what_became_of(rows.filter(acted_on)),
        "others": _what_became_of(rows.filter(~acted_on)),
    }


def _what_became_of(rows: pl.DataFrame) -> dict[str, int]:
    return {
        "customers": len(rows),
        "bought_since": int(rows.select(_has_ordered_since().sum()).item()),
        "still_customers": int((rows["state"] == CURRENT).sum()),
    }
