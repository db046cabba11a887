"""The baselines for contracts: rates by hand, an order that follows the column, and a hazard that finds its own law."""

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from pipeline.config.params import Label
from pipeline.evaluation import baselines, contract_baselines, metrics

LABEL = Label(kind="cancellation", gap_days=10, horizon_days=20)


def table(**columns: list) -> pl.DataFrame:
    rows = len(next(iter(columns.values())))
    return pl.DataFrame({"days_since_first_order": [100] * rows} | columns)


def test_rates_by_days_to_renewal_are_those_counted_by_hand():
    # Of those due in 5 days, two of three ended; in 40 days, one of four; one of two without a renewal.
    days = [5, 5, 5, 40, 40, 40, 40, None, None]
    churned = np.array([1, 1, 0, 1, 0, 0, 0, 1, 0], dtype=np.int8)
    rule = contract_baselines.RenewalRule(table(days_to_renewal=days), churned)
    found = rule.probability(table(days_to_renewal=[5, 40, 100, 0, None]))
    assert found == pytest.approx([2 / 3, 1 / 4, 1 / 4, 2 / 3, 1 / 2], abs=1e-6)
    assert found[3] > found[0] > found[1] > found[2], "the nearer first, among equal rates too"


def test_more_requests_are_never_less_likely_and_ties_stay_ties():
    tickets = [0, 0, 0, 0, 1, 1, 3, 3, 2, 2]
    churned = np.array([0, 0, 0, 1, 1, 0, 1, 1, 0, 0], dtype=np.int8)
    rule = contract_baselines.TicketRule(table(tickets_90d=tickets), churned)
    found = rule.probability(table(tickets_90d=[0, 1, 2, 3, 9, 1]))
    assert (np.diff(found[:5]) > 0).all()
    assert found[1] == found[5]
    # One and two are pooled, since of two requests fewer ended than of one.
    assert found[:4] == pytest.approx([0.25, 0.25, 0.25, 1.0], abs=1e-6)


def contracts(rows: int, seed: int) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Contracts with a hazard that is known: much of it when the renewal lies in the window, and by requests."""
    dice = np.random.default_rng(seed)
    renewal = dice.integers(0, 365, rows).astype(float)
    renewal[dice.random(rows) < 0.2] = np.nan
    tickets, age = dice.poisson(1.0, rows), dice.integers(0, 2000, rows)
    due = ~np.isnan(renewal) & (renewal < 30)
    true = expit(-3.0 + 2.5 * due + 0.8 * np.log1p(tickets) + 0.7 * (age < 90))
    features = pl.DataFrame(
        {
            "days_since_first_order": age,
            "days_to_renewal": pl.Series(renewal).fill_nan(None),
            "tickets_90d": tickets,
        }
    )
    return features, (dice.random(rows) < true).astype(np.int8), true


def test_the_hazard_finds_the_law_it_was_drawn_from():
    features, churned, _ = contracts(20_000, 1)
    later, came, true = contracts(20_000, 2)
    found = contract_baselines.ContractHazard(features, churned, LABEL).probability(later)
    assert metrics.auc(came, found) > metrics.auc(came, true) - 0.005
    assert np.abs(found - true).mean() < 0.01
    due = (later["days_to_renewal"].fill_null(999) < 30).to_numpy()
    assert found[due].mean() == pytest.approx(came[due].mean(), abs=0.02)
    for rule in (contract_baselines.RenewalRule, contract_baselines.TicketRule):
        alone = metrics.auc(came, rule(features, churned).probability(later))
        assert 0.55 < alone < metrics.auc(came, found), "each knows a part of it"


def test_only_contracts_get_them_and_only_with_the_columns():
    features, churned, _ = contracts(500, 1)

    def names(label: Label, without: list[str]) -> set[str]:
        return {one.name for one in contract_baselines.fit_contract(features.drop(without), churned, label)}

    assert names(LABEL, []) == {"renewal_rule", "ticket_rule", "contract_hazard"}
    assert names(LABEL, ["tickets_90d"]) == {"renewal_rule", "contract_hazard"}
    assert names(LABEL, ["days_to_renewal"]) == {"ticket_rule"}
    assert names(Label(kind="inactivity", gap_days=10, horizon_days=20), []) == set()
    blank = features.with_columns(days_to_renewal=pl.lit(None, dtype=pl.Int64))
    assert [one.name for one in contract_baselines.fit_contract(blank, churned, LABEL)] == ["ticket_rule"]
    assert {"renewal_rule", "contract_hazard"} <= {
        kind.name for kind in vars(baselines).values() if isinstance(kind, type) and hasattr(kind, "name")
    }
