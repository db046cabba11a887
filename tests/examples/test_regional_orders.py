"""The market: a fall of a whole region is seen, told as such, and never looks past the snapshot."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.examples import regional_orders
from tests import bucket
from tests.drawing import drawn
from tests.oracle import Line

S = date(2024, 6, 1)
SOUTH, NORTH = [f"s{number}" for number in range(5)], [f"n{number}" for number in range(5)]


def orders(customer: str, days: range) -> list[Line]:
    return [Line(customer, f"o{ago}", S - timedelta(days=ago), 100) for ago in days]


def shops(tables: Path, later: range = range(0)) -> None:
    """Everybody buys every fifth day; in the south only every tenth in the last 90 days."""
    north = [line for name in NORTH for line in orders(name, range(1, 400, 5))]
    south = [line for name in SOUTH for line in (*orders(name, range(1, 90, 10)), *orders(name, range(91, 400, 5)))]
    bucket.write(tables, [*north, *south, *(line for name in SOUTH for line in orders(name, later))])
    (tables / "customers").mkdir()
    register = {bucket.customer_key(name): name[0] for name in (*NORTH, *SOUTH)}
    pl.DataFrame({"customer_key": list(register), "region": list(register.values())}).write_parquet(
        tables / "customers" / "bucket-00000.parquet"
    )


def behind(folder: Path, lines: list[Line], regions: dict[str, str]) -> dict[str, int | None]:
    """Whether the region of each customer falls behind, by name."""
    bucket.write(folder, lines)
    (folder / "customers").mkdir()
    register = {bucket.customer_key(name): region for name, region in regions.items()}
    pl.DataFrame({"customer_key": list(register), "region": list(register.values())}).write_parquet(
        folder / "customers" / "bucket-00000.parquet"
    )
    found, _ = bucket.run(folder, [S], bucket.snapshots(S))
    by_key = dict(found.select("customer_key", "is_region_behind").iter_rows())
    return {name: by_key[bucket.customer_key(name)] for name in regions}


BEHIND = """
| customers | north | south | behind | case                                                            |
| 40        | 5 5   | 5 10  | south  | the south orders half as often as in the rest of the year       |
| 5         | 5 5   | 5 10  | nobody | the same of so few that chance moves their orders as far        |
| 40        | 5 10  | 5 10  | nobody | a season: both order half as often                              |
| 40        | 10 5  | 10 10 | nobody | the north grows: the share of the south falls, no order is lost |
"""


@pytest.mark.parametrize("case", drawn(BEHIND), ids=lambda case: case["case"])
def test_a_region_is_behind_where_it_loses_orders_that_others_keep(tmp_path, case):
    # Days between orders, before the last 90 days and in them.
    pauses = {region: [int(word) for word in case[region].split()] for region in ("north", "south")}
    names = {f"{region[0]}{number}": region for region in pauses for number in range(int(case["customers"]))}
    lines = [
        line
        for name, region in names.items()
        for line in (*orders(name, range(1, 91, pauses[region][1])), *orders(name, range(91, 366, pauses[region][0])))
    ]
    found = behind(tmp_path / "tables", lines, names)
    assert {names[name] for name, is_behind in found.items() if is_behind} == {case["behind"]} - {"nobody"}


def shares(tables: Path) -> dict[str, set[float]]:
    found, _ = bucket.run(tables, [S], bucket.snapshots(S))
    by_key = {row["customer_key"]: round(row["market_share_trend_90d"], 3) for row in found.iter_rows(named=True)}
    return {region: {by_key[bucket.customer_key(name)] for name in names} for region, names in
            (("south", SOUTH), ("north", NORTH))}  # fmt: skip


def test_a_region_that_falls_behind_is_seen_for_all_of_its_customers(tmp_path):
    shops(tmp_path / "tables")
    found = shares(tmp_path / "tables")
    assert len(found["south"]) == len(found["north"]) == 1
    assert found["south"].pop() < 0.8 < 1.1 < found["north"].pop()


def test_what_a_region_buys_from_the_snapshot_on_changes_nothing(tmp_path):
    shops(tmp_path / "before" / "tables")
    shops(tmp_path / "after" / "tables", later=range(-30, 1))
    assert shares(tmp_path / "after" / "tables") == shares(tmp_path / "before" / "tables")


def test_a_day_without_an_order_in_a_region_counts_for_its_share():
    parts = [
        pl.DataFrame({"segment": ["n", "s"], "day": [S, S], "orders": [3, 1]}),
        pl.DataFrame({"segment": ["n"], "day": [S + timedelta(days=1)], "orders": [2]}),
    ]
    found = regional_orders.add_up(parts)
    assert found.rows() == [("n", S, 3, 4), ("n", S + timedelta(days=1), 2, 2), ("s", S, 1, 4),
                            ("s", S + timedelta(days=1), 0, 2)]  # fmt: skip
