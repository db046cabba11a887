"""The language of rules: what it reads, what it refuses and how, and that it means what it says."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from pipeline.config import params
from pipeline.examples.features import declared, families
from pipeline.playbooks.config.channels import CHANNELS
from pipeline.playbooks.rules import logic, matching, name_checks
from pipeline.playbooks.rules.expression import All, Compare, Either, Flag, HasAny, IsOneOf, Known, Not, truth
from pipeline.playbooks.rules.parser import read
from pipeline.playbooks.rules.vocabulary import vocabulary
from pipeline.reasons import columns
from tests.drawing import drawn
from tests.playbooks.rules import rule_texts

SETTINGS = params.load()
NAMES = vocabulary(SETTINGS.score, SETTINGS.features)
LOGIC = logic.Logic(NAMES, SETTINGS.score)
SCHEMA = {
    **dict.fromkeys([*columns.REASONS, *columns.CAUSES, "risk_band", "tier", "lifecycle", "country"], pl.String),
    **dict.fromkeys([*columns.RISK_SHARES, "churn_probability", "points_balance", "days_beyond_usual_gap"], pl.Float64),
    **dict.fromkeys(["strategic", "email_opt_in"], pl.Boolean),
}

# What is written, and another way to write the same.
SAME = """
    | one                                    | other                                               |
    | a = b                                  | a is b                                              |
    | a != b                                 | not a = b                                           |
    | a is not b                             | not (a is b)                                        |
    | a not in (b, c)                        | not a in (b, c)                                     |
    | a between 1 and 5                      | a >= 1 and a <= 5                                   |
    | a in (1, 5)                            | a = 1 or a = 5                                      |
    | a has any (b)                          | a has b                                             |
    | a has_any (b, c)                       | a has any (b, c)                                    |
    | a is unknown                           | not a is known                                      |
    | a is not unknown                       | a is known                                          |
    | a is not known                         | a is unknown                                        |
    | a = yes                                | a                                                   |
    | a is no                                | not a                                               |
    | a = 'b'                                | a = b                                               |
    | a = "it's"                             | a in ("it's")                                       |
    | a or b and c                           | a or (b and c)                                      |
    | not a and b                            | (not a) and b                                       |
    | not a = b or c                         | (not (a = b)) or c                                  |
    | a<=3 and(b)                            | a <= 3 and b                                        |
    | a is 'known'                           | a in ('known')                                      |
