"""A week that breaks its own rules is refused in one line, and nothing is written."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from pipeline.config.errors import BadData
from pipeline.lists import COLUMN_WORDS, RISK_LIST, Week, publish

Change = Callable[[pl.DataFrame], pl.DataFrame]
AT_TWO = pl.col("rank") == 2


def put(name: str, value: object) -> Change:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        second = pl.int_range(pl.len()) == 1
        return frame.with_columns(pl.when(second).then(pl.lit(value)).otherwise(pl.col(name)).alias(name))

    return change


UNSIGNED, TEXT, SMALL = (
    pl.col("rank").cast(pl.UInt32),
    pl.col("due_day").cast(pl.String),
    pl.col("log_odds").cast(pl.Float32),
)

# fmt: off
BROKEN: list[tuple[str, Change, str]] = [
    ("risk_list", lambda frame: frame.drop("caution"), "risk_list: column 'caution' is missing, expected String"),
    ("risk_list", lambda frame: frame.with_columns(x=1), "risk_list: column 'x' is not expected"),
    ("risk_list", lambda frame: frame.with_columns(UNSIGNED), "risk_list: column 'rank' is UInt32, expected Int64"),
    ("risk_list", lambda frame: frame.with_columns(TEXT), "risk_list: column 'due_day' is String, expected Date"),
    ("risk_list", lambda frame: frame.select(*reversed(frame.columns)), "risk_list: columns are in another order"),
    ("risk_list", put("tier", None), "risk_list: column 'tier' has 1 nulls, expected none"),
    ("risk_list", put("churn_probability", 1.01), "is 1.01, expected a number from 0 to 1"),
    ("risk_list", put("churn_probability", -0.01), "is -0.01, expected a number from 0 to 1"),
    ("risk_list", put("churn_probability", float("nan")), "is nan, expected a number from 0 to 1"),
    ("risk_list", put("churn_probability", 0.5), "is 0.5, expected what actions says"),
    ("risk_list", put("value_at_stake", float("inf")), "is inf, expected a finite number"),
    ("risk_list", put("rank", 3), "is 3, expected 1, 2, 3 ... down the list"),
    ("risk_list", put("status", "open"), "is 'open', expected one of new, still_open"),
    ("risk_list", put("customer_id", "nobody"), "is 'nobody', expected a customer of actions"),
    ("risk_list", lambda frame: put("customer_id", frame["customer_id"][0])(frame), "expected each customer once"),
    ("risk_list", lambda frame: frame.head(-1), "about: listed is 12, expected the 11 customers"),
    ("actions", lambda frame: frame.drop("why_not"), "actions: column 'why_not' is missing"),
    ("actions", put("risk_band", None), "actions: column 'risk_band' has 1 nulls"),
    ("actions", lambda frame: frame.head(-1), "about: scored is 17, expected the 16 customers"),
    ("waterfalls", lambda frame: frame.drop("^family_.*$"), "waterfalls: column 'family_<name>' is missing"),
    ("waterfalls", lambda frame: frame.with_columns(x=1), "waterfalls: column 'x' is not expected"),
    ("waterfalls", lambda frame: frame.with_columns(SMALL), "waterfalls: column 'log_odds' is Float32"),
    ("waterfalls", lambda frame: frame.with_columns(pl.col("log_odds") + 2e-6), "expected base_log_odds plus the families"),
    ("waterfalls", put("family_recency", None), "expected base_log_odds plus the families"),
    ("waterfalls", lambda frame: frame.head(-1), "expected a customer of waterfalls"),
]
# fmt: on


@pytest.mark.parametrize(("table", "change", "said"), BROKEN, ids=[f"{table}: {said}" for table, _, said in BROKEN])
def test_refused_in_one_line(week: Week, exports: Path, table: str, change: Change, said: str) -> None:
    broken = replace(week, **{table: change(getattr(week, table))})
    with pytest.raises(BadData, match=re.escape(said)) as refusal:
        publish(broken, exports, replace=False)
    assert "\n" not in str(refusal.value)
    assert not exports.exists()


# What is kept of the contributions, whose families stand for features here.
KEPT: list[tuple[Change, str]] = [
    (lambda frame: frame.head(-1), "expected a customer of contributions"),
    (lambda frame: pl.concat([frame, frame.head(1)]), "contributions: customer_id of customer"),
    (
        lambda frame: pl.concat([frame, frame.head(1).with_columns(customer_id=pl.lit("nobody"))]),
        "expected a customer of actions",
    ),
    (lambda frame: frame.with_columns(pl.col("log_odds") + 2e-6), "expected base_log_odds plus the features"),
    (put("family_recency", None), "expected base_log_odds plus the features"),
    (lambda frame: frame.with_columns(pl.col("log_odds", "base_log_odds") + 1.0), "expected what waterfalls says"),
]


@pytest.mark.parametrize(("change", "said"), KEPT, ids=[said for _, said in KEPT])
def test_contributions_that_are_kept_are_those_of_the_list(
    week: Week, exports: Path, change: Change, said: str
) -> None:
    with pytest.raises(BadData, match=re.escape(said)):
        publish(replace(week, contributions=change(week.waterfalls)), exports, replace=False)
    assert not exports.exists()
    assert publish(replace(week, contributions=week.waterfalls), exports, replace=False)


def test_just_inside_the_rules(week: Week, exports: Path) -> None:
    edge = pl.when(AT_TWO).then(0.0).when(pl.col("rank") == 3).then(1.0).otherwise("churn_probability")
    listed = week.risk_list.with_columns(edge.alias("churn_probability"))
    said = listed.select("customer_id", said="churn_probability")
    actions = week.actions.join(said, on="customer_id", how="left")
    actions = actions.with_columns(churn_probability=pl.coalesce("said", "churn_probability")).drop("said")
    waterfalls = week.waterfalls.with_columns(pl.col("log_odds") + 0.5e-6)
    assert publish(replace(week, risk_list=listed, actions=actions, waterfalls=waterfalls), exports, replace=False)


def test_every_column_has_its_sentence() -> None:
    assert list(COLUMN_WORDS) == list(RISK_LIST)
    assert all(words.endswith(".") and words[0].isupper() for words in COLUMN_WORDS.values())
