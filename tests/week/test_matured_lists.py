"""Old lists beside what came: only windows that are over, and every figure as it is counted by hand."""

import itertools
import json
import math
import random
import statistics
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from pipeline.config.params import Label
from pipeline.config.paths import Paths
from pipeline.outcomes import maturity
from pipeline.tables import storage
from pipeline.week import matured_lists

TODAY = date(2024, 6, 3)
HORIZON = 20
WEEKS = [TODAY - timedelta(days=7 * number) for number in range(1, 6)]
OVER = [day for day in WEEKS if day + timedelta(days=3 + HORIZON) <= TODAY]
EXPECTED = {"customers": 90, "auc": 0.83, "auc_low": 0.7, "auc_high": 0.91, "churners": 45.0}
CUSTOMERS = [f"c{number}" for number in range(120)]


def publish(exports: Path, day: date, label: dict, company: str = "shop") -> pd.DataFrame:
    """As much of a week as looking back at it needs."""
    dice = random.Random(day.isoformat() + company)
    rows = []
    for customer in dice.sample(CUSTOMERS, 90):
        probability = round(dice.random(), 3)
        band = "high" if probability >= 0.5 else "low"
        playbook = dice.choice(["call", "mail", None]) if band == "high" else None
        is_control = dice.random() < 0.1
        rows.append(
            (
                customer,
                probability,
                band,
                ("new", "loyal", "regular")[len(rows) % 3],
                None if is_control else playbook,
                dice.choice(["price", "recency"]),
                is_control,
            )
        )
    table = pl.DataFrame(rows, schema=maturity.DECIDED, orient="row")
    folder = exports / day.isoformat()
    folder.mkdir(parents=True)
    table.write_parquet(folder / "actions.parquet")
    listed = table.filter((pl.col("risk_band") == "high") & ~pl.col("is_control"))
    listed.select("customer_id").write_parquet(folder / "risk_list.parquet")
    (folder / "manifest.json").write_text(json.dumps({"company": company}), encoding="utf-8")
    report = {"model": {"label": label}} | ({} if day == WEEKS[-1] else {"expected": EXPECTED})
    (folder / "run_report.json").write_text(json.dumps(report), encoding="utf-8")
    frame = pd.DataFrame(rows, columns=list(maturity.DECIDED))
    return frame.assign(as_of=day, is_listed=(frame.risk_band == "high") & ~frame.is_control)


def label(kind: str, as_of: date) -> dict:
    wait = {"times": 2.0, "min_days": 5, "max_days": 20, "one_time_days": 9}
    meant = {"kind": kind, "gap_days": 3, "horizon_days": HORIZON, "description": "words"}
    late = late_days(kind, as_of)
    return meant | ({"overdue": wait} if kind == "overdue" else {}) | ({"late_renewal_days": late} if late else {})


def late_days(kind: str, as_of: date) -> int:
    """Every other list waits for late renewals, as somebody has tried it."""
    return 7 if kind == "cancellation" and as_of in WEEKS[1::2] else 0


@pytest.fixture(params=["inactivity", "cancellation", "overdue"])
def company(request, tmp_path):
    """Five weekly lists, and what customers did around them."""
    kind = request.param
    weeks = pd.concat([publish(tmp_path / "exports", day, label(kind, day)) for day in WEEKS])
    other = date(2024, 1, 1)
    publish(tmp_path / "exports", other, label(kind, other), company="another shop")
    dice, lines, contracts = random.Random(1), [], []
    for number, customer in enumerate(CUSTOMERS):
        for _ in range(dice.randrange(0, 4)):
            day = date(2024, 4, 25) + timedelta(days=dice.randrange(0, 50))
            lines.append((number, customer, day, dice.choice([500, 0, -300])))
        start = date(2024, 1, 1) + timedelta(days=dice.randrange(0, 150))
        end = dice.choice([None, start + timedelta(days=dice.randrange(10, 160))])
        contracts.append((number, customer, start, end))
    keys = {"customer_key": pl.Int64, "customer_id": pl.String}
    bought = pl.DataFrame(lines, schema=keys | {"day": pl.Date, "amount_minor": pl.Int64}, orient="row")
    held = pl.DataFrame(contracts, schema=keys | {"start_day": pl.Date, "end_day": pl.Date}, orient="row")
    paths = Paths(data=tmp_path / "data", exports=tmp_path / "exports")
    for name, table in (("transactions", bought), ("subscriptions", held)):
        for bucket in (0, 1):
            part = table.filter(pl.col("customer_key") % 2 == bucket)
            storage.write_parquet(part, storage.bucket_file(paths.tables / name, bucket))
    return kind, paths, weeks, bought.to_pandas(), contracts


