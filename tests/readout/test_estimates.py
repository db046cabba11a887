"""Effects and intervals: against formulas of other makers, published trials, and simulated companies with a known truth."""

import math
from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, ttest_ind

from pipeline.readout import balance, comparison, sample_size, verdicts
from pipeline.readout.comparison import Reading
from pipeline.readout.estimates import COVARIATES, MIN_CONTROLS, Estimate, estimate, where_done
from pipeline.readout.readout_report import Readout


def arms(given: list[float], left_alone: list[float]) -> pl.DataFrame:
    """Two arms of whom nothing is known before."""
    return pl.DataFrame(
        {
            "is_control": [False] * len(given) + [True] * len(left_alone),
            "stayed": [*given, *left_alone],
            "risk_band": "high",
            "log_odds": 0.0,
            "value": 1.0,
        }
    )


def counts(yes: int, everybody: int) -> list[float]:
    return [1.0] * yes + [0.0] * (everybody - yes)


# Hillstrom, K. (2008), "The MineThatData E-Mail Analytics And Data Mining Challenge": 64,000 customers, a third of whom
# were mailed about men's goods, a third about women's and a third not at all, by lot; (visited, bought, customers).
HILLSTROM = {"mens": (3894, 267, 21_307), "womens": (3238, 189, 21_387), "none": (2262, 122, 21_306)}


@pytest.mark.parametrize(("mailed", "visits", "orders"), [("mens", 0.0766, 0.0068), ("womens", 0.0452, 0.0031)])
def test_a_published_campaign_is_read_as_it_was(mailed, visits, orders):
    for place, published in ((0, visits), (1, orders)):
        one, other = HILLSTROM[mailed], HILLSTROM["none"]
        found = estimate(arms(counts(one[place], one[2]), counts(other[place], other[2])), "stayed")
        shares = [row[place] / row[2] for row in (one, other)]
        error = math.sqrt(sum(p * (1 - p) / row[2] for p, row in zip(shares, (one, other), strict=True)))
        assert found.effect == pytest.approx(published, abs=0.00005)
        assert (found.low, found.high) == pytest.approx(
            (shares[0] - shares[1] - 1.96 * error, shares[0] - shares[1] + 1.96 * error), abs=1e-5
        )
        assert found.low > 0, "both mails brought visits and orders beyond chance"


def test_a_published_trial_is_read_as_it_was():
    """Steering Committee of the Physicians' Health Study (1989): 104 infarctions in 11,037 on aspirin, 189 in 11,034 without."""
    found = estimate(arms(counts(11_037 - 104, 11_037), counts(11_034 - 189, 11_034)), "stayed")
    assert (found.effect, found.low, found.high) == pytest.approx((0.0077, 0.0047, 0.0107), abs=0.00005)


numbers = st.lists(st.floats(-100, 100), min_size=MIN_CONTROLS, max_size=60)


@given(numbers, numbers)
def test_without_anything_known_before_it_is_welch(one, other):
    if min(np.std(one), np.std(other)) < 1e-6:
        return
    found, welch = estimate(arms(one, other), "stayed"), ttest_ind(one, other, equal_var=False)
    interval = welch.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-6)
    assert found.p_value == pytest.approx(welch.pvalue, abs=1e-6)


def company(seed: int, customers: int, share: float, kept: float) -> tuple[pl.DataFrame, float, float]:
    """Customers of a known risk and worth; a playbook keeps so much of who would have left. And its true effects."""
    dice = np.random.default_rng(seed)
    log_odds = dice.normal(-0.3, 1.2, customers)
    leaves = 1 / (1 + np.exp(-log_odds - dice.normal(0, 0.5, customers)))
    is_control = dice.random(customers) < share
    churned = dice.random(customers) < leaves * (1 - np.where(is_control, 0, kept))
    worth = dice.lognormal(3, 1, customers)
    probability = 1 / (1 + np.exp(-log_odds))
    rows = pl.DataFrame(
        {
            "is_control": is_control,
            "risk_band": np.where(probability < 0.2, "low", np.where(probability < 0.5, "medium", "high")),
            "log_odds": log_odds,
            "value": worth,
            "stayed": (~churned).astype(float),
            "margin": np.where(churned, 0.0, worth * dice.lognormal(0, 0.6, customers)),
        }
    )
    return rows, float((leaves * kept).mean()), float((leaves * kept * worth).mean() * math.exp(0.18))


