"""The plan of an account: the renewal, what is to be done, what is owed, what is bought, and room for goals."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import polars as pl

from pipeline.retention.account import Account
from pipeline.retention.sections import Section

ACTION: Final = {
    "playbook": "playbook", "action": "action", "channel": "channel", "who": "who", "due_day": "by",
    "why_this": "why this", "caution": "caution", "draft": "draft", "promise": "promise", "why_not": "nothing, because",
    "waiting_duty": "waits for hands",
}  # fmt: skip
"""Columns of the decision, and what they are called."""
CONTRACT: Final = {
    "plan": "plan", "start_day": "begins", "renewal_day": "renewal", "end_day": "ends", "cancel_day": "cancelled",
}  # fmt: skip
"""Columns of a contract, and what they are called."""
YEAR: Final = timedelta(days=365)
MAX_CATEGORIES: Final = 12
GOAL_ROWS: Final = 4


def plan(account: Account) -> Iterator[Section]:
    """Everything that is known of what comes next; sections without a row are left out, goals are left to fill in."""
    yield from _renewal(account)
    decided = tuple((words, str(account.now[name])) for name, words in ACTION.items() if account.now.get(name))
    if decided:
        yield Section("What is to be done", ("what", "decided"), decided)
    yield from _commitments(account)
    yield from _categories(account)
    yield Section(
        "Goals, to be filled in together",
        ("goal", "measured by", "who", "until"),
        (("", "", "", ""),) * GOAL_ROWS,
    )


def _renewal(account: Account) -> Iterator[Section]:
    rows = account.rows("subscriptions")
    if rows is None:
        return
    ended = pl.col("end_day") < account.as_of if "end_day" in rows.columns else pl.lit(value=False)
    running = rows.filter(~ended.fill_null(value=False)).sort("start_day")
    last = rows.sort("start_day").tail(1)
    heads = [head for head in CONTRACT if head in rows.columns]
    priced = "price_per_month_minor" in rows.columns
    lines = tuple(
        (
            *(_cell(row[head]) for head in heads),
            *([_price(account, row["price_per_month_minor"])] if priced else []),
        )
        for row in (last if running.is_empty() else running).to_dicts()
    )
    names = (*(CONTRACT[head] for head in heads), *(["price per month"] if priced else []))
    title = "Renewal: the last contract, which has ended" if running.is_empty() else "Renewal: contracts that run"
    yield Section(title, names, lines)


def _commitments(account: Account) -> Iterator[Section]:
    rows = account.rows("commitments")
    if rows is None:
        return
    lines = tuple(
        (
            str(row["made_day"]), *(_cell(row.get(name)) for name in ("what", "promised_by", "due_day", "kept_day")),
            _state(row.get("due_day"), row.get("kept_day"), account.as_of),
        )
        for row in rows.sort("made_day").to_dicts()
    )  # fmt: skip
    yield Section("Promises made to this customer", ("made", "promise", "by whom", "due on", "kept on", "state"), lines)


def _state(due: date | None, kept: date | None, as_of: date) -> str:
    """How a promise stands on the morning of a day.

    >>> day = date(2024, 5, 6)
    >>> _state(day, date(2024, 5, 5), day), _state(day, None, day), _state(date(2024, 5, 5), None, day)
    ('kept', 'open', 'overdue')
    >>> _state(date(2024, 5, 1), date(2024, 5, 3), day), _state(None, None, day)
    ('kept late', 'open')
    """
    if kept is not None and kept < as_of:
        return "kept late" if due is not None and kept > due else "kept"
    return "overdue" if due is not None and due < as_of else "open"


def _categories(account: Account) -> Iterator[Section]:
    rows = account.rows("transactions")
    if rows is None or "category" not in rows.columns:
        return
    recent = rows.filter(pl.col("day") >= account.as_of - YEAR, pl.col("amount_minor") >= 0)
    sums = (
        recent.filter(pl.col("category").is_not_null())
        .group_by("category")
        .agg(pl.col("day").n_unique().alias("days"), pl.col("amount_minor").sum(), pl.col("day").max())
        .sort("amount_minor", "category", descending=[True, False])
    )
    lines = tuple(
        (row["category"], f"{row['days']:,}", account.money(row["amount_minor"]), str(row["day"]))
        for row in sums.head(MAX_CATEGORIES).to_dicts()
    )
    left = sums.height - len(lines)
    notes = (f"{left:,} more categories.",) if left > 0 else ()
    if lines:
        yield Section(
            "What was bought in the last 365 days", ("category", "on days", "paid", "last bought"), lines, notes
        )


def _price(account: Account, minor: int | None) -> str:
    return "-" if minor is None else account.money(minor)


def _cell(value: object) -> str:
    return "-" if value is None else str(value)
