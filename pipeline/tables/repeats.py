"""Rows that come more than once: which are the same thing delivered again, and which are two things that look alike.

Decided by what the source says. A state (a customer, a contract, a ticket) holds once. An order with an id of its own
holds once, unless orders hold several lines: then two equal lines are two pieces. Without an id, equal rows with a time
of day are one thing that was written twice; equal rows of a day without a time are as many things as there are rows.
Files overlap if most rows of the days they share are in both; these count once, and of an order the later file counts.
"""

from dataclasses import dataclass, field
from typing import Literal

import duckdb

from pipeline import sql
from pipeline.config.params import Source
from pipeline.tables.schemas import Table

Copies = Literal["once", "different", "all"]
# Tables that say how things stand, not what happened.
STATES = {"customers", "subscriptions", "commitments", "outcomes", "tickets"}
# What makes a row a later version of another one, where a later file holds both.
VERSION_KEYS = {
    "transactions": ("customer_key", "transaction_id", "day"),
    "tickets": ("customer_key", "ticket_id", "opened_day"),
    "customers": ("customer_key",),
    "subscriptions": ("customer_key", "start_day"),
}
# Share of the rows of the days that files share which has to be in both, so that the files overlap.
MIN_OVERLAP = 0.5
# Share of rows with a time of day from which on a table has one.
MIN_TIMED = 0.05
# About as many rows are looked at to decide, all of them of the same customers.
LOOKED_AT = 300_000
WORDS: dict[Copies, str] = {
    "once": "an equal row is the same thing again",
    "different": "rows that are equal in all columns are the same thing again",
    "all": "equal rows are different things",
}


@dataclass(frozen=True)
class Policy:
    """How rows that are equal in all mapped columns are counted.

    Attributes
    ----------
    copies
        ``once``; ``different``, once for each difference in the columns nobody mapped; or ``all``.
    ranks
        The files that overlap, each with its place in time; empty where none do.
    key
        The columns that are the same in all versions of a thing; of those in overlapping files the last one counts.
    is_numbered
        Whether some rows get their id from what they say, so that equal ones need a number.
    """

    copies: Copies
    ranks: dict[str, int] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    is_numbered: bool = True

    @property
    def keeps_all(self) -> bool:
        """Whether all rows count and none needs a number, so that nothing has to be grouped."""
        return self.copies == "all" and not self.ranks and not self.is_numbered


