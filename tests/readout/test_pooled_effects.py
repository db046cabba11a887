"""Effects measured together: against integrals by numbers, by hand, and where the truth is known."""

import math

import numpy as np
import polars as pl
import pytest
from scipy.special import expit, logit

from pipeline.readout import pooled_effects
from pipeline.readout.pooled_effects import LEVEL_ERROR, OWN_ERROR, OWN_ERRORS, measure

NAMES = ("call", "gift", "letter", "mail", "visit")


def company(
    seed: int, customers: int, *, level: float = 0.0, own: float = 0.0, share: float = 0.1, names=NAMES
) -> tuple[pl.DataFrame, dict[str, float]]:
    """Customers of each playbook, whose probabilities miss by a level and by something of its own; true effects."""
    dice = np.random.default_rng(seed)
    parts, true = [], {}
    for name in names:
        true[name] = dice.uniform(-0.1, 0.5)
        p, answered = dice.beta(1.5, 3, customers).clip(0.01, 0.99), dice.uniform(0.3, 1, customers)
        is_control = dice.random(customers) < share
        risk = expit(logit(p) + level + own * dice.normal())
        leaves = risk - np.where(is_control, 0, true[name] * p * answered)
        parts.append(
            pl.DataFrame({"playbook": name, "is_control": is_control, "churn_probability": p, "answered_share": answered,
                          "stayed": (dice.random(customers) >= leaves).astype(float)})
        )  # fmt: skip
    return pl.concat(parts), true


def test_by_itself_it_is_the_difference_of_both_arms_beyond_their_probabilities():
    rows, _ = company(1, 20_000, level=0.2, share=0.5, names=("call",))
    table = rows.to_pandas().assign(beyond=lambda one: 1 - one.stayed - one.churn_probability)
    table["spread"] = table.churn_probability * (1 - table.churn_probability)
    table["exposure"] = table.churn_probability * table.answered_share
    control, given = table[table.is_control], table[~table.is_control]
    missed = control.beyond.sum() / control.spread.sum()
    by_hand = (missed * given.spread.sum() - given.beyond.sum()) / given.exposure.sum()
    one = measure(rows, ["call"])[0]["call"]
    assert one.effect == pytest.approx(by_hand, abs=0.002), "the prior is weak"
    variance = (
        (control.beyond**2).sum() / control.spread.sum() ** 2 * given.spread.sum() ** 2 + (given.beyond**2).sum()
    ) / given.exposure.sum() ** 2
    assert one.standard_error == pytest.approx(math.sqrt(variance), rel=0.01)


def test_what_probabilities_miss_is_as_the_integral_by_numbers():
    """Over what those of either playbook miss, and over how much they differ; both are seen by 40 and 400 controls."""
    arm = pooled_effects._Arm
    controls = [arm(40, 4.0, 8.0, 8.5, 1.0), arm(400, -6.0, 75.0, 80.0, 1.0)]
    axis = np.linspace(-2, 2, 401)
    one, other = np.meshgrid(axis, axis, indexing="ij")
    whole = np.zeros_like(one)
    for own in OWN_ERRORS:
        prior = LEVEL_ERROR**2 + own**2 * np.eye(2)
        if own == 0:
            prior += 1e-6 * np.eye(2)
        inverse = np.linalg.inv(prior)
        log = -(inverse[0, 0] * one**2 + 2 * inverse[0, 1] * one * other + inverse[1, 1] * other**2) / 2
        log -= np.linalg.slogdet(prior)[1] / 2 + (own / OWN_ERROR) ** 2 / 2
        log -= (4.0 - 8.0 * one) ** 2 / 8.5 / 2 + (-6.0 - 75.0 * other) ** 2 / 80.0 / 2
        if own > 0.011:
            whole += np.exp(log)
        else:
            # Nearly on the diagonal, where a grid sees nothing: along it, with one for both.
            both = np.exp(-(axis**2) / LEVEL_ERROR**2 / 2 - (4 - 8 * axis) ** 2 / 17 - (-6 - 75 * axis) ** 2 / 160)
            whole += np.diag(both) / (math.sqrt(2 * math.pi) * LEVEL_ERROR) / 0.01 * (2 * math.pi)
    whole /= whole.sum()
    mean, covariance = pooled_effects._missed(controls)
    by_numbers = [(whole * one).sum(), (whole * other).sum()]
    assert mean == pytest.approx(by_numbers, abs=0.003)
    assert covariance[0, 1] == pytest.approx((whole * (one - mean[0]) * (other - mean[1])).sum(), abs=0.001)
    assert mean[1] < mean[0] < 0.5, "few controls go with the many"


@pytest.mark.parametrize(("level", "own"), [(0.0, 0.0), (0.3, 0.0), (-0.2, 0.1), (0.0, 0.25)])
def test_intervals_hold_the_true_effect_as_often_as_they_say(level, own):
    """Of 300 effects 285 are expected, also where the probabilities of each playbook miss by something of its own."""
    held = 0
    for seed in range(60):
        rows, true = company(seed, 2000, level=level, own=own)
        found, _ = measure(rows, NAMES)
        held += sum(abs(one.effect - true[name]) <= 1.96 * one.standard_error for name, one in found.items())
    assert 272 <= held <= 298, held


def test_others_make_it_surer_the_more_alike_they_are():
    rows, _ = company(3, 3000)
    call = rows.filter(pl.col("playbook") == "call")
    alone = measure(call, ["call"])[0]["call"].standard_error
    together = measure(rows, NAMES)[0]["call"].standard_error
    apart = measure(company(3, 3000, own=0.8)[0], NAMES)[0]["call"].standard_error
    assert together < 0.75 * alone
    assert together < apart <= 1.1 * alone


def test_errors_go_together_since_what_happens_without_is_shared():
    found, covariance = measure(company(4, 3000)[0], NAMES)
    errors = np.array([one.standard_error for one in found.values()])
    assert np.sqrt(np.diag(covariance)) == pytest.approx(errors)
    correlation = covariance / np.outer(errors, errors)
    assert (correlation[~np.eye(5, dtype=bool)] > 0.1).all()


def test_a_playbook_whose_controls_are_few_is_measured_by_those_of_the_others():
    rows, true = company(5, 20_000)
    few = rows.filter((pl.col("playbook") != "call") | ~pl.col("is_control") | (pl.int_range(pl.len()) % 200 == 0))
    call = measure(few, NAMES)[0]["call"]
    assert call.controls < 30
    assert call.effect == pytest.approx(true["call"], abs=3 * call.standard_error)
    assert (
        call.standard_error
        < 0.5 * measure(few.filter(pl.col("playbook") == "call"), ["call"])[0]["call"].standard_error
    )


def test_without_anybody_left_alone_or_given_anything_nothing_is_measured():
    rows, _ = company(6, 300)
    assert measure(rows.filter(~pl.col("is_control")), NAMES)[0] == {}
    assert measure(rows.filter("is_control"), NAMES)[0] == {}
    assert measure(rows.filter(pl.col("playbook") != "call"), NAMES)[0].keys() == set(NAMES) - {"call"}
    older = rows.with_columns(pl.lit(None, dtype=pl.Float64).alias("answered_share"))
    assert measure(older, NAMES)[0] == {}


def test_the_order_of_customers_changes_nothing():
    rows, _ = company(7, 1000)
    assert measure(rows, NAMES)[0] == measure(rows.sample(fraction=1.0, shuffle=True, seed=1), NAMES)[0]
