"""What is known when a week is decided: from tables and earlier lists, strictly before its day, nothing counted twice."""

import json
from datetime import date, timedelta

import polars as pl
import pytest

from pipeline.config.paths import REPRO
from pipeline.decisions import facts
from pipeline.decisions.contact_policy import open_action
from pipeline.outcomes import feedback
from pipeline.tables import storage
from pipeline.week import contact_history
from tests.decisions.week import WEEK, book, context
from tests.drawing import drawn

BOOKS = {
    "mail": book("newsletter-useful", cooldown_days=14),
    "sell": book("personal-post-sale-offer"),
    "plan": book("customer-plan", channel="internal"),
    "ask": book("exit-interview", channel="phone"),
    "back": book("win-back-campaign"),
}
DAYS = (
    "day",
    "as_of_day",
    "opened_day",
    "resolved_day",
    "first_answer_day",
    "made_day",
    "due_day",
    "kept_day",
    "done_day",
    "snooze_until_day",
    "start_day",
    "cancel_day",
)
FLAGS = ("is_dispute", "is_complaint", "email_opt_in", "phone_opt_in")


def cell(name: str, text: str):
    if text == "-":
        return None
    if name in DAYS or name in ("as_of", "given_day"):
        return date.fromisoformat(text)
    return text == "yes" if name in FLAGS else text


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(name: str, text: str, buckets: int = 1) -> None:
    """A drawn table, its customers spread over buckets."""
    rows = [{column: cell(column, value) for column, value in row.items()} for row in drawn(text)]
    types = {column: pl.Date for column in rows[0] if column in DAYS} | {c: pl.Boolean for c in rows[0] if c in FLAGS}
    frame = pl.DataFrame(rows, schema_overrides=types)
    for at in range(buckets):
        mine = frame.filter(pl.col("customer_id").map_elements(ord, return_dtype=pl.Int64) % buckets == at)
        storage.write_parquet(mine, storage.bucket_file(REPRO.tables / name, at))


def week(text: str, company: str = "shop") -> None:
    """Published decisions, one list per day of the drawn table."""
    rows = [{column: cell(column, value) for column, value in row.items()} for row in drawn(text)]
    for day in sorted({row["as_of"] for row in rows}):
        mine = [row for row in rows if row["as_of"] == day]
        types = {name: kind for name, kind in open_action.GIVEN.items() if name in mine[0]}
        storage.write_parquet(pl.DataFrame(mine, schema_overrides=types), REPRO.exports / str(day) / "actions.parquet")
        (REPRO.exports / str(day) / "manifest.json").write_text(json.dumps({"company": company}), encoding="utf-8")


def known(*names: str, rule=None, orders: str | None = None) -> dict[str, tuple]:
    """Some facts by customer."""
    rule = rule or context()
    who = pl.DataFrame({"customer_id": ["a", "b", "c"]})
    if orders is not None:
        who = who.with_columns(pl.lit(date.fromisoformat(orders)).alias("last_order_day"))
    given = contact_history.given(REPRO.exports, "shop", BOOKS, rule)
    found = contact_history.read(who, given, REPRO, BOOKS, rule).customers()
    assert set(facts.FACTS) <= set(found.columns) and found["customer_id"].to_list() == ["a", "b", "c"]
    return {row[0]: row[1:] for row in found.select("customer_id", *names).iter_rows()}


def test_without_any_optional_table_nothing_is_known_and_everything_works(here):
    found = known(*(name for name in facts.FACTS if name not in facts.COUNTS))
    assert set(found["a"]) == {None}
    assert set(known(*facts.COUNTS)["a"]) == {0}


@pytest.mark.parametrize("buckets", [1, 2])
def test_contacts_of_all_teams_are_counted_up_to_the_day_before(here, buckets):
    table("contacts", """
        | customer_id | day        | team  | channel  | purpose |
        | a           | 2024-03-04 | sales | phone    | offer   |
        | a           | 2024-03-03 | sales | phone    | offer   |
        | a           | 2024-02-27 | ops   | letter   | service |
        | a           | 2024-02-26 | ops   | letter   | Offer   |
        | a           | 2023-12-06 | ops   | letter   | offer   |
        | a           | 2023-12-05 | ops   | letter   | offer   |
        | b           | 2024-03-03 | ops   | internal | offer   |
    """, buckets)  # fmt: skip
    found = known("sent_7d", "sent_in_window", "offers_in_window", "last_sent_day")
    assert found["a"] == (2, 4, 3, date(2024, 3, 3))
    assert found["b"] == (0, 0, 0, None), "the customer did not notice"


