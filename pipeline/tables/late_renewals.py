"""Whether contracts are renewed some days after the last one ended: without a setting, each of these is a loss."""

from collections.abc import Iterator
from typing import Final

import duckdb

from pipeline.config.params import Label
from pipeline.tables.coherence_checks import Rows

LONGEST_DAYS: Final = 31
"""Who comes back later than that was gone."""
MIN_RENEWALS, MIN_SHARE = 5, 0.02
"""So many late renewals, and so large a part of the ends that no other contract covers, are worth a word."""


def describe(engine: duckdb.DuckDBPyConnection, contracts: Rows, label: Label) -> Iterator[str]:
    """A warning where many contracts were followed by the next one later than the label waits for it.

    Parameters
    ----------
    engine
        Runs the query.
    contracts
        The good rows of ``subscriptions``.
    label
        ``params.yaml: label``.
    """
    if "end_day" not in contracts.columns:
        return
    kept = "coalesce(cancel_day > end_day, true)" if "cancel_day" in contracts.columns else "true"
    rows = contracts.query
    last_known = f"(SELECT max(start_day) FROM {rows})"
    # What another contract covers has not ended; of the others, the first that begins later is the next.
    row = engine.execute(f"""
        WITH ended AS (
            SELECT customer_key, end_day FROM {rows} one WHERE end_day < {last_known} AND {kept} AND NOT EXISTS (
                SELECT 1 FROM {rows} other WHERE other.customer_key = one.customer_key
                    AND other.start_day <= one.end_day + 1 AND coalesce(other.end_day > one.end_day, true))),
        paused AS (
            SELECT (SELECT min(start_day) FROM {rows} later
                    WHERE later.customer_key = ended.customer_key AND start_day > ended.end_day) - end_day - 1 AS days
            FROM ended),
        late AS (SELECT days FROM paused WHERE days BETWEEN {label.renewal_wait_days + 1} AND {LONGEST_DAYS})
        SELECT count(*), quantile_disc(days, 0.5), quantile_disc(days, 0.9), (SELECT count(*) FROM paused) FROM late
        """).fetchone()
    assert row is not None, "an aggregate has one row"
    count, half, most, of = row
    if count >= MIN_RENEWALS and count >= MIN_SHARE * of:
        yield (
            f"WARNING subscriptions: after {count:,} of {of:,} contracts that ended, the next one began "
            f"{label.renewal_wait_days + 1} to {LONGEST_DAYS} days too late (half of them at most {half}, nine of ten "
            f"at most {most}), and the customer counts as lost in between; if these are renewals, write "
            f"label.late_renewal_days: {most}"
        )
