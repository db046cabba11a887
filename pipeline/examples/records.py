"""The optional tables as history rows: tickets, surveys, points, promises, contracts, contacts, each of its own kind.

A row may hold days beside its own. *Later* ones (answered, resolved, kept, cancelled) say what came of it, and are
unknown until then; *planned* ones (expires, due, renewal, end) were told with the row, and may lie ahead. What either
may say on a snapshot is decided in `history.before`, as everything that has to do with time.
"""

from collections.abc import Callable

import polars as pl

LATER = ("answered_day", "resolved_day", "kept_day", "cancelled_day")
# What came with such a day, and is as unknown until then.
BROUGHT = {
    "resolved_day": {"reopened": pl.col("reopened")},
    "answered_day": {"waited_days": (pl.col("answered_day") - pl.col("day")).dt.total_days()},
}
PLANNED = ("expires_day", "due_day", "renewal_day", "end_day")

# Gives the name of a stored column, or a null of its type where the company has not mapped it.
Column = Callable[..., str]


def queries(table: str, rows: str, columns: set[str]) -> dict[str, str]:
    """The history rows that one optional table gives, by kind.

    Parameters
    ----------
    table
        Name of a canonical table.
    rows
        What to select from.
    columns
        The stored columns the company has.

    Examples
    --------
    >>> list(queries("loyalty", "loyalty", {"day", "kind", "points"})), queries("events", "events", {"day"})
    (['loyalty', 'points'], {})
    """

    def column(name: str, kind: str = "BIGINT") -> str:
        return name if name in columns else f"NULL::{kind}"

    made = BY_TABLE.get(table)
    return made(rows, column) if made else {}


def _tickets(rows: str, column: Column) -> dict[str, str]:
    topic = column("topic", "VARCHAR")
    return {
        "ticket": f"""
        SELECT customer_key, {topic} AS item, opened_day AS day,
            {column("reopened")} AS reopened,
            CAST({column("is_complaint", "BOOLEAN")} AS BIGINT) AS is_complaint,
            CAST({column("is_dispute", "BOOLEAN")} AS BIGINT) AS is_dispute,
            {column("first_answer_day", "DATE")} AS answered_day, {column("resolved_day", "DATE")} AS resolved_day,
            CASE WHEN {topic} IS NOT NULL THEN opened_day - lag(opened_day)
                OVER (PARTITION BY customer_key, {topic} ORDER BY opened_day, ticket_id) END AS same_topic_days
        FROM {rows}"""
    }


def _surveys(rows: str, column: Column) -> dict[str, str]:
    score = column("score", "DOUBLE")
    return {
        "survey": f"""
        SELECT customer_key, kind AS item, day, min({score}) AS score
        FROM {rows} WHERE {score} IS NOT NULL GROUP BY customer_key, kind, day""",
        "survey_sent": f"""
        SELECT DISTINCT customer_key, kind AS item, day,
            CAST({score} IS NULL AS BIGINT) AS unanswered
        FROM {rows}""",
    }


def _loyalty(rows: str, column: Column) -> dict[str, str]:
    points, expires = column("points", "DECIMAL(18,3)"), column("expires_day", "DATE")
    return {
        "loyalty": f"""
        SELECT customer_key, kind AS item, day, CAST(sum(abs({points})) * 1000 AS BIGINT) AS points
        FROM {rows} GROUP BY customer_key, kind, day""",
        "points": f"""
        SELECT customer_key, day,
            CAST(sum(abs({points})) * 1000 AS BIGINT) AS points, {expires} AS expires_day
        FROM {rows} WHERE kind = 'earn' AND {expires} IS NOT NULL GROUP BY customer_key, day, expires_day""",
    }


def _commitments(rows: str, column: Column) -> dict[str, str]:
    return {
        "promise": f"""
        SELECT customer_key, made_day AS day,
            {column("due_day", "DATE")} AS due_day, {column("kept_day", "DATE")} AS kept_day
        FROM {rows}"""
    }


def _subscriptions(rows: str, column: Column) -> dict[str, str]:
    plan, price = column("plan", "VARCHAR"), column("price_per_month_minor")
    before = f"OVER (PARTITION BY customer_key ORDER BY start_day, {plan}, {price})"
    return {
        "contract": f"""
        SELECT customer_key, start_day AS day, {price} AS price_minor,
            {price} - lag({price}) {before} AS price_change_minor,
            CAST({plan} IS DISTINCT FROM lag({plan}) {before} AS BIGINT) AS is_change,
            {column("renewal_day", "DATE")} AS renewal_day, {column("end_day", "DATE")} AS end_day,
            {column("cancel_day", "DATE")} AS cancelled_day
        FROM {rows}"""
    }


def _contacts(rows: str, column: Column) -> dict[str, str]:
    team, purpose, valuable = column("team", "VARCHAR"), column("purpose", "VARCHAR"), column("has_value", "BOOLEAN")
    return {
        "contact": f"""
        SELECT customer_key, day, count(*) AS contacts,
            count(DISTINCT {team}) AS teams, count(*) FILTER ({purpose} = 'offer') AS offers,
            count(*) FILTER ({valuable}) AS valuable
        FROM {rows} GROUP BY customer_key, day"""
    }


BY_TABLE: dict[str, Callable[[str, Column], dict[str, str]]] = {
    "tickets": _tickets,
    "surveys": _surveys,
    "loyalty": _loyalty,
    "commitments": _commitments,
    "subscriptions": _subscriptions,
    "contacts": _contacts,
}
