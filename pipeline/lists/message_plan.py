"""A plan of messages as a CSV file: read with every mistake told by its line, and written back with the decisions."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.config.errors import BadData
from pipeline.config.problems import suggestion
from pipeline.decisions.contact_policy import calendar
from pipeline.lists import csv_text
from pipeline.playbooks.config import channels
from pipeline.tables import storage

REQUIRED: Final = ("customer_id", "day", "team", "channel", "purpose")
OPTIONAL: Final = ("priority", "has_value", "message")
FLAGS: Final = {"yes": True, "no": False, "true": True, "false": False, "": None}


def read(file: Path, as_of: date) -> pl.DataFrame:
    """Read a plan.

    Parameters
    ----------
    file
        CSV with the columns `REQUIRED` and any of `OPTIONAL`.
    as_of
        The first day that may be planned.

    Raises
    ------
    BadData
        The file is absent or no CSV, or a line holds something that cannot be meant; with the line and what to write.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadData(f"{file}: not found; write the path of a CSV file") from None
    except UnicodeDecodeError:
        raise BadData(f"{file}: is not UTF-8; save it again as CSV UTF-8") from None
    try:
        rows = list(_rows(csv.DictReader(io.StringIO(text, newline=""), strict=True), file, as_of))
    except csv.Error as error:
        raise BadData(f"{file}: is no CSV: {error}; save it again with commas between the cells") from None
    return pl.DataFrame(rows, schema=calendar.PLANNED)


def _rows(reader: "csv.DictReader[str]", file: Path, as_of: date) -> Iterator[dict[str, Any]]:
    columns = list(reader.fieldnames or ())
    for name in REQUIRED:
        if name not in columns:
            raise BadData(
                f"{file}: line 1: column {name!r} is missing; write {', '.join(REQUIRED)}, and if you like "
                f"{', '.join(OPTIONAL)}"
            )
    for name in columns:
        if name not in (*REQUIRED, *OPTIONAL) or columns.count(name) > 1:
            near = suggestion(name, [known for known in (*REQUIRED, *OPTIONAL) if known not in columns])
            raise BadData(f"{file}: line 1: column {name!r} is not known or there twice{near}")
    for row in reader:
        where = f"{file}: line {reader.line_num}"
        if None in row or None in row.values():
            raise BadData(f"{where}: must have {len(columns)} cells; write a text with commas in double quotes")
        yield _row({name: cell.strip() for name, cell in row.items()}, where, as_of)


def _row(cells: dict[str, str], where: str, as_of: date) -> dict[str, Any]:
    for name in REQUIRED:
        if not cells[name]:
            raise BadData(f"{where}: {name}: is empty; write something")
    day = _parsed(cells["day"], date.fromisoformat, f"{where}: day", "a day as YYYY-MM-DD")
    if day < as_of:
        raise BadData(f"{where}: day: {day} is over on {as_of}; write that day or a later one")
    if channels.find(cells["channel"]) is None:
        near = suggestion(cells["channel"], list(channels.CHANNELS)) or f"; write one of {', '.join(channels.CHANNELS)}"
        raise BadData(f"{where}: channel: {cells['channel']!r} is not known{near}")
    if cells["purpose"] not in calendar.ORDER:
        raise BadData(
            f"{where}: purpose: {cells['purpose']!r} is not known{suggestion(cells['purpose'], list(calendar.ORDER))}"
        )
    priority, value = cells.get("priority", ""), cells.get("has_value", "").lower()
    if value not in FLAGS:
        raise BadData(f"{where}: has_value: {value!r} is neither yes nor no; write one of them, or nothing")
    return {
        **{name: cells[name] for name in ("customer_id", "team", "channel", "purpose")},
        "day": day,
        "priority": _parsed(priority, int, f"{where}: priority", "a whole number, 1 for the most urgent")
        if priority
        else None,
        "has_value": FLAGS[value],
        "message": cells.get("message") or None,
    }


def _parsed(cell: str, kind: Callable[[str], Any], where: str, wanted: str) -> Any:
    try:
        return kind(cell)
    except ValueError:
        raise BadData(f"{where}: {cell!r} is not {wanted}; write one") from None


def write(decided: pl.DataFrame, file: Path) -> None:
    """Write the plan with ``kept`` (yes or no) and ``why``; no cell is a formula to a spreadsheet."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*REQUIRED, *OPTIONAL, "kept", "why"])
    words = {True: "yes", False: "no", None: ""}
    flagged = decided.with_columns(
        pl.col(name).replace_strict(words, return_dtype=pl.String) for name in ("kept", "has_value")
    )
    for row in flagged.select(*REQUIRED, *OPTIONAL, "kept", "why").iter_rows():
        writer.writerow(["" if cell is None else csv_text(str(cell)) for cell in row])
    storage.write_text(buffer.getvalue(), file)
