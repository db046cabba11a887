"""One id, however it is written: blanks around it, what spreadsheets add to it, and capitals where these say nothing.

The same in Python and as an expression of the query engine: every table and every command means the same customer.
"""

import re
from typing import Literal

from pipeline import sql
from pipeline.sources.number_formats import BLANKS

Case = Literal["exact", "casefold"]
# Nearly all ids are made of these, and are left as they are.
SIMPLE = r"[A-Za-z0-9_#@-]+"
# ="000181" and '000181 keep a spreadsheet from taking an id for a number.
GUARDED, QUOTED = r'^="([^"]*)"$', r"^'(\d+)$"
# An integer column with a hole in it is often saved as 900.0, also in CSV.
DECIMALS = r"^(\d+)[.,]0$"
# A spreadsheet shows 10329300000000000000 as 1.03293E+19 and saves what it shows: different customers become one. What
# only looks like it (1E5, 12E3) has no plus and no decimals.
ROUNDED = r"-?\d([.,]\d+)?[eE]\+\d+|-?\d[.,]\d+[eE]\d+"


def canonical_id(text: str, case: Case = "exact") -> str:
    r"""An id without what does not belong to it.

    >>> [canonical_id(text) for text in ("\xa0c7\u2003", '="000181"', "'000181", "1000.0", "1E5")]
    ['c7', '000181', '000181', '1000', '1E5']
    >>> canonical_id(" Ann@Shop.example", "casefold")
    'ann@shop.example'
    """
    inner = text.strip(BLANKS)
    if not re.fullmatch(SIMPLE, inner):
        for pattern in (GUARDED, QUOTED, DECIMALS):
            inner = re.sub(pattern, r"\1", inner).strip(BLANKS)
    return inner.lower() if case == "casefold" else inner


def id_query(text: str, case: Case = "exact") -> str:
    """`canonical_id` as an expression of the query engine."""
    blanks = sql.text(BLANKS)
    inner = f"trim({text}, {blanks})"
    for pattern in (GUARDED, QUOTED, DECIMALS):
        inner = f"trim(regexp_replace({inner}, {sql.text(pattern)}, '\\1'), {blanks})"
    plain = f"CASE WHEN regexp_full_match({text}, {sql.text(SIMPLE)}) THEN {text} ELSE {inner} END"
    return f"lower({plain})" if case == "casefold" else plain
