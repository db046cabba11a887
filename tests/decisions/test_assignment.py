"""Playbooks: for whom, in which order, what it may cost, and nothing with a reason."""

import copy
import time
from datetime import date

import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.errors import BadPlaybooks
from pipeline.decisions import assignment, cooldown
from pipeline.examples.features import families
from pipeline.playbooks.config import playbooks_file
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.config.tactics import tactics
from pipeline.playbooks.rules import matching, name_checks
from pipeline.playbooks.rules.parser import read
from pipeline.playbooks.rules.vocabulary import vocabulary
from pipeline.reasons import columns
from tests.drawing import drawn

FAMILIES = families(params.load().features)
NAMES = vocabulary(params.load().score, params.load().features)
CUSTOMER = {"customer_id": "a", "owner": None, "state": "current", "risk_band": "high", "tier": "loyal", "churn_probability": 0.6,
            "value": 50.0, "value_at_stake": 30.0, "loss_making": False, "strategic": False, "is_control": False,
            "reason_1_family": "recency", "reason_2_family": "price", "reason_3_family": None,
            "reason_1_causes": "C54;C16", "reason_2_causes": "C47", "reason_3_causes": None}  # fmt: skip
SCHEMA = {"owner": pl.String, "reason_3_family": pl.String, "reason_3_causes": pl.String}
WEEK = date(2024, 2, 27)
FILES = ("playbooks.yaml", "examples/subscription/playbooks.yaml", "examples/b2b/playbooks.yaml")

RULES = """
    | when                                                      | holds |
    | everyone                                                  | yes   |
    | risk_band = high                                          | yes   |
    | risk_band in (low, medium)                                | no    |
    | risk_band in (low, high) and tier = loyal                 | yes   |
    | risk_band = high and tier = new                           | no    |
    | risk_band = low or tier = loyal                           | yes   |
    | tier != loyal                                             | no    |
    | tier not in (new, one-time)                               | yes   |
    | not (tier = new or risk_band = low)                       | yes   |
    | not tier = new and risk_band = low                        | no    |
    | risk_band = low and tier = new or value >= 50             | yes   |
    | risk_band = low and (tier = new or value >= 50)           | no    |
    | reasons has price                                         | yes   |
    | reasons has any (breadth, price)                          | yes   |
    | reasons has breadth                                       | no    |
    | first_reason = recency                                    | yes   |
    | first_reason is price                                     | no    |
    | first_causes has C54                                      | yes   |
    | first_causes has any (C38, C16)                           | yes   |
    | first_causes has C47                                      | no    |
    | causes has C47                                            | yes   |
    | not causes has C38                                        | yes   |
    | not causes has C47                                        | no    |
    | not (causes has_any (C38, C16))                           | no    |
    | churn_probability >= 0.6                                  | yes   |
    | churn_probability > 0.6                                   | no    |
    | churn_probability >= 0.61                                 | no    |
    | churn_probability < 0.6                                   | no    |
    | churn_probability < 0.61                                  | yes   |
    | churn_probability = 0.6                                   | yes   |
    | churn_probability != 0.6                                  | no    |
    | value between 50 and 60                                   | yes   |
    | value between 50.01 and 60                                | no    |
    | value in (49, 50)                                         | yes   |
    | value_at_stake <= 30                                      | yes   |
    | value_at_stake >= 30.01                                   | no    |
    | strategic                                                 | no    |
    | not loss_making                                           | yes   |
    | strategic = no                                            | yes   |
    | points_balance > 100                                      | yes   |
    | days_to_points_expiry <= 14 and points_balance > 0        | yes   |
    | is_one_time_buyer                                         | no    |
    | region is 'New York'                                      | yes   |
    | region not in ('New York', Ohio)                          | no    |
    | nps_latest < 7                                            | no    |
    | not (nps_latest < 7)                                      | no    |
    | nps_latest != 7                                           | no    |
    | nps_latest < 7 or tier = loyal                            | yes   |
    | not (nps_latest < 7 and tier = new)                       | yes   |
    | nps_latest is unknown                                     | yes   |
    | nps_latest is known                                       | no    |
    | points_balance is not unknown                             | yes   |
    | points_balance is not known                               | no    |
    | email_opt_in                                              | no    |
    | not email_opt_in                                          | no    |
    | email_opt_in is unknown                                   | yes   |
    | country = NO or country is unknown                        | yes   |
    | country != NO                                             | no    |
"""
SEEN = {"points_balance": 120.0, "days_to_points_expiry": 14, "is_one_time_buyer": 0, "region": "New York",
        "nps_latest": None, "email_opt_in": None, "country": None}  # fmt: skip


