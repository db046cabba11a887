"""How an action was chosen, kept beside it; stages; and words about days."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decisions import assignment, cooldown, decision_record
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.config.tactics import tactics
from pipeline.playbooks.rules.derived_dates import DERIVED
from pipeline.value.customer_value import TIERS
from pipeline.value.lifecycle import STAGES, TIERS_OF, lifecycle
from tests.drawing import drawn

WEEK = date(2024, 2, 27)
CUSTOMER = {"customer_id": "a", "owner": None, "risk_band": "high", "tier": "loyal", "churn_probability": 0.6,
            "value": 50.0, "value_at_stake": 30.0, "loss_making": False, "strategic": False, "is_control": False,
            "reason_1_family": "disputes", "reason_2_family": "price", "reason_3_family": None,
            "reason_1_causes": "C36;C38", "reason_2_causes": "C47", "reason_3_causes": None,
            "reason_1_risk_share": None, "reason_2_risk_share": 1.0, "reason_3_risk_share": None,
            "reason_1_text": "1 dispute open for 9 days", "reason_2_text": "40 % off", "reason_3_text": None,
            "lifecycle": "long", "value_tier": "top", "market": "b2c", "days_to_points_expiry": 9.0, "points_balance": 120.5,
            "is_one_time_buyer": 1, "nps_latest": None}  # fmt: skip
SCHEMA = {"owner": pl.String, "reason_3_family": pl.String, "reason_3_causes": pl.String, "reason_3_text": pl.String,
          "reason_1_risk_share": pl.Float64, "reason_3_risk_share": pl.Float64, "nps_latest": pl.Float64}  # fmt: skip


def book(when: str, **more) -> Playbook:
    usual = {
        "tactic": "thank-you-email",
        "action": "Do it",
        "channel": "e-mail",
        "who": "us",
        "due_in_days": 1,
        "cost": 0.0,
    }
    return Playbook(**usual | {"when": when} | more)


def decide(books: dict[str, Playbook], *changes: dict) -> list[dict]:
    rows = [CUSTOMER | {"customer_id": str(at)} | change for at, change in enumerate(changes or ({},))]
    table = pl.DataFrame(rows, schema_overrides=SCHEMA)
    decided = assignment.plan(table, books, WEEK, "EUR", pl.DataFrame(schema=cooldown.EARLIER))[0]
    return decision_record.with_record(decided, books).to_dicts()


# The rule of the playbook that was given, and what is said of why.
WHY = """
    | when                                                                     | why                                                             |
    | everyone                                                                 | because of "1 dispute open for 9 days"                          |
    | risk_band = high and value > 3                                           | because of "1 dispute open for 9 days"                          |
    | first_causes has C38                                                     | because of "1 dispute open for 9 days" (C38: a dispute not settled) |
    | causes has any (C47, C01)                                                | because of "40 % off" (C47: buys only when something is reduced) |
    | evidence_causes has any (C36, C47)                                        | because of "40 % off" (C47: buys only when something is reduced) |
    | reasons has price                                                        | because of "40 % off"                                           |
    | first_reason in (disputes, price)                                        | because of "1 dispute open for 9 days"                          |
    | days_to_points_expiry <= 14 and points_balance > 0                       | because days to points expiry is 9; points balance is 120.5     |
    | days_to_points_expiry <= 14 and first_causes has C36                     | because of "1 dispute open for 9 days" (C36: slow or unclear answers); days to points expiry is 9 |
    | first_reason = disputes and first_causes has C38 and causes has C47      | because of "1 dispute open for 9 days" (C38: a dispute not settled); of "40 % off" (C47: buys only when something is reduced) |
    | points_balance between 100 and 200                                       | because points balance is 120.5                                 |
    | (tier = new and reasons has price) or tier = loyal                       | because of "1 dispute open for 9 days"                          |
    | (days_to_points_expiry <= 3 and points_balance > 0) or is_one_time_buyer | because the customer is one time buyer                          |
    | days_to_points_expiry <= 14 or nps_latest < 7                            | because days to points expiry is 9                              |
    | not causes has C01 and not (points_balance > 900)                        | because of "1 dispute open for 9 days"                          |
