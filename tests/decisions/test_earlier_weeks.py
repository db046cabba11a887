"""What the publishing stage knows of earlier weeks when it decides, and which weeks are none of its business."""

import json
import shutil
from datetime import date

import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.decisions import control_group
from pipeline.lists.week_folder import _OLD
from pipeline.stages import s6_publish, settings_for
from pipeline.tables import storage
from pipeline.week import composition, inputs
from pipeline.week.decide import decide as decide_week
from tests.bucket import write_former

WEEK = date(2024, 7, 1)
BOOKS = """
playbooks:
  call:
    {tactic: friendly-check-in-call, when: everyone, action: Call, channel: phone, who: sales, due_in_days: 3, cost: 0,
     effect: 0.2, cooldown_days: 14}
  mail: {tactic: thank-you-email, when: everyone, action: Write, channel: e-mail, who: sales, due_in_days: 3, cost: 0, effect: 0.1}
"""
CUSTOMER = {"risk_band": "high", "tier": "loyal", "churn_probability": 0.6, "value_at_stake": 30.0,
            "loss_making": False, "strategic": False, "owner": None, "lifecycle": "long", "value_tier": "top",
            "market": "b2c", "reason_1_text": None, "language": None}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "playbooks.yaml").write_text(BOOKS, encoding="utf-8")
    scores = pl.DataFrame(
        [{"customer_id": name} | CUSTOMER for name in "ba"],
        schema_overrides={"owner": pl.String, "language": pl.String},
    )
    storage.write_parquet(scores, storage.bucket_file(REPRO.scores, 0))
    write_former(REPRO, [])
    return tmp_path


def publish(day: str, company: str, **imagined: list) -> None:
    """A week in which customer a was given the call."""
    week = REPRO.exports / day
    table = {"as_of": [date.fromisoformat(day)], "customer_id": ["a"], "playbook": ["call"], "more": [1.5], **imagined}
    storage.write_parquet(pl.DataFrame(table), week / "actions.parquet")
    (week / "manifest.json").write_text(json.dumps({"company": company}), encoding="utf-8")


def decide(settings: params.Params, how: params.Control | None = None) -> dict[str, str | None]:
    # Every list decides anew here, so that rests are seen.
    anew = settings.contact.model_copy(update={"open_days": 0, "max_per_week": 9})
    nobody = settings.control.model_copy(update={"share": 0.0})
    changed = settings.model_copy(update={"contact": anew, "control": how or nobody})
    decided = decide_week(inputs.read(settings_for(s6_publish.run, changed), REPRO, WEEK))[0]
    assert decided["customer_id"].to_list() == ["a", "b"], "in order"
    return dict(decided.select("customer_id", "playbook").iter_rows())


@pytest.mark.parametrize(
    ("day", "company", "given"),
    [
        ("2024-06-24", "complete_journey", "mail"),
        ("2024-06-18", "complete_journey", "mail"),
        ("2024-06-17", "complete_journey", "call"),
        ("2024-06-24", "another", "call"),
        ("2024-07-01", "complete_journey", "call"),
        ("2024-07-08", "complete_journey", "call"),
    ],
)
def test_a_playbook_rests_after_a_week_of_the_same_company(folder, settings, day, company, given):
    publish(day, company)
    assert decide(settings) == {"a": given, "b": "call"}


def test_weeks_of_before_and_after_there_was_a_control_group_are_read_together(folder, settings):
    publish("2024-06-20", "complete_journey")
    publish("2024-06-24", "complete_journey", would_have_been=pl.Series([None], dtype=pl.String))
    assert decide(settings) == {"a": "mail", "b": "call"}


def test_a_folder_that_is_no_week_is_passed_over(folder, settings):
    publish("2024-06-24", "complete_journey")
    (REPRO.exports / "2024-06-24/manifest.json").unlink()
    (REPRO.exports / "2024-06-20").mkdir()
    assert decide(settings) == {"a": "call", "b": "call"}


def test_a_week_whose_writing_was_interrupted_is_put_back_first(folder, settings):
    publish("2024-06-24", "complete_journey")
    shutil.move(REPRO.exports / "2024-06-24", REPRO.exports / f".2024-06-24{_OLD}")
    assert decide(settings) == {"a": "mail", "b": "call"}


def test_controls_are_drawn_where_the_stage_is_given_a_control_group(folder, settings):
    half = params.Control(share=0.5, salt="left-alone", version=4)
    marked = control_group.mark(pl.DataFrame({"customer_id": ["a", "b"]}), half)
    alone = dict(marked.iter_rows())
    assert set(alone.values()) == {True, False}, "one of each"
    assert decide(settings, half) == {name: None if alone[name] else "call" for name in alone}
    assert {"is_control", "would_have_been", "tactic", "task_owner"} <= set(composition.DECISION)
