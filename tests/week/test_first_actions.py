"""``churn readout`` over published lists: who counts from which list, and what came of it, as counted by hand."""

import json
import random
import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pipeline.commands import readout
from pipeline.config.errors import BadData, BadParams, NotEnoughData
from pipeline.config.params import Label
from pipeline.config.paths import Paths
from pipeline.decisions import control_group
from pipeline.outcomes import learned_effects, store
from pipeline.outcomes.store import Outcome
from pipeline.readout import comparison
from pipeline.tables import storage
from pipeline.week import first_actions
from tests.conftest import ROOT

FIRST = date(2024, 3, 4)
WEEKS = [FIRST + timedelta(days=7 * number) for number in range(6)]
HORIZON = 30
UNTIL = WEEKS[3] + timedelta(days=HORIZON)
DUTY = "commitment-tracking"
OWN = ("we-miss-you", "personal-offer")


def settings_of(changed, **more):
    return changed(**{"control.share": 0.25, "data.name": "shop", **more})


def publish(exports: Path, day: date, control, *, drawn: str = "left-alone") -> list[dict]:
    """A list of 400 customers, of whom some are given something, or would have been."""
    dice = random.Random(day.isoformat())
    ids = [f"c{number}" for number in range(400)]
    marked = control_group.mark(pl.DataFrame({"customer_id": ids}), control.model_copy(update={"salt": drawn}))
    rows = []
    for customer, is_control in marked.rows():
        probability = round(dice.uniform(0.02, 0.98), 3)
        what = dice.choice([None, None, *OWN, DUTY])
        given = None if is_control and what != DUTY else what
        rows.append(
            {
                "customer_id": customer, "playbook": given, "would_have_been": what if given is None else None,
                "is_control": is_control, "risk_band": "high" if probability > 0.5 else "low",
                "churn_probability": probability, "value": round(dice.uniform(5, 50), 2), "value_at_stake": 10.0,
                "expected_saved_value": None if given is None else 2.0, "cost": None if given is None else 1.5,
                "answered_share": None if what is None else 0.5,
            }
        )  # fmt: skip
    folder = exports / day.isoformat()
    folder.mkdir(parents=True)
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / "actions.parquet")
    (folder / "manifest.json").write_text(json.dumps({"company": "shop"}), encoding="utf-8")
    label = {"kind": "inactivity", "gap_days": 0, "horizon_days": HORIZON}
    (folder / "run_report.json").write_text(json.dumps({"model": {"label": label}}), encoding="utf-8")
    return [row | {"as_of": day} for row in rows]


