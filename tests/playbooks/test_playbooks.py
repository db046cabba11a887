"""Playbooks: for whom, in which order, what it may cost, and nothing with a reason."""

import copy
import time
from datetime import date

import polars as pl
import pytest

from pipeline import params
from pipeline.errors import BadPlaybooks
from pipeline.examples.features import families
from pipeline.playbooks import assign, cooldown, declared, follow_up, rules
from pipeline.playbooks.catalogue import tactics
from pipeline.playbooks.declared import Playbook, When
from tests.drawing import drawn

FAMILIES = families(params.load().features)
CUSTOMER = {"customer_id": "a", "owner": None, "risk_band": "high", "tier": "loyal", "churn_probability": 0.6,
            "value": 50.0, "value_at_stake": 30.0, "loss_making": False, "strategic": False, "is_control": False,
            "reason_1_family": "recency", "reason_2_family": "price", "reason_3_family": None,
            "reason_1_causes": "C54;C16", "reason_2_causes": "C47", "reason_3_causes": None}  # fmt: skip
SCHEMA = {"owner": pl.String, "reason_3_family": pl.String, "reason_3_causes": pl.String}
WEEK = date(2024, 2, 27)
FILES = ("playbooks.yaml", "examples/subscription/playbooks.yaml", "examples/b2b/playbooks.yaml")

RULES = """
    | when                                 | holds |
    | {}                                   | yes   |
    | {bands: [high]}                      | yes   |
    | {bands: [low, medium]}               | no    |
    | {bands: [low, high], tiers: [loyal]} | yes   |
    | {bands: [high], tiers: [new]}        | no    |
    | {reasons: [price]}                   | yes   |
    | {reasons: [breadth]}                 | no    |
    | {first_reason: [recency]}            | yes   |
    | {first_reason: [price]}              | no    |
    | {causes: [C54]}                      | yes   |
    | {causes: [C38, C16]}                 | yes   |
    | {causes: [C47]}                      | no    |
    | {without_causes: [C38]}              | yes   |
    | {without_causes: [C47]}              | no    |
    | {without_causes: [C38, C16]}         | no    |
    | {probability_at_least: 0.6}          | yes   |
    | {probability_at_least: 0.61}         | no    |
    | {probability_below: 0.6}             | no    |
    | {probability_below: 0.61}            | yes   |
    | {value_at_least: 50}                 | yes   |
    | {value_at_least: 50.01}              | no    |
    | {value_at_stake_at_least: 30}        | yes   |
    | {value_at_stake_at_least: 30.01}     | no    |
"""


@pytest.mark.parametrize("case", drawn(RULES), ids=lambda case: case["when"])
def test_for_whom(case):
    from ruamel.yaml import YAML

    when = When.model_validate(YAML(typ="safe").load(case["when"]))
    held = pl.DataFrame([CUSTOMER]).select(rules.applies(when).alias("holds"))["holds"].to_list()
    assert held == [case["holds"] == "yes"]


def test_a_customer_without_reasons_fits_no_rule_about_reasons():
    silent = CUSTOMER | {"reason_1_family": None, "reason_2_family": None}
    schema = {"reason_1_family": pl.String, "reason_2_family": pl.String, "reason_3_family": pl.String}
    table = pl.DataFrame([silent], schema_overrides=schema)
    assert table.select(rules.applies(When(reasons=["recency"])).alias("x"))["x"].to_list() == [False]
    assert table.select(rules.applies(When(first_reason=["recency"])).alias("x"))["x"].to_list() == [False]


def test_a_customer_of_whom_no_cause_is_known_fits_no_rule_about_causes_and_is_without_all():
    silent = CUSTOMER | {"reason_1_causes": None, "reason_2_causes": None}
    table = pl.DataFrame([silent], schema_overrides=dict.fromkeys(rules.CAUSES, pl.String))
    assert table.select(rules.applies(When(causes=["C54"])).alias("x"))["x"].to_list() == [False]
    assert table.select(rules.applies(When(without_causes=["C54"])).alias("x"))["x"].to_list() == [True]


