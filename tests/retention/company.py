"""A company of a few customers, written as ingested tables, and the same sums made by hand with pandas."""

import json
import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

from pipeline.config.paths import Paths
from pipeline.tables import storage

FIRST, END = date(2023, 1, 1), date(2024, 1, 1)
BUCKETS = 2


@dataclass
class Tables:
    """Rows as the tables hold them; ``contracts`` are ``customer, start, end, cancel, price``."""

    lines: list[tuple[int, date, int, str]]
    contracts: list[tuple[int, date, date | None, date | None, int]] | None = None
    register: list[tuple[int, str | None, str | None, str | None]] | None = None

    def write(self, folder: Path) -> Paths:
        """Into buckets by customer, as ingest does; and the report that says which days the data hold."""
        lines = pl.DataFrame(
            self.lines, schema={"customer_key": pl.Int64, "day": pl.Date, "amount_minor": pl.Int64, "transaction_id": pl.String},
            orient="row",
        )  # fmt: skip
        channels = lines.with_columns(pl.format("via {}", pl.col("customer_key") % 3).alias("channel"))
        self._write(channels, folder / "data/tables/transactions")
        days = [str(FIRST), str(max(lines["day"]))]
        report = {"company": "complete_journey", "first_day": days[0], "last_day": days[1]}
        storage.write_json(report, folder / "reports/ingest.json")
        if self.contracts is not None:
            days_of = dict.fromkeys(("start_day", "end_day", "cancel_day"), pl.Date)
            schema = {"customer_key": pl.Int64, **days_of, "price_per_month_minor": pl.Int64}
            self._write(pl.DataFrame(self.contracts, schema=schema, orient="row"), folder / "data/tables/subscriptions")
        if self.register is not None:
            schema = {"customer_key": pl.Int64, "market": pl.String, "region": pl.String, "owner": pl.String}
            self._write(pl.DataFrame(self.register, schema=schema, orient="row"), folder / "data/tables/customers")
        names = ("data", "reports", "exports", "outcomes")
        return Paths(**{name: folder / name for name in names})

    @staticmethod
    def _write(rows: pl.DataFrame, folder: Path) -> None:
        for bucket in range(BUCKETS):
            part = rows.filter(pl.col("customer_key") % BUCKETS == bucket)
            storage.write_parquet(part, storage.bucket_file(folder, bucket))


def random_tables(seed: int, *, contracts: bool) -> Tables:
    """Customers who come, pause, return and leave; refunds, free orders, and orders of several lines."""
    dice = random.Random(seed)
    lines, periods, register = [], [], []
    for customer in range(80):
        register.append(
            (customer, dice.choice(["b2b", "b2c"]), dice.choice(["north", "south", None]), dice.choice("AB"))
        )
        day = FIRST + timedelta(days=dice.randrange(-40, 330) if customer else 0)
        day, pause = max(day, FIRST), dice.choice([3, 10, 40, 70])
        while day < END:
            order = f"{customer}-{day}"
            lines += [(customer, day, dice.choice([0, 250, 999, 4000]), order) for _ in range(dice.randrange(1, 3))]
            if dice.random() < 0.15:
                lines.append((customer, min(day + timedelta(days=2), END), -dice.randrange(1, 6000), f"back {order}"))
            if dice.random() < 0.08:
                break
            day += timedelta(days=max(1, round(dice.gauss(pause, pause / 2))))
        start = FIRST + timedelta(days=dice.randrange(0, 360))
        for _ in range(dice.randrange(0, 3)):
            end = dice.choice([None, start + timedelta(days=dice.randrange(0, 200))])
            cancel = dice.choice([None, None, start + timedelta(days=dice.randrange(0, 150))])
            periods.append((customer, start, end, cancel, dice.choice([1000, 2500])))
            start = (end or start) + timedelta(days=dice.choice([1, 1, 30]))
    lines = [line for line in lines if line[1] < END]
    return Tables(lines, periods if contracts else None, register)


