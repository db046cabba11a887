"""Refused rows that are kept for people to look at, without those of one customer."""

import json
import re
from pathlib import Path

import polars as pl

from pipeline.tables import storage


def other_currency(currency: str) -> str:
    """The rule that a row in a currency which is not the company's breaks."""
    return f"currency is not {currency}"


def erase(folders: list[Path], customer_id: str) -> int:
    """Take a customer's refused rows out of the files of each folder, and say how many these were.

    Parameters
    ----------
    folders
        Each with a Parquet file for each table, as `loading.keep_rejected` writes it.
    customer_id
        The customer. A line that could not be split into columns is the customer's if the id stands in it as a word.
    """
    lost = 0
    for file in sorted(file for folder in folders for file in folder.glob("*.parquet")):
        kept = storage.read_parquet(file)
        is_theirs = pl.Series([_is_of(row or "", customer_id) for row in kept["row"]], dtype=pl.Boolean)
        if is_theirs.any():
            storage.write_parquet(kept.filter(~is_theirs), file)
            lost += int(is_theirs.sum())
    return lost


def _is_of(row: str, customer_id: str) -> bool:
    """Whether a refused row is of a customer.

    >>> _is_of('{"customer_id":"7","amount":"x"}', "7"), _is_of('{"customer_id":"70","amount":"7"}', "7")
    (True, False)
    >>> _is_of("7;2024-01-05;3;;;", "7"), _is_of("70;2024-01-05;3;;;", "7")
    (True, False)
    """
    try:
        content = json.loads(row)
    except ValueError:
        content = None
    if isinstance(content, dict):
        return content.get("customer_id") == customer_id
    return re.search(rf"(?<!\w){re.escape(customer_id)}(?!\w)", row) is not None
