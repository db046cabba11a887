"""What is wrong with a feed, drawn case by case beside a feed like those that are right."""

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from pipeline.config import params
from pipeline.examples import feed_health, feeds
from tests.drawing import drawn

S = date(2024, 6, 1)
SETTINGS, DATA = params.load().feeds, params.load().data


def profile(days: int = 120, **changes) -> feeds.Profile:
    """A feed of about 100 rows a day; `changes` replace a column of the last so many days: (days, value or rule)."""
    rows = []
    for ago in range(days, 0, -1):
        wobble = (ago * 37) % 23
        rows.append({"table": "events", "day": S - timedelta(days=ago), "rows": 90 + wobble, "customers": 60 + wobble,
                     "new_customers": 2, "amount_minor": 1000 * (90 + wobble), "content": ago * 7919, "shape": "a9"})  # fmt: skip
    found = pl.DataFrame(rows)
    for column, (last, rule) in changes.items():
        recent = pl.col("day") >= S - timedelta(days=last)
        value = rule(pl.col(column)) if callable(rule) else pl.lit(rule)
        found = found.with_columns(pl.when(recent).then(value).otherwise(pl.col(column)).alias(column))
    kept = found.filter(pl.col("rows") > 0)
    return feeds.Profile(
        kept.select(list(feeds.SCHEMA)).cast(feeds.SCHEMA), kept.select(list(feeds.IDS)).cast(feeds.IDS)
    )


CASES = """
    | what is changed | days | to    | found        | why                                              |
    | nothing         | 0    | 0     |              | a feed as it should be                           |
    | rows            | 5    | 0     | outage       | nothing for five days, and it never paused       |
    | rows            | 3    | 0     |              | a long weekend                                   |
    | rows            | 7    | 15    | drop         | a sixth of the usual                             |
    | rows            | 7    | x0.4  |              | fewer, but within the limit                      |
    | rows            | 7    | 100   | flat         | exactly as many every day                        |
    | rows            | 6    | 100   |              | six days may be chance                           |
    | amount_minor    | 7    | x100  | unit_change  | cents instead of euros                           |
    | amount_minor    | 7    | x3    |              | a good week                                      |
    | content         | 2    | 1     |              | the same sum of another number of rows           |
    | shape           | 7    | 9     | strange_ids  | the letter is gone                               |
    | shape           | 2    | 9     |              | of a few rows                                    |
    | new_customers   | 7    | 80    | new_ids      | everybody is new                                 |
    | new_customers   | 7    | 20    |              | a campaign                                       |
"""


@pytest.mark.parametrize(
    "case", drawn(CASES), ids=lambda case: f"{case['what is changed']} {case['to']}: {case['why']}"
)
def test_what_is_wrong(case):
    column, days, to = case["what is changed"], int(case["days"]), case["to"]
    rule = (
        (lambda old: (old * float(to[1:])).cast(pl.Int64))
        if to.startswith("x")
        else (to if column == "shape" else int(to))
    )
    found = profile(**({} if column == "nothing" else {column: (days, rule)}))
    told = [finding.kind for finding in feed_health.check_feeds(found, S, SETTINGS, DATA)]
    assert told == ([case["found"]] if case["found"] else [])


def test_a_day_delivered_twice_is_found():
    twice = profile(content=(2, 1), rows=(2, 95))
    assert [f.kind for f in feed_health.check_feeds(twice, S, SETTINGS, DATA)] == ["repeated_day"]


def test_a_feed_is_judged_by_what_came_before_the_snapshot_only():
    broken = profile(rows=(7, 0))
    earlier = S - timedelta(days=20)
    assert feed_health.check_feeds(broken, earlier, SETTINGS, DATA) == []
    before = broken.days.filter(pl.col("day") < S - timedelta(days=8)), broken.ids
    assert feed_health.check_feeds(feeds.Profile(*before), earlier, SETTINGS, DATA) == []


def test_a_feed_that_has_not_begun_is_no_disengagement():
    found = feed_health.check_feeds(profile(days=10), S - timedelta(days=30), SETTINGS, DATA)
    assert [(f.kind, f.is_outage) for f in found] == [("not_begun", True)]


