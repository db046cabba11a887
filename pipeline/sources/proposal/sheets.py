"""The files of a folder, those of one shape together, with how they are written and a sample of their values."""

import codecs
import csv
import glob
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipeline import sql
from pipeline.config.errors import BadData, PipelineError
from pipeline.config.params import Source
from pipeline.sources import files, number_evidence
from pipeline.sources.ids import id_query
from pipeline.sources.opening import open_source
from pipeline.sources.proposal.profiles import Profile, profile

SAMPLE_ROWS = 20_000
LOOKED_AT_BYTES = 1 << 16
# What systems and people leave beside data.
NO_DATA = re.compile(r"\.|README|.*\.(md|lock|partial)$")
DELIMITERS = (",", ";", "\t", "|")


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
    dialect: dict[str, str]
    profiles: dict[str, Profile]

    def source(self, columns: dict[str, str], **more: str) -> Source:
        """The files as a source of ``params.yaml``."""
        return Source.model_validate({"path": self.path, **self.dialect, **more, "columns": columns})


@dataclass(frozen=True)
class _File:
    path: Path
    dialect: tuple[tuple[str, str], ...]
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
    shapes: dict[object, list[_File]] = {}
    for file in readable:
        shape = (file.path.parent, file.path.suffix.lower(), file.dialect, file.header)
        shapes.setdefault(shape, []).append(file)
    sheets = [sheet for group in shapes.values() for sheet in _sheets(engine, group)]
    return sheets, left


def _look(engine: duckdb.DuckDBPyConnection, path: Path) -> _File:
    if path.suffix.lower() not in {*files.CSV_ENDINGS, ".parquet"}:
        raise BadData(f"{path}: is neither CSV nor Parquet")
    dialect: dict[str, str] = {}
    if path.suffix.lower() != ".parquet" and path.suffix.lower() != ".gz" and path.stat().st_size:
        dialect = _dialect(path)
    source = Source.model_validate({"path": glob.escape(str(path)), **dialect, "columns": {}})
    types = open_source(engine, "file", source).types
    header = tuple(name for name in types if name != files.FILE_COLUMN)
    if any(re.fullmatch(r"column\d+", name) or re.fullmatch(r"[\d.,:/-]+", name) for name in header):
        raise BadData(f"{path}: has no line with the names of its columns; add one, or write `header: false`")
    return _File(path, tuple(dialect.items()), header)


def _dialect(path: Path) -> dict[str, str]:
    encoding = _encoding(path)
    with path.open(encoding=encoding or "utf-8-sig", errors="replace", newline="") as lines:
        text = lines.read(LOOKED_AT_BYTES)
    dialect = {"encoding": encoding} if encoding else {}
    delimiter = _delimiter(text.splitlines()[:-1] or text.splitlines())
    return dialect if delimiter in {None, ","} else {**dialect, "delimiter": str(delimiter)}


def _encoding(path: Path) -> str | None:
    """Nothing for UTF-8; the whole file counts, for an accent may come late."""
    with path.open("rb") as content:
        if content.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
            return "utf-16"
        content.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while block := content.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
    return None


def _delimiter(lines: list[str]) -> str | None:
    """The mark that splits nearly all lines in the same number of columns, as many as possible."""
    best, most = None, 1
    for mark in DELIMITERS:
        counts = Counter(len(row) for row in csv.reader(lines[:300], delimiter=mark) if row)
        columns, times = counts.most_common(1)[0] if counts else (1, 0)
        if columns > most and times >= 0.9 * sum(counts.values()):
            best, most = mark, columns
    return best


def _sheets(engine: duckdb.DuckDBPyConnection, group: list[_File]) -> list[Sheet]:
    pattern = _pattern([file.path for file in group])
    if pattern is None:
        return [sheet for file in group for sheet in _sheets(engine, [file])]
    dialect = dict(group[0].dialect)
    raw = open_source(engine, "file", Source.model_validate({"path": pattern, **dialect, "columns": {}}))
    sample = f"SELECT COLUMNS(* EXCLUDE ({files.FILE_COLUMN}))::VARCHAR FROM ({raw.query})"
    rows = engine.execute(f"{sample} USING SAMPLE reservoir({SAMPLE_ROWS} ROWS) REPEATABLE (1)").fetchall()
    files.structural_rejects(engine, pattern)
    columns = zip(*rows, strict=True) if rows else ([] for _ in group[0].header)
    profiles = {name: profile(list(values)) for name, values in zip(group[0].header, columns, strict=True)}
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
    stems = {re.sub(r"\d+([_-]?\d+)*", "*", glob.escape(path.stem)) for path in paths}
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
