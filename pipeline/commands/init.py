"""``churn init``: look at a folder of files and propose ``params.yaml``; what cannot be told is said and left out."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from pipeline import sql
from pipeline.commands.proposed_settings import (
    Days,
    TrialRows,
    ask_for_the_currency,
    find_days,
    in_order,
    propose_case,
    propose_money,
    settings_text,
    stage_on_trial,
)
from pipeline.config import overlay, params, paths
from pipeline.config.errors import BadData
from pipeline.config.shipped import find_shipped
from pipeline.sources.proposal import Placed, Wanted, propose, read_folder
from pipeline.sources.proposal.order_columns import OrderColumns
from pipeline.sources.proposal.sheets import shared_ids
from pipeline.tables import coherence, schemas
from pipeline.tables.counts import repeated

SURE, LIKELY = 0.88, 0.6


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
    rows = dict[str, TrialRows]()
    with (
        sql.connect(base.storage.threads, base.storage.memory_gb) as engine,
        TemporaryDirectory(prefix="churn-") as scratch,
    ):
        sheets, unread = read_folder(engine, folder)
        tables = {
            name: [Wanted(column.name, column.kind, column.required) for column in table.columns]
            for name, table in schemas.TABLES.items()
        }
        proposed = propose(sheets, tables, partial(shared_ids, engine), OrderColumns(engine))
        money, data = dict[str, str](), base.data
        if "transactions" in proposed.placed:
            money = propose_money(proposed.placed["transactions"], data)
            data = data.model_copy(update={key: int(v) if v.isdecimal() else v for key, v in money.items()})
            yield from ask_for_the_currency(proposed.placed["transactions"], data)
        for name, placed in proposed.placed.items():
            rows[name] = stage_on_trial(engine, name, placed, data, Path(scratch))
            yield from _describe_source(engine, name, placed, rows[name], data)
        left = [*proposed.left, *unread]
        yield from (f"not placed: {line}" for line in left)
        if "transactions" not in proposed.placed:
            raise BadData(
                f"{folder}: no file is surely the transactions (a customer, a time and an amount per line); "
                "write sources.transactions in params.yaml by hand"
            )
        days = find_days(engine, rows["transactions"])
        yield from _describe_days(days)
        good = {name: coherence.rows_of(engine, one.good()) for name, one in rows.items()}
        findings = coherence.examine(engine, good, base.coherence)
        yield from (f"look at it: {finding.words}" for finding in findings if finding.is_much)
        case, words = propose_case(engine, rows.values())
        yield from filter(None, [words])
        money |= case
        proposal = settings_text(engine, proposed, days, folder, money)
    yield from _written(proposal, target, write=write)
    currency = "" if "currency" in money else f", data.currency {data.currency}"
    yield (
        f"left as they were, so look at them: data.timezone {base.data.timezone}{currency}, "
        "and the costs and amounts of playbooks.yaml, which are those of an example: write your own, in your currency; "
        "`churn suggest` proposes active_days and horizon_days, `churn check` reads all of it against the files"
    )


def _base(target: Path) -> Path:
    """The settings to start from: those that are there, else those that come with the package."""
    return target if target.is_file() else find_shipped(paths.PARAMS.name)


def _describe_source(
    engine: duckdb.DuckDBPyConnection, name: str, placed: Placed, rows: TrialRows, data: params.Data
) -> Iterator[str]:
    sheet = placed.sheet
    dialect = ", ".join(f"{key} {value}" for key, value in {**sheet.dialect, **placed.dialect}.items())
    counted = f"{sheet.files} file{'s' if sheet.files > 1 else ''}"
    yield f"sources.{name}: {sheet.path} ({counted}{f'; {dialect}' if dialect else ''})"
    for column, theirs in in_order(placed):
        yield f"  {column} <- {theirs} ({_how_sure(placed.sure[column])})"
    if placed.where:
        yield f"  rows count where {placed.where}"
    yield from (f"  look at it: {note}" for note in placed.notes)
    yield from (f"  asked: {question}" for question in placed.questions)
    for theirs, why in placed.left.items():
        yield f"  not placed: {theirs}: {why}"
    counts = rows.counts(engine)
    refused = counts.rejected_by_rule
    worst = f", most because {max(refused, key=lambda rule: (refused[rule], rule))}" if refused else ""
    yield f"  {counts.read:,} rows, of which {counts.rejected:,} would be refused{worst}"
    if counts.left_out:
        yield f"  {counts.left_out:,} rows do not count"
    if counts.open_ends:
        yield f"  {counts.open_ends:,} contracts have no end"
    missing = refused.get("customer_id is missing", 0)
    if missing > data.max_rejected_share * counts.read:
        yield (
            f"  asked: {missing:,} rows have no customer; write `anonymous: drop` under data to leave such rows out, "
            "until then they are refused"
        )
    yield from (f"  {words}" for words in repeated(counts.as_report(), data))


def _how_sure(score: float) -> str:
    if score >= SURE:
        return "sure"
    return "likely, by its name" if score > LIKELY else "a guess, by its values"


def _describe_days(days: Days) -> Iterator[str]:
    yield f"days: transactions from {days.first} to {days.last}; observed_until assumes that the last day is whole"
    for day in days.alone:
        where, what = ("before", "beginning") if day < days.first else ("behind", "end")
        yield f"days: {day} stands alone far {where} all others, and is not taken for the {what} of the data"


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
