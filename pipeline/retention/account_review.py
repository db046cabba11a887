"""The quarterly review of an account: what each quarter held, what was done, and what the customer answered."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Final

import polars as pl

from pipeline.retention.account import Account
from pipeline.retention.sections import Section

QUARTERS: Final = 5
"""How many are shown: the one that is not over, and four before, so that each stands beside that of a year ago."""


def review(account: Account, first_day: date) -> Iterator[Section]:
    """Quarters, what teams did, and what the customer answered; sections without a row are left out.

    Parameters
    ----------
    account
        What is known of the customer.
    first_day
        The first day of the tables: of a quarter before it nothing is known, and none is not nothing.
    """
    quarters = [(start, end) for start, end in quarters_before(account.as_of) if end > first_day]
    heads, columns = ["quarter"], [[_name(*one, first_day) for one in quarters]]
    for head, cells in _columns(account, quarters):
        heads.append(head)
        columns.append(cells)
    yield Section("By quarter", tuple(heads), tuple(zip(*columns, strict=True)))
    yield from _done(account)
    yield from _answers(account)


def quarters_before(day: date) -> list[tuple[date, date]]:
    """The quarter that holds the day before a day, up to that day, and four before it; the earliest first.

    >>> [f"{start} {end}" for start, end in quarters_before(date(2024, 5, 6))][-2:]
    ['2024-01-01 2024-04-01', '2024-04-01 2024-05-06']
    >>> quarters_before(date(2024, 4, 1))[-1]
    (datetime.date(2024, 1, 1), datetime.date(2024, 4, 1))
    """
    last = day.toordinal() - 1
    before = date.fromordinal(last)
    number = before.year * 4 + (before.month - 1) // 3
    starts = [date(place // 4, place % 4 * 3 + 1, 1) for place in range(number - QUARTERS + 1, number + 2)]
    return [(start, min(end, day)) for start, end in pairwise(starts)]


def _name(start: date, end: date, first_day: date) -> str:
    """What a quarter is called; that it is not known whole is part of it.

    >>> _name(date(2024, 1, 1), date(2024, 4, 1), date(2023, 1, 1))
    '2024 Q1'
    >>> _name(date(2024, 4, 1), date(2024, 5, 6), date(2024, 4, 8))
    '2024 Q2, from 2024-04-08, before 2024-05-06'
    """
    begun = f", from {first_day}" if start < first_day else ""
    ended = "" if end.month % 3 == 1 and end.day == 1 else f", before {end}"
    return f"{start.year} Q{(start.month + 2) // 3}{begun}{ended}"


def _columns(account: Account, quarters: list[tuple[date, date]]) -> Iterator[tuple[str, list[str]]]:
    orders = account.rows("transactions")
    if orders is not None:
        bought, returned = orders.filter(pl.col("amount_minor") >= 0), orders.filter(pl.col("amount_minor") < 0)
        yield "orders", [f"{_inside(bought, 'day', one)['transaction_id'].n_unique():,}" for one in quarters]
        yield "paid", [_sum(account, _inside(bought, "day", one)["amount_minor"]) for one in quarters]
        yield "given back", [_sum(account, -_inside(returned, "day", one)["amount_minor"]) for one in quarters]
        if "discount_minor" in orders.columns:
            saved = [_sum(account, _inside(bought, "day", one)["discount_minor"]) for one in quarters]
            yield "saved by discounts", saved
    for table, day, head in (("tickets", "opened_day", "tickets"), ("contacts", "day", "contacts")):
        rows = account.rows(table)
        if rows is not None:
            yield head, [f"{_inside(rows, day, one).height:,}" for one in quarters]
    promises = account.rows("commitments")
    if promises is not None and "due_day" in promises.columns:
        yield "promises kept in time", [_kept(_inside(promises, "due_day", one), one[1]) for one in quarters]


def _sum(account: Account, amounts: pl.Series) -> str:
    return account.money(int(amounts.cast(pl.Int64).sum()))


def _inside(rows: pl.DataFrame, day: str, quarter: tuple[date, date]) -> pl.DataFrame:
    return rows.filter(pl.col(day) >= quarter[0], pl.col(day) < quarter[1])


def _kept(due: pl.DataFrame, end: date) -> str:
    if "kept_day" not in due.columns:
        return f"0 of {due.height:,}"
    in_time = due.filter((pl.col("kept_day") <= pl.col("due_day")) & (pl.col("kept_day") < end))
    return f"{in_time.height:,} of {due.height:,}"


def _done(account: Account) -> Iterator[Section]:
    given = {row["as_of"]: row.get("playbook") for row in account.lists}
    rows = account.outcomes.sort("as_of_day").to_dicts()
    lines = tuple(
        (
            str(row["as_of_day"]), given.get(row["as_of_day"]) or "-",
            *(str(row[name] or "-") for name in ("status", "done_day", "answer", "note")),
        )
        for row in rows
    )  # fmt: skip
    if lines:
        heads = ("list of", "playbook", "status", "done on", "answer", "note")
        yield Section("What teams have handed back", heads, lines)


def _answers(account: Account) -> Iterator[Section]:
    rows = account.rows("surveys")
    if rows is None or "score" not in rows.columns:
        return
    answered = rows.filter(pl.col("score").is_not_null()).sort("day").tail(8).to_dicts()
    lines = tuple(
        (str(row["day"]), str(row["kind"]), f"{row['score']:g}", str(row.get("touch_point") or "-")) for row in answered
    )
    if lines:
        yield Section("What the customer answered", ("day", "kind", "score", "touch point"), lines)
