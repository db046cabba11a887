"""The sheets behind the list: what is sent without anybody calling or writing, who left, and how to read the list."""

from datetime import date
from typing import Any, Final

import polars as pl

from pipeline.lists.cells import expected_words, xlsx_text
from pipeline.lists.column_words import COLUMN_WORDS
from pipeline.lists.notices import dominating, waiting
from pipeline.lists.schema import ANSWERS, FILLED_IN, OUTCOMES, REASONS, Week

FIRST_ROW = 2
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


def write_about(book: Any, week: Week) -> None:
    """Add the sheet "About" to an open workbook."""
    sheet = book.add_worksheet("About")
    head = book.add_format({"bold": True, "valign": "top", "text_wrap": True})
    body = book.add_format({"valign": "top", "text_wrap": True})
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 96)
    sheet.hide_gridlines(2)
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, "About this list", book.add_format({"bold": True, "font_size": 16}))
    for row, (name, words) in enumerate(about_lines(week), start=FIRST_ROW):
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


def write_table(book: Any, title: str, table: pl.DataFrame | None, widths: dict[str, int]) -> None:
    """Add a sheet of the columns that `widths` names to an open workbook; none where there are no rows."""
    if table is None or table.is_empty():
        return
    sheet = book.add_worksheet(title)
    head = book.add_format({"bold": True, "valign": "top", "bottom": 1})
    body = book.add_format({"valign": "top", "text_wrap": True})
    day = book.add_format({"valign": "top", "align": "left", "num_format": "yyyy-mm-dd"})
    for column, (name, width) in enumerate(widths.items()):
        sheet.write_string(0, column, name, head)
        sheet.set_column(column, column, width)
    for row, values in enumerate(table.select(widths.keys()).iter_rows(), start=1):
        for column, value in enumerate(values):
            style = day if isinstance(value, date) else body
            write_cell(sheet, (row, column), "" if value is None else value, style)
    if widths.keys() >= {*FILLED_IN}:
        offer_choices(sheet, list(widths), len(table))
    sheet.freeze_panes(1, 0)
    sheet.fit_to_pages(1, 0)


def offer_choices(sheet: Any, columns: list[str], last_row: int) -> None:
    """Let the cells that teams fill in take only what can be handed back."""
    for name, words in (("outcome", OUTCOMES), ("answer", ANSWERS), ("wrong_reason", REASONS)):
        choice = {
            "validate": "list",
            "source": list(words),
            "error_title": name,
            "error_message": f"Please choose {', '.join(words[:-1])} or {words[-1]}, or leave the cell empty.",
        }
        sheet.data_validation(1, columns.index(name), last_row, columns.index(name), choice)
    for name in ("done_day", "snooze_until_day"):
        a_day = {
            "validate": "date",
            "criteria": ">",
            "value": date(2000, 1, 1),
            "error_title": name,
            "error_message": "Please write a day, such as 2024-03-05, or leave the cell empty.",
        }
        sheet.data_validation(1, columns.index(name), last_row, columns.index(name), a_day)


def about_lines(week: Week) -> list[tuple[str, str]]:
    """What the sheet says, line by line: a heading and a sentence."""
    about = week.about
    return [
        ("Company", about.company),
        ("As of", str(about.as_of)),
        ("What churn means here", about.churn_definition),
        ("How reliable the list is", about.verdict),
        *(("Be careful", warning) for warning in week.warnings),
        *([("Please note", about.notice)] if about.notice else []),
        ("Customers", f"{about.listed:,} listed of {about.scored:,} scored; {about.eligible:,} were eligible."),
        ("Expected to stop buying", f"{week.expected_churners:,.0f} {expected_words(about)}.")
        if about.listed
        else ("This week", "Nobody to act on this week."),
        *([("Waiting", _sentence(left).strip())] if (left := waiting(week.actions)) else []),
        *([("Since the last list", week.since_last)] if week.since_last else []),
        ("Money", f"All amounts are in {about.currency}.{_sentence(dominating(week.risk_list))}"),
        ("Reasons", "A reason says what goes together with the risk, not what causes it."),
        (
            "Handing back",
            f"On the sheet Risk list, fill in outcome ({', '.join(OUTCOMES)}), answer ({', '.join(ANSWERS)}) and the "
            "other columns at the end, as far as there is something to say; save, and return this file.",
        ),
        ("", ""),
        ("Column", "What it means"),
        *COLUMN_WORDS.items(),
    ]


def _sentence(words: str) -> str:
    return f" {words[0].upper()}{words[1:]}." if words else ""
