"""``churn diff`` on what an edited file is worth: by lists, orders and a sum by hand."""

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pipeline import lists
from pipeline.commands import edited_value
from pipeline.commands.edited_value import Files
from pipeline.config.paths import Paths
from pipeline.playbooks.config.playbook import Playbook
from pipeline.readout import policy_value
from pipeline.tables import storage
from pipeline.week import explored_actions

FIRST = date(2024, 3, 4)
WEEKS = [FIRST + timedelta(days=7 * number) for number in range(5)]
HORIZON = 30
UNTIL = WEEKS[3] + timedelta(days=HORIZON)  # of the fifth list the window is not over
DAY = UNTIL + timedelta(days=5)
PEOPLE = 500
USUAL = {"tactic": "thank-you-email", "action": "Do it", "channel": "mail", "who": "us", "due_in_days": 1}
PUBLISHED = {"mail": Playbook(when="everyone", cost=0.5, effect=0.2, **USUAL)}
EDITED = {
    "mail": Playbook(when="value < 30", cost=0.5, effect=0.2, **USUAL),
    "call": Playbook(when="value >= 30", cost=2, effect=0.6, **USUAL),
}


def chosen_by_hand(row: dict) -> tuple[str | None, str | None]:
    """The edited choice and the published one."""
    edited = ("call" if "call" in row["explored_arms"] else None) if row["value"] >= 30 else "mail"
    return edited, "mail"


def publish(exports: Path, day: date, **report) -> list[dict]:
    """A list of 500 customers, for two thirds of whom a lot decided."""
    dice, rows = random.Random(day.isoformat()), []
    for number in range(PEOPLE):
        is_explored, is_control = dice.random() < 0.67, number % 10 == 0
        arms = dice.choice([["mail", "call"], ["mail"]])
        what = dice.choice([None, *arms]) if is_explored else "mail"
        rows.append(
            {
                "customer_id": f"c{number}", "playbook": None if is_control else what,
                "would_have_been": what if is_control else None, "is_control": is_control, "risk_band": "high",
                "churn_probability": round(dice.uniform(0.2, 0.9), 3), "value": round(dice.uniform(15, 50), 2),
                "value_at_stake": 14.0, "expected_saved_value": 2.0, "cost": 1.0, "answered_share": 1.0,
                "is_explored": is_explored, "explored_arms": ";".join(arms) if is_explored else None,
                "propensity": 1 / (1 + len(arms)) if is_explored else None,
            }
        )  # fmt: skip
    folder = exports / day.isoformat()
    folder.mkdir(parents=True)
    actions = pl.DataFrame(rows, infer_schema_length=None)
    actions.write_parquet(folder / "actions.parquet")
    kept = actions.filter("is_explored", ~pl.col("is_control")).select(
        "customer_id", "value", "value_at_stake", "churn_probability", "risk_band",
        pl.lit("mail").alias("file_choice"), pl.lit(0.5).alias("file_cost"), pl.lit("").alias("held_playbooks"), pl.lit("loyal").alias("tier"),
        pl.lit(value=False).alias("loss_making"), pl.lit(value=False).alias("strategic"),
        pl.lit(None, dtype=pl.String).alias("owner"),
    )  # fmt: skip
    kept.write_parquet(folder / lists.EXPLORED_FILE)
    (folder / "manifest.json").write_text(json.dumps({"company": "shop", "files": {}}), encoding="utf-8")
    label = {"kind": "inactivity", "gap_days": 0, "horizon_days": HORIZON}
    (folder / "run_report.json").write_text(json.dumps({"model": {"label": label}, **report}), encoding="utf-8")
    return [row | {"as_of": day} for row in rows]


@pytest.fixture(scope="module")
def lots(tmp_path_factory) -> tuple[Path, list[dict], list[tuple]]:
    """Five lists, and orders until the windows of four are over."""
    folder = tmp_path_factory.mktemp("lots")
    rows = [row for day in WEEKS for row in publish(folder / "exports", day)]
    dice, lines = random.Random(5), []
    for number in range(PEOPLE):
        for _ in range(dice.randrange(0, 4)):
            day = FIRST + timedelta(days=dice.randrange(-5, (UNTIL - FIRST).days))
            lines.append((number, f"c{number}", day, dice.choice([1000, 2550, -300])))
    lines.append((0, "c0", UNTIL - timedelta(days=1), 100))
    schema = {"customer_key": pl.Int64, "customer_id": pl.String, "day": pl.Date, "amount_minor": pl.Int64}
    paths = paths_of(folder)
    storage.write_parquet(
        pl.DataFrame(lines, schema=schema, orient="row"), storage.bucket_file(paths.tables / "transactions", 0)
    )
    storage.write_json({"company": "shop", "last_day": str(UNTIL - timedelta(days=1))}, paths.ingest_report)
    return folder, rows, lines


def paths_of(folder: Path) -> Paths:
    return Paths(
        data=folder / "data", reports=folder / "reports", exports=folder / "exports", outcomes=folder / "outcomes"
    )