@pytest.mark.parametrize(("customers", "share", "kept"), [(1000, 0.1, 0.0), (1000, 0.1, 0.3)])
def test_intervals_cover_the_truth_as_often_as_they_say(customers, share, kept):
    """Of 100 companies 95 are expected; fewer than 87 would be chance less than once in a thousand times."""
    companies, covered, narrower = 100, {"stayed": 0, "margin": 0}, []
    for seed in range(companies):
        rows, *truth = company(seed, customers, share, kept)
        for name, true in zip(covered, truth, strict=True):
            found = estimate(rows, name)
            covered[name] += found.low <= true <= found.high
            plain = estimate(rows.with_columns(risk_band=pl.lit("all"), log_odds=0.0, value=1.0), name)
            narrower.append((found.high - found.low) / (plain.high - plain.low))
    assert all(number >= 87 for number in covered.values()), covered
    assert np.mean(narrower) < 0.93, "what was known before makes intervals narrower"


def test_500_companies():
    """As above, of many sizes and shares; nightly."""
    for customers, share, kept in (
        (600, 0.1, 0.0),
        (600, 0.1, 0.3),
        (1000, 0.05, 0.3),
        (3000, 0.05, 0.3),
        (400, 0.3, 0.3),
    ):
        covered = {"stayed": 0, "margin": 0}
        known = 0
        for seed in range(500):
            rows, *truth = company(seed, customers, share, kept)
            found = {name: estimate(rows, name) for name in covered}
            if None not in found.values():
                known += 1
                for name, true in zip(covered, truth, strict=True):
                    covered[name] += found[name].low <= true <= found[name].high
        shares = {name: number / known for name, number in covered.items()}
        assert all(0.93 <= share <= 0.97 for share in shares.values()), (customers, share, kept, shares)


def portfolio(seed: int, sizes: dict[str, tuple[int, float]], cost: float, effect: float = 0.12) -> list[Reading]:
    """What is read of playbooks of so many customers each, that keep such a share of who would have left."""
    parts = [
        readable(company(1000 * seed + number, customers, 0.2, kept)[0], name)
        for number, (name, (customers, kept)) in enumerate(sizes.items())
    ]
    rows = pl.concat(parts).with_columns(cost=pl.lit(cost), expected_effect=pl.lit(effect))
    return comparison.compare(rows, 0.2, DAYS)


def claims(companies: int) -> Counter[str]:
    """In how many companies, whose playbooks all do nothing, each verdict is said of any."""
    said: Counter[str] = Counter()
    for seed in range(companies):
        found = portfolio(
            seed, {name: (size, 0.0) for name, size in zip("abcde", (400, 500, 600, 900, 900), strict=True)}, 0.0
        )
        said.update({one.verdict for one in found})
        # Once in a thousand times chance alone misses the share that was to be left alone.
        found = [one for one in found if not one.refusal]
        enough = {one.playbook for one in found if one.needed.customers <= one.balance.customers}
        assert all(
            (one.verdict != "not yet known") == (one.playbook in enough)
            for one in found
            if min(one.p_value, one.p_pays) >= 0.05
        )
    return said


def test_playbooks_that_do_nothing_are_not_called_anything():
    """One of 40 companies may say that something works, and one that it harms; 6 of 40 would be chance once in 1,000."""
    said = claims(40)
    assert max(said["works"], said["harmful"]) < 6, said
    assert said["no evidence"] == said["not yet known"] == 40


