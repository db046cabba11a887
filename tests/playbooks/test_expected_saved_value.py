"""What a playbook can keep: its share of what is lost to the causes it names, never of what is lost to others."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decisions import assignment, cooldown
from pipeline.playbooks import expected_saved_value, lint
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.rules.logic import Logic
from pipeline.playbooks.rules.parser import read
from pipeline.playbooks.rules.vocabulary import vocabulary
from tests.decisions.week import SETTINGS, WEEK
from tests.drawing import drawn
from tests.playbooks.rules.rule_texts import customers, rules
from tests.profiles import examples

TOLD = {"reason_1_family": "disputes", "reason_1_causes": "C38;C36", "reason_1_risk_share": 0.5,
        "reason_2_family": "price", "reason_2_causes": "C47", "reason_2_risk_share": 0.3,
        "reason_3_family": "recency", "reason_3_causes": "C55", "reason_3_risk_share": None}  # fmt: skip
CASES = """
    | rule                                             | part | why                                        |
    | everyone                                         | 1    | it asks for no cause                       |
    | risk_band = high                                 | 1    | nor does this                              |
    | causes has C38                                   | 0.5  | the part of the dispute                    |
    | causes has any (C38, C36)                        | 0.5  | one reason counts once                     |
    | first_causes has C38                             | 0.5  | it is the first                            |
    | causes has C47                                   | 0.3  | wherever it is told                        |
    | first_causes has C47                             | 1    | not told first: the rule is not for them   |
    | causes has any (C38, C47)                        | 0.8  | two causes add up                          |
    | reasons has price                                | 0.3  | a reason counts as its causes do           |
    | first_reason = disputes                          | 0.5  | the first one as well                      |
    | causes has C55                                   | 1    | a silence explains nothing, so it answers all |
    | evidence_causes has any (C55, C47)                | 0.3  | evidence only                              |
    | causes has any (C55, C38)                        | 0.5  | what is known counts                       |
    | causes has C38 and not (causes has C47)          | 0.5  | what it excludes is not what it answers    |
    | risk_band = high or causes has C38               | 0.5  | who has the cause is meant by it           |
"""  # fmt: skip


@pytest.mark.parametrize("case", drawn(CASES), ids=lambda case: case["rule"])
def test_a_playbook_answers_the_causes_its_rule_names(case):
    found = (
        pl.DataFrame([{"risk_band": "high", **TOLD}]).select(expected_saved_value.answered(read(case["rule"]))).item()
    )
    assert found == pytest.approx(float(case["part"]))


def book(when: str, **more: object) -> Playbook:
    content = {"tactic": "conflict-resolution", "when": read(when), "action": "Call", "channel": "phone",
               "who": "service", "due_in_days": 1, "cost": 0.0} | more  # fmt: skip
    return Playbook.model_validate(content)


def test_what_is_kept_decides_what_pays_and_stands_beside_the_action():
    row = {"customer_id": "a", "value_at_stake": 100.0, "churn_probability": 0.5, "loss_making": False,
           "strategic": False, "is_control": False, "tier": "loyal", "risk_band": "high", "owner": None}  # fmt: skip
    scores = pl.DataFrame([row | TOLD], schema_overrides={"owner": pl.String})
    books = {"settle": book("causes has C38", effect=0.4, cost=19), "gift": book("causes has C47", effect=0.5, cost=16)}
    found = assignment.plan(scores, books, WEEK, "EUR", pl.DataFrame(schema=cooldown.EARLIER))[0].row(0, named=True)
    assert (found["playbook"], found["expected_saved_value"]) == ("settle", 20.0)
    dear = {"gift": books["gift"]}
    found = assignment.plan(scores, dear, WEEK, "EUR", pl.DataFrame(schema=cooldown.EARLIER))[0].row(0, named=True)
    assert found["why_not"] == (
        "nothing, because it would cost 16.00 EUR and only 15.00 EUR of what is at stake is expected to be kept by gift"
    )
    assert found["expected_saved_value"] is None


@examples(150)
@given(st.lists(rules, min_size=1, max_size=4), customers())
def test_never_more_than_all_is_kept_and_never_less_than_nothing(texts, customer):
    shares = dict.fromkeys(expected_saved_value.RISK_SHARES, pl.Float64)
    scores = pl.DataFrame([customer | {"value_at_stake": 10.0}], schema_overrides=shares)
    books = {str(at): book(text, effect=0.5) for at, text in enumerate(texts)}
    for amount in expected_saved_value.kept(books, scores).row(0):
        assert 0 <= amount <= 5.0


SHADOWS = """
    | rival                     | book                                        | shadows | why                                  |
    | causes has any (C38, C47) | causes has C38                              | yes     | it answers as much and more          |
    | causes has C38            | causes has C38 and causes has C47           | no      | two causes are more than one of them |
    | risk_band = high          | risk_band = high and causes has C38         | yes     | it answers everything                |
    | causes has C38            | causes has C38 and tier = loyal             | yes     | the same cause of fewer customers    |
"""


@pytest.mark.parametrize("case", drawn(SHADOWS), ids=lambda case: case["why"])
def test_a_playbook_leaves_nobody_for_another_only_if_it_keeps_as_much(case):
    books = {"rival": book(case["rival"]), "book": book(case["book"])}
    found = list(lint.shadowed(books, Logic(vocabulary(SETTINGS.score, SETTINGS.features), SETTINGS.score)))
    assert (("book", "rival") in found) == (case["shadows"] == "yes")
