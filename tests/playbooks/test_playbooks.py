"""Playbooks: for whom, in which order, what it may cost, and nothing with a reason."""

import copy
from datetime import date

import polars as pl
import pytest

from pipeline import params
from pipeline.errors import BadPlaybooks
from pipeline.playbooks import assign, declared, follow_up, rules
from pipeline.playbooks.declared import Playbook, When
from tests.drawing import drawn

FAMILIES = ["recency", "frequency", "monetary", "price", "breadth", "tenure", "engagement"]
CUSTOMER = {"customer_id": "a", "risk_band": "high", "tier": "loyal", "churn_probability": 0.6, "value": 50.0,
            "value_at_stake": 30.0, "loss_making": False, "strategic": False, "reason_1_family": "recency", "reason_2_family": "price", "reason_3_family": None}  # fmt: skip

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


def playbook(when: When, cost: float = 0.0, due: int = 3) -> Playbook:
    return Playbook(tactic="t", when=when, action="Do it", channel="phone", who="success", due_in_days=due, cost=cost,
                    caution="Mind the gap")  # fmt: skip


def give(customers: list[dict], books: dict[str, Playbook]) -> list[dict]:
    schema = {"reason_3_family": pl.String}
    table = pl.DataFrame([CUSTOMER | change for change in customers], schema_overrides=schema)
    return assign.assign(table, books, date(2024, 2, 27), "USD").to_dicts()


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
