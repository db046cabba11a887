"""Young shops drawn at random, as their owners would bring them: some weeks of orders and nothing else.

A shop is a window cut out of a simulated company whose rhythms, leavers and newcomers are drawn anew: either its first
weeks, or weeks of an old company of which no earlier day was kept. No company of ``churn simulate`` is among them.
"""

import tempfile
from contextlib import chdir
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks import quality
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.examples import labelled
from pipeline.examples.features import model_features
from pipeline.simulate import FIRST_DAY, Company, Plan
from pipeline.simulate.block import customer_ids
from pipeline.simulate.presets import DEFAULT
from pipeline.simulate.settings import Arrivals, Fading, Levels
from pipeline.simulate.trajectories import BLOCK, amounts, simulate_trajectories
from pipeline.stages import run_stage, s1_ingest, s2_examples

# What the pauses of a shop's customers are like beside the outcome window: their median, and how far they spread.
MEDIAN_PAUSE, SPREAD = (0.25, 1.5), (0.3, 1.1)


@dataclass(frozen=True)
class Shop:
    """Orders, and what is asked of them.

    Attributes
    ----------
    orders
        ``customer_id, ts, amount``, one row per order.
    first
        The first day that was kept.
    horizon, active
        Days of the outcome window, and of the activity window.
    """

    orders: pl.DataFrame
    first: date
    horizon: int
    active: int

    def day(self, number: int) -> date:
        """The day after so many days of history."""
        return self.first + timedelta(days=number)

    def until(self, number: int) -> "Shop":
        """What was known after so many days."""
        return replace(self, orders=self.orders.filter(pl.col("ts") < self.day(number)))


def drawn_company(dice: np.random.Generator, horizon: int) -> Company:
    """A company whose customers pause about as long as the outcome window, give or take a lot."""
    kinds = int(dice.integers(2, 6))
    median, spread = dice.uniform(*MEDIAN_PAUSE), dice.uniform(*SPREAD)
    pauses = np.sort(np.maximum(1.5, horizon * np.exp(dice.normal(np.log(median), spread, kinds))))
    # From hardly anybody who leaves within a window to a third of the restless.
    leaving = dice.choice([0.2, 0.6, 1.5]) * np.array([0.0, 1.0, 4.0]) * 0.075 / horizon
    return DEFAULT.model_copy(
        update={
            "mean_gap_days": _levels(pauses, dice.dirichlet(np.full(kinds, 3.0))),
            "rhythm_shape": _levels(np.array([1.0, 3.0, 6.0]), dice.dirichlet([2.0, 2.0, 1.0])),
            "leaving_per_day": _levels(leaving, dice.dirichlet([2.0, 2.0, 2.0])),
            "one_time_share": float(dice.uniform(0, 0.45)),
            "season_amplitude": float(dice.uniform(0, 0.3)),
            "season_peak_day": int(dice.integers(1, 366)),
            "fading": Fading(
                days=float(dice.choice([0.0, 15.0, 30.0, 60.0])), purchase_factor=float(dice.uniform(0.3, 1)),
                visit_factor=1.0,
            ),
            "arrivals": Arrivals(
                launch_share=float(dice.uniform(0, 0.6)), launch_days=90, growth_per_year=float(dice.uniform(0.7, 2)),
            ),
        }
    )  # fmt: skip


def _levels(values: np.ndarray, shares: np.ndarray) -> Levels:
    return Levels(values=tuple(map(float, values)), shares=tuple(map(float, shares)))


def orders_of(company: Company, seed: int, days: int) -> pl.DataFrame:
    """All orders of a block of customers of a company, as ``customer_id, ts, amount``, from its first day on."""
    label = params.Label(kind="inactivity", gap_days=0, horizon_days=1)
    plan = Plan(company=company, customers=BLOCK, days=days, seed=seed, arrival_days=days, every_days=days, label=label)
    trajectories = simulate_trajectories(plan, 0)
    customer, day = np.nonzero(trajectories.bought[:, :days])
    amount = amounts(plan, 0, trajectories, customer, day) / 100
    ids = customer_ids(trajectories.numbers).gather(customer)
    since = pl.Series("day", day.astype(np.int32))
    return pl.DataFrame({"customer_id": ids, "day": since, "amount": amount}).select(
        "customer_id", (pl.lit(FIRST_DAY) + pl.duration(days="day")).cast(pl.Date).alias("ts"), "amount"
    )


def with_buyers(orders: pl.DataFrame, first: date, days: int, buyers: int) -> pl.DataFrame:
    """The orders from a day on of so many customers that `buyers` of them buy in the first `days` of it."""
    later = orders.filter(pl.col("ts") >= first)
    early = later.filter(pl.col("ts") < first + timedelta(days=days))["customer_id"].unique().sort()
    return later.filter(pl.col("customer_id") <= early[buyers - 1]) if len(early) > buyers else later


def settings_of(shop: Shop, folder: Path, snapshots: dict[str, object]) -> params.Params:
    """The settings of ``params.yaml`` for a shop that has orders and nothing else."""
    settings = quality.settings_of(quality.data_sets()["simulated_default"], folder)
    columns = {name: name for name in ("customer_id", "ts", "amount")}
    sources = params.Sources.model_validate({"transactions": {"path": "raw/orders.parquet", "columns": columns}})
    return settings.model_copy(
        update={
            "sources": sources,
            "features": settings.features.model_copy(update={"event_types": []}),
            "label": settings.label.model_copy(update={"horizon_days": shop.horizon}),
            # A small shop may well sell nothing for some days.
            "data": settings.data.model_copy(update={"max_silent_days": 60}),
            "snapshots": settings.snapshots.model_copy(update={"active_days": shop.active} | snapshots),
        }
    )


def prepared(shop: Shop, days: int, first: int, every: int) -> tuple[params.Params, quality.Prepared]:
    """Ingest a shop and make its examples, as the stages do.

    Parameters
    ----------
    shop
        With its orders of `days` days.
    days
        Of history; the snapshots are counted back from the last one whose outcome window is over by then.
    first
        Days of history before the first snapshot.
    every
        Days between snapshots.
    """
    end = shop.day(days)
    calendar = {"as_of": end - timedelta(days=shop.horizon), "observed_until": end, "first": shop.day(first),
                "every_days": every}  # fmt: skip
    with tempfile.TemporaryDirectory() as name, chdir(name):
        folder = Path(name)
        (folder / "raw").mkdir()
        shop.until(days).orders.write_parquet("raw/orders.parquet")
        settings = settings_of(shop, folder, calendar)
        paths = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
        run_stage(s1_ingest, settings, paths)
        run_stage(s2_examples, settings, paths)
        declared = model_features(settings.features, settings.sources)
        examples = labelled.read(paths, [feature.name for feature in declared])
    return settings, quality.Prepared(examples, declared, [])
