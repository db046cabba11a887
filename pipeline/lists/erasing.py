"""A customer out of the weeks that are published, and weeks that are too old out of the folder.

Tables lose the rows of the customer and keep every other byte. A page and a workbook cannot lose a row so: those of a
week that showed the customer are deleted; the weekly job writes that week again, without the customer, if asked to.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.lists.cells import csv_original
from pipeline.lists.csv_file import csv_lines
from pipeline.lists.manifest import MANIFEST, File, described
from pipeline.lists.publishing import json_bytes, parquet_bytes
from pipeline.lists.week_folder import delete_week, weeks_before, write_week

SHOWN: Final = ("risk_list.csv", "former_customers.csv", "left_the_list.csv")
"""Whoever stands in one of these tables stands on the page and in the workbook as well."""
PICTURES: Final = re.compile(r"risk_list\w*\.(html|xlsx)")
"""The files nobody can take a row out of, in each language."""


@dataclass(frozen=True)
class Erased:
    """What a week folder has lost: rows by file, and files that were deleted."""

    folder: Path
    rows: dict[str, int]
    deleted: list[str]


def erase(exports: Path, company: str, customer_id: str) -> Iterator[Erased]:
    """Take a customer out of all published weeks of a company, each whole or not at all.

    Parameters
    ----------
    exports
        The folder that holds all weeks.
    company
        Weeks of other companies are left as they are.
    customer_id
        The customer, as the company writes it.

    Yields
    ------
    Erased
        What each week that held the customer has lost, the latest first.

    Raises
    ------
    Locked
        Another run is writing to `exports`.
    """
    for folder in weeks_before(exports, company, date.max):
        left = [_without(file, folder, customer_id) for file in _files(folder)]
        rows = {file.path: lost for file, lost in left if lost}
        if rows:
            is_shown = not rows.keys().isdisjoint(SHOWN)
            dropped = [file.path for file, _ in left if is_shown and PICTURES.fullmatch(file.path)]
            kept = [file for file, _ in left if file.path not in dropped]
            write_week([*kept, _manifest(folder, kept)], exports, folder.name, replace=True)
            yield Erased(folder, rows, dropped)


def weeks_holding(exports: Path, company: str, customer_id: str) -> Iterator[Path]:
    """The published weeks of a company that hold a customer, the latest first."""
    for folder in weeks_before(exports, company, date.max):
        if any(_without(file, folder, customer_id)[1] for file in _files(folder)):
            yield folder


def delete_before(exports: Path, company: str, day: date) -> list[Path]:
    """Delete the weeks of a company before a day, each whole or not at all, and say which they were."""
    old = list(weeks_before(exports, company, day))
    for folder in old:
        delete_week(exports, folder.name)
    return old


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file() and file.name != MANIFEST)


def _without(file: Path, folder: Path, customer_id: str) -> tuple[File, int]:
    """A file without the rows of a customer, and how many these were; byte for byte the same where there are none."""
    content = file.read_bytes()
    path = file.relative_to(folder).as_posix()
    if file.suffix not in _TABLES:
        return File(path, content, None), 0
    left, lost, rows = _TABLES[file.suffix](content, customer_id)
    return File(path, left, rows), lost


def _parquet(content: bytes, customer_id: str) -> tuple[bytes, int, int | None]:
    rows = pl.read_parquet(io.BytesIO(content))
    left = rows.filter(pl.col("customer_id") != customer_id)
    lost = rows.height - left.height
    return parquet_bytes(left) if lost else content, lost, left.height


def _csv(content: bytes, customer_id: str) -> tuple[bytes, int, int | None]:
    head, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    if "customer_id" not in head:
        return content, 0, len(rows)
    place = head.index("customer_id")
    left = [row for row in rows if csv_original(row[place]) != customer_id]
    lost = len(rows) - len(left)
    return csv_lines([head, *left]) if lost else content, lost, len(left)


def _json_lines(content: bytes, customer_id: str) -> tuple[bytes, int, int | None]:
    lines = content.splitlines(keepends=True)
    left = [line for line in lines if json.loads(line)["customer_id"] != customer_id]
    return b"".join(left), len(lines) - len(left), len(left)


_TABLES: Final[dict[str, Callable[[bytes, str], tuple[bytes, int, int | None]]]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _json_lines,
}


def _manifest(folder: Path, files: list[File]) -> File:
    """The manifest with what the files are now; of a page or a workbook that stays, the rows it was written with."""
    content: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    before = content["files"]
    whole = [replace(file, rows=before[file.path]["rows"]) if file.rows is None else file for file in files]
    content["files"] = {file.path: described(file.entry()) for file in whole}
    content["forgotten"] = content.get("forgotten", 0) + 1
    return File(MANIFEST, json_bytes(content), None)
