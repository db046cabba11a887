"""The sheets behind the list: what is sent without anybody calling or writing, who left, and how to read the list."""

from datetime import date
from typing import Any, Final

import polars as pl

from pipeline.i18n import MessageCatalog, say, shipped
from pipeline.lists.about_lines import about_lines
from pipeline.lists.cells import xlsx_text
from pipeline.lists.column_titles import column_title
from pipeline.lists.schema import ANSWERS, FILLED_IN, OUTCOMES, REASONS
from pipeline.lists.value_words import spoken, table_in_words
from pipeline.lists.week import Week

FIRST_ROW = 2
FORMER_CUSTOMERS, CAMPAIGNS, LEFT_THE_LIST, ABOUT = "Former customers", "Campaigns", "Left the list", "About"
"""The titles of the sheets, in English."""
CAMPAIGN_WIDTHS: Final = {
    "playbook": 26, "customers": 11, "channel": 14, "who": 18, "action": 60, "caution": 50, "due_day": 12, "file": 40,
}  # fmt: skip
LEFT_WIDTHS: Final = {"customer_id": 14, "name": 22, "owner": 16, "work": 8, "playbook": 26, "status": 12, "what": 60}
FORMER_WIDTHS: Final = {
    "customer_id": 14, "name": 22, "owner": 16, "state": 10, "last_order_day": 12, "value": 12, "work": 8,
    "playbook": 22, "action": 50, "channel": 12, "who": 18, "due_day": 12, "caution": 40, "draft": 50,
    "outcome": 14, "done_day": 12, "answer": 14, "wrong_reason": 14, "snooze_until_day": 16, "note": 32, "as_of": 12,
}  # fmt: skip
"""The columns of the sheets "Former customers", "Campaigns" and "Left the list", and their widths in characters."""


def write_about(book: Any, week: Week, catalog: MessageCatalog) -> None:
    """Add the sheet "About" to an open workbook."""
    sheet = book.add_worksheet(catalog.text(ABOUT))
    head = book.add_format({"bold": True, "valign": "top", "text_wrap": True})
    body = book.add_format({"valign": "top", "text_wrap": True})
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 96)
    sheet.hide_gridlines(2)
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, catalog.text("About this list"), book.add_format({"bold": True, "font_size": 16}))
    for row, (name, words) in enumerate(about_lines(week, catalog), start=FIRST_ROW):
        sheet.write_string(row, 0, xlsx_text(name), head)
        sheet.write_string(row, 1, xlsx_text(words), body)


def write_cell(sheet: Any, place: tuple[int, int], value: object, style: Any) -> None:
    """Write a value as what it is; text stays text, whatever it looks like."""
    if value is None:
        sheet.write_blank(*place, None, style)
    elif isinstance(value, str):
        sheet.write_string(*place, xlsx_text(value), style)
    elif isinstance(value, int | float):
        sheet.write_number(*place, value, style)
    else:
        sheet.write_datetime(*place, value, style)


def write_table(
    book: Any, title: str, table: pl.DataFrame | None, widths: dict[str, int], catalog: MessageCatalog
) -> None:
    """Add a sheet of the columns that `widths` names to an open workbook; none where there are no rows."""
    if table is None or table.is_empty():
        return
    sheet = book.add_worksheet(catalog.text(title))
    head = book.add_format({"bold": True, "valign": "top", "bottom": 1})
    body = book.add_format({"valign": "top", "text_wrap": True})
    day = book.add_format({"valign": "top", "align": "left", "num_format": "yyyy-mm-dd"})
    for column, (name, width) in enumerate(widths.items()):
        sheet.write_string(0, column, column_title(name, catalog.language), head)
        sheet.set_column(column, column, width)
    for row, values in enumerate(table_in_words(table, catalog).select(widths.keys()).iter_rows(), start=1):
        for column, value in enumerate(values):
            style = day if isinstance(value, date) else body
            write_cell(sheet, (row, column), "" if value is None else value, style)
    if widths.keys() >= {*FILLED_IN}:
        offer_choices(sheet, list(widths), len(table), catalog)
    sheet.freeze_panes(1, 0)
    sheet.fit_to_pages(1, 0)


def offer_choices(sheet: Any, columns: list[str], last_row: int, catalog: MessageCatalog) -> None:
    """Let the cells that teams fill in take only what can be handed back, in words that are known in every language."""
    words_of = shipped(catalog.language).text
    for name, words in (("outcome", OUTCOMES), ("answer", ANSWERS), ("wrong_reason", REASONS)):
        choices = words if catalog.language == "en" else tuple(words_of(spoken(word)) for word in words)
        asked = say(
            "Please choose {choices} or {last}, or leave the cell empty.", choices=choices[:-1], last=choices[-1]
        )
        choice = {
            "validate": "list",
            "source": list(choices),
            "error_title": column_title(name, catalog.language),
            "error_message": asked.in_language(catalog),
        }
        sheet.data_validation(1, columns.index(name), last_row, columns.index(name), choice)
    for name in ("done_day", "snooze_until_day"):
        a_day = {
            "validate": "date",
            "criteria": ">",
            "value": date(2000, 1, 1),
            "error_title": column_title(name, catalog.language),
            "error_message": catalog.text("Please write a day, such as 2024-03-05, or leave the cell empty."),
        }
        sheet.data_validation(1, columns.index(name), last_row, columns.index(name), a_day)
