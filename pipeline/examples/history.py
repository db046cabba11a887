"""Day-level history of the customers of a bucket, by kind of row, and the one place where it is cut."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.examples import aggregates, records
from pipeline.examples.aggregates import Days, Positions

EPOCH = date(1970, 1, 1)
# Columns of whole thousandths, so that they add up exactly like amounts.
THOUSANDTHS = ("quantity", "points")


def physical(day: date) -> int:
    """A day as rows have it: days since 1970-01-01."""
    return (day - EPOCH).days


@dataclass(frozen=True)
class Rows:
    """The rows of one kind; those of a group, a customer or a region, lie together and in order of days.

    Attributes
    ----------
    frame
        ``day`` and what `lines`, `records` or `regional_orders` say of it. No row of it is copied for a snapshot.
    starts, ends
        The rows from `starts` to before `ends` are those of the group: (groups,).
    """

    frame: pl.DataFrame
    starts: Positions
    ends: Positions

    @cached_property
    def days(self) -> Days:
        """The day of each row, in days since 1970-01-01."""
        return self.frame["day"].to_physical().to_numpy()

    def first_from(self, day: date) -> Positions:
        """The first row of each group on or after a day, its end where there is none."""
        return aggregates.first_from(self.days, self.starts, self.ends, physical(day))


@dataclass(frozen=True)
class Known:
    """What was known of one kind on the morning of a snapshot.

    Attributes
    ----------
    snapshot
        Every row that belongs to a group is of an earlier day.
    rows
        The rows, cut at the snapshot: `ends` lies before the first one of a later day.
    columns
        The columns as they were known then, for as many rows as `rows.frame` has; see `before`.
    """

    snapshot: date
    rows: Rows
    columns: pl.LazyFrame


@dataclass(frozen=True)
class History:
    """Everything that is known of the customers of a bucket.

    Attributes
    ----------
    customers
        Keys of everybody any table of the bucket knows, rising: (customers,).
    segments
        The region of each among those of the kind ``market``, as its position: (customers,).
    kinds
        By kind; one that no table gives is absent.
    """

    customers: npt.NDArray[np.int64]
    segments: Positions
    kinds: dict[str, Rows]


def before(rows: Rows, snapshot: date) -> Known:
    """The rows of a kind as they were known on the morning of the snapshot: the only place where time is cut.

    Adds ``days_ago`` (1 is the day before the snapshot) and ``is_latest`` (no later row of the same customer, kind and
    item was known). ``next_day`` itself is not handed on, for it may lie ahead. Of `records.LATER` days it says how
    long ago they were (``resolved_days_ago``), null while they lie ahead, and what came with them likewise; of
    `records.PLANNED` ones, how many days are left (``days_to_due``), below zero once they are over.
    """
    columns = rows.frame.lazy().with_columns(**_as_known(rows, snapshot)).drop(_hidden(rows))
    return Known(snapshot, Rows(rows.frame, rows.starts, rows.first_from(snapshot)), columns)


def changing(rows: Rows) -> set[str]:
    """The columns of `before` that say something else at another snapshot."""
    return set(_as_known(rows, EPOCH))


def lasting(rows: Rows) -> pl.LazyFrame:
    """The other ones, which are made ready once for all snapshots."""
    return rows.frame.lazy().drop(_hidden(rows) | (changing(rows) & set(rows.frame.columns)))


def _hidden(rows: Rows) -> set[str]:
    return {"next_day", *records.LATER, *records.PLANNED}.intersection(rows.frame.columns)


def _as_known(rows: Rows, snapshot: date) -> dict[str, pl.Expr]:
    present = set(rows.frame.columns)
    morning = pl.lit(snapshot)
    known = {"days_ago": (morning - pl.col("day")).dt.total_days()}
    if "next_day" in present:
        known["is_latest"] = pl.col("next_day").is_null() | (pl.col("next_day") >= morning)
    for name in present.intersection(records.LATER):
        is_over = pl.col(name) < morning
        ago = (morning - pl.col(name)).dt.total_days()
        known[f"{name.removesuffix('_day')}_days_ago"] = pl.when(is_over).then(ago)
        known |= {brought: pl.when(is_over).then(how) for brought, how in records.BROUGHT.get(name, {}).items()}
    planned = present.intersection(records.PLANNED)
    known |= {f"days_to_{name.removesuffix('_day')}": (pl.col(name) - morning).dt.total_days() for name in planned}
    return known
