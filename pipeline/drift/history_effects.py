"""Months that are over, from one published week to the next: rows that are gone, that came, or of other amounts."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Final, NamedTuple

from pipeline.drift.kinds import Effect
from pipeline.drift.profile import Month, TableProfile
from pipeline.i18n import in_percent, say

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
    whole, month = Effect("history_shrank", past.table, lost, words), _worst_month(kept, past)
    yield max(whole, month, _worst_week(before.weeks, after.weeks, past), key=attrgetter("size"))
    yield Effect("history_grew", past.table, won, words)
    total = sum(abs(then.amount_minor) for then, _ in months)
    if total:
        moved = sum(abs(now.amount_minor - then.amount_minor) for then, now in months) / total
        words = say(
            "{table}: the amounts of months before {month} moved by {share} since the last list",
            table=past.table, month=past.until, share=in_percent(moved),
        )  # fmt: skip
        yield Effect("amounts_changed", past.table, moved, words)


def _worst_month(months: dict[str, tuple[Month, Month]], past: Past) -> Effect:
    lost = {name: 1 - now.rows / then.rows for name, (then, now) in months.items() if then.rows >= MIN_ROWS}
    if not lost:
        return Effect("history_shrank", past.table, 0.0, "")
    month = max(lost, key=lambda name: lost[name])
    then, now = months[month]
    words = say(
        "{table}: {before} rows of {month} last time, {now} now",
        table=past.table, before=then.rows, month=month, now=now.rows,
    )  # fmt: skip
    return Effect("history_shrank", past.table, lost[month] / MONTH_TIMES, words)


def _worst_week(before: list[int], after: list[int], past: Past) -> Effect:
    """The weeks that months do not show yet, where both lists were made on the same day of the week."""
    later, rest = divmod(past.days, 7)
    pairs = [] if rest or not later or past.forgotten else [*zip(before, after[later:], strict=False)][FIRST_WEEK:]
    pairs = [(then, now) for then, now in pairs if then >= MIN_ROWS]
    if not pairs:
        return Effect("history_shrank", past.table, 0.0, "")
    then, now = max(pairs, key=lambda pair: 1 - pair[1] / pair[0])
    words = say(
        "{table}: {before} rows of one of the last weeks last time, {now} of the same week now",
        table=past.table, before=then, now=now,
    )  # fmt: skip
    return Effect("history_shrank", past.table, (1 - now / then) / MONTH_TIMES, words)