def test_a_feed_that_always_comes_once_a_month_is_not_down_after_three_weeks():
    monthly = profile().days.filter(pl.col("day").is_in([S - timedelta(days=d) for d in (110, 81, 52, 22)]))
    assert feed_health.check_feeds(feeds.Profile(monthly, profile().ids), S, SETTINGS, DATA) == []
    assert [
        f.kind
        for f in feed_health.check_feeds(feeds.Profile(monthly, profile().ids), S + timedelta(days=45), SETTINGS, DATA)
    ] == ["outage"]


MIXES = """
    | usual | recent | from day | allowed | found        | why                                            |
    | 0     | 0      | -7       | 0.01    |              | all in one currency                            |
    | 0     | 14     | -7       | 0.01    | currency_mix | an eighth of the last week is missing          |
    | 0     | 3      | -7       | 0.01    | currency_mix | three rows a day of a hundred                  |
    | 0     | 2      | -7       | 0.01    |              | fourteen rows are too few to tell              |
    | 0     | 20     | -1       | 0.01    | currency_mix | it began yesterday                             |
    | 12    | 12     | -7       | 0.01    |              | as many as ever                                |
    | 12    | 13     | -7       | 0.01    |              | hardly more than ever                          |
    | 12    | 24     | -7       | 0.01    | currency_mix | twice as many as ever                          |
    | 24    | 0      | -7       | 0.01    |              | it is over                                     |
    | 0     | 14     | -7       | 0.2     |              | the company may lose a fifth of a source       |
    | 0     | 14     | 0        | 0.01    |              | from the snapshot on: nobody knows that yet    |
"""


@pytest.mark.parametrize("case", drawn(MIXES), ids=lambda case: f"{case['usual']}, {case['recent']}: {case['why']}")
def test_a_part_of_the_sales_in_another_currency(case):
    """So many rows a day were refused for their currency in the usual days, and so many from a day on."""
    usual, recent, start = int(case["usual"]), int(case["recent"]), int(case["from day"])
    refused = mixed({day: recent if day >= start else usual for day in range(-120, 8)})
    allowed = DATA.model_copy(update={"max_rejected_share": float(case["allowed"])})
    found = feed_health.check_feeds(replace(profile(), refused=refused), S, SETTINGS, allowed)
    assert [finding.kind for finding in found] == ([case["found"]] if case["found"] else [])
    assert not any(finding.is_outage for finding in found), "so that it stops a scoring run"


def mixed(rows: dict[int, int], table: str = "events") -> pl.DataFrame:
    """So many refused rows on each day from the snapshot on; the days before it are negative."""
    told = [{"table": table, "day": S + timedelta(days=day), "rows": n} for day, n in rows.items() if n]
    return pl.DataFrame(told, schema=feeds.REFUSED)


def test_the_words_of_another_currency_say_what_is_usual():
    refused = mixed({day: 14 if day >= -7 else 1 for day in range(-120, 0)})
    (found,) = feed_health.check_feeds(replace(profile(), refused=refused), S, SETTINGS, DATA)
    assert str(found.description) == (
        "events: 12.3% of the rows of the last 7 days are not in USD and were refused, 1.0% in the days before "
        "(data.max_rejected_share allows 1.0% more)"
    )


def test_days_that_were_refused_whole_are_no_mere_outage():
    """Else the features would be missing, and the list be made all the same."""
    refused = mixed(dict.fromkeys(range(-7, 0), 100))
    found = feed_health.check_feeds(replace(profile(rows=(7, 0)), refused=refused), S, SETTINGS, DATA)
    assert [(f.kind, f.is_outage) for f in found] == [("currency_mix", False), ("outage", True)]


def test_what_was_refused_of_another_feed_is_no_fault_of_this_one():
    refused = mixed(dict.fromkeys(range(-7, 0), 100), "transactions")
    assert feed_health.check_feeds(replace(profile(), refused=refused), S, SETTINGS, DATA) == []


def test_an_outage_says_how_long_the_feed_paused_before():
    words = [str(one.description) for one in feed_health.check_feeds(profile(rows=(5, 0)), S, SETTINGS, DATA)]
    assert [" though it came every day in the " in one for one in words] == [True]