@pytest.fixture
def shop(tmp_path, monkeypatch, changed):
    """Six lists, orders until the windows of four are over, and what teams handed back of the first two."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "playbooks.yaml", tmp_path)
    settings = settings_of(changed)
    rows = [row for day in WEEKS for row in publish(tmp_path / "exports", day, settings.control)]
    dice, lines = random.Random(5), []
    for number in range(400):
        for _ in range(dice.randrange(0, 4)):
            day = FIRST + timedelta(days=dice.randrange(-5, (UNTIL - FIRST).days))
            lines.append((number, f"c{number}", day, dice.choice([1000, 2550, -300])))
    lines.append((0, "c0", UNTIL - timedelta(days=1), 100))
    schema = {"customer_key": pl.Int64, "customer_id": pl.String, "day": pl.Date, "amount_minor": pl.Int64}
    bought = pl.DataFrame(lines, schema=schema, orient="row")
    paths = Paths(
        data=tmp_path / "data",
        reports=tmp_path / "reports",
        exports=tmp_path / "exports",
        outcomes=tmp_path / "outcomes",
    )
    for bucket in (0, 1):
        part = bought.filter(pl.col("customer_key") % 2 == bucket)
        storage.write_parquet(part, storage.bucket_file(paths.tables / "transactions", bucket))
    days = {"first_day": str(bought["day"].min()), "last_day": str(bought["day"].max())}
    storage.write_json({"company": "shop", **days}, paths.ingest_report)
    back = [
        Outcome(row["customer_id"], row["as_of"], dice.choice(["done", "not_done"]), None, None, None, None, None, None)
        for row in rows
        if row["playbook"] in OWN and row["as_of"] in WEEKS[:2]
    ]
    store.add(paths.outcomes, back, UNTIL - timedelta(days=1))
    return settings, paths, rows, bought.to_pandas(), back


def by_hand(rows, bought, back):
    """Each customer's first list with anything but a duty, and what came of it."""
    found, orders = {}, dict(list(bought.groupby("customer_id")))
    for row in rows:
        what = row["playbook"] or row["would_have_been"]
        if what in OWN and row["customer_id"] not in found:
            found[row["customer_id"]] = row | {"what": what}
    out = []
    for customer, row in found.items():
        start, end = row["as_of"], row["as_of"] + timedelta(days=HORIZON)
        if end <= UNTIL:
            own = orders.get(customer)
            days = [] if own is None else list(zip(pd.to_datetime(own.day).dt.date, own.amount_minor, strict=True))
            inside = [amount for day, amount in days if start <= day < end]
            done = any(o.customer_id == customer and o.status == "done" and start <= o.as_of_day < end for o in back)
            stayed = float(any(amount >= 0 for amount in inside))
            out.append((customer, start, row["what"], row["is_control"], stayed, sum(inside) / 100 * 0.25, done))
    return sorted(out)


def test_each_customer_counts_once_from_the_first_list_with_what_came(shop):
    settings, paths, rows, bought, back = shop
    first = first_actions.read(paths.exports, "shop", UNTIL, settings.control, [DUTY])
    found = first_actions.with_outcomes(first, paths, UNTIL, 0.25, 2)
    shown = found.select("customer_id", "as_of", "playbook", "is_control", "stayed", "margin", "is_done").sort(
        "customer_id"
    )
    expected = by_hand(rows, bought, back)
    assert len(expected) > 300
    for one, other in zip(shown.rows(), expected, strict=True):
        assert one[:5] == other[:5] and one[6] == other[6]
        assert one[5] == pytest.approx(other[5])
    chance = {(row["customer_id"], row["as_of"]): row for row in rows}
    for row in found.to_dicts():
        of = chance[row["customer_id"], row["as_of"]]
        assert row["churn_probability"] == of["churn_probability"] and row["value"] == of["value"]
        assert row["expected_effect"] == (None if of["is_control"] else pytest.approx(of["churn_probability"] * 0.2))


def test_the_readout_says_so_in_words_and_numbers(shop):
    settings, paths, *_ = shop
    text = list(readout.run(settings, None, as_json=False, paths=paths))
    assert text[0] == "# shop: what the playbooks bring about"
    assert (
        text[1]
        == f"Lists whose outcome windows were over by {UNTIL}: 4, from {WEEKS[0]} to {WEEKS[3]}; waiting for theirs: 2."
    )
    assert f"- {DUTY}: {comparison.DUTY}" in text
    said = readout.build(settings, paths=paths)
    found = {one.playbook: one for one in said.readings}
    for name in OWN:
        one = found[name]
        assert one.balance.customers == one.stayed.customers + one.stayed.controls
        assert any(line.startswith(f"| {name} ") and one.verdict in line for line in text)
        assert 0 < one.done < one.stayed.customers
    assert said.overall.balance.customers == sum(found[name].balance.customers for name in OWN)
    content = json.loads("\n".join(readout.run(settings, None, as_json=True, paths=paths)))
    assert content["playbooks"][0]["stayed"]["effect"] == round(
        found[content["playbooks"][0]["playbook"]].stayed.effect, 6
    )


def test_a_list_of_another_drawing_does_not_count_and_is_named(shop):
    settings, paths, *_ = shop
    shutil.rmtree(paths.exports / str(WEEKS[1]))
    publish(paths.exports, WEEKS[1], settings.control, drawn="another salt")
    said = readout.build(settings, paths=paths)
    assert len(said.left_out) == 1
    assert str(WEEKS[1]) in said.left_out[0]
    assert said.left_out[0].endswith("were drawn otherwise than control in params.yaml says; it does not count")
    assert WEEKS[1] not in said.lists


