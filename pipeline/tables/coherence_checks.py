"""What of the tables does not agree with another one: a check each, as queries over their good rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb

from pipeline import sql
from pipeline.config.params import Coherence, CoherenceCheck
from pipeline.tables import schemas

# What customers do besides buying, and of it what needs a contract.
ACTS, USES = ("events", "tickets", "surveys", "loyalty"), ("events", "tickets")
# Somebody whose contracts are over may still settle a bill.
SETTLING_DAYS = 30
# Of about so many orders the median number of a customer's orders is taken, all of them of the same customers.
LOOKED_AT = 100_000
NEVER = "DATE '9999-12-31'"


@dataclass(frozen=True)
class Rows:
    """The good rows of a table.

    Attributes
    ----------
    query
        The rows, as a table expression.
    columns
        The stored columns there are.
    """

    query: str
    columns: frozenset[str]


@dataclass(frozen=True)
class Finding:
    """Something on which two tables do not agree.

    Attributes
    ----------
    check
        The setting that it is held against: a field of `Coherence`.
    table
        The table whose rows are counted.
    count, of
        How many there are, and of how many.
    words
        The same in words, with the largest.
    is_much
        Whether it is more than the setting allows.
    """

    check: str
    table: str
    count: int
    of: int
    words: str
    is_much: bool


def before_signup(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, Rows], settings: Coherence
) -> Iterator[Finding]:
    """What customers did before the day on which they became customers."""
    if "customers" not in tables or "signup_day" not in tables["customers"].columns:
        return
    first = f"(SELECT customer_key, min(signup_day) AS signup_day FROM {tables['customers'].query} GROUP BY ALL)"
    for name in (table for table in ACTS if table in tables):
        rows = f"{tables[name].query} JOIN {first} USING (customer_key)"
        offending = f"SELECT customer_id FROM {rows} WHERE {day_of(name)} < signup_day"
        words = f"{name}: {{count}} of {{of}} rows are older than their customer's signup_day, most of {{largest}}"
        yield from weighed(
            engine, ("before_signup", name, words), offending, f"SELECT 1 FROM {rows}", settings.before_signup
        )


def outside_contract(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, Rows], settings: Coherence
) -> Iterator[Finding]:
    """What happens before the first contract, or between two; what comes after the last one is a case of its own."""
    if "subscriptions" not in tables:
        return
    contracts = _contracts(tables["subscriptions"])
    for name in (table for table in USES if table in tables):
        rows = f"SELECT * FROM {tables[name].query} JOIN {_ends(contracts)} USING (customer_key)"
        offending = f"""
            SELECT customer_id FROM ({rows}) used WHERE {day_of(name)} <= over_day AND NOT EXISTS (
                SELECT 1 FROM {contracts} c WHERE c.customer_key = used.customer_key
                AND {day_of(name)} BETWEEN start_day AND last_day)"""
        words = (
            f"{name}: {{count}} of {{of}} rows of customers with contracts lie outside of these, most of {{largest}}"
        )
        yield from weighed(engine, ("outside_contract", name, words), offending, rows, settings.outside_contract)


def turned_contracts(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, Rows], settings: Coherence
) -> Iterator[Finding]:
    """Contracts that are over before they begin."""
    if "subscriptions" not in tables:
        return
    contracts = _contracts(tables["subscriptions"])
    offending = f"SELECT customer_id FROM {contracts} WHERE last_day < start_day"
    words = "subscriptions: {count} of {of} contracts end or are cancelled before they start, most of {largest}"
    of = f"SELECT 1 FROM {contracts}"
    yield from weighed(engine, ("turned_contracts", "subscriptions", words), offending, of, settings.turned_contracts)


def active_after_end(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, Rows], settings: Coherence
) -> Iterator[Finding]:
    """Customers whose contracts are all over, and who go on as if they were not."""
    if "subscriptions" not in tables:
        return
    ended = f"SELECT customer_key FROM {_ends(_contracts(tables['subscriptions']))} WHERE over_day < {NEVER}"
    acts = " UNION ALL ".join(
        f"SELECT customer_key, customer_id, {day_of(name)} AS day FROM {tables[name].query}"
        for name in ("transactions", *USES) if name in tables
    )  # fmt: skip
    offending = f"""
        SELECT customer_id FROM ({acts}) JOIN {_ends(_contracts(tables["subscriptions"]))} USING (customer_key)
        WHERE over_day < {NEVER} AND day > over_day + {SETTLING_DAYS}"""
    words = (
        "subscriptions: {customers} of {of} customers whose contracts are over went on for more than "
        f"{SETTLING_DAYS} days, most of all {{largest}}"
    )
    yield from weighed(
        engine, ("active_after_end", "subscriptions", words), offending, ended, settings.active_after_end
    )


def unknown_customers(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, Rows], settings: Coherence
) -> Iterator[Finding]:
    """Rows of customers without a transaction: nobody is scored by them."""
    buyers = tables["transactions"].query
    for name in (table for table in tables if table not in {"transactions", "customers"}):
        offending = f"SELECT customer_id FROM {tables[name].query} ANTI JOIN {buyers} bought USING (customer_key)"
        words = f"{name}: {{count}} of {{of}} rows are of customers without a row in transactions, most of {{largest}}"
        is_outcome = name == "outcomes"
        check = "unknown_outcomes" if is_outcome else "unknown_customers"
        limit = settings.unknown_outcomes if is_outcome else settings.unknown_customers
        yield from weighed(engine, (check, name, words), offending, f"SELECT 1 FROM {tables[name].query}", limit)


def oversized(engine: duckdb.DuckDBPyConnection, tables: Mapping[str, Rows], settings: Coherence) -> Iterator[Finding]:
    """Customers with so many orders that they are a till, a wholesaler or a program."""
    rows, limit = tables["transactions"].query, settings.oversized_customers.limit
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE sizes AS SELECT customer_key, count(*) AS number FROM {rows} GROUP BY ALL"
    )
    number, of = engine.execute("SELECT coalesce(sum(number), 0), count(*) FROM sizes").fetchone() or (0, 0)
    orders = "SELECT customer_id, count(DISTINCT transaction_id) AS orders"
    sampled = f"WHERE customer_key % {max(1, int(number) // LOOKED_AT)} = 0 GROUP BY customer_key, customer_id"
    (median,) = engine.execute(
        f"SELECT coalesce(median(orders), 1) FROM ({orders} FROM {rows} {sampled})"
    ).fetchone() or (1,)
    is_large = f"customer_key IN (SELECT customer_key FROM sizes WHERE number >= {limit * median})"
    largest, most, count = engine.execute(
        f"SELECT first(customer_id ORDER BY orders DESC, customer_id), max(orders), count(*) FROM ("
        f"{orders} FROM {rows} WHERE {is_large} GROUP BY customer_id HAVING orders >= {limit * median})"
    ).fetchone() or (None, 0, 0)
    are = "customer has" if count == 1 else "customers have"
    words = (
        f"transactions: {count:,} {are} at least {limit:,g} times the median of {median:g} orders, most of all "
        f"{largest} with {most or 0:,}; is that a till, a wholesaler or a program?"
    )
    yield Finding("oversized_customers", "transactions", count, of, words, is_much=count > 0)


def weighed(
    engine: duckdb.DuckDBPyConnection, what: tuple[str, str, str], offending: str, of: str, limit: CoherenceCheck
) -> Iterator[Finding]:
    """What offends, counted by customer, beside all there is; words with ``{customers}`` count customers."""
    check, table, words = what
    row = engine.execute(f"""
        WITH by_customer AS (SELECT customer_id, count(*) AS number FROM ({offending}) GROUP BY customer_id)
        SELECT coalesce(sum(number), 0), count(*), first(customer_id ORDER BY number DESC, customer_id), max(number),
            (SELECT count(*) FROM ({of})) FROM by_customer""").fetchone()
    assert row is not None, "an aggregate has one row"
    number, customers, largest, most, total = row
    count = int(customers if "{customers}" in words else number)
    filled = words.format(
        count=f"{count:,}", customers=f"{count:,}", of=f"{total:,}", largest=f"{largest} ({most or 0:,})"
    )
    yield Finding(check, table, count, int(total), filled, count > limit.limit * total)


def ends_of(rows: Rows) -> list[str]:
    """The columns that say when a contract is over."""
    return sorted({"end_day", "cancel_day"} & rows.columns)


def day_of(table: str) -> str:
    """The column with the day on which a row of a table happened."""
    day = schemas.TABLES[table].sort_day
    assert day is not None, "every table that is asked for a day is dated"
    return sql.name(day)


def _contracts(rows: Rows) -> str:
    """A row per contract: its customer, its first day and its last one, which an open end does not have."""
    ends = ", ".join(ends_of(rows))
    last = f"least({ends})" if "," in ends else ends or "NULL::DATE"
    return (
        f"(SELECT DISTINCT customer_key, customer_id, start_day, coalesce({last}, {NEVER}) AS last_day "
        f"FROM {rows.query})"
    )


def _ends(contracts: str) -> str:
    """A row per customer: the day from which no contract runs any more."""
    return f"(SELECT customer_key, max(last_day) AS over_day FROM {contracts} GROUP BY customer_key)"