"""


@pytest.mark.parametrize("case", drawn(WHY), ids=lambda case: case["when"])
def test_why_this_playbook_for_this_customer(case):
    assert decide({"x": book(case["when"])})[0]["why_this"] == case["why"]


def test_without_a_reason_the_kind_of_customer_is_why():
    silent = {"reason_1_text": None, "reason_1_family": None, "reason_1_causes": None}
    assert decide({"x": book("everyone")}, silent)[0]["why_this"] == "because this is a loyal customer of high risk"


def test_segment_and_objective_are_kept():
    found = decide({"x": book("risk_band = high")}, {}, {"market": None, "risk_band": "low"})
    assert [row["segment"] for row in found] == [
        "stage long, tier loyal, value top, market b2c",
        "stage long, tier loyal, value top",
    ]
    assert found[0]["objective"] == tactics()["thank-you-email"].objective == "warmth"
    assert (found[1]["objective"], found[1]["why_this"], found[1]["second_choice"]) == (None, None, None), (
        "nothing given"
    )


def test_the_second_choice_is_the_next_best_whatever_its_room():
    books = {"no": book("tier = new"), "first": book("everyone", capacity=1), "dear": book("everyone", cost=99.0),
             "next": book("everyone"), "last": book("everyone")}  # fmt: skip
    found = decide(books, {}, {"value_at_stake": 9.0}, {"is_control": True}, {"value_at_stake": 0.0})
    assert [(row["playbook"], row["second_choice"]) for row in found] == [
        ("first", "next"), ("next", "first"), (None, None), (None, None)
    ]  # fmt: skip


def test_each_customer_keeps_their_row():
    found = decide({"x": book("value > 3"), "y": book("everyone")}, *({"value": float(at % 7)} for at in range(20)))
    assert [row["customer_id"] for row in found] == [str(at) for at in range(20)]


def test_nobody_at_all_is_no_failure():
    empty = pl.DataFrame([CUSTOMER], schema_overrides=SCHEMA).clear()
    decided = assignment.plan(empty, {"x": book("everyone")}, WEEK, "EUR", pl.DataFrame(schema=cooldown.EARLIER))[0]
    assert set(decision_record.RECORD) <= set(decision_record.with_record(decided, {"x": book("everyone")}).columns)


# --------------------------------------------------------------------------------------------------------------- stage


@given(st.sampled_from(TIERS), st.integers(1, 99))
def test_each_customer_is_at_one_stage_and_a_stage_fits_its_tiers(tier, orders):
    if (tier == "one-time" and orders != 1) or (tier == "regular" and orders == 1):
        return  # No customer is so.
    found = pl.DataFrame({"tier": [tier], "orders_ever": [orders]}).select(lifecycle()).item()
    assert found in STAGES
    assert tier in TIERS_OF[found]


# ---------------------------------------------------------------------------------------------------------------- days

# The first order, the day of the list, days until the next anniversary, and the years it completes.
ANNIVERSARIES = """
    | first      | as_of      | days | years |
    | 2023-02-27 | 2024-02-27 | 0    | 1     |
    | 2023-02-28 | 2024-02-27 | 1    | 1     |
    | 2023-02-26 | 2024-02-27 | 365  | 2     |
    | 2024-02-26 | 2024-02-27 | 365  | 1     |
    | 2023-12-31 | 2024-01-01 | 365  | 1     |
    | 2017-01-02 | 2018-01-01 | 1    | 1     |
    | 2020-02-29 | 2023-02-27 | 1    | 3     |
    | 2020-02-29 | 2024-02-28 | 1    | 4     |
    | 2020-02-29 | 2024-03-01 | 364  | 5     |
    | 2020-06-15 | 2024-06-01 | 14   | 4     |
"""


def derived(name: str, **features) -> float | None:
    table = pl.DataFrame({"as_of": [features.pop("as_of", WEEK)]} | {key: [value] for key, value in features.items()})
    return table.select(DERIVED[name].how.alias("x")).item()


@pytest.mark.parametrize("case", drawn(ANNIVERSARIES), ids=lambda case: f"{case['first']} {case['as_of']}")
def test_anniversaries(case):
    first, as_of = date.fromisoformat(case["first"]), date.fromisoformat(case["as_of"])
    days = (as_of - first).days
    assert derived("days_to_anniversary", as_of=as_of, days_since_first_order=days) == int(case["days"])
    assert derived("years_at_anniversary", as_of=as_of, days_since_first_order=days) == int(case["years"])


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 20000))
def test_the_next_anniversary_is_within_a_year_and_on_the_same_day_of_the_year(as_of, days):
    first = as_of - timedelta(days=days)
    ahead = derived("days_to_anniversary", as_of=as_of, days_since_first_order=days)
    years = derived("years_at_anniversary", as_of=as_of, days_since_first_order=days)
    then = as_of + timedelta(days=ahead)
    assert 0 <= ahead <= 365
    assert then.year - first.year == years >= 1
    assert (then.month, then.day) in {
        (first.month, first.day),
        (2, 28) if (first.month, first.day) == (2, 29) else (0, 0),
    }


def test_days_beyond_the_usual_gap():
    assert derived("days_beyond_usual_gap", days_since_last_order=20, gap_mean_days=14.5) == 5.5
    assert derived("days_beyond_usual_gap", days_since_last_order=7, gap_mean_days=14.5) == -7.5
    assert derived("days_beyond_usual_gap", days_since_last_order=7, gap_mean_days=None) is None


def test_what_is_not_known_has_no_anniversary():
    assert derived("days_to_anniversary", days_since_first_order=None) is None
