"""Audiences and the order of the list: whom a file is for, whom a person is for, and nobody in between."""

import csv
import io
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from pipeline.config.errors import BadData
from pipeline.decisions import watch
from pipeline.lists import Week, audiences, former_customers, publish, selection
from tests.drawing import drawn

DAY = date(2018, 1, 1)
EARLIER = DAY - timedelta(days=7)
DECIDED = {
    "customer_id": pl.String(), "owner": pl.String(), "risk_band": pl.String(), "churn_probability": pl.Float64(),
    "value_at_stake": pl.Float64(), "expected_saved_value": pl.Float64(), "cost": pl.Float64(), "as_of": pl.Date(),
    "is_control": pl.Boolean(), "work": pl.String(), "waiting_duty": pl.String(), "playbook": pl.String(),
    "action": pl.String(), "channel": pl.String(), "who": pl.String(), "due_day": pl.Date(), "given_day": pl.Date(),
    "caution": pl.String(), "open_matters": pl.String(), "why_not": pl.String(),
    "snoozed_until": pl.Date(),
}  # fmt: skip
USUAL = {"risk_band": "high", "churn_probability": 0.6, "value_at_stake": 30.0, "cost": 0.1, "as_of": DAY, "is_control": False,
         "playbook": "letter", "action": "Write", "channel": "e-mail", "who": "marketing", "due_day": DAY + timedelta(days=3),
         "given_day": DAY, "expected_saved_value": 3.0, "caution": "Mind.", "work": "audience"}  # fmt: skip
NOTHING = dict.fromkeys(("playbook", "action", "channel", "who", "due_day", "given_day", "caution", "work")) | {
    "why_not": "nothing, because it would cost 5"
}


def decisions(*changes: dict) -> pl.DataFrame:
    rows = [USUAL | {"customer_id": chr(97 + at)} | change for at, change in enumerate(changes)]
    return pl.DataFrame([{name: row.get(name) for name in DECIDED} for row in rows], schema=DECIDED)


def test_an_audience_is_whom_this_list_gives_something_that_no_person_does():
    rows = decisions(
        {},
        {"given_day": EARLIER},
        {"work": "task"},
        {"work": "duty"},
        NOTHING,
        {"playbook": "app", "channel": "app"},
    )
    found = audiences.of_week(rows, DAY)
    assert found.select("playbook", "customer_id").rows() == [("app", "f"), ("letter", "a")]
    assert [*audiences.AUDIENCE, "caution"] == found.columns


# Of coloured bars, which openpyxl does not know.
@pytest.mark.filterwarnings("ignore:.* extension is not supported")
def test_each_audience_is_a_file_and_one_line(week: Week, exports: Path):
    rows = decisions({}, {}, {"channel": "sms"}, {"playbook": "../app", "channel": "app", "action": "=1+1"})
    folder = publish(replace(week, audiences=audiences.of_week(rows, DAY)), exports, replace=False)
    lines = list(csv.DictReader(io.StringIO((folder / "audiences.csv").read_text(encoding="utf-8-sig"))))
    assert [(line["playbook"], line["customers"], line["channel"], line["file"]) for line in lines] == [
        ("letter", "3", "e-mail, sms", "audiences/letter.csv"),
        ("../app", "1", "app", "audiences/app.csv"),
    ]
    listed = {line["file"] for line in lines}
    assert listed == {path.relative_to(folder).as_posix() for path in (folder / "audiences").iterdir()}
    assert listed < set(json.loads((folder / "manifest.json").read_text())["files"])
    people = list(csv.DictReader(io.StringIO((folder / "audiences/app.csv").read_text(encoding="utf-8-sig"))))
    assert [(row["customer_id"], row["action"], row["as_of"], row["outcome"]) for row in people] == [
        ("d", "'=1+1", "2018-01-01", "")
    ]
    sheet = load_workbook(folder / "risk_list.xlsx")["Campaigns"]
    assert [[cell.value for cell in row][:3] for row in sheet.iter_rows(min_row=2)] == [
        ["letter", 3, "e-mail, sms"],
        ["../app", 1, "app"],
    ]
    page = (folder / "risk_list.html").read_text(encoding="utf-8")
    assert "<strong>3 customers</strong>: letter, e-mail, sms, marketing" in page
    assert "<strong>1 customer</strong>" in page


@pytest.mark.filterwarnings("ignore:.* extension is not supported")
def test_a_week_that_sends_nothing_has_no_such_files(week: Week, exports: Path):
    folder = publish(replace(week, audiences=audiences.of_week(decisions(NOTHING), DAY)), exports, replace=False)
    assert not (folder / "audiences.csv").exists()
    assert "Sent without you" not in (folder / "risk_list.html").read_text(encoding="utf-8")
    assert load_workbook(folder / "risk_list.xlsx").sheetnames[-1] == "About"


def test_what_counts_as_a_contact_is_in_a_file_that_somebody_receives(week: Week, exports: Path):
    task = week.risk_list.filter(pl.col("work") == "task").row(0, named=True)
    handed = week.actions.with_columns(
        work=pl.when(pl.col("customer_id") == "rest-1").then(pl.lit("task")).otherwise("work")
    )
    with pytest.raises(BadData, match="actions: playbook of customer 'rest-1' is .*, expected a row of risk_list that"):
        publish(replace(week, actions=handed), exports, replace=False)
    sent = week.actions.with_columns(
        work=pl.when(pl.col("customer_id") == "rest-0").then(pl.lit("audience")).otherwise("work"),
        given_day=pl.lit(DAY),
    )
    nobody = audiences.of_week(decisions(NOTHING), DAY)
    with pytest.raises(BadData, match="actions: playbook of customer 'rest-0' is .*, expected a row of audiences"):
        publish(replace(week, actions=sent, audiences=nobody), exports, replace=False)
    assert task["playbook"] is not None


