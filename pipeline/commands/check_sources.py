"""The sources as `churn check` sees them: every row of files is read, and what a stage would refuse is refused."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from pipeline import sql
from pipeline.config import params
from pipeline.config.errors import NotEnoughData
from pipeline.config.paths import REPRO
from pipeline.examples import snapshots as calendar
from pipeline.model import data_requirements
from pipeline.sources import Raw, open_source
from pipeline.tables import coherence, computed, dry_ingest, forgotten, late_renewals, loading, order_ids, schemas
from pipeline.tables.counts import Counts, describe
from pipeline.tables.ingest_cache import IngestCache


def run(settings: params.Params) -> Iterator[str]:
    """Read every row of every file as ingest would, and hold the tables against each other and against the calendar.

    Yields
    ------
    str
        What each source is and what becomes of its rows; what is doubtful begins with ``WARNING``.

    Raises
    ------
    BadData, NotEnoughData, StaleInput
        Whatever a stage would refuse of these rows.
    """
    rows = dict[str, coherence.Rows]()
    with (
        TemporaryDirectory(prefix="churn-") as folder,
        sql.connect(settings.storage.threads, settings.storage.memory_gb) as engine,
    ):
        for name, source in settings.sources.declared().items():
            schemas.check_mapping(name, source.columns)
            raw = open_source(engine, name, source)
            yield from _not_seen(name, source, raw)
            mapped = f"{len(computed.mapped_columns(source, raw.types))} of {len(raw.types) - 1} columns mapped"
            words = ""
            if source.path:
                counts, staged = _take_in(engine, name, raw, settings, Path(folder))
                rows[name] = coherence.rows_of(engine, staged.good)
                words = f"; {describe(counts.as_report(), settings.data)}"
            yield f"sources.{name}: {raw.description}, {mapped}{words}"
        if "transactions" in rows:
            yield from _coherence(engine, rows, settings.coherence)
            yield from order_ids.describe(engine, settings.sources.transactions, rows["transactions"].query)
            if "subscriptions" in rows:
                yield from late_renewals.describe(engine, rows["subscriptions"], settings.label)
            _refuse_short(engine, rows["transactions"].query, settings)


def _not_seen(name: str, source: params.Source, raw: Raw) -> Iterator[str]:
    if source.path and not Path(source.path).is_relative_to("raw"):
        yield f"sources.{name}: {source.path} lies outside raw/, so dvc repro does not see when it changes"
    if source.sql:
        yield (
            f"sources.{name}: dvc repro does not see when {raw.description} changes; fetch it again with: "
            "dvc repro --force ingest"
        )


def _take_in(
    engine: duckdb.DuckDBPyConnection, name: str, raw: Raw, settings: params.Params, folder: Path
) -> tuple[Counts, loading.Staged]:
    """What would become of the rows, which are read as ingest reads them; files stay read for it."""
    cache = IngestCache(REPRO.ingest_cache, settings.storage.keep_read_days)
    place = loading.Place(folder, cache, forgotten.read(REPRO.forgotten))
    shown = REPRO.kept_rejected / f"{name}.parquet"
    source = settings.sources.declared()[name]
    return dry_ingest.take_in(engine, schemas.TABLES[name], raw, (source, settings.data), place, shown)


def _coherence(
    engine: duckdb.DuckDBPyConnection, rows: dict[str, coherence.Rows], settings: params.Coherence
) -> Iterator[str]:
    """Whether the tables agree with each other, as far as they are files."""
    lines = coherence.refuse_or_describe(coherence.examine(engine, rows, settings), settings)
    yield from (f"WARNING {line}" for line in lines)
    if not lines:
        yield (
            f"coherence: {', '.join(rows)} agree with each other" if len(rows) > 1 else "coherence: no customer is odd"
        )


def _refuse_short(engine: duckdb.DuckDBPyConnection, rows: str, settings: params.Params) -> None:
    """Refuse a history that is too short or too old, as the stages behind ingest would."""
    snapshots = settings.snapshots
    days = [
        day for day in calendar.snapshot_days(snapshots)
        if calendar.is_complete(day, settings.label, snapshots.observed_until)
    ]  # fmt: skip
    start = (days[0] if days else snapshots.as_of) - timedelta(days=snapshots.active_days)
    eligible = snapshots.as_of - timedelta(days=snapshots.active_days)
    row = engine.execute(
        f"""
        WITH customers AS (
            SELECT min(day) AS first, bool_or(day >= $1 AND day < $2) AS is_looked_at,
                bool_or(day >= $3 AND day < $2) AS is_eligible
            FROM {rows} WHERE amount_minor >= 0 GROUP BY customer_key)
        SELECT (SELECT max(day) FROM {rows}), min(first) FILTER (is_looked_at), count(*) FILTER (is_eligible)
        FROM customers""",
        [start, snapshots.as_of, eligible],
    ).fetchone()
    assert row is not None, "an aggregate has one row"
    last, first, number = row
    calendar.refuse_unobserved(last, snapshots.observed_until, settings.data.max_silent_days)
    if not number:
        raise NotEnoughData(f"nobody is eligible at {snapshots.as_of}; check snapshots.as_of and snapshots.active_days")
    data_requirements.refuse_short(first or last, snapshots, settings.label, settings.data_requirements)