@pytest.fixture
def shop(changed):
    return changed(**{"data.name": "shop", "data.currency": "EUR", "score.margin_share": 0.25})


def counted(rows: list[dict], lines: list[tuple]) -> pd.DataFrame:
    """Everybody for whom a lot decided, with what came, by loops."""
    out = []
    for row in rows:
        end = row["as_of"] + timedelta(days=HORIZON)
        if row["is_explored"] and not row["is_control"] and end <= UNTIL:
            inside = [
                amount for _, who, day, amount in lines if who == row["customer_id"] and row["as_of"] <= day < end
            ]
            edited, published = chosen_by_hand(row)
            out.append(
                {
                    "who": row["customer_id"], "edited": edited or "nothing", "published": published,
                    "given": row["playbook"] or "nothing", "weight": 1 / row["propensity"],
                    "stayed": float(any(amount >= 0 for amount in inside)), "margin": sum(inside) / 100 * 0.25,
                    "cost": {"call": 2.0, "mail": 0.5, None: 0.0}[edited] - 0.5,
                    "odds": np.log(row["churn_probability"] / (1 - row["churn_probability"])), "value": row["value"],
                    "could_call": "call" in row["explored_arms"],
                }
            )  # fmt: skip
    return pd.DataFrame(out)


def test_the_worth_is_that_of_a_sum_by_hand(lots, shop):
    folder, rows, lines = lots
    one = edited_value.build(shop, DAY, Files(EDITED, None), paths_of(folder))
    assert one.refusal == "" and one.left_out == () and one.until == UNTIL
    frame = counted(rows, lines)
    differs = frame[frame.edited != frame.published]
    used = differs[(differs.given == differs.edited) | (differs.given == differs.published)]
    x = np.column_stack([used.given == used.edited, used.given == used.published, used.odds, used.value]).astype(float)
    root = np.sqrt(used.weight.to_numpy())
    for outcome, said, costs in (("margin", one.value.margin, 1), ("stayed", one.value.stayed, 0)):
        slopes = np.linalg.lstsq(x * root[:, None], used[outcome].to_numpy() * root, rcond=None)[0]
        expected = len(differs) / len(frame) * (slopes[0] - slopes[1]) - costs * frame.cost.mean()
        assert said.mean == pytest.approx(expected, abs=1e-9)
    assert (one.value.customers, one.value.differing) == (frame.who.nunique(), differs.who.nunique())
    line = one.line("EUR", 2)
    beyond = frame[(frame.value >= 30) & ~frame.could_call]
    margin, stayed = one.value.margin, one.value.stayed
    assert margin.mean < 0, "by lot orders hang on nothing, so that what costs more is worth less"
    assert line == (
        f"worth of the edited file, by {frame.who.nunique():,} customers for whom a lot decided, with outcomes until "
        f"{UNTIL}: {-margin.mean:.2f} EUR a customer less than the published one (95 %: {margin.low:.2f} to "
        f"{margin.high:.2f}), and keeps {abs(stayed.mean) * 100:.1f} {'more' if stayed.mean > 0 else 'fewer'} of 100 "
        f"customers (95 %: {stayed.low * 100:.1f} to {stayed.high * 100:.1f}); gives {differs.who.nunique():,} of them "
        f"something else; for {beyond.who.nunique():,} what it would give could not be drawn, so its next choice counts; "
        "capacities left aside"
    )
    assert one.as_json()["margin"]["mean"] == round(margin.mean, 6) and one.as_json()["until"] == str(UNTIL)


@pytest.mark.parametrize("against", [None, PUBLISHED])
def test_what_was_published_is_worth_exactly_as_much_as_itself(lots, shop, against):
    one = edited_value.build(shop, DAY, Files(PUBLISHED, against), paths_of(lots[0]))
    assert vars(one.value.margin) == vars(one.value.stayed) == dict.fromkeys(vars(one.value.margin), 0.0)
    other = "the published one" if against is None else "the one it is compared with"
    assert f"0.00 EUR a customer more than {other} (95 %: 0.00 to 0.00)" in one.line("EUR", 2)
    assert one.beyond == 0 and "drawn" not in one.line("EUR", 2)


def test_a_file_to_compare_with_takes_the_place_of_the_published_one(lots, shop):
    one = edited_value.build(shop, DAY, Files(EDITED, None), paths_of(lots[0]))
    other = edited_value.build(shop, DAY, Files(PUBLISHED, EDITED), paths_of(lots[0]))
    assert other.value.margin.mean == pytest.approx(-one.value.margin.mean)
    same = edited_value.build(shop, DAY, Files(EDITED, EDITED), paths_of(lots[0]))
    assert (same.value.differing, same.value.margin.mean) == (0, 0.0)


def test_no_outcome_from_the_day_of_the_list_on_is_looked_at(lots, shop):
    day = WEEKS[1] + timedelta(days=HORIZON)
    one = edited_value.build(shop, day, Files(EDITED, None), paths_of(lots[0]))
    frame = counted([row for row in lots[1] if row["as_of"] <= WEEKS[1]], lots[2])
    assert one.until == day and one.value.customers == frame.who.nunique()


