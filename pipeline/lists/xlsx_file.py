"""The list as a workbook: the sheet to work in and hand back, one for each owner, and a sheet on how to read it."""

import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Final

import polars as pl
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

from pipeline.i18n import ENGLISH, MessageCatalog, say
from pipeline.lists.audiences import campaigns
from pipeline.lists.cells import MONEY, PROBABILITIES, rounded
from pipeline.lists.column_titles import column_title
from pipeline.lists.column_words import COLUMN_WORDS
from pipeline.lists.schema import FILLED_IN, RISK_LIST
from pipeline.lists.value_words import in_words, table_in_words
from pipeline.lists.week import Week, band_levels
from pipeline.lists.xlsx_about import (
    ABOUT,
    CAMPAIGN_WIDTHS,
    CAMPAIGNS,
    FORMER_CUSTOMERS,
    FORMER_WIDTHS,
    LEFT_THE_LIST,
    LEFT_WIDTHS,
    offer_choices,
    write_about,
    write_cell,
    write_table,
)

WIDTHS: Final = {
    "rank": 7, "customer_id": 14, "name": 22, "owner": 16, "tier": 11, "lifecycle": 10,
    "churn_probability": 12, "risk_band": 10,
    "value": 15, "value_at_stake": 15, "reason_1": 36, "reason_2": 36, "reason_3": 36,
    "reason_1_kind": 11, "reason_1_act": 10, "reason_1_team": 16, "protects": 36, "work": 8, "playbook": 18,
    "action": 40,
    "channel": 10, "who": 18, "due_day": 12, "status": 11, "since_week": 12,
    "previous_probability": 12, "change": 36, "caution": 30, "draft": 50, "last_order_day": 12,
    "usual_order_day": 12, "next_order_day": 12, "cancellation_day": 12,
    "last_contact_day": 12, "outcome": 14, "done_day": 12, "answer": 14, "wrong_reason": 14, "snooze_until_day": 16,
    "note": 32, "as_of": 12,
}  # fmt: skip
"""Widths of the columns, in characters."""

# The word stands in the cell; the colour only helps the eye, and each pair of ink and paper has a contrast above 4.5.
BAND_COLOURS: Final = {
    "top": {"bg_color": "#FBE3DC", "font_color": "#8A2C12"},
    "middle": {"bg_color": "#FBF0D3", "font_color": "#6B4800"},
    "bottom": {"bg_color": "#E0F0EE", "font_color": "#0F5049"},
}
CELL: Final = {"valign": "top", "bottom": 1, "bottom_color": "#E3E7EA"}
HEADER: Final = {"bold": True, "valign": "vcenter", "bg_color": "#E9EEF1", "bottom": 1, "bottom_color": "#8796A1"}
LIST: Final = "Risk list"
# More sheets than these nobody finds his or her own among.
MAX_OWNERS: Final = 40
LONGEST_TITLE: Final = 31
RESERVED: Final = (LIST, FORMER_CUSTOMERS, CAMPAIGNS, LEFT_THE_LIST, ABOUT, "History")
"""Titles of the other sheets, and one that no workbook may use."""
TO_FILL_IN: Final[dict[str, object]] = {"bg_color": "#FFFDF2"}


def xlsx_bytes(week: Week, catalog: MessageCatalog = ENGLISH) -> bytes:
    """Write the workbook; the same week makes the same bytes.

    Row 1 of the sheet "Risk list" holds the column names, in other languages than English translated; a note on each
    says what it means. A column that holds nothing in any row of the list keeps its place, and is hidden. All text is
    written as text: nothing in it becomes a formula, a number or a link.

    Parameters
    ----------
    week
        What the workbook tells.
    catalog
        The language of its reader. Each row is in that of its owner; what is filled in is understood in all.
    """
    buffer = io.BytesIO()
    book = Workbook(
        buffer,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False},
    )
    as_of = week.about.as_of
    name = f"{catalog.text(LIST)} {as_of}"
    book.set_properties({"title": name, "created": datetime.combine(as_of, time(), UTC)})  # else the clock's time
    bands = {
        band if catalog.language == "en" else in_words("risk_band", band, catalog): book.add_format(
            CELL | {"bold": True} | BAND_COLOURS[level]
        )
        for band, level in band_levels(week.actions).items()
    }
    kinds = {kind: book.add_format(CELL | extra) for kind, extra in _formats(week).items()}
    rows = table_in_words(week.risk_list, catalog)
    for title, part in {catalog.text(LIST): rows, **_by_owner(rows, catalog)}.items():
        _write_list(book, week, title, part, Styles(book.add_format(HEADER), kinds, bands, catalog))
    write_table(book, FORMER_CUSTOMERS, week.former, FORMER_WIDTHS, catalog)
    write_table(book, CAMPAIGNS, campaigns(week.audiences), CAMPAIGN_WIDTHS, catalog)
    write_table(book, LEFT_THE_LIST, week.left, LEFT_WIDTHS, catalog)
    write_about(book, week, catalog)
    book.close()
    return buffer.getvalue()