def test_actions_of_earlier_lists_count_once_each_and_not_beside_the_contact_they_became(here):
    week("""
        | customer_id | as_of      | given_day  | playbook | would_have_been | channel  | tactic                   |
        | a           | 2024-02-27 | 2024-02-27 | mail     | -               | e-mail   | newsletter-useful        |
        | a           | 2024-03-03 | 2024-02-27 | mail     | -               | e-mail   | newsletter-useful        |
        | b           | 2024-02-27 | 2024-02-27 | -        | sell            | -        | -                        |
        | b           | 2024-03-03 | 2024-02-27 | -        | sell            | -        | -                        |
        | c           | 2024-02-27 | 2024-02-27 | plan     | -               | internal | customer-plan            |
        | c           | 2024-03-03 | 2024-03-03 | renamed  | -               | e-mail   | personal-post-sale-offer |
    """)
    found = known("sent_7d", "offers_in_window", "last_sent_day")
    assert found == {"a": (1, 0, None), "b": (1, 1, None), "c": (1, 1, None)}
    table(
        "contacts",
        """
        | customer_id | day        | playbook |
        | a           | 2024-03-01 | mail     |
        | c           | 2024-02-20 | renamed  |
    """,
    )
    found = known("sent_7d", "sent_in_window", "last_sent_day")
    assert found["a"] == (1, 1, date(2024, 3, 1)), "the contact is the action"
    assert found["c"] == (1, 2, date(2024, 2, 20)), "a contact of before is none of it"


def test_what_a_team_did_not_do_is_no_contact_and_what_it_did_is(here):
    week("""
        | customer_id | as_of      | given_day  | playbook | channel | tactic            |
        | a           | 2024-02-28 | 2024-02-28 | mail     | e-mail  | newsletter-useful |
        | b           | 2024-02-28 | 2024-02-28 | mail     | e-mail  | newsletter-useful |
    """)
    table(
        "outcomes",
        """
        | customer_id | as_of_day  | status   | done_day   |
        | a           | 2024-02-28 | not_done | -          |
        | b           | 2024-02-28 | done     | 2024-03-01 |
    """,
    )
    found = known("sent_7d", "last_sent_day", "done_day", "open_playbook")
    assert found["a"] == (0, None, None, None)
    assert found["b"] == (1, date(2024, 3, 1), date(2024, 3, 1), None)


# What the lists before said of customer a, what came back, and what is still open on 2024-03-04; open_days is 14.
OPEN = """
    | first      | last       | now  | outcome_of | open       | why                                          |
    | 2024-02-26 | 2024-02-26 | mail | -          | 2024-02-26 | a week ago                                   |
    | 2024-02-19 | 2024-02-26 | mail | -          | -          | 14 days ago                                  |
    | 2024-02-20 | 2024-02-26 | mail | -          | 2024-02-20 | 13 days ago, on two lists                    |
    | 2024-02-20 | 2024-02-26 | mail | 2024-02-20 | -          | handed back for the list that gave it        |
    | 2024-02-20 | 2024-02-26 | mail | 2024-02-26 | -          | handed back for a list that kept it          |
    | 2024-02-20 | 2024-02-26 | mail | 2024-02-12 | 2024-02-20 | what came back was of an earlier action      |
    | 2024-02-20 | 2024-02-26 | mail | 2024-03-04 | 2024-02-20 | what comes back later is not known yet       |
    | 2024-02-20 | 2024-02-26 | -    | -          | -          | the last list took it back                   |
"""


@pytest.mark.parametrize("case", drawn(OPEN), ids=lambda case: case["why"])
def test_what_is_still_open(here, case):
    week(f"""
        | customer_id | as_of           | given_day       | playbook     |
        | a           | {case["first"]} | {case["first"]} | mail         |
        | b           | {case["first"]} | {case["first"]} | -            |
    """)
    if case["last"] != case["first"]:
        week(f"""
            | customer_id | as_of          | given_day                                            | playbook      |
            | a           | {case["last"]} | {case["first"] if case["now"] != "-" else "-"} | {case["now"]} |
        """)
    if case["outcome_of"] != "-":
        table("outcomes", f"| customer_id | as_of_day | status |\n| a | {case['outcome_of']} | wrong_reason |")
    found = known("open_playbook", "open_given_day")
    assert found["a"] == ((None, None) if case["open"] == "-" else ("mail", date.fromisoformat(case["open"])))
    assert found["b"] == (None, None)


