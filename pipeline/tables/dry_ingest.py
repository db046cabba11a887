"""A source taken in on trial: everything the stage would say of its rows, and nothing written that stays."""

from pathlib import Path

import duckdb

from pipeline import sql
from pipeline.config.params import Data, Source
from pipeline.sources import Raw
from pipeline.tables import loading, refusals, repeats
from pipeline.tables.counts import Counts
from pipeline.tables.schemas import Table


def take_in(
    engine: duckdb.DuckDBPyConnection,
    table: Table,
    raw: Raw,
    settings: tuple[Source, Data],
    place: loading.Place,
    kept: Path,
) -> tuple[Counts, loading.Staged]:
    """Count what would become of the rows of a source.

    Parameters
    ----------
    engine
        Runs the queries.
    table, raw, settings
        What is taken in: which table, from where, and what the settings say.
    place
        Where the rows lie meanwhile.
    kept
        Where the stage keeps refused rows, for its message.

    Returns
    -------
    Counts
        How many rows would count, and why others would not.
    Staged
        The rows, as long as their place is there.

    Raises
    ------
    BadData
        Whatever the stage would refuse.
    """
    source, data = settings
    staged = loading.stage(engine, table, source, raw, data, place)
    refusals.refuse_if_unclear(engine, table, source, raw, staged)
    by_rule = loading.keep_rejected(engine, table, staged, place.folder / f"{table.name}.rejected.parquet")
    weight = refusals.refuse_if_too_many(engine, table, staged, by_rule, settings, kept)
    policy = repeats.find_policy(engine, table, source, sql.parquet(staged.files), staged.read)
    written = loading.repetitions(engine, table, staged, policy)
    return written.as_counts(staged.read, by_rule, weight.amount, staged.apart), staged
