"""Everyone the tables know, and by which rule each is scored at a snapshot or is not."""

from datetime import date

from pipeline.config.params import Label, Snapshots
from pipeline.examples import history, labels

# In the order in which they are asked; the first that holds is the customer's status.
STATUSES = {
    "never_bought": "no purchase in the transactions at all",
    "not_yet": "first purchase on or after the snapshot",
    "cancelled": "had a contract, and none is running at the snapshot",
    "no_contract": "never had a contract (only where the label is cancellation)",
    "too_new": "first purchase fewer than `min_tenure_days` before the snapshot",
    "inactive": "no purchase in the `active_days` before the snapshot",
    "eligible": "none of these: scored",
}


def query(snapshot: date, settings: Snapshots, label: Label, *, has_contracts: bool) -> str:
    """A query of every customer of the bucket with a status, as ``customer_key, status``."""
    contract = f"LEFT JOIN ({labels.running(snapshot)}) contract USING (customer_key)" if has_contracts else ""
    cancelled = "WHEN running = false THEN 'cancelled'" if has_contracts else ""
    no_contract = "WHEN running IS NULL THEN 'no_contract'" if label.kind == "cancellation" else ""
    return f"""
        SELECT customer_key, CASE
            WHEN customer_key NOT IN (SELECT customer_key FROM history WHERE kind = 'purchase') THEN 'never_bought'
            WHEN first_days_ago IS NULL THEN 'not_yet'
            {cancelled}
            {no_contract}
            WHEN first_days_ago < {settings.min_tenure_days} THEN 'too_new'
            WHEN last_days_ago > {settings.active_days} THEN 'inactive'
            ELSE 'eligible' END AS status
        FROM everyone
        LEFT JOIN (
            SELECT customer_key, max(days_ago) AS first_days_ago, min(days_ago) AS last_days_ago
            FROM {history.before(snapshot)} WHERE kind = 'purchase' GROUP BY customer_key
        ) purchases USING (customer_key) {contract}"""
