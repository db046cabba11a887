"""From a raw source to a canonical table, as a query: every value is read as text, judged, and typed.

A row that breaks a rule keeps its raw values and the name of the first rule it broke; nothing is dropped in silence.
"""

import re

from pipeline import sql
from pipeline.params import Data, Source
from pipeline.tables import schemas
from pipeline.tables.buckets import CUSTOMER_KEY_SQL
from pipeline.tables.schemas import Column, Table

NOTHING = ("", "nan", "null", "none")
NOTHING_BUT_IN_TEXT = (*NOTHING, "nat", "na", "n/a", "<na>")
KIND_WORDS = {
    "day": "a date",
    "money": "an amount",
    "decimal": "a number",
    "integer": "a whole number",
    "number": "a number",
    "flag": "true or false",
}
# A spreadsheet shows 10329300000000000000 as 1.03293E+19 and saves what it shows: different customers become one.
SPREADSHEET_NUMBER = r"\d(\.\d+)?[eE]\+?\d+"
# ISO 8601 days and timestamps; a zone is Z, UTC, GMT, +02:00, +0200 or +02. Anything else is refused, not guessed.
DAY_ONLY = r"\d{4}-\d{1,2}-\d{1,2}"
CLOCK = DAY_ONLY + r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
ZONE = r"\s*(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?)"
CLOCK_DIRECTIVE = r"%-?[HIcsfgnXT]"
# 1.234,50 or 1234,50: a dot is a mark of thousands only between groups of three.
DECIMAL_COMMA = r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?"
# Whole minor units beyond this are no price; sums over a life of a customer must stay whole too.
LARGEST_AMOUNT = 10**15


def judged_query(table: Table, source: Source, raw: str, types: dict[str, str], data: Data) -> str:
    """Read a raw source as rows of a canonical table.

    Returns
    -------
    str
        A query with the stored columns of the table, ``customer_key``, ``row_low`` and ``row_high`` (128 bits that are
        equal for exact duplicates), ``rule`` (the first rule broken, null for a good row), ``raw`` (the texts as
        found, of refused rows only) and ``__source_file__``.
    """
    mapped = [column for column in table.columns if column.name in source.columns]
    texts = ", ".join(_text(column, source.columns[column.name], types) for column in mapped)
    typed = ", ".join(f"{_typed(column, source, data, types)} AS {sql.name(column.stored)}" for column in mapped)
    fields = ", ".join(f"{sql.text(column.name)}: {_raw(column)}" for column in mapped)
    # Two rows that differ in a column nobody mapped (a line number, a coupon) are two rows, so all columns count.
    found = sorted(column for column in types if column != "__source_file__")
    written = ", ".join(f"coalesce(CAST({sql.name(column)} AS VARCHAR), chr(30))" for column in found)
    row = f"concat_ws(chr(31), {written})"
    stored = [sql.name(column.stored) for column in mapped if column.name != "transaction_id"]
    if table.name == "transactions":
        given = _raw(schemas.TRANSACTIONS.columns[1]) if "transaction_id" in source.columns else "NULL"
        stored.append(f"coalesce({given}, substr(md5(row_text), 1, 16)) AS transaction_id")
    columns = ", ".join(stored)
    return f"""
        WITH texts AS (SELECT {texts}, {row} AS row_text, __source_file__ FROM ({raw})),
        typed AS (SELECT *, {typed} FROM texts),
        judged AS (SELECT *, {_rule(mapped, data)} AS rule FROM typed)
        SELECT {columns}, {CUSTOMER_KEY_SQL.format(id="customer_id")} AS customer_key,
            md5_number_lower(row_text) AS row_low, md5_number_upper(row_text) AS row_high,
            rule, CASE WHEN rule IS NOT NULL THEN {{{fields}}} END AS raw, __source_file__
        FROM judged"""


def _raw(column: Column) -> str:
    return sql.name(f"{column.name} raw")


def _text(column: Column, found_as: str, types: dict[str, str]) -> str:
    value = f"trim(CAST({sql.name(found_as)} AS VARCHAR))"
    if column.kind == "id":
        # An integer column with a hole in it is often saved as 900.0, also in CSV.
        value = f"regexp_replace({value}, '^(\\d+)\\.0$', '\\1')"
    if types.get(found_as) == "TIMESTAMP WITH TIME ZONE":
        value = f"strftime({sql.name(found_as)}, '%Y-%m-%d %H:%M:%S.%f') || '+00'"
    nothing = NOTHING if column.kind in {"id", "text"} else NOTHING_BUT_IN_TEXT
    listed = ", ".join(sql.text(word) for word in nothing)
    return f"CASE WHEN lower({value}) NOT IN ({listed}) THEN {value} END AS {_raw(column)}"