def playbook(when: When, cost: float = 0.0, due: int = 3, tactic: str = "thank-you-email", **more) -> Playbook:
    return Playbook(tactic=tactic, when=when, action="Do it", channel="phone", who="success", due_in_days=due,
                    cost=cost, caution="Mind the gap", **more)  # fmt: skip


def give(customers: list[dict], books: dict[str, Playbook], earlier: list[tuple] = ()) -> list[dict]:
    table = pl.DataFrame([CUSTOMER | change for change in customers], schema_overrides=SCHEMA)
    before = pl.DataFrame(list(earlier), schema=cooldown.EARLIER, orient="row")
    return assign.assign(table, books, WEEK, "USD", before).to_dicts()


def test_the_first_playbook_of_the_file_that_fits_wins_and_says_everything():
    found = give([{}], {"no": playbook(When(bands=["low"])), "yes": playbook(When()), "later": playbook(When())})[0]
    assert (found["playbook"], found["action"], found["channel"], found["who"]) == ("yes", "Do it", "phone", "success")
    assert (found["due_day"], found["cost"], found["caution"], found["why_not"]) == (
        date(2024, 3, 1),
        0.0,
        "Mind the gap",
        None,
    )


@pytest.mark.parametrize(("cost", "given"), [(29.99, "dear"), (30.0, None), (30.01, None)])
def test_an_action_must_cost_less_than_is_at_stake(cost, given):
    found = give([{}], {"dear": playbook(When(), cost)})[0]
    assert found["playbook"] == given
    if given is None:
        assert found["why_not"] == f"nothing, because it would cost {cost:.2f} USD and only 30.0 USD is at stake"
        assert found["action"] is None and found["due_day"] is None


def test_a_dear_playbook_gives_way_to_a_cheaper_one():
    assert give([{}], {"dear": playbook(When(), 99), "cheap": playbook(When(), 1)})[0]["playbook"] == "cheap"


def test_nothing_is_a_decision_with_a_reason():
    found = give([{"risk_band": "low"}], {"high": playbook(When(bands=["high"]))})[0]
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
    book = playbook(When(), float(case["cost"]), effect=float(case["effect"]))
    found = give([{"value_at_stake": float(case["at_stake"])}], {"x": book})[0]
    assert found["playbook"] == ("x" if case["given"] == "yes" else None)


def test_what_an_action_is_expected_to_keep_is_said():
    found = give([{}], {"dear": playbook(When(), 15.0, effect=0.5)})[0]
    assert found["why_not"] == (
        "nothing, because it would cost 15.00 USD and only 15.0 USD of what is at stake is expected to be kept by dear"
    )


def test_capacity_goes_to_those_with_most_at_stake_and_the_others_go_on():
    stakes = {"a": 1.0, "b": 5.0, "c": 3.0, "d": 4.0, "e": 2.0}
    customers = [{"customer_id": name, "value_at_stake": stake} for name, stake in stakes.items()]
    books = {"call": playbook(When(), capacity=2), "mail": playbook(When(), 1.5, capacity=2)}
    found = {row["customer_id"]: (row["playbook"], row["why_not"]) for row in give(customers, books)}
    assert {name: got for name, (got, _) in found.items()} == {"a": None, "b": "call", "c": "mail", "d": "call", "e": "mail"}  # fmt: skip
    assert found["a"][1] == "nothing, because the capacity of call, 2 a week, goes to who has more at stake"


def test_among_equals_the_likelier_churner_and_then_the_first_id_has_the_room():
    customers = [{"customer_id": "c", "churn_probability": 0.5}, {"customer_id": "b", "churn_probability": 0.6},
                 {"customer_id": "a", "churn_probability": 0.5}]  # fmt: skip
    found = give(customers, {"call": playbook(When(), capacity=2)})
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
    books = {"call": playbook(When(), cooldown_days=14), "mail": playbook(When(bands=["low"]))}
    earlier = [("a", date.fromisoformat(case["given"]), "call", None), ("b", date(2024, 2, 26), "mail", None)]
    first, other = give([{"customer_id": "a"}, {"customer_id": "b"}], books, earlier)
    assert other["playbook"] == "call", "it rests for nobody else, and no other playbook does"
    if case["rests"] == "yes":
        assert first["why_not"] == "nothing, because call was given fewer than 14 days ago"
    else:
        assert first["playbook"] == "call"


