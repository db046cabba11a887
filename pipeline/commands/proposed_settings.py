"""What `churn init` proposes, put to use: the rows a proposal reads, their days, and the settings it comes to."""

import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb

from pipeline import sql
from pipeline.config import params
from pipeline.config.errors import BadData
from pipeline.sources import files, open_source
from pipeline.sources.currencies import minor_digits
from pipeline.sources.proposal import Placed, Proposal
from pipeline.tables import loading, repeats, schemas
from pipeline.tables.counts import Counts
from pipeline.tables.forgotten import Forgotten
from pipeline.tables.ingest_cache import IngestCache

USUAL_FOLDERS = {"raw", "data", "input", "files", "export", "exports"}
MAX_EVENT_TYPES, MAX_NAME = 8, 200
# Fewer customers than this who differ in capitals only are slips of the pen.
MIN_MERGED = 3
# A day so far behind all others is a slip of the pen, not the end of the data.
FAR_DAYS = 31
# Share of all rows that days which stand alone may hold.
STRAY_SHARE = 0.001


@dataclass(frozen=True)
class Days:
    """The first and the last day of the transactions, without days that stand alone far from all others."""

    first: date
    last: date
    alone: tuple[date, ...]


def source_of(placed: Placed) -> params.Source:
    """A file taken for a table, as a source of the settings."""
    where = {"where": placed.where} if placed.where else {}
    return placed.sheet.source(placed.mapped(), **placed.dialect, **where)


@dataclass(frozen=True)
class TrialRows:
    """The rows of a file taken for a table, as the intake judges them, in a folder that does not stay."""

    table: schemas.Table
    source: params.Source
    staged: loading.Staged
    rejected: Path

    def counts(self, engine: duckdb.DuckDBPyConnection) -> Counts:
        """What would become of them."""
        by_rule = loading.keep_rejected(engine, self.table, self.staged, self.rejected)
        policy = repeats.find_policy(engine, self.table, self.source, self.good(), self.staged.read)
        return loading.repetitions(engine, self.table, self.staged, policy).as_counts(
            self.staged.read, by_rule, 0, self.staged.apart
        )

    def good(self) -> str:
        """The rows as a table expression."""
        return self.staged.good


def stage_on_trial(
    engine: duckdb.DuckDBPyConnection, name: str, placed: Placed, data: params.Data, folder: Path
) -> TrialRows:
    """Read a file as the table it was taken for; nothing of it stays."""
    table, source = schemas.TABLES[name], source_of(placed)
    place = loading.Place(folder, IngestCache(folder, 0), Forgotten())
    staged = loading.stage(engine, table, source, open_source(engine, name, source), data, place)
    return TrialRows(table, source, staged, folder / f"{name}.rejected.parquet")


def in_order(placed: Placed) -> list[tuple[str, str]]:
    """The columns in the order of the canonical table."""
    canonical = [column.name for column in schemas.TABLES[placed.table].columns]
    return sorted(placed.mapped().items(), key=lambda item: canonical.index(item[0]))


def find_days(engine: duckdb.DuckDBPyConnection, rows: TrialRows) -> Days:
    """The days of the transactions, or `BadData` where no row of them is good."""
    counted = engine.execute(
        f"SELECT day, count(*) FROM {rows.good()} WHERE rule IS NULL GROUP BY day ORDER BY day"
    ).fetchall()
    if not counted:
        raise BadData(f"sources.transactions: {rows.source.path} has no good row; correct the mapping by hand")
    few = max(1, sum(number for _, number in counted) * STRAY_SHARE)
    before, after = _strays(counted, few), _strays(counted[::-1], few)
    usual = counted[len(before) : len(counted) - len(after)] or counted
    return Days(usual[0][0], usual[-1][0], tuple(sorted([*before, *after])) if usual is not counted else ())


def _strays(counted: list[tuple[date, int]], few: float) -> list[date]:
    """The days from one end on that hold few rows and stand alone, far from all others."""
    rows = 0
    for index, ((day, number), (other, _)) in enumerate(pairwise(counted), 1):
        rows += number
        if rows > few:
            return []
        if abs((other - day).days) > FAR_DAYS:
            rest = _strays(counted[index:], few - rows)
            return [day for day, _ in counted[:index]] + rest
    return []


