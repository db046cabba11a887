"""``churn forget``: a customer out of everything that is kept here, and out of whatever is delivered from now on."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from pipeline import lists, sql
from pipeline.commands import pack
from pipeline.commands.locks import alone
from pipeline.config import params
from pipeline.config.errors import BadData
from pipeline.config.paths import REPRO, WEEKLY_LOCK, Paths
from pipeline.outcomes import store
from pipeline.sources import files, open_source
from pipeline.sources.ids import canonical_id
from pipeline.tables import forgotten, intake, rejected_rows, schemas, storage
from pipeline.tables.forgotten import Forgotten


def run(settings: params.Params, customer_id: str, paths: Paths = REPRO) -> Iterator[str]:
    """Forget a customer. A run that was killed is ended by running it again.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    customer_id
        The customer, as the company writes it.
    paths
        Where everything is.

    Yields
    ------
    str
        What was erased, what is to be run next, and which of the company's own files still hold the customer.

    Raises
    ------
    BadData
        Nobody knows the customer: neither anything that is kept here nor the company's own files.
    Locked
        The weekly job is at work, or a command is taking lists back.
    """
    customer_id = canonical_id(customer_id, settings.data.customer_ids)
    weekly = paths.data / WEEKLY_LOCK.name
    with (
        alone(weekly, f"{weekly}: the weekly job is at work"),
        alone(paths.outcomes_lock, f"{paths.outcomes}: a command is taking lists back"),
    ):
        before, in_sources = forgotten.read(paths.forgotten), list(_in_sources(settings, customer_id, paths))
        known = before.holds(customer_id)
        if not (known or in_sources or _is_kept(settings, customer_id, paths)):
            raise BadData(
                f"customer {customer_id!r} is in no published week, no outcome and none of the sources; write the id "
                "as it stands in the column customer_id of the list"
            )
        day = datetime.now(ZoneInfo(settings.data.timezone)).date()
        # First, so that whatever is cut short no later run brings the customer back.
        forgotten.write(before.including(customer_id, day), paths.forgotten)
        again = "was forgotten before; " if known else ""
        yield f"{paths.forgotten}: {again}rows of this customer are left out from now on, whoever delivers them"
        yield from _erase(settings, customer_id, paths)
        yield from in_sources


def _is_kept(settings: params.Params, customer_id: str, paths: Paths) -> bool:
    is_in_outcomes = _holds(sorted(paths.outcomes.glob("*.parquet")), customer_id)
    weeks = lists.weeks_holding(paths.exports, settings.data.name, customer_id)
    is_in_pack = any(file.is_file() for file in pack.pack_files(paths, customer_id))
    return is_in_outcomes or is_in_pack or _is_in_data(paths, customer_id) or any(weeks)


def _erase(settings: params.Params, customer_id: str, paths: Paths) -> Iterator[str]:
    for week in lists.erase(paths.exports, settings.data.name, customer_id):
        yield _words(week)
    if lost := store.erase(paths.outcomes, customer_id):
        yield f"{paths.outcomes}: {_rows(lost)}"
    if lost := rejected_rows.erase(sorted((paths.data / "weekly_rejected").glob("*")), customer_id):
        yield f"{paths.data / 'weekly_rejected'}: {_rows(lost)}"
    for file in pack.pack_files(paths, customer_id):
        if file.is_file():
            storage.remove(file)
            yield f"{file}: was of this customer and was deleted"
    storage.remove(paths.ingest_cache)
    if _is_in_data(paths, customer_id):
        for folder in paths.of_customers:
            storage.remove(folder)
        yield (
            f"{paths.data}: tables, examples, scores and the week that is not yet released were deleted; dvc repro "
            "makes them again, then dvc gc --workspace deletes the earlier versions that DVC keeps"
        )


def _words(week: lists.Erased) -> str:
    held = f"{week.folder}: {_rows(sum(week.rows.values()))} of {', '.join(week.rows)}"
    if not week.deleted:
        return held
    return (
        f"{held}; {', '.join(week.deleted)} showed this customer and were deleted (churn weekly --as-of "
        f"{week.folder.name} --replace writes that week again)"
    )


def _rows(number: int) -> str:
    return f"{number:,} {'row' if number == 1 else 'rows'}"


def _is_in_data(paths: Paths, customer_id: str) -> bool:
    tables = [file for folder in paths.of_customers for file in sorted(folder.rglob("*.parquet"))]
    return _holds([file for file in tables if "customer_id" in pl.read_parquet_schema(file)], customer_id)


def _holds(tables: list[Path], customer_id: str) -> bool:
    return any(
        not pl.scan_parquet(file).filter(pl.col("customer_id") == customer_id).head(1).collect().is_empty()
        for file in tables
    )


def _in_sources(settings: params.Params, customer_id: str, paths: Paths) -> Iterator[str]:
    """The company's own files are not ours to change; whoever keeps them is told what is in them."""
    with (
        sql.connect(settings.storage.threads, settings.storage.memory_gb) as engine,
        storage.scratch(paths.data / ".forget") as place,
    ):
        for name, source in settings.sources.declared().items():
            raw = open_source(engine, name, source, place)
            query = intake.validated_query(
                schemas.TABLES[name], source, raw.query, raw.types, settings.data, Forgotten()
            )
            rows = _count(engine, f"SELECT count(*) FROM ({query}) WHERE customer_id = {sql.text(customer_id)}", name)
            if rows:
                yield f"sources.{name}: {raw.description} still has {_rows(rows)}; that is yours to correct"


def _count(engine: duckdb.DuckDBPyConnection, query: str, table: str) -> int:
    try:
        counted = engine.execute(query).fetchone()
    except duckdb.Error as error:
        raise files.unreadable(error, f"sources.{table}") from None
    assert counted is not None, "a count has one row"
    return int(counted[0])