def test_500_companies_whose_playbooks_do_nothing():
    """As above; 25 of 500 would be chance once in 1,000. Nightly."""
    said = claims(500)
    assert max(said["works"], said["harmful"]) < 25, said


def test_what_is_harmful_or_not_worth_its_cost_is_named():
    said = [
        [one.verdict for one in sorted(portfolio(seed, SIZES, cost), key=lambda one: one.playbook)]
        for seed in range(10)
        for cost in (1.0, 60.0)
    ]
    cheap, dear = said[::2], said[1::2]
    assert sum(row[0] == "works" for row in cheap) >= 9
    assert sum(row[0] == "worthless: retire it" for row in dear) >= 9, "it keeps customers at more than they bring"
    assert all(row[1] == "harmful" for row in said), "and that comes before what it costs"
    assert all(row[2] == "worthless: retire it" for row in dear)


SIZES = {"keeps": (3000, 0.5), "loses": (3000, -0.4), "nothing": (3000, 0.0)}


def test_what_just_pays_is_not_retired():
    """The cost is the true effect: one of 40 companies may call one of three worthless; 9 of 100 would be chance once in 1,000."""
    retired = 0
    for seed in range(100):
        parts = [company(1000 * seed + number, 600, 0.2, 0.3) for number in range(3)]
        rows = [readable(part[0], str(number)).with_columns(cost=pl.lit(part[2])) for number, part in enumerate(parts)]
        retired += any(one.verdict == "worthless: retire it" for one in comparison.compare(pl.concat(rows), 0.2, DAYS))
    assert retired < 9


@pytest.mark.parametrize(
    ("effect", "p_value", "p_pays", "enough", "expected"),
    [
        (None, 1.0, 1.0, True, "not yet known"),
        (-0.05, 0.049, 1.0, False, "harmful"),
        (-0.05, 0.049, 0.01, True, "harmful"),
        (-0.05, 0.05, 1.0, False, "not yet known"),
        (-0.05, 0.05, 1.0, True, "no evidence"),
        (-0.05, 0.05, 0.049, True, "worthless: retire it"),
        (0.05, 0.049, 0.049, True, "worthless: retire it"),
        (0.05, 0.049, 0.05, False, "works"),
        (0.05, 0.05, 0.05, False, "not yet known"),
        (0.05, 0.05, 0.05, True, "no evidence"),
        (0.0, 1.0, 0.001, False, "worthless: retire it"),
    ],
)
def test_the_verdict_is_the_first_rule_that_applies(effect, p_value, p_pays, enough, expected):
    assert verdicts.verdict(effect, p_value, p_pays, enough=enough) == expected


def test_worthless_alone_is_where_the_whole_interval_lies_below_the_cost():
    """Of a single playbook nothing is raised, so the verdict turns where the interval ends."""
    rows = readable(company(5, 900, 0.2, 0.05)[0], "one")
    high = comparison.of_playbook("one", rows, 0.2, DAYS).margin.high
    for cost, verdict in ((high * 1.001, "worthless: retire it"), (high * 0.999, "no evidence")):
        found = comparison.of_playbook("one", rows.with_columns(cost=pl.lit(cost)), 0.2, DAYS)
        assert found.verdict == verdict
        assert found.pays is (False if cost > high else None)


def test_what_is_to_be_taken_out_is_named_with_its_figures():
    readings = portfolio(3, SIZES, 60.0)
    found = {one.playbook: one for one in readings}
    overall = replace(found["nothing"], playbook="all playbooks")
    lines = list(Readout("acme", "EUR", 0.2, 1, (DAYS[0],), 0, DAYS[1], (), overall, tuple(readings)).lines())
    assert [line for line in lines if line.startswith("- loses")] == [
        f"- loses is harmful: {found['loses'].stayed.given:.1%} of those given it stayed, and "
        f"{found['loses'].stayed.left_alone:.1%} of those left alone".replace("%", " %")
    ]
    assert (
        f"- keeps is worthless: it keeps {found['keeps'].margin.high:.2f} EUR of margin per customer at best and costs 60.00"
        in lines
    )
    whole = next(line for line in lines if line.startswith("| all playbooks"))
    assert "retire" not in whole, "all of them together cannot be retired"


