"""Exploration: who is drawn and for what, whatever the week; and that nothing else gives way to it."""

import hashlib
from collections import Counter
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from pipeline.config.params import Learning
from pipeline.decisions import assignment, control_group, cooldown, eligibility, exploration
from pipeline.decisions.assignment import Restrictions
from pipeline.i18n import MessageCatalog, catalogs
from pipeline.playbooks.config.limits import Limits
from pipeline.playbooks.config.playbook import Playbook
from tests.decisions.week import WEEK, context, frame

PLAIN = Learning(effects="declared", declared_error=0.5, withhold_retired=False, exploration_share=0.3, seed=1)


def how(share: float, seed: int = 1) -> Learning:
    return PLAIN.model_copy(update={"exploration_share": share, "seed": seed})


def book(**more) -> Playbook:
    usual = {"tactic": "thank-you-email", "when": "everyone", "cost": 0.0, "effect": 0.5, "channel": "mail"}
    return Playbook(action="Do it", who="us", due_in_days=1, **usual | more)


BOOKS = {"call": book(cost=4.0, effect=0.3), "mail": book(cost=1.0), "letter": book(cost=2.0, effect=0.1)}


def company(number: int, controls: float = 0.2, **columns) -> pl.DataFrame:
    table = pl.DataFrame({"customer_id": [f"c{at:05d}" for at in range(number)]}).with_columns(
        value_at_stake=10.0 + pl.int_range(number) % 30, churn_probability=0.5, loss_making=False, strategic=False,
        tier=pl.lit("loyal"), risk_band=pl.lit("high"), owner=pl.lit(None, dtype=pl.String),
    )  # fmt: skip
    drawing = control_group.Control(share=controls, salt="left-alone", version=1)
    return control_group.mark(table.with_columns(**columns), drawing)


def decide(
    table: pl.DataFrame, books: dict[str, Playbook] = BOOKS, learning: Learning | None = PLAIN, day: date = WEEK, **more
) -> pl.DataFrame:
    earlier = pl.DataFrame(schema=cooldown.EARLIER)
    return assignment.plan(table, books, day, "EUR", earlier, Restrictions(learning=learning, **more))[0]


def drawn_for(decided: pl.DataFrame) -> pl.DataFrame:
    what = pl.coalesce("playbook", "would_have_been").fill_null("nothing").alias("what")
    return decided.filter("is_explored").with_columns(what)


def test_as_many_are_drawn_as_asked_and_each_arm_as_often_as_its_propensity_says():
    found = drawn_for(decide(company(20_000), learning=how(0.2)))
    low, high = binom.interval(0.9999, 20_000, 0.2)
    assert low <= found.height <= high
    assert found["propensity"].unique().to_list() == [0.25]
    counts = Counter(found["what"].to_list())
    statistic = sum((counts[arm] - found.height / 4) ** 2 / (found.height / 4) for arm in ("nothing", *BOOKS))
    assert statistic < chi2.ppf(0.9999, 3), counts
    assert found["is_control"].mean() == pytest.approx(0.2, abs=0.03), "who is left alone is drawn apart"


def test_who_is_drawn_and_what_falls_on_them_is_pinned():
    """Found with hashlib alone: the drawing, then the id; the first 8 bytes, big-endian."""

    def number(purpose: str, customer: str) -> int:
        drawing = hashlib.sha256(f"explore {purpose}:1:2024-03-04".encode()).digest()
        return int.from_bytes(hashlib.sha256(drawing + customer.encode()).digest()[:8], "big")

    arms = ("nothing", "call", "mail", "letter")
    expected = {f"c{at:05d}": arms[number("what", f"c{at:05d}") * 4 >> 64] for at in range(300)
                if number("who", f"c{at:05d}") < 0.3 * 2**64}  # fmt: skip
    found = drawn_for(decide(company(300)))
    assert dict(found.select("customer_id", "what").iter_rows()) == expected