@pytest.mark.parametrize(
    ("day", "is_open"), [("2024-02-25", True), ("2024-02-26", False), ("2024-03-03", False), ("2024-03-04", True)]
)
def test_what_a_contact_on_record_shows_as_carried_out_is_open_no_more(here, day, is_open):
    week(
        "| customer_id | as_of | given_day | playbook |\n| a | 2024-02-26 | 2024-02-26 | mail |\n| b | 2024-02-26 | 2024-02-26 | mail |"
    )
    table("contacts", f"| customer_id | day | playbook |\n| a | {day} | mail |\n| b | {day} | sell |")
    found = known("open_playbook")
    assert found["a"] == ("mail" if is_open else None,) and found["b"] == ("mail",)


def test_weeks_of_others_and_of_later_are_none_of_ours(here):
    week("| customer_id | as_of | given_day | playbook |\n| a | 2024-02-26 | 2024-02-26 | mail |", company="other")
    week("| customer_id | as_of | given_day | playbook |\n| b | 2024-03-04 | 2024-03-04 | mail |")
    assert known("open_playbook", "sent_7d") == {"a": (None, 0), "b": (None, 0), "c": (None, 0)}


def test_what_rests_is_counted_from_the_list_that_gave_it_first(here):
    week("""
        | customer_id | as_of      | given_day  | playbook | would_have_been |
        | a           | 2024-02-26 | 2024-02-12 | mail     | -               |
        | b           | 2024-02-26 | 2024-02-26 | mail     | -               |
        | c           | 2024-02-26 | 2024-02-26 | mail     | -               |
        | d           | 2024-02-26 | 2024-02-26 | mail     | -               |
    """)
    outcomes = pl.DataFrame(
        [
            {"customer_id": who, "as_of": date(2024, 2, 26), "status": status}
            for who, status in (("c", "not_done"), ("d", "done"))
        ],
        schema=feedback.COLUMNS,
    )
    given = contact_history.given(REPRO.exports, "shop", BOOKS, context())
    earlier = contact_history.earlier(given, BOOKS, WEEK, outcomes).sort("customer_id")
    assert earlier["customer_id"].to_list() == ["b", "d"], "a's rest of 14 days is over, and c's was not done"
    assert earlier.row(0) == ("b", date(2024, 2, 26), "mail", None)


def test_lists_of_versions_without_the_new_columns_are_read(here):
    week("| customer_id | as_of | playbook |\n| a | 2024-02-26 | mail |")
    assert known("open_given_day", "sent_in_window")["a"] == (date(2024, 2, 26), 1)


def test_interviews_and_win_backs_are_remembered(here):
    week("""
        | customer_id | as_of      | given_day  | playbook | would_have_been | tactic            |
        | a           | 2024-02-05 | 2024-02-05 | ask      | -               | exit-interview    |
        | b           | 2024-02-05 | 2024-02-05 | -        | back            | -                 |
        | c           | 2024-02-05 | 2024-02-05 | older    | -               | win-back-campaign |
    """)
    day = date(2024, 2, 5)
    assert known("interviewed_day", "won_back_day") == {"a": (day, None), "b": (None, day), "c": (None, day)}


def test_what_was_handed_back_tells_of_snoozes_answers_and_channels(here):
    week("""
        | customer_id | as_of      | given_day  | playbook | channel |
        | a           | 2024-02-05 | 2024-02-05 | ask      | phone   |
        | a           | 2024-02-12 | 2024-02-12 | mail     | e-mail  |
        | b           | 2024-02-12 | 2024-02-12 | mail     | e-mail  |
    """)
    table(
        "outcomes",
        """
        | customer_id | as_of_day  | status   | done_day   | response | snooze_until_day |
        | a           | 2024-02-05 | done     | 2024-02-06 | thanks   | 2024-04-01       |
        | a           | 2024-02-12 | not_done | -          | -        | -                |
        | b           | 2024-02-12 | done     | 2024-03-04 | hm       | 2024-05-01       |
        | c           | 2024-03-04 | done     | -          | hm       | 2024-05-01       |
    """,
    )
    found = known("snoozed_until", "done_day", "responded_channel")
    assert found["a"] == (date(2024, 4, 1), date(2024, 2, 6), "phone")
    assert found["b"] == found["c"] == (None, None, None), "what is done or listed on the day itself is not known yet"


