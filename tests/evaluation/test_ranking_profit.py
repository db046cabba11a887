"""What the ranking earns, by hand and by another way of computing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.profit import Terms
from pipeline.evaluation.ranking_profit import gain_by_ranking

TERMS = Terms(1.0, 10.0, 6.0, 14.0)


# With 30 % acceptance, a contact of somebody worth 110 pays from a probability of 11/40 on: 0.3 * 100 * p > 10 (1 - p) + 1.
@pytest.mark.parametrize(
    ("probability", "churned", "customers", "profit", "gain"),
    [
        # One above the bar, who churns: 30 - 1. All taken for alike have a mean of .2, so nobody would be contacted.
        ([0.4, 0.1, 0.1], [1, 0, 0], 1, 29.0, 29.0),
        # The same, but he stays: the offer is wasted.
        ([0.4, 0.1, 0.1], [0, 1, 0], 1, -11.0, -11.0),
        # The mean is .5: everybody would be contacted, 29 - 11 - 11; the ranking leaves the one out who stays.
        ([0.9, 0.5, 0.1], [1, 0, 0], 2, 18.0, 11.0),
        # All alike: the ranking can neither gain nor lose.
        ([0.5, 0.5, 0.5], [1, 0, 1], 3, 47.0, 0.0),
        ([0.1, 0.1, 0.1], [1, 0, 1], 0, 0.0, 0.0),
    ],
)
def test_by_hand(probability, churned, customers, profit, gain):
    found = gain_by_ranking(np.array(churned, dtype=np.int8), np.array(probability), np.full(3, 110.0), TERMS)
    assert found.customers == customers
    assert found.profit.value == pytest.approx(profit)
    assert found.gain.value == pytest.approx(gain)


def test_an_offer_that_costs_more_than_it_keeps_is_made_to_nobody():
    found = gain_by_ranking(np.array([1, 0], dtype=np.int8), np.array([0.99, 0.5]), np.full(2, 9.0), TERMS)
    assert (found.customers, found.profit.value, found.gain.value) == (0, 0.0, 0.0)
    assert (
        str(found.notice(5000))
        == "At the costs assumed for this check, a contact is expected to pay for 0 of 5,000 customers only. "
        "The tasks on a list go by the costs of each playbook instead."
    )


@given(st.integers(0, 10_000))
def test_against_pandas_and_whatever_the_order(seed):
    dice = np.random.default_rng(seed)
    table = pd.DataFrame({"p": dice.beta(1, 3, 60), "value": dice.lognormal(4, 1, 60)})
    table["churned"] = (dice.random(60) < table["p"]).astype(np.int8)
    found = gain_by_ranking(*(table[name].to_numpy() for name in ("churned", "p", "value")), TERMS)
    chosen = table.query("p * 0.3 * (value - 10) > (1 - p) * 10 + 1")
    alike = table[table["p"].mean() * 0.3 * (table["value"] - 10) > (1 - table["p"].mean()) * 10 + 1]

    def earned(rows: pd.DataFrame) -> float:
        left = rows["churned"] == 1
        return (0.3 * (rows.loc[left, "value"] - 10)).sum() - 10 * (~left).sum() - len(rows)

    assert found.customers == len(chosen)
    assert found.profit.value == pytest.approx(earned(chosen), abs=1e-6)
    assert found.gain.value == pytest.approx(earned(chosen) - earned(alike), abs=1e-6)
    mixed = table.sample(frac=1, random_state=seed)
    again = gain_by_ranking(*(mixed[name].to_numpy() for name in ("churned", "p", "value")), TERMS)
    assert (again.customers, again.profit.value) == (found.customers, pytest.approx(found.profit.value))


def test_the_interval_holds_the_mean_nineteen_times_of_twenty():
    dice = np.random.default_rng(3)
    p, value, held = dice.beta(1, 2, 2000), dice.lognormal(4.5, 0.5, 2000), []
    kept = p * 0.3 * (value - 10) - (1 - p) * 10 - 1
    # The interval is of other customers like these, so each draw has customers of its own.
    for _ in range(200):
        who = dice.integers(0, 2000, 800)
        came = (dice.random(800) < p[who]).astype(np.int8)
        found = gain_by_ranking(came, p[who], value[who], TERMS)
        held.append(found.profit.low <= 0.4 * kept[kept > 0].sum() <= found.profit.high)
    assert 0.9 <= np.mean(held) <= 0.99
