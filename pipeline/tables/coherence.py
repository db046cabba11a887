"""Whether the tables of a company agree with each other: what does not is counted, and named with the largest of it."""

from collections.abc import Mapping

import duckdb

from pipeline.config.errors import BadData
from pipeline.config.params import Coherence
from pipeline.tables import coherence_checks, coherence_renewals, coherence_within
from pipeline.tables.coherence_checks import Finding as Finding
from pipeline.tables.coherence_checks import Rows as Rows

CHECKS = (
    coherence_checks.before_signup,
    coherence_checks.outside_contract,
    coherence_checks.turned_contracts,
    coherence_checks.active_after_end,
    coherence_renewals.past_renewals,
    coherence_renewals.moving_renewals,
    coherence_within.amounts_apart,
    coherence_within.outside_scale,
    coherence_within.unknown_kinds,
    coherence_within.never_settled,
    coherence_checks.unknown_customers,
    coherence_checks.oversized,
)


def rows_of(engine: duckdb.DuckDBPyConnection, query: str) -> Rows:
    """The rows of a table, with the columns they have."""
    described = engine.execute(f"DESCRIBE SELECT * FROM {query}").fetchall()
    return Rows(query, frozenset(str(row[0]) for row in described))


def examine(engine: duckdb.DuckDBPyConnection, tables: Mapping[str, Rows], settings: Coherence) -> list[Finding]:
    """Hold the tables against each other.

    Parameters
    ----------
    engine
        Runs the queries.
    tables
        The good rows of each table there is, each with ``customer_key`` and ``customer_id``.
    settings
        How much of each is usual.

    Returns
    -------
    list of Finding
        Also what is little enough to be usual; nothing of what does not occur.
    """
    if "transactions" not in tables:
        return []
    return [finding for check in CHECKS for finding in check(engine, tables, settings) if finding.count]


def refuse_or_describe(findings: list[Finding], settings: Coherence) -> list[str]:
    """A line for each finding that is more than usual.

    Raises
    ------
    BadData
        The settings say that one of them stops the run.
    """
    lines = []
    for one in (finding for finding in findings if finding.is_much):
        limit = getattr(settings, one.check)
        line = f"{one.words} (coherence.{one.check} allows {_limit(one.check, limit.limit)})"
        if limit.action == "stop":
            raise BadData(f"{line}; correct the sources, or write `action: warn` there if it is meant")
        lines.append(line)
    return lines


def _limit(check: str, limit: float) -> str:
    return f"{limit:,g} times the median" if check == "oversized_customers" else f"{limit:.1%}"