def test_outcomes_need_their_required_columns_only(here):
    table("outcomes", "| customer_id | as_of_day | status |\n| a | 2024-02-12 | done |")
    told = feedback.read(REPRO.tables / "outcomes", REPRO.outcomes, WEEK)
    assert told.rows() == [("a", date(2024, 2, 12), "done", date(2024, 2, 12), None, False, None, None)]


@pytest.mark.parametrize(("orders", "unanswered"), [("2024-01-01", 3), ("2024-01-10", 2), ("2024-03-01", 0), (None, 3)])
def test_contacts_since_the_last_sign_of_life(here, orders, unanswered):
    rows = "".join(f"| a | {day} |\n" for day in ("2024-01-10", "2024-01-20", "2024-02-01"))
    table("contacts", f"| customer_id | day |\n{rows}| b | 2024-01-10 |")
    assert known("unanswered", orders=orders)["a"] == (unanswered,)


def test_events_are_answers_but_for_those_of_who_has_had_enough(here):
    table("contacts", "| customer_id | day |\n| a | 2024-01-10 |\n| b | 2024-01-10 |\n| c | 2024-01-10 |")
    table(
        "events",
        """
        | customer_id | day        | event_type  |
        | a           | 2024-01-11 | visit       |
        | b           | 2024-01-11 | unsubscribe |
        | b           | 2024-03-04 | spam_mark   |
        | c           | 2024-03-04 | visit       |
    """,
    )
    assert known("unanswered", "fatigued_day") == {"a": (0, None), "b": (1, date(2024, 1, 11)), "c": (1, None)}


def test_open_matters_and_consents(here):
    table(
        "tickets",
        """
        | customer_id | opened_day | resolved_day | is_dispute | is_complaint |
        | a           | 2024-03-03 | -            | yes        | -            |
        | a           | 2024-03-01 | 2024-03-04   | yes        | yes          |
        | a           | 2024-03-01 | 2024-03-03   | yes        | yes          |
        | a           | 2024-03-04 | -            | yes        | yes          |
    """,
    )
    table(
        "commitments",
        """
        | customer_id | made_day   | due_day    | kept_day   |
        | a           | 2024-03-01 | 2024-03-09 | -          |
        | a           | 2024-03-01 | 2024-03-05 | 2024-03-04 |
        | a           | 2024-03-01 | 2024-03-02 | 2024-03-03 |
        | b           | 2024-03-04 | 2024-03-05 | -          |
    """,
    )
    table(
        "customers",
        """
        | customer_id | email_opt_in | phone_opt_in | preferred_channel |
        | a           | yes          | -            | phone             |
        | a           | no           | yes          | -                 |
    """,
    )
    names = ("disputes_open", "complaints_open", "promises_open", "promise_due_next")
    found = known(*names, "email_opt_in", "phone_opt_in", "sms_opt_in", "preferred_channel")
    assert found["a"] == (2, 1, 2, date(2024, 3, 5), False, True, None, "phone"), "one refusal is enough"
    assert found["b"] == (0, 0, 0, None, None, None, None, None)


def test_a_period_that_is_to_begin_is_known_from_the_table(here):
    """WEEK is 2024-03-04: what begins on it or later is booked, what has begun is not, and what was called off is not."""
    table(
        "subscriptions",
        """
        | customer_id | start_day  | cancel_day |
        | a           | 2023-04-01 | -          |
        | a           | 2025-04-01 | -          |
        | a           | 2024-04-01 | -          |
        | b           | 2024-03-04 | -          |
        | c           | 2024-03-03 | -          |
        | c           | 2024-05-01 | 2024-05-01 |
    """,
    )
    assert known("renewed_from", "promises_open") == {
        "a": (date(2024, 4, 1), 0), "b": (WEEK, 0), "c": (None, 0),
    }  # fmt: skip


def test_the_country_is_read_where_it_decides_whom_to_reach(here):
    table(
        "customers",
        """
        | customer_id | country | email_opt_in |
        | a           | no      | -            |
        | a           | NO      | -            |
        | b           | DE      | yes          |
    """,
    )
    assert known("home_country")["a"] == (None,), "it decides nothing, and is not read"
    by_country = {"email": "allow", "phone": "allow", "sms": "allow", "by_country": {"NO": {"email": "refuse"}}}
    found = known("home_country", "email_opt_in", rule=context(unknown_consent=by_country))
    assert found == {"a": ("NO", None), "b": ("DE", True), "c": (None, None)}


