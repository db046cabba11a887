"""The workbook, read back with another library: every cell, and what helps to read, fill in and print it."""

import io
import math
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import openpyxl
import polars as pl
import pytest
from openpyxl.utils import get_column_letter

from pipeline.i18n import ENGLISH
from pipeline.lists import ANSWERS, COLUMN_WORDS, OUTCOMES, RISK_LIST, Week, original_text
from pipeline.lists.about_lines import about_lines
from pipeline.lists.cells import MONEY
from pipeline.lists.former_customers import FORMER
from pipeline.lists.html_page import html_page
from pipeline.lists.xlsx_file import xlsx_bytes

# openpyxl skips the newer form of the data bars, and says so; the older form stands beside it
pytestmark = pytest.mark.filterwarnings("ignore:.* extension is not supported")


def read(content: bytes) -> Any:
    with warnings.catch_warnings():  # a fixture of the module does not see the mark
        warnings.filterwarnings("ignore", message=".* extension is not supported")
        return openpyxl.load_workbook(io.BytesIO(content))


@pytest.fixture(scope="module")
def book(week: Week) -> Any:
    return read(xlsx_bytes(week))


@pytest.fixture(scope="module")
def sheet(book: Any) -> Any:
    return book["Risk list"]


def column(name: str) -> str:
    return get_column_letter(list(RISK_LIST).index(name) + 1)


def assert_same_cells(sheet: Any, week: Week) -> None:
    header, *rows = sheet.iter_rows()
    assert [cell.value for cell in header] == list(RISK_LIST)
    assert len(rows) == week.risk_list.height
    for row, truth in zip(rows, week.risk_list.iter_rows(named=True), strict=True):
        for name, cell in zip(RISK_LIST, row, strict=True):
            value, found = truth[name], cell.value
            if name == "churn_probability":
                assert found == pytest.approx(value, abs=0.00005)
            elif name in MONEY:
                assert found == pytest.approx(value, abs=0.00501)
            elif isinstance(value, date):
                assert isinstance(found, datetime) and found.date() == value
            elif isinstance(value, str):
                assert original_text(found or "") == value
            else:
                assert found == value, name


def test_every_cell(sheet: Any, week: Week) -> None:
    assert_same_cells(sheet, week)


def test_every_cell_of_a_long_list(long_week: Week) -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(long_week)), read_only=True)  # three times as fast
    assert_same_cells(book["Risk list"], long_week)
    book.close()


def test_stays_in_view_and_filters(sheet: Any) -> None:
    assert sheet.freeze_panes == "D2"  # the header, and rank, customer_id, name
    assert sheet.auto_filter.ref == "A1:AO13"


def test_formats(sheet: Any) -> None:
    assert sheet[f"{column('churn_probability')}2"].number_format == "0%"
    assert sheet[f"{column('value_at_stake')}2"].number_format == "[$USD] #,##0.00"
    for name in (
        "due_day",
        "since_week",
        "last_order_day",
        "usual_order_day",
        "next_order_day",
        "cancellation_day",
        "last_contact_day",
    ):
        assert sheet[f"{column(name)}2"].number_format == "yyyy-mm-dd"
    for name in ("reason_1", "protects", "action", "caution"):
        assert sheet[f"{column(name)}2"].alignment.wrap_text
    assert sheet.column_dimensions[column("reason_1")].width > 30


def test_a_column_that_is_empty_for_everybody_is_hidden(make_week: Callable[..., Week]) -> None:
    """On the sheets of owners too, and never one that is to be filled in, or that one row of the list has."""
    week = make_week(4)
    none, first = pl.lit(None, pl.Date), pl.int_range(pl.len()) == 0
    rows = week.risk_list.with_columns(
        none.alias("cancellation_day"), pl.when(first).then(pl.col("as_of")).otherwise(none).alias("next_order_day")
    )
    hidden = {name for name in RISK_LIST if rows[name].null_count() == 4}
    assert "cancellation_day" in hidden
    for sheet in read(xlsx_bytes(replace(week, risk_list=rows))).worksheets:
        if sheet["A1"].value == "rank":
            assert {name for name in RISK_LIST if sheet.column_dimensions[column(name)].hidden} == hidden
            assert sheet[f"{column('cancellation_day')}1"].value == "cancellation_day"
    empty = read(xlsx_bytes(replace(week, risk_list=rows.head(0))))["Risk list"]
    assert not any(empty.column_dimensions[column(name)].hidden for name in RISK_LIST)


