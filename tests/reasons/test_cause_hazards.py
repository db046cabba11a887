"""The hazards of causes: slope and curvature against differences, and fits that have arrived."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import newton
from pipeline.reasons import cause_hazards
from pipeline.reasons.cause_hazards import CauseEvidence
from tests.profiles import examples


def made(seed, rows=2000):
    """Customers of two kinds in five and three bins, and three evidences, two of them in steps."""
    dice = np.random.default_rng(seed)
    kinds = [dice.integers(0, bins, rows) for bins in (5, 3)]
    borne, hazard = [], np.exp(dice.uniform(-3, -1)) * np.exp(0.2 * kinds[0])
    for steps in (1, 3, 2):
        own = np.flatnonzero(dice.random(rows) < dice.uniform(0.05, 0.5))
        reached = np.column_stack([np.ones(len(own)), *(dice.random(len(own)) < 0.5 for _ in range(steps - 1))])
        hazard[own] += np.exp(reached @ dice.uniform(-3, 0.5, steps))
        borne.append(CauseEvidence(own, reached.astype(float)))
    return dice.random(rows) < -np.expm1(-hazard), kinds, borne


def test_slope_and_curvature_are_those_of_the_loss(monkeypatch):
    # Blocks of rows that do not come out even.
    monkeypatch.setattr(cause_hazards, "ROWS_AT_ONCE", 700)
    problem = cause_hazards._Problem(*made(1))
    point = problem.start() + np.random.default_rng(2).normal(size=len(problem.mean)) * 0.3
    moves = 1e-6 * np.eye(len(point))
    by_difference = [(problem.loss(point + move)[0] - problem.loss(point - move)[0]) / 2e-6 for move in moves]
    assert problem.loss(point)[1] == pytest.approx(by_difference, rel=1e-6, abs=1e-5)
    assert problem.curvature(point) == pytest.approx(
        newton.differences(lambda x: problem.loss(x)[1], point), rel=1e-6, abs=1e-5
    )


@given(st.integers(0, 2**32 - 1))
@examples(8)
def test_every_fit_arrives(seed):
    ends = []

    def polish(*search):
        ends.append(newton.polish(*search))
        return ends[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cause_hazards, "polish", polish)
        cause_hazards.fit(*made(seed))
    slope = cause_hazards._Problem(*made(seed)).loss(ends[0])[1]
    assert np.abs(slope).max() < 1e-10, "of a sum over 2,000 rows"


def test_without_any_evidence_there_is_nothing_to_hand_back():
    churned, kinds, _ = made(3)
    assert cause_hazards.fit(churned, kinds, []) == []
