"""To whom the supplier owes something, counted from its raw tables, and what became of it on the lists."""

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from tests.end_to_end.many_weeks.bookkeeper import Bookkeeper
from tests.end_to_end.many_weeks.supplier import Supplier

# In the order of the playbooks of examples/b2b.
DUTIES = ("commitment-tracking", "conflict-resolution", "answer-what-is-open", "renewal-ahead")
RENEWAL_DAYS, RENEWAL_RESTS_DAYS, UNANSWERED_DAYS = 30, 60, 2
# A duty that was done rests for contact.rest_days from the day it was done, which is a week after its list at the latest;
# what was declined or called wrong for contact.declined_days and contact.wrong_reason_days.
DONE_DAYS, SAID_NO_DAYS = 7 + 6, 90 + 6
SAYS_NO_HANDS = "is owed to this customer, and there are no hands for it this week"


def owed(supplier: Supplier, day: date) -> dict[str, list[str]]:
    """The duties towards each customer on the morning of a day."""
    promises = supplier.known("commitments", day).filter(pl.col("due_day") < day, pl.col("kept_day").is_null())
    tickets = supplier.known("tickets", day)
    disputes = tickets.filter("is_dispute", pl.col("resolved_ts").is_null())
    waiting = tickets.filter(
        pl.col("first_answer_ts").is_null(), pl.col("opened_ts") <= day - timedelta(days=UNANSWERED_DAYS)
    )
    renewals = supplier.known("subscriptions", day).filter(
        pl.col("cancel_day").is_null(), pl.col("renewal_day").is_between(day, day + timedelta(days=RENEWAL_DAYS))
    )
    found: dict[str, list[str]] = {}
    for duty, rows in zip(DUTIES, (promises, disputes, waiting, renewals), strict=True):
        for customer in rows["customer_id"].unique().to_list():
            found.setdefault(customer, []).append(duty)
    return found


@dataclass(frozen=True)
class Fate:
    """What became of the duties of a week: customers by how they stand on it."""

    done: list[str]
    named: list[str]
    excused: list[str]
    lost: list[tuple[str, list[str]]]


def fate(books: Bookkeeper, supplier: Supplier, day: date, reach: set[str]) -> Fate:
    """Sort everybody to whom something is owed: on a list with a duty, named as waiting for hands, excused, or lost."""
    rows = books.weeks[day] | books.former[day]
    done, named, excused, lost = [], [], [], []
    for customer, duties in owed(supplier, day).items():
        row = rows.get(customer)
        if customer not in reach:
            continue
        if row is not None and row["work"] == "duty" and row["playbook"] in duties:
            done.append(customer)
        elif row is not None and SAYS_NO_HANDS in row["action"]:
            named.append(customer)
        elif all(_rests(books, customer, duty, day) for duty in duties):
            excused.append(customer)
        else:
            lost.append((customer, duties))
    return Fate(done, named, excused, lost)


def _rests(books: Bookkeeper, customer: str, duty: str, day: date) -> bool:
    """Whether a team has put the customer off or said of this very duty that it is done, wrong or declined."""
    if books.snoozed_until(customer) > day:
        return True
    for earlier in sorted(books.weeks):
        given = (books.weeks[earlier] | books.former[earlier]).get(customer)
        if earlier >= day or given is None or given["playbook"] != duty:
            continue
        account = books.outcomes.get((customer, earlier))
        status, answer = (account.status, account.cells.get("answer")) if account else ("", None)
        rest_days = (
            SAID_NO_DAYS if answer == "declined" or status == "wrong_reason"
            else RENEWAL_RESTS_DAYS if duty == "renewal-ahead" and status != "not_done"
            else DONE_DAYS if status == "done"
            else 0
        )  # fmt: skip
        if (day - earlier).days < rest_days:
            return True
    return False