@pytest.mark.parametrize("case", drawn(RULES), ids=lambda case: case["when"])
def test_for_whom(case):
    rule = read(case["when"])
    assert name_checks.problem(rule, NAMES) is None
    held = pl.DataFrame([CUSTOMER | SEEN]).select(matching.applies(rule).alias("holds"))["holds"].to_list()
    assert held == [case["holds"] == "yes"]


def holds(table: pl.DataFrame, text: str) -> list[bool]:
    return table.select(matching.applies(read(text)).alias("x"))["x"].to_list()


def test_a_customer_without_reasons_fits_no_rule_about_reasons():
    silent = CUSTOMER | {"reason_1_family": None, "reason_2_family": None}
    schema = {"reason_1_family": pl.String, "reason_2_family": pl.String, "reason_3_family": pl.String}
    table = pl.DataFrame([silent], schema_overrides=schema)
    assert holds(table, "reasons has recency") == holds(table, "first_reason = recency") == [False]
    assert holds(table, "first_reason != recency") == [False], "a first reason that is not there is unknown"
    assert holds(table, "not reasons has recency") == [True], "a set is never unknown"


def test_a_customer_of_whom_no_cause_is_known_fits_no_rule_about_causes_and_is_without_all():
    silent = CUSTOMER | {"reason_1_causes": None, "reason_2_causes": None}
    table = pl.DataFrame([silent], schema_overrides=dict.fromkeys(columns.CAUSES, pl.String))
    assert holds(table, "first_causes has C54") == [False]
    assert holds(table, "not causes has C54") == [True]


def test_what_is_no_number_is_unknown():
    table = pl.DataFrame({"value": [float("nan"), 5.0]})
    assert holds(table, "value > 3") == [False, True]
    assert holds(table, "not (value > 3)") == [False, False]


def playbook(when: str, cost: float = 0.0, due: int = 3, tactic: str = "thank-you-email", **more) -> Playbook:
    usual = {"action": "Do it", "channel": "phone", "who": "success", "caution": "Mind the gap"}
    return Playbook(tactic=tactic, when=when, due_in_days=due, cost=cost, **usual | more)


def give(customers: list[dict], books: dict[str, Playbook], earlier: list[tuple] = ()) -> list[dict]:
    looked_at = set().union(*(matching.columns(book.when) for book in books.values()))
    table = pl.DataFrame([dict.fromkeys(sorted(looked_at)) | CUSTOMER | change for change in customers],
                         schema_overrides=SCHEMA)  # fmt: skip
    before = pl.DataFrame(list(earlier), schema=cooldown.EARLIER, orient="row")
    return assignment.plan(table, books, WEEK, "USD", before)[0].to_dicts()


def test_of_equals_the_first_playbook_of_the_file_wins_and_says_everything():
    found = give([{}], {"no": playbook("risk_band = low"), "yes": playbook("everyone"), "later": playbook("everyone")})[
        0
    ]
    assert (found["playbook"], found["action"], found["channel"], found["who"]) == ("yes", "Do it", "phone", "success")
    assert (found["due_day"], found["cost"], found["caution"], found["why_not"]) == (
        date(2024, 3, 1),
        0.0,
        "Mind the gap",
        None,
    )


@pytest.mark.parametrize(("cost", "given"), [(29.99, "dear"), (30.0, None), (30.01, None)])
def test_an_action_must_cost_less_than_is_at_stake(cost, given):
    found = give([{}], {"dear": playbook("everyone", cost)})[0]
    assert found["playbook"] == given
    if given is None:
        assert found["why_not"] == f"nothing, because it would cost {cost:.2f} USD and only 30.00 USD is at stake"
        assert found["action"] is None and found["due_day"] is None


def test_a_dear_playbook_gives_way_to_a_cheaper_one():
    assert give([{}], {"dear": playbook("everyone", 99), "cheap": playbook("everyone", 1)})[0]["playbook"] == "cheap"


def test_nothing_is_a_decision_with_a_reason():
    found = give([{"risk_band": "low"}], {"high": playbook("risk_band = high")})[0]
    assert found["playbook"] is None
    assert found["why_not"] == "nothing, because no playbook is for a loyal customer of low risk"


