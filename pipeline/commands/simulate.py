"""The ``churn simulate`` command: blocks of simulated customers -> Parquet files, streamed."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import polars as pl
import pyarrow.parquet as pq
from pydantic import ValidationError

from pipeline import simulate
from pipeline.config import params
from pipeline.config.errors import BadParams
from pipeline.simulate import causal
from pipeline.tables import storage

SETTINGS, EFFECTS = "settings.json", "effects"
FILES = {SETTINGS, *(f"{name}.parquet" for name in simulate.NAMES)}
WHOLE_FILES = {SETTINGS, *(f"{name}.parquet" for name in causal.NAMES)}
# A whole company needs a third year: some causes take more than one to come.
DAYS, WHOLE_DAYS = 730, 1096
Plan = simulate.Plan | causal.WholePlan
Blocks = Iterator[dict[str, pl.DataFrame]]


class Options(TypedDict):
    """The options of the command that say what is simulated; see ``churn simulate --help``."""

    customers: int
    days: int | None
    seed: int
    every_days: int
    gap_days: int
    horizon_days: int


def plan(setting: str, **options: Unpack[Options]) -> Plan:
    """What the options of the command ask for; customers keep coming until the last day.

    >>> options = dict(customers=10, days=365, seed=1, every_days=30, gap_days=0, horizon_days=90)
    >>> str(plan("default", **options).as_of)
    '2023-01-01'
    >>> plan("default", **options | {"customers": 0})
    Traceback (most recent call last):
    pipeline.config.errors.BadParams: churn simulate: customers: input should be greater than or equal to 1, found 0
    """
    label = {"kind": "inactivity", "gap_days": options["gap_days"], "horizon_days": options["horizon_days"]}
    content: dict[str, object] = {"label": label} | {
        "customers": options["customers"], "seed": options["seed"], "every_days": options["every_days"],
    }  # fmt: skip
    days = options["days"]
    kind: type[Plan] = simulate.Plan
    if setting in causal.COMPANIES:
        company, kind = causal.COMPANIES[setting], causal.WholePlan
        content |= {"company": company, "days": WHOLE_DAYS if days is None else days}
        label["kind"] = company.outcome
    else:
        days = DAYS if days is None else days
        content |= {"company": simulate.named(setting, (*causal.COMPANIES,)), "days": days, "arrival_days": days}
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise BadParams(f"churn simulate: {params.first_problem(error, kind)}") from None


def run(setting: str, plan: Plan, to: Path, workers: int) -> str:
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
        if isinstance(plan, causal.WholePlan):
            rows = _write(_blocks(partial(causal.whole_block, plan), plan, workers), folder)
            storage.write_parquet(causal.effects(plan.company), folder / f"{EFFECTS}.parquet")
        else:
            rows = _write(_blocks(partial(simulate.block, plan), plan, workers), folder)
        storage.write_json(_settings(setting, plan, rows), folder / SETTINGS)
    counts = ", ".join(f"{count:,} rows of {name}" for name, count in rows.items())
    return f"{to}: {plan.customers:,} customers of setting {setting}, as of {plan.as_of}: {counts}"


def _refuse_if_not_ours(to: Path) -> None:
    if to.is_file():
        raise BadParams(f"--to {to}: is a file; write the name of a folder, such as raw/simulated")
    strangers = sorted({file.name for file in to.iterdir()} - FILES - WHOLE_FILES) if to.is_dir() else []
    if strangers:
        raise BadParams(f"--to {to}: holds {strangers[0]}, which no simulation wrote; write a folder of its own")


def _blocks(block: Callable[[int], dict[str, pl.DataFrame]], plan: Plan, workers: int) -> Blocks:
    """All blocks in order; however slow the disk is, only a few wait in memory."""
    numbers, workers = range(simulate.number_of_blocks(plan)), min(workers, os.cpu_count() or 1)
    if workers == 1 or len(numbers) == 1:
        yield from map(block, numbers)
        return
    waiting: deque[Future[dict[str, pl.DataFrame]]] = deque()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for number in numbers:
            waiting.append(pool.submit(block, number))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _write(blocks: Blocks, folder: Path) -> dict[str, int]:
    """Append each block to its files, one row group or more per block, and count the rows."""
    rows: dict[str, int] = {}
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
                rows[name] = rows.get(name, 0) + len(table)
    return rows


def _settings(setting: str, plan: Plan, rows: dict[str, int]) -> dict[str, object]:
    """All that the files depend on, and how many rows they have."""
    calendar = {"first_day": simulate.FIRST_DAY.isoformat(), "as_of": plan.as_of.isoformat()}
    return {"setting": setting} | calendar | plan.model_dump(mode="json") | {"rows": rows}