ORDER = """
    | customer                                      | place |
    | owed tomorrow                                 | 1     |
    | owed in three days                            | 2     |
    | a task that keeps 9 less its cost of 1        | 3     |
    | a task that keeps 8.5 less its cost of 1      | 4     |
    | owed next week                                | 5     |
    | a control to whom something is owed next week | 6     |
    | a duty that waits for hands, at low risk      | 7     |
    | high risk, 40 at stake, in an audience        | 8     |
    | high risk, 30 at stake, nothing fits          | 9     |
    | low risk, put off by a team                   | 10    |
    | medium risk, in an audience                   | -     |
    | high risk, a control                          | -     |
"""
WHO = {
    "owed tomorrow": {"work": "duty", "due_day": DAY + timedelta(days=1), "value_at_stake": 0.0, "risk_band": "low"},
    "owed in three days": {"work": "duty", "value_at_stake": 900.0},
    "a task that keeps 9 less its cost of 1": {"work": "task", "expected_saved_value": 9.0, "cost": 1.0},
    "a task that keeps 8.5 less its cost of 1": {"work": "task", "expected_saved_value": 8.5, "cost": 1.0,
                                                 "value_at_stake": 99.0},
    "owed next week": {"work": "duty", "due_day": DAY + timedelta(days=8), "value_at_stake": 31.0},
    "a control to whom something is owed next week": {"work": "duty", "due_day": DAY + timedelta(days=8),
                                                      "is_control": True},
    "a duty that waits for hands, at low risk": NOTHING | {"waiting_duty": "call", "risk_band": "low"},
    "high risk, 40 at stake, in an audience": {"value_at_stake": 40.0},
    "high risk, 30 at stake, nothing fits": NOTHING,
    "low risk, put off by a team": NOTHING | {"risk_band": "low", "snoozed_until": DAY + timedelta(days=9), "value_at_stake": 1.0},
    "medium risk, in an audience": {"risk_band": "medium"},
    "high risk, a control": NOTHING | {"is_control": True},
}  # fmt: skip


def test_whom_first():
    cases = drawn(ORDER)
    rows = decisions(*({"owner": case["customer"]} | WHO[case["customer"]] for case in cases)).sort(
        "customer_id", descending=True
    )
    listed = selection.to_list(rows, ["low", "medium", "high"], "high", 500)["owner"].to_list()
    wanted = sorted((case for case in cases if case["place"] != "-"), key=lambda case: int(case["place"]))
    assert listed == [case["customer"] for case in wanted]


@given(st.lists(st.sampled_from(sorted(WHO)), max_size=12), st.integers(1, 6))
def test_what_was_given_to_a_person_is_never_cut(kinds, max_rows):
    rows = decisions(*(WHO[kind] for kind in kinds))
    listed = selection.to_list(rows, ["low", "medium", "high"], "high", max_rows)
    for_people = rows.filter(pl.col("work").is_in(watch.PERSONAL))
    assert for_people.join(listed, on="customer_id", how="anti").is_empty()
    assert listed.height <= max(max_rows, for_people.height)
    shown = watch.watched(listed)
    assert shown["action"].null_count() == shown["work"].null_count() == 0
    watched_rows = shown.filter(pl.col("work") == "watch")
    assert all(watched_rows[name].null_count() == watched_rows.height for name in watch.OF_A_TASK)


def test_a_row_to_watch_says_what_happens_instead():
    rows = decisions(
        {"open_matters": "Mind promises."},
        NOTHING,
        {"work": "task"},
        {"due_day": DAY - timedelta(days=1)},
    )
    assert watch.watched(rows).select("work", "playbook", "action", "caution").rows() == [
        ("watch", None, "Keep an eye on this customer; for now letter is under way (marketing, by 2018-01-04).", "Mind promises."),
        ("watch", None, "Keep an eye on this customer; for now nothing, because it would cost 5.", None),
        ("task", "letter", "Write", "Mind."),
        ("watch", None, "Keep an eye on this customer; letter was due by 2017-12-31 (marketing).", None),
    ]  # fmt: skip


def test_what_is_owed_and_has_no_hands_is_said_whatever_else_is_under_way():
    rows = decisions({"waiting_duty": "call"}, NOTHING | {"waiting_duty": "call"})
    watched_rows = watch.watched(rows)
    assert set(watched_rows["work"]) == {"watch"}
    assert set(watched_rows["action"]) == {
        "call is owed to this customer, and there are no hands for it this week; others are more pressing."
    }


def test_former_customers_whom_nobody_has_hands_for_stand_behind_the_others():
    more = {"state": pl.lit("lost"), "last_order_day": pl.lit(DAY), "value": pl.lit(1.0), "draft": pl.lit(None, pl.String),
            "name": pl.lit(None, pl.String)}  # fmt: skip
    rows = decisions(
        {}, NOTHING | {"waiting_duty": "call"}, {"work": "task"}, {"work": "duty"}, NOTHING,
        {"work": "duty", "due_day": DAY + timedelta(days=1)},
    )  # fmt: skip
    found = former_customers.of_week(rows.with_columns(**more))
    assert found.select("customer_id", "work").rows() == [("f", "duty"), ("d", "duty"), ("c", "task"), ("b", "watch")]
    assert found.schema == former_customers.FORMER
    assert found["action"].null_count() == 0
