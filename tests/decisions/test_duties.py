"""What is owed: before everything else, for everybody, within the hands there are, and named where they do not do."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given as drawn_by
from hypothesis import settings, strategies

from pipeline.config.errors import BadPlaybooks
from pipeline.decisions import assignment, cooldown, eligibility
from pipeline.playbooks.config import restrictions
from pipeline.playbooks.config.limits import Limits
from tests.decisions.week import WEEK, book, context, frame
from tests.drawing import drawn

CALL = {"tactic": "friendly-check-in-call", "channel": "phone", "who": "sales"}
SETTLE = {"tactic": "conflict-resolution", "channel": "phone", "who": "service"}
# What is for everybody is owed to the one whose dispute is open, and worth doing for the others.
BOOKS = {
    "settle": book(when="disputes_open > 0", duty=True, due_in_days=2, cost=90.0, **SETTLE),
    "call": book(when="everyone", cost=1.0, effect=0.5, **CALL),
    "mail": book(when="everyone", effect=0.1, who="marketing"),
}


def decide(changes: list[dict], books=BOOKS, limits: Limits | None = None, max_tasks: int | None = None, **contact):
    """Everyone's decision, by customer."""
    rule = context(**contact)
    customers = frame(*[{"disputes_open": 0} | change for change in changes])
    held = eligibility.check_eligibility(customers, books, rule)
    restricted = assignment.Restrictions(held, limits or Limits(), max_tasks=max_tasks)
    before = pl.DataFrame(schema=cooldown.EARLIER)
    found = assignment.plan(customers, books, rule.as_of, "USD", before, restricted)[0]
    return {row["customer_id"]: row for row in found.to_dicts()}


OWED = """
    | of the customer                                            | given  | why                                        |
    | at no risk                                                 | settle | it is owed whatever the risk               |
    | costs more than is at stake                                | settle | it is owed whatever it costs               |
    | loses money                                                | settle | it is owed to whoever is served            |
    | control                                                    | settle | what is owed is no part of the comparison  |
    | heard from us twice this week                              | settle | an answer is no contact too many           |
    | something was done yesterday                               | settle | that was not this                          |
    | this was done yesterday                                    | -      | the books follow; it rests for a week      |
    | a call is open                                             | settle | a call can wait                            |
    | this is open                                               | settle | it goes on from the day it was given first |
    | put off                                                    | -      | a team has said so                         |
    | no calls allowed                                           | -      | consent is consent                         |
    | a reason of it was called wrong                            | settle | it rests on no reason                      |
"""
OF = {
    "at no risk": {"risk_band": "low", "churn_probability": 0.01, "value_at_stake": 0.0},
    "costs more than is at stake": {"value_at_stake": 0.5},
    "loses money": {"loss_making": True, "value_at_stake": -3.0},
    "control": {"is_control": True},
    "heard from us twice this week": {"sent_7d": 2},
    "something was done yesterday": {
        "done_day": date(2024, 3, 3),
        "done_playbooks": [{"playbook": "call", "day": date(2024, 3, 3)}],
    },
    "this was done yesterday": {
        "done_day": date(2024, 3, 3),
        "done_playbooks": [{"playbook": "settle", "day": date(2024, 3, 3)}],
    },
    "a call is open": {"open_playbook": "call", "open_given_day": date(2024, 2, 26)},
    "this is open": {"open_playbook": "settle", "open_given_day": date(2024, 2, 26)},
    "put off": {"snoozed_until": date(2024, 3, 20)},
    "no calls allowed": {"phone_opt_in": False},
    "a reason of it was called wrong": {"wrong_playbooks": [{"playbook": "settle", "day": date(2024, 3, 1)}]},
}


@pytest.mark.parametrize("case", drawn(OWED), ids=lambda case: case["of the customer"])
def test_what_is_owed(case):
    change = OF[case["of the customer"]]
    row = decide([change | {"disputes_open": 1}], {"settle": BOOKS["settle"]})["a"]
    assert (row["playbook"] or "-") == case["given"], row["why_not"]
    assert (row["playbook"] is None) == (row["why_not"] is not None)
    assert row["would_have_been"] is None
    if "open_given_day" in change:
        goes_on = change["open_playbook"] == "settle"
        assert row["given_day"] == (change["open_given_day"] if goes_on else WEEK)


