"""The teams: what they say of a list, in the file they happen to have open, some days later."""

import csv
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import openpyxl

from pipeline.lists import ANSWERS
from pipeline.reasons.without_reason import MANY_INFLUENCES, NO_MORE_THAN_USUAL

Row = dict[str, str]
# How often a row is handled in which way; what is left is not handed back at all.
WAYS = (
    ("done", 0.35),
    ("answered", 0.15),
    ("not_done", 0.1),
    ("wrong_reason", 0.05),
    ("snoozed", 0.07),
    ("noted", 0.03),
)

NO_REASONS = [text[:1].upper() + text[1:] for text in (NO_MORE_THAN_USUAL, MANY_INFLUENCES)]


def read_rows(file: Path) -> list[Row]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


@dataclass(frozen=True)
class HandedBack:
    """What came back of one list: the cells that were filled in, by customer, the file, and the day."""

    as_of: date
    received: date
    file: Path
    cells: dict[str, Row]


def hand_back(week: Path, folder: Path, dice: random.Random) -> HandedBack:
    """Fill in some rows of a published week, as one of the four formats."""
    as_of = date.fromisoformat(week.name)
    received = as_of + timedelta(days=dice.randint(1, 6))
    rows = [*read_rows(week / "risk_list.csv"), *read_rows(week / "former_customers.csv")]
    to_act = {row["customer_id"]: row for row in rows if row["work"] != "watch"}
    filled = {name: _fill(row, as_of, received, dice) for name, row in to_act.items()}
    cells = {name: cell for name, cell in filled.items() if cell}
    write = dice.choice(FORMATS)
    return HandedBack(as_of, received, write(week, folder, cells), cells)


def _fill(row: Row, as_of: date, received: date, dice: random.Random) -> Row:
    (way,) = dice.choices([*(name for name, _ in WAYS), ""], [*(share for _, share in WAYS), 0.25])
    done_day = str(as_of + timedelta(days=dice.randint(0, (received - as_of).days)))
    if way == "wrong_reason":
        # Who has left is on a list of their own, which gives no reasons; nor does a row that nothing stands out in.
        has_reason = row.get("reason_1", "") not in ("", *NO_REASONS)
        return {"wrong_reason": "1"} if has_reason else {"outcome": "not_done"}
    answer = dice.choice(ANSWERS)
    return {
        "": {},
        "done": {"outcome": "done", "done_day": done_day},
        "answered": {"answer": answer} | ({} if answer == "unreachable" else {"done_day": done_day}),
        "not_done": {"outcome": "not_done", "note": "no time"},
        "snoozed": {"snooze_until_day": str(as_of + timedelta(days=dice.randint(1, 40)))},
        "noted": {"note": "asked for a catalogue; = 2 weeks"},
    }[way]


def _as_csv(week: Path, folder: Path, cells: dict[str, Row]) -> Path:
    """Of both lists, one below the other as somebody pasted them, saved by a spreadsheet of Western Europe."""
    file = folder / f"{week.name}.csv"
    rows = [*read_rows(week / "risk_list.csv"), *read_rows(week / "former_customers.csv")]
    names = list(dict.fromkeys(name for row in rows for name in row))
    with file.open("w", encoding="cp1252", errors="replace", newline="") as lines:
        writer = csv.DictWriter(lines, names, delimiter=";", restval="")
        writer.writeheader()
        writer.writerows(row | cells.get(row["customer_id"], {}) for row in rows)
    return file


def _as_workbook(week: Path, folder: Path, cells: dict[str, Row]) -> Path:
    """Half of the rows on the sheets of their owners, the other half on the list of all."""
    book = openpyxl.load_workbook(week / "risk_list.xlsx")
    for sheet in book.worksheets:
        names = [cell.value for cell in sheet[1]]
        if "outcome" not in names:
            continue
        for line in sheet.iter_rows(min_row=2):
            customer = line[names.index("customer_id")].value
            is_own = sheet.title not in ("Risk list", "Former customers")
            if customer in cells and (sheet.title == "Former customers" or is_own == (int(customer[1:]) % 2 == 0)):
                for name, value in cells[customer].items():
                    line[names.index(name)].value = _typed(name, value)
    file = folder / f"{week.name}.xlsx"
    book.save(file)
    return file


def _typed(name: str, value: str) -> object:
    return date.fromisoformat(value) if name.endswith("_day") else int(value) if name == "wrong_reason" else value


def _as_page(week: Path, folder: Path, cells: dict[str, Row]) -> Path:
    """What the page saves."""
    file = folder / f"{week.name}.json"
    rows = [{"customer_id": customer, **cell} for customer, cell in cells.items()]
    file.write_text(json.dumps({"as_of": week.name, "rows": rows}), encoding="utf-8")
    return file


def _as_lines(week: Path, folder: Path, cells: dict[str, Row]) -> Path:
    """What a CRM exports."""
    file = folder / f"{week.name}.jsonl"
    rows = ({"customer_id": customer, "as_of": week.name, **cell} for customer, cell in cells.items())
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return file


FORMATS: tuple[Callable[[Path, Path, dict[str, Row]], Path], ...] = (_as_csv, _as_workbook, _as_page, _as_lines)
