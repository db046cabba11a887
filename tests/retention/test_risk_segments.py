"""Who is expected to leave, and why, by segment: as counted by hand, and never more or fewer than there are in all."""

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as few
from hypothesis import strategies as st

from pipeline.commands import retention, risk_sections
from pipeline.commands.retention import Question
from pipeline.evaluation import expected_performance
from pipeline.reasons import root_causes
from pipeline.retention import risk_segments
from pipeline.retention.risk_segments import MAX_GROUPS, MIN_CUSTOMERS
from pipeline.tables import storage
from tests.retention.company import BUCKETS, END, random_tables

DAY = date(2023, 12, 1)
LEVEL_ERROR = 0.3
OLD = date(2023, 10, 2)
HORIZON = 30
LABEL = {"kind": "inactivity", "gap_days": 0, "horizon_days": HORIZON}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """80 customers with sellers, regions and channels, all of them scored, and a list whose window is over."""
    folder = tmp_path_factory.mktemp("shop")
    tables = random_tables(11, contracts=False)
    # Two regions of 20 customers, which stand together.
    small = ["south", "west"]
    tables.register = [
        (key, market, "north" if key < 40 else small[key % 2], seller) for key, market, _, seller in tables.register
    ]
    paths = replace(tables.write(folder), models=folder / "models")
    dice = np.random.default_rng(4)
    keys = np.arange(80)
    scores = pl.DataFrame(
        {
            "customer_key": keys, "customer_id": [f"c{key}" for key in keys], "as_of": DAY,
            "churn_probability": dice.uniform(0, 1, 80).round(4), "value_at_stake": dice.uniform(1, 50, 80).round(2),
            "tier": dice.choice(["loyal", "new"], 80), "risk_band": "high", "value_tier": "top",
            "reason_1_causes": dice.choice(["C38", "C27;C36", None], 80),
        },
        schema_overrides={"customer_key": pl.Int64, "reason_1_causes": pl.String},
    )  # fmt: skip
    for bucket in range(BUCKETS):
        mine = pl.col("customer_key") % BUCKETS == bucket
        storage.write_parquet(scores.filter(mine), storage.bucket_file(paths.scores, bucket))
        file = storage.bucket_file(paths.tables / "transactions", bucket)
        lines = pl.read_parquet(file).with_columns(pl.format("c{}", "customer_key").alias("customer_id"))
        storage.write_parquet(lines, file)
    curve = {"slope": 1.0, "intercept": 0.0, "level_error": LEVEL_ERROR}
    storage.write_json({"in_use": curve}, paths.calibration)
    week = paths.exports / str(OLD)
    decided = scores.select(
        "customer_id", "churn_probability", "risk_band", "tier", pl.lit(None, dtype=pl.String).alias("playbook"),
        pl.lit("price").alias("reason_1_family"), pl.lit(value=False).alias("is_control"),
    )  # fmt: skip
    storage.write_parquet(decided, week / "actions.parquet")
    storage.write_parquet(decided.head(5).select("customer_id"), week / "risk_list.parquet")
    storage.write_json({"company": "complete_journey"}, week / "manifest.json")
    storage.write_json({"model": {"label": LABEL}}, week / "run_report.json")
    return paths, tables, scores


@pytest.fixture
def settings_of_shop(changed):
    return changed(**{"snapshots.active_days": 45, "snapshots.observed_until": str(END)})


def known(tables, scores: pl.DataFrame, day: date) -> pd.DataFrame:
    """What is known of each customer on a day, by loops over the rows of the company."""
    register = {row[0]: row[1:] for row in tables.register}
    out = []
    for row in scores.to_dicts():
        days = [line[1] for line in tables.lines if line[0] == row["customer_key"] and line[1] < day and line[2] >= 0]
        since = (day - min(days)).days if days else None
        tenure = None if since is None else "under 6 months" if since < 183 else "6 months to 3 years"
        source = f"via {row['customer_key'] % 3}" if days else None
        market, region, seller = register[row["customer_key"]]
        out.append(row | {"tenure": tenure, "market": market, "region": region, "seller": seller, "source": source})
    return pd.DataFrame(out)