def test_strata_are_weighed_by_their_customers():
    """By hand: in the band of high risk 20 of 40 left alone stay and 60 of 80, in that of low risk 36 of 40 and 76 of 80."""
    high, low = arms(counts(60, 80), counts(20, 40)), arms(counts(76, 80), counts(36, 40))
    rows = pl.concat([high, low.with_columns(risk_band=pl.lit("low"), log_odds=pl.lit(-2.0))])
    found = estimate(rows, "stayed")
    effects = {"high": 60 / 80 - 20 / 40, "low": 76 / 80 - 36 / 40}
    variances = {
        name: sum(p * (1 - p) / (n - 1) for p, n in parts)
        for name, parts in {"high": ((0.75, 80), (0.5, 40)), "low": ((0.95, 80), (0.9, 40))}.items()
    }
    assert found.effect == pytest.approx(0.5 * effects["high"] + 0.5 * effects["low"])
    error = math.sqrt(0.25 * variances["high"] + 0.25 * variances["low"])
    assert (found.high - found.low) / 2 / error == pytest.approx(1.98, abs=0.02), "Student's t of some 100 degrees"
    assert found.given - found.left_alone == pytest.approx(found.effect)


def test_order_of_rows_changes_no_bit():
    rows, *_ = company(3, 500, 0.2, 0.2)
    assert estimate(rows, "margin") == estimate(rows.sample(fraction=1, shuffle=True, seed=1), "margin")


def test_too_few_or_all_alike_say_nothing():
    assert estimate(arms(counts(50, 90), counts(10, MIN_CONTROLS - 1)), "stayed") is None
    assert estimate(arms(counts(50, 90), counts(10, MIN_CONTROLS)), "stayed") is not None
    assert estimate(arms(counts(90, 90), counts(40, 40)), "stayed") is None


def test_the_arms_are_held_against_the_drawing():
    drawn, *_ = company(5, 2000, 0.05, 0.0)
    assert balance.check(drawn, 0.05).refusal == ""
    assert balance.check(drawn, 0.05).unlike == ()
    assert "not randomised as drawn" in balance.check(drawn, 0.2).refusal
    picked = drawn.with_columns(is_control=pl.col("log_odds") > drawn["log_odds"].quantile(0.95))
    found = balance.check(picked, 0.05)
    assert found.refusal == "" and found.unlike == ("log_odds",), "as many as drawn, but picked by risk"
    assert found.apart["log_odds"] < -1
    assert set(found.apart) == set(COVARIATES)


@pytest.mark.parametrize(("effect", "share"), [(0.1, 0.5), (0.1, 0.1), (0.05, 0.2)])
def test_the_needed_number_shows_the_effect_four_times_of_five(effect, share):
    spread, dice = 0.45, np.random.default_rng(1)
    number = sample_size.customers_needed(effect, spread, share)
    controls = round(number * share)
    draws = 4000
    difference = dice.normal(effect, spread * math.sqrt(1 / controls + 1 / (number - controls)), draws)
    error = spread * math.sqrt(1 / controls + 1 / (number - controls))
    assert np.mean(np.abs(difference / error) > 1.96) == pytest.approx(0.8, abs=0.02)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_is_what_its_definition_says(p_values):
    """The largest of the products up to each place, where the products are (number - place) times the sorted p-values."""
    ranked, number = sorted(p_values), len(p_values)
    products = [min(1.0, (number - place) * p_value) for place, p_value in enumerate(ranked)]
    expected = [max(products[: place + 1]) for place in range(number)]
    assert sorted(verdicts.holm(p_values)) == expected
    assert [verdicts.holm(p_values)[p_values.index(p_value)] for p_value in ranked] == pytest.approx(expected)
    if p_values:
        stricter = min(false_discovery_control(p_values)) <= min(expected) + 1e-12
        assert stricter, "and stricter than Benjamini and Hochberg"


