"""A week decided by what was learnt: only where the settings ask for it, only what was known, and written down."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.config.paths import REPRO
from pipeline.outcomes import learned_effects
from pipeline.outcomes.learned_effects import Posterior
from pipeline.stages import s6_publish, settings_for
from pipeline.tables import storage
from pipeline.week import inputs, learning_report
from pipeline.week.decide import decide
from tests.bucket import write_former
from tests.commands.test_diff import PEOPLE, WEEK

BEFORE, AFTER = date(2024, 6, 1), date(2024, 7, 2)
PLAYBOOKS = """
currency: USD
playbooks:
  call: {tactic: friendly-check-in-call, when: everyone, action: Call, channel: phone, who: us, due_in_days: 3, cost: 1, effect: 0.4}
  mail: {tactic: thank-you-email, when: everyone, action: Write, channel: e-mail, who: us, due_in_days: 3, cost: 1, effect: 0.3}
  owed: {tactic: thank-you-email, when: value_at_stake > 34, action: Thank, channel: e-mail, who: us, due_in_days: 3, cost: 1, effect: 0.3, duty: true}
"""
WORTHLESS = Posterior(
    BEFORE, "call", 0.4, 0.4, 0.0, 0.05, 9000, 500, 1000, 0.04, -0.05, 0.13, "worthless: retire it", True
)


@pytest.fixture
def week(tmp_path, monkeypatch, root, changed):
    """Decide the week by these settings and posteriors."""
    monkeypatch.chdir(tmp_path)
    Path("playbooks.yaml").write_text(PLAYBOOKS, encoding="utf-8")
    texts = dict.fromkeys(("owner", "market", "reason_1_text"), pl.String)
    storage.write_parquet(pl.DataFrame(PEOPLE, schema_overrides=texts), storage.bucket_file(REPRO.scores, 0))
    write_former(REPRO, [])

    def decided(*posteriors: Posterior, **options):
        learned_effects.add(REPRO.learned_effects, posteriors)
        found = changed(**{"control.share": 0, "snapshots.former_days": 0, "data.currency": "USD", **{
            f"learning.{name}": value for name, value in options.items()
        }})  # fmt: skip
        read = inputs.read(settings_for(s6_publish.run, found), REPRO, WEEK)
        everybody = decide(read)[0]
        return everybody.sort("customer_id"), learning_report.of_week(everybody, read)

    return decided


def given(everybody: pl.DataFrame) -> dict[str, int]:
    return dict(everybody["playbook"].drop_nulls().value_counts().iter_rows())


def test_what_was_learnt_changes_nothing_unless_the_settings_say_so(week):
    before, report = week()
    after, same = week(WORTHLESS)
    assert after.equals(before) and report == same
    assert set(given(after)) == {"call", "owed"}
    assert same == {"effects": "declared", "playbooks": {"call": {"effect": 0.4}, "mail": {"effect": 0.3}, "owed": {"effect": 0.3}},
                    "withheld": {}, "exploration": {"share": 0.0, "customers": 0, "controls": 0, "fell_on": {}}}  # fmt: skip


def test_a_learnt_effect_decides_and_the_week_keeps_which(week):
    everybody, report = week(WORTHLESS, effects="learned")
    assert set(given(everybody)) == {"mail", "owed"}
    assert report["playbooks"]["call"] == {"effect": 0.04, "declared": 0.4, "learned_until": "2024-06-01"}
    assert report["playbooks"]["mail"] == {"effect": 0.3} and report["withheld"] == {}
    person = everybody.filter(pl.col("playbook") == "mail").row(0, named=True)
    assert person["expected_saved_value"] == round(person["value_at_stake"] * person["answered_share"] * 0.3, 2)


@pytest.mark.parametrize(
    ("posterior", "why"),
    [(replace(WORTHLESS, day=AFTER), "measured after the day of the list"),
     (replace(WORTHLESS, high=0.41, is_retired=False), "chance alone may have done as much"),
     (replace(WORTHLESS, declared=0.35), "somebody has written another effect since"),
     (replace(WORTHLESS, playbook="owed", declared=0.3), "a duty is owed, whatever it keeps"),
     (replace(WORTHLESS, playbook="gone"), "no such playbook any more")],
)  # fmt: skip
def test_a_belief_counts_only_where_it_is_about_this_playbook_and_this_day(week, posterior, why):
    everybody, report = week(posterior, effects="learned", withhold_retired=True)
    assert set(given(everybody)) == {"call", "owed"}, why
    assert report["withheld"] == {} and report["playbooks"]["call"]["effect"] == 0.4


def test_what_a_readout_would_retire_is_withheld_only_if_asked(week):
    everybody, report = week(WORTHLESS, withhold_retired=True)
    assert set(given(everybody)) == {"mail", "owed"}
    assert report["withheld"] == {"call": "2024-06-01"} and report["playbooks"]["call"] == {"effect": 0.4}
    Path("playbooks.yaml").write_text(PLAYBOOKS.replace("  mail: {tactic: thank-you-email, when: everyone",
                                                        "  mail: {tactic: thank-you-email, when: value > 999"))  # fmt: skip
    alone, _ = week(withhold_retired=True)
    assert "nothing, because the readout of 2024-06-01 says to stop call (learning.withhold_retired)" in set(
        alone["why_not"]
    )
    assert not alone.filter(pl.col("is_explored")).height


def test_a_withheld_playbook_is_not_drawn_either(week):
    everybody, report = week(WORTHLESS, withhold_retired=True, exploration_share=0.5)
    drawn = everybody.filter("is_explored")
    assert report["exploration"]["customers"] == drawn.height > 5
    assert set(drawn["explored_arms"]) == {"mail"} and set(drawn["propensity"]) == {0.5}
    assert sum(report["exploration"]["fell_on"].values()) == drawn.height


def test_a_list_can_be_decided_again_after_more_was_learnt(week):
    """What is learnt later is of a later day, so the list of this day stays as it was."""
    first = week(WORTHLESS, effects="learned", exploration_share=0.3)
    again = week(replace(WORTHLESS, day=AFTER, effect=0.5), effects="learned", exploration_share=0.3)
    assert first[0].equals(again[0]) and first[1] == again[1]
