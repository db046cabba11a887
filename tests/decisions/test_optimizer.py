"""Sharing out: never beyond a limit, never worse than its bound says, the same in any order."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decisions import optimizer
from pipeline.decisions.optimizer import NOTHING, Limit, Shares, allocate
from tests.drawing import drawn

NAN = float("nan")

# Profit of a call, a letter and a gift for each customer, and how many calls, letters and how much money there is.
CASES = """
    | profits                | calls | letters | money | given       | why                                           |
    | 9 1 . / 8 6 . / 7 1 .  | 2     | 9       | 99    | call letter call | the call goes where it matters most      |
    | 9 1 . / 8 6 . / 7 1 .  | 9     | 9       | 99    | call call call   | nothing is short                         |
    | 9 . . / 8 . .          | 0     | 9       | 99    | - -         | nobody is called where nobody can call        |
    | 0 -1 .                 | 9     | 9       | 99    | -           | what brings nothing is not done               |
    | . . .                  | 9     | 9       | 99    | -           | nothing is open to the customer               |
    | 5 5 .                  | 9     | 9       | 99    | call        | of equals the first of the file               |
    | . . 5 / . . 4          | 9     | 9       | 3     | gift -      | money for one gift                            |
    | . . 5 / . . 4          | 9     | 9       | 6     | gift gift   | money for both                                |
    | 9 5 . / 9 . .          | 1     | 9       | 99    | letter call | who has nothing else is called                |
