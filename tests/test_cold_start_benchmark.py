"""The benchmark of the first list: its shops are as young as they are said to be, and its figures hold by hand."""

import dataclasses
import doctest
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from benchmarks import cold_start, cold_start_companies, cold_start_prior, cold_start_table, quality
from pipeline.model import packaged_prior
from pipeline.simulate import COMPANIES

RESULTS = quality.ROOT / "benchmarks" / "results" / "cold_start.json"


@pytest.fixture(scope="module")
def committed() -> dict:
    """The committed figures."""
    return json.loads(RESULTS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def listed(committed) -> pd.DataFrame:
    """Of the simulated shops that were graded C: the AUC of the first list, and of the one after a year."""
    simulated = [
        shop for shop in committed["shops"] if shop["grade"] == "C" and shop["kind"] not in cold_start_table.REAL
    ]
    return pd.DataFrame({name: [shop["auc"] if name == "first" else shop["after_365"]["own"] for shop in simulated]
                         for name in ("first", "year")})  # fmt: skip


@pytest.mark.parametrize("number", [0, 1])
def test_a_shop_has_so_many_buyers_and_no_earlier_day(number):
    shop = cold_start.shop_of("default", number)
    early = shop.orders.filter(pl.col("ts") < shop.day(60))
    assert early["customer_id"].n_unique() == 200
    assert shop.orders["ts"].min() >= shop.first
    assert (shop.first == cold_start.FIRST_DAY) == bool(number)
    assert not shop.orders.equals(cold_start.shop_of("default", number + 2).orders), "another seed is another shop"
    assert shop.orders.equals(cold_start.shop_of("default", number).orders)


def test_the_prior_has_seen_none_of_the_shops_of_the_benchmark():
    learnt, shown = (
        [cold_start_companies.drawn_company(np.random.default_rng(seed), 30) for seed in seeds]
        for seeds in (
            [[cold_start_prior.SEED, number] for number in range(20)],
            [[cold_start.SEED, 0, number] for number in range(20)],
        )
    )
    pauses = [{company.mean_gap_days.values for company in companies} for companies in (learnt, shown)]
    assert not pauses[0] & pauses[1]
    assert len(pauses[1]) == 20
    assert not {company.mean_gap_days.values for company in COMPANIES.values()} & pauses[0]


def test_two_snapshots_of_a_company_teach_and_the_same_ones_every_time():
    shops = [cold_start_prior.drawn_shop(1)[0] for _ in range(2)]
    assert shops[0].orders.equals(shops[1].orders)
    one = cold_start_prior.draw_examples(1)
    assert one is not None
    assert [len(part) for part in one.churned] == [len(part) for part in one.values]
    assert len(one.churned) == cold_start_prior.FOLLOWED + 1
    written_off = dataclasses.replace(one, churned=(*one.churned[:2], *(1 - part for part in one.churned[2:])))
    lines = [cold_start_prior.learn([each])["lines"] for each in (one, written_off)]
    assert lines[0] == lines[1], "later snapshots say where the level goes, and nothing of the order"
    content = cold_start_prior.learn([one])
    assert cold_start_prior.as_text(content) == cold_start_prior.as_text(cold_start_prior.learn([one]))
    written = json.loads(cold_start_prior.as_text(content))
    prior = packaged_prior.PackagedPrior.from_dict(written)
    # What was learnt from is what the file says, to the last digit.
    shown = [prior.regression.log_odds(values) for values in one.values]
    assert all(np.corrcoef(log_odds, churned)[0, 1] > 0 for log_odds, churned in zip(shown, one.churned, strict=True))


def test_how_far_companies_differ_is_what_chance_leaves():
    dice = np.random.default_rng(1)
    errors = dice.uniform(0.05, 0.4, 4000)
    seen = list(zip(dice.normal(0, 0.5, 4000) + dice.normal(0, errors), errors, strict=True))
    assert cold_start_prior._beside_chance(seen) == pytest.approx(0.5, abs=0.03)
    assert cold_start_prior._beside_chance([(0.1, 0.2), (-0.1, 0.2)]) == cold_start_prior.SMALLEST


def test_where_the_level_goes_is_what_chance_leaves():
    """Companies by hand: a move over the windows of past, a part that lasts, one of each window, and chance."""
    dice = np.random.default_rng(2)
    number, later = 6000, 4
    windows = dice.uniform(1, 3, number)
    known, errors = dice.uniform(0.05, 0.3, number), dice.uniform(0.05, 0.3, (number, later))
    lasting, own = dice.normal(0, 0.2, (number, 1)), dice.normal(0, 0.1, (number, later))
    missed = (0.6 / windows)[:, None] + lasting + own
    missed += dice.normal(0, known)[:, None] + dice.normal(0, errors)
    moved = [(float(a), b.tolist(), c.tolist(), float(d)) for a, b, c, d in zip(windows, missed, errors, known,
                                                                                strict=True)]  # fmt: skip
    ageing = cold_start_prior._ageing(moved)
    assert ageing["level_move"] == pytest.approx(0.6, abs=0.02)
    assert ageing["level_drift"] == pytest.approx(np.hypot(0.2, 0.1), abs=0.01)
    assert ageing["level_lasting"] == pytest.approx(0.2, abs=0.01)


def test_the_table_says_what_was_drawn():
    assert doctest.testmod(cold_start_table).failed == 0
    level = {"came": 5, "model": {"predicted": [3, 9]}}
    year = {"after_120": {"own": 0.7, "prior": 0.7}, "after_365": {"own": 0.8, "prior": 0.75}}
    shops = [
        {"kind": "default", "grade": "C", "auc": 0.76, "recency": 0.6, "level": level} | year,
        {"kind": "default", "grade": "refused"} | year,
        {"kind": "no_signal", "grade": "F"},
    ]
    text = cold_start_table.markdown({"shops": shops, "limits": []})
    assert "| `default` | 2 | 1 | 1 | 0.760 | 0.600 | 0.700 | 0.700 | 0.800 | 0.750 | 95.0 % ± 0.0 |" in text
    assert "| `no_signal` | 1 | 0 | 1 | – |" in text
    assert "Of the 1 lists that were made at 60 days, 1 had" in text


def test_the_first_list_is_nearly_what_a_year_gives(committed, listed):
    assert {shop["kind"] for shop in committed["shops"]} == set(cold_start.KINDS), "run: make bench-quality"
    ratio = listed["first"].mean() / listed["year"].mean()
    simulated = [shop for shop in committed["shops"]
                 if shop["grade"] == "C" and shop["kind"] not in cold_start_table.REAL]  # fmt: skip
    assert cold_start_table.share_of_a_year(simulated)[0] == pytest.approx(ratio, abs=1e-4)
    assert len(listed) >= 20
    assert ratio >= 0.93


def test_no_model_of_the_same_company_ranks_better_after_60_days(committed):
    for one in committed["limits"]:
        assert one["customers"] > 4000
        assert one["prior"] > max(one["regression"], one["trees"]) - 0.01, one


def test_who_cannot_be_ranked_gets_no_list(committed):
    hopeless = [shop["grade"] for shop in committed["shops"] if shop["kind"] in cold_start.HOPELESS]
    assert len(hopeless) >= 20
    assert "C" not in hopeless