def refusal(shop, folder, day=DAY, edited=EDITED) -> str:
    return edited_value.build(shop, day, Files(edited, None), paths_of(folder)).line("EUR", 2)


def test_where_nothing_can_be_said_one_line_says_why(lots, shop, tmp_path):
    start = "worth of the edited file: not known, "
    folder = lots[0]
    assert refusal(shop, tmp_path) == (
        f"{start}no list before {DAY} let a lot decide for anybody; set learning.exploration_share, such as 0.05"
    )
    early = WEEKS[1] + timedelta(days=3)
    assert refusal(shop, folder, early) == (
        f"{start}no outcome window of the 2 lists on which a lot decided is over by {early}"
    )
    rare = {"mail": PUBLISHED["mail"], "call": EDITED["call"].model_copy(update={"when": rule("value > 49.5")})}
    people = counted(lots[1], lots[2]).who.nunique()
    assert refusal(shop, folder, edited=rare).startswith(
        f"{start}of {people} customers for whom a lot decided the edited"
    )
    assert refusal(shop, folder, edited=rare).endswith("; each takes 30")
    renamed = {"post": PUBLISHED["mail"]}
    assert refusal(shop, folder, edited=renamed) == (
        f"{start}what it gives instead, or to others, could be drawn for none of the {people} customers for whom a lot "
        "decided"
    )
    unknown = {"mail": PUBLISHED["mail"].model_copy(update={"when": rule("orders_90d > 3")})}
    assert refusal(shop, folder, edited=unknown) == (
        f"{start}no list on which a lot decided can be used; lists left out: 5, such as {folder}/exports/{WEEKS[4]}: it "
        "kept no orders_90d, which the playbooks look at"
    )


def rule(text: str):
    return Playbook(when=text, cost=0, **USUAL).when


def test_lists_of_older_versions_are_named(lots, shop, tmp_path):
    for day in WEEKS:
        publish(tmp_path / "exports", day)
    (tmp_path / "data").symlink_to(lots[0] / "data")
    (tmp_path / "reports").symlink_to(lots[0] / "reports")
    (tmp_path / "exports" / str(WEEKS[0]) / lists.EXPLORED_FILE).unlink()
    one = edited_value.build(shop, DAY, Files(EDITED, None), paths_of(tmp_path))
    assert one.left_out == (f"{tmp_path}/exports/{WEEKS[0]}: an older version wrote it, without explored.parquet",)
    assert one.line("EUR", 2).endswith(f"capacities left aside; lists left out: 1, such as {one.left_out[0]}")
    frame = counted([row for row in lots[1] if row["as_of"] > WEEKS[0]], lots[2])
    assert one.value.customers == frame.who.nunique()


def test_who_is_forgotten_counts_nowhere(lots, shop, tmp_path):
    for day in WEEKS:
        publish(tmp_path / "exports", day)
        manifest = tmp_path / "exports" / str(day) / "manifest.json"
        files = {name: {"rows": 1} for name in ("actions.parquet", lists.EXPLORED_FILE, "run_report.json")}
        manifest.write_text(json.dumps({"company": "shop", "files": files}), encoding="utf-8")
    (tmp_path / "data").symlink_to(lots[0] / "data")
    (tmp_path / "reports").symlink_to(lots[0] / "reports")
    before = edited_value.build(shop, DAY, Files(EDITED, None), paths_of(tmp_path)).value
    erased = list(lists.erase(tmp_path / "exports", "shop", "c7"))
    lost = sum(week.rows.get(lists.EXPLORED_FILE, 0) for week in erased)
    assert lost == sum(row["customer_id"] == "c7" and row["is_explored"] for row in lots[1]) > 0
    for day in WEEKS:
        assert "c7" not in pl.read_parquet(tmp_path / "exports" / str(day) / lists.EXPLORED_FILE)["customer_id"]
    after = edited_value.build(shop, DAY, Files(EDITED, None), paths_of(tmp_path)).value
    assert after.customers == before.customers - 1


def test_what_was_learnt_decides_as_it_did_then():
    learned = {"mail": {"effect": 0.01, "declared": 0.2, "learned_until": "2024-02-01"}, "call": {"effect": 0.6}}
    one = explored_actions.ExploredList(FIRST, None, pl.DataFrame(), None, learned)
    known = one.known_then(EDITED)
    assert (known["mail"].effect, known["call"].effect) == (0.01, 0.6)
    newer = {"mail": EDITED["mail"].model_copy(update={"effect": 0.3})}
    assert one.known_then(newer) == newer, "whoever edits the effect has the last word"


def test_a_loss_of_nothing_is_none():
    nothing = policy_value.Difference(-0.001, -0.002, 0.0004, 0.001)
    value = policy_value.PolicyValue(10, 2, 30, 30, nothing, replace(nothing, mean=-0.0001))
    line = edited_value.EditedValue(DAY, value).line("EUR", 2)
    assert "0.00 EUR a customer more than the published one (95 %: 0.00 to 0.00)" in line and "-0.00" not in line