"""
NAMES = ("call", "letter", "gift")


def limits(calls: float, letters: float, money: float) -> list[Limit]:
    return [Limit("calls", calls, (1, 0, 0)), Limit("letters", letters, (0, 1, 0)), Limit("budget", money, (0, 0, 3))]


@pytest.mark.parametrize("case", drawn(CASES), ids=lambda case: case["why"])
def test_who_is_given_what(case):
    profit = np.array([[NAN if cell == "." else float(cell) for cell in row.split()]
                       for row in case["profits"].split("/")])  # fmt: skip
    plan = allocate(profit, limits(*(float(case[name]) for name in ("calls", "letters", "money"))),
                    np.zeros(len(profit), dtype=bool))  # fmt: skip
    given_names = ["-" if place == NOTHING else NAMES[place] for place in plan.places]
    assert given_names == case["given"].split()


def test_a_price_says_what_one_more_would_keep():
    profit = np.array([[9.0], [8.0], [7.0]])
    one, two = (allocate(profit, [Limit("calls", room, (1.0,))], np.zeros(3, dtype=bool)) for room in (1, 2))
    assert one.prices["calls"] == two.value - one.value == 8
    assert one.used == {"calls": 1.0} and one.gap < 1e-5
    assert allocate(profit, [Limit("calls", 3, (1.0,))], np.zeros(3, dtype=bool)).prices == {"calls": 0.0}


def test_a_limit_that_only_matters_once_another_is_dear_is_kept():
    # Everybody prefers the call; once calls are short, everybody turns to the letter, of which there is one.
    profit = np.array([[9.0, 8.0]] * 5)
    plan = allocate(profit, [Limit("calls", 1, (1, 0)), Limit("letters", 1, (0, 1))], np.zeros(5, dtype=bool))
    assert sorted(plan.places.tolist()) == [NOTHING, NOTHING, NOTHING, 0, 1]
    assert plan.prices == {"calls": 9.0, "letters": 8.0}


def test_the_second_best_is_told():
    profit = np.array([[9.0, 5.0, 2.0], [9.0, NAN, NAN], [NAN, NAN, NAN]])
    plan = allocate(profit, [], np.zeros(3, dtype=bool))
    assert plan.second.tolist() == [1, NOTHING, NOTHING]


def test_a_control_takes_no_room_and_stands_at_the_same_bar():
    profit = np.array([[9.0], [8.0], [7.0], [6.0], [9.5], [1.0]])
    controls = np.array([False, False, False, False, True, True])
    plan = allocate(profit, [Limit("calls", 2, (1.0,))], controls)
    assert plan.places.tolist() == [0, 0, NOTHING, NOTHING, 0, NOTHING]
    without = allocate(profit[:4], [Limit("calls", 2, (1.0,))], controls[:4])
    assert (without.places.tolist(), without.prices) == (plan.places[:4].tolist(), plan.prices)


@st.composite
def problems(draw):
    customers, books = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    cell = st.one_of(st.just(NAN), st.integers(-2, 9).map(float))
    profit = np.array([[draw(cell) for _ in range(books)] for _ in range(customers)])
    one = st.builds(
        lambda room, uses: (room, uses),
        st.integers(0, 6),
        st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=books, max_size=books),
    )
    rooms = draw(st.lists(one, max_size=3))
    found = [Limit(f"limit {at}", float(room), tuple(uses)) for at, (room, uses) in enumerate(rooms)]
    owner = st.integers(-1, 1)
    shares = Shares(
        np.array([draw(owner) for _ in range(customers)]),
        np.array([float(draw(st.integers(0, 3))) for _ in range(2)]),
        np.array([draw(st.sampled_from([0.0, 1.0])) for _ in range(books)]),
    )
    return profit, found, np.array([draw(st.booleans()) for _ in range(customers)]), draw(st.none() | st.just(shares))


def by_owner(shares, places, controls) -> list[float]:
    """What each owner would have to do."""
    done = [0.0, 0.0]
    for owner, place, control in zip(shares.owner, places, controls, strict=True):
        if owner != NOTHING and place != NOTHING and not control:
            done[owner] += shares.takes[place]
    return done


def best_by_trying(profit, found, controls, shares) -> float:
    free = [row for row, control in zip(profit, controls, strict=True) if not control]
    own = None if shares is None else shares.of(~controls)
    best = 0.0
    for choice in itertools.product(range(-1, profit.shape[1]), repeat=len(free)):
        taken = [(row[at], at) for row, at in zip(free, choice, strict=True) if at >= 0]
        if all(worth > 0 for worth, _ in taken) and all(
            sum(limit.uses[at] for _, at in taken) <= limit.room + 1e-9 for limit in found
        ):
            if own and (np.array(by_owner(own, choice, [False] * len(free))) > own.room).any():
                continue
            best = max(best, sum(worth for worth, _ in taken))
    return best


@settings(max_examples=300, deadline=None)
@given(problems())
def test_no_limit_is_exceeded_and_the_bound_is_one(problem):
    profit, found, controls, shares = problem
    plan = allocate(profit, found, controls, shares)
    if shares is not None:
        assert (np.array(by_owner(shares, plan.places, controls)) <= shares.room).all()
    for limit in found:
        assert plan.used[limit.name] <= limit.room + 1e-6
        own = [
            limit.uses[at] for at, control in zip(plan.places, controls, strict=True) if at != NOTHING and not control
        ]
        assert plan.used[limit.name] == pytest.approx(sum(own))
    for row, place in zip(profit, plan.places, strict=True):
        assert place == NOTHING or row[place] > 0, "only what is open and pays"
    best = best_by_trying(profit, found, controls, shares)
    assert plan.value <= best + 1e-6 <= plan.bound + 2e-5
    assert plan.value >= best / 2 - 1e-6
    if not found and shares is None:
        assert plan.value == pytest.approx(best)


@pytest.mark.parametrize("pairs", [4_000, optimizer.MAX_PAIRS])
def test_many_customers_come_within_a_hundredth_of_the_bound(monkeypatch, pairs):
    monkeypatch.setattr(optimizer, "MAX_PAIRS", pairs)
    dice, customers, books = np.random.default_rng(1), 6000, 12
    effect, cost = dice.uniform(0.05, 0.4, books), dice.uniform(0, 6, books)
    profit = dice.lognormal(2.5, 1, customers)[:, None] * effect * dice.uniform(0.5, 1.5, (customers, books)) - cost
    profit[dice.random(profit.shape) < 0.6] = NAN
    team = dice.integers(0, 3, books)
    found = [Limit(f"team {at}", 250, tuple((team == at).astype(float))) for at in range(3)]
    found.append(Limit("budget", 1500.0, tuple(cost)))
    # Three of four have an owner who can act on 15 of their 45, by half of the playbooks.
    shares = Shares(
        np.where(dice.random(customers) < 0.75, dice.integers(0, 100, customers), NOTHING),
        np.full(100, 15.0),
        (np.arange(books) % 2).astype(float),
    )
    plan = allocate(profit, found, np.zeros(customers, dtype=bool), shares)
    assert plan.gap < 0.01
    assert (shares.less(plan.places) >= 0).all()
    assert any(plan.prices.values())
    assert all(plan.used[limit.name] <= limit.room + 1e-6 for limit in found)