def test_another_day_or_seed_draws_others_and_no_order_does():
    table = company(2000)
    who = set(drawn_for(decide(table))["customer_id"])
    assert set(drawn_for(decide(table.reverse()))["customer_id"]) == who
    for other in (decide(table, learning=how(0.3, seed=2)), decide(table, day=date(2024, 3, 11))):
        again = set(drawn_for(other)["customer_id"])
        assert len(who & again) / len(who) == pytest.approx(0.3, abs=0.06)


def test_without_a_share_nothing_is_other_than_it_was():
    table = company(500)
    limits = Limits(budget=200.0, who={"us": 90})
    one, other = (decide(table, learning=learning, limits=limits) for learning in (None, how(0.0)))
    assert one.equals(other)
    assert not one["is_explored"].any() and one["propensity"].null_count() == one["explored_arms"].null_count() == 500


def test_those_who_are_not_drawn_are_decided_as_if_the_others_were_not_there():
    """But for the room that the lot took: without limits, for them nothing changes."""
    table = company(1500)
    with_lot, without = decide(table), decide(table, learning=None)
    rest = ~with_lot["is_explored"]
    names = ("customer_id", "playbook", "would_have_been", "why_not", "expected_saved_value", "second_choice")
    assert with_lot.filter(rest).select(names).equals(without.filter(rest).select(names))


def test_a_control_stays_one_and_is_meant_by_the_same_lot():
    table = company(3000, controls=0.5)
    decided = decide(table)
    assert decided.filter("is_control")["playbook"].null_count() == decided["is_control"].sum()
    assert set(decided.filter("is_control")["why_not"]) == {control_group.LEFT_ALONE}
    arms = drawn_for(decided).group_by("is_control", "what").len().pivot("is_control", index="what", values="len")
    by_arm = {what: (left, given) for what, left, given in arms.select("what", "true", "false").iter_rows()}
    statistic = sum((left - given) ** 2 / (left + given) for left, given in by_arm.values())
    assert set(by_arm) == {"nothing", *BOOKS} and statistic < chi2.ppf(0.9999, 4)


def test_whom_the_lot_gives_nothing_is_told_so_in_four_languages():
    decided = drawn_for(decide(company(300, controls=0.0)))
    nothing = decided.filter(what="nothing")
    assert set(nothing["why_not"]) == {exploration.DRAWN_NOTHING}
    assert decided.filter(pl.col("what") != "nothing")["why_not"].null_count() == decided.height - nothing.height
    read = {
        language: catalogs.read(language, catalogs.texts_of(language), language) for language in ("nb", "ja", "zh_Hans")
    }
    sentences = {MessageCatalog(language, texts).text(exploration.DRAWN_NOTHING) for language, texts in read.items()}
    assert len(sentences - {exploration.DRAWN_NOTHING, ""}) == 3


def test_a_duty_is_neither_drawn_nor_displaced():
    owed = book(duty=True, when="value_at_stake >= 30")
    decided = decide(company(2000), {"owed": owed, **BOOKS}, how(0.5))
    table = company(2000)
    has_duty = table["value_at_stake"] >= 30
    assert set(decided.filter(has_duty)["playbook"]) == {"owed"}
    assert not decided.filter(has_duty)["is_explored"].any()
    assert "owed" not in set(decided.filter(~has_duty)["playbook"])


def test_half_a_call_a_week_is_a_call_in_every_other_week():
    books = {"call": book(capacity=2), "mail": book(effect=0.1)}
    weeks = [date.fromordinal(WEEK.toordinal() + 7 * week) for week in range(60)]
    calls = []
    for day in weeks:
        decided = decide(company(60, controls=0.0), books, how(0.25), day)
        assert (decided["playbook"] == "call").sum() == 2, "all there is is used, by the lot or without"
        calls.append(int((drawn_for(decided)["playbook"] == "call").sum()))
    assert set(calls) == {0, 1}, "the lot takes a quarter of what there is: never two"
    assert 8 <= sum(calls) <= 29, "half a call is possible each week, and taken when the lot falls on it"


