"""What customers answered decides what they are asked next: drawn tables, and slow second readings."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given as draw
from hypothesis import strategies as st

from pipeline.decisions.contact_policy import open_action
from pipeline.outcomes import feedback, wrong_reasons
from tests.decisions.week import WEEK, book, context, given
from tests.drawing import drawn
from tests.profiles import examples

OFFER, SURVEY = "personal-post-sale-offer", "satisfaction-survey"
# An offer sells; the playbook is called x. Offers wait 90 days after a no, 30 after a complaint; reasons 90.
HELD = """
    | tactic | fact           | days ago | of | why                                                                        |
    | offer  | declined_day   | 1        | y  | the customer declined an offer fewer than 90 days ago                      |
    | offer  | declined_day   | 89       | y  | the customer declined an offer fewer than 90 days ago                      |
    | offer  | declined_day   | 90       | x  | .                                                                          |
    | survey | declined_day   | 1        | y  | .                                                                          |
    | survey | declined_day   | 89       | x  | the customer declined x fewer than 90 days ago                             |
    | survey | declined_day   | 90       | x  | .                                                                          |
    | offer  | complained_day | 29       | y  | the customer complained to a team fewer than 30 days ago                   |
    | offer  | complained_day | 30       | y  | .                                                                          |
    | survey | complained_day | 1        | x  | .                                                                          |
    | survey | wrong          | 89       | x  | a team called the reason for x wrong fewer than 90 days ago                |
    | survey | wrong          | 90       | x  | .                                                                          |
    | offer  | wrong          | 1        | y  | .                                                                          |
"""


@pytest.mark.parametrize("case", drawn(HELD), ids=lambda case: "-".join(list(case.values())[:4]))
def test_an_answer_holds_back(case):
    playbook = book(OFFER if case["tactic"] == "offer" else SURVEY)
    day = WEEK - timedelta(days=int(case["days ago"]))
    facts = {case["fact"]: day} if case["fact"].endswith("_day") else {}
    named = {"declined_day": "declined_playbooks", "wrong": "wrong_playbooks"}.get(case["fact"])
    name, why = given({**facts, **({named: [{"playbook": case["of"], "day": day}]} if named else {})}, playbook)
    assert (name, why) == (("x", None) if case["why"] == "." else (None, f"nothing, because {case['why']}"))


@pytest.mark.parametrize(
    ("settings", "fact"),
    [
        ({"declined_days": 0}, {"declined_day": WEEK - timedelta(days=1)}),
        ({"complaint_days": 0}, {"complained_day": WEEK - timedelta(days=1)}),
        ({"wrong_reason_days": 0}, {"wrong_playbooks": [{"playbook": "x", "day": WEEK - timedelta(days=1)}]}),
    ],
)
def test_zero_days_hold_back_nothing(settings, fact):
    assert given(fact, book(OFFER), context(**settings)) == ("x", None)


UNREACHED = """
    | channels           | email | phone | unreached | prefers | by     |
    | e-mail, phone      | yes   | yes   | e-mail    | -       | phone  |
    | e-mail, phone      | yes   | yes   | phone     | phone   | e-mail |
    | e-mail, phone      | yes   | no    | e-mail    | -       | e-mail |
    | e-mail             | yes   | yes   | e-mail    | -       | e-mail |
    | e-mail, phone      | yes   | yes   | sms       | -       | e-mail |
