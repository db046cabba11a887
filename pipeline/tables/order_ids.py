"""Whether what is taken for the id of an order names an order: neither the customer, nor all who bought on a day."""

from collections.abc import Iterator

import duckdb

from pipeline.config.params import Source

# Share of the customers who bought on several days, or of the ids of a day, from which on an id means something else.
MIN_SHARE = 0.9
# So many of them have to be there.
MIN_CASES = 20


def describe(engine: duckdb.DuckDBPyConnection, source: Source, rows: str) -> Iterator[str]:
    """What speaks against the order ids of transactions, a line each.

    Parameters
    ----------
    engine
        Runs the queries.
    source
        What the column is called.
    rows
        Good rows of transactions, as a table expression.
    """
    if "transaction_id" not in source.columns:
        return
    name = f"sources.transactions: transaction_id ({source.columns['transaction_id']})"
    own = "SELECT min(transaction_id) AS low, max(transaction_id) AS high, min(day) <> max(day) AS is_often"
    customers, alike = _share(engine, f"{own} FROM {rows} GROUP BY customer_key", "low = high", "is_often")
    if customers >= MIN_CASES and alike >= MIN_SHARE:
        yield (
            f"WARNING {name} is one and the same on all days of {alike:.0%} of the {customers:,} customers who bought "
            "on several days: it names the customer, not the order; map the number of the order, or leave it out"
        )
    shared = "SELECT min(customer_key) <> max(customer_key) AS is_shared"
    ids, often = _share(engine, f"{shared} FROM {rows} GROUP BY transaction_id, day", "is_shared", "true")
    if ids >= MIN_CASES and often >= MIN_SHARE:
        yield (
            f"WARNING {name} is shared by several customers on one day, {often:.0%} of its {ids:,} values: it names "
            "a day, a store or a product, not the order; map the number of the order, or leave it out"
        )


def _share(engine: duckdb.DuckDBPyConnection, grouped: str, test: str, of: str) -> tuple[int, float]:
    """How many groups there are, and for which share of them a test holds."""
    row = engine.execute(
        f"SELECT count(*) FILTER ({of}), coalesce(avg(({test})::INT) FILTER ({of}), 0) FROM ({grouped})"
    ).fetchone()
    assert row is not None, "an aggregate has one row"
    return int(row[0]), float(row[1])