def churned(kind: str, customer: str, as_of: date, bought: pd.DataFrame, contracts: list) -> int | None:
    """The label, worked out from the rows themselves; each customer here has one contract at most."""
    days = [as_of + timedelta(days=3 + number) for number in range(HORIZON)]
    if kind == "inactivity":
        own = bought[(bought.customer_id == customer) & (bought.amount_minor >= 0)]
        return int(not set(pd.to_datetime(own.day).dt.date) & set(days))
    if kind == "overdue":
        own = sorted(
            set(pd.to_datetime(bought[(bought.customer_id == customer) & (bought.amount_minor >= 0)].day).dt.date)
        )
        pauses = [(later - day).days for day, later in itertools.pairwise([day for day in own if day < as_of])]
        allowed = min(max(2 * statistics.median_low(pauses), 5), 20) if pauses else 9
        last = max((day for day in own if day <= days[-1]), default=date(2000, 1, 1))
        return int(not set(own) & set(days) and (days[-1] - last).days + 1 > allowed)
    _, _, start, end = next(row for row in contracts if row[1] == customer)
    if start > days[-1]:
        return None
    return int(end is not None and end + timedelta(days=1 + late_days(kind, as_of)) in days)


def test_every_figure_is_that_of_a_count_by_hand(company):
    kind, paths, weeks, bought, contracts = company
    found = matured_lists.read(paths, "shop", TODAY)
    assert found["as_of"].unique().to_list() == sorted(OVER), "no window that goes on, and no other company"
    assert 0 < len(OVER) < len(WEEKS)
    assert (found["last_day"] < TODAY).all()
    weeks = weeks.assign(
        churned=[churned(kind, row.customer_id, row.as_of, bought, contracts) for row in weeks.itertuples()]
    )
    weeks = weeks[weeks.churned.notna()]
    columns = {"listed": "is_listed", "risk_band": "risk_band", "tier": "tier", "is_control": "is_control",
               "playbook": "playbook", "reason": "reason_1_family", "all": None}  # fmt: skip
    seen = 0
    for row in found.to_dicts():
        part = weeks[weeks.as_of == row["as_of"]]
        base = part.churned.mean()
        if (column := columns[row["by"]]) is not None:
            wanted = {"yes": True, "no": False}.get(row["group"], row["group"])
            part = part[part[column] == wanted]
        assert (row["customers"], row["churners"]) == (len(part), part.churned.sum()), row
        assert row["expected_churners"] == pytest.approx(part.churn_probability.sum(), abs=1e-5)
        assert row["expected_rate"] == pytest.approx(part.churn_probability.mean(), abs=1e-5)
        assert row["rate"] == pytest.approx(part.churned.mean(), abs=1e-5)
        assert row["lift"] == pytest.approx(part.churned.mean() / base, abs=1e-4)
        assert row["low"] <= row["expected_churners"] <= row["high"] <= row["customers"]
        seen += 1
    assert seen == len(OVER) * 14, "all, three tiers, and two groups of each of the five other groupings"


def test_the_order_that_was_expected_stands_beside_the_one_that_came(company):
    """By hand: of all pairs of one who left and one who stayed, in how many the first had the higher probability."""
    kind, paths, weeks, bought, contracts = company
    table = matured_lists.read(paths, "shop", TODAY)
    scored = {row["as_of"]: row for row in table.filter(pl.col("by") == "all").to_dicts()}
    assert list(scored) == sorted(OVER)
    for day, row in scored.items():
        came = [
            (churned(kind, one.customer_id, day, bought, contracts), one.churn_probability)
            for one in weeks[weeks.as_of == day].itertuples()
        ]
        pairs = [(p > q) + (p == q) / 2 for left, p in came if left == 1 for stayed, q in came if stayed == 0]
        assert row["auc"] == pytest.approx(sum(pairs) / len(pairs), abs=1e-4)
        said = (0.83, 0.7, 0.91) if day != WEEKS[-1] else (None, None, None)
        assert (row["expected_auc"], row["auc_low"], row["auc_high"]) == said
    assert table.filter(pl.col("by") != "all")["auc"].null_count() == table.filter(pl.col("by") != "all").height
    last = scored[max(OVER)]
    assert maturity.report(table)["last_scored"]["auc"] == last["auc"]
    assert str(maturity.early_words(table)) == (
        f"The list of {max(OVER)} had expected an AUC of 0.830 (0.700 to 0.910) and {last['expected_churners']:.0f} churners "
        f"of {last['customers']}; there were {last['auc']:.3f} and {last['churners']}."
    )