def test_earlier_readouts_know_less(shop):
    settings, paths, *_ = shop
    early = readout.build(settings, WEEKS[0] + timedelta(days=HORIZON), paths)
    assert early.lists == (WEEKS[0],)
    whole = readout.build(settings, UNTIL + timedelta(days=100), paths)
    assert whole.until == UNTIL, "nothing is known of days that the data do not hold"


def test_what_cannot_be_compared_is_refused_in_one_line(shop, changed):
    settings, paths, *_ = shop
    with pytest.raises(BadParams, match="control.share is 0: nobody is left alone"):
        readout.build(settings_of(changed, **{"control.share": 0}), paths=paths)
    with pytest.raises(NotEnoughData, match="no outcome window of the 1 lists is over"):
        readout.build(settings, WEEKS[0] + timedelta(days=3), paths)
    with pytest.raises(NotEnoughData, match="no list before .* counts; publish lists first"):
        readout.build(settings, WEEKS[0], paths)
    for day in WEEKS:
        file = paths.exports / str(day) / "actions.parquet"
        pl.read_parquet(file).drop("would_have_been").write_parquet(file)
    with pytest.raises(NotEnoughData, match="an older version wrote it, without would_have_been"):
        readout.build(settings, paths=paths)


def later_lists(until: int) -> first_actions.FirstActions:
    """Lists of 20 weeks, of which some give a customer something; a window is three weeks and, from week 10 on, five."""
    dice, rows = random.Random(4), []
    for number in range(20):
        for customer in range(40):
            if dice.random() < 0.6 and number < until:
                rows.append((f"c{customer:02}", FIRST + timedelta(days=7 * number), customer % 3 == 0))
    every = pl.DataFrame(rows, schema=["customer_id", "as_of", "is_control"], orient="row").sort("as_of", "customer_id")
    is_first = pl.col("customer_id").is_first_distinct()
    labels = {
        FIRST + timedelta(days=7 * number): Label(kind="inactivity", gap_days=0, horizon_days=21 if number < 10 else 35)
        for number in range(until)
    }
    later = every.filter(~is_first, pl.col("is_control"))
    return first_actions.FirstActions(every.filter(is_first), labels, [], later)


def test_those_left_alone_count_again_once_their_window_is_over():
    first = later_lists(20)
    again = first_actions.left_alone_again(first)
    by_hand_again, busy = [], {}
    lists = pl.concat([first.rows, first.later]).sort("as_of", "customer_id").rows(named=True)
    for row in lists:
        customer, day = row["customer_id"], row["as_of"]
        if row["is_control"] and day >= busy.get(customer, date(2000, 1, 1)):
            if customer in busy:
                by_hand_again.append((customer, day, True))
            busy[customer] = day + timedelta(days=first.labels[day].horizon_days)
    assert sorted(again.rows.rows()) == sorted(by_hand_again) and len(by_hand_again) > 30
    assert again.labels == first.labels


@pytest.mark.parametrize("until", [1, 4, 9, 15])
def test_later_lists_change_nothing_of_who_counted_again_before(until):
    whole, cut = (first_actions.left_alone_again(later_lists(number)).rows for number in (20, until))
    last = FIRST + timedelta(days=7 * until)
    assert cut.rows() == (whole.filter(pl.col("as_of") < last).rows())


