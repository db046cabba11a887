"""What a week keeps of those for whom a lot decided: enough to decide it again, and of nobody else."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.config.paths import REPRO
from pipeline.decisions import policy_choice
from pipeline.stages import s6_publish, settings_for
from pipeline.tables import storage
from pipeline.week import explored_actions, explored_inputs, inputs
from pipeline.week.decide import decide
from tests.bucket import write_former
from tests.commands.test_diff import PEOPLE, WEEK

PLAYBOOKS = """
currency: USD
playbooks:
  call: {tactic: friendly-check-in-call, when: value > 20 and reasons has recency, action: Call, channel: phone, who: us, due_in_days: 3, cost: 1, effect: 0.4, capacity: 2}
  mail: {tactic: thank-you-email, when: risk_band != low, action: Write, channel: e-mail, who: us, due_in_days: 3, cost: 1, effect: 0.3}
"""
REASON = {
    "reason_1_family": "recency",
    "reason_2_family": None,
    "reason_3_family": None,
    "reason_2_text": None,
    "reason_3_text": None,
    "name": "Jo Doe",
}


@pytest.fixture
def week(tmp_path, monkeypatch, changed):
    """The week with a lot for half of the customers."""
    monkeypatch.chdir(tmp_path)
    Path("playbooks.yaml").write_text(PLAYBOOKS, encoding="utf-8")
    texts = dict.fromkeys(("owner", "market", "reason_1_text", *REASON), pl.String)
    people = pl.DataFrame([one | REASON for one in PEOPLE], schema_overrides=texts)
    storage.write_parquet(
        people.with_columns(pl.col("risk_band").cast(pl.Categorical)), storage.bucket_file(REPRO.scores, 0)
    )
    write_former(REPRO, [])
    found = changed(**{"control.share": 0.2, "snapshots.former_days": 0, "data.currency": "USD",
                       "learning.exploration_share": 0.5})  # fmt: skip
    return inputs.read(settings_for(s6_publish.run, found), REPRO, WEEK)


def test_rules_can_be_decided_again_on_what_is_kept_and_names_are_not_kept(week):
    decided = decide(week)[0]
    kept = explored_inputs.of_week(decided, week)
    explored = decided.filter("is_explored", ~pl.col("is_control"))
    assert kept["customer_id"].to_list() == explored["customer_id"].to_list() and 5 < len(kept) < 25
    assert decided.filter("is_explored", "is_control").height > 0, "so that controls are left out, there must be some"
    assert {"value", "risk_band", "reason_1_family", "tier", "owner"} <= set(kept.columns)
    assert not {"name", "reason_1_text", "customer_key", "playbook", "is_control"} & set(kept.columns)
    assert kept.schema["risk_band"] == pl.String
    people = {one["customer_id"]: one for one in PEOPLE}
    arms = dict(explored.select("customer_id", "explored_arms").iter_rows())
    for row in kept.to_dicts():
        one = people[row["customer_id"]]
        assert (row["value"], row["risk_band"], row["tier"]) == (one["value"], one["risk_band"], one["tier"])
        worth = {"call": one["value_at_stake"] * 0.4 - 1, "mail": one["value_at_stake"] * 0.3 - 1}
        pays = {name: worth[name] for name in arms[row["customer_id"]].split(";") if worth[name] > 0}
        expected = max(pays, key=pays.get) if pays else None
        assert (row["file_choice"], row["file_cost"]) == (expected, 0.0 if expected is None else 1.0)
    assert kept["file_choice"].value_counts().filter(pl.col("file_choice") == "call")["count"].item() > 2, "no capacity"


def test_what_was_written_is_read_back_and_the_same_file_gives_the_same(week):
    decided = decide(week)[0]
    folder = REPRO.week(WEEK)
    folder.mkdir(parents=True)
    storage.write_parquet(decided, folder / "actions.parquet")
    storage.write_parquet(explored_inputs.of_week(decided, week), folder / "explored.parquet")
    storage.write_json({"company": week.settings.data.name}, folder / "manifest.json")
    (one,) = explored_actions.read(REPRO.exports, week.settings.data.name, WEEK + timedelta(days=1))
    assert list(explored_actions.read(REPRO.exports, week.settings.data.name, WEEK)) == []
    assert one.problem(week.playbooks) == "it does not say what churn meant to it"
    known = one.inputs.join(one.actions.select("customer_id", "explored_arms"), on="customer_id")
    again = policy_choice.choose(known, one.known_then(week.playbooks), WEEK, "USD")
    assert again.select(policy_choice.CHOICE.keys()).equals(known.select(policy_choice.CHOICE.keys()))
    assert not again["is_beyond"].any()


def test_a_week_without_a_lot_keeps_nothing(week):
    decided = decide(week)[0].with_columns(is_explored=pl.lit(value=False))
    assert explored_inputs.of_week(decided, week).is_empty()