# What is at stake, what part of it an action is expected to keep, and what it costs.
EFFECTS = """
    | at_stake | effect | cost  | given |
    | 30       | 0.5    | 14.99 | yes   |
    | 30       | 0.5    | 15    | no    |
    | 30       | 1      | 29.99 | yes   |
    | 30       | 1      | 30    | no    |
    | 30       | 0.01   | 0     | yes   |
    | 0        | 0.5    | 0     | no    |
"""


@pytest.mark.parametrize("case", drawn(EFFECTS), ids=lambda case: "-".join(case.values()))
def test_an_action_must_cost_less_than_it_is_expected_to_keep(case):
    book = playbook("everyone", float(case["cost"]), effect=float(case["effect"]))
    found = give([{"value_at_stake": float(case["at_stake"])}], {"x": book})[0]
    assert found["playbook"] == ("x" if case["given"] == "yes" else None)


def test_what_an_action_is_expected_to_keep_is_said():
    found = give([{}], {"dear": playbook("everyone", 15.0, effect=0.5)})[0]
    assert found["why_not"] == (
        "nothing, because it would cost 15.00 USD and only 15.00 USD of what is at stake is expected to be kept by dear"
    )


def test_capacity_goes_to_those_with_most_at_stake_and_the_others_go_on():
    stakes = {"a": 1.0, "b": 5.0, "c": 3.0, "d": 4.0, "e": 2.0}
    customers = [{"customer_id": name, "value_at_stake": stake} for name, stake in stakes.items()]
    books = {"call": playbook("everyone", capacity=2), "mail": playbook("everyone", 1.5, capacity=2)}
    found = {row["customer_id"]: (row["playbook"], row["why_not"]) for row in give(customers, books)}
    assert {name: got for name, (got, _) in found.items()} == {"a": None, "b": "call", "c": "mail", "d": "call", "e": "mail"}  # fmt: skip
    assert found["a"][1] == "nothing, because what there is (capacity of call, 2 a week) goes to where it keeps more"


def test_among_equals_the_likelier_churner_and_then_the_first_id_has_the_room():
    customers = [{"customer_id": "c", "churn_probability": 0.5}, {"customer_id": "b", "churn_probability": 0.6},
                 {"customer_id": "a", "churn_probability": 0.5}]  # fmt: skip
    found = give(customers, {"call": playbook("everyone", capacity=2)})
    assert [row["playbook"] for row in found] == [None, "call", "call"]


# When a playbook with 14 days of rest was given before the list of WEEK, a Tuesday.
RESTS = """
    | given      | rests | why                                     |
    | 2024-02-26 | yes   | yesterday                               |
    | 2024-02-14 | yes   | 13 days ago                             |
    | 2024-02-13 | no    | 14 days ago                             |
    | 2024-02-27 | no    | the list of this day is written anew    |
    | 2024-03-05 | no    | a later list says nothing of this one   |
"""


@pytest.mark.parametrize("case", drawn(RESTS), ids=lambda case: case["why"])
def test_a_playbook_rests_for_who_was_given_it(case):
    books = {"call": playbook("everyone", cooldown_days=14), "mail": playbook("risk_band = low")}
    earlier = [("a", date.fromisoformat(case["given"]), "call", None), ("b", date(2024, 2, 26), "mail", None)]
    first, other = give([{"customer_id": "a"}, {"customer_id": "b"}], books, earlier)
    assert other["playbook"] == "call", "it rests for nobody else, and no other playbook does"
    if case["rests"] == "yes":
        assert first["why_not"] == "nothing, because call was given fewer than 14 days ago"
    else:
        assert first["playbook"] == "call"


def test_a_playbook_that_rests_leaves_its_room_to_others():
    books = {"call": playbook("everyone", cooldown_days=14, capacity=1)}
    customers = [{"customer_id": "a", "value_at_stake": 9.0}, {"customer_id": "b", "value_at_stake": 8.0}]
    found = give(customers, books, [("a", date(2024, 2, 20), "call", None)])
    assert [row["playbook"] for row in found] == [None, "call"]