@pytest.mark.parametrize(("is_owed", "expected"), [(1, ("settle", date(2024, 2, 26))), (0, ("answer", WEEK))])
def test_what_is_settled_goes_on_no_longer_and_makes_room_for_what_is_owed_now(is_owed, expected):
    """A question that was answered meanwhile is not asked to be answered, and a renewal does not wait behind it."""
    books = {"settle": BOOKS["settle"], "answer": book(when="promises_open > 0", duty=True, **CALL)}
    customer = {"open_playbook": "settle", "open_given_day": date(2024, 2, 26), "promises_open": 1}
    row = decide([customer | {"disputes_open": is_owed}], books)["a"]
    assert (row["playbook"], row["given_day"]) == expected


def test_a_duty_comes_before_what_keeps_more_and_takes_its_hands():
    limits = Limits(who={"sales": 1, "service": 1})
    rich, poor = {"value_at_stake": 900.0}, {"value_at_stake": 1.5, "disputes_open": 1}
    found = decide([rich, poor, {"value_at_stake": 50.0}], limits=limits)
    assert [found[who]["playbook"] for who in "abc"] == ["call", "settle", "mail"]
    # One hand for both: what is owed has it, and the rich one gets the mail.
    found = decide([rich, poor], limits=Limits(channel={"phone": 1}))
    assert [found[who]["playbook"] for who in "ab"] == ["mail", "settle"]
    assert [found[who]["work"] for who in "ab"] == ["audience", "duty"]


def test_whom_hands_do_not_reach_is_named_and_sent_nothing_instead():
    owed = [{"disputes_open": 1, "value_at_stake": stake} for stake in (5.0, 9.0, 7.0)]
    found = decide([*owed, {}], limits=Limits(who={"service": 2}))
    assert [found[who]["playbook"] for who in "abcd"] == [None, "settle", "settle", "call"]
    assert found["a"]["waiting_duty"] == "settle"
    assert found["a"]["why_not"] == (
        "nothing, because this week there is no room for settle, and others wait who are more pressing"
    )
    assert [found[who]["waiting_duty"] for who in "bcd"] == [None] * 3


def test_a_capacity_of_its_own_is_a_pace_and_leaves_nobody_waiting():
    books = {"settle": BOOKS["settle"].model_copy(update={"capacity": 1}), "mail": BOOKS["mail"]}
    found = decide([{"disputes_open": 1, "value_at_stake": stake} for stake in (5.0, 9.0)], books)
    assert [found[who]["playbook"] for who in "ab"] == ["mail", "settle"]
    assert found["a"]["waiting_duty"] is None


def test_the_nearest_day_is_served_first_whatever_is_at_stake():
    books = {
        "renew": book(when="everyone", duty=True, due_in_days=9, **SETTLE | {"tactic": "customer-plan"}),
        "settle": BOOKS["settle"],
    }
    limits = Limits(who={"service": 1})
    found = decide([{"value_at_stake": 900.0}, {"value_at_stake": 1.0, "disputes_open": 1}], books, limits)
    # Of one customer's duties the first of the file; renewing comes first there, so both are due on the same day.
    assert [found[who]["playbook"] for who in "ab"] == ["renew", None]
    turned = dict(reversed(books.items()))
    found = decide([{"value_at_stake": 900.0}, {"value_at_stake": 1.0, "disputes_open": 1}], turned, limits)
    assert [found[who]["playbook"] for who in "ab"] == [None, "settle"]