def test_an_effect_that_reaches_half_is_twice_as_large_where_it_was_done():
    whole = Estimate(0.7, 0.6, 0.1, 0.02, 0.18, 0.01, 400, 40, 0.5, 60)
    assert where_done(whole, 200) == pytest.approx((0.2, 0.04, 0.36))


DAYS = (date(2024, 1, 1), date(2024, 3, 4))


def test_the_pace_is_that_of_those_who_come_new():
    """A hundred were there on the first list, and ten came on each of nine more: not nineteen a week, but ten."""
    few = company(1, 190, 0.2, 0.0)[0].with_columns(stayed=1.0)
    number = pl.int_range(190)
    weeks = pl.when(number < 100).then(0).otherwise(1 + (number - 100) // 10)
    day = (pl.lit(DAYS[0]) + pl.duration(days=7 * weeks)).cast(pl.Date)
    found = comparison.of_playbook("few", readable(few, "few").with_columns(as_of=day), 0.2, DAYS)
    takes = sample_size.customers_needed(0.12, math.sqrt(0.4 * 0.6), 0.2)
    assert found.needed.customers == takes
    assert found.needed.more_weeks == math.ceil((takes - 190) / 10)
    single = comparison.of_playbook("few", readable(few, "few"), 0.2, (DAYS[0], DAYS[0]))
    assert single.needed.more_weeks is None, "after one list nobody knows"


def readable(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    number = rows.height
    return rows.with_columns(
        customer_id=pl.Series([f"{name}{row}" for row in range(number)]),
        as_of=pl.date(2024, 1, 1) + pl.duration(days=7 * (pl.int_range(number) % 10)),
        playbook=pl.lit(name), churn_probability=pl.lit(0.4), expected_effect=pl.lit(0.12), cost=pl.lit(2.0),
        is_done=pl.int_range(number) % 2 == 0, is_handed_back=pl.lit(value=True),
    )  # fmt: skip


def test_each_playbook_is_read_beside_the_others():
    good, none = company(1, 3000, 0.1, 0.5)[0], company(2, 600, 0.1, 0.0)[0]
    few = company(3, 100, 0.1, 0.3)[0]
    lot = pl.concat([readable(good, "good"), readable(none, "none"), readable(few, "few")])
    # Whom somebody picked by hand is no lot: all who were risky, and nobody else.
    picked = readable(company(4, 600, 0.5, 0.0)[0], "picked")
    found = {one.playbook: one for one in comparison.compare(pl.concat([lot, picked]), 0.1, DAYS, ["owed"])}
    assert list(found) == ["good", "none", "picked", "few", "owed"]
    assert found["good"].verdict == "works" and found["good"].pays is True
    assert found["none"].verdict == found["few"].verdict == "not yet known"
    assert found["few"].stayed is None and found["few"].needed.customers >= MIN_CONTROLS / 0.1
    assert found["picked"].verdict == found["owed"].verdict == "not compared"
    assert "were left alone, where the share of 0.1 makes 60" in found["picked"].refusal
    assert found["owed"].refusal == comparison.DUTY
    single = [found[name].stayed.p_value for name in ("good", "none")]
    assert [found["good"].p_value, found["none"].p_value] == verdicts.holm(single)
    # Every second customer of either arm is marked as done, so that of those given it about half are.
    effect, (where, low, high) = found["good"].stayed, found["good"].where_done
    share = found["good"].done / effect.customers
    assert share == pytest.approx(0.5, abs=0.03)
    assert (where * share, low * share, high * share) == pytest.approx((effect.effect, effect.low, effect.high))
