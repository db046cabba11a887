"""What has to be there before anything is learnt: refusals at their very edge, warnings with what follows."""

from datetime import date, timedelta

import polars as pl
import pytest

from pipeline.config.errors import NotEnoughData
from pipeline.config.params import DataRequirements, Label, Snapshots
from pipeline.examples.features import Aggregate, Feature
from pipeline.model import data_requirements

LIMITS = DataRequirements(min_customers=100, min_churners=20, min_stayed=20, min_histories=2.0, max_missing_share=0.9,
                  max_one_time_share=0.7, min_churn_rate=0.03, max_churn_rate=0.9)  # fmt: skip
LABEL = Label(kind="inactivity", gap_days=0, horizon_days=30)
FIRST = date(2024, 1, 1)
ORDERS = Feature("orders_90d", "orders", "frequency", Aggregate("sum", "purchase", "orders", 90), "")


def settings(active_days: int = 90, observed: int = 1000) -> Snapshots:
    until = (FIRST + timedelta(days=observed)).isoformat()
    return Snapshots(as_of=until, observed_until=until, first=FIRST.isoformat(), every_days=30, active_days=active_days,
                     min_tenure_days=0, former_days=365)  # fmt: skip


def part(
    customers: int = 100, churners: int = 40, days: int = 5, *, ago: int = 200, one_time: float = 0.2
) -> pl.DataFrame:
    """Some snapshots; each customer churns at all of them or at none."""
    return pl.concat(
        pl.DataFrame({
            "snapshot": [FIRST + timedelta(days=ago + 30 * day)] * customers,
            "customer_key": range(customers),
            "churned": [int(number < churners) for number in range(customers)],
            "days_since_first_order": [ago + 30 * day] * customers,
            "is_one_time_buyer": [int(number < one_time * customers) for number in range(customers)],
            "orders_90d": [1] * customers,
        })
        for day in range(days)
    )  # fmt: skip


def check(snapshots: Snapshots | None = None, label: Label = LABEL, **changed: pl.DataFrame) -> list[str]:
    parts = {"training": part(), "validation": part(days=1), "test": part(days=1)} | changed
    return data_requirements.check(parts, [ORDERS], snapshots or settings(), label, LIMITS)


def test_enough_is_enough():
    assert check(test=part(100, 20, 1)) == check(test=part(100, 80, 1)) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"training": part(99)}, "the training snapshots hold 99 customers, and 100 are needed"),
        ({"validation": part(100, 19, 1)}, "the validation snapshots hold 19 churners, and 20 are needed"),
        ({"test": part(100, 81, 1)}, "the test snapshots hold 19 customers who stayed, and 20 are needed"),
        ({"test": part(100, 0, 1)}, "hold 0 churners"),
    ],
)
def test_too_few_of_a_kind_are_refused_with_what_is_needed(changed, message):
    with pytest.raises(NotEnoughData) as refused:
        check(**changed)
    assert message in str(refused.value)
    assert "churn suggest" in str(refused.value)
    assert refused.value.exit_code == 13


@pytest.mark.parametrize(
    ("changed", "helps"),
    [
        ({"training": part(99)}, True),
        ({"validation": part(100, 19, 1)}, True),
        # The prior is graded on the test part, whose outcomes it needs; how many customers they are is no matter.
        ({"test": part(99, 40, 1)}, True),
        ({"test": part(100, 19, 1)}, False),
        ({"training": part(99), "test": part(100, 81, 1)}, False),
    ],
)
def test_the_packaged_prior_is_named_where_it_would_do(changed, helps):
    with pytest.raises(NotEnoughData) as refused:
        check(**changed)
    assert str(refused.value).endswith(", or model.prior: packaged") == helps
    test = ({"test": part(days=1)} | changed)["test"]
    if helps:
        assert data_requirements.check_one(test, settings(), LABEL, LIMITS) == []
    else:
        with pytest.raises(NotEnoughData, match="the test snapshots hold 19 c"):
            data_requirements.check_one(test, settings(), LABEL, LIMITS)


def test_the_history_of_the_prior_must_be_twice_the_longest_window_too():
    with pytest.raises(NotEnoughData, match="180 are needed, 2 times snapshots.active_days"):
        data_requirements.check_one(part(days=1), settings(90, 179), LABEL, LIMITS)


def test_rows_of_the_same_customer_count_once():
    with pytest.raises(NotEnoughData, match="hold 60 customers, and 100"):
        check(training=part(60, 30, days=10))


@pytest.mark.parametrize(("observed", "enough"), [(180, True), (179, False)])
def test_the_history_must_be_twice_the_longest_window(observed, enough):
    if enough:
        assert check(settings(90, observed)) == []
        return
    with pytest.raises(NotEnoughData) as refused:
        check(settings(90, observed))
    assert "there are 179 days from the first purchase (2024-01-01)" in str(refused.value)
    assert "180 are needed, 2 times snapshots.active_days (90)" in str(refused.value)


def test_the_outcome_window_counts_if_it_is_longer():
    long = Label(kind="inactivity", gap_days=10, horizon_days=120)
    with pytest.raises(NotEnoughData, match=r"260 are needed, 2 times label.gap_days \+ horizon_days \(130\)"):
        check(settings(90, 259), long)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"training": part(ago=89)},
            "1 feature can look back further than the 89 days of history at the first training",
        ),
        (
            {"training": part().with_columns(orders_90d=None)},
            "1 feature without a value for more than 90% of the training",
        ),
        ({"test": part(days=1, one_time=0.71)}, "71% of the customers of the test snapshot bought once only"),
        ({"training": part(1000, 29)}, "only 2.9% churn within 30 days at the training snapshots"),
        (
            {"validation": part(1000, 901, 1)},
            "90.1% churn within 30 days at the validation snapshots: the list would hold",
        ),
        ({"training": part(days=2)}, "there are 2 training snapshots: a season"),
        ({"training": part(days=1)}, "there is 1 training snapshot: a season"),
    ],
)
def test_each_doubt_is_told_with_its_consequence(changed, message):
    warned = check(**changed)
    assert len(warned) == 1
    assert warned[0].startswith(message)