def test_an_owner_does_what_is_owed_first_and_then_what_keeps_most():
    limits = Limits(owner=2)
    people = [{"owner": "Ann", "value_at_stake": float(stake)} for stake in (30, 20, 40)]
    found = decide([*people, {"owner": "Bo"}, {"owner": None}, {"owner": None}, {"owner": None}], limits=limits)
    assert [found[who]["playbook"] for who in "abcdefg"] == ["call", "mail", "call", "call", "call", "call", "call"]
    owed = [{"owner": "Ann", "disputes_open": 1, "value_at_stake": 0.0}]
    found = decide([*people, *owed], limits=limits)
    assert [found[who]["playbook"] for who in "abcd"] == ["mail", "mail", "call", "settle"]
    # What is open keeps its hand, and a third duty waits for one.
    going_on = {"owner": "Ann", "open_playbook": "settle", "open_given_day": date(2024, 2, 26), "disputes_open": 1}
    found = decide([going_on, *owed, *owed, {"owner": "Ann", "value_at_stake": 99.0}], limits=limits)
    assert [found[who]["playbook"] for who in "abcd"] == ["settle", "settle", None, "mail"]
    assert found["c"]["waiting_duty"] == "settle"


def test_who_gets_nothing_because_the_owner_is_busy_reads_so():
    books = {"call": BOOKS["call"]}
    found = decide(
        [{"owner": "Ann", "value_at_stake": 30.0}, {"owner": "Ann", "value_at_stake": 20.0}], books, Limits(owner=1)
    )
    assert found["b"]["why_not"] == (
        "nothing, because what this customer's owner can do in a week (limits.owner) goes to where it keeps more"
    )


def test_no_more_is_given_to_people_than_a_list_holds():
    found = decide([{"value_at_stake": float(stake)} for stake in range(10, 16)], max_tasks=2)
    assert sorted(who for who, row in found.items() if row["work"] == "task") == ["e", "f"]
    assert {row["playbook"] for row in found.values()} == {"call", "mail"}, "what is sent needs no place on it"


def test_what_is_worth_doing_whatever_is_kept_is_weighed_with_the_rest():
    """Kept 5 a call costs 1: worth 4; asking keeps nothing, costs 2 and gains 5: worth 3; it is for who is not called."""
    ask = book(
        tactic="exit-interview", when="everyone", channel="letter", who="desk", cost=2.0, gain=5.0, effect=0.000001
    )
    books = {"ask": ask, "call": BOOKS["call"].model_copy(update={"capacity": 1})}
    people = [{"value_at_stake": value} for value in (10.0, 9.0, 0.0)]
    assert [row["playbook"] for row in decide(people, books).values()] == ["call", "ask", "ask"]
    dear = books | {"ask": ask.model_copy(update={"gain": 1.9})}
    assert [row["playbook"] for row in decide(people, dear).values()] == ["call", None, None]


@pytest.mark.parametrize("more", [{"purpose": "offer"}, {"offers": ["a cup"]}], ids=str)
def test_what_sells_is_owed_to_nobody(more):
    with pytest.raises(BadPlaybooks, match=r"x\.duty: what sells is owed to nobody; leave out duty, or purpose: offer"):
        restrictions.check_terms("x", book(duty=True, effect=0.1, **more))


CUSTOMERS = strategies.lists(
    strategies.fixed_dictionaries(
        {
            "disputes_open": strategies.integers(0, 1),
            "value_at_stake": strategies.sampled_from([0.0, 0.5, 3.0, 40.0]),
            "is_control": strategies.booleans(),
            "open_playbook": strategies.sampled_from([None, "settle", "call", "mail"]),
        }
    ).map(lambda row: row | {"open_given_day": date(2024, 2, 26) if row["open_playbook"] else None}),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=60)
@drawn_by(changes=CUSTOMERS, service=strategies.integers(1, 4), phone=strategies.integers(1, 5))
def test_what_is_owed_is_done_or_named_and_no_hand_works_twice(changes, service, phone):
    found = decide(changes, limits=Limits(who={"service": service}, channel={"phone": phone}))
    rows = [found[chr(97 + at)] | {"disputes": change["disputes_open"]} for at, change in enumerate(changes)]
    going_on = sum(change["open_playbook"] == "settle" for change in changes)
    for row in rows:
        owed = row["disputes"] > 0
        assert not owed or row["playbook"] == "settle" or row["waiting_duty"] == "settle"
        assert row["playbook"] is None or not row["is_control"] or row["work"] == "duty"
    settled = sum(row["playbook"] == "settle" for row in rows)
    assert settled <= max(service, going_on)
    # While somebody waits, all hands that could do it are at work on what is owed.
    if any(row["waiting_duty"] for row in rows):
        assert settled >= min(service, phone)
