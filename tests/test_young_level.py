"""The level of young shops, week after week: the committed figures, and the lists of one shop by hand."""

import doctest
import json
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from benchmarks import cold_start, quality, young_level, young_level_table

RESULTS = quality.ROOT / "benchmarks" / "results" / "young_level.json"


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    """The committed lists."""
    lists = young_level_table.lists_of(json.loads(RESULTS.read_text(encoding="utf-8")))
    flat = [one | {f"{level}_{name}": value for level in young_level_table.LEVELS for name, value in
                   (("expected", one[level]["expected"]), ("low", one[level]["predicted"][0]),
                    ("high", one[level]["predicted"][1]))} for one in lists]  # fmt: skip
    return pd.DataFrame(flat)


def held(lists: pd.DataFrame, level: str) -> float:
    return float(((lists[f"{level}_low"] <= lists.came) & (lists.came <= lists[f"{level}_high"])).mean())


def test_the_range_holds_as_often_as_it_says_and_finished_lists_make_it_narrower(found):
    shops = found.groupby("kind").number.nunique()
    assert shops.to_dict() == young_level.KINDS, "run: make bench-quality"
    is_real = found.kind.isin(young_level_table.REAL)
    for lists in (found, found[~is_real], found[~is_real & (found.over > 0)]):
        assert 0.93 <= held(lists, "moved") <= 0.97
    assert held(found[is_real], "moved") >= 0.93
    known = found[found.over > 0]
    width = {level: ((known[f"{level}_high"] - known[f"{level}_low"]) / known.customers).mean()
             for level in young_level_table.LEVELS}  # fmt: skip
    assert width["moved"] < 0.85 * width["trained"]
    off = {level: np.log(known.came / known[f"{level}_expected"]).abs().mean() for level in young_level_table.LEVELS}
    assert off["moved"] < 0.8 * off["trained"]
    none_yet = found[found.over == 0]
    assert (none_yet.trained_expected == none_yet.moved_expected).all(), "nobody knows the outcome of a list at once"


def test_the_table_counts_as_a_person_would(found):
    assert doctest.testmod(young_level_table).failed == 0
    saved = json.loads(RESULTS.read_text(encoding="utf-8"))
    part = found[found.kind == "default"]
    row = next(line for line in young_level_table.markdown(saved).splitlines() if "`default`" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    shops = len(part[["number", "horizon"]].drop_duplicates())
    assert cells[1:3] == [str(shops), f"{len(part):,}"]
    assert cells[3] == f"{100 * part.came.sum() / part.trained_expected.sum():.0f}"
    assert cells[6] == f"{100 * part.came.sum() / part.moved_expected.sum():.0f}"
    assert cells[7] == f"{100 * held(part, 'moved'):.0f} %"


def test_the_lists_of_a_shop_count_its_own_silent_customers_and_no_later_outcome_moves_them(monkeypatch):
    monkeypatch.setattr(young_level, "WEEKS", 8)
    prior, horizon = cold_start.packaged(), 30
    shop, days = young_level.shop_of("default", 0, horizon)
    lists = young_level.lists_of("default", 0, horizon, prior)
    orders = shop.orders.to_pandas()
    orders["day"] = (pd.to_datetime(orders.ts) - pd.Timestamp(shop.first)).dt.days
    starts = range(days - horizon, 0, -7)
    asked = sorted(start for start in starts if start >= horizon)
    graded = asked[0]
    wanted = []
    for start in (start for start in asked if start >= graded + horizon):
        bought = {near: set(orders[(orders.day >= start + near) & (orders.day < start + near + horizon)].customer_id)
                  for near in (-horizon, 0)}  # fmt: skip
        wanted.append((len(bought[-horizon]), len(bought[-horizon] - bought[0])))
    assert [(one["customers"], one["came"]) for one in lists] == wanted
    assert [one["over"] for one in lists] == [max(0, place - 4) for place in range(len(lists))]
    rows = [young_level._row(one) for one in lists]
    assert all(len(row) == len(young_level_table.COLUMNS) for row in rows)
    shop_saved = {"kind": "default", "number": 0, "horizon": horizon, "lists": rows}
    again_read = young_level_table.lists_of({"shops": [shop_saved]})
    assert [{name: one[name] for name in lists[0]} for one in again_read] == lists
    # In the last window everybody buys: nothing but what came of the lists it belongs to is different.
    until = asked[-1]
    again = orders[orders.day < until].customer_id.drop_duplicates()
    moved = shop.orders.extend(
        shop.orders.head(len(again)).with_columns(
            customer_id=again.to_numpy(), ts=shop.day(until)
        ).cast(shop.orders.schema)
    )  # fmt: skip
    other = young_level.shops.Shop(moved, shop.first, horizon, horizon)
    monkeypatch.setattr(young_level, "shop_of", lambda *_: (other, days))
    changed = young_level.lists_of("default", 0, horizon, prior)
    for place, (one, two) in enumerate(zip(lists, changed, strict=True)):
        assert one["moved"] == two["moved"], place
    assert changed[-1]["came"] < lists[-1]["came"]
    assert shop.day(until) + timedelta(days=horizon) == shop.day(days)