def test_a_playbook_that_rests_leaves_its_room_to_others():
    books = {"call": playbook(When(), cooldown_days=14, capacity=1)}
    customers = [{"customer_id": "a", "value_at_stake": 9.0}, {"customer_id": "b", "value_at_stake": 8.0}]
    found = give(customers, books, [("a", date(2024, 2, 20), "call", None)])
    assert [row["playbook"] for row in found] == [None, "call"]


def test_only_what_makes_a_playbook_rest_is_kept_of_earlier_weeks():
    books = {"x": playbook(When(), cooldown_days=14), "y": playbook(When(), cooldown_days=7), "z": playbook(When())}
    rows = [("a", date(2024, 2, 14), "x", None), ("b", date(2024, 2, 13), "x", None), ("c", date(2024, 2, 20), "y", None),
            ("d", date(2024, 2, 21), None, "y"), ("e", date(2024, 2, 26), "z", None), ("f", WEEK, "x", None),
            ("g", date(2024, 2, 26), None, None)]  # fmt: skip
    earlier = pl.DataFrame(rows, schema=cooldown.EARLIER, orient="row")
    assert earlier.filter(cooldown.matters(books, WEEK))["customer_id"].to_list() == ["a", "d"]
    assert earlier.filter(cooldown.matters({"z": books["z"]}, WEEK)).is_empty()


def test_a_name_with_braces_is_told_as_it_is():
    found = give([{}], {"the {best}": playbook(When(), 15.0, effect=0.5)})[0]
    assert found["why_not"].endswith("is expected to be kept by the {best}")


def test_how_far_back_a_list_matters():
    books = {"x": playbook(When(), cooldown_days=14), "y": playbook(When())}
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
    books = {f"book{at}": playbook(When(causes=["C54"]), at, capacity=1000, cooldown_days=7) for at in range(30)}
    before = pl.DataFrame(schema=cooldown.EARLIER)
    began = time.perf_counter()
    found = assign.assign(table, books, WEEK, "USD", before)
    assert time.perf_counter() - began < 15
    assert found["playbook"].value_counts()["count"].to_list().count(1000) == 30


# Class of the tactic, who is known to look after the customer, and who the task is.
TASKS = """
    | tactic              | owner | task_owner |
    | thank-you-email     | -     | -          |
    | thank-you-email     | Ann   | -          |
    | conflict-resolution | -     | success    |
    | conflict-resolution | Ann   | Ann        |
"""


@pytest.mark.parametrize("case", drawn(TASKS), ids=lambda case: "-".join(case.values()))
def test_what_a_person_has_to_do_is_a_task_with_an_owner_and_a_day(case):
    owner = None if case["owner"] == "-" else case["owner"]
    found = give([{"owner": owner}], {"x": playbook(When(), tactic=case["tactic"])})[0]
    assert (found["task_owner"] or "-") == case["task_owner"]
    assert (found["tactic"], found["due_day"]) == (case["tactic"], date(2024, 3, 1))


def test_each_customer_gets_one_decision_in_their_order():
    customers = [{"customer_id": str(number), "value_at_stake": float(number)} for number in range(5)]
    found = give(customers, {"x": playbook(When(value_at_stake_at_least=2), 2.5)})
    assert [row["customer_id"] for row in found] == list("01234")
    assert [row["playbook"] for row in found] == [None, None, None, "x", "x"]


@pytest.fixture
def content(root):
    return params.read_yaml(root / "playbooks.yaml", BadPlaybooks)


def test_the_shipped_playbooks_are_right_and_enough(content, settings):
    found = declared.parse(content, settings.score, FAMILIES)
    assert len(found) >= 12
    assert len({book.tactic for book in found.values()}) == len(found), "each from a tactic of its own"
    assert all(book.caution for book in found.values())