TOPICS = {
    "the oldest dispute, and what waits for a first answer longest": (
        """
        | customer_id | opened_day | first_answer_day | resolved_day | is_dispute | topic        |
        | a           | 2024-03-03 | -                | -            | yes        | invoice      |
        | a           | 2024-03-01 | 2024-03-02       | -            | yes        | LATE_PARCEL  |
        | a           | 2024-02-01 | 2024-02-02       | 2024-03-03   | yes        | settled      |
        | a           | 2024-03-04 | -                | -            | no         | of that day  |
        """,
        ("late parcel", "invoice"),
    ),
    "somebody has answered": (
        """
        | customer_id | opened_day | first_answer_day | resolved_day | is_dispute | topic        |
        | a           | 2024-03-01 | 2024-03-02       | -            | no         | answered     |
        """,
        (None, None),
    ),
    "an answer of a later day is not known yet": (
        """
        | customer_id | opened_day | first_answer_day | resolved_day | is_dispute | topic        |
        | a           | 2024-03-02 | 2024-03-09       | -            | no         | later        |
        | a           | 2024-03-03 | -                | -            | no         | the next one |
        """,
        (None, "later"),
    ),
    "nobody wrote what the oldest is about": (
        """
        | customer_id | opened_day | first_answer_day | resolved_day | is_dispute | topic        |
        | a           | 2024-03-02 | -                | -            | no         | -            |
        | a           | 2024-03-03 | -                | -            | no         | parcel       |
        """,
        (None, None),
    ),
    "a number is no topic, and of one day the first by the alphabet counts": (
        """
        | customer_id | opened_day | first_answer_day | resolved_day | is_dispute | topic        |
        | a           | 2024-03-02 | -                | -            | no         | 4711         |
        | a           | 2024-03-02 | -                | -            | no         | the same day |
        | a           | 2024-03-02 | -                | -            | no         | a day        |
        """,
        (None, "a day"),
    ),
}


@pytest.mark.parametrize("why", TOPICS)
def test_what_is_open_is_called_by_its_topic(here, why):
    rows, topics = TOPICS[why]
    table("tickets", rows)
    assert known("dispute_topic", "ticket_topic")["a"] == topics, why


def test_features_are_read_where_a_guard_asks_for_them(here):
    books = BOOKS | {"less": book("personal-post-sale-offer", discount={"share": 0.1}, cooldown_days=9)}
    storage.write_parquet(
        pl.DataFrame({"customer_key": [1, 1, 2], "snapshot": [WEEK, WEEK - timedelta(days=15), WEEK],
                      "margin_share_365d": [0.3, 0.9, None], "nps_latest": [7, 7, 9]}),
        storage.bucket_file(REPRO.examples, 0),
    )  # fmt: skip
    storage.write_parquet(
        pl.DataFrame({"customer_key": [1, 1, 2], "customer_id": ["a", "a", "b"]}),
        storage.bucket_file(REPRO.tables / "transactions", 0),
    )
    given = contact_history.given(REPRO.exports, "shop", books, context())
    who = pl.DataFrame({"customer_id": ["a", "b", "c"]})
    read = (
        contact_history.read(who, given, REPRO, books, context())
        .customers()
        .select("margin_share_365d", "nps_latest")
        .rows()
    )
    assert read == [(0.3, 7.0), (None, 9.0), (None, None)]
    assert contact_history.read(who, given, REPRO, BOOKS, context()).customers()["nps_latest"].null_count() == 3


def test_the_past_of_a_plan_is_every_contact_of_its_customers(here):
    week("| customer_id | as_of | given_day | playbook | channel |\n| a | 2024-02-26 | 2024-02-26 | sell | e-mail |")
    table("contacts", "| customer_id | day | purpose |\n| a | 2024-03-01 | useful |\n| b | 2024-03-01 | offer |")
    given, who = contact_history.given(REPRO.exports, "shop", BOOKS, context()), pl.DataFrame({"customer_id": ["a"]})
    found = contact_history.read(who, given, REPRO, BOOKS, context()).past()
    assert found.rows() == [("a", date(2024, 2, 26), True), ("a", date(2024, 3, 1), False)]


