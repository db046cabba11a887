"""The integrated Brier score, held to a sum that is written out day by day and row by row."""

import numpy as np
import pytest

from pipeline.evaluation import integrated_brier


def drawn(seed: int, rows: int = 300):
    dice = np.random.default_rng(seed)
    days = np.sort(dice.choice(np.arange(1, 366), 12, replace=False)).tolist()
    no_event = np.sort(dice.random((rows, len(days))), axis=1)[:, ::-1]
    return no_event, dice.integers(0, 400, rows), days


def by_hand(no_event, came, days) -> list[float]:
    scores = []
    for chances, day_of_event in zip(no_event, came, strict=True):
        total, before = 0.0, 0
        for chance, day in zip(chances, days, strict=True):
            happened = 0.0 if day_of_event >= day else 1.0
            total += (day - before) * ((1 - chance) - happened) ** 2
            before = day
        scores.append(total / days[-1])
    return scores


@pytest.mark.parametrize("seed", range(5))
def test_each_row_is_the_mean_of_its_days_weighted_by_the_days_before(seed):
    given = drawn(seed)
    wanted = by_hand(*given)
    np.testing.assert_allclose(integrated_brier.row_scores(*given), wanted, rtol=0, atol=1e-12)
    assert integrated_brier.mean_score(*given) == pytest.approx(np.mean(wanted), abs=1e-12)


def test_day_by_day_or_row_by_row_it_is_the_same_mean():
    no_event, came, days = drawn(9)
    by_day = np.mean((no_event - (came[:, None] >= np.array(days))) ** 2, axis=0)
    wanted = np.average(by_day, weights=np.diff(days, prepend=0))
    assert integrated_brier.mean_score(no_event, came, days) == pytest.approx(wanted, abs=1e-12)


def test_who_knows_all_scores_zero_and_who_knows_nothing_a_quarter():
    no_event, came, days = drawn(2)
    silent = (came[:, None] >= np.array(days)).astype(np.float64)
    assert integrated_brier.mean_score(silent, came, days) == 0
    assert integrated_brier.row_scores(np.full_like(no_event, 0.5), came, days) == pytest.approx(0.25, abs=1e-12)


def test_the_day_of_the_event_itself_is_still_without_one_until_it():
    came = np.array([9, 10, 11])
    assert integrated_brier.row_scores(np.ones((3, 1)), came, [10]).tolist() == [1, 0, 0]
