"""Which decimal mark the values of a column give evidence of, in Python and as an expression of the query engine.

``1.234`` is 1234 to one reader and 1.234 to another. What a single value leaves open, the other values of its column
decide: ``12.50`` among them says that the point is the decimal mark.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from pipeline import sql
from pipeline.sources import number_formats
from pipeline.sources.number_formats import Mark, canonical

# What the marks of one value say of the decimal mark of its column, as bits that are joined by OR over the column. Two
# more say that there are three decimals for sure: without such a value, 1.234 beside 12.50 is no amount of money.
POINT, COMMA, OPEN_POINT, OPEN_COMMA, FINE_POINT, FINE_COMMA = 1, 2, 4, 8, 16, 32
_FINE = r"(?:0\d*|\d{4,}|)<mark>\d{3}|\d*<mark>\d{4,}|\d{1,3}(?:<group>\d{3})+<mark>\d{3,}"
_SURE = (
    r"\d{1,3}(?:<group>\d{3})+<mark>\d*|\d{1,2}(?:<group>\d{2})+<group>\d{3}(?:<mark>\d*)?"
    r"|\d{1,3}(?:<group>\d{3}){2,}|\d*<mark>\d{1,2}|\d+<mark>"
)
_OPEN = r"[1-9]\d{0,2}<mark>\d{3}"
# A number of few digits, grouped with a blank or an apostrophe, says as much as one without.
GROUPS = r"(\d)[' ](\d{3})"
MARKED = r"[\d.,]*\d[\d.,]*"


def _patterns() -> list[tuple[int, str]]:
    """What a value says of its column: bit and pattern, of which the first that matches counts."""
    marks = ((r"\.", ","), (",", r"\."))
    bits = (
        (_FINE, (POINT | FINE_POINT, COMMA | FINE_COMMA)),
        (_SURE, (POINT, COMMA)),
        (_OPEN, (OPEN_POINT, OPEN_COMMA)),
    )
    return [
        (bit, _with_marks(pattern, *pair))
        for pattern, of_marks in bits
        for bit, pair in zip(of_marks, marks, strict=True)
    ]


def _with_marks(pattern: str, mark: str, group: str) -> str:
    return pattern.replace("<mark>", mark).replace("<group>", group)


def evidence(values: Iterable[str]) -> int:
    """What values say together of the decimal mark of their column, as bits.

    >>> evidence(["1.234", "7"]) == OPEN_POINT
    True
    >>> evidence(["1.234", "12.50", "7"]) == OPEN_POINT | POINT
    True
    >>> evidence(["1.234.567", "0,5"]) == COMMA
    True
    """
    bits = 0
    for value in values:
        if "." in value or "," in value or "٫" in value or "٬" in value:
            bits |= _evidence_of(canonical(value))
    return bits


@cache
def _compiled() -> list[tuple[int, re.Pattern[str]]]:
    return [(bit, re.compile(pattern)) for bit, pattern in _patterns()]


def _evidence_of(value: str) -> int:
    match = re.search(MARKED, re.sub(GROUPS, r"\1\2", value))
    core = match[0] if match else ""
    return next((bit for bit, pattern in _compiled() if pattern.fullmatch(core)), 0)


def is_open(bits: int, decimal: Mark) -> bool:
    """Whether values can be read in two ways: some have one mark before three digits, and nothing says which it is.

    >>> is_open(OPEN_POINT, "."), is_open(OPEN_POINT | POINT | FINE_POINT, "."), is_open(OPEN_COMMA | POINT, ".")
    (True, False, False)
    >>> is_open(OPEN_POINT | POINT, "."), is_open(OPEN_POINT | POINT | COMMA, ",")
    (True, True)
    """
    own, other, as_decimals, as_groups, fine = (
        (POINT, COMMA, OPEN_POINT, OPEN_COMMA, FINE_POINT)
        if decimal == "."
        else (COMMA, POINT, OPEN_COMMA, OPEN_POINT, FINE_COMMA)
    )
    if not bits & (as_decimals | as_groups):
        return False
    if not bits & own or bits & other:
        return True
    return bool(bits & as_decimals) and not bits & fine


@dataclass(frozen=True)
class Readings:
    """The two readings of one value."""

    value: str
    with_point: str
    with_comma: str


def readings(value: str) -> Readings:
    """A value with one mark before three digits, read in both ways.

    >>> readings("1.234 €")
    Readings(value='1.234 €', with_point='1.234', with_comma='1234')
    >>> readings("1,234")
    Readings(value='1,234', with_point='1234', with_comma='1.234')
    """
    match = re.search(MARKED, re.sub(GROUPS, r"\1\2", canonical(value)))
    core = match[0] if match else ""
    fraction, whole = re.sub("[.,]", ".", core), re.sub("[.,]", "", core)
    return Readings(value, fraction, whole) if "." in core else Readings(value, whole, fraction)


def evidence_query(raw: str) -> str:
    """What a text says of the decimal mark of its column, as `evidence` does, in bits."""
    joined = f"regexp_replace({number_formats.canonical_query(raw)}, {sql.text(GROUPS)}, '\\1\\2', 'g')"
    core = f"regexp_extract({joined}, {sql.text(MARKED)})"
    cases = " ".join(f"WHEN regexp_full_match(core, {sql.text(pattern)}) THEN {bit}" for bit, pattern in _patterns())
    slow = f"list_transform([{core}], lambda core: CASE {cases} ELSE 0 END)[1]"
    # What can be cast has at most a point; before one or two digits it can only be the decimal mark.
    quick = f"({raw} LIKE '%.__' OR {raw} LIKE '%._') AND TRY_CAST({raw} AS DOUBLE) IS NOT NULL"
    has_mark = " OR ".join(f"contains({raw}, '{mark}')" for mark in ".,٫٬")
    return f"CASE WHEN {quick} THEN {POINT} WHEN {raw} IS NULL OR NOT ({has_mark}) THEN 0 ELSE {slow} END"
