"""Months that are over, from one published week to the next: rows that are gone, that came, or of other amounts."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Final, NamedTuple

from pipeline.drift.kinds import Effect
from pipeline.drift.profile import Month, TableProfile
from pipeline.i18n import Sentence, in_percent, say

MIN_ROWS: Final = 100
"""Fewer rows than this say more of chance than of the feed."""
NOTHING: Final = Month(0, 0, 0)
FIRST_WEEK: Final = 2
"""Orders of the two latest weeks may still be cancelled; what is older has come to stay."""
MONTH_TIMES: Final = 5
"""A single month or week may lose this many times the share all may: a week that is gone is little of two years."""


class Past(NamedTuple):
    """What is compared: the months of a table before one; how many customers were forgotten, how many days went by."""

    table: str
    until: str
    forgotten: int
    days: int


def of_history(before: TableProfile, after: TableProfile, past: Past) -> Iterator[Effect]:
    """The months in which nothing arrives late any more."""
    kept = {
        name: (month, after.months.get(name, NOTHING))
        for name, month in before.months.items()
        if name < past.until and not 0 < month.customers - after.months.get(name, NOTHING).customers <= past.forgotten
    }
    months = [*kept.values()]
    old = sum(then.rows for then, _ in months)
    if old < MIN_ROWS:
        return
    lost = sum(max(then.rows - now.rows, 0) for then, now in months) / old
    won = sum(max(now.rows - then.rows, 0) for then, now in months) / old
    new = sum(now.rows for _, now in months)
    words = say(
        "{table}: {before} rows before {month} last time, {now} of the same months now",
        table=past.table, before=old, month=past.until, now=new,
    )  # fmt: skip
    whole = Effect("history_shrank", past.table, lost, words)
    yield max([whole, *_months(kept, past), *_weeks(before.weeks, after.weeks, past)], key=attrgetter("size"))
    yield Effect("history_grew", past.table, won, words)
    total = sum(abs(then.amount_minor) for then, _ in months)
    if total:
        moved = sum(abs(now.amount_minor - then.amount_minor) for then, now in months) / total
        words = say(
            "{table}: the amounts of months before {month} moved by {share} since the last list",
            table=past.table, month=past.until, share=in_percent(moved),
        )  # fmt: skip
        yield Effect("amounts_changed", past.table, moved, words)


def _months(months: dict[str, tuple[Month, Month]], past: Past) -> Iterator[Effect]:
    for month, (then, now) in months.items():
        words = say(
            "{table}: {before} rows of {month} last time, {now} now",
            table=past.table, before=then.rows, month=month, now=now.rows,
        )  # fmt: skip
        yield from _shrank(then.rows, now.rows, words, past)


def _weeks(before: list[int], after: list[int], past: Past) -> Iterator[Effect]:
    """The weeks that months do not show yet, where both lists were made on the same day of the week."""
    later, rest = divmod(past.days, 7)
    if rest or not later or past.forgotten:
        return
    for then, now in [*zip(before, after[later:], strict=False)][FIRST_WEEK:]:
        words = say(
            "{table}: {before} rows of one of the last weeks last time, {now} of the same week now",
            table=past.table, before=then, now=now,
        )  # fmt: skip
        yield from _shrank(then, now, words, past)


def _shrank(then: int, now: int, words: Sentence, past: Past) -> Iterator[Effect]:
    if then >= MIN_ROWS:
        yield Effect("history_shrank", past.table, (1 - now / then) / MONTH_TIMES, words)
