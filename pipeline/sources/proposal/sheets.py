"""The files of a folder, those of one shape together, with how they are written and a sample of their values."""

import csv
import glob
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import duckdb

from pipeline import sql
from pipeline.config.errors import BadData, PipelineError
from pipeline.config.params import Source
from pipeline.sources import converted, encodings, files, number_evidence
from pipeline.sources.headers import uneven_names
from pipeline.sources.ids import id_query
from pipeline.sources.opening import open_source
from pipeline.sources.proposal.profiles import Profile, profile

SAMPLE_ROWS = 20_000
LOOKED_AT_BYTES = 1 << 16
# What systems and people leave beside data.
NO_DATA = re.compile(r"\.|README|.*\.(md|lock|partial)$")
DELIMITERS = (",", ";", "\t", "|")
# Lines of a title and the like that may stand before the names of the columns.
MAX_PREAMBLE = 20


@dataclass(frozen=True)
class Sheet:
    """Files of one shape: where they lie, how they are written, what their columns hold.

    Attributes
    ----------
    path
        A name or a glob that matches these files and no others.
    files
        How many there are.
    dialect
        What ``params.yaml`` has to say so that they are read: ``delimiter``, ``encoding``.
    profiles
        What each column can be, by its name in the file.
    """

    path: str
    files: int
    dialect: dict[str, str | int]
    profiles: dict[str, Profile]

    def source(self, columns: dict[str, str], **more: str) -> Source:
        """The files as a source of ``params.yaml``."""
        return Source.model_validate({"path": self.path, **self.dialect, **more, "columns": columns})


@dataclass(frozen=True)
class _File:
    path: Path
    dialect: tuple[tuple[str, str | int], ...]
    header: tuple[str, ...]


def read_folder(engine: duckdb.DuckDBPyConnection, folder: Path) -> tuple[list[Sheet], list[str]]:
    """Look at every file below a folder; what cannot be read comes back as a line that says why."""
    readable: list[_File] = []
    left: list[str] = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file() and not NO_DATA.match(one.name)):
        try:
            readable.append(_look(engine, path))
        except (PipelineError, UnicodeError) as error:
            left.append(f"{path}: {str(error).removeprefix(f'{path}: ')}")
    shapes: dict[object, list[list[_File]]] = {}
    for file in readable:
        alike = (file.path.parent, file.path.suffix.lower(), file.dialect)
        group = next((one for one in shapes.get(alike, []) if _is_same_kind(one[0], file)), None)
        if group is None:
            shapes.setdefault(alike, []).append([file])
        else:
            group.append(file)
    sheets = [sheet for groups in shapes.values() for group in groups for sheet in _sheets(engine, group)]
    return sheets, left


def _is_same_kind(one: _File, other: _File) -> bool:
    """Whether two files have the same columns, or are called alike but for numbers and share most columns."""
    if one.header == other.header:
        return True
    shared = len(set(one.header) & set(other.header))
    return _stem(one.path) == _stem(other.path) and 2 * shared > max(len(one.header), len(other.header))


def _stem(path: Path) -> str:
    return re.sub(r"\d+([_-]?\d+)*", "*", glob.escape(path.stem))


def _look(engine: duckdb.DuckDBPyConnection, path: Path) -> _File:
    ending = path.suffix.lower()
    if ending not in {*files.CSV_ENDINGS, *converted.CONVERTED, ".parquet"}:
        raise BadData(f"{path}: is neither CSV, Parquet, XLSX nor JSON lines")
    dialect: dict[str, str | int] = {}
    if ending != ".parquet" and not converted.is_table(str(path)) and path.stat().st_size:
        dialect = _dialect(path)
    source = Source.model_validate({"path": glob.escape(str(path)), **dialect, "columns": {}})
    types = open_source(engine, "file", source).types
    header = tuple(name for name in types if name != files.FILE_COLUMN)
    # A blank name comes of a mark at the end of the line; blank ones alone come of no names at all.
    named = [name for name in header if not re.fullmatch(r"column\d+", name)]
    if not named or any(re.fullmatch(r"[\d.,:/-]+", name) for name in named):
        raise BadData(f"{path}: has no line with the names of its columns; add one, or write `header: false`")
    return _File(path, tuple(dialect.items()), header)


def _dialect(path: Path) -> dict[str, str | int]:
    with _bytes(path) as content:
        encoding = encodings.guess(content)
    with _bytes(path) as content:
        text = content.read(LOOKED_AT_BYTES).decode(encoding or "utf-8-sig", errors="replace")
    dialect: dict[str, str | int] = {"encoding": encoding} if encoding else {}
    lines = text.splitlines()[:-1] or text.splitlines()
    if lines and (named := re.fullmatch(r"\ufeff?sep=(.)", lines[0])):
        return {**dialect, "skip_lines": 1, "delimiter": named[1]}
    delimiter, skipped = _delimiter(lines)
    dialect |= {} if delimiter in {None, ","} else {"delimiter": str(delimiter)}
    return {**dialect, "skip_lines": skipped} if skipped else dialect


