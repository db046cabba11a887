"""By when an action is due: days after the list that gave it, and before the day that the rule counts down to."""

from datetime import date, timedelta

import polars as pl
import pytest

from pipeline.decisions import assignment, cooldown, eligibility
from pipeline.playbooks.config.limits import Limits
from tests.decisions.week import WEEK, book, context, frame
from tests.drawing import drawn

RENEW = {"tactic": "value-demonstration", "channel": "phone", "who": "service", "due_in_days": 7}
AHEAD = book(when="days_to_renewal between 0 and 30", duty=True, due_before="days_to_renewal", **RENEW)
OWED = book(
    tactic="conflict-resolution", when="disputes_open > 0", duty=True, due_in_days=2, channel="phone", who="service"
)


def decide(customers: list[dict], days: list[int | None], books: dict, limits: Limits | None = None) -> list[dict]:
    rule = context()
    table = frame(*customers).with_columns(days_to_renewal=pl.Series(days, dtype=pl.Int64))
    restricted = assignment.Restrictions(eligibility.check_eligibility(table, books, rule), limits or Limits())
    before = pl.DataFrame(schema=cooldown.EARLIER)
    return assignment.plan(table, books, rule.as_of, "USD", before, restricted)[0].to_dicts()


# Days until the renewal, days since the action was given (0: by this list), and days from this list until it is due.
DUE = """
    | renewal | given | due | why                                                |
    | 30      | 0     | 7   | the usual time                                     |
    | 8       | 0     | 7   | the day before the renewal is the usual time       |
    | 7       | 0     | 6   | the day before the renewal                         |
    | 2       | 0     | 1   | the day before the renewal                         |
    | 1       | 0     | 0   | today                                              |
    | 0       | 0     | 0   | too late to be before it, so at once               |
    | 5       | 7     | 0   | the usual time, from the list that gave it         |
    | 1       | 3     | 0   | the renewal is tomorrow                            |
    | 0       | 3     | -1  | it was due yesterday                               |
"""


@pytest.mark.parametrize("case", drawn(DUE), ids=lambda case: case["why"])
def test_when_it_is_due(case):
    given = WEEK - timedelta(days=int(case["given"]))
    customer = {} if given == WEEK else {"open_playbook": "renew", "open_given_day": given}
    (row,) = decide([customer], [int(case["renewal"])], {"renew": AHEAD})
    assert (row["playbook"], row["given_day"]) == ("renew", given)
    assert row["due_day"] == WEEK + timedelta(days=int(case["due"]))
    if row["due_day"] > WEEK:
        assert row["due_day"] < WEEK + timedelta(days=int(case["renewal"])), "it comes before the renewal"


def test_a_renewal_of_tomorrow_is_served_before_what_is_due_later():
    """The duty whose usual time is the shortest has no hands left for itself once the renewals are near."""
    customers = [{"disputes_open": 1, "value_at_stake": 900.0}, {"value_at_stake": 1.0}, {"value_at_stake": 5.0}]
    books = {"settle": OWED, "renew": AHEAD}
    found = decide(customers, [None, 2, 20], books, Limits(who={"service": 1}))
    assert [row["playbook"] for row in found] == [None, "renew", None]
    found = decide(customers, [None, 20, 20], books, Limits(who={"service": 2}))
    assert [row["playbook"] for row in found] == ["settle", None, "renew"], "of equals, who has more at stake"


@pytest.mark.parametrize("is_open", [False, True])
def test_who_has_renewed_already_is_not_called_before_the_renewal(is_open):
    """The feature cannot know it, for nobody knows since when the next period was in the table; who calls can."""
    renewed = {"renewed_from": WEEK + timedelta(days=20)}
    given = {"open_playbook": "renew", "open_given_day": WEEK - timedelta(days=7)} if is_open else {}
    books = {"renew": AHEAD, "look": book(when="days_to_renewal <= 30", due_in_days=9)}
    (row,) = decide([renewed | given], [20], {"renew": AHEAD})
    assert (row["playbook"], row["waiting_duty"]) == (None, None)
    assert row["why_not"] == "nothing, because the contract is renewed already, from 2024-03-24 on"
    (row,) = decide([renewed | given], [20], books)
    assert row["playbook"] == "look", "only what has to be done before the renewal comes too late"
    (row,) = decide([given], [20], books)
    assert row["playbook"] == "renew"


def test_a_promotion_may_end_after_the_day_before_the_renewal():
    """It would be over before its usual time; but it is due before the renewal, and until then it can be kept."""
    terms = {"was_price": 9, "lowest_price_before": 9, "ends_day": str(WEEK + timedelta(days=3))}
    usual = RENEW | {"tactic": "personal-post-sale-offer", "channel": "e-mail"}
    given = {"when": "days_to_renewal <= 30", "promotion": terms, "effect": 0.5, **usual}
    for due_before, days, expected in (
        ("days_to_renewal", 4, "x"), ("days_to_renewal", 9, None), (None, 4, None),
    ):  # fmt: skip
        (row,) = decide([{}], [days], {"x": book(due_before=due_before, **given)})
        assert row["playbook"] == expected, (due_before, days, row["why_not"])


def test_the_table_of_audiences_says_the_first_day():
    from pipeline.lists import audiences

    days = [date(2024, 3, 9), date(2024, 3, 6)]
    rows = pl.DataFrame({
        "customer_id": ["a", "b"], "playbook": "mail", "channel": "e-mail", "who": "us", "action": "Write",
        "due_day": days, "work": "audience", "given_day": WEEK, "caution": None,
    })  # fmt: skip
    sent = audiences.of_week(rows, WEEK)
    assert sent["due_day"].to_list() == days
    assert audiences.campaigns(sent)["due_day"].to_list() == [min(days)]
