"""A folder with two published weeks of a company, and one of another."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

WEEKS = (date(2024, 1, 1), date(2024, 1, 8))
FAMILIES = {"reason_1_family": "recency", "reason_2_family": "price", "reason_3_family": None}
CUSTOMERS = ("000181", "181b", "A-7", "Ø 12", "=9", "1000")


def publish(exports: Path, day: date, company: str = "shop", customers: tuple[str, ...] = CUSTOMERS) -> None:
    """As much of a week as handing back looks at."""
    folder = exports / day.isoformat()
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"company": company}), encoding="utf-8")
    rows = pl.DataFrame({"customer_id": list(customers)}).with_columns(
        pl.lit(family, dtype=pl.String).alias(name) for name, family in FAMILIES.items()
    )
    rows.write_parquet(folder / "actions.parquet")


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    for day in WEEKS:
        publish(tmp_path / "exports", day)
    publish(tmp_path / "exports", date(2024, 1, 15), company="another shop")
    return tmp_path / "exports"
