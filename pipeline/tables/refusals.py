"""When too much of a source is refused: by rows, by the money in them, and by the customers of whom nothing is left."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline import sql
from pipeline.config.errors import BadData
from pipeline.config.params import Data, Source
from pipeline.sources import Raw, number_formats
from pipeline.tables import computed, dates, intake, numbers
from pipeline.tables.loading import Staged
from pipeline.tables.rejected_rows import other_currency
from pipeline.tables.schemas import Table

# Refused values that are looked at for a hint.
LOOKED_AT = 200


@dataclass(frozen=True)
class Weight:
    """What the refused rows of transactions weigh.

    Attributes
    ----------
    amount, all_amounts
        Minor units in the refused rows as far as they can be read, and in all rows; refunds count as much as purchases.
    customers, all_customers
        Customers of whom every row was refused, and all.
    biggest
        The largest refused amount as it is written, with its customer and the rule it broke; empty if there is none.
    """

    amount: int = 0
    all_amounts: int = 0
    customers: int = 0
    all_customers: int = 0
    biggest: str = ""


def weigh(engine: duckdb.DuckDBPyConnection, table: Table, staged: Staged, data: Data) -> Weight:
    """What the refused rows weigh; nothing for a table that holds no amounts.

    Amounts in another currency, and those too large to be any, say nothing about the money that is lost.
    """
    if table.name != "transactions" or not staged.files:
        return Weight()
    source = sql.parquet(staged.files)
    apart = (other_currency(data.currency), "amount is too large")
    lost = f"""
        SELECT customer_key, customer_id, raw ->> '$.amount' AS written, rule, CASE WHEN rule NOT IN {apart}
            THEN coalesce(abs(amount_minor), {_loose("written", data.minor_digits)}) END AS amount
        FROM {source} WHERE rule NOT IN {intake.NO_RULE}"""
    row = engine.execute(f"""
        WITH lost AS MATERIALIZED ({lost}),
        good AS (SELECT customer_key, amount_minor FROM {source} WHERE rule IS NULL),
        gone AS (SELECT DISTINCT customer_key FROM lost WHERE customer_id IS NOT NULL)
        SELECT coalesce((SELECT sum(amount) FROM lost WHERE amount <= {intake.LARGEST_AMOUNT}), 0),
            coalesce((SELECT sum(abs(amount_minor)) FROM good), 0),
            (SELECT count(*) FROM gone ANTI JOIN good USING (customer_key)),
            (SELECT count(DISTINCT customer_key) FROM {source} WHERE customer_id IS NOT NULL),
            (SELECT first({{'value': written, 'who': customer_id, 'rule': rule}}
                ORDER BY amount DESC, written, customer_id) FROM lost WHERE amount IS NOT NULL)""").fetchone()
    assert row is not None, "an aggregate has one row"
    refused, good, gone, customers, biggest = row
    words = f"{biggest['value']!r} of {biggest['who'] or 'nobody'} ({biggest['rule']})" if biggest else ""
    return Weight(int(refused), int(refused) + int(good), gone, customers, words)


def _loose(raw: str, minor_digits: int) -> str:
    """About how many minor units a text means that nobody can read for sure: one or two last digits are decimals."""
    digits = f"regexp_replace({number_formats.canonical_query(raw)}, '[^0-9.,]', '', 'g')"
    whole = "TRY_CAST(regexp_replace(marked, '[.,]', '', 'g') AS DOUBLE)"
    behind = "length(regexp_extract(marked, '[.,](\\d{1,2})$', 1))"
    return f"list_transform([{digits}], lambda marked: round({whole} * 10 ** ({minor_digits} - {behind})))[1]"


def refuse_if_unclear(
    engine: duckdb.DuckDBPyConnection, table: Table, source: Source, raw: Raw, staged: Staged
) -> None:
    """Refuse numbers that can be read in two ways; see `numbers.refuse_if_open`."""
    mapped = [column for column in table.columns if column.name in source.columns]
    written = {c.name: source.columns[c.name] for c in mapped if numbers.are_read(c, source, raw.types)}
    written |= {name: name for name in computed.number_columns(source, raw.types)}
    where, rows = f"sources.{table.name}: {raw.description}", sql.parquet(staged.files)
    numbers.refuse_if_open(engine, where, source, rows, (raw.query, written))


def refuse_if_too_many(
    engine: duckdb.DuckDBPyConnection,
    table: Table,
    staged: Staged,
    by_rule: dict[str, int],
    settings: tuple[Source, Data],
    kept: Path,
) -> Weight:
    """Stop when more of a source was refused than `data.max_rejected_share` allows, or nothing is left.

    Returns
    -------
    Weight
        What was refused and is allowed to be.
    """
    where, (source, data) = f"sources.{table.name}", settings
    rejected = sum(by_rule.values())
    if staged.read == 0 and table.name == "transactions":
        raise BadData(f"{where}: {staged.description} has no rows; export it again")
    weight = weigh(engine, table, staged, data) if rejected else Weight()
    reason = _too_much(rejected, staged.read, weight, data)
    if not reason:
        return weight
    rule, count = max(by_rule.items(), key=lambda item: item[1])
    values = _examples(engine, staged, rule)
    hint = (
        dates.hint(where, rule, values)
        or numbers.hint(where, rule, values, source, data.currency)
        or f"correct the mapping, or see {kept}: every refused row, with its rule"
    )
    biggest = f", the largest amount {weight.biggest}" if weight.biggest and 2 * rejected < staged.read else ""
    raise BadData(
        f"{where}: {reason}, {count:,} because {rule}{f', such as {values[0]!r}' if values else ''}{biggest}; {hint}"
    )


def _too_much(rejected: int, read: int, weight: Weight, data: Data) -> str:
    """Which share is too large, in words; empty if none is."""
    limit = f"data.max_rejected_share allows {data.max_rejected_share:.1%}"
    if rejected > data.max_rejected_share * read:
        return f"{rejected:,} of {read:,} rows refused ({rejected / read:.1%}; {limit})"
    if weight.amount > data.max_rejected_share * weight.all_amounts:
        share = weight.amount / weight.all_amounts
        return f"{rejected:,} of {read:,} rows refused, and with them {share:.1%} of all money ({limit})"
    if weight.customers > data.max_rejected_share * weight.all_customers:
        lost = f"{weight.customers:,} of {weight.all_customers:,} customers"
        return f"{rejected:,} of {read:,} rows refused, and with them all rows of {lost} ({limit})"
    return ""


def _examples(engine: duckdb.DuckDBPyConnection, staged: Staged, rule: str) -> list[str]:
    rows = engine.execute(
        f"SELECT DISTINCT raw ->> ? FROM {sql.parquet(staged.files)} WHERE rule = ? ORDER BY ALL LIMIT {LOOKED_AT}",
        [f"$.{rule.split(' ')[0]}", rule],
    ).fetchall()
    return [str(value) for (value,) in rows if value is not None]
