"""Hands, channels and money: read from the file, never exceeded, and said where they stand in the way."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.errors import BadPlaybooks
from pipeline.decisions import assignment, cooldown
from pipeline.playbooks.config.limits import NO_LIMITS, Limits, parse
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.rules.parser import read
from tests.drawing import drawn
from tests.profiles import examples

WEEK = date(2024, 3, 4)
TEAMS, CHANNELS = ("sales", "service"), ("phone", "e-mail")


def book(cost: float = 0.0, effect: float = 1.0, who: str = "sales", channel: str = "phone", **more) -> Playbook:
    return Playbook(tactic="friendly-check-in-call", when="everyone", action="Do it", channel=channel, who=who,
                    due_in_days=3, cost=cost, effect=effect, **more)  # fmt: skip


BOOKS = {"call": book(), "mail": book(who="marketing", channel="e-mail")}

# What stands under `limits`, and what is answered; a dash where it is right.
FILE = """
    | limits                          | answer                                                                        |
    | {}                              | -                                                                             |
    | {budget: 0}                     | -                                                                             |
    | {budget: 10.5, who: {sales: 3}} | -                                                                             |
    | {channel: {e-mail: 3}}          | -                                                                             |
    | {budget: -1}                    | limits.budget: input should be greater than or equal to 0, found -1           |
    | {who: {sales: 0}}               | limits.who.sales: input should be greater than or equal to 1, found 0         |
    | {who: {sale: 3}}                | limits.who: no playbook names 'sale' first; did you mean 'sales'?             |
    | {channel: {visit: 3}}           | limits.channel: no playbook names 'visit' first; known: e-mail, phone            |
    | {budgets: 3}                    | unknown key 'limits.budgets'; did you mean 'budget'?                          |
"""


@pytest.mark.parametrize("case", drawn(FILE), ids=lambda case: case["limits"])
def test_each_mistake_is_answered(case):
    from ruamel.yaml import YAML

    content = {"playbooks": {}, "limits": YAML(typ="safe").load(case["limits"])}
    if case["answer"] == "-":
        assert isinstance(parse(content, BOOKS), Limits)
        return
    with pytest.raises(BadPlaybooks) as refused:
        parse(content, BOOKS)
    assert case["answer"] in str(refused.value)


def test_a_file_without_limits_has_none():
    assert parse({"playbooks": {}}, BOOKS) == NO_LIMITS


def share_out(stakes: list[float], books: dict[str, Playbook], limits: Limits) -> pl.DataFrame:
    table = pl.DataFrame(
        {"customer_id": [f"c{at:02d}" for at in range(len(stakes))], "value_at_stake": stakes}
    ).with_columns(
        churn_probability=0.5, loss_making=False, strategic=False, is_control=False, tier=pl.lit("loyal"),
        risk_band=pl.lit("high"), owner=pl.lit(None, dtype=pl.String),
    )  # fmt: skip
    return assignment.plan(
        table, books, WEEK, "EUR", pl.DataFrame(schema=cooldown.EARLIER), assignment.Restrictions(limits=limits)
    )[0]


def test_the_hands_of_a_team_go_to_where_they_keep_more_and_the_others_are_told():
    found = share_out([9.0, 8.0, 3.0], {"call": book()}, Limits(who={"sales": 2}))
    assert found["playbook"].to_list() == ["call", "call", None]
    assert (
        found["why_not"][2] == "nothing, because what there is (hands of sales, 2 a week) goes to where it keeps more"
    )


def test_money_is_spent_where_it_keeps_most():
    books = {"dear": book(cost=6.0, effect=1.0), "cheap": book(cost=1.0, effect=0.5)}
    rich, poor = (share_out([20.0, 19.0], books, Limits(budget=money)) for money in (12.0, 7.0))
    assert rich["playbook"].to_list() == ["dear", "dear"]
    assert poor["playbook"].to_list() == ["dear", "cheap"]
    assert poor["expected_saved_value"].to_list() == [20.0, 9.5]


drawn_books = st.lists(
    st.builds(
        book,
        cost=st.sampled_from([0.0, 0.5, 2.0, 5.0]),
        effect=st.sampled_from([0.1, 0.5, 1.0]),
        who=st.sampled_from(TEAMS),
        channel=st.sampled_from(CHANNELS),
        capacity=st.sampled_from([None, None, 1, 3]),
    ),
    min_size=1, max_size=4,
)  # fmt: skip
room = st.sampled_from([1, 2, 5])
drawn_limits = st.builds(
    Limits,
    budget=st.sampled_from([None, 0.0, 1.0, 7.5]),
    who=st.dictionaries(st.sampled_from(TEAMS), room),
    channel=st.dictionaries(st.sampled_from(CHANNELS), room),
)


@examples(80)
@given(st.lists(st.integers(-2, 20).map(float), min_size=1, max_size=20), drawn_books, drawn_limits)
def test_no_limit_is_ever_exceeded(stakes, books, limits):
    named = {f"book{at}": one for at, one in enumerate(books)}
    found = share_out(stakes, named, limits)
    given_books = [named[name] for name in found["playbook"].drop_nulls()]
    assert limits.budget is None or sum(one.cost for one in given_books) <= limits.budget + 1e-6
    for team, most in limits.who.items():
        assert sum(one.who == team for one in given_books) <= most
    for channel, most in limits.channel.items():
        assert sum(one.channel == channel for one in given_books) <= most
    for name, one in named.items():
        assert one.capacity is None or (found["playbook"] == name).sum() <= one.capacity
    for row in found.iter_rows(named=True):
        if row["playbook"] is None:
            assert row["why_not"].startswith("nothing, because ")
        else:
            one = named[row["playbook"]]
            assert row["value_at_stake"] * one.effect > one.cost
            assert row["second_choice"] is None or row["second_choice"] != row["playbook"]


@pytest.mark.parametrize("rest", [None, 30])
def test_an_offer_that_steps_back_behind_a_cause_says_so_whether_or_not_it_has_a_rest(rest):
    gift = Playbook(tactic="personal-post-sale-offer", when="everyone", action="Offer", channel="e-mail", who="sales",
                    due_in_days=3, cost=0.0, cooldown_days=rest)  # fmt: skip
    call = book(capacity=1).model_copy(update={"when": read("first_causes has C10")})
    table = pl.DataFrame({"customer_id": ["a", "b", "c"], "value_at_stake": [9.0, 8.0, 7.0],
                          "reason_1_causes": ["C10", "C10", None]}).with_columns(
        churn_probability=0.5, loss_making=False, strategic=False, is_control=False, tier=pl.lit("loyal"),
        risk_band=pl.lit("high"), owner=pl.lit(None, dtype=pl.String),
    )  # fmt: skip
    found = assignment.plan(table, {"gift": gift, "call": call}, WEEK, "EUR", pl.DataFrame(schema=cooldown.EARLIER))[0]
    assert found["playbook"].to_list() == ["call", None, "gift"]
    assert found["why_not"][1] == "nothing, because gift is an offer, and what is for the cause goes first"
