"""Renewals that cannot be as they stand: days that nobody moves on, and days that move on and so know the future."""

from collections.abc import Iterator, Mapping

import duckdb

from pipeline.config.params import Coherence
from pipeline.tables.coherence_checks import Finding, Rows, ends_of, weighed

# A renewal may be settled some time after its day.
LATE_RENEWAL_DAYS = 31
# No contract of a year or less runs for longer than this up to its renewal.
YEAR_DAYS, LONG_DAYS = 366, 400
# Of so many running contracts it can be told how far ahead renewals lie.
MIN_RUNNING = 50


def past_renewals(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, Rows], settings: Coherence
) -> Iterator[Finding]:
    """Contracts that run on although their renewal is over: of many, it is the first one, and nobody moves it on."""
    if not _has_renewals(tables):
        return
    last_known, not_over = _until(tables)
    # A later period of the same customer has taken over from the earlier ones.
    running = f"""
        SELECT customer_id, renewal_day FROM (
            SELECT * FROM {tables["subscriptions"].query} WHERE start_day <= {last_known}
            QUALIFY row_number() OVER (
                PARTITION BY customer_key ORDER BY start_day DESC, renewal_day DESC NULLS LAST) = 1)
        WHERE renewal_day IS NOT NULL{not_over}"""
    offending = f"SELECT customer_id FROM ({running}) WHERE renewal_day < {last_known} - {LATE_RENEWAL_DAYS}"
    words = (
        f"subscriptions: {{count}} of {{of}} running contracts have a renewal_day that is over for more than "
        f"{LATE_RENEWAL_DAYS} days, such as {{largest}}; is it the first one, with no row for the next contract?"
    )
    yield from weighed(engine, ("past_renewals", "subscriptions", words), offending, running, settings.past_renewals)


def moving_renewals(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, Rows], settings: Coherence
) -> Iterator[Finding]:
    """A day that moves on with every renewal: at a snapshot of the past it would tell who stayed, and for how long."""
    if not _has_renewals(tables):
        return
    last_known, not_over = _until(tables)
    running = f"""
        SELECT customer_id, renewal_day - start_day AS term, renewal_day - {last_known} AS ahead
        FROM {tables["subscriptions"].query}
        WHERE start_day <= {last_known} AND renewal_day >= {last_known}{not_over}"""
    # Of contracts of several years some began lately, and their renewals lie further ahead than a year.
    ((count, ahead),) = engine.execute(f"SELECT count(*), quantile_disc(ahead, 0.99) FROM ({running})").fetchall()
    if count < MIN_RUNNING or ahead > YEAR_DAYS:
        return
    words = (
        f"subscriptions: {{count}} of {{of}} running contracts began over {LONG_DAYS} days before their renewal_day, "
        f"such as {{largest}}, and hardly any of these days lies more than {ahead} days ahead: they move on with every "
        "renewal, so that snapshots of the past would see who stayed; leave renewal_day out of "
        "sources.subscriptions.columns, or bring a row for each contract period"
    )
    offending = f"SELECT customer_id FROM ({running}) WHERE term > {LONG_DAYS}"
    yield from weighed(
        engine, ("moving_renewals", "subscriptions", words), offending, running, settings.moving_renewals
    )


def _has_renewals(tables: Mapping[str, Rows]) -> bool:
    return "subscriptions" in tables and "renewal_day" in tables["subscriptions"].columns


def _until(tables: Mapping[str, Rows]) -> tuple[str, str]:
    """The last day with a transaction, as a query, and the conditions under which a contract is not over by then."""
    last_known = f"(SELECT max(day) FROM {tables['transactions'].query})"
    ends = ends_of(tables["subscriptions"])
    return last_known, "".join(f" AND coalesce({end} > {last_known}, true)" for end in ends)