@pytest.mark.parametrize(("digits", "number_format"), [(0, "[$JPY] #,##0"), (3, "[$JPY] #,##0.000")])
def test_currency_format(make_week: Callable[..., Week], digits: int, number_format: str) -> None:
    sheet = read(xlsx_bytes(make_week(2, currency="JPY", minor_digits=digits)))["Risk list"]
    assert sheet[f"{column('value_at_stake')}2"].number_format == number_format


def test_data_bar_runs_from_none_to_all(sheet: Any) -> None:
    ((where, (rule,)),) = [(str(part.sqref), part.rules) for part in sheet.conditional_formatting]
    assert where == f"{column('churn_probability')}2:{column('churn_probability')}13"
    assert rule.type == "dataBar"
    assert [(end.type, float(end.val)) for end in rule.dataBar.cfvo] == [("num", 0), ("num", 1)]


def test_risk_bands_differ_in_word_and_colour(sheet: Any, week: Week) -> None:
    cells = [sheet[f"{column('risk_band')}{row}"] for row in range(2, 14)]
    looks = {(cell.value, cell.fill.start_color.rgb) for cell in cells}
    assert len(looks) == week.risk_list["risk_band"].n_unique() == len({colour for _, colour in looks}) == 3


def test_outcome_is_chosen_from_a_list(sheet: Any) -> None:
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    words = {"outcome": OUTCOMES, "answer": ANSWERS, "wrong_reason": ("1", "2", "3")}
    assert set(rules) == {f"{column(name)}2:{column(name)}13" for name in (*words, "done_day", "snooze_until_day")}
    for name, allowed in words.items():
        rule = rules[f"{column(name)}2:{column(name)}13"]
        assert rule.type == "list" and rule.allow_blank
        assert rule.formula1 == f'"{",".join(allowed)}"'
    assert rules[f"{column('done_day')}2:{column('done_day')}13"].type == "date"


def test_every_header_explains_itself(sheet: Any) -> None:
    for cell in sheet[1]:
        assert cell.comment.text == COLUMN_WORDS[cell.value]


def test_prints_on_wide_pages(sheet: Any) -> None:
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.print_title_rows == "$1:$1"
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.oddFooter.left.text == "complete_journey, 2018-01-01"


def test_about_sheet_tells_everything(book: Any, week: Week) -> None:
    lines = {row[0].value: row[1].value for row in book["About"].iter_rows(min_row=3)}
    about = week.about
    assert lines["What churn means here"] == about.churn_definition
    assert lines["Please note"] == about.notice
    assert lines["How reliable the list is"] == about.verdict
    assert lines["Customers"] == "12 listed of 17 scored; 19 were eligible."
    expected = round(week.risk_list["churn_probability"].sum())
    assert lines["Expected to leave"] == (
        f"{expected} of everyone listed, if nothing is done; {about.expected_low} to {about.expected_high}, 19 times of 20."
    )
    assert {name: lines[name] for name in COLUMN_WORDS} == COLUMN_WORDS


def test_text_stays_text(make_week: Callable[..., Week]) -> None:
    texts = [
        "=1+1",
        "https://example.org",
        "{=1}",
        "<r>broken",
        "<r><t>x</t></r>",
        "a\x01b_x0041_\uffff",  # control characters have a notation of their own, which must not be forged either
        "12",
        "mailto:a@b.c",
        "é 🙂",
    ]
    week = make_week(9, edits={place: {"name": text} for place, text in enumerate(texts)}, notice="=1+1")
    content = xlsx_bytes(week)
    sheet = read(content)["Risk list"]
    cells = [sheet[f"{column('name')}{row}"] for row in range(2, 11)]
    assert {cell.data_type for cell in cells} == {"s"}
    expected = {*texts} - {texts[5]} | {"a_x0001_b_x0041_\ufffd"}  # as openpyxl reads that notation
    assert {original_text(cell.value) for cell in cells} == expected
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f" or cell.hyperlink]
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert "a_x0001_b_x005F_x0041_\ufffd" in parts.read("xl/sharedStrings.xml").decode()
        assert not [name for name in parts.namelist() if b"<f>" in parts.read(name) or b"hyperlink" in parts.read(name)]