"""


@pytest.mark.parametrize("case", drawn(SAME), ids=lambda case: case["one"])
def test_two_ways_to_say_the_same(case):
    assert read(case["one"]).expression == read(case["other"]).expression


def test_every_kind_of_condition_is_a_node_of_its_own():
    text = "a >= 2.5 and b in (x, 'y z') and c has x and d is known and e and not (f or g < -1)"
    assert read(text).expression == All((
        Compare("a", ">=", 2.5), IsOneOf("b", ("x", "y z")), HasAny("c", ("x",)), Known("d"), Flag("e"),
        Not(Either((Flag("f"), Compare("g", "<", -1.0)))),
    ))  # fmt: skip
    assert read("a\n  and\n b").expression == All((Flag("a"), Flag("b"))), "lines do not matter"


def test_what_is_no_is_not_taken_for_yes_in_quotes():
    assert read("a = 'yes'").expression == IsOneOf("a", ("yes",))


# What is no rule, and what the answer says.
MISTAKES = """
    | text                  | answer                                                                                     |
    |                       | ` ` is no rule; write for whom the playbook is, such as `risk_band = high`, or `everyone`  |
    | tier == loyal         | at `==` in `tier == loyal`: write `=` instead                                              |
    | tier <> loyal         | at `<>` in `tier <> loyal`: write `!=` instead                                             |
    | value => 3            | at `=>` in `value => 3`: write `>=` instead                                                |
    | value ≥ 3             | at `≥` in `value ≥ 3`: write `>=` instead                                                  |
    | a && b                | at `&` in `a && b`: write `and` instead                                                    |
    | !a                    | at `!` in `!a`: write `not` instead                                                        |
    | a AND b               | at `AND` in `a AND b`: write `and` instead                                                 |
    | a adn b               | at `adn` in `a adn b`: write `and` instead                                                 |
    | a in [b]              | at `[` in `a in [b]`: write `(` instead                                                    |
    | a >= 30%              | at `%` in `a >= 30%`: write a share, such as 0.3 for 30 % instead                          |
    | a > 1,000             | at `,` in `a > 1,000`: write numbers without a comma, such as 1000                         |
    | a = 'b                | at `'` in `a = 'b`: the quote is not closed; write another ' behind the word               |
    | a = b.c               | at `.` in `a = b.c`: is no part of a rule; put words that hold more than letters, digits, _ and - in quotes |
    | (a                    | at the end of `(a`: a parenthesis is not closed; write )                                   |
    | a)                    | at `)` in `a)`: this parenthesis closes none, or nothing stands before it; leave it out    |
    | a >                   | at the end of `a >`: something is missing; behind `>` write a number                       |
    | a > b                 | at `b` in `a > b`: was not expected here; behind `>` write a number                        |
    | a has any b           | at `b` in `a has any b`: was not expected here; behind `any` write (                       |
    | a between 1 or 2      | at `or` in `a between 1 or 2`: was not expected here; behind `1` write and                 |
    | not                   | at the end of `not`: something is missing; behind `not` write one of not, a name or a word, ( |
"""


@pytest.mark.parametrize("case", drawn(MISTAKES), ids=lambda case: case["text"])
def test_a_text_that_is_no_rule_is_answered(case):
    with pytest.raises(ValueError) as refused:
        read(case["text"])
    assert str(refused.value) == case["answer"]


def test_a_rule_nobody_can_follow_is_refused():
    with pytest.raises(ValueError, match="has 1001 characters; write at most 1000: two playbooks"):
        read("a" * 1001)
    deepest = "not " * 249 + "a"
    found = pl.DataFrame({"a": [False]}).select(matching.applies(read(deepest)).alias("a"))
    assert found.item() is True, "as deep as may be written, and it still runs"


@given(
    st.text(max_size=30)
    | st.lists(
        st.sampled_from(
            ["a", "1", "(", ")", ",", "=", "<", "not", "and", "or", "in", "is", "has", "any", "'b'", "known"]
        )
    ).map(" ".join)
)
def test_any_text_is_a_rule_or_a_line_that_says_what_to_write(text):
    try:
        read(text)
    except ValueError as error:
        assert "write" in str(error) or "leave it out" in str(error) or "in quotes" in str(error)
        assert "\n" not in str(error)


# ------------------------------------------------------------------------------------------------------- what it means


@given(rule_texts.rules, st.lists(rule_texts.customers(), min_size=1, max_size=8))
@how(deadline=None)
def test_a_rule_holds_where_a_slow_reading_says_so(text, people):
    rule = read(text)
    found = pl.DataFrame(people, schema=SCHEMA).select(matching.applies(rule).alias("x"))["x"].to_list()
    assert found == [rule_texts.slowly(rule.expression, person) is True for person in people]
    assert name_checks.problem(rule, NAMES) is None
    assert matching.columns(rule) <= set(SCHEMA)


@given(rule_texts.rules, rule_texts.customers())
@how(deadline=None)
def test_the_truth_of_a_tree_is_that_of_its_conditions(text, person):
    expression = read(text).expression
    found = truth(expression, lambda leaf: rule_texts.slowly(leaf, person))
    assert found == rule_texts.slowly(expression, person)


# ----------------------------------------------------------------------------------------------------- what can be told

IMPOSSIBLE = """
    | when                                                             | why                                                    |
    | risk_band = high and churn_probability < 0.1                     | `risk_band` and `churn_probability` exclude each other |
    | risk_band = high and churn_probability < 0.5                     | `risk_band` and `churn_probability` exclude each other |
    | risk_band = high and churn_probability <= 0.5                    | -                                                      |
    | risk_band in (low, high) and churn_probability between 0.2 and 0.4 | `risk_band` and `churn_probability` exclude each other |
    | risk_band = low and churn_probability >= 0.2                     | `risk_band` and `churn_probability` exclude each other |
    | churn_probability > 1                                            | no customer meets all it asks of `churn_probability`   |
    | churn_probability >= 1                                           | -                                                      |
    | risk_band = low and risk_band = high                             | no customer meets all it asks of `risk_band`           |
    | not risk_band in (low, medium, high)                             | no customer meets all it asks of `risk_band`           |
    | value > 5 and not value > 3                                      | no customer meets all it asks of `value`               |
    | value > 5 and value < 5                                          | no customer meets all it asks of `value`               |
    | value >= 5 and value <= 5                                        | -                                                      |
    | value >= 5 and value <= 5 and value != 5                         | no customer meets all it asks of `value`               |
    | value between 5 and 3                                            | no customer meets all it asks of `value`               |
    | strategic and not strategic                                      | no customer meets all it asks of `strategic`           |
    | points_balance > 3 and points_balance is unknown                 | no customer meets all it asks of `points_balance`      |
    | not (points_balance > 3) and not (points_balance <= 3)           | no customer meets all it asks of `points_balance`      |
    | churn_probability is unknown                                     | no customer meets all it asks of `churn_probability`   |
    | causes has C38 and not causes has C38                            | no customer meets all it asks of `causes`              |
    | first_causes has C38 and not causes has any (C38, C47)           | `first_causes` and `causes` exclude each other         |
    | first_reason = price and not reasons has price                   | `first_reason` and `reasons` exclude each other        |
    | lifecycle = long and tier in (new, regular)                          | `lifecycle` and `tier` exclude each other                  |
    | lifecycle = short and tier = new                                     | -                                                      |
    | lifecycle = medium and days_since_last_order < 0                     | no customer meets all it asks of `days_since_last_order` |
    | region = north and region = south                                | no customer meets all it asks of `region`              |
    | region != north and region != south                              | -                                                      |
    | (value > 5 and value < 3) or tier = new                          | -                                                      |
    | (value > 5 and value < 3) or (tier = new and tier = loyal)       | no customer meets all it asks of `tier`                |
    | everyone                                                         | -                                                      |
    | not everyone                                                     | no customer is left                                    |
"""


@pytest.mark.parametrize("case", drawn(IMPOSSIBLE), ids=lambda case: case["when"])
def test_a_rule_that_can_never_hold_is_found(case):
    assert (LOGIC.contradiction(read(case["when"]).expression) or "-") == case["why"]


IMPLIED = """
    | rule                                  | other                                    | implied |
    | value > 5                             | value > 3                                | yes     |
    | value > 3                             | value > 5                                | no      |
    | value >= 3                            | value > 3                                | no      |
    | tier = loyal and value > 5            | tier in (loyal, regular)                 | yes     |
    | tier in (loyal, regular)              | tier = loyal                             | no      |
    | risk_band = high                      | churn_probability >= 0.5                 | yes     |
    | churn_probability >= 0.5              | risk_band = high                         | yes     |
    | lifecycle = long                          | tier = loyal                             | yes     |
    | first_causes has C38                  | causes has any (C38, C47)                | yes     |
    | first_reason = price                  | reasons has price                        | yes     |
    | everyone                              | value > 3 or value <= 3                  | yes     |
    | everyone                              | points_balance > 3 or points_balance <= 3 | no     |
    | points_balance is known               | points_balance > 3 or points_balance <= 3 | yes    |
    | points_balance > 9                    | points_balance is known                  | yes     |
    | region != north                       | region is known                          | yes     |
    | tier = new                            | everyone                                 | yes     |
    | not causes has any (C38, C47)         | not causes has C38                       | yes     |
"""


@pytest.mark.parametrize("case", drawn(IMPLIED), ids=lambda case: f"{case['rule']} -> {case['other']}")
def test_whether_one_rule_implies_another(case):
    found = LOGIC.implies(read(case["rule"]).expression, read(case["other"]).expression)
    assert found == (case["implied"] == "yes")


@given(rule_texts.rules, st.lists(rule_texts.customers(), min_size=1, max_size=12))
@how(deadline=None)
def test_what_holds_for_somebody_is_never_said_to_be_impossible(text, people):
    expression = read(text).expression
    if any(rule_texts.slowly(expression, person) is True for person in people):
        assert LOGIC.contradiction(expression) is None


@given(rule_texts.rules, rule_texts.rules, st.lists(rule_texts.customers(), min_size=1, max_size=12))
@how(deadline=None)
def test_nobody_breaks_an_implication(text, other_text, people):
    rule, other = read(text).expression, read(other_text).expression
    if LOGIC.implies(rule, other):
        for person in people:
            if rule_texts.slowly(rule, person) is True:
                assert rule_texts.slowly(other, person) is True
    assert LOGIC.implies(rule, rule), "every rule implies itself"


def test_a_rule_with_too_many_alternatives_is_let_pass():
    text = " and ".join(f"(points_balance > {n} or value > {n} or email_opt_in)" for n in range(12))
    assert LOGIC.contradiction(read(text).expression) is None
    assert not LOGIC.implies(read(text).expression, read(text).expression)


# ---------------------------------------------------------------------------------------------------------- vocabulary


def test_every_feature_treatments_included_is_a_name_with_its_sentence():
    every = [feature for feature in declared(SETTINGS.features) if not feature.is_part]
    assert {feature.name for feature in every} <= set(NAMES)
    assert {"contacts_7d", "days_since_last_contact", "days_to_renewal", "points_balance"} <= set(NAMES)
    assert all(name.description for name in NAMES.values())
    assert NAMES["reasons"].allowed == tuple(families(SETTINGS.features))


def test_the_words_of_the_settings_are_those_of_the_rules(changed):
    other = changed(**{"score.bands": {"calm": 0.0, "hot": 0.4}, "lists.min_band": "calm"})
    names = vocabulary(other.score, other.features)
    assert name_checks.problem(read("risk_band = hot"), names) is None
    assert "'high' is not known" in name_checks.problem(read("risk_band = high"), names)
    hot = logic.Logic(names, other.score)
    assert hot.contradiction(read("risk_band = hot and churn_probability < 0.4").expression)


def test_a_channel_stands_once():
    assert len(set(CHANNELS)) == len(CHANNELS)
