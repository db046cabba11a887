"""Ids that a spreadsheet rounded, so that different customers became one: judged by the whole column.

A spreadsheet shows 10329300000000000000 as 1.03293E+19, and saves what it shows. That happens to long numbers, to all
of a column in the same way, and whatever else stands in the column are numbers too. A code that is written so by
chance, such as 1.5E3 or one 1E+12 among A17 and B204, is as good an id as any.
"""

from pathlib import Path

import duckdb

from pipeline import sql
from pipeline.sources import ids
from pipeline.tables import storage
from pipeline.tables.schemas import Table

# A spreadsheet shows numbers of twelve digits and more so: their exponent is this at least.
MIN_EXPONENT = 11
# Shares of the values that look rounded: of those that lost digits, and of those with as many digits as most have.
MIN_LOST, MIN_ALIKE = 0.9, 0.5
# Share of the other values that are numbers.
MIN_NUMBERS = 0.5
COLUMN = "rounded"


def bits_query(raw: dict[str, str]) -> str:
    """Which ids of a row look rounded, as bits.

    Parameters
    ----------
    raw
        The text of each id as an expression, by its column, in the order of the table.
    """
    bits = [
        # Most ids hold no such letter, which is seen in less time than that they are not like the pattern.
        f"CASE WHEN contains({text}, 'e') OR contains({text}, 'E') THEN "
        f"CASE WHEN regexp_full_match({text}, '{ids.ROUNDED}') THEN {1 << n} ELSE 0 END ELSE 0 END"
        for n, text in enumerate(raw.values())
        if text
    ]
    return f"CAST({' | '.join(bits) or 0} AS UTINYINT)"


def refuse(engine: duckdb.DuckDBPyConnection, table: Table, files: list[Path], folder: Path) -> list[Path]:
    """The judged rows, with a rule for those whose ids were rounded; the same files where none were.

    Parameters
    ----------
    engine
        Runs the queries.
    table
        What the rows are.
    files
        The rows, with the bits of `bits_query` as ``rounded``.
    folder
        Where rows lie for this run.
    """
    rows = sql.parquet(files)
    (looking,) = engine.execute(f"SELECT bit_or({COLUMN}) FROM {rows} WHERE rule IS NULL").fetchone() or (0,)
    named = list(enumerate(column.name for column in table.columns if column.kind == "id"))
    lost = [(n, name) for n, name in named if (looking or 0) & 1 << n and _are_rounded(engine, rows, name)]
    if not lost:
        return files
    cases = " ".join(f"WHEN {COLUMN} & {1 << n} > 0 THEN {sql.text(f'{name} is a rounded number')}" for n, name in lost)
    written = []
    for number, file in enumerate(files):
        written.append(folder / f"{table.name}-judged-{number:05d}.parquet")
        judged = f"SELECT * REPLACE (coalesce(rule, CASE {cases} END) AS rule) FROM {sql.parquet([file])}"
        storage.copy_to(engine, judged, written[-1])
    return written


def _are_rounded(engine: duckdb.DuckDBPyConnection, rows: str, column: str) -> bool:
    name = sql.name(column)
    own = "AND has_id" if column == "transaction_id" else ""
    row = engine.execute(f"""
        WITH ids AS (SELECT DISTINCT {name} AS id FROM {rows} WHERE {name} IS NOT NULL AND rule IS NULL {own}),
        parts AS (
            SELECT id, regexp_full_match(id, '{ids.ROUNDED}') AS looks_rounded,
                length(regexp_extract(id, '[.,](\\d+)[eE]', 1)) AS decimals,
                TRY_CAST(regexp_extract(id, '[eE]\\+?(\\d+)$', 1) AS INTEGER) AS exponent FROM ids),
        usual AS (SELECT mode(decimals ORDER BY decimals) AS decimals FROM parts WHERE looks_rounded)
        SELECT avg((exponent >= {MIN_EXPONENT} AND exponent > decimals)::INT) FILTER (looks_rounded),
            avg((decimals = (SELECT decimals FROM usual))::INT) FILTER (looks_rounded),
            coalesce(avg(regexp_full_match(id, '\\d+')::INT) FILTER (NOT looks_rounded), 1)
        FROM parts""").fetchone()
    assert row is not None, "an aggregate has one row"
    lost, alike, numbers = row
    return bool(lost >= MIN_LOST and alike >= MIN_ALIKE and numbers >= MIN_NUMBERS)