"""


@pytest.mark.parametrize("case", drawn(UNREACHED), ids=lambda case: "-".join(case.values()))
def test_who_was_not_reached_is_tried_another_way(case):
    from tests.decisions.week import decide, frame

    word = {"yes": True, "no": False}
    known = {
        "email_opt_in": word[case["email"]], "phone_opt_in": word[case["phone"]], "unreached_channel": case["unreached"],
        "preferred_channel": None if case["prefers"] == "-" else case["prefers"],
    }  # fmt: skip
    playbook = book(channel=[name.strip() for name in case["channels"].split(",")])
    (row,) = decide(frame(known), {"x": playbook}, context())
    assert row["channel"] == case["by"]


GIVEN = pl.LazyFrame(
    {"customer_id": ["a"] * 4, "as_of": [WEEK - timedelta(days=7 * n) for n in (4, 3, 2, 1)],
     "given_day": [WEEK - timedelta(days=28)] * 4, "playbook": ["x"] * 4, "would_have_been": [None] * 4,
     "channel": ["phone"] * 4, "tactic": [SURVEY] * 4}, schema=open_action.GIVEN
)  # fmt: skip
# What came back of the lists of four weeks, the oldest first.
TRIES = """
    | answers                                         | open |
    | .                                               | yes  |
    | unreachable                                     | yes  |
    | unreachable unreachable                         | yes  |
    | unreachable unreachable unreachable             | no   |
    | accepted                                        | no   |
    | unreachable declined                            | no   |
    | unreachable unreachable unreachable unreachable | no   |