@pytest.mark.parametrize("file", FILES)
def test_every_file_of_playbooks_is_right(root, settings, file):
    found = declared.parse(params.read_yaml(root / file, BadPlaybooks), settings.score, FAMILIES)
    assert all(book.caution for book in found.values())
    tasks = {name for name, book in found.items() if tactics()[book.tactic].class_ == "R"}
    assert tasks == {name for name, book in found.items() if book.is_task}
    assert f"]({file.removeprefix('examples/')})" in (root / "examples/README.md").read_text() or "/" not in file


@pytest.mark.parametrize("file", FILES)
def test_what_is_our_own_fault_is_put_right_before_anything_is_sold(root, settings, file):
    found = declared.parse(params.read_yaml(root / file, BadPlaybooks), settings.score, FAMILIES)
    for cause, name in [("C38", "conflict-resolution"), ("C10", "commitment-tracking"), ("C36", "answer-what-is-open"),
                        ("C08", "put-it-right")]:  # fmt: skip
        assert give([{"reason_1_causes": cause, "value_at_stake": 90.0}], found)[0]["playbook"] == name
        assert found[name].is_task or name == "commitment-tracking"


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
    """A regular customer with something at stake, but too little for a call."""
    found = declared.parse(content, settings.score, FAMILIES)
    row = {"tier": "regular", "value_at_stake": 6.0, "reason_1_family": family, "reason_1_causes": causes,
           "reason_2_family": None, "reason_2_causes": None}  # fmt: skip
    assert give([row], found)[0]["playbook"] == given


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_who_waits_for_reductions_is_never_given_one(root, settings, file, place):
    found = declared.parse(params.read_yaml(root / file, BadPlaybooks), settings.score, FAMILIES)
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
        ({"wen": {}}, "unknown key 'playbooks.we-miss-you.wen'; did you mean 'when'?"),
        ({"when": {"band": ["high"]}}, "unknown key 'playbooks.we-miss-you.when.band'; did you mean 'bands'?"),
        (
            {"when": {"bands": ["scary"]}},
            "playbooks.we-miss-you.when.bands: 'scary' is not known; write one of low, medium, high",
        ),
        ({"when": {"tiers": ["gold"]}}, "'gold' is not known; write one of new, one-time, regular, loyal"),
        ({"when": {"reasons": ["mood"]}}, "'mood' is not known; write one of recency, frequency"),
        ({"when": {"first_reason": ["mood"]}}, "'mood' is not known"),
        ({"when": {"probability_at_least": 1.1}}, "input should be less than or equal to 1, found 1.1"),
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
        ({"when": {"causes": ["C57"]}}, "we-miss-you.when.causes: 'C57' is no cause; write C01 to C56"),
        ({"when": {"without_causes": ["47"]}}, "we-miss-you.when.without_causes: '47' is no cause"),
        ({"when": {"causes": ["C01", "C56"]}}, None),
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
        declared.parse(changed, settings.score, FAMILIES)
        return
    with pytest.raises(BadPlaybooks) as refused:
        declared.parse(changed, settings.score, FAMILIES)
    assert message in str(refused.value)
    assert str(refused.value).startswith("playbooks.yaml: ")
    assert "\n" not in str(refused.value)


def test_a_playbook_without_a_due_day_is_refused(content, settings):
    del content["playbooks"]["we-miss-you"]["due_in_days"]
    with pytest.raises(BadPlaybooks, match=r"missing key 'playbooks\.we-miss-you\.due_in_days'; add it"):
        declared.parse(content, settings.score, FAMILIES)


def test_who_left_the_list_bought_again_or_did_not():
    day = date(2024, 1, 8)
    previous = pl.DataFrame({"customer_id": ["a", "b", "c", "d"], "last_order_day": [date(2024, 1, 1)] * 4})
    listed = pl.DataFrame({"customer_id": ["a"]})
    scores = pl.DataFrame({"customer_id": ["a", "b", "c"], "last_order_day": [day, day, date(2024, 1, 1)]})
    assert follow_up.left_the_list(listed, previous, scores) == {"recovered": 1, "dropped": 2}
