"""``churn init``: look at a folder of files and propose ``params.yaml``; what cannot be told is said and left out."""

import io
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from pipeline import sql
from pipeline.config import overlay, params, paths
from pipeline.config.errors import BadData
from pipeline.config.shipped import find_shipped
from pipeline.sources import files, open_source
from pipeline.sources.proposal import Placed, Proposal, Wanted, propose, read_folder
from pipeline.sources.proposal.sheets import shared_ids
from pipeline.tables import intake, schemas
from pipeline.tables.forgotten import Forgotten

USUAL_FOLDERS = {"raw", "data", "input", "files", "export", "exports"}
MAX_EVENT_TYPES = 8
SURE, LIKELY = 0.88, 0.6
# A day so far behind all others is a slip of the pen, not the end of the data.
FAR_DAYS = 31
OF_ONE_PIECE = "price|preis|prix|precio|prezzo|prijs|pris"


@dataclass(frozen=True)
class Days:
    """The first and the last day of the transactions, without days that stand alone far behind all others."""

    first: date
    last: date
    alone: date | None


def run(folder: Path, target: Path = paths.PARAMS, *, write: bool = False) -> Iterator[str]:
    """Propose settings for the files of a folder, and write them where no settings are yet.

    Parameters
    ----------
    folder
        Holds the files, in folders of its own or not.
    target
        The settings to write.
    write
        Whether settings that are there already may be changed.

    Yields
    ------
    str
        What each file and column was taken for and how surely, what could not be placed, and what is left to say.

    Raises
    ------
    BadData
        There is no such folder, or nothing in it looks like transactions.
    """
    if not folder.is_dir():
        raise BadData(f"{folder}: is no folder; say the one that holds your files, such as: churn init raw")
    base = params.load(_base(target))
    with sql.connect(base.storage.threads, base.storage.memory_gb) as engine:
        sheets, unread = read_folder(engine, folder)
        tables = {
            name: [Wanted(column.name, column.kind, column.required) for column in table.columns]
            for name, table in schemas.TABLES.items()
        }
        proposed = propose(sheets, tables, lambda of, known: shared_ids(engine, of, known))
        for name, placed in proposed.placed.items():
            yield from _describe_source(engine, name, placed, base.data)
        left = [*proposed.left, *unread]
        yield from (f"not placed: {line}" for line in left)
        if "transactions" not in proposed.placed:
            raise BadData(
                f"{folder}: no file is surely the transactions (a customer, a time and an amount per line); "
                "write sources.transactions in params.yaml by hand"
            )
        days = _days(engine, proposed.placed["transactions"], base.data)
        yield from _describe_days(days)
        proposal = _overlay(engine, proposed, days, folder)
    yield from _written(proposal, target, write=write)
    yield (
        f"left as they were, so look at them: data.timezone {base.data.timezone}, data.currency {base.data.currency}, "
        "and the costs and amounts of playbooks.yaml, which are those of an example: write your own, in your currency; "
        "`churn suggest` proposes active_days and horizon_days, `churn check` reads all of it against the files"
    )


def _base(target: Path) -> Path:
    """The settings to start from: those that are there, else those that come with the package."""
    return target if target.is_file() else find_shipped(paths.PARAMS.name)


def _describe_source(engine: duckdb.DuckDBPyConnection, name: str, placed: Placed, data: params.Data) -> Iterator[str]:
    sheet = placed.sheet
    dialect = ", ".join(f"{key} {value}" for key, value in {**sheet.dialect, **placed.dialect}.items())
    counted = f"{sheet.files} file{'s' if sheet.files > 1 else ''}"
    yield f"sources.{name}: {sheet.path} ({counted}{f'; {dialect}' if dialect else ''})"
    for column, theirs in _in_order(placed):
        yield f"  {column} <- {theirs} ({_how_sure(placed.sure[column])})"
    if "quantity" in placed.columns and re.search(OF_ONE_PIECE, placed.columns.get("amount", "").lower()):
        yield f"  look at it: is {placed.columns['amount']} the price of one piece? amount is what the line cost"
    for theirs, why in placed.left.items():
        yield f"  not placed: {theirs}: {why}"
    read, refused, rule = _checked_rows(engine, name, placed, data)
    worst = f", most because {rule}" if refused else ""
    yield f"  {read:,} rows, of which {refused:,} would be refused{worst}"


def _in_order(placed: Placed) -> list[tuple[str, str]]:
    """The columns in the order of the canonical table."""
    canonical = [column.name for column in schemas.TABLES[placed.table].columns]
    return sorted(placed.columns.items(), key=lambda item: canonical.index(item[0]))


def _how_sure(score: float) -> str:
    if score >= SURE:
        return "sure"
    return "likely, by its name" if score > LIKELY else "a guess, by its values"


def _source(placed: Placed) -> params.Source:
    return placed.sheet.source(placed.columns, **placed.dialect)


