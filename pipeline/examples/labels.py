"""Who churned: what happened in the outcome window, and only there. Nothing here may reach a feature."""

from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.config.params import Label
from pipeline.examples import history
from pipeline.examples.history import Rows
from pipeline.examples.snapshots import outcome_window


def inactive(purchases: Rows, snapshot: date, label: Label) -> npt.NDArray[np.int8]:
    """Who bought nothing in the outcome window (1) and who did (0): per customer. A refund is no purchase."""
    window = outcome_window(snapshot, label)
    bought_nothing: npt.NDArray[np.bool_] = purchases.first_from(window.start) == purchases.first_from(window.end)
    return bought_nothing.astype(np.int8)


def overdue(purchases: Rows, snapshot: date, label: Label) -> npt.NDArray[np.int8]:
    """Who bought nothing in the outcome window and is overdue by its end (1), and who is not (0): per customer.

    Overdue is who has been silent for more days than `allowed_pauses` gives him or her, from the last purchase to the
    end of the window. So whoever is overdue is inactive too, and a slow buyer who is inactive need not be overdue.

    Parameters
    ----------
    purchases
        The days on which each customer bought, one row each.
    snapshot, label
        The day, and ``params.yaml: label``.
    """
    window = outcome_window(snapshot, label)
    ends = purchases.first_from(window.end)
    last = np.append(purchases.days, 0)[np.maximum(ends - 1, 0)]
    is_late = history.physical(window.end) - last > allowed_pauses(purchases, snapshot, label)
    # Whose rows all lie behind the window has bought nothing before it either; nobody scores such a customer.
    is_late &= ends > purchases.starts
    return (inactive(purchases, snapshot, label).astype(np.bool_) & is_late).astype(np.int8)


def allowed_pauses(purchases: Rows, snapshot: date, label: Label) -> npt.NDArray[np.int64]:
    """Days for which each customer may be silent, by the pauses between the purchase days before the snapshot.

    ``times`` the median pause, of an even number the shorter of the two in the middle, so that a single skipped year
    of a yearly buyer does not count; at least ``min_days`` and at most ``max_days``. ``one_time_days`` without a pause.
    """
    overdue = label.overdue
    assert overdue is not None, "a label of this kind says what overdue is"
    known = history.before(purchases, snapshot).rows
    lengths = known.ends - known.starts
    who = np.repeat(np.arange(len(lengths)), lengths)
    places = np.arange(len(who)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    days = known.days[np.repeat(known.starts, lengths) + places]
    is_pause = places > 0
    pauses, owner = np.diff(days, prepend=0)[is_pause], who[is_pause]
    pauses = pauses[np.lexsort((pauses, owner))]
    count = np.maximum(lengths - 1, 0)
    middle = np.cumsum(count) - count + np.maximum(count - 1, 0) // 2
    usual = np.append(pauses, 0)[np.where(count > 0, middle, len(pauses))]
    # Less than a hair is added, since 1.1 * 50 lies below 55 in floating point.
    wait = np.clip(np.floor(overdue.times * usual + 1e-9).astype(np.int64), overdue.min_days, overdue.max_days)
    return np.where(count > 0, wait, overdue.one_time_days)


def cancelled(snapshot: date, label: Label) -> str:
    """A query of the customers with a contract, and whether they churned, as ``customer_key, churned`` (0 or 1).

    A contract was cancelled in the window, or its first day without one lies in it, and no other contract took over by
    then. A contract that began in the window counts as well: who renewed and then cancelled is gone at its end.
    """
    window = outcome_window(snapshot, label)
    end = f"DATE '{window.end.isoformat()}'"
    inside = f"BETWEEN DATE '{window.start.isoformat()}' AND {end} - 1"
    # One that was given up before it began never ran, so it cannot end either.
    return f"""
        SELECT customer_key, CAST(bool_or(coalesce(gone_on {inside}, false) AND NOT followed) AS TINYINT) AS churned
        FROM (
            SELECT *, EXISTS (
                SELECT 1 FROM contracts later
                WHERE later.customer_key = ended.customer_key AND later.number <> ended.number
                    AND later.start_day <= ended.gone_on AND later.start_day < {end}
                    AND (later.gone_on IS NULL OR later.gone_on > ended.gone_on)
            ) AS followed
            FROM contracts ended WHERE start_day < {end} AND (gone_on IS NULL OR gone_on >= start_day)
        ) GROUP BY customer_key"""


def contracts(subscriptions: str, columns: set[str], label: Label, more: str = "") -> str:
    """The contract periods of a bucket, each with the day from which it is known to be gone, null while it runs on.

    A cancellation counts on its own day. An end that was not renewed counts on the day after, the first one without a
    contract, and where renewals come late, so many days later: so whether it was renewed is known on that very day, and
    a label never has to look past its window. One that was renewed late is gone on the first day of the next: from then
    on that one says what becomes of the customer. `more` are further columns of them, as the query engine writes them.
    """
    end = "end_day" if "end_day" in columns else "NULL::DATE"
    cancel = "cancel_day" if "cancel_day" in columns else "NULL::DATE"
    waited = f"end_day + {1 + label.renewal_wait_days}"
    renewed = f"""
        SELECT min(start_day) FROM periods later
        WHERE later.customer_key = period.customer_key AND coalesce(cancel_day >= start_day, true)
            AND start_day BETWEEN period.end_day + 1 AND period.{waited}"""
    over = f"coalesce(({renewed}), {waited})" if label.renewal_wait_days else waited
    return f"""
        CREATE OR REPLACE TABLE contracts AS
        WITH periods AS (
            SELECT customer_key, start_day, {end} AS end_day, {cancel} AS cancel_day{more and ", " + more}
            FROM {subscriptions})
        SELECT *, least(cancel_day, {over}) AS gone_on, row_number() OVER () AS number FROM periods period"""


NO_CONTRACTS: Final = "(SELECT NULL::BIGINT AS customer_key, NULL::DATE AS start_day WHERE false)"
"""The table `subscriptions` of a company without one."""


def runs_on(day: str) -> str:
    """The condition that a contract that began before a day, as the query engine writes it, runs on it."""
    return f"coalesce(gone_on >= {day}, true)"


def running(snapshot: date) -> str:
    """A query of the customers with a contract known at the snapshot, and whether one is still running then.

    As ``customer_key, running, gone_on``, the last one being since when there is none where none runs.

    A contract runs until the day from which it is gone. One that ended on the day before the snapshot may be renewed on
    the snapshot itself, which is not known yet: so it runs, and if it is not renewed, that is part of the outcome.
    """
    day = f"DATE '{snapshot.isoformat()}'"
    return f"""
        SELECT customer_key, bool_or({runs_on(day)}) AS running, CASE WHEN NOT running THEN max(gone_on) END AS gone_on
        FROM contracts WHERE start_day < {day} GROUP BY customer_key"""