@contextmanager
def _bytes(path: Path) -> Iterator[IO[bytes]]:
    try:
        with converted.opened(str(path), "file") as (content, _):
            yield content
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise BadData(f"{path}: cannot be unpacked: {error}") from None


def _delimiter(lines: list[str]) -> tuple[str | None, int]:
    """The mark that splits nearly all lines in the same number of columns, as many as possible.

    Also how many lines stand before the first one that it splits so: a title, a date, an address.
    """
    best, most, skipped = None, 1, 0
    for mark in DELIMITERS:
        split = list(csv.reader(lines[:300], delimiter=mark))
        rows = [len(row) for row in split]
        counts = Counter(number for number in rows if number)
        columns, times = counts.most_common(1)[0] if counts else (1, 0)
        start = next((index for index, number in enumerate(rows) if number == columns), 0)
        # A mark too many at the end of the names, or of all other lines, makes no title of the names.
        start -= start > 0 and uneven_names(split[start - 1], split[start : start + 20]) is not None
        body = [number for number in rows[min(start, MAX_PREAMBLE) :] if number]
        if columns > most and times >= 0.9 * len(body):
            best, most, skipped = mark, columns, start if start <= MAX_PREAMBLE else 0
    return best, skipped


def _sheets(engine: duckdb.DuckDBPyConnection, group: list[_File]) -> list[Sheet]:
    pattern = _pattern([file.path for file in group])
    if pattern is None:
        return [sheet for file in group for sheet in _sheets(engine, [file])]
    dialect = dict(group[0].dialect)
    raw = open_source(engine, "file", Source.model_validate({"path": pattern, **dialect, "columns": {}}))
    sample = f"SELECT COLUMNS(* EXCLUDE ({files.FILE_COLUMN}))::VARCHAR FROM ({raw.query})"
    rows = engine.execute(f"{sample} USING SAMPLE reservoir({SAMPLE_ROWS} ROWS) REPEATABLE (1)").fetchall()
    files.structural_rejects(engine, pattern)
    header = [name for name in raw.types if name != files.FILE_COLUMN]
    columns = zip(*rows, strict=True) if rows else ([] for _ in header)
    profiles = {name: profile(list(values)) for name, values in zip(header, columns, strict=True)}
    profiles = {name: _settled(engine, raw.query, name, one) for name, one in profiles.items()}
    return [Sheet(pattern, len(group), dialect, profiles)]


def _settled(engine: duckdb.DuckDBPyConnection, query: str, column: str, sampled: Profile) -> Profile:
    """What a sample leaves open of the decimal mark, the whole column may say."""
    if not number_evidence.is_open(sampled.marks, "."):
        return sampled
    bits = number_evidence.evidence_query(f"trim(CAST({sql.name(column)} AS VARCHAR))")
    row = engine.execute(f"SELECT bit_or({bits}) FROM ({query})").fetchone()
    return replace(sampled, marks=int(row[0] or 0) if row else 0)


def _pattern(paths: list[Path]) -> str | None:
    """A glob that matches exactly these files, if there is a simple one."""
    if len(paths) == 1:
        return glob.escape(str(paths[0]))
    folder, ending = paths[0].parent, paths[0].suffix
    stems = {_stem(path) for path in paths}
    for candidate in ([*stems] if len(stems) == 1 else []) + ["*"]:
        if sorted(folder.glob(f"{candidate}{ending}")) == sorted(paths):
            return str(folder / f"{candidate}{ending}")
    return None


def shared_ids(engine: duckdb.DuckDBPyConnection, of: tuple[Sheet, str], known: tuple[Sheet, str]) -> float:
    """Share of the different ids in one column that another column knows too."""
    columns = []
    for sheet, column in (of, known):
        raw = open_source(engine, "file", sheet.source({"id": column}))
        # In small letters: whether capitals tell customers apart is asked later.
        one = id_query(f"CAST({sql.name(column)} AS VARCHAR)", "casefold")
        columns.append(f"SELECT DISTINCT {one} AS id FROM ({raw.query}) WHERE {one} <> ''")
    row = engine.execute(f"SELECT avg((id IN (SELECT id FROM ({columns[1]})))::INT) FROM ({columns[0]})").fetchone()
    files.structural_rejects(engine, of[0].path)
    return float(row[0]) if row and row[0] is not None else 0.0
