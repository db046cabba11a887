"""Text that a spreadsheet could take for a formula is marked, everything else is left alone."""

import polars as pl
import pytest

from pipeline.lists import original_text, safe_text
from pipeline.lists.cells import csv_cell, money_words, rounded, xlsx_text

MARKED = [
    "=1+1", "+49 30 1234", "-5", "@SUM(A1)", "\tx", "\rx", "\nx", " =1", "\n=1", "\u00a0=1", "\ufeff=1", "\u200b=1",
    "\x00=1", "＝1", "＋1", "－1", "＠x", " ＝1", "'=1", "''=1", "'\tx", "<r><t>x</t></r>", "-",
]  # fmt: skip
LEFT_ALONE = ["", " ", "'", "'t Hooft", "Anna-Lena", "a=b", "1+1", "mail@example.org", "José", "−5 (minus sign)"]


@pytest.mark.parametrize("text", MARKED)
def test_risky_text_is_marked_and_comes_back(text: str) -> None:
    assert safe_text(text) == f"'{text}"
    assert original_text(safe_text(text)) == text


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_harmless_text_is_left_alone(text: str) -> None:
    assert safe_text(text) == text
    assert original_text(text) == text


def test_characters_that_xml_forbids_do_not_break_the_workbook() -> None:
    assert xlsx_text("a\uffffb\ufffec") == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    ("name", "value", "digits", "cell"),
    [
        ("churn_probability", 1.0, 2, "1.0000"),
        ("churn_probability", 0.00004, 2, "0.0000"),
        ("value_at_stake", 1234.5, 2, "1234.50"),
        ("value_at_stake", 1234.0, 0, "1234"),
        ("value_at_stake", 1.0, 3, "1.000"),
        ("rank", 12, 2, "12"),
        ("name", "=cmd", 2, "'=cmd"),
        ("name", None, 2, ""),
    ],
)
def test_csv_cell(name: str, value: float | str | None, digits: int, cell: str) -> None:
    assert csv_cell(name, value, digits) == cell


def test_rounding_never_says_minus_nothing() -> None:
    frame = pl.DataFrame({"churn_probability": [0.5], "value_at_stake": [-0.001]})
    assert csv_cell("value_at_stake", rounded(frame, 2)["value_at_stake"][0], 2) == "0.00"


def test_money_words_keep_cents_only_where_they_matter() -> None:
    assert str(money_words(9_999.994, "USD", 2)) == "USD 9,999.99"
    assert str(money_words(10_000.4, "USD", 2)) == "USD 10,000"
    assert str(money_words(81, "JPY", 0)) == "JPY 81"