def groups_by_hand(frame: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """The customers of every group, those of few customers together."""
    out = {("all", "all"): frame}
    for by in ("tier", "tenure", "market", "region", "seller", "source"):
        names = frame[by].where(frame[by].notna(), "unknown")
        large = [name for name, size in names.value_counts().items() if size >= MIN_CUSTOMERS]
        small = sorted(set(names) - set(large))
        if not large or len(large) + len(small) == 1:
            continue
        out |= {(by, name): frame[names == name] for name in large}
        if small:
            out[by, small[0] if len(small) == 1 else f"all others ({len(small)})"] = frame[names.isin(small)]
    return out


def test_every_row_of_the_forecast_is_a_sum_by_hand(shop, settings_of_shop):
    paths, tables, scores = shop
    section, _ = risk_sections.expected(settings_of_shop, paths, paths)
    hand = groups_by_hand(known(tables, scores, DAY))
    assert {row[:2] for row in section.rows} == set(hand)
    assert {row[0] for row in section.rows} >= {"all", "tier", "tenure", "market", "region", "seller"}
    assert ("region", "all others (2)") in hand
    for by, group, customers, churners, _, share, value in section.rows:
        own = hand[by, group]
        assert int(customers) == len(own)
        assert churners == f"{own.churn_probability.sum():,.0f}"
        assert share == f"{own.churn_probability.mean() * 100:.1f} %"
        assert value == f"{own.value_at_stake.sum():,.2f}"
    expected = expected_performance.expect(scores["churn_probability"].sort().to_numpy(), LEVEL_ERROR)
    assert section.rows[0][4] == f"{expected.churners_low} to {expected.churners_high}"


def test_causes_by_segment_are_counted_by_hand(shop, settings_of_shop):
    paths, tables, scores = shop
    _, section = risk_sections.expected(settings_of_shop, paths, paths)
    hand = groups_by_hand(known(tables, scores, DAY))
    assert {row[:2] for row in section.rows} == {
        key for key, own in hand.items() if key[0] not in {"all", "tier"} and len(own) >= MIN_CUSTOMERS
    }
    for by, group, cause, kind, customers, churners, value in section.rows:
        own = hand[by, group]
        first = own.reason_1_causes.where(own.reason_1_causes.notna(), "none told").str.split(";").str[0]
        told = own[first == ("none told" if cause == "none told" else cause.split()[0])]
        assert (int(customers), churners) == (len(told), f"{told.churn_probability.sum():,.0f}")
        assert value == f"{told.value_at_stake.sum():,.2f}"
        assert (kind == "") == (cause == "none told")


def test_causes_by_tier_are_those_of_the_report(shop):
    """The page shows tiers from the report of the last run, other segments from its scores: they must be one count."""
    _, _, scores = shop
    of_report = root_causes.report(scores, [])["by_segment"]["tier"]
    found = risk_segments.causes(scores.with_columns(pl.col("tier")), 3).filter(pl.col("by") == "tier")
    for (tier,), part in found.group_by("group"):
        assert part["cause"].to_list() == [one["cause"] for one in of_report[tier][:3]]
        assert part["expected_churners"].to_list() == [one["expected_churners"] for one in of_report[tier][:3]]


def test_what_came_of_a_list_is_counted_by_hand(shop, settings_of_shop):
    paths, tables, scores = shop
    (section,) = risk_sections.came(settings_of_shop, paths, paths, END)
    assert section.title == f"What came of the list of {OLD} by {OLD + timedelta(days=HORIZON - 1)}, by segment"
    end = OLD + timedelta(days=HORIZON)
    frame = known(tables, scores, OLD)
    buyers = {line[0] for line in tables.lines if OLD <= line[1] < end and line[2] >= 0}
    frame["churned"] = ~frame.customer_key.isin(buyers)
    hand = groups_by_hand(frame)
    assert {row[:2] for row in section.rows} == set(hand)
    for by, group, customers, said, chance, left, within in section.rows:
        own = hand[by, group]
        assert (int(customers), int(left)) == (len(own), own.churned.sum())
        assert said == f"{own.churn_probability.sum():,.0f}"
        low, high = map(int, chance.split(" to "))
        assert (within == "yes") == (low <= own.churned.sum() <= high)
        spread = 1.96 * (own.churn_probability * (1 - own.churn_probability)).sum() ** 0.5
        assert low == pytest.approx(own.churn_probability.sum() - spread, abs=1.6)
        assert high == pytest.approx(own.churn_probability.sum() + spread, abs=1.6)
    assert list(risk_sections.came(settings_of_shop, paths, paths, OLD + timedelta(days=HORIZON - 1))) == []


def test_both_stand_on_the_page_and_in_its_twin(shop, settings_of_shop):
    paths, *_ = shop
    list(retention.run(settings_of_shop, Question("quarter", with_page=True), paths))
    for file in (paths.retention_page, paths.retention_page.with_suffix(".md")):
        text = file.read_text(encoding="utf-8")
        for title in (
            f"Expected to leave as of {DAY}, by segment",
            f"The causes that weigh most as of {DAY}, by segment",
            f"What came of the list of {OLD} by",
        ):
            assert title in text, (file, title)


def test_scores_of_another_company_are_not_shown(shop, changed):
    paths, *_ = shop
    assert list(risk_sections.expected(changed(**{"data.name": "another"}), paths, paths)) == []
    assert list(risk_sections.came(changed(**{"data.name": "another"}), paths, paths, END)) == []
    assert json.loads(paths.ingest_report.read_text())["company"] == "complete_journey"


@few(max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([*"abcdefghijklmnopq", None])), min_size=1, max_size=300))
def test_the_groups_of_a_kind_always_add_up_to_all(rows):
    probability, market = zip(*rows, strict=True)
    table = pl.DataFrame({"churn_probability": probability, "value_at_stake": 1.0, "market": market,
                          "churned": [one > 0.5 for one in probability]},
                         schema_overrides={"market": pl.String, "churned": pl.Int64}, strict=False)  # fmt: skip
    for found in (risk_segments.forecast(table, 0.0), risk_segments.came(table)):
        whole, parts = found.row(0, named=True), found.filter(pl.col("by") == "market")
        for name in set(found.columns) - {"by", "group", "low", "high"}:
            assert parts.is_empty() or parts[name].sum() == pytest.approx(whole[name], abs=1e-2), name
        assert parts.height <= MAX_GROUPS + 1
        assert (parts["customers"].head(-1) >= MIN_CUSTOMERS).all()
