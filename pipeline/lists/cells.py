"""How one value is shown in a cell: text that no spreadsheet takes for a formula, numbers with fixed decimals."""

import re
from collections.abc import Callable
from datetime import date

import polars as pl

from pipeline.i18n import Figure, Message, say
from pipeline.lists.week import About

PROBABILITY_DECIMALS = 4
PROBABILITIES = ("churn_probability", "previous_probability")
MONEY = ("value", "value_at_stake")

# A spreadsheet starts a formula at one of these signs (those of full width in East Asian settings), and looks for it
# behind blanks. Tab and line breaks at the start can push the rest of a cell into a new one. "<r>" at the start makes
# the XLSX writer take a text for marked-up XML. Leading apostrophes are skipped so that the mark can be taken off.
# Signs that nobody sees are blanks too (soft hyphens, fillers, joiners, marks that turn the direction of writing), and
# so are quotes, which a reader may take off.
_UNSEEN = (
    '"\\s\\x00-\\x1f\\x7f-\\x9f\\u00ad\\u034f\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u115f\\u1160\\u17b4'
    "\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff9-\\ufffb"
    "\\U000110bd\\U000110cd\\U00013430-\\U0001343f\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff"
)
_RISKY = re.compile(rf"'*(?:[\t\r\n]|<r>|[{_UNSEEN}]*[=+\-@＝＋－＠])")
# Where a program that takes semicolons or tabs for the separator of a file with commas begins a new cell.
_SEPARATOR = re.compile(r"([;\t\r\n])")


def safe_text(text: str) -> str:
    """Mark a text with an apostrophe if a spreadsheet could take it for a formula.

    Examples
    --------
    >>> safe_text("=1+1"), safe_text(" +49 30 1234"), safe_text("Anna-Lena")
    ("'=1+1", "' +49 30 1234", 'Anna-Lena')
    """
    return f"'{text}" if _RISKY.match(text) else text


def original_text(text: str) -> str:
    """Take the mark of `safe_text` off again; any other text stays as it is.

    Examples
    --------
    >>> original_text("'=1+1"), original_text("'t Hooft")
    ('=1+1', "'t Hooft")
    """
    return text[1:] if text.startswith("'") and _RISKY.match(text[1:]) else text


def csv_text(text: str) -> str:
    """`safe_text` for a file of comma-separated values, of which another program may make cells at other signs.

    Examples
    --------
    >>> csv_text("Ann;=1+1"), csv_text("Ann; Bo")
    ("Ann;'=1+1", 'Ann; Bo')
    """
    return _in_each_cell(text, safe_text)


def csv_original(text: str) -> str:
    """Take the marks of `csv_text` off again; any other text stays as it is.

    Examples
    --------
    >>> csv_original("'=1;'=2;'t Hooft")
    "=1;=2;'t Hooft"
    """
    return _in_each_cell(text, original_text)


def _in_each_cell(text: str, change: Callable[[str], str]) -> str:
    """A text with what stands between separators changed, and the separators as they are."""
    parts = _SEPARATOR.split(text)
    parts[::2] = map(change, parts[::2])
    return "".join(parts)


def xlsx_text(text: str) -> str:
    """`safe_text` without the two characters that XML forbids and the XLSX writer lets through."""
    return safe_text(text).translate({0xFFFE: "\ufffd", 0xFFFF: "\ufffd"})


def rounded(risk_list: pl.DataFrame, minor_digits: int) -> pl.DataFrame:
    """The list with the decimals people see, rounded once, so that CSV, XLSX and HTML can never disagree.

    Examples
    --------
    >>> rounded(pl.DataFrame({"churn_probability": [0.123456], "value_at_stake": [-0.001]}), 2).row(0)
    (0.1235, 0.0)
    """
    return risk_list.with_columns(
        *(pl.col(name).round(PROBABILITY_DECIMALS) for name in PROBABILITIES if name in risk_list.columns),
        # -0.0 + 0.0 is 0.0: nobody is owed minus nothing
        *(pl.col(name).round(minor_digits) + 0.0 for name in MONEY if name in risk_list.columns),
    )


def csv_cell(name: str, value: str | float | date | None, minor_digits: int) -> str:
    """One cell of a CSV file.

    Examples
    --------
    >>> csv_cell("value_at_stake", 12.5, 2), csv_cell("due_day", date(2018, 1, 5), 2), csv_cell("name", None, 2)
    ('12.50', '2018-01-05', '')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return csv_text(value)
    if name in PROBABILITIES:
        return f"{value:.{PROBABILITY_DECIMALS}f}"
    if name in MONEY:
        return f"{value:.{minor_digits}f}"
    return str(value)  # whole numbers as they are, days as ISO 8601


def money_words(amount: float, currency: str, minor_digits: int) -> Message:
    """An amount in a sentence; a large one without its cents.

    Examples
    --------
    >>> print(money_words(48210.337, "USD", 2), money_words(81.5, "USD", 2))
    USD 48,210 USD 81.50
    """
    digits = f"{amount:,.{0 if abs(amount) >= 10_000 else minor_digits}f}"
    return say("{currency} {amount}", currency=currency, amount=Figure(digits))


def expected_words(about: About) -> Message:
    """Of whom so many are expected to stop buying, and how sure that is.

    Examples
    --------
    >>> about = About("acme", date(2018, 1, 1), "USD", 2, "", "", "", "", 900, 900, 500, 110, 1150)
    >>> print(expected_words(about))
    of everyone listed, if nothing is done; 110 to 1,150, 19 times of 20
    """
    if not about.listed:
        return say("of everyone listed, if nothing is done")
    return say(
        "of everyone listed, if nothing is done; {low} to {high}, 19 times of 20",
        low=about.expected_low,
        high=about.expected_high,
    )
