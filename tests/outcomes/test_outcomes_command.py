"""``churn outcomes``: every format, again and in parts, comes back as what was filled in; nothing else is touched."""

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from pipeline.commands import outcomes as job
from pipeline.config import params
from pipeline.config.errors import BadData, Locked
from pipeline.config.paths import Paths
from pipeline.lists import ANSWERS, FILLED_IN, OUTCOMES, safe_text
from pipeline.lists.csv_file import csv_bytes
from pipeline.outcomes import store
from tests.company import ROOT
from tests.outcomes.conftest import CUSTOMERS, WEEKS, publish
from tests.profiles import examples

SETTINGS = params.load(ROOT / "params.yaml")
SETTINGS = SETTINGS.model_copy(update={"data": SETTINGS.data.model_copy(update={"name": "shop"})})
RECEIVED = date(2024, 1, 20)
HEAD = ("rank", "customer_id", "reason_1", *FILLED_IN, "as_of")


def of(folder: Path) -> Paths:
    return Paths(data=folder / "data", exports=folder / "exports", outcomes=folder / "outcomes")


def take(folder: Path, *files: Path, received: date = RECEIVED) -> list[str]:
    return list(job.run(SETTINGS, files, received=received, paths=of(folder)))


def rows_of(filled: dict[tuple[str, date], dict[str, str]]) -> list[list[str]]:
    """All rows of both lists, with what is filled in."""
    return [
        [str(place), customer, "Last order, 20 days ago",
         *(filled.get((customer, day), {}).get(name, "") for name in FILLED_IN), day.isoformat()]
        for day in WEEKS for place, customer in enumerate(CUSTOMERS, 1)
    ]  # fmt: skip


def as_csv(table: list[list[str]], delimiter: str = ",", encoding: str = "utf-8-sig") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(
        [HEAD, *([safe_text(cell) for cell in row] for row in table)]
    )
    return text.getvalue().encode(encoding, errors="replace")


