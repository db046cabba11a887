"""What training and evaluation both read: the labelled examples, in an order that no bucket decides."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from pipeline.config.errors import NotEnoughData
from pipeline.config.params import Label
from pipeline.config.paths import Paths
from pipeline.examples import lines, next_events, spend_outcomes
from pipeline.examples.snapshots import outcome_window
from pipeline.tables import storage

IS_LABELLED = pl.col("churned").is_not_null()


def complete_days(paths: Paths) -> list[date]:
    """The complete snapshots, as the examples' ledger names them."""
    return [date.fromisoformat(day) for day in storage.read_json(paths.examples_report)["complete"]]


def amounts_vary(paths: Paths) -> bool:
    """Whether orders have different amounts; a report of an older version does not say otherwise."""
    return bool(storage.read_json(paths.ingest_report).get("amounts_vary", True))


@dataclass(frozen=True)
class Keys:
    """The customers whose keys lie between two, both included: whole ones, with all of their snapshots.

    Keys are hashes of the customers' ids: who is among the lowest is as good as drawn, and the same at every run.
    """

    lowest: int
    highest: int


def learnt(paths: Paths, max_customers: int) -> Keys:
    """The customers a model learns from: those of the lowest keys."""
    keys = _keys(paths)
    return Keys(keys[0], keys[min(max_customers, len(keys)) - 1])


def judged(paths: Paths, max_customers: int) -> Keys:
    """The customers a model is judged on: those of the highest keys; of many, it has learnt from others."""
    keys = _keys(paths)
    return Keys(keys[-min(max_customers, len(keys))], keys[-1])


def _keys(paths: Paths) -> pl.Series:
    labelled = storage.scan_buckets(paths.examples, ["customer_key", "churned"]).filter(IS_LABELLED)
    keys = labelled.select("customer_key").unique().sort("customer_key").collect()["customer_key"]
    if keys.is_empty():
        raise NotEnoughData(
            "no snapshot has an outcome so far: its window is not over, or nobody is eligible; see label and snapshots"
        )
    return keys


def read(paths: Paths, names: list[str], keys: Keys | None = None) -> pl.DataFrame:
    """The labelled examples of all customers, or of some, in an order that no bucket decides."""
    rows = storage.scan_buckets(paths.examples, ["snapshot", "customer_key", "churned", *names]).filter(IS_LABELLED)
    if keys is not None:
        rows = rows.filter(pl.col("customer_key").is_between(keys.lowest, keys.highest))
    return rows.sort("snapshot", "customer_key").collect()


def read_with_events(paths: Paths, names: list[str], keys: Keys, until: date, label: Label) -> pl.DataFrame:
    """The examples of some customers at all snapshots before a day, labelled or not, with `days_to_event`."""
    rows = storage.scan_buckets(paths.examples, ["snapshot", "customer_key", *names]).filter(pl.col("snapshot") < until)
    own = rows.filter(pl.col("customer_key").is_between(keys.lowest, keys.highest))
    examples = own.sort("snapshot", "customer_key").collect()
    return next_events.with_days_to_event(examples, _event_days(paths, keys, label), label)


def read_with_spend(
    paths: Paths, names: list[str], keys: Keys, until: date, label: Label, minor_digits: int
) -> pl.DataFrame | None:
    """The latest snapshot whose year was over on a day, with what some customers ordered and paid in it, if any."""
    known = map(date.fromisoformat, storage.read_json(paths.examples_report)["snapshots"])
    over = [day for day in known if (until - outcome_window(day, label).start).days >= spend_outcomes.YEAR_DAYS]
    if not over:
        return None
    rows = storage.scan_buckets(paths.examples, ["snapshot", "customer_key", *names])
    mine = pl.col("customer_key").is_between(keys.lowest, keys.highest)
    examples = rows.filter(pl.col("snapshot") == max(over), mine).sort("customer_key").collect()
    files = storage.bucket_files(paths.tables / "transactions")
    paid = pl.concat([spend_outcomes.paid_days(file, minor_digits).filter(mine) for file in files])
    return spend_outcomes.with_outcomes(examples, paid, label, spend_outcomes.YEAR_DAYS)


def _event_days(paths: Paths, keys: Keys, label: Label) -> pl.DataFrame:
    """When some customers bought, or lost their contract, as ``customer_key, day`` in the order of time."""
    mine = pl.col("customer_key").is_between(keys.lowest, keys.highest)
    if label.kind == "cancellation":
        files = storage.bucket_files(paths.tables / "subscriptions")
        return pl.concat([next_events.contract_ends(storage.read_parquet(file).filter(mine), label) for file in files])
    files = storage.bucket_files(paths.tables / "transactions")
    bought = [lines.purchase_days(file).select("customer_key", "day") for file in files]
    return pl.concat(bought).filter(mine).sort("day", "customer_key")


def read_snapshot(paths: Paths, day: date) -> pl.DataFrame:
    """The labelled examples of one snapshot with all of their columns, in the same order; the others are not kept."""
    rows = storage.scan_buckets(paths.examples).filter(IS_LABELLED, pl.col("snapshot") == day)
    return rows.sort("customer_key").collect()


def select_days(examples: pl.DataFrame, days: list[date]) -> pl.DataFrame:
    """The examples of some snapshots."""
    return examples.filter(pl.col("snapshot").is_in(days))


def refuse_one_sided(parts: dict[str, pl.DataFrame]) -> None:
    """Where all churned, or nobody did, there is nothing to learn and nothing to judge."""
    for name, examples in parts.items():
        churners = int(examples["churned"].sum())
        if churners == 0 or churners == len(examples):
            raise NotEnoughData(
                f"the {name} snapshots hold {len(examples)} customers, {churners} of them churned; both kinds are "
                "needed: change label.horizon_days or snapshots.active_days"
            )