def test_a_budget_is_shared_in_money():
    books = {"call": book(cost=4.0), "mail": book(cost=1.0)}
    decided = decide(company(2000, controls=0.0), books, how(0.2), limits=Limits(budget=500.0))
    assert drawn_for(decided)["cost"].sum() == pytest.approx(100.0, abs=4.0)
    assert decided["cost"].sum() <= 500


changes = st.fixed_dictionaries(
    {
        "value_at_stake": st.sampled_from([0.0, 1.0, 5.0, 30.0]),
        "is_control": st.booleans(),
        "loss_making": st.booleans(),
        "strategic": st.booleans(),
        "disputes_open": st.integers(0, 1),
        "sent_7d": st.integers(0, 3),
        "email_opt_in": st.sampled_from([True, False, None]),
        "open_playbook": st.sampled_from([None, "mail"]),
        "owner": st.sampled_from([None, "Ann", "Bo"]),
    }
)
weeks = st.lists(changes, min_size=1, max_size=25)


@settings(max_examples=40, deadline=None)
@given(weeks, st.floats(0, 0.5), st.integers(0, 99), st.sampled_from([None, 1, 3]), st.sampled_from([None, 3.0, 20.0]))
def test_no_rule_gives_way_whatever_the_week(rows, share, seed, hands, budget):
    books = {
        "owed": book(duty=True, when="risk_band = low"),
        "call": book(tactic="friendly-check-in-call", channel="phone", cost=2.0, capacity=4),
        "mail": book(channel="e-mail", cost=0.5),
        "offer": book(tactic="discount-promotion", channel="e-mail", cost=1.0, when="value_at_stake >= 5"),
    }
    table = frame(*rows).with_columns(open_given_day=pl.when(pl.col("open_playbook") == "mail").then(pl.lit(WEEK)))
    limits = Limits(budget=budget, who={} if hands is None else {"us": hands}, owner=hands)
    held = eligibility.check_eligibility(table, books, context())
    now, without = (
        decide(table, books, learning, eligibility=held, limits=limits) for learning in (how(share, seed), None)
    )
    for row, (customer, was) in enumerate(zip(now.to_dicts(), without.to_dicts(), strict=True)):
        what = customer["playbook"] or customer["would_have_been"]
        assert not customer["is_control"] or customer["playbook"] in {None, "owed"}
        if not customer["is_explored"]:
            continue
        arms = customer["explored_arms"].split(";")
        assert customer["propensity"] * (len(arms) + 1) == pytest.approx(1), "of all arms and nothing together"
        assert what is None or what in arms
        assert was["waiting_duty"] is None and was["playbook"] != "owed" and "owed" not in arms
        assert held.kept["chosen"][row] is None, "an open action goes on"
        for name in arms:
            assert held.held[list(books).index(name)][row] is None, "guards and contact policy"
            pays = customer["value_at_stake"] > books[name].cost and not customer["loss_making"]
            assert pays or customer["strategic"]
            assert name != "offer" or customer["value_at_stake"] >= 5, "its rule"
    new = now.filter(
        pl.col("playbook").is_not_null(), pl.col("open_playbook").is_null() | (pl.col("playbook") != "mail")
    )
    counts = Counter(new["playbook"].to_list())
    assert counts["call"] <= 4
    paid = float(now.filter(~pl.col("is_control"))["cost"].sum())
    assert budget is None or paid <= budget + float(now.filter(pl.col("open_playbook") == "mail")["cost"].sum()) + 1e-9
    assert hands is None or new.filter(pl.col("playbook") != "owed").height <= hands
    if hands is not None:
        by_owner = new.filter(pl.col("owner").is_not_null(), pl.col("work") == "task").group_by("owner").len()
        assert all(number <= hands for number in by_owner["len"])
