"""A list that a team hands back: the published CSV or XLSX, the file its page saves, or JSON lines from a CRM."""

import csv
import io
import json
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from pipeline.config.errors import BadData
from pipeline.lists import FILLED_IN, column_of, csv_original

KEY: Final = "customer_id"
COLUMNS: Final = (KEY, "as_of", *FILLED_IN)
DELIMITERS: Final = ",;\t|"
FORMATS: Final = "the CSV or XLSX file of the list, the file its page saves, or JSON lines"


@dataclass(frozen=True)
class FilledRow:
    """A row in which somebody filled something in.

    Attributes
    ----------
    place
        Where it stands, for messages.
    cells
        Text of each of `COLUMNS`, empty where the file says nothing.
    """

    place: str
    cells: dict[str, str]


@dataclass(frozen=True)
class FilledList:
    """What a file hands back.

    Attributes
    ----------
    rows
        Those in which something is filled in.
    empty
        Of how many customers nobody filled anything in.
    """

    rows: list[FilledRow]
    empty: int


def read(file: Path) -> FilledList:
    """Read a file, whichever of the formats it has.

    Raises
    ------
    BadData
        There is no such file, or it is none of them.
    """
    if not file.is_file():
        raise BadData(f"{file}: not found; write the file that a team has handed back")
    content = file.read_bytes()
    if content.startswith(b"PK"):
        parts = _of_workbook(content, file)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadData(f"{file}: is a workbook of an old kind; save it as XLSX")
    elif (text := _decoded(content)).lstrip().startswith("<"):
        raise BadData(f"{file}: is the page itself, not what was filled in; press its Save button, and hand that back")
    else:
        parts = _of_json(text, file) if text.lstrip()[:1] in ("{", "[") else _of_csv(text, file)
    rows = [FilledRow(place, cells) for place, cells in parts]
    filled = [row for row in rows if any(row.cells[name] for name in FILLED_IN)]
    # A workbook holds a row twice: on the sheet of everybody and on that of its owner.
    return FilledList(filled, len({_of(row) for row in rows} - {_of(row) for row in filled}))


def _of(row: FilledRow) -> tuple[str, str]:
    return row.cells[KEY], row.cells["as_of"]


def _decoded(content: bytes) -> str:
    """Text as spreadsheets save it: with a mark of its encoding, in UTF-8, or as Western Windows does."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _of_csv(text: str, file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for delimiter in DELIMITERS:
        try:
            table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        except csv.Error as error:
            raise BadData(f"{file}: cannot be read as CSV ({error}); hand back {FORMATS}") from None
        # A line such as "sep=;" may stand before the header.
        head = next((number for number, cells in enumerate(table[:2]) if KEY in _named(cells)), None)
        if head is not None:
            return _rows(_named(table[head]), table[head + 1 :], "row", head + 2)
    raise BadData(f"{file}: has no column {KEY!r}; hand back {FORMATS}, with its header")


def _of_workbook(content: bytes, file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        with warnings.catch_warnings():
            # Of colours and bars that openpyxl does not know; only what stands in the cells is wanted.
            warnings.simplefilter("ignore", UserWarning)
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            sheets = {
                sheet.title: [list(map(_text, cells)) for cells in sheet.iter_rows(values_only=True)] for sheet in book
            }
    except (InvalidFileException, zipfile.BadZipFile, zlib.error, KeyError, OSError, ValueError):
        raise BadData(f"{file}: cannot be read as a workbook; save it again as XLSX") from None
    holding = {title: table for title, table in sheets.items() if table and _can_be_filled_in(_named(table[0]))}
    if not holding:
        raise BadData(f"{file}: no sheet has a column {KEY!r} in its first row; hand back {FORMATS}, with its header")
    for title, table in holding.items():
        yield from _rows(_named(table[0]), table[1:], f"sheet {title!r} row", 2)


def _of_json(text: str, file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """One object for each row, one below the other; or, from the page, all rows in one object beside their day."""
    try:
        whole = json.loads(text)
        shared = {"as_of": whole.get("as_of")} if isinstance(whole, dict) else {}
        objects = whole.get("rows", [whole]) if isinstance(whole, dict) else whole
        objects = objects if isinstance(objects, list) else [objects]
    except (ValueError, RecursionError):
        shared, objects = {}, [_parsed(line, number, file) for number, line in enumerate(text.splitlines(), 1) if line]
    for number, one in enumerate(objects, start=1):
        if not isinstance(one, dict) or KEY not in one:
            raise BadData(f"{file}: row {number} has no {KEY!r}; hand back {FORMATS}")
        yield f"row {number}", _cells(shared | one)


def _parsed(line: str, number: int, file: Path) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadData(f"{file}: line {number} is no JSON ({error}); hand back {FORMATS}") from None


def _can_be_filled_in(names: list[str]) -> bool:
    """A sheet that only tells of customers, such as those who left the list, is none to read."""
    return KEY in names and not {*FILLED_IN}.isdisjoint(names)


def _named(cells: Iterable[str]) -> list[str]:
    return [column_of(cell) for cell in cells]


def _rows(names: list[str], table: Iterable[list[str]], kind: str, first: int) -> Iterator[tuple[str, dict[str, str]]]:
    for number, cells in enumerate(table, start=first):
        if any(cells):
            yield f"{kind} {number}", _cells(dict(zip(names, cells, strict=False)))


def _cells(content: dict[str, Any]) -> dict[str, str]:
    return {name: csv_original(_text(content.get(name)).strip()).strip() for name in COLUMNS}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    # A number in a cell for a text, such as the id 1000.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
