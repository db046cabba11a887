"""``churn readout --uplift`` over published lists: whom a lot left alone and what it gave, as counted by hand."""

import builtins
import csv
import json
import random
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from pipeline import cli, lists
from pipeline.commands import uplift
from pipeline.config.errors import NotEnoughData
from pipeline.config.paths import Paths
from pipeline.decisions import control_group
from pipeline.playbooks.config.playbook import Playbook
from pipeline.tables import storage
from pipeline.week import randomised_trials

FIRST = date(2024, 3, 4)
WEEKS = [FIRST + timedelta(days=7 * number) for number in range(4)]
HORIZON = 30
UNTIL = WEEKS[2] + timedelta(days=HORIZON)  # of the fourth list the window is not over
USUAL = {"tactic": "thank-you-email", "action": "Do it", "channel": "mail", "who": "us", "due_in_days": 1}
BOOKS = {
    "mail": Playbook(when="everyone", cost=0.5, effect=0.2, **USUAL),
    "call": Playbook(when="value >= 30", cost=2, effect=0.6, **USUAL),
    "owed": Playbook(when="everyone", duty=True, cost=1, effect=0.1, **USUAL),
}
USUAL_YAML = "tactic: thank-you-email, action: Do it, channel: mail, who: us, due_in_days: 1"
YAML = f"""\
currency: EUR
playbooks:
  mail: {{when: everyone, cost: 0.5, effect: 0.2, {USUAL_YAML}}}
  call: {{when: value >= 30, cost: 2, effect: 0.6, {USUAL_YAML}}}
  owed: {{when: everyone, cost: 1, effect: 0.1, duty: true, {USUAL_YAML}}}
"""


