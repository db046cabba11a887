"""The control group: settled by the customer alone, and out of every playbook's way."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import params
from pipeline.config.errors import BadParams
from pipeline.config.params import Control
from pipeline.decisions import assignment, control_group, cooldown
from pipeline.playbooks.config.playbook import Playbook

SETTINGS = Control(share=0.3, salt="left-alone", version=1)
TIERS = ("top", "middle", "tail")
TODAY = date(2024, 1, 29)

ids = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=30, unique=True)
shares = st.floats(0, 0.5)
salts = st.text(min_size=1, max_size=8)


def left_alone(customers: list[str], how: Control = SETTINGS) -> set[str]:
    marked = control_group.mark(pl.DataFrame({"customer_id": customers}), how)
    return set(marked.filter("is_control")["customer_id"])


def many(number: int = 20_000) -> list[str]:
    return [f"c{at}" for at in range(number)]


@given(ids, st.sets(st.text(max_size=8)), shares, salts, st.randoms(use_true_random=False))
def test_nobody_else_and_no_order_changes_who_is_left_alone(customers, others, share, salt, dice):
    how = Control(share=share, salt=salt, version=1)
    found = left_alone(customers, how)
    mixed = [*customers, *(others - set(customers))]
    dice.shuffle(mixed)
    assert left_alone(mixed, how) & set(customers) == found
    assert left_alone(customers, how) == found, "run again"


@given(ids, shares, shares, salts)
def test_a_larger_share_keeps_all_who_were_in(customers, one, other, salt):
    less, more = sorted((one, other))
    assert left_alone(customers, Control(share=less, salt=salt, version=1)) <= left_alone(
        customers, Control(share=more, salt=salt, version=1)
    )


def test_who_is_left_alone_is_pinned():
    """Found with another tool: SHA-256 of (the SHA-256 of '1:left-alone', then the id) below 30 % of its range."""
    assert left_alone(many(20)) == {"c1", "c2", "c6", "c11", "c15", "c17", "c19"}


@pytest.mark.parametrize("change", [{"version": 2}, {"salt": "another"}])
def test_another_version_or_salt_draws_anew(change):
    before, after = left_alone(many()), left_alone(many(), SETTINGS.model_copy(update=change))
    # Of two groups that know nothing of each other, the second holds of the first what it holds of all.
    assert len(before & after) / len(before) == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
def test_the_share_is_near_in_every_value_tier(share):
    table = pl.DataFrame({"customer_id": many()}).with_columns(
        pl.Series("value_tier", [TIERS[at % 3] for at in range(20_000)])
    )
    found = control_group.shares(control_group.mark(table, SETTINGS.model_copy(update={"share": share})))
    deviation = (share * (1 - share) / 20_000) ** 0.5
    assert found["share"] == pytest.approx(share, abs=4 * deviation)
    assert set(found["share_by_value_tier"]) == set(TIERS)
    for told in found["share_by_value_tier"].values():
        assert told == pytest.approx(share, abs=4 * deviation * 3**0.5)


@given(ids, st.lists(st.sampled_from(TIERS), min_size=30, max_size=30), st.floats(-9, 9))
def test_a_change_of_tier_or_score_moves_nobody_in_or_out(customers, tiers, stake):
    table = pl.DataFrame({"customer_id": customers})
    scored = table.with_columns(pl.Series("value_tier", tiers[: len(customers)]), pl.lit(stake).alias("value_at_stake"))
    plain = control_group.mark(table, SETTINGS)["is_control"]
    assert control_group.mark(scored, SETTINGS)["is_control"].to_list() == plain.to_list()


@pytest.mark.parametrize("how", [None, SETTINGS.model_copy(update={"share": 0.0})])
def test_a_share_of_nothing_leaves_nobody_alone(how):
    marked = control_group.mark(pl.DataFrame({"customer_id": many(100)}), how)
    assert marked["is_control"].to_list() == [False] * 100


def test_nobody_scored_is_no_failure():
    nobody = pl.DataFrame(schema={"customer_id": pl.String, "value_tier": pl.String})
    assert control_group.shares(control_group.mark(nobody, SETTINGS)) == {
        "customers": 0,
        "share": 0.0,
        "share_by_value_tier": {},
    }


def playbook(**more) -> Playbook:
    usual = {"tactic": "thank-you-email", "when": "everyone", "cost": 0.0}
    return Playbook(action="Do it", channel="mail", who="us", due_in_days=1, **usual | more)


def decide(
    stakes: dict[str, float], controls: set[str], books: dict[str, Playbook], earlier: list[tuple] = ()
) -> dict[str, dict]:
    table = pl.DataFrame({"customer_id": list(stakes), "value_at_stake": list(stakes.values())}).with_columns(
        pl.col("customer_id").is_in(list(controls)).alias("is_control"), churn_probability=0.5, loss_making=False,
        strategic=False, tier=pl.lit("loyal"), risk_band=pl.lit("high"), owner=pl.lit("Ann"),
    )  # fmt: skip
    before = pl.DataFrame(list(earlier), schema=cooldown.EARLIER, orient="row")
    return {row["customer_id"]: row for row in assignment.plan(table, books, TODAY, "EUR", before)[0].to_dicts()}


def test_a_control_is_given_nothing_and_what_it_would_have_been_is_kept():
    book = playbook(caution="Mind", tactic="conflict-resolution", cost=2.0)
    found = decide({"a": 9.0, "b": 9.0, "c": 1.0, "d": 1.0}, {"a", "c"}, {"call": book})
    assert (found["a"]["playbook"], found["a"]["would_have_been"]) == (None, "call")
    assert (found["b"]["playbook"], found["b"]["would_have_been"]) == ("call", None)
    assert (found["c"]["playbook"], found["c"]["would_have_been"]) == (None, None), "too little is at stake"
    assert found["a"]["why_not"] == found["c"]["why_not"] == control_group.LEFT_ALONE
    assert found["b"]["why_not"] is None
    assert found["d"]["why_not"].startswith("nothing, because it would cost 2.00 EUR")
    for name in ("action", "channel", "who", "tactic", "task_owner", "due_day", "cost", "caution"):
        assert found["a"][name] is None and found["b"][name] is not None, name


def test_controls_take_no_room_and_stand_where_there_would_have_been_some():
    stakes = {"a": 9.0, "b": 8.0, "c": 7.0, "d": 6.0, "e": 5.0, "f": 4.0}
    found = decide(stakes, {"a", "c", "f"}, {"call": playbook(capacity=2), "mail": playbook(effect=0.5)})
    given = {name: row["playbook"] for name, row in found.items() if row["playbook"]}
    assert given == {"b": "call", "d": "call", "e": "mail"}
    imagined = {name: row["would_have_been"] for name, row in found.items() if row["would_have_been"]}
    assert imagined == {"a": "call", "c": "call", "f": "mail"}


# What was given, or would have been, a week ago to a customer who is now a control or not.
@pytest.mark.parametrize(
    ("is_control", "given", "imagined", "rests"),
    [(True, None, "call", True), (True, "call", None, True), (True, None, None, False),
     (False, "call", None, True), (False, None, "call", False)],
)  # fmt: skip
def test_a_control_goes_through_the_same_rests_in_thought(is_control, given, imagined, rests):
    books = {"call": playbook(cooldown_days=28), "mail": playbook()}
    row = decide(
        {"a": 9.0}, {"a"} if is_control else set(), books, [("a", TODAY - timedelta(days=7), given, imagined)]
    )["a"]
    assert row["would_have_been" if is_control else "playbook"] == ("mail" if rests else "call")


stakes_drawn = st.lists(st.integers(-2, 9).map(float), min_size=1, max_size=25)
books_drawn = st.lists(
    st.tuples(
        st.integers(0, 5).map(float),  # cost
        st.sampled_from([None, 0.5, 1.0]),  # effect
        st.sampled_from([None, 1, 2, 5]),  # capacity
        st.sampled_from([None, 7, 8, 30]),  # cooldown
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(stakes_drawn, books_drawn, st.randoms(use_true_random=False))
def test_all_rules_at_once_hold_whatever_the_week(amounts, drawn_books, dice):
    stakes = {f"c{at:02d}": amount for at, amount in enumerate(amounts)}
    books = {
        f"book{at}": playbook(cost=cost, effect=effect, capacity=capacity, cooldown_days=rest)
        for at, (cost, effect, capacity, rest) in enumerate(drawn_books)
    }
    controls = {name for name in stakes if dice.random() < 0.3}
    earlier = {
        (who, name): TODAY - timedelta(days=dice.choice([7, 14, 28]))
        for who in stakes for name in books if dice.random() < 0.3
    }  # fmt: skip
    given_before = [
        (who, day, None if who in controls else name, name if who in controls else None)
        for (who, name), day in earlier.items()
    ]
    found = decide(stakes, controls, books, given_before)

    def can_have(who: str, name: str) -> bool:
        last, rest = earlier.get((who, name)), books[name].cooldown_days
        rested = rest is None or last is None or (TODAY - last).days >= rest
        return rested and stakes[who] * (books[name].effect or 1) > books[name].cost

    full = {name: book.capacity is not None
            and sum(row["playbook"] == name for row in found.values()) >= book.capacity for name, book in books.items()}  # fmt: skip
    for who, row in found.items():
        got = row["would_have_been" if who in controls else "playbook"]
        assert got is None or can_have(who, got)
        if got is None and who not in controls:
            assert all(full[name] for name in books if can_have(who, name)), "nobody goes without where there is room"
        assert (row["playbook"] is None) == (row["why_not"] is not None)
        assert who not in controls or row["playbook"] is None, "disjoint from every action"
        assert row["why_not"] is None or row["why_not"].startswith("nothing, because ")
    for name, book in books.items():
        assert book.capacity is None or sum(row["playbook"] == name for row in found.values()) <= book.capacity
    without = decide({who: stake for who, stake in stakes.items() if who not in controls}, set(), books, given_before)
    assert {who: found[who]["playbook"] for who in without} == {who: row["playbook"] for who, row in without.items()}, (
        "the others get what they would get if the controls were not there"
    )
    mixed = list(stakes)
    dice.shuffle(mixed)
    again = decide({who: stakes[who] for who in mixed}, controls, books, given_before)
    assert {who: again[who] for who in stakes} == found, "in any order of rows"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("share", -0.01, "control.share: input should be greater than or equal to 0, found -0.01"),
        ("share", 0.51, "control.share: input should be less than or equal to 0.5, found 0.51"),
        ("share", 0, None),
        ("share", 0.5, None),
        ("salt", "", "control.salt: string should have at least 1 character, found ''"),
        ("version", 0, "control.version: input should be greater than or equal to 1, found 0"),
        ("versoin", 1, "unknown key 'control.versoin'; did you mean 'version'?"),
    ],
)
def test_each_mistake_in_the_settings_is_answered(root, key, value, message):
    content = params.read_yaml(root / "params.yaml", BadParams)
    content["control"][key] = value
    if message is None:
        assert getattr(params.parse(content).control, key) == value
        return
    with pytest.raises(BadParams) as refused:
        params.parse(content)
    assert str(refused.value).startswith(f"params.yaml: {message}")