@dataclass(frozen=True)
class Styles:
    """How cells look: the header, each column that is no plain text, each risk band; and the reader's language."""

    header: Any
    kinds: dict[str, Any]
    bands: dict[str, Any]
    catalog: MessageCatalog


def _by_owner(risk_list: pl.DataFrame, catalog: MessageCatalog) -> dict[str, pl.DataFrame]:
    """The rows of each owner under the title of a sheet; none where one has all rows, or owners are too many."""
    owners = sorted({owner for owner in risk_list["owner"].drop_nulls() if owner.strip()})
    if not 0 < len(owners) <= MAX_OWNERS or len(owners) == risk_list["owner"].n_unique() == 1:
        return {}
    titles: dict[str, pl.DataFrame] = {}
    for owner in owners:
        # What a title may not hold; it has 31 characters at most, and a workbook takes no two that differ by case.
        short = re.sub(r"[\[\]:*?/\\]", "_", owner).strip(" '")[:LONGEST_TITLE] or "owner"
        taken = {title.casefold() for title in (*titles, *RESERVED, *map(catalog.text, RESERVED))}
        free = (
            short if number == 1 else f"{short[: LONGEST_TITLE - 3]}-{number}" for number in range(1, MAX_OWNERS + 9)
        )
        title = next(one for one in free if one.casefold() not in taken)
        titles[title] = risk_list.filter(pl.col("owner") == owner)
    return titles


def _write_list(book: Any, week: Week, title: str, rows: pl.DataFrame, styles: Styles) -> None:
    sheet = book.add_worksheet(title)
    last_row, last_column = rows.height, len(RISK_LIST) - 1
    for column, name in enumerate(RISK_LIST):
        sheet.write_string(0, column, column_title(name, styles.catalog.language), styles.header)
        sheet.write_comment(0, column, styles.catalog.text(COLUMN_WORDS[name]), {"x_scale": 1.6, "y_scale": 0.8})
        # What this company does not have, such as a contract that may end: in its place for programs, not in the way.
        is_absent = 0 < week.risk_list.height == week.risk_list[name].null_count()
        sheet.set_column(column, column, WIDTHS[name], None, {"hidden": is_absent})
    _write_rows(sheet, rounded(rows, week.about.minor_digits), styles)
    sheet.freeze_panes(1, list(RISK_LIST).index("name") + 1)
    sheet.autofilter(0, 0, last_row, last_column)
    if last_row:
        _help_to_read(sheet, last_row)
        offer_choices(sheet, list(RISK_LIST), last_row, styles.catalog)
    _print_setup(sheet, week, styles.catalog)


def _write_rows(sheet: Any, rows: pl.DataFrame, styles: Styles) -> None:
    kinds = styles.kinds
    for row, values in enumerate(rows.iter_rows(), start=1):
        for column, (name, value) in enumerate(zip(RISK_LIST, values, strict=True)):
            style = styles.bands[value] if name == "risk_band" else kinds.get(name, kinds["text"])
            write_cell(sheet, (row, column), value, style)


def _formats(week: Week) -> dict[str, dict[str, object]]:
    """The format of each column that is no plain text."""
    digits = week.about.minor_digits
    wrapped: dict[str, object] = {"text_wrap": True}
    money: dict[str, object] = {"num_format": f"[${week.about.currency}] #,##0{'.' + '0' * digits if digits else ''}"}
    day: dict[str, object] = {"num_format": "yyyy-mm-dd", "align": "left"}
    return {
        "text": wrapped,
        "name": wrapped | {"bold": True},
        "rank": {"num_format": "0", "align": "center"},
        **{name: {"num_format": "0%"} for name in PROBABILITIES},
        **dict.fromkeys(MONEY, money),
        **{name: day for name in RISK_LIST if _is_day(name)},
        **{name: (day if _is_day(name) else wrapped) | TO_FILL_IN for name in FILLED_IN},
    }


def _is_day(name: str) -> bool:
    return name.endswith("_day") or name in {"since_week", "as_of"}


def _column(name: str, last_row: int) -> tuple[int, int, int, int]:
    column = list(RISK_LIST).index(name)
    return 1, column, last_row, column


def _help_to_read(sheet: Any, last_row: int) -> None:
    bar = {"type": "data_bar", "bar_color": "#E3A08C", "bar_solid": True, "bar_border_color": "#E3A08C"}
    whole = {"min_type": "num", "min_value": 0, "max_type": "num", "max_value": 1}  # half full means one in two
    sheet.conditional_format(*_column("churn_probability", last_row), bar | whole)
    sheet.ignore_errors({"number_stored_as_text": f"A2:{xl_col_to_name(len(RISK_LIST) - 1)}{last_row + 1}"})


def _print_setup(sheet: Any, week: Week, catalog: MessageCatalog) -> None:
    sheet.set_landscape()
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    company = week.about.company[:60].replace("&", "&&")  # a single & starts a command here
    page = say("Page {page} of {pages}", page="&P", pages="&N").in_language(catalog)
    sheet.set_footer(f"&L{company}, {week.about.as_of}&R{page}")