def publish(exports: Path, day: date, control, people: int) -> list[dict]:
    """A list on which a lot decides for a third, new customers come each week, and some are given what is in the file no more."""
    dice, rows = random.Random(day.isoformat()), []
    newest = (day - FIRST).days // 7 * people // 2
    ids = [f"c{number}" for number in range(newest, newest + people)]
    for customer, is_control in control_group.mark(pl.DataFrame({"customer_id": ids}), control).rows():
        is_explored = dice.random() < 0.33
        arms = dice.choice([["mail", "call"], ["mail"]])
        what = (
            dice.choice([None, *arms]) if is_explored else dice.choice(["mail", "mail", "call", "news", "owed", None])
        )
        given = None if is_control and what != "owed" else what
        rows.append(
            {
                "customer_id": customer, "playbook": given, "would_have_been": what if is_control and given is None else None,
                "is_control": is_control, "risk_band": "high", "churn_probability": round(dice.uniform(0.2, 0.9), 3),
                "value": round(dice.uniform(15, 50), 2), "value_at_stake": 14.0, "expected_saved_value": 2.0, "cost": 9.0,
                "answered_share": None if what is None else 0.5, "is_explored": is_explored,
                "explored_arms": ";".join(arms) if is_explored else None,
                "propensity": 1 / (1 + len(arms)) if is_explored else None, "tier": dice.choice(["loyal", "new"]),
                "lifecycle": "long",
            }
        )  # fmt: skip
    folder = exports / day.isoformat()
    folder.mkdir(parents=True)
    actions = pl.DataFrame(rows, infer_schema_length=None)
    actions.write_parquet(folder / "actions.parquet")
    looked_at = ["customer_id", "value", "value_at_stake", "churn_probability", "risk_band", "tier"]
    actions.filter("is_explored", ~pl.col("is_control")).select(looked_at).write_parquet(folder / lists.EXPLORED_FILE)
    (folder / "manifest.json").write_text(json.dumps({"company": "shop", "files": {}}), encoding="utf-8")
    label = {"kind": "inactivity", "gap_days": 0, "horizon_days": HORIZON}
    (folder / "run_report.json").write_text(json.dumps({"model": {"label": label}}), encoding="utf-8")
    return [row | {"as_of": day} for row in rows]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Four lists, and orders until the windows of three are over; made once for each number of customers."""

    def make(settings, people):
        folder = tmp_path_factory.mktemp("shop")
        rows = [row for day in WEEKS for row in publish(folder / "exports", day, settings.control, people)]
        dice, lines = random.Random(5), []
        for number in range(people * 3):
            for _ in range(dice.randrange(0, 4)):
                day = FIRST + timedelta(days=dice.randrange(-5, (UNTIL - FIRST).days))
                lines.append((number, f"c{number}", day, dice.choice([1000, 2550, -300])))
        lines.append((0, "c0", UNTIL - timedelta(days=1), 100))
        schema = {"customer_key": pl.Int64, "customer_id": pl.String, "day": pl.Date, "amount_minor": pl.Int64}
        paths = Paths(
            data=folder / "data", reports=folder / "reports", exports=folder / "exports", outcomes=folder / "outcomes"
        )
        bought = pl.DataFrame(lines, schema=schema, orient="row")
        storage.write_parquet(bought, storage.bucket_file(paths.tables / "transactions", 0))
        storage.write_json({"company": "shop", "last_day": str(UNTIL - timedelta(days=1))}, paths.ingest_report)
        (folder / "playbooks.yaml").write_text(YAML, encoding="utf-8")
        return folder, paths, rows, lines

    return make


def settings_of(changed):
    return changed(**{"control.share": 0.4, "data.name": "shop", "data.currency": "EUR", "storage.buckets": 1})


def stayed(row: dict, lines: list[tuple]) -> float:
    end = row["as_of"] + timedelta(days=HORIZON)
    who = row["customer_id"]
    return float(any(c == who and row["as_of"] <= day < end and amount >= 0 for _, c, day, amount in lines))


def by_hand(rows: list[dict], lines: list[tuple]) -> set[tuple]:
    """Every trial: who, when, of what, what was given, with which probabilities, and what came of it."""
    out, had = set(), set()
    for row in rows:
        what = row["playbook"] or row["would_have_been"]
        over = row["as_of"] + timedelta(days=HORIZON) <= UNTIL
        key = row["customer_id"], row["as_of"]
        if what is not None and what != "owed" and row["customer_id"] not in had:
            had.add(row["customer_id"])
            if over and not row["is_explored"] and what in {"mail", "call"}:
                out.add((*key, what, row["playbook"], 0.6, 0.4, 0.5, stayed(row, lines)))
        if over and row["is_explored"] and not row["is_control"]:
            for arm in row["explored_arms"].split(";"):
                chance = round(row["propensity"], 6)
                out.add((*key, arm, row["playbook"], chance, chance, 1.0, stayed(row, lines)))
    return out


def test_every_trial_is_counted_once(shop, changed):
    settings = settings_of(changed)
    _, paths, rows, lines = shop(settings, 240)
    found = randomised_trials.read(settings, BOOKS, paths, UNTIL)
    assert found.lists == tuple(WEEKS[:3]) and found.left_out == ()
    shown = found.rows.select(
        "customer_id", "as_of", "playbook", "given", pl.col("propensity", "propensity_nothing").round(6),
        "answered_share", "stayed",
    ).rows()  # fmt: skip
    assert len(shown) == len(set(shown)) > 250
    assert set(shown) == by_hand(rows, lines)
    known = {(row["customer_id"], row["as_of"]): row for row in rows}
    for one in found.rows.to_dicts():
        of = known[one["customer_id"], one["as_of"]]
        assert (one["value"], one["tier"], one["lifecycle"]) == (of["value"], of["tier"], "long")
        assert one["cost"] == BOOKS[one["playbook"]].cost
        assert one["value_tier"] is None


def test_where_nobody_is_left_alone_only_lots_count(shop, changed):
    settings = settings_of(changed).model_copy(
        update={"control": settings_of(changed).control.model_copy(update={"share": 0.0})}
    )
    _, paths, rows, lines = shop(settings, 240)
    found = randomised_trials.read(settings, BOOKS, paths, UNTIL)
    assert 0 < found.rows.height == sum(one[5] != 0.4 for one in by_hand(rows, lines))


def test_nothing_that_the_lot_decides_is_shown_to_the_learner(shop, changed):
    """What is known of a customer must be the same in both arms: whatever hangs on the lot would give it away."""
    settings = settings_of(changed)
    _, paths, *_ = shop(settings, 240)
    rows = randomised_trials.read(settings, BOOKS, paths, UNTIL).rows
    for name in ("answered_share", "tier", "lifecycle", "value", "churn_probability", "cost"):
        lacking = rows.group_by(pl.col("given").is_null()).agg(pl.col(name).is_null().mean())[name].to_list()
        assert lacking == [0, 0], name


def test_the_command_says_it_and_writes_it(shop, changed, monkeypatch, tmp_path):
    settings = settings_of(changed)
    folder, paths, *_ = shop(settings, 1200)
    monkeypatch.chdir(folder)
    text = list(uplift.run(settings, None, as_json=False, to=tmp_path / "out", paths=paths))
    assert text[0] == "# shop: is an uplift learner better than one effect per playbook?"
    assert text[-2] == "No list changes by this: lists are decided by one effect per playbook, and this is advice."
    assert text[-1] == f"written to {tmp_path / 'out'}: uplift_fifths.csv, uplift_curves.csv, uplift.png"
    content = json.loads("".join(uplift.run(settings, None, as_json=True, paths=paths)))
    heading = next(line for line in text if line.startswith("## "))
    assert heading.lower() == f"## {content['verdict']}"
    fifths = list(csv.DictReader((tmp_path / "out/uplift_fifths.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["by"], row["fifth"]) for row in fifths] == [
        (name, str(n)) for name in ("learner", "simple effects") for n in range(1, 6)
    ]
    for row in fifths:
        of = content["fifths"][row["by"]][int(row["fifth"]) - 1]
        assert float(row["promised"]) == of["promised"] and float(row["measured"]) == of["measured"]["mean"]
    curves = list(csv.DictReader((tmp_path / "out/uplift_curves.csv").read_text(encoding="utf-8").splitlines()))
    assert [float(row["share"]) for row in (curves[0], curves[-1])] == [0, 1]
    assert (tmp_path / "out/uplift.png").read_bytes().startswith(b"\x89PNG")
    assert content["fit"]["left_alone"] >= 150 and content["held_out"]["given"] >= 150
    # Two runs: what the first one wrote is what the second one says, to the last digit.
    assert [{name: float(row[name]) for name in row} for row in curves] == content["curves"]


def test_too_few_are_refused_in_one_line_that_says_how_many(shop, changed, monkeypatch):
    settings = settings_of(changed)
    folder, paths, rows, lines = shop(settings, 240)
    monkeypatch.chdir(folder)
    with pytest.raises(NotEnoughData) as error:
        list(uplift.run(settings, None, as_json=False, paths=paths))
    trials = by_hand(rows, lines)
    text = str(error.value)
    cut = next(day for day in WEEKS if f"up to {day}" in text)
    early = {one[0] for one in trials if one[1] <= cut}
    halves = [one for one in trials if one[1] <= cut], [one for one in trials if one[0] not in early]
    counts = [
        (len({one[0] for one in half if one[3] is None}), len({one[0] for one in half if one[3] == one[2]}))
        for half in halves
    ]
    assert f"there are {counts[0][0]} and {counts[0][1]} up to {cut}, and {counts[1][0]} and {counts[1][1]}" in text
    assert "150 customers left alone by lot" in text and "more weeks at the pace" in text and "\n" not in text


def test_no_list_at_all_is_refused(shop, changed, monkeypatch):
    settings = settings_of(changed)
    folder, paths, *_ = shop(settings, 240)
    monkeypatch.chdir(folder)
    with pytest.raises(NotEnoughData, match="no list with an outcome window that was over by 2024-03-10"):
        list(uplift.run(settings, date(2024, 3, 10), as_json=False, paths=paths))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--uplift", "--learn"], "--learn --uplift: lists learn one effect per playbook only; write one of the two"),
        (["--to", "x"], "--to x: only --uplift writes tables and a picture; add it, or leave --to out"),
    ],
)
def test_options_that_do_not_go_together_are_refused(words, message):
    answer = CliRunner().invoke(cli.main, ["readout", *words])
    assert (answer.exit_code, answer.stderr.strip()) == (10, message)


def test_without_the_library_the_command_says_what_to_install(monkeypatch, tmp_path):
    def lacking(*_args, **_more):
        raise ModuleNotFoundError("No module named 'econml'", name="econml")
        yield ""

    monkeypatch.setattr(uplift, "run", lacking)
    monkeypatch.setattr("pipeline.config.params.load", lambda: None)
    answer = CliRunner().invoke(cli.main, ["readout", "--uplift"])
    assert answer.exit_code == 10
    assert answer.stderr.strip() == (
        "churn readout --uplift needs econml; install it: pip install 'churn-pipeline[uplift]'"
    )


def test_the_learner_is_loaded_only_once_there_is_enough(shop, changed, monkeypatch):
    settings = settings_of(changed)
    folder, paths, *_ = shop(settings, 240)
    monkeypatch.chdir(folder)
    real = builtins.__import__

    def refusing(name, *rest):
        assert not name.startswith("econml"), "loaded for nothing"
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refusing)
    with pytest.raises(NotEnoughData):
        list(uplift.run(settings, None, as_json=False, paths=paths))