"""


@pytest.mark.parametrize("case", drawn(TRIES), ids=lambda case: case["answers"])
def test_an_action_goes_on_until_it_was_tried_often_enough(case):
    answers = case["answers"].split() if case["answers"] != "." else []
    outcomes = pl.DataFrame(
        {"customer_id": ["a"] * len(answers), "as_of": [WEEK - timedelta(days=7 * (4 - n)) for n in range(len(answers))],
         "answer": answers}, schema={"customer_id": pl.String, "as_of": pl.Date, "answer": pl.String}
    )  # fmt: skip
    made = pl.DataFrame(schema={"customer_id": pl.String, "playbook": pl.String, "day": pl.Date})
    rule = context(open_days=60, max_tries=3)
    still = open_action.still_open(GIVEN, outcomes, made, WEEK, rule.contact)
    assert still["customer_id"].to_list() == (["a"] if case["open"] == "yes" else [])


REASON = st.sampled_from(["recency", "price", "service", None])
WRONG = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(1, 120), st.sampled_from(["recency", "price"])), max_size=6
)


@draw(st.lists(st.tuples(REASON, REASON, REASON), min_size=2, max_size=2), WRONG)
@examples(60)
def test_what_was_called_wrong_is_not_told_again_and_the_others_move_up(reasons, wrong):
    scores = pl.DataFrame(
        {"customer_id": ["a", "b"], **{f"reason_{n}_family": [row[n - 1] for row in reasons] for n in (1, 2, 3)},
         **{f"reason_{n}_text": [f"{n}:{row[n - 1]}" if row[n - 1] else None for row in reasons] for n in (1, 2, 3)}},
        schema_overrides={f"reason_{n}_{part}": pl.String for n in (1, 2, 3) for part in ("family", "text")},
    )  # fmt: skip
    outcomes = pl.DataFrame(
        [{"customer_id": who, "as_of": WEEK - timedelta(days=days), "wrong_family": family} for who, days, family in wrong],
        schema={"customer_id": pl.String, "as_of": pl.Date, "wrong_family": pl.String},
    )  # fmt: skip
    after = wrong_reasons.without(scores, outcomes, WEEK, 90)
    assert after.columns == scores.columns
    for row, told in zip(after.to_dicts(), reasons, strict=True):
        barred = {family for who, days, family in wrong if who == row["customer_id"] and days < 90}
        left = [(n, family) for n, family in enumerate(told, 1) if family and family not in barred]
        if not wrong or all(days >= 90 for _, days, _ in wrong):
            left = [(n, family) for n, family in enumerate(told, 1)]
            assert [row[f"reason_{n}_family"] for n in (1, 2, 3)] == [family for _, family in left]
            continue
        assert [row[f"reason_{n}_family"] for n in (1, 2, 3)] == ([family for _, family in left] + [None] * 3)[:3]
        assert [row[f"reason_{n}_text"] for n in (1, 2, 3)] == ([f"{n}:{f}" for n, f in left] + [None] * 3)[:3]


def test_how_often_each_reason_was_called_wrong():
    outcomes = pl.DataFrame({"wrong_family": ["price", None, "recency", "price"]})
    assert list(wrong_reasons.counts(outcomes).items()) == [("price", 2), ("recency", 1)]


def test_facts_of_what_came_back():
    days = [date(2024, 1, 1), date(2024, 1, 8), date(2024, 1, 15)]
    decisions = pl.LazyFrame(
        {"customer_id": ["a"] * 3, "as_of": days, "given_day": days, "playbook": ["x", "y", "z"],
         "would_have_been": [None] * 3, "channel": ["phone", "e-mail", "sms"], "tactic": [SURVEY] * 3},
        schema=open_action.GIVEN,
    )  # fmt: skip
    outcomes = pl.DataFrame(
        {"customer_id": ["a"] * 3, "as_of": days, "status": ["done", "not_done", "wrong_reason"],
         "done": [date(2024, 1, 3), None, None], "answer": ["declined", "unreachable", None],
         "responded": [True, False, False], "wrong_family": [None, None, "price"], "snooze_until_day": [None] * 3},
        schema=feedback.COLUMNS,
    )  # fmt: skip
    assert feedback.facts(outcomes, decisions).to_dicts() == [
        {"customer_id": "a", "snoozed_until": None, "done_day": date(2024, 1, 3), "declined_day": date(2024, 1, 3),
         "complained_day": None, "responded_channel": "phone", "unreached_channel": "e-mail",
         "done_playbooks": [{"playbook": "x", "day": date(2024, 1, 3)}],
         "declined_playbooks": [{"playbook": "x", "day": date(2024, 1, 3)}],
         "wrong_playbooks": [{"playbook": "z", "day": date(2024, 1, 15)}]}
    ]  # fmt: skip


@draw(
    st.lists(
        st.tuples(
            st.integers(0, 12), st.sampled_from(["x", "y", None]), st.sampled_from(["done", "wrong_reason", "not_done"]),
            st.sampled_from(["declined", "unreachable", None]),
        ),
        max_size=8, unique_by=lambda row: row[0],
    )
)  # fmt: skip
@examples(60)
def test_what_came_back_later_unsays_nothing_of_another_playbook(rows):
    days = [WEEK - timedelta(weeks=weeks + 1) for weeks, *_ in rows]
    decisions = pl.LazyFrame(
        {"customer_id": ["a"] * len(rows), "as_of": days, "given_day": days, "playbook": [row[1] for row in rows],
         "channel": ["phone"] * len(rows), "tactic": [SURVEY] * len(rows)},
        schema_overrides={"customer_id": pl.String, "as_of": pl.Date, "playbook": pl.String},
    )  # fmt: skip
    outcomes = pl.DataFrame(
        {"customer_id": ["a"] * len(rows), "as_of": days, "status": [row[2] for row in rows],
         "done": [day if row[2] == "done" else None for day, row in zip(days, rows, strict=True)],
         "answer": [row[3] for row in rows], "responded": [row[3] == "declined" for row in rows],
         "wrong_family": [None] * len(rows), "snooze_until_day": [None] * len(rows)},
        schema=feedback.COLUMNS,
    )  # fmt: skip
    is_of = {
        "done_playbooks": lambda status, answer: status == "done" and answer != "unreachable",
        "declined_playbooks": lambda _status, answer: answer == "declined",
        "wrong_playbooks": lambda status, _answer: status == "wrong_reason",
    }
    known = feedback.facts(outcomes, decisions).to_dicts()
    for fact, holds in is_of.items():
        last: dict[str, date] = {}
        for day, (_, playbook, status, answer) in sorted(zip(days, rows, strict=True)):
            if playbook and holds(status, answer):
                last[playbook] = day
        expected = [{"playbook": playbook, "day": day} for playbook, day in sorted(last.items())]
        assert ((known[0][fact] or []) if known else []) == expected
