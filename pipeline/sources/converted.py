"""Files that the query engine does not read by itself, as CSV in UTF-8 in a folder that does not outlive the process.

Other encodings, workbooks, JSON lines and archives go through the codecs and libraries of Python row by row or block by
block, so that memory does not grow with them.
"""

import atexit
import csv
import gzip
import io
import json
import shutil
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from functools import cache
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any, cast

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from pipeline.config.errors import BadData
from pipeline.config.params import Source
from pipeline.sources import encodings

WORKBOOKS, JSON_LINES, ARCHIVES = {".xlsx", ".xlsm"}, {".jsonl", ".ndjson"}, {".zip"}
CONVERTED = WORKBOOKS | JSON_LINES | ARCHIVES
BLOCK = 1 << 20


def is_needed(file: str, source: Source) -> bool:
    """Whether a file of this machine has to be converted before it is read."""
    return PurePath(file).suffix.lower() in CONVERTED or not encodings.is_native(source.encoding)


def is_table(file: str) -> bool:
    """Whether a file is converted into one with commas and quotes, whatever its source says of these."""
    name = PurePath(file)
    inner = PurePath(name.stem).suffix.lower() if name.suffix.lower() in ARCHIVES else name.suffix.lower()
    return inner in WORKBOOKS | JSON_LINES


def convert(file: str, source: Source, where: str) -> Path:
    """A file as CSV in UTF-8, converted once in a process.

    Raises
    ------
    BadData
        It is not what its name says, or not in the encoding it is said to be in.
    """
    about = Path(file).stat()
    return _convert(file, about.st_mtime_ns, about.st_size, source.encoding, (source.sheet, where))


# How the files in each folder were converted.
_KINDS: dict[str, str] = {}


@cache
def _folder() -> Path:
    folder = TemporaryDirectory(prefix="churn-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@cache
def _convert(file: str, _changed: int, _size: int, encoding: str | None, about: tuple[str | None, str]) -> Path:
    sheet, where = about
    # Under its own name, which messages and refused rows show.
    place = _folder() / str(len(list(_folder().iterdir())))
    place.mkdir()
    _KINDS[f"{place}/"] = f"{encoding} {sheet}: "
    target = place / PurePath(file).name.removesuffix(".gz")
    try:
        with opened(file, where) as (content, name):
            _write(content, PurePath(name).suffix.lower(), target, encoding or "utf-8", sheet)
    except UnicodeError as error:
        raise BadData(f"{where}: {file} is not in the encoding {encoding or 'utf-8'}: {error}") from None
    except (InvalidFileException, zipfile.BadZipFile, zlib.error, KeyError, OSError, ValueError) as error:
        raise BadData(f"{where}: {file} cannot be read ({' '.join(str(error).split())}); export it again") from None
    return target


def stable(query: str) -> str:
    """A query that says how a file is converted instead of where its copy lies, which is elsewhere in each process."""
    for place, kind in _KINDS.items():
        query = query.replace(place, kind)
    return query


@contextmanager
def opened(file: str, where: str) -> Iterator[tuple[IO[bytes], str]]:
    """The bytes of a file, out of its archive if it is in one, and the name that says what they are."""
    ending = PurePath(file).suffix.lower()
    if ending == ".gz":
        with gzip.open(file) as unpacked:
            yield cast("IO[bytes]", unpacked), PurePath(file).stem
    elif ending in ARCHIVES:
        with zipfile.ZipFile(file) as archive:
            names = [one.filename for one in archive.infolist() if not one.is_dir() and "__MACOSX" not in one.filename]
            if len(names) != 1:
                raise BadData(f"{where}: {file} holds {len(names)} files; unpack it, one archive has to hold one file")
            with archive.open(names[0]) as content:
                yield content, names[0]
    else:
        with Path(file).open("rb") as content:
            yield content, file


def _write(content: IO[bytes], ending: str, target: Path, encoding: str, sheet: str | None) -> None:
    if ending in WORKBOOKS:
        _write_rows(_rows_of_workbook(content, sheet), target)
    elif ending in JSON_LINES:
        _write_rows(_rows_of_json(content, encoding), target)
    elif encodings.is_native(encoding) and encoding.lower() in {"utf-8", "utf8"}:
        with target.open("wb") as out:
            shutil.copyfileobj(content, out, BLOCK)
    else:
        text = io.TextIOWrapper(content, encoding=encoding, newline="")
        with target.open("w", encoding="utf-8", newline="") as out:
            shutil.copyfileobj(text, out, BLOCK)
        text.detach()


def _write_rows(rows: Iterable[Iterable[str]], target: Path) -> None:
    with target.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(rows)


def _rows_of_workbook(content: IO[bytes], sheet: str | None) -> Iterator[list[str]]:
    """The rows of a sheet, the first one if none is named; rows without anything in them are left out."""
    with warnings.catch_warnings(), _seekable(content) as file:
        # Of colours and bars that openpyxl does not know; only what stands in the cells is wanted.
        warnings.simplefilter("ignore", UserWarning)
        book = load_workbook(file, read_only=True, data_only=True)
        if sheet is not None and sheet not in book.sheetnames:
            raise ValueError(f"has no sheet {sheet!r}; it has {', '.join(book.sheetnames)}")
        for cells in (book[sheet] if sheet is not None else book.worksheets[0]).iter_rows(values_only=True):
            row = [_cell(value) for value in cells]
            if any(row):
                yield row


@contextmanager
def _seekable(content: IO[bytes]) -> Iterator[IO[bytes]]:
    """A workbook is read from its end: out of an archive it goes to disk first, and never into memory whole."""
    with TemporaryFile() as copy:
        shutil.copyfileobj(content, copy, BLOCK)
        copy.seek(0)
        yield copy


def _cell(value: Any) -> str:
    """A cell as text: days in ISO form, whole numbers without a point, nothing for an empty one."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def _rows_of_json(content: IO[bytes], encoding: str) -> Iterator[list[str]]:
    """The objects of JSON lines, a column for each name that any of them has; numbers keep their digits."""
    with TemporaryDirectory(prefix="churn-") as folder:
        copy = Path(folder) / "lines"
        with copy.open("wb") as out:
            shutil.copyfileobj(content, out, BLOCK)
        names = list(dict.fromkeys(name for row in _objects(copy, encoding) for name in row))
        yield names
        for row in _objects(copy, encoding):
            yield [_value(row.get(name)) for name in names]


def _objects(file: Path, encoding: str) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                row = json.loads(line, parse_int=str, parse_float=str)
                if not isinstance(row, dict):
                    raise ValueError(f"line {number} is no JSON object")
                yield row


def _value(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