def test_what_happened_after_a_window_changes_nothing_of_it(company):
    kind, paths, *_ = company
    found = matured_lists.read(paths, "shop", TODAY)
    last = max(OVER) + timedelta(days=3 + HORIZON)
    for name, day in (("transactions", "day"), ("subscriptions", "start_day")):
        for file in storage.bucket_files(paths.tables / name):
            rows = pl.read_parquet(file)
            later = rows.with_columns((pl.lit(last) + pl.duration(days=1)).cast(pl.Date).alias(day))
            if kind == "cancellation" and name == "subscriptions":
                later = later.with_columns(pl.lit(None, dtype=pl.Date).alias("end_day"))
            storage.write_parquet(pl.concat([rows, later]), file)
    assert matured_lists.read(paths, "shop", TODAY).equals(found)


def test_the_line_on_the_list_is_of_the_last_list_that_is_over(company):
    kind, paths, weeks, bought, contracts = company
    line = [str(one) for one in maturity.words(matured_lists.read(paths, "shop", TODAY))]
    listed = weeks[(weeks.as_of == max(OVER)) & weeks.is_listed]
    came = [churned(kind, customer, max(OVER), bought, contracts) for customer in listed.customer_id]
    known = [
        (one, probability) for one, probability in zip(came, listed.churn_probability, strict=True) if one is not None
    ]
    left, expected = (sum(part) / len(known) for part in zip(*known, strict=True))
    last = max(OVER) + timedelta(days=2 + HORIZON)
    assert line == [
        f"Of the {len(known)} customers on the list of {max(OVER)}, {left:.0%} had left by {last}; the list had said "
        f"{expected:.0%}."
    ]


def test_without_an_old_list_nothing_is_said(tmp_path):
    found = matured_lists.read(Paths(data=tmp_path / "data", exports=tmp_path / "exports"), "shop", TODAY)
    assert found.is_empty() and found.columns == list(maturity.SCHEMA)
    assert list(maturity.words(found)) == []
    assert maturity.report(found) == {"lists": 0, "last_listed": None, "last_scored": None}


def test_a_week_of_an_older_version_is_read_as_far_as_it_goes(tmp_path):
    publish(tmp_path / "exports", WEEKS[-1], label("inactivity", WEEKS[-1]))
    file = tmp_path / "exports" / str(WEEKS[-1]) / "actions.parquet"
    pl.read_parquet(file).drop("reason_1_family", "is_control", "tier").write_parquet(file)
    bought = {"customer_id": [CUSTOMERS[0]], "day": [TODAY], "amount_minor": [1]}
    storage.write_parquet(pl.DataFrame(bought), storage.bucket_file(tmp_path / "data/tables/transactions", 0))
    found = matured_lists.read(Paths(data=tmp_path / "data", exports=tmp_path / "exports"), "shop", TODAY)
    assert set(found["by"]) == {"all", "listed", "risk_band", "playbook"}
    assert found.row(0, named=True)["rate"] == 1.0


def test_the_curve_that_would_have_been_right_is_that_of_those_to_whom_nothing_was_given():
    """Odds of 1 to 3 became 1 to 9 and 3 to 1 became 9 to 1, twice the log-odds; whoever was given a call stayed."""
    expected, came, given = [0.25, 0.75, 0.75], [0.1, 0.9, 0.0], ["", "", "call"]
    size = 10_000
    table = pd.DataFrame(
        {"churn_probability": expected, "playbook": given, "came": came}
    ).loc[lambda one: one.index.repeat(size)]  # fmt: skip
    table["customer_id"] = [f"c{number}" for number in range(len(table))]
    table["churned"] = (table.groupby(level=0).cumcount() < table.came * size).astype(int)
    decided = pl.DataFrame(table.drop(columns=["came", "churned"]).to_dict("list")).with_columns(
        pl.col("playbook").replace("", None), pl.lit("high").alias("risk_band"), pl.lit("price").alias("reason_1_family"), pl.lit(value=False).alias("is_control"),
        pl.lit(value=True).alias("is_listed"),
    )  # fmt: skip
    outcomes = pl.DataFrame(table[["customer_id", "churned"]].to_dict("list"))
    old = maturity.OldList(TODAY, Label(kind="inactivity", gap_days=0, horizon_days=30), decided)
    found = maturity.compare(old, outcomes)
    (curve,) = maturity.curves(found, [TODAY])
    assert (curve.shift, curve.log_slope) == pytest.approx((0.0, math.log(2)), abs=0.003)
    assert found.filter(pl.col("by") != "all")["log_slope"].null_count() == found.height - 1
    assert maturity.curves(found, []) == []
    nobody = maturity.compare(old, outcomes.with_columns(pl.lit(0, dtype=pl.Int64).alias("churned")))
    assert maturity.curves(nobody, [TODAY]) == [], "where nobody left there is no curve"
