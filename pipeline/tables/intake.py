"""From a raw source to a canonical table, as a query: every value is read as text, judged, and typed.

A row that breaks a rule keeps its raw values and the name of the first rule it broke; nothing is dropped in silence.
"""

from functools import partial

from pipeline import sql
from pipeline.config.params import Data, Source
from pipeline.sources import ids, number_evidence, truths
from pipeline.tables import computed, dates, numbers, rounded_ids, schemas
from pipeline.tables.buckets import CUSTOMER_KEY_SQL, FIRST_HALF_SQL, SECOND_HALF_SQL
from pipeline.tables.forgotten import Forgotten
from pipeline.tables.rejected_rows import other_currency
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
# Not a rule that a row breaks: the row does not count, by the `where` of its source.
LEFT_OUT = "left out by where"
# The same of a row without a customer, where `data.anonymous` says that these are dropped.
ANONYMOUS = "without a customer"
NO_RULE = f"({sql.text(LEFT_OUT)}, {sql.text(ANONYMOUS)})"
YEARS = "DATE '1900-01-01' AND DATE '2199-12-31'"
# Whole minor units beyond this are no price; sums over a life of a customer must stay whole too.
LARGEST_AMOUNT = 10**15


# Types of a database or a Parquet file whose values are what they are: no blanks, no words for nothing, no rounding.
WHOLE = {f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")}
PLAIN = WHOLE | {"DATE", "TIMESTAMP"}


def validated_query(
    table: Table, source: Source, raw: str, types: dict[str, str], data: Data, forgotten: Forgotten
) -> str:
    """Read a raw source as rows of a canonical table; rows of who is forgotten are left out, refused ones too.

    Returns
    -------
    str
        A query with the stored columns of the table, ``customer_key``, ``row_low`` and ``row_high`` (128 bits that are
        equal where all mapped columns hold the same values), ``row_rest`` (64 bits of the columns nobody mapped),
        ``has_id`` (whether the transaction has an id of its own), ``is_timed`` (whether its moment is no midnight),
        ``rounded`` (which ids look rounded, as bits), ``rule`` (the first rule broken, null for a good row), ``raw``
        (the texts as found, of refused rows and of those, as JSON), ``marks`` (what the numbers of the row say of the
        decimal mark, as bits) and ``__source_file__``.
    """
    raw, types = computed.with_computed(raw, source, types, data)
    mapped = [column for column in table.columns if column.name in source.columns]
    own = "".join(f", {name}" for name in (computed.COUNTS_COLUMN, computed.MARKS_COLUMN) if name in types)
    texts = ", ".join(_text(column, source.columns[column.name], types, data) for column in mapped)
    read = [column for column in mapped if numbers.are_read(column, source, types)]
    moments = "".join(f", {_moment(column, source, data, types)}" for column in mapped if column.kind == "day")
    moments += "".join(
        f", {numbers.plain(_raw(column), source, column.kind, data.currency)} AS {_name_plain(column)}"
        for column in read
    )
    typed = ", ".join(f"{_typed(column, source, data, types)} AS {sql.name(column.stored)}" for column in mapped)
    fields = ", ".join(f"{sql.text(column.name)}: {_raw(column)}" for column in mapped)
    rule, rounded = _rule(mapped, data, types), _rounded(table, mapped, source, types)
    stored = [sql.name(column.stored) for column in mapped if column.name != "transaction_id"]
    if table.name == "transactions":
        given = _raw(schemas.TRANSACTIONS.columns[1]) if "transaction_id" in source.columns else "NULL"
        stored.append(f"coalesce({given}, substr(md5(row_text), 1, 16)) AS transaction_id")
    else:
        given = "NULL"
    columns = ", ".join(stored)
    return f"""
        WITH texts AS (SELECT {texts}, {_rest(source, types)} AS rest_text, __source_file__{own} FROM ({raw})),
        moments AS (SELECT *{moments} FROM texts),
        typed AS (SELECT *, {typed} FROM moments),
        judged AS (SELECT *, {rule} AS rule, {_row(mapped, source, types)} AS row_text FROM typed)
        SELECT {columns}, {CUSTOMER_KEY_SQL.format(id="customer_id")} AS customer_key,
            {SECOND_HALF_SQL.format(text="row_text")} AS row_low, {FIRST_HALF_SQL.format(text="row_text")} AS row_high,
            {SECOND_HALF_SQL.format(text="rest_text")} AS row_rest, {given} IS NOT NULL AS has_id,
            {_timed(mapped, source, types)} AS is_timed, {_marks(read, source, types)} AS marks,
            {rounded} AS {rounded_ids.COLUMN}, rule,
            CASE WHEN rule IS NOT NULL OR {rounded_ids.COLUMN} > 0 THEN to_json({{{fields}}})::VARCHAR END AS raw,
            __source_file__
        FROM judged WHERE {forgotten.others("customer_id")}"""


def _timed(columns: list[Column], source: Source, types: dict[str, str]) -> str:
    when = next((column for column in columns if column.kind == "day" and column.required), None)
    if when is None:
        return "false"
    names = (_raw(when), _name_typed(when), _name_moment(when))
    return dates.is_timed_query(names, types.get(source.columns[when.name]), source.ts_format)


def _marks(columns: list[Column], source: Source, types: dict[str, str]) -> str:
    """What the numbers of a row say of the decimal mark; nothing where the settings say it."""
    bits = [number_evidence.evidence_query(_raw(column)) for column in columns] if not source.has_marks else []
    bits += [computed.MARKS_COLUMN] if computed.MARKS_COLUMN in types else []
    return f"CAST({' | '.join(f'({one})' for one in bits) or 0} AS UTINYINT)"


def _row(columns: list[Column], source: Source, types: dict[str, str]) -> str:
    """A row as one text that is the same whatever carried it: a file that says 10.50, a database that says 10.5."""
    values = ", ".join(f"coalesce(CAST({_same(column, source, types)} AS VARCHAR), chr(30))" for column in columns)
    return f"concat_ws(chr(31), {values})"


def _same(column: Column, source: Source, types: dict[str, str]) -> str:
    """What is equal for equal values: the moment, not its day; every digit, not the rounded amount."""
    if column.kind == "day":
        return f"coalesce(CAST(epoch_us({_name_moment(column)}) AS VARCHAR), CAST({_name_day(column)} AS VARCHAR))"
    if column.kind in {"money", "decimal"}:
        return numbers.every_digit(partial(_number, column, source, types))
    return sql.name(column.stored)


def _rest(source: Source, types: dict[str, str]) -> str:
    """What nobody mapped, as found: rows that differ only there (a line number, a coupon) are two rows."""
    left = sorted(set(types) - set(source.columns.values()) - computed.OWN_COLUMNS)
    values = [f"coalesce(CAST({sql.name(column)} AS VARCHAR), chr(30))" for column in left]
    return f"concat_ws(chr(31), {', '.join(values)})" if values else "''"


def _raw(column: Column) -> str:
    return sql.name(f"{column.name} raw")


def _name_typed(column: Column) -> str:
    return sql.name(f"{column.name} typed")


def _case(column: Column, data: Data) -> ids.Case:
    return data.customer_ids if column.name == "customer_id" else "exact"


def _text(column: Column, source_column: str, types: dict[str, str], data: Data) -> str:
    if types.get(source_column) in PLAIN:
        typed = sql.name(source_column)
        as_typed = f", {typed} AS {_name_typed(column)}" if column.kind == "day" else ""
        return f"CAST({typed} AS VARCHAR) AS {_raw(column)}{as_typed}"
    if types.get(source_column) in numbers.FLOATING and column.kind in numbers.NUMBERS:
        typed = sql.name(source_column)
        return f"CASE WHEN NOT isnan({typed}) THEN CAST({typed} AS VARCHAR) END AS {_raw(column)}"
    value = f"trim(CAST({sql.name(source_column)} AS VARCHAR))"
    if column.kind == "id":
        value = ids.id_query(f"CAST({sql.name(source_column)} AS VARCHAR)", _case(column, data))
    if types.get(source_column) == "TIMESTAMP WITH TIME ZONE":
        value = f"strftime({sql.name(source_column)}, '%Y-%m-%d %H:%M:%S.%f') || '+00'"
    if column.kind == "day" and not column.required:
        value = f"CASE WHEN NOT {dates.is_open_query(value)} THEN {value} END"
    nothing = NOTHING if column.kind in {"id", "text"} else NOTHING_BUT_IN_TEXT
    listed = ", ".join(sql.text(word) for word in nothing)
    return f"CASE WHEN lower({value}) NOT IN ({listed}) THEN {value} END AS {_raw(column)}"


def _typed(column: Column, source: Source, data: Data, types: dict[str, str]) -> str:
    raw = _raw(column)
    if column.kind in {"id", "text"}:
        return f"lower({raw})" if column.kinds else raw
    if column.kind == "day":
        moment = f"CAST(timezone({sql.text(data.timezone)}, {_name_moment(column)}) AS DATE)"
        day = f"coalesce({_name_day(column)}, {moment})"
        span = f"DATE '{dates.FIRST_DAY}' AND DATE '{dates.LAST_DAY}'"
        return day if column.required else f"CASE WHEN {day} BETWEEN {span} THEN {day} END"
    if column.kind == "money":
        return numbers.minor_units(partial(_number, column, source, types), data.minor_digits)
    if column.kind == "flag":
        return truths.query(raw)
    number = _number(column, source, types, column.sql_type)
    return f"CASE WHEN isfinite({number}) THEN {number} END" if column.kind == "number" else number


def _number(column: Column, source: Source, types: dict[str, str], sql_type: str) -> str:
    """A number, or nothing."""
    plain = _name_plain(column) if numbers.are_read(column, source, types) else None
    return numbers.cast(_raw(column), plain, source, sql_type)


def _name_plain(column: Column) -> str:
    return sql.name(f"{column.name} plain")


def _name_moment(column: Column) -> str:
    return sql.name(f"{column.name} at")


def _name_day(column: Column) -> str:
    return sql.name(f"{column.name} on")


def _moment(column: Column, source: Source, data: Data, types: dict[str, str]) -> str:
    """Two columns: the moment a timestamp names, with its own zone or that of its source, and a day without a time.

    A date without a time of day is a business day already, whatever the zone of the source.
    """
    zone = sql.text(source.timezone if source.timezone and column.name.endswith("ts") else data.timezone)
    kind, typed = types.get(source.columns[column.name]), _name_typed(column)
    if source.ts_format is not None:
        moment, on = dates.by_format(_raw(column), source.ts_format, zone)
    elif kind == "TIMESTAMP":
        moment, on = f"CASE WHEN isfinite({typed}) THEN timezone({zone}, {typed}) END", "NULL::DATE"
    elif kind == "DATE":
        moment, on = "NULL::TIMESTAMPTZ", f"CASE WHEN isfinite({typed}) THEN {typed} END"
    else:
        moment, on = dates.by_its_looks(_raw(column), zone)
    return f"{moment} AS {_name_moment(column)}, {on} AS {_name_day(column)}"


def _rounded(table: Table, mapped: list[Column], source: Source, types: dict[str, str]) -> str:
    """Which ids look like numbers that a spreadsheet rounded; whole numbers of a type are what they are."""
    texts = {
        column.name: _raw(column) if column in mapped and types.get(source.columns[column.name]) not in WHOLE else ""
        for column in table.columns
        if column.kind == "id"
    }
    return rounded_ids.bits_query(texts)


def _rule(columns: list[Column], data: Data, types: dict[str, str]) -> str:
    cases = [case for column in columns for case in _cases(column, data)]
    if data.anonymous == "drop":
        cases.insert(0, (f"{_raw(schemas.CUSTOMER_ID)} IS NULL", ANONYMOUS))
    if computed.COUNTS_COLUMN in types:
        # First: what is wrong with a row that does not count does not matter.
        cases.insert(0, (f"NOT {computed.COUNTS_COLUMN}", LEFT_OUT))
    return f"CASE {' '.join(f'WHEN {test} THEN {sql.text(rule)}' for test, rule in cases)} END"


def _cases(column: Column, data: Data) -> list[tuple[str, str]]:
    """Each way a value can be refused: the test, and the name of the rule it breaks."""
    raw, typed, name = _raw(column), sql.name(column.stored), column.name
    unreadable = f"{raw} IS NOT NULL AND {typed} IS NULL"
    if column.kind == "day" and not column.required:
        # A day so far away that it stands for none is no mistake.
        unreadable = f"{raw} IS NOT NULL AND {_name_day(column)} IS NULL AND {_name_moment(column)} IS NULL"
    possible = [
        (column.required, f"{raw} IS NULL", f"{name} is missing"),
        (column.kind in KIND_WORDS, unreadable, f"{name} is not {KIND_WORDS.get(column.kind)}"),
        (column.kind == "day" and column.required, f"{typed} NOT BETWEEN {YEARS}", f"{name} is no year"),
        (column.kind == "money", f"abs({typed}) > {LARGEST_AMOUNT}", f"{name} is too large"),
        (name == "currency", f"upper({raw}) <> {sql.text(data.currency)}", other_currency(data.currency)),
        (column.not_negative, f"{typed} < 0", f"{name} is negative"),
    ]
    return [(test, rule) for holds, test, rule in possible if holds]