def test_only_what_makes_a_playbook_rest_is_kept_of_earlier_weeks():
    books = {
        "x": playbook("everyone", cooldown_days=14),
        "y": playbook("everyone", cooldown_days=7),
        "z": playbook("everyone"),
    }
    rows = [("a", date(2024, 2, 14), "x", None), ("b", date(2024, 2, 13), "x", None), ("c", date(2024, 2, 20), "y", None),
            ("d", date(2024, 2, 21), None, "y"), ("e", date(2024, 2, 26), "z", None), ("f", WEEK, "x", None),
            ("g", date(2024, 2, 26), None, None)]  # fmt: skip
    earlier = pl.DataFrame(rows, schema=cooldown.EARLIER, orient="row")
    assert earlier.filter(cooldown.matters(books, WEEK))["customer_id"].to_list() == ["a", "d"]
    assert earlier.filter(cooldown.matters({"z": books["z"]}, WEEK)).is_empty()


def test_a_name_with_braces_is_told_as_it_is():
    found = give([{}], {"the {best}": playbook("everyone", 15.0, effect=0.5)})[0]
    assert found["why_not"].endswith("is expected to be kept by the {best}")


def test_how_far_back_a_list_matters():
    books = {"x": playbook("everyone", cooldown_days=14), "y": playbook("everyone")}
    assert cooldown.first_day(books, WEEK) == date(2024, 2, 14)
    assert cooldown.first_day({"y": books["y"]}, WEEK) == WEEK


def test_a_hundred_thousand_customers_are_a_matter_of_seconds():
    """A million with 30 playbooks take about 6 seconds; the bound is wide, and only stops a row-by-row engine."""
    number = 100_000
    table = pl.DataFrame([CUSTOMER], schema_overrides=SCHEMA).drop("customer_id", "value_at_stake").with_columns(
        pl.lit(1).repeat_by(number).alias("copy")
    ).explode("copy").with_columns(
        pl.int_range(pl.len()).cast(pl.String).alias("customer_id"), (pl.int_range(pl.len()) % 997 / 10).alias("value_at_stake")
    )  # fmt: skip
    books = {f"book{at}": playbook("first_causes has C54", at, capacity=1000, cooldown_days=7) for at in range(30)}
    before = pl.DataFrame(schema=cooldown.EARLIER)
    began = time.perf_counter()
    found = assignment.plan(table, books, WEEK, "USD", before)[0]
    assert time.perf_counter() - began < 15
    assert found["playbook"].value_counts()["count"].to_list().count(1000) == 30


# Class of the tactic, who is known to look after the customer, and who the task is.
TASKS = """
    | tactic              | channel | owner | task_owner | work     |
    | thank-you-email     | e-mail  | -     | -          | audience |
    | thank-you-email     | e-mail  | Ann   | -          | audience |
    | thank-you-email     | phone   | Ann   | Ann        | task     |
    | conflict-resolution | e-mail  | -     | success    | task     |
    | conflict-resolution | e-mail  | Ann   | Ann        | task     |
"""


@pytest.mark.parametrize("case", drawn(TASKS), ids=lambda case: "-".join(case.values()))
def test_what_a_person_has_to_do_is_a_task_with_an_owner_and_a_day(case):
    owner = None if case["owner"] == "-" else case["owner"]
    book = playbook("everyone", tactic=case["tactic"], channel=case["channel"])
    found = give([{"owner": owner}], {"x": book})[0]
    assert (found["task_owner"] or "-", found["work"]) == (case["task_owner"], case["work"])
    assert (found["tactic"], found["due_day"]) == (case["tactic"], date(2024, 3, 1))


def test_each_customer_gets_one_decision_in_their_order():
    customers = [{"customer_id": str(number), "value_at_stake": float(number)} for number in range(5)]
    found = give(customers, {"x": playbook("value_at_stake >= 2", 2.5)})
    assert [row["customer_id"] for row in found] == list("01234")
    assert [row["playbook"] for row in found] == [None, None, None, "x", "x"]


@pytest.fixture
def content(root):
    return params.read_yaml(root / "playbooks.yaml", BadPlaybooks)


def test_the_shipped_playbooks_are_right_and_enough(content, settings):
    found = playbooks_file.parse(content, NAMES)
    assert len(found) >= 12
    assert len({book.action for book in found.values()}) == len(found), "each has a thing of its own to do"
    assert all(book.caution for book in found.values())