def find_policy(engine: duckdb.DuckDBPyConnection, table: Table, source: Source, rows: str, number: int) -> Policy:
    """What the rows themselves say of how often equal ones count.

    Parameters
    ----------
    engine
        Runs the queries.
    table
        What the rows are.
    source
        Says whether they have ids.
    rows
        The judged rows, as a table expression.
    number
        How many there are.
    """
    # Customers are looked at whole: what is the same is the same customer's.
    one_in = max(1, number // LOOKED_AT)
    good = f"(SELECT * FROM {rows} WHERE rule IS NULL AND customer_key % {one_in} = 0)"
    has_id = table.name == "transactions" and "transaction_id" in source.columns
    ranks = _overlapping(engine, table, good)
    key = VERSION_KEYS.get(table.name, ()) if table.name != "transactions" or has_id else ()
    copies = _copies(engine, table, good, has_id=has_id)
    return Policy(copies, ranks, key if ranks else (), is_numbered=_lacks_ids(engine, table, rows))


def _lacks_ids(engine: duckdb.DuckDBPyConnection, table: Table, rows: str) -> bool:
    if table.name != "transactions":
        return False
    (all_have,) = engine.execute(f"SELECT bool_and(has_id) FROM {rows} WHERE rule IS NULL").fetchone() or (False,)
    return not all_have


def _copies(engine: duckdb.DuckDBPyConnection, table: Table, good: str, *, has_id: bool) -> Copies:
    if table.name in STATES:
        return "once"
    if has_id:
        return "all" if _has_lines(engine, good) else "once"
    (timed,) = engine.execute(f"SELECT avg(is_timed::INT) FROM {good}").fetchone() or (0,)
    return "different" if (timed or 0) >= MIN_TIMED else "all"


def _has_lines(engine: duckdb.DuckDBPyConnection, good: str) -> bool:
    """Whether more orders hold different lines than hold nothing but one line again and again."""
    orders = (
        "SELECT count(*) AS lines, count(DISTINCT row_low) AS different "
        f"FROM {good} WHERE has_id GROUP BY customer_key, transaction_id, day"
    )
    counted = engine.execute(
        f"SELECT count(*) FILTER (different > 1), count(*) FILTER (lines > 1 AND different = 1) FROM ({orders})"
    ).fetchone()
    assert counted is not None, "an aggregate has one row"
    return bool(counted[0] > counted[1])


def _overlapping(engine: duckdb.DuckDBPyConnection, table: Table, good: str) -> dict[str, int]:
    """The files most of whose rows, of the days that other files hold too, are in another file; in order of time."""
    files = engine.execute(f"SELECT count(DISTINCT __source_file__) FROM {good}").fetchone()
    if files is None or files[0] < 2:
        return {}
    day = sql.name(table.sort_day) if table.sort_day else "DATE '2000-01-01'"
    query = f"""
        WITH rows AS (
            SELECT DISTINCT __source_file__ AS file, {day} AS day, row_low, row_high FROM {good}),
        spans AS (SELECT file, min(day) AS first, max(day) AS last, count(*) AS number FROM rows GROUP BY file),
        shared AS (SELECT row_low, row_high FROM rows GROUP BY ALL HAVING count(*) > 1),
        days AS (
            SELECT file, day, count(*) AS number, count(*) FILTER (shared.row_low IS NOT NULL) AS in_others
            FROM rows LEFT JOIN shared USING (row_low, row_high) GROUP BY file, day),
        covered AS (
            SELECT days.* FROM days
            WHERE EXISTS (SELECT 1 FROM spans WHERE spans.file <> days.file AND day BETWEEN first AND last))
        SELECT file, row_number() OVER (ORDER BY last, spans.number, file) FROM covered JOIN spans USING (file)
        GROUP BY file, last, spans.number HAVING sum(in_others) >= {MIN_OVERLAP} * sum(covered.number)
        ORDER BY file"""
    ranks = {str(file): int(rank) for file, rank in engine.execute(query).fetchall()}
    return ranks if len(ranks) > 1 else {}


def kept_rows(policy: Policy, part: str, columns: list[str]) -> str:
    """The rows that count, as a query: each once, with how often it counts as ``copies``.

    Parameters
    ----------
    policy
        How they are counted.
    part
        Good rows, all of a customer's or none, as a table expression.
    columns
        Those to keep beside ``row_low`` and ``row_high``; equal where these are.
    """
    if policy.keeps_all:
        listed = "".join(f", {sql.name(column)}" for column in columns)
        return f"SELECT row_low, row_high{listed}, 1 AS copies FROM {part}"
    # Equal where the hashes are: grouping by them too takes less memory than picking one of each group.
    kept = "".join(f", {sql.name(column)}" for column in ("row_low", "row_high", *columns))[2:]
    counted = {"once": "1", "different": "count(DISTINCT row_rest)", "all": "count(*)"}[policy.copies]
    if not policy.ranks:
        return f"SELECT {kept}, {counted} AS copies FROM {part} GROUP BY {kept}"
    total = "1" if policy.copies == "once" else "CAST(sum(copies) AS BIGINT)"
    return f"""
        WITH by_file AS (
            SELECT cluster, rank, {kept}, {counted} AS copies
            FROM ({latest_versions(policy, part)}) GROUP BY cluster, rank, {kept}),
        by_cluster AS (SELECT cluster, {kept}, max(copies) AS copies FROM by_file GROUP BY cluster, {kept})
        SELECT {kept}, {total} AS copies FROM by_cluster GROUP BY {kept}"""


def latest_versions(policy: Policy, part: str) -> str:
    """The rows without those of which a later one of the files that overlap holds another version."""
    ranks = ", ".join(f"({sql.text(file)}, {rank})" for file, rank in policy.ranks.items())
    ranked = f"""
        SELECT part.*, coalesce(rank, 0) AS rank, CASE WHEN rank IS NULL THEN __source_file__ ELSE '' END AS cluster
        FROM {part} part LEFT JOIN (VALUES {ranks}) AS of_files (file, rank) ON __source_file__ = file"""
    if not policy.key:
        return ranked
    return f"""
        SELECT * FROM ({ranked})
        QUALIFY cluster <> '' OR rank = max(rank) OVER (PARTITION BY cluster, {", ".join(policy.key)})"""
