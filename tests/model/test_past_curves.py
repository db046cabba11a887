"""Curves that would have been right: from tables counted by hand, and of a model whose past is cut off."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from pipeline.model import past_curves
from pipeline.model.calibration import Calibration
from pipeline.model.past_curves import PastCurve, PastCurves

DAY = date(2024, 1, 1)


def table(shares: dict[float, float], each: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """So many customers of each expected share, of whom another share churned."""
    log_odds = np.repeat([np.log(said / (1 - said)) for said in shares], each)
    came = [np.arange(each) < round(share * each) for share in shares.values()]
    return log_odds, np.concatenate(came).astype(np.int8)


@pytest.mark.parametrize(
    ("shares", "shift", "slope"),
    [
        ({0.4: 0.4, 0.6: 0.6}, 0.0, 1.0),
        ({0.5: 0.75, 0.8: 12 / 13}, np.log(3), 1.0),
        # Log-odds of 0 and ln 3 became 0 and 2 ln 3: odds of 9.
        ({0.5: 0.5, 0.75: 0.9}, 0.0, 2.0),
        # And of ln 2 (2/3) and ln 8 (8/9), what came was 1 and 3 times the odds: shift -ln 2 / 2 ... by two equations.
        ({2 / 3: 0.5, 8 / 9: 0.75}, -np.log(3) / 2, np.log(3) / np.log(4)),
    ],
)
def test_it_is_the_line_through_the_log_odds_that_came(shares, shift, slope):
    one = past_curves.fit(DAY, *table(shares))
    assert one.shift == pytest.approx(shift, abs=0.003)
    assert one.log_slope == pytest.approx(np.log(slope), abs=0.003)


def test_its_slope_is_as_unsure_as_it_says():
    """In 200 samples of 1,000 the slopes spread as the standard error of one of them says."""
    dice = np.random.default_rng(2)
    log_odds = dice.normal(-0.5, 1.5, 1000)
    churn = 1 / (1 + np.exp(-1.3 * log_odds))
    fitted = [past_curves.fit(DAY, log_odds, (dice.random(1000) < churn).astype(np.int8)) for _ in range(200)]
    spread = np.std([one.log_slope for one in fitted])
    assert np.mean([one.log_slope_error for one in fitted]) == pytest.approx(spread, rel=0.15)


@pytest.mark.parametrize("shares", [{0.4: 0.0, 0.6: 0.0}, {0.4: 1.0, 0.6: 1.0}, {0.4: 0.6, 0.6: 0.4}])
def test_where_no_curve_is_right_there_is_none(shares):
    assert past_curves.fit(DAY, *table(shares)) is None


def rows(day: date, shares: dict[float, float]) -> tuple[pl.DataFrame, np.ndarray]:
    log_odds, churned = table(shares, 2000)
    return pl.DataFrame({"snapshot": [day] * len(churned), "churned": churned}), log_odds


def test_rows_seen_are_lowered_by_half_of_what_they_are_above_rows_unseen():
    seen, fits = DAY, DAY + timedelta(days=90)
    parts = {day: rows(day, {0.5: 0.5, 0.75: 0.9}) for day in (seen, fits)}
    known = pl.concat([part for part, _ in parts.values()])
    unseen = rows(fits, {0.5: 0.5, 0.75: 0.75})
    found = past_curves.of_model(Calibration(1.0, 0.0), unseen, known, {day: one for day, (_, one) in parts.items()})
    assert [one.day for one in found.curves] == [seen, fits]
    slopes = [np.exp(one.log_slope) for one in found.curves]
    assert slopes == pytest.approx([2 / 2**0.5, 2 / 2**0.5], abs=0.02)
    assert found.optimism == pytest.approx(np.log(2), abs=0.01)


def curve(days: int, slope: float, error: float, shift: float = 0.0) -> PastCurve:
    return PastCurve(DAY + timedelta(days=days), shift, slope, error)


@pytest.mark.parametrize(
    ("seen", "later", "optimism", "part"),
    [
        # All of the way is .3; chance errs by .1, and what the fit has seen by as much as it makes of one snapshot.
        ([0.3, 0.3, 0.3], [0.0, 0.0], 0.1, 1 / 2),
        ([0.3, 0.3, 0.3], [0.0, 0.0], 0.2, 4 / 5),
        ([0.3, 0.3, 0.3], [0.0, 0.0], 0.0, 0.0),
        ([0.3, 0.3, 0.3], [], 0.2, 0.0),
        # They differ by chance: .3 is expected after them, and not the last of them.
        ([0.2, 0.3, 0.4], [0.0], 0.1, 1 / 2),
    ],
)
def test_rows_seen_are_moved_to_where_later_rows_lie_as_far_as_both_are_sure(seen, later, optimism, part):
    known = [curve(30 * at, slope, 0.1, 2 * slope) for at, slope in enumerate(seen)]
    unseen = [curve(300 + 30 * at, slope, 0.1, 2 * slope) for at, slope in enumerate(later)]
    found = past_curves._beside_unseen(known, unseen, optimism)
    assert [one.log_slope for one in found] == pytest.approx([slope - 0.3 * part for slope in seen], abs=1e-6)
    assert [one.shift for one in found] == pytest.approx([2 * slope - 0.6 * part for slope in seen], abs=1e-6)
    assert [one.day for one in found] == [one.day for one in known]


def test_a_season_that_is_more_than_chance_is_followed_up_to_the_last_snapshot():
    """Far apart for chance: what is expected next is near the last one, so a low slope after it is no surprise."""
    seen = [curve(30 * at, slope, 0.001) for at, slope in enumerate([0.6, 0.6, 0.0, 0.0])]
    found = past_curves._beside_unseen(seen, [curve(150, 0.0, 0.001)], 0.2)
    assert [one.log_slope for one in found] == pytest.approx([0.6, 0.6, 0.0, 0.0], abs=1e-4)


def test_later_rows_stand_as_they_came():
    seen, fits, later = DAY, DAY + timedelta(days=90), DAY + timedelta(days=180)
    parts = {day: rows(day, {0.5: 0.5, 0.75: 0.9}) for day in (seen, fits, later)}
    known = pl.concat([part for part, _ in parts.values()])
    unseen = rows(fits, {0.5: 0.5, 0.75: 0.75})
    found = past_curves.of_model(Calibration(1.0, 0.0), unseen, known, {day: one for day, (_, one) in parts.items()})
    assert [one.day for one in found.curves] == [seen, fits, later]
    assert np.exp(found.curves[2].log_slope) == pytest.approx(2.0, abs=0.02)
    # With an optimism of ln 2, next to all of the way is gone.
    assert [np.exp(one.log_slope) for one in found.curves[:2]] == pytest.approx([2.0, 2.0], abs=0.03)
    assert found.optimism == pytest.approx(np.log(2), abs=0.01)


def test_what_is_not_known_yet_changes_no_curve():
    days = [DAY + timedelta(days=30 * number) for number in range(4)]
    parts = {day: rows(day, {0.5: 0.5, 0.75: 0.6 + 0.1 * number}) for number, day in enumerate(days)}
    unseen = rows(days[1], {0.5: 0.5, 0.75: 0.75})

    def learnt(until: date) -> PastCurves:
        known = {day: one for day, one in parts.items() if day <= until}
        table = pl.concat([part for part, _ in known.values()])
        return past_curves.of_model(Calibration(1.0, 0.0), unseen, table, {day: one for day, (_, one) in known.items()})

    before, after = learnt(days[2]).curves, learnt(days[3]).curves
    assert len(before) == 3 and len(after) == 4
    assert before[2] == after[2], "an unseen day stands as it came"
    parts[days[3]] = rows(days[3], {0.5: 0.5, 0.75: 0.1})
    assert learnt(days[2]).curves == before


def test_an_earlier_release_has_none_and_files_keep_them():
    found = past_curves.learn({DAY: table({0.5: 0.5, 0.75: 0.9})}, {})
    assert PastCurves.from_json(found.as_json()) == found
    assert PastCurves.from_json(None) == past_curves.NONE_KNOWN