def as_workbook(table: list[list[str]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(HEAD)
    for row in table:
        sheet.append([safe_text(cell) or None for cell in row])
    for line in sheet.iter_rows(min_row=2):
        line[HEAD.index("as_of")].value = date.fromisoformat(line[HEAD.index("as_of")].value)
    book.create_sheet("About").append(["About this list"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def as_lines(table: list[list[str]]) -> bytes:
    return "\n".join(json.dumps(dict(zip(HEAD, row, strict=True))) for row in table).encode()


def as_page(table: list[list[str]]) -> bytes:
    rows = [{k: v for k, v in zip(HEAD, row, strict=True) if v and k != "as_of"} for row in table]
    return json.dumps({"company": "shop", "as_of": table[0][-1], "rows": rows}).encode()


FORMATS = {
    "csv": as_csv,
    "semicolons of Western Windows": lambda table: as_csv(table, ";", "cp1252"),
    "tabs in UTF-16": lambda table: as_csv(table, "\t", "utf-16"),
    "xlsx": as_workbook,
    "json lines": as_lines,
}
WORD = st.text(st.characters(codec="cp1252", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
FILLED = st.dictionaries(
    st.tuples(st.sampled_from(CUSTOMERS), st.sampled_from(WEEKS)),
    st.fixed_dictionaries(
        {},
        optional={
            "outcome": st.sampled_from(OUTCOMES),
            "answer": st.sampled_from(ANSWERS),
            "wrong_reason": st.sampled_from(["1", "2"]),
            "snooze_until_day": st.dates(date(2024, 2, 1), date(2024, 3, 1)).map(str),
            "note": WORD,
        },
    ).filter(bool),
    min_size=1,
)


def expected(filled: dict[tuple[str, date], dict[str, str]]) -> set[tuple[object, ...]]:
    implied = {"accepted": "done", "declined": "done", "complaint": "done", "unreachable": "not_done"}
    return {
        (customer, day,
         cells.get("outcome") or ("wrong_reason" if "wrong_reason" in cells else implied.get(cells.get("answer", ""))),
         cells.get("answer"),
         {"1": "recency", "2": "price"}.get(cells.get("wrong_reason", "1" if cells.get("outcome") == "wrong_reason" else "")),
         cells.get("snooze_until_day"), cells.get("note"))
        for (customer, day), cells in filled.items()
    }  # fmt: skip


def kept(folder: Path, as_of: date = RECEIVED) -> set[tuple[object, ...]]:
    frame = store.read(folder / "outcomes", as_of).with_columns(pl.col("snooze_until_day").cast(pl.String))
    return set(
        frame.select("customer_id", "as_of_day", "status", "answer", "wrong_family", "snooze_until_day", "note").rows()
    )


@given(FILLED, st.sampled_from(sorted(FORMATS)))
@examples(40)
def test_what_is_filled_in_comes_back_whatever_the_format(tmp_path_factory, filled, kind):
    folder = tmp_path_factory.mktemp("company")
    for day in WEEKS:
        publish(folder / "exports", day)
    file = folder / "handed back"
    file.write_bytes(FORMATS[kind](rows_of(filled)))
    before = {path: path.read_bytes() for path in (folder / "exports").rglob("*") if path.is_file()}
    (line,) = take(folder, file)
    assert line == f"{file}: {len(filled)} new, 0 changed, 0 as before; nothing filled in in {12 - len(filled)} rows"
    assert kept(folder) == expected(filled)
    (again,) = take(folder, file, received=RECEIVED + timedelta(days=1))
    assert f"0 new, 0 changed, {len(filled)} as before" in again and kept(folder) == expected(filled)
    assert {path: path.read_bytes() for path in (folder / "exports").rglob("*") if path.is_file()} == before


def test_files_that_overlap_and_the_page_add_up(exports):
    folder = exports.parent
    first, second, page = (folder / name for name in ("first.csv", "second.xlsx", "page.json"))
    key, other = ("A-7", WEEKS[0]), ("1000", WEEKS[0])
    first.write_bytes(as_csv(rows_of({key: {"outcome": "done"}, other: {"note": "asked twice"}})))
    second.write_bytes(as_workbook(rows_of({key: {"answer": "accepted"}})))
    page.write_bytes(as_page([row for row in rows_of({other: {"outcome": "not_done"}}) if row[-1] == str(WEEKS[0])]))
    assert [line.split(": ")[1].split(";")[0] for line in take(folder, first, second, page)] == [
        "2 new, 0 changed, 0 as before", "0 new, 1 changed, 0 as before", "0 new, 1 changed, 0 as before",
    ]  # fmt: skip
    assert kept(folder) == {
        ("A-7", WEEKS[0], "done", "accepted", None, None, None),
        ("1000", WEEKS[0], "not_done", None, None, None, "asked twice"),
    }


def test_what_came_back_later_was_not_known_before(exports):
    folder, file = exports.parent, exports.parent / "list.csv"
    key = ("A-7", WEEKS[0])
    file.write_bytes(as_csv(rows_of({key: {"outcome": "not_done"}})))
    take(folder, file, received=date(2024, 1, 9))
    file.write_bytes(as_csv(rows_of({key: {"outcome": "done"}})))
    take(folder, file, received=date(2024, 1, 12))
    statuses = [store.read(folder / "outcomes", date(2024, 1, day))["status"].to_list() for day in (8, 9, 11, 12)]
    assert statuses == [[], ["not_done"], ["not_done"], ["done"]]


def test_rows_that_are_refused_are_named_and_the_others_are_kept(exports):
    folder, file = exports.parent, exports.parent / "list.csv"
    table = rows_of({("A-7", WEEKS[0]): {"outcome": "done"}, ("1000", WEEKS[1]): {"outcome": "dnoe"}})
    file.write_bytes(as_csv(table))
    lines = []
    with pytest.raises(BadData, match=r"1 row was refused; correct it and hand the file back again"):
        for line in job.run(SETTINGS, [file], received=RECEIVED, paths=of(folder)):
            lines.append(line)
    assert lines == [
        f"{file} row 13: outcome 'dnoe' is none of done, not_done, wrong_reason; did you mean 'done'?",
        f"{file}: 1 new, 0 changed, 0 as before, 1 refused; nothing filled in in 10 rows",
    ]
    assert [row[0] for row in kept(folder)] == ["A-7"]


NO_LISTS = {
    b"": "has no column 'customer_id'",
    b"name,outcome\r\nAnn,done\r\n": "has no column 'customer_id'",
    b"\xd0\xcf\x11\xe0 old": "is a workbook of an old kind; save it as XLSX",
    b"PK\x03\x04 cut short": "cannot be read as a workbook; save it again as XLSX",
    b"<!doctype html><html>": "is the page itself, not what was filled in; press its Save button",
    b'{"customer_id": "A-7"\n': "line 1 is no JSON",
    b'{"rows": 5}': "row 1 has no 'customer_id'",
    b"[" * 100_000: "line 1 is no JSON",
    b'customer_id,note\r\nA-7,"' + b"x" * 200_000: "cannot be read as CSV",
    b'[1, 2]': "row 1 has no 'customer_id'",
}  # fmt: skip


@pytest.mark.parametrize("content", NO_LISTS, ids=lambda content: str(content[:20]))
def test_a_file_that_is_no_list_stops_everything(exports, content):
    good, bad = exports.parent / "good.csv", exports.parent / "bad"
    good.write_bytes(as_csv(rows_of({("A-7", WEEKS[0]): {"outcome": "done"}})))
    bad.write_bytes(content)
    with pytest.raises(BadData) as error:
        take(exports.parent, good, bad)
    assert NO_LISTS[content] in str(error.value) and "\n" not in str(error.value)
    assert not (exports.parent / "outcomes").exists()


def test_a_file_that_is_gone_and_a_second_command_are_told_in_a_line(exports):
    with pytest.raises(BadData, match=r"gone.csv: not found; write the file that a team has handed back"):
        take(exports.parent, exports.parent / "gone.csv")
    file = exports.parent / "list.csv"
    file.write_bytes(as_csv(rows_of({})))
    lock = of(exports.parent).outcomes_lock
    lock.parent.mkdir(parents=True)
    with FileLock(lock), pytest.raises(Locked, match="another command is taking lists back"):
        take(exports.parent, file)


def test_the_csv_that_was_published_can_be_handed_back_untouched(exports, make_published):
    file = exports.parent / "risk_list.csv"
    file.write_bytes(csv_bytes(make_published, 2))
    (line,) = take(exports.parent, file)
    assert line.endswith(f"0 new, 0 changed, 0 as before; nothing filled in in {len(make_published)} rows")


@pytest.fixture
def make_published():
    from tests.lists.conftest import build_week

    return build_week(12).risk_list
