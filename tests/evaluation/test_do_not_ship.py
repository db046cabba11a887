"""Companies drawn anew: without a signal none ships, with one none is refused, and nothing on a list contradicts the rest."""

import re

import numpy as np
import polars as pl
import pytest

from pipeline.evaluation import profit, report
from pipeline.evaluation.profit import length_that_pays
from pipeline.evaluation.ranking_profit import HARDLY_ANY, gain_by_ranking
from tests.evaluation import drawn_companies

# One of each by day; the whole numbers of the promise at night.
AT_NIGHT = {"signal": 50, "memoryless": 100, "shuffled": 100}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The companies of one draw, scored at each origin."""
    return {kind: drawn_companies.scored(kind, 0, tmp_path_factory.mktemp(kind)) for kind in drawn_companies.KINDS}


def test_only_the_company_with_a_signal_ships(drawn):
    letters = {kind: drawn_companies.graded(parts)[0].letter for kind, parts in drawn.items()}
    assert letters["signal"] in "ABC"
    assert letters["memoryless"] == letters["shuffled"] == "F"


@pytest.mark.nightly
@pytest.mark.parametrize("kind", drawn_companies.KINDS)
def test_every_draw(kind, tmp_path_factory):
    letters = {}
    for seed in range(AT_NIGHT[kind]):
        parts = drawn_companies.scored(kind, seed, tmp_path_factory.mktemp(kind))
        letters[seed] = drawn_companies.graded(parts)[0].letter
    refused = [seed for seed, letter in letters.items() if letter == "F"]
    assert len(refused) == (0 if kind == "signal" else len(letters)), letters


@pytest.mark.parametrize("value", [4.0, 40.0, 4000.0])
@pytest.mark.parametrize("kind", drawn_companies.KINDS)
def test_verdict_profit_plot_and_length_of_the_list_agree(drawn, kind, value):
    parts = drawn[kind]
    settings, test = drawn_companies.settings_for().evaluate, parts[-1]
    terms, worth = profit.Terms.of(settings), np.full(len(test.churned), value)
    graded, verdict = drawn_companies.graded(parts, value)
    chosen = gain_by_ranking(test.churned, test.scored["model"], worth, terms)
    curve = report.profit_curves(test, worth, terms)
    reported = report.profit(test, worth, terms, chosen)
    best = length_that_pays(test.churned, test.scored["model"], worth, terms)
    # The plot never rises above what the best list earns, and comes close to it.
    assert reported["length_that_pays"] == best.customers
    assert curve["model"].max() <= best.profit + 1e-9
    if best.customers == 0:
        assert curve["model"].max() <= 0
    # All are worth the same, so the riskiest are those for whom most is expected: the plot has one curve for both.
    if value > terms.offer_cost:
        assert curve["model"].to_list() == pytest.approx(curve["expected_profit"].to_list())
    # The sentence names the very number of customers for whom a contact is expected to pay, where that is hardly any.
    p = pl.Series(test.scored["model"])
    pays = int((p * 0.3 * (value - 10) - (1 - p) * 10 - 1 > 0).sum())
    assert reported["expected_to_pay"] == pays
    named = re.search(r"a contact is expected to pay for ([0-9,]+) of ([0-9,]+) customers only", str(verdict.words))
    assert (named is not None) == (graded.ships and pays < HARDLY_ANY * len(p)), str(verdict)
    if named:
        assert [int(each.replace(",", "")) for each in named.groups()] == [pays, len(p)]
    # No list where the ranking is not worth acting on, whatever the plot says.
    assert ("do not ship" in str(verdict.words)) == (not graded.ships)
    if not graded.ships:
        assert "is not worth acting on" in str(verdict.words)
