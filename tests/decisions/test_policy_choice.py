"""What a file gives to those for whom a lot decided: what the week would have given without the lot, and by hand."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decisions import policy_choice
from pipeline.playbooks.config.playbook import Playbook
from tests.decisions.test_exploration import book, company, decide, how

DAY = date(2024, 3, 4)
RULES = ("everyone", "value_at_stake > 20", "value_at_stake < 30", "not (value_at_stake > 15)")
playbook = st.builds(
    lambda when, cost, effect: book(when=when, cost=cost, effect=effect),
    st.sampled_from(RULES), st.sampled_from([0.0, 1.0, 8.0, 25.0]), st.sampled_from([0.1, 0.3, 0.9]),
)  # fmt: skip
FILES = st.lists(playbook, min_size=1, max_size=4).map(lambda books: {f"p{n}": one for n, one in enumerate(books)})


@given(FILES)
@settings(max_examples=12, deadline=None)
def test_the_published_file_gives_what_the_week_gives_without_a_lot(books):
    table = company(120, controls=0.0)
    explored = decide(table, books, how(0.5)).filter("is_explored")
    chosen = policy_choice.choose(with_held(explored, books), books, DAY, "EUR")
    assert not chosen["is_beyond"].any(), "what the published file gives could be drawn, or was held"
    without = decide(table, books, None).join(explored.select("customer_id"), on="customer_id", how="semi")
    assert chosen["file_choice"].to_list() == without["playbook"].to_list()
    assert chosen["file_cost"].to_list() == without["cost"].fill_null(0.0).to_list()


def by_hand(books: dict[str, Playbook], arms: str, stake: float) -> str | None:
    """Of the arms whose rule holds and that pay, the one that keeps most less its cost; of equals, the first."""
    holds = {RULES[0]: True, RULES[1]: stake > 20, RULES[2]: stake < 30, RULES[3]: stake <= 15}
    worth = [
        (round(stake * one.effect - one.cost, 9), -place, name)
        for place, (name, one) in enumerate(books.items())
        if name in arms.split(";") and holds[one.when.text] and stake * one.effect > one.cost
    ]
    return max(worth)[2] if worth else None


@given(FILES, FILES)
@settings(max_examples=12, deadline=None)
def test_another_file_chooses_among_what_could_be_drawn(published, edited):
    explored = decide(company(120, controls=0.0), published, how(0.5)).filter("is_explored")
    held = with_held(explored, published)
    chosen = policy_choice.choose(held, edited, DAY, "EUR")
    expected = [by_hand(edited, *row) for row in explored.select("explored_arms", "value_at_stake").iter_rows()]
    assert chosen["file_choice"].to_list() == expected
    assert chosen["file_cost"].to_list() == [0.0 if one is None else edited[one].cost for one in expected]
    out = held[policy_choice.HELD].to_list()
    free = [
        by_hand(edited, ";".join(set(edited) - set(held.split(";"))), stake)
        for held, stake in zip(out, explored["value_at_stake"], strict=True)
    ]
    assert chosen["is_beyond"].to_list() == [one != other for one, other in zip(expected, free, strict=True)]


def with_held(explored: pl.DataFrame, books: dict[str, Playbook]) -> pl.DataFrame:
    return explored.with_columns(policy_choice.held(explored, books))


@pytest.mark.parametrize("capacity", [1, None])
def test_capacities_are_left_aside(capacity):
    books = {"mail": book(cost=1.0, capacity=capacity)}
    explored = company(50, controls=0.0).with_columns(explored_arms=pl.lit("mail"), held_playbooks=pl.lit(""))
    assert policy_choice.choose(explored, books, DAY, "EUR")["file_choice"].to_list() == ["mail"] * 50


def test_a_playbook_of_another_name_could_not_be_drawn():
    explored = company(5, controls=0.0).with_columns(explored_arms=pl.lit("mail"), held_playbooks=pl.lit(""))
    chosen = policy_choice.choose(explored, {"post": book(cost=1.0)}, DAY, "EUR")
    assert chosen.rows() == [(None, 0.0, True)] * 5


def test_what_was_held_then_is_held_for_the_edited_file_too():
    """A guard that held the call holds it whatever file asks for it; a renamed call is one nobody ever drew."""
    explored = company(4, controls=0.0).with_columns(explored_arms=pl.lit("mail"))
    published = {"call": book(cost=0.0, effect=0.9), "mail": book(cost=1.0)}
    held = with_held(explored, published)
    assert held[policy_choice.HELD].to_list() == ["call"] * 4
    assert policy_choice.choose(held, published, DAY, "EUR").rows() == [("mail", 1.0, False)] * 4
    renamed = {"ring": published["call"], "mail": published["mail"]}
    assert policy_choice.choose(held, renamed, DAY, "EUR").rows() == [("mail", 1.0, True)] * 4