def _typed(column: Column, source: Source, data: Data, types: dict[str, str]) -> str:
    raw = _raw(column)
    if column.kind in {"id", "text"}:
        return raw
    if column.kind == "day":
        return _business_day(column, source, data)
    number = raw
    if source.decimal == "," and types[source.columns[column.name]] == "VARCHAR":
        plain = f"replace(replace({raw}, '.', ''), ',', '.')"
        number = f"CASE WHEN regexp_full_match({raw}, {sql.text(DECIMAL_COMMA)}) THEN {plain} END"
    if column.kind == "money":
        return f"TRY_CAST(round(TRY_CAST({number} AS DECIMAL(24,6)) * {10**data.minor_digits}) AS BIGINT)"
    if column.kind == "flag":
        return f"TRY_CAST(CASE lower({raw}) WHEN 'yes' THEN 'true' WHEN 'no' THEN 'false' ELSE {raw} END AS BOOLEAN)"
    if column.kind == "number":
        return f"CASE WHEN isfinite(TRY_CAST({number} AS DOUBLE)) THEN TRY_CAST({number} AS DOUBLE) END"
    return f"TRY_CAST({number} AS {column.sql_type})"


def _business_day(column: Column, source: Source, data: Data) -> str:
    """A timestamp with a zone, or without one in the zone of its source, as a calendar day of the business.

    A date without a time of day is a business day already, whatever the zone of the source.
    """
    raw, business = _raw(column), sql.text(data.timezone)
    is_day_already = not column.name.endswith("ts")
    written_in = business if is_day_already else sql.text(source.timezone or data.timezone)

    def local(timestamp: str) -> str:
        if written_in == business:
            return f"CAST({timestamp} AS DATE)"
        return f"CAST(timezone({business}, timezone({written_in}, {timestamp})) AS DATE)"

    if source.ts_format is not None:
        parsed = f"TRY_STRPTIME({raw}, {sql.text(source.ts_format)})"
        if "%z" in source.ts_format or "%Z" in source.ts_format:
            return f"CAST(timezone({business}, {parsed}) AS DATE)"
        return local(parsed) if re.search(CLOCK_DIRECTIVE, source.ts_format) else f"CAST({parsed} AS DATE)"
    with_z = f"regexp_replace({raw}, '\\s*(UTC|GMT|z)$', 'Z')"
    instant = f"TRY_CAST(regexp_replace({with_z}, '\\s+([+-])', '\\1') AS TIMESTAMPTZ)"
    zoned = f"CAST(timezone({business}, {instant}) AS DATE)"
    return f"""CASE
        WHEN regexp_full_match({raw}, {sql.text(DAY_ONLY)}) THEN TRY_CAST({raw} AS DATE)
        WHEN regexp_full_match({raw}, {sql.text(CLOCK)}) THEN {local(f"TRY_CAST({raw} AS TIMESTAMP)")}
        WHEN regexp_full_match({raw}, {sql.text(CLOCK + ZONE)}) THEN {zoned} END"""


def _rule(columns: list[Column], data: Data) -> str:
    cases = [case for column in columns for case in _cases(column, data)]
    return f"CASE {' '.join(f'WHEN {test} THEN {sql.text(rule)}' for test, rule in cases)} END"


def _cases(column: Column, data: Data) -> list[tuple[str, str]]:
    """Each way a value can be refused: the test, and the name of the rule it breaks."""
    raw, typed, name = _raw(column), sql.name(column.stored), column.name
    unreadable = f"{raw} IS NOT NULL AND {typed} IS NULL"
    possible = [
        (column.required, f"{raw} IS NULL", f"{name} is missing"),
        (column.kind == "id", f"regexp_full_match({raw}, '{SPREADSHEET_NUMBER}')", f"{name} is a rounded number"),
        (column.kind in KIND_WORDS, unreadable, f"{name} is not {KIND_WORDS.get(column.kind)}"),
        (column.kind == "day", f"{typed} NOT BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'", f"{name} is no year"),
        (column.kind == "money", f"abs({typed}) > {LARGEST_AMOUNT}", f"{name} is too large"),
        (name == "currency", f"upper({raw}) <> {sql.text(data.currency)}", f"currency is not {data.currency}"),
        (column.not_negative, f"{typed} < 0", f"{name} is negative"),
    ]
    return [(test, rule) for holds, test, rule in possible if holds]
