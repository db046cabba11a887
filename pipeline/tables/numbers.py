"""Numbers as people write them, as expressions of the query engine: one way for plain ones, and one for all others.

A plain number is cast as it stands, as fast as ever; only what cannot be cast so is taken apart by a pattern.
"""

from collections.abc import Callable

import duckdb

from pipeline import sql
from pipeline.config.errors import BadData
from pipeline.config.params import Source
from pipeline.sources import number_evidence, number_formats
from pipeline.sources.number_formats import NEGATIVE, PARTS, POSITIVE
from pipeline.tables.columns import Column, Kind

NUMBERS: set[Kind] = {"money", "decimal", "integer", "number"}
# Types of the engine whose values are numbers or none, and no texts that people write.
FLOATING = {"FLOAT", "DOUBLE"}
# 1.234,50 or 1234,50: a dot is a mark of thousands only between groups of three.
DECIMAL_COMMA = r"[+-]?([1-9]\d{0,2}(\.\d{3})+|\d+)(,\d+)?"


def plain(raw: str, source: Source, kind: Kind, currency: str) -> str:
    """A number as the engine casts it, of a text that it cannot cast; null where the text is no number.

    Parameters
    ----------
    raw
        The text.
    source
        Says its marks.
    kind
        An amount may stand beside the sign of its currency, another number may not.
    currency
        The company's; a sign of another one makes it no amount.
    """
    signs = number_formats.own_signs(currency) if kind == "money" else []
    pattern = number_formats.number_pattern(source.decimal_mark, source.group_marks, signs)
    parts = f"regexp_extract({number_formats.canonical_query(raw)}, {sql.text(f'^{pattern}$')}, {list(PARTS)})"
    signed = " || ".join(f"part.{name}" for name in ("open", "before", "sign", "behind", "close"))
    value = (
        f"replace(rtrim(translate(part.body, {sql.text(source.group_marks)}, ''), '-'), {sql.text(source.decimal_mark)}"
        ", '.') || part.power"
    )
    taken = (
        f"CASE WHEN part.body = '' THEN NULL WHEN {signed} IN {NEGATIVE} THEN '-' || {value} "
        f"WHEN {signed} IN {POSITIVE} THEN {value} END"
    )
    # A list of one, so that what was taken apart has a name within the expression.
    slow = f"list_transform([{parts}], lambda part: {taken})[1]"
    if source.decimal_mark == ".":
        return f"CASE WHEN {raw} IS NOT NULL AND TRY_CAST({raw} AS DOUBLE) IS NULL THEN {slow} END"
    quick = f"replace(replace({raw}, '.', ''), ',', '.')"
    may_group = "." in source.group_marks
    simple = DECIMAL_COMMA if may_group else r"[+-]?\d+(,\d+)?"
    return f"CASE WHEN regexp_full_match({raw}, {sql.text(simple)}) THEN {quick} WHEN {raw} IS NOT NULL THEN {slow} END"


def cast(raw: str, plain_text: str | None, source: Source, sql_type: str) -> str:
    """A text as a number of the engine; `plain_text` is what `plain` gave for it, None of a typed column."""
    if plain_text is None:
        return f"TRY_CAST({raw} AS {sql_type})"
    if source.decimal_mark == ",":
        return f"TRY_CAST({plain_text} AS {sql_type})"
    return f"coalesce(TRY_CAST({raw} AS {sql_type}), TRY_CAST({plain_text} AS {sql_type}))"


def minor_units(number: Callable[[str], str], minor_digits: int) -> str:
    """An amount in whole minor units of its currency, half a unit away from zero; null where the text is no number.

    Parameters
    ----------
    number
        Gives the number as one of the engine's types; null where it does not fit.
    minor_digits
        Of the currency: 2 where a unit has a hundred parts.
    """
    # In 64 bits where the product fits, as nearly all do: that takes a fifth of the time of 128.
    narrow, wide = (
        f"TRY_CAST(round({number(f'DECIMAL({width},6)')} * {10**minor_digits}) AS BIGINT)"
        for width in (18 - minor_digits, 24)
    )
    return f"coalesce({narrow}, {wide})"


def every_digit(number: Callable[[str], str]) -> str:
    """A number as a text that is the same however it was written: 10.5 and 10.50; with nine decimals."""
    # The same text from either; of 64 bits it takes less than half the time.
    narrow, wide = (f"CAST({number(f'DECIMAL({width},9)')} AS VARCHAR)" for width in (18, 38))
    return f"coalesce({narrow}, {wide})"


def are_read(column: Column, source: Source, types: dict[str, str]) -> bool:
    """Whether a column holds numbers as texts, which somebody has written in some way."""
    return column.kind in NUMBERS and types.get(source.columns[column.name]) == "VARCHAR"


def refuse_if_open(
    engine: duckdb.DuckDBPyConnection, where: str, source: Source, rows: str, raw: tuple[str, dict[str, str]]
) -> None:
    """Refuse numbers that can be read in two ways, with both readings and the setting that decides.

    Parameters
    ----------
    engine
        Runs the queries.
    where
        Which source it is, for the message.
    source
        What the settings say of it.
    rows
        The judged rows, with what they say together in the column ``marks``.
    raw
        The query of the source as it is, and the columns that hold numbers, ours to those of the source.
    """
    query, columns = raw
    if source.has_marks or not columns:
        return
    (bits,) = engine.execute(f"SELECT bit_or(marks) FROM {rows}").fetchone() or (0,)
    if not number_evidence.is_open(int(bits or 0), source.decimal_mark):
        return
    column, value = _open_value(engine, query, columns)
    both = number_evidence.readings(value)
    raise BadData(
        f"{where}: {column} holds {value!r}, which is {both.with_point} if the point is the decimal mark and "
        f'{both.with_comma} if the comma is, and no other value says which; write `decimal: "."` or `decimal: ","` '
        f"under {where.partition(':')[0]}"
    )


def _open_value(engine: duckdb.DuckDBPyConnection, query: str, columns: dict[str, str]) -> tuple[str, str]:
    """The first column with a value that can be read in two ways, and the longest such value."""
    for column, theirs in columns.items():
        text = f"CAST({sql.name(theirs)} AS VARCHAR)"
        row = engine.execute(
            f"SELECT {text} FROM ({query}) WHERE {number_evidence.evidence_query(f'trim({text})')} IN "
            f"({number_evidence.OPEN_POINT}, {number_evidence.OPEN_COMMA}) ORDER BY length({text}) DESC, 1 LIMIT 1"
        ).fetchone()
        if row is not None:
            return f"{column} ({theirs})", str(row[0]).strip()
    return next(iter(columns)), ""


def hint(where: str, rule: str, values: list[str], source: Source, currency: str) -> str | None:
    """What to write so that numbers are read which are not as the settings say, if that can be told."""
    if not rule.endswith(("is not an amount", "is not a number")):
        return None
    other: number_formats.Mark = "," if source.decimal_mark == "." else "."
    readable = [value for value in values if number_formats.is_number(value, other)]
    if 2 * len(readable) > len(values):
        return f'set {where}.`decimal: "{other}"`'
    meant = (number_formats.currencies_of(values) or set()) - {currency}
    as_set = [value for value in values if number_formats.is_number(value, source.decimal_mark)]
    if meant and as_set:
        return f"set data.currency to {' or '.join(sorted(meant))}, or leave those rows out"
    return None