@pytest.mark.parametrize("file", FILES)
def test_every_file_of_playbooks_is_right(root, settings, file):
    found = playbooks_file.parse(params.read_yaml(root / file, BadPlaybooks), NAMES)
    assert all(book.caution for book in found.values())
    for_people = {name for name, book in found.items() if tactics()[book.tactic].class_ == "R"}
    assert for_people <= {name for name, book in found.items() if book.is_task}
    assert {"commitment-tracking", "conflict-resolution", "answer-what-is-open"} <= {
        name for name, book in found.items() if book.work == "duty"
    }
    assert f"]({file.removeprefix('examples/')})" in (root / "examples/README.md").read_text() or "/" not in file


@pytest.mark.parametrize("file", FILES)
def test_what_is_our_own_fault_is_put_right_before_anything_is_sold(root, settings, file):
    found = playbooks_file.parse(params.read_yaml(root / file, BadPlaybooks), NAMES)
    for change, name in [({"disputes_open": 1}, "conflict-resolution"), ({"promises_overdue": 1}, "commitment-tracking"),
                         ({"longest_unanswered_days": 2}, "answer-what-is-open"),
                         ({"reason_1_causes": "C08"}, "put-it-right")]:  # fmt: skip
        assert give([{"value_at_stake": 900.0} | change], found)[0]["playbook"] == name
        assert found[name].is_task
        # What is owed does not wait for a risk, or for money.
        calm = {"risk_band": "low", "value_at_stake": 0.0, "loss_making": True}
        assert give([calm | change], found)[0]["playbook"] == (name if found[name].duty else None)


