"""Profit: the published measure against brute force, and the curve against counting by hand."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from pipeline.evaluation.profit import Terms, expected_maximum_profit, length_that_pays, profit_curve

PUBLISHED = Terms(contact_cost=1.0, offer_cost=10.0, acceptance_alpha=6.0, acceptance_beta=14.0)
TERMS = st.builds(Terms, st.floats(0, 5), st.floats(0.1, 30), st.floats(0.5, 20), st.floats(0.5, 20))


@st.composite
def outcomes(draw):
    """Labels of both kinds and scores with ties."""
    rows = draw(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=2, max_size=30))
    churned = np.array([0, 1, *(label for label, _ in rows)], dtype=np.int8)
    score = np.array([draw(st.integers(0, 6)), draw(st.integers(0, 6)), *(place for _, place in rows)], dtype=float)
    return churned, score


def by_hand(churned: np.ndarray, score: np.ndarray, value: float, terms: Terms, rates: np.ndarray) -> np.ndarray:
    """For each acceptance rate, the best profit per customer over every threshold there is, and the share it lists."""
    profits, shares = [np.zeros_like(rates)], [0.0]
    for threshold in np.unique(score)[::-1]:
        listed = score >= threshold
        lost, others = int((listed & (churned == 1)).sum()), int((listed & (churned == 0)).sum())
        profit = lost * (rates * (value - terms.offer_cost) - terms.contact_cost)
        profits.append((profit - others * (terms.offer_cost + terms.contact_cost)) / len(score))
        shares.append(listed.mean())
    best = np.argmax(profits, axis=0)
    return np.array([np.max(profits, axis=0), np.array(shares)[best]])


@given(outcomes(), TERMS, st.floats(31, 500))
def test_the_closed_form_is_what_integration_finds(case, terms, value):
    """Over equally likely acceptance rates, the best threshold of each, by trying them all."""
    churned, score = case
    rates = beta.ppf((np.arange(2000) + 0.5) / 2000, terms.acceptance_alpha, terms.acceptance_beta)
    expected = by_hand(churned, score, value, terms, rates)[0].mean()
    found = expected_maximum_profit(churned, score, value, terms)
    assert found.per_customer == pytest.approx(expected, abs=2e-3 * max(1, expected))
    assert 0 <= found.share <= 1


def test_the_published_terms_agree_with_brute_force():
    random = np.random.default_rng(2)
    churned = (random.random(500) < 0.15).astype(np.int8)
    score = np.round(churned * 0.8 + random.normal(size=500), 1)
    found = expected_maximum_profit(churned, score, 200.0, PUBLISHED)
    rates = (np.arange(200_000) + 0.5) / 200_000
    profit, share = by_hand(churned, score, 200.0, PUBLISHED, rates) @ beta.pdf(rates, 6, 14) / len(rates)
    assert found.per_customer == pytest.approx(profit, rel=1e-6)
    assert found.share == pytest.approx(share, rel=1e-4)


def test_a_perfect_ranking_lists_the_churners_and_nobody_else():
    churned = np.array([1] * 3 + [0] * 7, dtype=np.int8)
    found = expected_maximum_profit(churned, churned.astype(float), 200.0, PUBLISHED)
    assert found.share == pytest.approx(0.3, abs=1e-6)
    assert found.per_customer == pytest.approx(0.3 * (0.3 * 190 - 1), abs=1e-6)


def test_no_ranking_at_all_earns_only_where_everybody_is_worth_it():
    churned = np.array([1, 0] * 50, dtype=np.int8)
    all_or_nobody = expected_maximum_profit(churned, np.zeros(100), 200.0, PUBLISHED)
    assert 0 < all_or_nobody.share < 1, "everybody at high acceptance rates, nobody at low ones"
    assert expected_maximum_profit(churned, np.zeros(100), 20.0, PUBLISHED).per_customer == pytest.approx(0, abs=1e-3)


@given(outcomes(), TERMS, st.floats(31, 500))
def test_only_the_order_of_scores_matters(case, terms, value):
    churned, score = case
    assert expected_maximum_profit(churned, score, value, terms) == expected_maximum_profit(
        churned, np.exp(score) - 7, value, terms
    )


def test_the_curve_is_counting():
    churned = np.array([1, 0, 1, 0], dtype=np.int8)
    score, value = np.array([0.9, 0.5, 0.5, 0.1]), np.array([110.0, 0.0, 60.0, 0.0])
    # Acceptance 0.3: the churners bring 0.3 x 100 - 1 and 0.3 x 50 - 1, each of the others -11.
    curve = profit_curve(churned, score, value, PUBLISHED)
    found = dict(zip(curve["customers"], curve["profit"], strict=True))
    assert found == pytest.approx({1: 29.0, 2: 29 + (14 - 11) / 2, 3: 32.0, 4: 21.0})
    assert curve["list_length_percent"].to_list() == list(range(1, 101))
    best = length_that_pays(churned, score, value, PUBLISHED)
    assert (best.customers, best.profit) == (3, pytest.approx(32.0))


@given(outcomes(), TERMS, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_a_tie_decides(case, terms, dice):
    churned, score = case
    value = np.arange(len(score), dtype=float) * 10
    order = list(range(len(score)))
    dice.shuffle(order)
    left = profit_curve(churned, score, value, terms)
    right = profit_curve(churned[order], score[order], value[order], terms)
    assert left["profit"].to_numpy() == pytest.approx(right["profit"].to_numpy(), abs=1e-6)
    best = length_that_pays(churned, score, value, terms)
    assert best.profit >= max(0.0, float(left["profit"].max())) - 1e-6
    assert (best.customers == 0) == (best.profit == 0)


def test_no_list_pays_where_a_contact_costs_more_than_it_keeps():
    churned = np.ones(5, dtype=np.int8)
    best = length_that_pays(churned, np.arange(5.0), np.full(5, 12.0), PUBLISHED)
    assert (best.customers, best.profit) == (0, 0.0)


def test_the_terms_are_those_of_the_settings(settings):
    found = Terms.of(settings.evaluate)
    assert found == PUBLISHED, "the committed settings are those of the paper"
    assert found.acceptance == 0.3


def test_the_columns_of_the_curve():
    curve = profit_curve(np.array([1], dtype=np.int8), np.array([0.5]), np.array([100.0]), PUBLISHED)
    assert curve.schema == {"list_length_percent": pl.Int64, "customers": pl.Int64, "profit": pl.Float64}


@pytest.mark.parametrize("value", [10.0, 0.5, 0.0])
def test_an_offer_that_costs_more_than_it_keeps_is_never_made(value):
    churned, score = np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.8, 0.3, 0.1])
    earned = expected_maximum_profit(churned, score, value, PUBLISHED)
    assert (earned.per_customer, earned.share) == (0.0, 0.0)
