"""What the one who acts is handed: drafts, promises, and what is open with the customer."""

from datetime import date, timedelta

import polars as pl
import pytest

from pipeline.decisions import facts, tasks
from pipeline.decisions.done_before import done_before
from pipeline.i18n import IN_ENGLISH
from pipeline.playbooks.config import purposes
from pipeline.playbooks.config.tactics import tactics
from tests.decisions.week import WEEK, book, context, decide, frame
from tests.drawing import drawn


def handed(change: dict, the_book, **more) -> dict:
    books = {"x": the_book}
    kinds = facts.FACTS | {"caution": pl.String(), "playbook": pl.String(), "action": pl.String()} | more
    decided = pl.DataFrame(decide(frame(change), books, context()), infer_schema_length=None, schema_overrides=kinds)
    return tasks.handed(decided.with_columns(pl.col("caution").cast(pl.String)), books, WEEK).to_dicts()[0]


def test_a_person_has_a_draft_and_software_has_none():
    made = handed({}, book("conflict-resolution"))
    assert made["draft"] == "Do it (Why now: Last order 40 days ago.)"
    assert handed({}, book("conflict-resolution", draft="Dear customer"))["draft"] == "Dear customer"
    assert handed({}, book("thank-you-email"))["draft"] is None
    assert handed({"is_control": True}, book("conflict-resolution"))["draft"] is None


def test_a_promise_has_its_day_and_becomes_a_commitment_once():
    promising = book(promise={"what": "an answer", "due_in_days": 2})
    row = handed({}, promising)
    assert (row["promise"], row["promise_due_day"]) == ("an answer", WEEK + timedelta(days=2))
    before = WEEK - timedelta(days=7)
    kept = handed({"open_playbook": "x", "open_given_day": before}, promising)
    assert kept["promise_due_day"] == before + timedelta(days=2)
    both = pl.DataFrame([row, kept | {"customer_id": "b"}], infer_schema_length=None)
    assert tasks.promises(both, WEEK).rows() == [("a", WEEK, "service", "an answer", WEEK + timedelta(days=2), None)]


# Promises and disputes that are open, what the playbook says, and what whoever gets in touch reads.
CAUTIONS = """
    | promises | due        | what      | disputes | since      | own    | told                                                                      |
    | 0        | -          | -         | 0        | -          | -      | -                                                                         |
    | 0        | -          | -         | 0        | -          | Gently | Gently                                                                    |
    | 2        | 2024-03-01 | -         | 0        | -          | Gently | Gently Mind promises to this customer that are open: 2, the first due 2024-03-01. |
    | 2        | 2024-03-01 | a refund  | 0        | -          | Gently | Gently Mind promises to this customer that are open: 2, the first due 2024-03-01 (a refund). |
    | 1        | -          | a refund  | 1        | -          | -      | Mind promises to this customer that are open: 1; disputes that are open: 1. |
    | 0        | -          | -         | 1        | -          | -      | Mind disputes that are open: 1.                                           |
    | 0        | -          | -         | 3        | 2024-02-20 | -      | Mind disputes that are open: 3, since 2024-02-20.                         |
"""


@pytest.mark.parametrize("case", drawn(CAUTIONS), ids=lambda case: case["told"])
def test_what_is_open_is_said_before_anybody_gets_in_touch(case):
    days = {name: None if case[name] == "-" else date.fromisoformat(case[name]) for name in ("due", "since")}
    change = {"promises_open": int(case["promises"]), "disputes_open": int(case["disputes"]), "promise_due_next": days["due"],
              "promise_what": None if case["what"] == "-" else case["what"], "dispute_since": days["since"]}  # fmt: skip
    own = None if case["own"] == "-" else case["own"]
    assert (handed(change, book("satisfaction-survey", caution=own))["caution"] or "-") == case["told"]
    nothing = handed(change | {"sent_7d": 9}, book("satisfaction-survey", caution=own))
    assert (nothing["caution"] or "") == case["told"].removeprefix("Gently").strip().removeprefix("-"), (
        "also without an action"
    )
    assert handed(change | {"is_control": True}, book(caution=own))["caution"] is None