@pytest.mark.parametrize(
    ("family", "causes", "given"),
    [
        ("price", "C47", "points-instead-of-discount"),
        ("contact", "C33", "contact-rest"),
        ("points_expiry", "C54", "bonus-expiry-reminder"),
        ("recency", "C54;C16;C55", "we-miss-you"),  # without points there is nothing to remind of
        ("staleness", "C31;C30", "product-novelty"),
        ("needs", "C30", "widen-the-basket"),
        ("order_size", "C27", "value-demonstration"),
    ],
)
def test_the_cause_chooses_the_playbook(content, settings, family, causes, given):
    """A regular customer with something at stake, but too little for a call or a note."""
    found = playbooks_file.parse(content, NAMES)
    row = {"tier": "regular", "value_at_stake": 5.5, "reason_1_family": family, "reason_1_causes": causes,
           "reason_2_family": None, "reason_2_causes": None}  # fmt: skip
    assert give([row], found)[0]["playbook"] == given


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_who_waits_for_reductions_is_never_given_one(root, settings, file, place):
    found = playbooks_file.parse(params.read_yaml(root / file, BadPlaybooks), NAMES)
    rows = [
        {"tier": tier, "risk_band": band, "value_at_stake": stake, "reason_1_family": family,
         "reason_1_causes": None, "reason_2_causes": None, "reason_2_family": "frequency", f"reason_{place}_causes": "C47"}
        for tier in ("new", "one-time", "regular", "loyal") for band in ("low", "medium", "high")
        for stake in (1.0, 4.0, 30.0, 900.0) for family in FAMILIES
    ]  # fmt: skip
    given = {row["playbook"] for row in give(rows, found)} - {None}
    dear = {name for name in given if "margin" in tactics()[found[name].tactic].cost or "coupon" in name}
    assert dear <= {"points-instead-of-discount"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wen": "everyone"}, "unknown key 'playbooks.we-miss-you.wen'; did you mean 'when'?"),
        (
            {"when": {"bands": ["high"], "causes": ["C38", "C10"], "value_at_least": 3}},
            "playbooks.we-miss-you.when: must be a rule in one line of text, no mapping; write: when: `risk_band = high "
            "and first_causes has any (C38, C10) and value >= 3`",
        ),
        ({"when": {}}, "write: when: `everyone`"),
        ({"when": {"bands": ["high"], "mood": 3}}, "write: when: `risk_band = high and ...`"),
        ({"when": 3}, "must be a rule, found 3; write one such as `risk_band = high`, or `everyone`"),
        ({"when": "risk_band ="}, "we-miss-you.when: at the end of `risk_band =`: something is missing; behind `=`"),
        (
            {"when": "risk_band = scary"},
            "we-miss-you.when: at `risk_band` in `risk_band = scary`: 'scary' is not known; known: low, medium, high",
        ),
        ({"when": "tier in (gold)"}, "'gold' is not known; known: new, one-time, regular, loyal"),
        ({"when": "reasons has mood"}, "'mood' is not known; known: recency, frequency"),
        ({"when": "first_reason = recencyy"}, "'recencyy' is not known; did you mean 'recency'?"),
        ({"when": "churn_probability >= 30"}, "is a share between 0 and 1, found 30; for 30 % write 0.3"),
        ({"when": "churn_probability >= 1"}, None),
        ({"when": "ordres_90d > 3"}, "at `ordres_90d` in `ordres_90d > 3`: no such name; did you mean 'orders_90d'?"),
        ({"when": "qqqq > 3"}, "at `qqqq` in `qqqq > 3`: no such name; docs/rules.md lists all there are"),
        ({"when": "tier >= 3"}, "is a word, not a number; write `tier = new` or `tier in (new, one-time)`"),
        ({"when": "region = 3"}, "is a word, not a number; write `region = 'some word'`"),
        ({"when": "value = high"}, "is a number, not a word; write `value >= 1`"),
        ({"when": "causes = C38"}, "is a set of words, not a word; write `causes has C01` or `causes has any (C01"),
        ({"when": "tier has loyal"}, "is a word, not a set of words; write `tier = new`"),
        ({"when": "tier"}, "is a word and says nothing by itself; write `tier = new`"),
        (
            {"when": "causes is known"},
            "is a set of words, which may be empty but is never unknown; write `causes has C",
        ),
        ({"when": "is_one_time_buyer = 1"}, "is yes or no, not a number; write `is_one_time_buyer` or `not is_one"),
        ({"when": "contacts_7d <= 2 and days_since_last_contact > 7"}, None),
        ({"channel": "fax"}, "we-miss-you.channel: 'fax' is no channel whose consent is known"),
        ({"channel": "email"}, None),
        (
            {"due_in_days": -1},
            "playbooks.we-miss-you.due_in_days: input should be greater than or equal to 0, found -1",
        ),
        ({"due_in_days": 0}, None),
        (
            {"tactic": "absence-remind"},
            "we-miss-you.tactic: 'absence-remind' is no tactic of docs/tactics.md; did you mean 'absence-reminder'?",
        ),
        ({"tactic": "site-audit"}, "we-miss-you.tactic: 'site-audit' is done for all customers or for none (class M)"),
        ({"tactic": "surprise-gift", "who": "software"}, "we-miss-you.who: 'software' cannot do 'surprise-gift'"),
        ({"who": "software"}, None),
        ({"when": "first_causes has C57"}, "'C57' is not known; write C01 to C56, as in docs/causes.md"),
        ({"when": "not causes has '47'"}, "'47' is not known; write C01 to C56"),
        ({"when": "causes has any (C01, C56)"}, None),
        ({"effect": 0}, "we-miss-you.effect: input should be greater than 0, found 0"),
        ({"effect": 1.01}, "we-miss-you.effect: input should be less than or equal to 1, found 1.01"),
        ({"effect": 1}, None),
        ({"capacity": 0}, "we-miss-you.capacity: input should be greater than or equal to 1, found 0"),
        ({"capacity": 1.5}, "we-miss-you.capacity: input should be a valid integer"),
        ({"capacity": 1}, None),
        ({"cooldown_days": 0}, "we-miss-you.cooldown_days: input should be greater than or equal to 1, found 0"),
        ({"cooldown_days": 1}, None),
        ({"cooldown": 7}, "unknown key 'playbooks.we-miss-you.cooldown'; did you mean 'cooldown_days'?"),
        ({"cost": -0.01}, "found -0.01"),
        ({"who": ""}, "playbooks.we-miss-you.who: string should have at least 1 character, found ''"),
    ],
)
def test_each_mistake_in_the_file_is_answered(content, settings, change, message):
    changed = copy.deepcopy(content)
    changed["playbooks"]["we-miss-you"] |= change
    if message is None:
        playbooks_file.parse(changed, NAMES)
        return
    with pytest.raises(BadPlaybooks) as refused:
        playbooks_file.parse(changed, NAMES)
    assert message in str(refused.value)
    assert str(refused.value).startswith("playbooks.yaml: ")
    assert "\n" not in str(refused.value)


def test_a_playbook_without_a_due_day_is_refused(content, settings):
    del content["playbooks"]["we-miss-you"]["due_in_days"]
    with pytest.raises(BadPlaybooks, match=r"missing key 'playbooks\.we-miss-you\.due_in_days'; add it"):
        playbooks_file.parse(content, NAMES)