# What the register says of e-mail, and what the customer did; the list is of 2024-03-04.
OPTED_OUT = """
    | register | events                                          | may be e-mailed |
    | yes      | -                                               | True            |
    | yes      | 2024-02-01 unsubscribe                          | False           |
    | yes      | 2020-02-01 spam_mark                            | False           |
    | yes      | 2024-03-04 unsubscribe                          | True            |
    | yes      | 2024-03-03 unsubscribe                          | False           |
    | yes      | 2024-02-01 unsubscribe, 2024-02-05 subscribe    | True            |
    | yes      | 2024-02-01 unsubscribe, 2024-02-01 subscribe    | False           |
    | yes      | 2024-02-05 unsubscribe, 2024-02-01 subscribe    | False           |
    | yes      | 2024-02-01 visit                                | True            |
    | no       | 2024-02-01 subscribe                            | False           |
    | -        | 2024-02-01 unsubscribe                          | False           |
    | -        | 2024-02-01 unsubscribe, 2024-02-05 subscribe    | None            |
    | none     | 2024-02-01 unsubscribe                          | False           |
    | none     | -                                               | None            |
"""


@pytest.mark.parametrize("buckets", [1, 2])
@pytest.mark.parametrize("case", drawn(OPTED_OUT), ids=lambda case: f"{case['register']} {case['events']}")
def test_an_opt_out_counts_whatever_the_register_says(here, case, buckets):
    if case["register"] != "none":
        table(
            "customers",
            f"| customer_id | email_opt_in | phone_opt_in |\n| a | {case['register']} | yes |\n| b | yes | no |",
            buckets,
        )
    happened = [event.split() for event in case["events"].split(", ")] if case["events"] != "-" else []
    if happened:
        rows = "".join(f"| a | {day} | {kind} |\n" for day, kind in happened)
        table("events", f"| customer_id | day | event_type |\n{rows}| b | 2024-02-01 | visit |", buckets)
    found = known("email_opt_in", "phone_opt_in")
    assert str(found["a"][0]) == case["may be e-mailed"]
    assert found["a"][1] is (None if case["register"] == "none" else True), "the phone is another consent"
    assert found["b"] == ((None, None) if case["register"] == "none" else (True, False))


# What the last list knew of e-mail, what the register says now, and whether it may be used.
ONCE_KNOWN = """
    | last list | register | may be e-mailed |
    | yes       | yes      | True            |
    | yes       | no       | False           |
    | yes       | -        | False           |
    | no        | -        | False           |
    | no        | yes      | True            |
    | yes       | none     | False           |
    | -         | -        | None            |
    | -         | none     | None            |
    | -         | yes      | True            |
"""


@pytest.mark.parametrize("case", drawn(ONCE_KNOWN), ids=lambda case: f"{case['last list']} {case['register']}")
def test_consent_that_is_not_known_any_more_is_no_consent(here, case):
    day = REPRO.exports / "2024-02-26"
    before = pl.DataFrame(
        {
            "customer_id": ["a", "b"],
            "as_of": [date(2024, 2, 26)] * 2,
            "email_opt_in": [cell("email_opt_in", case["last list"]), True],
        },
        schema_overrides={"email_opt_in": pl.Boolean},
    )
    storage.write_parquet(before, day / "actions.parquet")
    (day / "manifest.json").write_text(json.dumps({"company": "shop"}), encoding="utf-8")
    if case["register"] != "none":
        table("customers", f"| customer_id | email_opt_in |\n| a | {case['register']} |\n| b | yes |")
    found = known("email_opt_in", "phone_opt_in")
    assert str(found["a"][0]) == case["may be e-mailed"]
    assert found["b"] == (case["register"] != "none", None)
    assert found["c"] == (None, None), "who was on no list was never known"


def test_an_opt_out_counts_where_the_consents_were_read_with_the_scores(here):
    table("events", "| customer_id | day | event_type |\n| a | 2024-02-01 | unsubscribe |")
    who = pl.DataFrame({"customer_id": ["a", "b"], "email_opt_in": [True, True], "phone_opt_in": [True, None],
                        "sms_opt_in": [None, None], "preferred_channel": ["e-mail", None]})  # fmt: skip
    given = contact_history.given(REPRO.exports, "shop", BOOKS, context())
    brought = frozenset(contact_history.CONSENTS)
    found = contact_history.read(who, given, REPRO, BOOKS, context(), brought).customers()
    assert found.select("email_opt_in", "phone_opt_in", "preferred_channel").rows() == [
        (False, True, "e-mail"), (True, None, None),
    ]  # fmt: skip
