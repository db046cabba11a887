"""A company of any size as Parquet files, ordered by time as exports are: 30 lines and 20 events for each customer."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

LINES, EVENTS = 30, 20
FIRST, DAYS = date(2022, 1, 3), 728
AS_OF = FIRST + timedelta(days=DAYS)
# The files of the last week are what a weekly job finds new.
NEW_DAYS = 7
ROWS_AT_ONCE = 1_000_000
SETTINGS = f"""data:
  name: measured
  timezone: UTC
  currency: USD
sources:
  transactions:
    path: raw/lines-*.parquet
    columns: {{customer_id: customer, transaction_id: order, ts: day, amount: paid, discount: saved, quantity: pieces,
              product_id: item, category: kind, store_id: shop}}
  events:
    path: raw/events-*.parquet
    columns: {{customer_id: customer, ts: day, event_type: what}}
snapshots:
  as_of: "{AS_OF - timedelta(days=NEW_DAYS)}"
  observed_until: "{AS_OF - timedelta(days=NEW_DAYS)}"
  first: "{FIRST + timedelta(days=270)}"
  every_days: 30
  active_days: 120
label:
  horizon_days: 60
features:
  event_types: [visit]
storage:
  executor: processes
"""


def write(folder: Path, customers: int, seed: int = 7) -> dict[str, int]:
    """Write ``raw/`` and ``company.yaml``, the last week held back in ``new/``, and say how many rows a table has."""
    random = np.random.default_rng(seed)
    begin = random.integers(0, DAYS - 230, customers)
    end = np.minimum(DAYS, begin + 30 + random.exponential(600, customers).astype(np.int64))
    rate = random.gamma(2, 0.5, customers)
    for name in ("raw", "new"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "company.yaml").write_text(SETTINGS, encoding="utf-8")
    rows = {}
    for table, per_customer in (("lines", LINES), ("events", EVENTS)):
        counts = random.poisson(per_customer * rate) + (table == "lines")
        customer = np.repeat(np.arange(customers, dtype=np.int32), counts)
        day = (begin[customer] + random.random(len(customer)) * (end - begin)[customer]).astype(np.int16)
        by_day = np.argsort(day, kind="stable")
        rows[table] = len(customer)
        _write_table(folder, table, customer[by_day], day[by_day], random)
    return rows


def _write_table(
    folder: Path, table: str, customer: npt.NDArray[np.int32], day: npt.NDArray[np.int16], random: np.random.Generator
) -> None:
    """Five files of history, and the last week in a file of its own."""
    ends = [*np.linspace(0, DAYS - NEW_DAYS, 6).astype(int)[1:], DAYS]
    for number, (first, last) in enumerate(zip([0, *ends], ends, strict=False), start=1):
        place = folder / ("new" if last == DAYS else "raw")
        low, high = np.searchsorted(day, [first, last])
        writer: pq.ParquetWriter | None = None
        for start in range(low, high, ROWS_AT_ONCE):
            part = slice(start, min(high, start + ROWS_AT_ONCE))
            arrow = (_lines if table == "lines" else _events)(customer[part], day[part], random)
            writer = writer or pq.ParquetWriter(place / f"{table}-{number}.parquet", arrow.schema)
            writer.write_table(arrow)
        if writer is not None:
            writer.close()


def _days(day: npt.NDArray[np.int16]) -> pa.Array:
    return pa.array(np.datetime64(FIRST) + day.astype("timedelta64[D]"))


def _lines(customer: npt.NDArray[np.int32], day: npt.NDArray[np.int16], random: np.random.Generator) -> pa.Table:
    rows = len(customer)
    # All lines of a customer on a day are one order.
    order = customer.astype(np.int64) * 1000 + day
    return pa.table(
        {
            "customer": _texts(customer),
            "order": _texts(order),
            "day": _days(day),
            "paid": np.round(random.lognormal(3, 0.6, rows), 2),
            "saved": np.round(random.random(rows) * (random.random(rows) < 0.2) * 5, 2),
            "pieces": random.integers(1, 5, rows).astype(float),
            "item": _texts(random.zipf(1.4, rows) % 3000),
            "kind": _texts(random.integers(0, 12, rows)),
            "shop": _texts(random.integers(0, 40, rows)),
        }
    )


def _events(customer: npt.NDArray[np.int32], day: npt.NDArray[np.int16], random: np.random.Generator) -> pa.Table:
    kinds = np.array(["visit", "click", "search"])
    return pa.table(
        {"customer": _texts(customer), "day": _days(day), "what": kinds[random.integers(0, 3, len(customer))]}
    )


def _texts(numbers: npt.NDArray[np.integer]) -> pa.Array:
    return pa.array(numbers).cast(pa.string())
