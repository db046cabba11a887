"""From a raw source to a canonical table, as a query: every value is read as text, judged, and typed.

A row that breaks a rule keeps its raw values and the name of the first rule it broke; nothing is dropped in silence.
"""

from pipeline import sql
from pipeline.params import Data, Source
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
# A zone at the end of a timestamp: Z, +02:00, +0200 or +02 behind a time of day.
ENDS_WITH_ZONE = r".*\d{2}:\d{2}.*(Z|[+-]\d{2}(:?\d{2})?)"


def judged_query(table: Table, source: Source, raw: str, types: dict[str, str], data: Data) -> str:
    """Read a raw source as rows of a canonical table.

    Returns
    -------
    str
        A query with the stored columns of the table, ``customer_key``, ``row_low`` and ``row_high`` (128 bits that are
        equal for exact duplicates), ``rule`` (the first rule broken, null for a good row), ``raw`` (the texts as
        found, of refused rows only) and ``source_file``.
    """
    mapped = [column for column in table.columns if column.name in source.columns]
    texts = ", ".join(_text(column, source.columns[column.name], types) for column in mapped)
    typed = ", ".join(f"{_typed(column, source, data)} AS {sql.name(column.stored)}" for column in mapped)
    fields = ", ".join(f"{sql.text(column.name)}: {_raw(column)}" for column in mapped)
    # Two rows that differ in a column nobody mapped (a line number, a coupon) are two rows, so all columns count.
    found = sorted(column for column in types if column != "source_file")
    written = ", ".join(f"coalesce(CAST({sql.name(column)} AS VARCHAR), chr(30))" for column in found)
    row = f"concat_ws(chr(31), {written})"
    columns = ", ".join(sql.name(column.stored) for column in mapped)
    if table.name == "transactions" and "transaction_id" not in source.columns:
        columns += ", substr(md5(row_text), 1, 16) AS transaction_id"
    return f"""
        WITH texts AS (SELECT {texts}, {row} AS row_text, source_file FROM ({raw})),
        typed AS (SELECT *, {typed} FROM texts),
        judged AS (SELECT *, {_rule(mapped)} AS rule FROM typed)
        SELECT {columns}, {CUSTOMER_KEY_SQL.format(id="customer_id")} AS customer_key,
            md5_number_lower(row_text) AS row_low, md5_number_upper(row_text) AS row_high,
            rule, CASE WHEN rule IS NOT NULL THEN {{{fields}}} END AS raw, source_file
        FROM judged"""


def _raw(column: Column) -> str:
    return sql.name(f"{column.name} raw")


def _text(column: Column, found_as: str, types: dict[str, str]) -> str:
    value = f"trim(CAST({sql.name(found_as)} AS VARCHAR))"
    if column.kind == "id" and types.get(found_as) in {"DOUBLE", "FLOAT"}:
        # An integer column with a hole in it is often saved as 900.0.
        value = f"regexp_replace({value}, '\\.0$', '')"
    if types.get(found_as) == "TIMESTAMP WITH TIME ZONE":
        value = f"strftime({sql.name(found_as)}, '%Y-%m-%d %H:%M:%S.%f') || '+00'"
    nothing = NOTHING if column.kind in {"id", "text"} else NOTHING_BUT_IN_TEXT
    listed = ", ".join(sql.text(word) for word in nothing)
    return f"CASE WHEN lower({value}) NOT IN ({listed}) THEN {value} END AS {_raw(column)}"


def _typed(column: Column, source: Source, data: Data) -> str:
    raw = _raw(column)
    if column.kind in {"id", "text"}:
        return raw
    if column.kind == "day":
        return _business_day(raw, source, data)
    number = f"replace(replace({raw}, '.', ''), ',', '.')" if source.decimal == "," else raw
    if column.kind == "money":
        return f"TRY_CAST(round(TRY_CAST({number} AS DECIMAL(24,6)) * {10**data.minor_digits}) AS BIGINT)"
    if column.kind == "flag":
        return f"TRY_CAST(CASE lower({raw}) WHEN 'yes' THEN 'true' WHEN 'no' THEN 'false' ELSE {raw} END AS BOOLEAN)"
    if column.kind == "number":
        return f"CASE WHEN isfinite(TRY_CAST({number} AS DOUBLE)) THEN TRY_CAST({number} AS DOUBLE) END"
    return f"TRY_CAST({number} AS {column.sql_type})"


def _business_day(raw: str, source: Source, data: Data) -> str:
    """A timestamp with a zone, or without one in the zone of its source, as a calendar day of the business."""
    written_in, business = sql.text(source.timezone or data.timezone), sql.text(data.timezone)
    zoned = f"CAST(timezone({business}, {{instant}}) AS DATE)"
    if source.ts_format is not None:
        parsed = f"TRY_STRPTIME({raw}, {sql.text(source.ts_format)})"
        if "%z" in source.ts_format or "%Z" in source.ts_format:
            return zoned.format(instant=parsed)
        return (
            f"CAST({parsed} AS DATE)"
            if written_in == business
            else zoned.format(instant=f"timezone({written_in}, {parsed})")
        )
    plain = f"TRY_CAST({raw} AS TIMESTAMP)"
    local = (
        f"CAST({plain} AS DATE)" if written_in == business else zoned.format(instant=f"timezone({written_in}, {plain})")
    )
    with_zone = zoned.format(instant=f"TRY_CAST({raw} AS TIMESTAMPTZ)")
    return f"CASE WHEN regexp_full_match({raw}, {sql.text(ENDS_WITH_ZONE)}) THEN {with_zone} ELSE {local} END"


def _rule(columns: list[Column]) -> str:
    cases = []
    for column in columns:
        raw, typed = _raw(column), sql.name(column.stored)
        if column.required:
            cases.append((f"{raw} IS NULL", f"{column.name} is missing"))
        if column.kind == "id":
            cases.append((f"regexp_full_match({raw}, '{SPREADSHEET_NUMBER}')", f"{column.name} is a rounded number"))
        if column.kind in KIND_WORDS:
            cases.append((f"{raw} IS NOT NULL AND {typed} IS NULL", f"{column.name} is not {KIND_WORDS[column.kind]}"))
        if column.kind == "day":
            cases.append((f"{typed} NOT BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'", f"{column.name} is no year"))
        if column.not_negative:
            cases.append((f"{typed} < 0", f"{column.name} is negative"))
    return f"CASE {' '.join(f'WHEN {test} THEN {sql.text(rule)}' for test, rule in cases)} END"