class ByHand:
    """The same questions answered customer by customer, in plain Python over pandas frames."""

    def __init__(self, tables: Tables, kind: str, active_days: int) -> None:
        self.lines = pd.DataFrame(tables.lines, columns=["customer", "day", "amount", "order"])
        self.contracts = tables.contracts or []
        self.kind, self.active_days = kind, active_days
        ids = {line[0] for line in tables.lines} | {row[0] for row in self.contracts}
        self.ids = sorted(ids)
        self.days = self.lines[self.lines.amount >= 0].groupby("customer").day.agg(set).to_dict()

    def runs(self, customer: int, day: date) -> bool | None:
        own = [row for row in self.contracts if row[0] == customer and row[1] < day]
        running = [row for row in own if self.is_there(row, day)]
        return bool(running) if own else None

    @staticmethod
    def is_there(row: tuple[int, date, date | None, date | None, int], day: date) -> bool:
        # What ended on the day before may be renewed today.
        return (row[2] is None or row[2] >= day - timedelta(days=1)) and (row[3] is None or row[3] >= day)

    def bought(self, customer: int, start: date, end: date) -> list[date]:
        return [day for day in self.days.get(customer, ()) if start <= day < end]

    def active(self, customer: int, day: date) -> bool:
        runs = self.runs(customer, day)
        if self.kind == "cancellation":
            return bool(runs)
        lately = self.bought(customer, day - timedelta(days=self.active_days), day)
        return len(lately) > 0 and (runs is not False or self.came_back(customer, day))

    def came_back(self, customer: int, day: date) -> bool:
        """Whether more than a month after the last contract was gone something was bought."""
        own = [row for row in self.contracts if row[0] == customer and row[1] < day]
        gone = max(min(filter(None, [row[2] and row[2] + timedelta(days=1), row[3]])) for row in own)
        return len(self.bought(customer, gone + timedelta(days=31), day)) > 0

    def became(self, customer: int, start: date, end: date) -> bool:
        """Whether there is a day in the period on whose evening somebody was a customer who was none before."""
        if self.kind == "cancellation":
            ran = [row for row in self.contracts if row[0] == customer and start <= row[1] < end]
            return any(self.runs_some_day(row) for row in ran)
        return len(self.bought(customer, start, end)) > 0

    @staticmethod
    def runs_some_day(row: tuple[int, date, date | None, date | None, int]) -> bool:
        return ByHand.is_there(row, row[1] + timedelta(days=1))

    def first(self, customer: int, end: date) -> date | None:
        if self.kind == "cancellation":
            days = [row[1] for row in self.contracts if row[0] == customer and self.runs_some_day(row)]
        else:
            days = self.bought(customer, FIRST, END)
        days = [day for day in days if day < end]
        return min(days) if days else None

    def sets(self, start: date, end: date) -> dict[str, set[int]]:
        known = [customer for customer in self.ids if self.first(customer, end) is not None]
        at_start = {customer for customer in known if self.active(customer, start)}
        at_end = {customer for customer in known if self.active(customer, end)}
        new = {customer for customer in known if self.first(customer, end) >= start}
        inside = {customer for customer in known if self.became(customer, start, end)} - at_start - at_end
        return {
            "start": at_start, "end": at_end, "kept": at_start & at_end, "lost": at_start - at_end,
            "won": (at_end - at_start) & new, "returned": at_end - at_start - new,
            "won_and_lost_inside": inside & new, "returned_and_lost_inside": inside - new, "new": new, "known": set(known),
        }  # fmt: skip

    def paid(self, customers: set[int], start: date, end: date) -> pd.Series:
        rows = self.lines[(self.lines.day >= start) & (self.lines.day < end) & self.lines.customer.isin(customers)]
        return rows.groupby("customer").amount.sum().reindex(sorted(customers), fill_value=0)

    def fees(self, customers: set[int], day: date) -> pd.Series:
        rows = [(row[0], row[4]) for row in self.contracts if self.runs_on(row, day)]
        table = pd.DataFrame(rows, columns=["customer", "price"])
        return table.groupby("customer").price.sum().reindex(sorted(customers), fill_value=0)

    def runs_on(self, row: tuple[int, date, date | None, date | None, int], day: date) -> bool:
        if row[2] in {other[1] for other in self.contracts if other[0] == row[0]}:
            row = (*row[:2], row[2] - timedelta(days=1), *row[3:])
        return row[1] < day and self.is_there(row, day)


def as_dict(lines: list[str]) -> dict[str, Any]:
    return json.loads("\n".join(lines))
