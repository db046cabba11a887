"""Who churned: what happened in the outcome window, and only there. Nothing here may reach a feature."""

from datetime import date

from pipeline.examples.snapshots import outcome_window
from pipeline.params import Label


def churned(snapshot: date, label: Label) -> str:
    """A query of the customers who churned after a complete snapshot, as ``customer_key, churned`` (0 or 1).

    Inactivity: no purchase in the window; a refund is no purchase. Cancellation: a contract was cancelled in the
    window, or ended in it and was not followed by another.
    """
    window = outcome_window(snapshot, label)
    inside = f"BETWEEN DATE '{window.start.isoformat()}' AND DATE '{window.end.isoformat()}' - 1"
    if label.kind == "inactivity":
        return f"""
            SELECT customer_key, CAST(NOT bool_or(kind = 'purchase' AND day {inside}) AS TINYINT) AS churned
            FROM history GROUP BY customer_key"""
    return f"""
        SELECT customer_key,
            CAST(bool_or(coalesce(cancel_day {inside}, false) OR (coalesce(end_day {inside}, false) AND NOT renewed))
                AS TINYINT) AS churned
        FROM contracts WHERE start_day < DATE '{snapshot.isoformat()}' GROUP BY customer_key"""


def contracts(subscriptions: str, columns: set[str]) -> str:
    """The contract periods of a bucket, each with whether another followed it without a break."""
    end = "end_day" if "end_day" in columns else "NULL::DATE"
    cancel = "cancel_day" if "cancel_day" in columns else "NULL::DATE"
    return f"""
        CREATE OR REPLACE TABLE contracts AS
        WITH periods AS (SELECT customer_key, start_day, {end} AS end_day, {cancel} AS cancel_day FROM {subscriptions})
        SELECT *, EXISTS (
            SELECT 1 FROM periods later WHERE later.customer_key = periods.customer_key
                AND later.start_day > periods.start_day AND later.start_day <= periods.end_day + 1
                AND (later.end_day IS NULL OR later.end_day > periods.end_day)
        ) AS renewed FROM periods"""


def running(snapshot: date) -> str:
    """A query of the customers with a contract known at the snapshot, and whether one is still running then."""
    day = f"DATE '{snapshot.isoformat()}'"
    return f"""
        SELECT customer_key, bool_or((cancel_day IS NULL OR cancel_day >= {day})
            AND (end_day IS NULL OR end_day >= {day})) AS running
        FROM contracts WHERE start_day < {day} GROUP BY customer_key"""
