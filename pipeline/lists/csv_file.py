"""The list as CSV: the whole of it, or one owner's part."""

import codecs
import csv
import io
from collections.abc import Iterable, Sequence
from itertools import chain

import polars as pl

from pipeline.lists.cells import csv_cell, rounded


def csv_bytes(risk_list: pl.DataFrame, minor_digits: int) -> bytes:
    r"""Write the list as comma-separated values (RFC 4180).

    The file is UTF-8 and starts with a byte order mark (BOM), without which Excel reads ``José`` as ``JosÃ©``; open it
    with ``encoding="utf-8-sig"`` in Python, most other tools skip the mark by themselves. Lines end in CR LF, as RFC
    4180 has it: a line feed inside a quoted cell can then not be mistaken for the end of a row. Where Excel expects
    semicolons (much of Europe), and for ids with leading zeros, which Excel drops from any CSV, the XLSX is the one to
    open.

    Parameters
    ----------
    risk_list
        Any columns of `RISK_LIST`, with ``churn_probability`` and ``value_at_stake`` among them.
    minor_digits
        Digits of money after the point.

    Examples
    --------
    >>> row = pl.DataFrame({"name": ["José"], "churn_probability": [0.5], "value_at_stake": [3.0]})
    >>> csv_bytes(row, 2).decode()
    '\ufeffname,churn_probability,value_at_stake\r\nJosé,0.5000,3.00\r\n'
    """
    return table_bytes(rounded(risk_list, minor_digits), minor_digits)


def table_bytes(table: pl.DataFrame, minor_digits: int = 0) -> bytes:
    """Write any table the same way; its numbers are what they are."""
    cells = (
        [csv_cell(name, value, minor_digits) for name, value in zip(table.columns, row, strict=True)]
        for row in table.iter_rows()
    )
    return csv_lines(chain([table.columns], cells))


def csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """The bytes of a file with these cells, as they stand."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return codecs.BOM_UTF8 + text.getvalue().encode()
