"""The tables of a bucket -> its history: the rows of each kind, by customer and day."""

from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline import sql
from pipeline.examples import history, lines, records, regional_orders
from pipeline.examples.aggregates import Positions
from pipeline.tables import storage


def load(
    engine: duckdb.DuckDBPyConnection, tables: Path, bucket: int, market: Path, kinds: set[str], latest: set[str]
) -> history.History:
    """Read what the tables of a bucket say of each customer.

    Parameters
    ----------
    engine
        Where rows are summed up by day.
    tables, bucket
        The canonical tables, and which part of them.
    market
        The orders of every region.
    kinds
        The kinds that are needed; purchases are read in any case.
    latest
        Those of which the next day of the same item is needed.
    """
    customers = _everyone(engine, tables, bucket)
    frames = _lines(tables, bucket, kinds)
    for kind, query in _queries(tables, bucket).items():
        if kind in kinds:
            frames[kind] = sql.frame(engine, f"FROM ({query}) WHERE day IS NOT NULL ORDER BY customer_key, day")
    for kind in latest & frames.keys():
        frames[kind] = _with_next(frames[kind])
    by_kind = {kind: grouped(frame, "customer_key", customers) for kind, frame in frames.items()}
    orders = pl.read_parquet(market).with_columns(pl.col("segment").rle_id().alias("place"))
    regions = orders["segment"].unique(maintain_order=True)
    # Behind the last region comes one without a row, for who lives where nobody ever bought.
    by_kind["market"] = grouped(orders, "place", np.arange(len(regions) + 1))
    known = sql.frame(engine, regional_orders.segments(tables, bucket))
    return history.History(customers, _segments(known, customers, regions), by_kind)


def _everyone(engine: duckdb.DuckDBPyConnection, tables: Path, bucket: int) -> npt.NDArray[np.int64]:
    """Every customer any table of the bucket knows, whether they bought or not; the ledger must hold them all."""
    files = [storage.bucket_file(folder, bucket) for folder in sorted(tables.iterdir()) if folder.is_dir()]
    keys = " UNION ALL ".join(f"SELECT customer_key FROM {sql.parquet([file])}" for file in files if file.is_file())
    query = f"SELECT DISTINCT customer_key FROM ({keys}) ORDER BY customer_key"
    return sql.frame(engine, query)["customer_key"].to_numpy()


def _lines(tables: Path, bucket: int, kinds: set[str]) -> dict[str, pl.DataFrame]:
    made = lines.transactions(storage.bucket_file(tables / "transactions", bucket), kinds)
    events = storage.bucket_file(tables / "events", bucket)
    return made | ({"event": lines.events(events)} if events.is_file() and "event" in kinds else {})


def _queries(tables: Path, bucket: int) -> dict[str, str]:
    made: dict[str, str] = {}
    for table in records.BY_TABLE:
        file = storage.bucket_file(tables / table, bucket)
        if file.is_file():
            made |= records.queries(table, sql.parquet([file]), set(pl.read_parquet_schema(file)))
    return made


def _with_next(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with the next day of the same customer and item, where the kind has items; `items` knows it already."""
    if "next_day" in frame.columns:
        return frame
    same = [name for name in ("customer_key", "item") if name in frame.columns]
    return frame.with_columns(pl.col("day").shift(-1).over(same).alias("next_day"))


def grouped(frame: pl.DataFrame, key: str, groups: npt.NDArray[np.int64]) -> history.Rows:
    """Rows in order of their key and day, by group; the groups are in the same order, and no row is of another."""
    starts = np.searchsorted(frame[key].to_numpy(), groups)
    return history.Rows(frame.drop(key), starts, np.append(starts, len(frame))[1:])


def _segments(known: pl.DataFrame, customers: npt.NDArray[np.int64], regions: pl.Series) -> Positions:
    """The position of each customer's region among all; behind the last one where it is not among them."""
    places = pl.DataFrame({"segment": regions, "place": np.arange(len(regions))})
    everyone = pl.DataFrame({"customer_key": customers}).join(known, "customer_key", "left", maintain_order="left")
    region = pl.col("segment").fill_null(regional_orders.EVERYWHERE)
    placed = everyone.with_columns(region).join(places, "segment", "left", maintain_order="left")
    return placed["place"].fill_null(len(regions)).to_numpy()