def test_who_was_left_alone_again_makes_what_is_believed_surer_and_no_verdict(shop):
    settings, paths, *_ = shop
    for folder in list(paths.exports.iterdir()):
        later = paths.exports / str(date.fromisoformat(folder.name) + timedelta(days=77))
        shutil.copytree(folder, later)
    until = UNTIL + timedelta(days=77)
    storage.write_json({"company": "shop", "first_day": str(FIRST), "last_day": str(until)}, paths.ingest_report)
    read, believed = readout._read(settings, None, paths)
    first = first_actions.read(paths.exports, "shop", until, settings.control, [DUTY])
    assert sum(one.stayed.controls for one in read.readings if one.stayed) == first.rows.filter(
        pl.col("is_control"), pl.col("as_of") <= WEEKS[3] + timedelta(days=77)
    ).height  # fmt: skip
    once = {one.playbook: one.stayed.controls for one in read.readings if one.stayed}
    assert all(one.controls > once[one.playbook] for one in believed if one.measured is not None)


def test_what_was_learnt_is_by_hand_what_the_lists_and_orders_say(shop):
    settings, paths, rows, bought, back = shop
    text = list(readout.run(settings, None, as_json=False, learn=True, paths=paths))
    kept = {one.playbook: one for one in learned_effects.read(paths.learned_effects)}
    assert {name for name, one in kept.items() if one.measured is not None} == set(OWN)
    others = [line for line in text if "declared and what is measured of the others make" in line]
    assert len(others) == len(kept) - len(OWN) > 0, "the others go with them"
    risk = {(row["customer_id"], row["as_of"]): row["churn_probability"] for row in rows}
    for name in OWN:
        mine = [one for one in by_hand(rows, bought, back) if one[2] == name]
        arms = [[one[4] for one in mine if one[3] == is_control] for is_control in (False, True)]
        exposure = np.mean([risk[one[0], one[1]] / 2 for one in mine])
        plain = (np.mean(arms[0]) - np.mean(arms[1])) / exposure
        one = kept[name]
        assert one.measured == pytest.approx(plain, abs=1.5 * one.standard_error), "adjusted, it differs a little"
        assert (one.customers, one.controls, one.day) == (len(mine), len(arms[1]), UNTIL)
        assert min(one.declared, one.measured) - 0.1 < one.effect < max(one.declared, one.measured) + 0.1
        line = next(line for line in text if line.startswith(f"- {name}: {one.before * 100:.1f} % until now"))
        assert f"{one.measured * 100:.1f} % measured by {one.customers:,} customers" in line
        assert any(line.startswith(f"| {name} ") and f"{one.effect * 100:.1f} %" in line for line in text)
    assert f"## Written down in {paths.learned_effects.as_posix()}, for lists from {UNTIL} on" in text
    content = paths.learned_effects.read_bytes()
    again = list(readout.run(settings, None, as_json=False, learn=True, paths=paths))
    assert (
        again[-1] == f"Nothing to write down: what is believed by {UNTIL} stands in {paths.learned_effects.as_posix()}."
    )
    assert paths.learned_effects.read_bytes() == content


def test_a_readout_alone_writes_nothing_down(shop):
    settings, paths, *_ = shop
    text = list(readout.run(settings, None, as_json=False, paths=paths))
    assert not paths.learned_effects.exists()
    assert "Lists are decided by declared effects (learning.effects)." in text[-1]
    content = json.loads("\n".join(readout.run(settings, None, as_json=True, paths=paths)))
    assert {one["playbook"] for one in content["learned_effects"] if one["measured"] is not None} == set(OWN)


def test_what_was_learnt_early_moves_with_what_is_learnt_later(shop):
    settings, paths, *_ = shop
    list(readout.run(settings, WEEKS[2] + timedelta(days=HORIZON), as_json=True, learn=True, paths=paths))
    list(readout.run(settings, None, as_json=True, learn=True, paths=paths))
    posteriors = learned_effects.read(paths.learned_effects)
    by_day = [[one for one in posteriors if one.playbook == OWN[0]][place] for place in (0, -1)]
    assert by_day[0].day < by_day[1].day and by_day[1].before == by_day[0].effect
    assert by_day[0].customers < by_day[1].customers
    with pytest.raises(BadData, match="holds what was learnt by"):
        list(readout.run(settings, WEEKS[1] + timedelta(days=HORIZON), as_json=True, learn=True, paths=paths))