def propose_case(engine: duckdb.DuckDBPyConnection, rows: Iterable[TrialRows]) -> tuple[dict[str, str], str]:
    """Whether e-mail addresses that differ in capitals only are one customer, as a setting and in words."""
    listed = " UNION ALL ".join(f"SELECT customer_id AS id FROM {one.good()} WHERE rule IS NULL" for one in rows)
    row = engine.execute(
        f"SELECT count(DISTINCT id) - count(DISTINCT lower(id)) FROM ({listed}) WHERE id LIKE '%@%'"
    ).fetchone()
    merged = int(row[0]) if row else 0
    if merged < MIN_MERGED:
        return {}, ""
    words = f"customers: {merged:,} e-mail addresses differ from another one in capitals only, and become one with it"
    return {"customer_ids": "casefold"}, words


def ask_for_the_currency(placed: Placed, data: params.Data) -> Iterator[str]:
    """What to ask where the signs beside the amounts do not say which currency they mean."""
    possible = placed.sheet.profiles[placed.columns["amount"]].currencies
    if possible is not None and data.currency not in possible:
        which = f"is it {' or '.join(sorted(possible))}?" if possible else "its amounts are in several currencies;"
        yield (
            f"asked: {placed.columns['amount']}: {which} data.currency is {data.currency}, and amounts with the sign "
            "of another currency are refused"
        )


def propose_money(placed: Placed, base: params.Data) -> dict[str, str]:
    """The currency that is written beside the amounts, with its digits, where the settings say another one."""
    named = placed.sheet.profiles[placed.columns["currency"]].common if "currency" in placed.columns else ()
    codes = frozenset(code.upper() for code in named if re.fullmatch("[A-Za-z]{3}", code))
    possible = placed.sheet.profiles[placed.columns["amount"]].currencies or codes
    if base.currency in possible or len(possible) != 1:
        return {}
    currency = next(iter(possible))
    return {"currency": currency, "minor_digits": str(minor_digits(currency))}


def settings_text(
    engine: duckdb.DuckDBPyConnection, proposal: Proposal, days: Days, folder: Path, money: dict[str, str]
) -> str:
    """The proposal as lines of ``params.yaml``, in the order in which they stand there."""
    after = days.last + timedelta(days=1)
    first = days.first + timedelta(days=min(365, (after - days.first).days // 3))
    out = io.StringIO()
    out.write(f"data:\n  name: {_yaml(_name(folder))}\n")
    out.writelines(f"  {key}: {value}\n" for key, value in money.items())
    out.write("sources:\n")
    for name, placed in proposal.placed.items():
        out.write(f"  {name}:\n    path: {_yaml(placed.sheet.path)}\n")
        for key, value in {**placed.sheet.dialect, **placed.dialect}.items():
            out.write(f"    {key}: {_yaml(value)}\n")
        if placed.where:
            out.write(f"    where: {_yaml(placed.where)}\n")
        out.write("    columns:\n")
        out.writelines(f"      {column}: {_yaml(theirs)}\n" for column, theirs in in_order(placed))
    out.write(f'snapshots:\n  as_of: "{after}"\n  observed_until: "{after}"\n  first: "{first}"\n')
    out.write(f"features:\n  event_types: [{', '.join(map(_yaml, _event_types(engine, proposal)))}]\n")
    # Whoever was never asked is not contacted, until somebody answers for it.
    out.write("contact:\n  unknown_consent: refuse\n")
    return out.getvalue()


def _name(folder: Path) -> str:
    where = folder.resolve()
    name = where.parent.name if where.name.lower() in USUAL_FOLDERS else where.name
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_") or "my_company"


def _yaml(text: str | int) -> str:
    """A text as YAML reads it back, quoted where it has to be; a number as it is."""
    if isinstance(text, int):
        return str(text)
    return (
        text
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", text) and text.lower() not in _WORDS
        else json.dumps(text, ensure_ascii=False)
    )


_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def _event_types(engine: duckdb.DuckDBPyConnection, proposal: Proposal) -> list[str]:
    """The most frequent types of event, as the company calls them."""
    if "events" not in proposal.placed:
        return []
    placed = proposal.placed["events"]
    if placed.one_kind is not None:
        return [placed.one_kind]
    raw = open_source(engine, "events", source_of(placed))
    kind = sql.name(placed.columns["event_type"])
    counted = engine.execute(
        f"SELECT trim({kind}::VARCHAR) AS type FROM ({raw.query}) GROUP BY ALL ORDER BY count(*) DESC, type LIMIT 100"
    ).fetchall()
    files.structural_rejects(engine, "sources.events")
    return [str(row[0]) for row in counted if row[0] and len(row[0]) <= MAX_NAME and "\n" not in row[0]][
        :MAX_EVENT_TYPES
    ]
