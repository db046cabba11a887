"""A company that knows its costs: value is its margin, and losses are told, flagged and left alone, unless strategic."""

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.decisions.assignment import LOSS_MAKING
from pipeline.tables import storage
from tests.flow import run_untracked

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("costs")]
WEEK = date(2024, 7, 1)
COSTS = """
sources:
  transactions:
    path: raw/orders-*.csv
    columns: {customer_id: customer, transaction_id: order, ts: at, amount: paid, discount: saved, product_id: item,
              category: kind, store_id: shop, channel: via, cost: cost}
  customers:
    path: raw/customers.csv
    columns: {customer_id: customer, name: name, owner: looked_after_by, strategic: kept, strategic_reason: why}
"""


def loses(customer: str) -> bool:
    return customer.endswith("3")


def with_column(file: Path, **columns) -> None:
    """Write a CSV file again with more columns, each a function of a row."""
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [*rows[0], *columns])
        writer.writeheader()
        writer.writerows(row | {name: make(row) for name, make in columns.items()} for row in rows)


@pytest.fixture
def decided(company, monkeypatch) -> tuple[pl.DataFrame, pl.DataFrame, dict]:
    """Scores, actions and run report; one customer in ten is sold to below cost, one in a hundred is strategic."""
    (company / "costs.yaml").write_text(COSTS, encoding="utf-8")
    for file in (company / "raw").glob("orders-*.csv"):
        with_column(file, cost=lambda row: round(float(row["paid"]) * (1.4 if loses(row["customer"]) else 0.6), 2))
    with_column(
        company / "raw/customers.csv",
        kept=lambda row: "true" if row["customer"].endswith("13") and row["name"] else "",
        why=lambda row: "Flagship" if row["customer"].endswith("13") and row["name"] else "",
    )
    settings = params.load()
    wanted = params.read_yaml(company / "costs.yaml", params.BadParams)["sources"]
    sources = settings.sources.model_dump(exclude_unset=True) | wanted
    everybody = settings.control.model_copy(update={"share": 0.0})
    settings = settings.model_copy(update={"sources": params.Sources.model_validate(sources), "control": everybody})
    run_untracked(monkeypatch, settings)
    week = REPRO.week(WEEK)
    report = storage.read_json(week / "run_report.json")
    return storage.read_buckets(REPRO.scores), pl.read_parquet(week / "actions.parquet"), report


def test_losses_are_flagged_and_left_alone_unless_somebody_says_why(decided):
    scores, actions, report = decided
    assert scores["loss_making"].to_list() == [loses(customer) for customer in scores["customer_id"]]
    lost = actions.filter("loss_making")
    assert len(lost) > 5
    assert (lost["value"] < 0).all()
    plain, strategic = lost.filter(~pl.col("strategic")), lost.filter("strategic")
    assert plain["playbook"].null_count() == len(plain)
    fits_none = plain["why_not"].str.starts_with("nothing, because no playbook is for")
    assert set(plain.filter(~fits_none)["why_not"]) == {LOSS_MAKING}
    assert report["loss_making"] == {"customers": len(lost), "strategic": len(strategic)}
    assert strategic["why_not"].is_in([LOSS_MAKING]).sum() == 0
    gain = actions.filter(~pl.col("loss_making"))
    # A margin share of 0.4 instead of the 0.25 that is assumed where costs are not known.
    assert (gain["value"] > 0).all()
    top = actions.filter(pl.col("value_tier") == "top")
    assert len(top) == -(-len(actions) // 5)
    assert report["value"]["top_shares"]["customers"] == round(len(top) / len(actions), 4)
    assert report["scored_by_value_tier"]["top"] == len(top)
    assert top["value"].min() >= actions.filter(pl.col("value_tier") != "top")["value"].max()
