"""Each trace of a leak on a few hundred customers: what is planted is found, what is honest is left in peace."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from pipeline.config.params import AdditiveLogisticSettings
from pipeline.examples.features import Feature, Formula
from pipeline.leakage import company_events, frozen_columns, pure_groups, ranks, single_feature, time_drift
from pipeline.model import split
from tests.model.examples import FEATURES, FIRST, LABEL, make_examples

WIDE = AdditiveLogisticSettings(share=0.5, cuts=5, l2=10.0, max_rows=300_000)
PLANTED = Feature("planted", "items", "planted", Formula("0"), "")


def parts(examples: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    days = split.by_time(examples["snapshot"].unique().to_list(), LABEL)
    return examples.filter(pl.col("snapshot").is_in(days.train)), examples.filter(pl.col("snapshot") == days.test)


def planted(examples: pl.DataFrame, values) -> pl.DataFrame:
    return examples.with_columns(pl.Series("planted", values))


def noise(examples: pl.DataFrame) -> np.ndarray:
    return np.random.default_rng(3).normal(size=len(examples))


# ------------------------------------------------------------------------------------------------------ too good alone


@pytest.mark.parametrize(("weight", "found"), [(0.0, False), (1.0, False), (6.0, True)])
def test_a_feature_that_beats_all_others_is_named(weight, found):
    examples = make_examples()
    examples = planted(examples, noise(examples) + weight * examples["churned"].to_numpy())
    said = single_feature.too_good(*parts(examples), [*FEATURES, PLANTED], WIDE)
    assert [line.split()[0] for line in said] == (["planted"] if found else [])


def test_siblings_of_a_leak_do_not_hide_it():
    """A leak comes in several columns; the yardstick holds none of the family."""
    examples = make_examples()
    leak = noise(examples) + 6 * examples["churned"].to_numpy()
    examples = planted(examples, leak).with_columns(twin=pl.col("planted") * 2)
    said = single_feature.too_good(
        *parts(examples), [*FEATURES, PLANTED, Feature("twin", "items", "planted", Formula("0"), "")], WIDE
    )
    assert sorted(line.split()[0] for line in said) == ["planted", "twin"]


# ---------------------------------------------------------------------------------------------------- groups and values


@pytest.mark.parametrize(("share_of_churners", "slips", "found"), [(0.3, 0, True), (0.3, 200, False), (0.01, 0, False)])
def test_a_group_of_nothing_but_churners_is_named_if_it_is_large_and_pure(share_of_churners, slips, found):
    examples = make_examples()
    dice = np.random.default_rng(5).random(len(examples))
    closed = (examples["churned"].to_numpy() == 1) & (dice < share_of_churners)
    closed[np.flatnonzero(examples["churned"].to_numpy() == 0)[:slips]] = True
    said = pure_groups.too_pure(planted(examples, closed.astype(int)), [*FEATURES, PLANTED])
    assert bool(said) == found
    assert all(line.startswith("planted ") and "100.0% of " in line for line in said)


@pytest.mark.parametrize("kind", [0, 1])
def test_a_value_that_is_missing_for_one_kind_only_is_named(kind):
    examples = make_examples()
    values = [None if churned == kind and number % 2 else 1.5 for number, churned in enumerate(examples["churned"])]
    said = pure_groups.too_pure(planted(examples, values), [PLANTED])
    assert [line.split(":")[0] for line in said] == ["planted missing"]


def test_long_silence_explains_pure_groups():
    """Nobody who was silent for so long came back, and the features that say so are honest."""
    examples = make_examples().with_columns(churned=(pl.col("days_since_last_order") > 60).cast(pl.Int8))
    quiet = planted(examples, (examples["days_since_last_order"] > 70).cast(pl.Int64))
    assert pure_groups.too_pure(quiet, [*FEATURES, PLANTED]) == []


def known_today() -> tuple[pl.DataFrame, np.ndarray]:
    """Customers who buy all the time, and how often each churned in all the years to come."""
    examples = make_examples().with_columns(order_days_ever=pl.col("snapshot").rank("dense").cast(pl.Int64))
    often = examples.group_by("customer_key").agg(pl.col("churned").mean().alias("share"))
    return examples, examples.join(often, on="customer_key", how="left", maintain_order="left")[
        "share"
    ].to_numpy().copy()


def test_a_value_that_never_changes_is_named_only_if_it_knows_the_past():
    examples, share = known_today()
    said = frozen_columns.as_of_today(planted(examples, share), [PLANTED])
    assert said[0].startswith(
        "planted never changes in 2,800 pairs of snapshots between which its customer bought, and"
    )
    of_others = np.tile(np.random.default_rng(1).permutation(share[:400]), 8)
    assert frozen_columns.as_of_today(planted(examples, of_others), [PLANTED]) == []


def test_a_value_that_changes_even_once_is_not_frozen():
    examples, share = known_today()
    share[0] += 1
    assert frozen_columns.as_of_today(planted(examples, share), [PLANTED]) == []


# -------------------------------------------------------------------------------------------------------------- drift


def test_times_that_differ_by_chance_only_are_not_told_apart():
    earlier, later = parts(make_examples())
    found = time_drift.drift(earlier, later, [f.name for f in FEATURES], set(), 1)
    assert 0.4 < found.auc < 0.6
    assert found.suspicious == []


def test_a_source_that_began_late_is_named_and_tenure_is_not():
    examples = make_examples()
    late = pl.when(pl.col("snapshot") >= FIRST + timedelta(days=120)).then(pl.col("mood"))
    examples = examples.with_columns(
        planted=late, days_since_first_order=pl.col("snapshot").rank("dense").cast(pl.Int64) * 30
    )
    earlier, later = parts(examples)
    found = time_drift.drift(earlier, later, [*(f.name for f in FEATURES), "planted"], {"days_since_first_order"}, 1)
    assert found.auc > 0.99
    assert found.by[0] == ("days_since_first_order", 1.0)
    assert found.suspicious == [
        "planted is the same for everyone at 4 of 6 training snapshots, up to the one before 2024-04-30: "
        "is it recorded only lately?"
    ]


def test_a_source_that_changed_is_named():
    earlier, later = parts(make_examples())
    found = time_drift.drift(earlier, later.with_columns(pl.col("mood") + 5), ["mood"], set(), 1)
    assert found.suspicious[0].startswith(
        "mood alone tells the test snapshot from the training snapshots with AUC 1.000"
    )


# --------------------------------------------------------------------------------------------------- the company's acts


def seen(pauses: dict[int, int], contacted: int = 0, contact_days: int = 0) -> company_events.Seen:
    """Events on as many days of their own, after so long pauses; purchases with pauses of all lengths."""
    rows = sum(pauses.values())
    days = [date(2024, 1, 1) + timedelta(days=day) for day in range(rows)]
    first = {
        "contacted": [contacted, *[0] * (len(pauses) - 1)],
        "contact_days": [contact_days, *[0] * (len(pauses) - 1)],
    }
    return company_events.Seen(
        pl.DataFrame({"event_type": ["e"] * len(pauses), "pause": list(pauses), "rows": list(pauses.values())} | first),
        pl.DataFrame({"event_type": ["e"] * rows, "day": days, "rows": [1] * rows}),
        pl.DataFrame({"event_type": ["e"], "rows": [rows]}),
        pl.DataFrame({"day": days, "rows": [3] * rows}),
        pl.DataFrame({"pause": list(range(1, 41)), "rows": [5] * 40}),
    )


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        (seen({30: 60, 4: 20}), True),
        (seen({30: 30, 60: 30, 4: 20}), True),  # a chain of two mails
        (seen({30: 12, 4: 4}), False),  # too few to say anything
        (seen({6: 60, 4: 20}), False),  # less than a week is how people live
        (seen(dict.fromkeys(range(7, 47), 2)), False),  # pauses of all lengths
        (seen({0: 80}, contacted=60, contact_days=80), True),
        (seen({0: 80}, contacted=30, contact_days=80), False),
        (seen({0: 80}, contacted=60, contact_days=80 * 60), False),  # contacted nearly every day anyhow
    ],
)
def test_event_types_by_their_traces(counts, found):
    assert bool(company_events.by_the_company(counts, [])) == found


def test_a_busy_day_of_the_shop_is_no_mailing():
    """Everybody visits on the day of the sale, since everybody buys on it."""
    days = [date(2024, 1, 1) + timedelta(days=day) for day in range(50)]
    crowd = [40 if number % 10 == 0 else 1 for number in range(50)]
    base = seen({0: sum(crowd)})
    visits = pl.DataFrame({"event_type": ["e"] * 50, "day": days, "rows": crowd})
    sale = company_events.Seen(
        base.pauses, visits, base.customers, pl.DataFrame({"day": days, "rows": crowd}), base.gaps
    )
    assert company_events.by_the_company(sale, []) == []
    quiet = company_events.Seen(
        base.pauses, visits, base.customers, pl.DataFrame({"day": days, "rows": [5] * 50}), base.gaps
    )
    assert "on 5 days on which many customers have it at once" in company_events.by_the_company(quiet, ["e"])[0]


def test_ranks_agree_with_counting_pairs():
    dice = np.random.default_rng(2)
    column, churned = dice.integers(0, 5, 60).astype(float), dice.integers(0, 2, 60).astype(np.int8)
    pairs = [(a > b) + (a == b) / 2 for a in column[churned == 1] for b in column[churned == 0]]
    assert ranks.auc(column, churned) == pytest.approx(max(np.mean(pairs), 1 - np.mean(pairs)))
