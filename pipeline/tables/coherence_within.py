"""What within one table cannot be as it stands: a check each, as queries over its good rows."""

from collections.abc import Iterator, Mapping, Sequence

import duckdb

from pipeline import sql
from pipeline.config.params import Coherence
from pipeline.tables import schemas
from pipeline.tables.coherence_checks import Finding, Rows, day_of, weighed

# What comes of a row by its table: the stored column, and how params.yaml calls it.
SETTLED = {
    "tickets": {"first_answer_day": "first_answer_ts", "resolved_day": "resolved_ts"},
    "commitments": {"kept_day": "kept_day"},
}
# Of rows so old something should have come; fewer of them prove nothing.
OLD_DAYS, MIN_OLD_ROWS = 90, 50
# Cents by which an amount may differ from its parts, and share of the list price: prices of pieces are rounded.
ROUNDED_MINOR, ROUNDED_SHARE = 2, 0.01


def amounts_apart(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, Rows], settings: Coherence
) -> Iterator[Finding]:
    """Lines that were bought for another amount than their price less their discounts."""
    columns = tables["transactions"].columns
    if not {"list_amount_minor", "discount_minor"} <= columns:
        return
    personal = "coalesce(personal_discount_minor, 0)" if "personal_discount_minor" in columns else "0"
    less = "list_amount_minor - discount_minor - amount_minor"
    lines = (
        f"SELECT customer_id, {less} AS gap, {personal} AS personal, list_amount_minor "
        f"FROM {tables['transactions'].query} WHERE amount_minor >= 0 AND {less} IS NOT NULL"
    )
    # Some count what one customer alone was granted among the discounts, and some beside them.
    apart = f"least(abs(gap), abs(gap - personal)) > greatest({ROUNDED_MINOR}, {ROUNDED_SHARE} * list_amount_minor)"
    words = (
        "transactions: {count} of {of} lines were bought for another amount than list_amount less discount, most of "
        "{largest}; is the discount a percentage, or one of them the price of a single piece?"
    )
    offending = f"SELECT customer_id FROM ({lines}) WHERE {apart}"
    yield from weighed(engine, ("amounts_apart", "transactions", words), offending, lines, settings.amounts_apart)


def outside_scale(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, Rows], settings: Coherence
) -> Iterator[Finding]:
    """Answers to surveys that no such survey has: reasons say them as `7 of 10`."""
    if "surveys" not in tables or not {"score", "kind"} <= tables["surveys"].columns:
        return
    for kind, best in schemas.SURVEY_SCALES.items():
        answers = (
            f"SELECT customer_id, score FROM {tables['surveys'].query} WHERE kind = '{kind}' AND score IS NOT NULL"
        )
        offending = f"SELECT customer_id FROM ({answers}) WHERE score NOT BETWEEN 0 AND {best}"
        words = (
            f"surveys: {{count}} of {{of}} answers of kind {kind} lie outside of 0 to {best}, most of {{largest}}; map "
            f"score to that scale, such as score / 10"
        )
        yield from weighed(engine, ("outside_scale", "surveys", words), offending, answers, settings.outside_scale)


def unknown_kinds(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, Rows], settings: Coherence
) -> Iterator[Finding]:
    """Rows of a kind that nothing is read from: they look taken in, and no feature ever sees them."""
    for name in (table for table in schemas.TABLES if table in tables):
        for column in (one for one in schemas.TABLES[name].columns if one.kinds):
            rows, known = tables[name].query, ", ".join(sql.text(kind) for kind in column.kinds)
            # Named is the kind, and not the customer, of which there are most.
            offending = f"SELECT {column.name} AS customer_id FROM {rows} WHERE {column.name} NOT IN ({known})"
            words = (
                f"{name}: {{count}} of {{of}} rows are of another {column.name} than {_one_of(column.kinds)}, most of "
                f"{{largest}}; nothing is read from them, so map {column.name} to these words"
            )
            finding = ("unknown_kinds", name, words)
            yield from weighed(engine, finding, offending, f"SELECT 1 FROM {rows}", settings.unknown_kinds)


def _one_of(words: Sequence[str]) -> str:
    """The words with `or` before the last.

    >>> _one_of(["earn", "spend", "expire"])
    'earn, spend or expire'
    """
    return f"{', '.join(words[:-1])} or {words[-1]}"


def never_settled(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, Rows], settings: Coherence
) -> Iterator[Finding]:
    """Requests and promises of which nothing ever comes: their column is mapped, and nobody fills it in."""
    for name in (table for table in SETTLED if table in tables):
        rows, day = tables[name].query, day_of(name)
        is_old = f"{day} <= (SELECT max({day}) FROM {rows}) - {OLD_DAYS}"
        for column, own in SETTLED[name].items():
            if column not in tables[name].columns:
                continue
            old = f"SELECT customer_id, {column} FROM {rows} WHERE {is_old}"
            words = (
                f"{name}: {{count}} of {{of}} rows older than {OLD_DAYS} days have no {own}, most of {{largest}}; all "
                f"of them count as open, so leave it out of sources.{name}.columns while nobody fills it in"
            )
            offending = f"SELECT customer_id FROM ({old}) WHERE {column} IS NULL"
            findings = weighed(engine, ("never_settled", name, words), offending, old, settings.never_settled)
            yield from (finding for finding in findings if finding.of >= MIN_OLD_ROWS)