def test_empty_list_is_a_workbook_with_its_header(make_week: Callable[..., Week]) -> None:
    book = read(xlsx_bytes(make_week(0)))
    assert [cell.value for cell in book["Risk list"][1]] == list(RISK_LIST)
    assert book["Risk list"].max_row == 1
    assert "Nobody to act on this week." in {row[1].value for row in book["About"].iter_rows()}


def test_holds_no_clock_time(week: Week) -> None:
    with zipfile.ZipFile(io.BytesIO(xlsx_bytes(week))) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = parts.read("docProps/core.xml").decode()
    assert core.count("2018-01-01T00:00:00Z") == 2


def test_one_customer_who_moves_the_total_is_named(make_week: Callable[..., Week]) -> None:
    week = make_week(30, edits={3: {"value_at_stake": 1e6}})
    (rank,) = week.risk_list.filter(pl.col("value_at_stake") == 1e6)["rank"]
    share = 100 * 1e6 / math.fsum(week.risk_list["value_at_stake"])
    words = f"he customer of rank {rank} alone holds {share:.0f} % of the value at stake"
    lines = dict(about_lines(week, ENGLISH))
    assert lines["Money"] == f"All amounts are in USD. T{words}."
    assert f"t{words}" in html_page(week)
    assert dict(about_lines(make_week(30), ENGLISH))["Money"] == "All amounts are in USD."


def test_each_owner_has_a_sheet_with_the_same_rows_and_choices(book: Any, week: Week) -> None:
    assert book.sheetnames == ["Risk list", "Anna Meyer", "Jonas Weber", "Priya Nair", "About"]
    for owner in ("Anna Meyer", "Jonas Weber", "Priya Nair"):
        mine = week.risk_list.filter(pl.col("owner") == owner)
        assert_same_cells(book[owner], replace(week, risk_list=mine))
        choices = {rule.formula1 for rule in book[owner].data_validations.dataValidation if rule.type == "list"}
        assert '"done,not_done,wrong_reason"' in choices


EVIL = ("A/B: [x]*?", "a/b: [X]*?", "About", "risk LIST", "'", "x" * 40, "X" * 40, "  ")


def test_an_owner_may_be_called_anything(make_week: Callable[..., Week]) -> None:
    week = make_week(len(EVIL), edits={at: {"owner": owner} for at, owner in enumerate(EVIL)})
    titles = read(xlsx_bytes(week)).sheetnames
    assert len({title.casefold() for title in titles}) == len(titles) == len(EVIL) - 1 + 2
    assert all(0 < len(title) <= 31 for title in titles)


def test_a_workbook_of_one_owner_or_of_too_many_has_one_sheet_of_rows(make_week: Callable[..., Week]) -> None:
    one = make_week(3, edits={at: {"owner": "Ann"} for at in range(3)})
    many = make_week(50, edits={at: {"owner": f"owner {at}"} for at in range(50)})
    for week in (one, many):
        assert read(xlsx_bytes(week)).sheetnames == ["Risk list", "About"]


def test_the_sheet_of_former_customers_takes_only_what_can_be_handed_back(make_week: Callable[..., Week]) -> None:
    row = {name: name for name, kind in FORMER.items() if kind == pl.String()}
    former = pl.DataFrame([row, row], schema=FORMER)
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(replace(make_week(3), former=former))))
    sheet = book["Former customers"]
    heads = {cell.column_letter: cell.value for cell in sheet[1]}
    offered = {
        heads[str(one.sqref)[0]]: (one.type, one.formula1, str(one.sqref)[1:])
        for one in sheet.data_validations.dataValidation
    }
    assert {name: kind for name, (kind, _, _) in offered.items()} == {
        "outcome": "list", "answer": "list", "wrong_reason": "list", "done_day": "date", "snooze_until_day": "date",
    }  # fmt: skip
    assert offered["outcome"][1] == '"done,not_done,wrong_reason"'
    assert all(place.startswith("2:") and place.endswith("3") for _, _, place in offered.values())
