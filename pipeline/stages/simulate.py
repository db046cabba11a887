"""The ``churn simulate`` command: blocks of simulated customers -> Parquet files, streamed."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow.parquet as pq
from pydantic import ValidationError

from pipeline import params, simulate
from pipeline.errors import BadParams
from pipeline.tables import storage
from pipeline.tables.buckets import map_buckets

SETTINGS = "settings.json"
FILES = {SETTINGS, *(f"{name}.parquet" for name in simulate.NAMES)}


def plan(
    setting: str, *, customers: int, days: int, seed: int, every_days: int, gap_days: int, horizon_days: int
) -> simulate.Plan:
    """What the options of the command ask for; customers keep coming until the last day.

    >>> options = dict(customers=10, days=365, seed=1, every_days=30, gap_days=0, horizon_days=90)
    >>> str(plan("default", **options).as_of)
    '2023-01-01'
    >>> plan("default", **options | {"customers": 0})
    Traceback (most recent call last):
    pipeline.errors.BadParams: churn simulate: customers: input should be greater than or equal to 1, found 0
    """
    label = {"kind": "inactivity", "gap_days": gap_days, "horizon_days": horizon_days}
    content = {"customers": customers, "days": days, "seed": seed, "every_days": every_days, "label": label}
    try:
        return simulate.Plan.model_validate(content | {"company": simulate.named(setting), "arrival_days": days})
    except ValidationError as error:
        raise BadParams(f"churn simulate: {params.first_problem(error, simulate.Plan)}") from None


def run(setting: str, plan: simulate.Plan, to: Path, workers: int) -> str:
    """Simulate block by block, write the folder whole or not at all, and say what it holds.

    Parameters
    ----------
    setting
        Name of the company.
    plan
        What is simulated.
    to
        The folder; one that an earlier simulation wrote is replaced, any other is refused.
    workers
        Processes at work at once; the files do not depend on it.
    """
    _refuse_if_not_ours(to)
    with storage.new_folder(to) as folder:
        rows = _write(_blocks(plan, workers), folder)
        storage.write_json(_settings(setting, plan, rows), folder / SETTINGS)
    counts = ", ".join(f"{count:,} rows of {name}" for name, count in rows.items())
    return f"{to}: {plan.customers:,} customers of setting {setting}, as of {plan.as_of}: {counts}"


def _refuse_if_not_ours(to: Path) -> None:
    if to.is_file():
        raise BadParams(f"--to {to}: is a file; write the name of a folder, such as raw/simulated")
    strangers = sorted({file.name for file in to.iterdir()} - FILES) if to.is_dir() else []
    if strangers:
        raise BadParams(f"--to {to}: holds {strangers[0]}, which no simulation wrote; write a folder of its own")


def _blocks(plan: simulate.Plan, workers: int) -> Iterator[dict[str, pl.DataFrame]]:
    # The way the other stages spread their work; only the executor and its workers are read.
    executor: Literal["serial", "processes"] = "processes" if workers > 1 else "serial"
    storage_settings = params.Storage(buckets=1, executor=executor, workers=workers, threads=1, memory_gb=1.0)
    numbers = range(simulate.number_of_blocks(plan))
    return map_buckets(partial(simulate.block, plan), numbers, storage_settings, "simulate")


def _write(blocks: Iterator[dict[str, pl.DataFrame]], folder: Path) -> dict[str, int]:
    """Append each block to its files, one row group or more per block, and count the rows."""
    rows = dict.fromkeys(simulate.NAMES, 0)
    writers: dict[str, pq.ParquetWriter] = {}
    with ExitStack() as open_files:
        for tables in blocks:
            for name, table in tables.items():
                # In one piece, so that the bytes do not depend on how the table came here.
                arrow = table.rechunk().to_arrow()
                if name not in writers:
                    writer = pq.ParquetWriter(folder / f"{name}.parquet", arrow.schema, compression="zstd")
                    writers[name] = open_files.enter_context(writer)
                writers[name].write_table(arrow)
                rows[name] += len(table)
    return rows


def _settings(setting: str, plan: simulate.Plan, rows: dict[str, int]) -> dict[str, object]:
    """All that the files depend on, and how many rows they have."""
    calendar = {"first_day": simulate.FIRST_DAY.isoformat(), "as_of": plan.as_of.isoformat()}
    return {"setting": setting} | calendar | plan.model_dump(mode="json") | {"rows": rows}
