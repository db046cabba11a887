"""What teams have handed back, kept: one Parquet file for each list, and in it every version of every row."""

from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from pipeline.tables import storage

SCHEMA: Final[dict[str, pl.DataType]] = {
    "customer_id": pl.String(),
    "as_of_day": pl.Date(),
    "status": pl.String(),
    "done_day": pl.Date(),
    "answer": pl.String(),
    "wrong_reason": pl.Int64(),
    "wrong_family": pl.String(),
    "snooze_until_day": pl.Date(),
    "note": pl.String(),
    "received_day": pl.Date(),
}
"""The columns; ``received_day`` is the day on which a row came back, before which nobody knew of it."""
ROW: Final = ["customer_id", "as_of_day"]


class Outcome(NamedTuple):
    """How one action of a list went; the columns of `SCHEMA` but the last one."""

    customer_id: str
    as_of_day: date
    status: str | None
    done_day: date | None
    answer: str | None
    wrong_reason: int | None
    wrong_family: str | None
    snooze_until_day: date | None
    note: str | None


def read(folder: Path, as_of: date) -> pl.DataFrame:
    """The latest version of each row that had come back by the morning of a day.

    Parameters
    ----------
    folder
        Where they are kept; it need not be there.
    as_of
        The day: what came back later is not known yet.

    Returns
    -------
    polars.DataFrame
        The columns of `SCHEMA`, each customer of a list at most once.
    """
    parts = [pl.scan_parquet(file) for file in sorted(folder.glob("*.parquet"))]
    known = pl.concat([pl.LazyFrame(schema=SCHEMA), *parts]).filter(pl.col("received_day") <= as_of)
    return known.unique(ROW, keep="last", maintain_order=True).collect()


def add(folder: Path, outcomes: list[Outcome], received: date) -> dict[str, int]:
    """Keep what a file hands back, and say how many rows were ``new``, ``changed`` or ``as before``.

    Cells that are empty leave what was handed back before; so the same file twice, or two files of which each holds a
    part, are as good as one.
    """
    counts = dict.fromkeys(("new", "changed", "as before"), 0)
    for day in sorted({outcome.as_of_day for outcome in outcomes}):
        file = folder / f"{day}.parquet"
        there = storage.read_parquet(file) if file.is_file() else pl.DataFrame(schema=SCHEMA)
        latest = {row["customer_id"]: row for row in there.to_dicts()}
        versions = []
        for outcome in outcomes:
            if outcome.as_of_day == day:
                before = latest.get(outcome.customer_id)
                merged = _merged(outcome, before) | {"received_day": received}
                kind = "new" if before is None else "changed" if _differs(merged, before) else "as before"
                counts[kind] += 1
                if kind != "as before":
                    latest[outcome.customer_id] = merged
                    versions.append(merged)
        if versions:
            storage.write_parquet(pl.concat([there, pl.DataFrame(versions, schema=SCHEMA)]), file)
    return counts


def _merged(outcome: Outcome, before: dict[str, object] | None) -> dict[str, object]:
    own = outcome._asdict()
    return own if before is None else {name: before[name] if own[name] is None else own[name] for name in own}


def _differs(merged: dict[str, object], before: dict[str, object]) -> bool:
    return any(merged[name] != before[name] for name in SCHEMA if name != "received_day")


def erase(folder: Path, customer_id: str) -> int:
    """Take a customer out of everything that was handed back, and say how many rows that were."""
    lost = 0
    for file in sorted(folder.glob("*.parquet")):
        kept = storage.read_parquet(file)
        left = kept.filter(pl.col("customer_id") != customer_id)
        if left.height < kept.height:
            storage.write_parquet(left, file)
            lost += kept.height - left.height
    return lost


def delete_before(folder: Path, day: date) -> int:
    """Delete what was handed back of lists before a day, and say of how many lists."""
    old = [file for file in sorted(folder.glob("*.parquet")) if file.stem < day.isoformat()]
    for file in old:
        storage.remove(file)
    return len(old)
