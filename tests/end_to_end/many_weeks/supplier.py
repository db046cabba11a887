"""A supplier of companies whose systems deliver every Monday: the rows of the week, and registers as they stand."""

import shutil
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipeline.config import overlay, paths
from pipeline.tables import storage
from tests.company import ROOT

FLOWS = ("transactions", "events", "contacts", "surveys")
# The day on which a row of a register comes into being, and what of it is only known later.
REGISTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "customers": ("signup_day", ()),
    "tickets": ("opened_ts", ("first_answer_ts", "resolved_ts")),
    "subscriptions": ("start_day", ("cancel_day",)),
    "commitments": ("made_ts", ("kept_day",)),
}
QUICK = """
snapshots:
  as_of: "{first}"
  observed_until: "{first}"
  every_days: 60
model:
  num_threads: 1
evaluate:
  draws: 100
tracking:
  max_model_age_days: 1000
"""


def known_on(day: date, name: str, table: pl.DataFrame) -> pl.DataFrame:
    """A table on the morning of a day: rows that had come into being, without what was only known later."""
    begins, later = REGISTERS.get(name, ("ts", ()))
    masks = [pl.when(pl.col(column) < day).then(pl.col(column)).alias(column) for column in later]
    return table.filter(pl.col(begins) < day).with_columns(masks)


@dataclass
class Supplier:
    """Everything that will ever happen, of which each delivery shows what had happened by then.

    Attributes
    ----------
    tables
        By name, over the whole of the simulated time.
    folder
        Of the project; files come to its folder ``raw``.
    late
        Transactions that were left out of the last delivery.
    """

    tables: dict[str, pl.DataFrame]
    folder: Path
    late: pl.DataFrame = field(default_factory=pl.DataFrame)

    def known(self, name: str, day: date) -> pl.DataFrame:
        """A table on the morning of a day."""
        return known_on(day, name, self.tables[name])

    def last_orders(self, day: date) -> dict[str, date]:
        """The last day with an order of each customer, as far as it has been delivered."""
        orders = self.known("transactions", day).filter(pl.col("amount") > 0)
        if not self.late.is_empty():
            orders = orders.join(self.late, on="transaction_id", how="anti")
        return dict(orders.group_by("customer_id").agg(pl.col("ts").max()).iter_rows())

    def ended(self, day: date) -> set[str]:
        """Customers who had a contract, and of whom none is running."""
        contracts = self.known("subscriptions", day)
        running = contracts.filter(
            pl.col("end_day") >= day, pl.col("cancel_day").is_null() | (pl.col("cancel_day") >= day)
        )
        return set(contracts["customer_id"]) - set(running["customer_id"])

    def deliver(self, day: date, since: date = date.min, *, late_share: float = 0.0, twice: bool = False) -> None:
        """Write the rows from `since` to before `day`, and the registers as they stand.

        Parameters
        ----------
        day, since
            What happened in between comes as a file of its own.
        late_share
            Share of the transactions that come a week later, with the next delivery.
        twice
            Whether the files of the week come under a second name as well.
        """
        for name in FLOWS:
            rows = self.known(name, day).filter(pl.col("ts") >= since)
            if name == "transactions":
                rows = self._some_late(rows, late_share)
            for copy in ("", "-again") if twice else ("",):
                storage.write_parquet(rows, self.folder / f"raw/{name}/{day}{copy}.parquet")
        for name in REGISTERS:
            storage.write_parquet(self.known(name, day), self.folder / f"raw/{name}.parquet")

    def withdraw(self, day: date) -> None:
        """Take back what was delivered for a day."""
        for file in (self.folder / "raw").glob(f"*/{day}*.parquet"):
            file.unlink()

    def _some_late(self, rows: pl.DataFrame, share: float) -> pl.DataFrame:
        chance = rows["transaction_id"].hash(7) % 1000
        is_late = chance < round(share * 1000)
        arrived = pl.concat([self.late, rows.filter(~is_late)], how="diagonal")
        self.late = rows.filter(is_late)
        return arrived


def make_project(folder: Path, first: date, hands: int) -> None:
    """Settings and playbooks of the supplier, with less to learn from than shipped, so that it takes seconds.

    Parameters
    ----------
    hands
        Customers that each owner can act on in person in a week.
    """
    shutil.copy(ROOT / "params.yaml", folder / paths.PARAMS)
    playbooks, shipped = (ROOT / "examples/b2b/playbooks.yaml").read_text(encoding="utf-8"), "  owner: 25\n"
    assert shipped in playbooks
    (folder / "playbooks.yaml").write_text(playbooks.replace(shipped, f"  owner: {hands}\n"), encoding="utf-8")
    whole = (ROOT / "params/simulated_b2b.yaml").read_text(encoding="utf-8").replace("raw/simulated/", "raw/")
    for name in FLOWS:
        whole = whole.replace(f"raw/{name}.parquet", f"raw/{name}/*.parquet")
    for name, text in (("company.yaml", whole), ("quick.yaml", QUICK.format(first=first))):
        (folder / name).write_text(text, encoding="utf-8")
        overlay.apply(folder / name, folder / paths.PARAMS)


def mondays(first: date, number: int) -> list[date]:
    return [first + timedelta(weeks=week) for week in range(number)]