def _query(engine: duckdb.DuckDBPyConnection, name: str, placed: Placed, data: params.Data) -> str:
    source = _source(placed)
    raw = open_source(engine, name, source)
    return intake.validated_query(schemas.TABLES[name], source, raw.query, raw.types, data, Forgotten())


def _checked_rows(
    engine: duckdb.DuckDBPyConnection, name: str, placed: Placed, data: params.Data
) -> tuple[int, int, str]:
    query = f"SELECT count(*), count(rule), mode(rule) FROM ({_query(engine, name, placed, data)})"
    try:
        counts = engine.execute(query).fetchone()
    except duckdb.Error as error:
        raise files.unreadable(error, f"sources.{name}: {placed.sheet.path}") from None
    assert counts is not None, "an aggregate has one row"
    malformed = len(files.structural_rejects(engine, f"sources.{name}"))
    return counts[0] + malformed, counts[1] + malformed, counts[2] or "a line has too many or too few columns"


def _days(engine: duckdb.DuckDBPyConnection, placed: Placed, data: params.Data) -> Days:
    query = _query(engine, "transactions", placed, data)
    row = engine.execute(
        f"SELECT min(day), max(day), quantile_disc(day, 0.999) FROM ({query}) WHERE rule IS NULL"
    ).fetchone()
    files.structural_rejects(engine, "sources.transactions")
    if row is None or row[0] is None:
        raise BadData(f"sources.transactions: {placed.sheet.path} has no good row; correct the mapping by hand")
    first, last, usual = row
    return Days(first, usual, last) if (last - usual).days > FAR_DAYS else Days(first, last, None)


def _describe_days(days: Days) -> Iterator[str]:
    yield f"days: transactions from {days.first} to {days.last}; observed_until assumes that the last day is whole"
    if days.alone is not None:
        yield f"days: {days.alone} stands alone far behind all others, and is not taken for the end of the data"


def _overlay(engine: duckdb.DuckDBPyConnection, proposal: Proposal, days: Days, folder: Path) -> str:
    """The proposal as lines of ``params.yaml``."""
    after = days.last + timedelta(days=1)
    first = days.first + timedelta(days=min(365, (after - days.first).days // 3))
    out = io.StringIO()
    out.write(f"data:\n  name: {_name(folder)}\nsources:\n")
    for name, placed in proposal.placed.items():
        out.write(f"  {name}:\n    path: {_yaml(placed.sheet.path)}\n")
        for key, value in {**placed.sheet.dialect, **placed.dialect}.items():
            out.write(f"    {key}: {_yaml(value)}\n")
        out.write("    columns:\n")
        out.writelines(f"      {column}: {_yaml(theirs)}\n" for column, theirs in _in_order(placed))
    out.write(f'snapshots:\n  as_of: "{after}"\n  observed_until: "{after}"\n  first: "{first}"\n')
    # Whoever was never asked is not contacted, until somebody answers for it.
    out.write("contact:\n  unknown_consent: refuse\n")
    out.write(f"features:\n  event_types: [{', '.join(_event_types(engine, proposal))}]\n")
    return out.getvalue()


def _name(folder: Path) -> str:
    where = folder.resolve()
    name = where.parent.name if where.name.lower() in USUAL_FOLDERS else where.name
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_") or "my_company"


def _yaml(text: str) -> str:
    """A text as YAML reads it back, quoted where it has to be."""
    return (
        text
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", text) and text.lower() not in _WORDS
        else json.dumps(text, ensure_ascii=False)
    )


_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def _event_types(engine: duckdb.DuckDBPyConnection, proposal: Proposal) -> list[str]:
    """The most frequent types of event that can be names of features."""
    if "events" not in proposal.placed:
        return []
    placed = proposal.placed["events"]
    raw = open_source(engine, "events", _source(placed))
    kind = sql.name(placed.columns["event_type"])
    counted = engine.execute(
        f"SELECT trim({kind}::VARCHAR) AS type FROM ({raw.query}) GROUP BY ALL ORDER BY count(*) DESC, type LIMIT 100"
    ).fetchall()
    files.structural_rejects(engine, "sources.events")
    fitting = [str(row[0]) for row in counted if row[0] and re.fullmatch(r"[a-z][a-z0-9_]*", row[0])]
    return fitting[:MAX_EVENT_TYPES]


def _written(proposal: str, target: Path, *, write: bool) -> Iterator[str]:
    exists = target.exists()
    if exists and not write:
        yield f"{target} is there and stays as it is; --write writes these lines into it:"
        yield from proposal.splitlines()
        return
    with ExitStack() as stack:
        own = Path(stack.enter_context(TemporaryDirectory(prefix="churn-")))
        (own / "proposal.yaml").write_text(proposal, encoding="utf-8")
        shutil.copy(_base(target), own / target.name)
        changed = overlay.apply(own / "proposal.yaml", own / target.name)
        shutil.copy(own / target.name, target)
    yield f"{target}: {'changed' if exists else 'written'}: {', '.join(changed)}"
