"""``Project.from_orders``: a frame of orders becomes checked tables and examples, by the stages themselves."""

import gc
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline import Project
from pipeline.config.errors import BadData, BadParams, PipelineError

# Without a time zone, as frames of orders mostly are.
START = datetime(2023, 7, 1, 9)  # noqa: DTZ001
COLUMNS = {"customer_id": "who", "ts": "when", "amount": "paid"}


@pytest.fixture(scope="module")
def orders() -> pl.DataFrame:
    """60 customers over a year, each with a usual gap; every third stops half-way."""
    rows = []
    for number in range(60):
        day, stop = number % 20, 180 if number % 3 == 0 else 365
        while day < stop:
            rows.append({"who": f"c{number:02d}", "when": START + timedelta(days=day), "paid": 9.5})
            day += 5 + number % 12
    return pl.DataFrame(rows)


@pytest.mark.parametrize("kind", [pl.DataFrame.to_pandas, pl.DataFrame.to_arrow, lambda frame: frame])
def test_frames_of_any_library(orders, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shop = Project.from_orders(kind(orders), **COLUMNS, as_of="2024-07-01", engine="polars")
    assert not list(tmp_path.iterdir()), "nothing is left where the program runs"
    assert len(shop.tables("transactions")) == len(orders)
    known = shop.examples(labelled=True)
    assert known["snapshot"].max() <= date(2024, 7, 1) - timedelta(days=30)
    assert set(known["churned"].unique()) == {0, 1}
    one = shop.examples("2024-07-01").filter(pl.col("customer_id") == "c01").row(0, named=True)
    last = orders.filter(pl.col("who") == "c01")["when"].max().date()
    assert one["days_since_last_order"] == (date(2024, 7, 1) - last).days


def test_a_temporary_project_goes_with_its_last_user(orders):
    shop = Project.from_orders(orders, **COLUMNS)
    assert shop.settings.snapshots.as_of == orders["when"].max().date() + timedelta(days=1)
    folder = Path(shop.folder)
    assert folder.is_dir()
    del shop
    gc.collect()
    assert not folder.exists()


def test_a_folder_keeps_it_with_settings_that_can_be_read(orders, tmp_path):
    shop = Project.from_orders(
        orders, **COLUMNS, folder=tmp_path / "shop", horizon_days=45, gap_days=5, active_days=60, every_days=30,
        timezone="Europe/Oslo", currency="NOK", first="2024-01-01",
    )  # fmt: skip
    again = Project(tmp_path / "shop", engine="polars")
    assert again.settings.label.model_dump() == {
        "kind": "inactivity", "gap_days": 5, "horizon_days": 45, "overdue": None, "late_renewal_days": None,
    }  # fmt: skip
    assert (again.settings.snapshots.active_days, again.settings.snapshots.every_days) == (60, 30)
    assert again.settings.data.currency == "NOK"
    assert again.settings.sources.transactions.path == "raw/orders.parquet"
    assert again.examples().equals(Project(shop.folder, engine="polars").examples())
    with pytest.raises(BadData, match="holds a project already"):
        Project.from_orders(orders, **COLUMNS, folder=tmp_path / "shop")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount": "paidd"}, "the frame has no column 'paidd'; did you mean 'paid'"),
        ({"horizon_day": 9}, "unknown argument 'horizon_day'; did you mean 'horizon_days'"),
        ({"ts": "who"}, "column 'who' holds no dates"),
        ({"columns": {"stoer_id": "who"}}, "stoer_id"),
        ({"timezone": "Oslo"}, "unknown time zone 'Oslo'"),
        ({"as_of": "2024-09-01"}, "the last transaction is of"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_line(orders, changes, message):
    with pytest.raises(PipelineError, match=message) as refused:
        Project.from_orders(orders, **{**COLUMNS, **changes})
    assert "\n" not in str(refused.value)


def test_a_missing_column_is_asked_for(orders):
    with pytest.raises(BadParams, match="say which column is amount"):
        Project.from_orders(orders, customer_id="who", ts="when")