# What a tactic is to the customer.
AIMS = """
    | tactic                  | aim      |
    | discount-promotion      | offer    |
    | credit-limit            | offer    |
    | points-programme        | offer    |
    | client-staff-gifts      | offer    |
    | b2b-discount            | offer    |
    | win-back-campaign       | offer    |
    | bonus-expiry-reminder   | useful   |
    | newsletter-useful       | useful   |
    | client-training         | useful   |
    | thank-you-email         | thanks   |
    | apology-email           | apology  |
    | conflict-resolution     | apology  |
    | exit-interview          | feedback |
    | referral-programme      | feedback |
    | contact-coordination    | internal |
    | crm-customer-record     | internal |
"""


@pytest.mark.parametrize("case", drawn(AIMS), ids=lambda case: case["tactic"])
def test_what_a_tactic_is_to_the_customer(case):
    assert purposes.of_tactic(tactics()[case["tactic"]]) == case["aim"]


def test_every_tactic_has_a_purpose_and_the_tables_name_no_other():
    assert set(purposes.BY_TACTIC) <= set(tactics())
    assert {purposes.of_tactic(tactic) for tactic in tactics().values()} == set(purposes.PURPOSES)
    dear = [tactic for tactic in tactics().values() if "margin" in tactic.cost and tactic.id not in purposes.BY_TACTIC]
    assert all(purposes.of_tactic(tactic) == "offer" for tactic in dear) and dear


# Which rule gives it, when which playbook was done, and since when the oldest matter of either kind has been open.
DONE_BEFORE = """
    | rule                 | done       | of    | promise due | dispute since | day        |
    | promises_overdue > 0 | 2024-02-27 | x     | 2024-02-20  | -             | 2024-02-27 |
    | promises_overdue > 0 | 2024-02-20 | x     | 2024-02-20  | -             | 2024-02-20 |
    | promises_overdue > 0 | 2024-02-19 | x     | 2024-02-20  | -             | -          |
    | promises_overdue > 0 | 2024-02-27 | other | 2024-02-20  | -             | -          |
    | promises_overdue > 0 | 2024-02-27 | x     | -           | 2024-02-20    | -          |
    | promises_overdue > 0 | -          | x     | 2024-02-20  | -             | -          |
    | disputes_open > 0    | 2024-02-27 | x     | -           | 2024-02-20    | 2024-02-27 |
    | disputes_open > 0    | 2024-02-27 | x     | 2024-02-20  | 2024-02-28    | -          |
    | days_to_renewal < 30 | 2024-02-27 | x     | 2024-02-20  | 2024-02-20    | -          |
"""


@pytest.mark.parametrize("case", drawn(DONE_BEFORE), ids=lambda case: "-".join(case.values()))
def test_what_was_done_and_is_open_all_the_same_is_said_to_whoever_is_asked_again(case):
    day = {
        name: None if case[name] == "-" else date.fromisoformat(case[name]) for name in list(case)[1:] if name != "of"
    }
    done = [{"playbook": case["of"], "day": day["done"]}] if day["done"] else []
    row = {
        "playbook": "x",
        "done_playbooks": done,
        "promise_due_next": day["promise due"],
        "dispute_since": day["dispute since"],
    }
    books = {
        "x": book("conflict-resolution", when=case["rule"]),
        "other": book("conflict-resolution", when=case["rule"]),
    }
    known = pl.DataFrame([row], schema_overrides={name: facts.FACTS[name] for name in row if name in facts.FACTS})
    expected = f"Handed back as done on {day['day']}, and still open in the data; if it is done, record it there."
    assert known.select(done_before(books, IN_ENGLISH)).item() == (expected if day["day"] else None)


def test_who_is_asked_again_reads_it_before_what_else_is_open():
    change = {"disputes_open": 1, "dispute_since": date(2024, 2, 20),
              "done_playbooks": [{"playbook": "x", "day": date(2024, 2, 22)}]}  # fmt: skip
    row = handed(change, book("conflict-resolution", when="disputes_open > 0", duty=True, caution="Gently."))
    assert row["caution"] == (
        "Gently. Handed back as done on 2024-02-22, and still open in the data; if it is done, record it there. "
        "Mind disputes that are open: 1, since 2024-02-20."
    )
