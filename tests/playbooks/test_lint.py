"""What ``churn check`` finds in playbooks: what can never work is refused, what is worth knowing is said."""

import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.errors import BadPlaybooks
from pipeline.playbooks import dry_run, lint
from pipeline.playbooks.config import playbooks_file
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.rules.vocabulary import vocabulary
from tests.drawing import drawn

SETTINGS = params.load()
NAMES = vocabulary(SETTINGS.score, SETTINGS.features)
FILES = ("playbooks.yaml", "examples/subscription/playbooks.yaml", "examples/b2b/playbooks.yaml")


def book(when: str, **more) -> Playbook:
    usual = {
        "tactic": "thank-you-email",
        "action": "Do it",
        "channel": "e-mail",
        "who": "us",
        "due_in_days": 1,
        "cost": 1.0,
    }
    return Playbook(**usual | {"when": when} | more)


def refused(**books: Playbook) -> str | None:
    try:
        lint.refuse(books, NAMES, SETTINGS.score)
    except BadPlaybooks as error:
        return str(error)
    return None


@pytest.mark.parametrize("file", FILES)
def test_every_file_of_playbooks_passes(root, file):
    lint.refuse(playbooks_file.parse(params.read_yaml(root / file, BadPlaybooks), NAMES), NAMES, SETTINGS.score)


def test_a_contradiction_is_refused_with_what_to_write():
    assert refused(x=book("everyone", capacity=3), y=book("risk_band = high and churn_probability < 0.1")) == (
        "playbooks.yaml: playbooks.y.when: can never hold, since `risk_band` and `churn_probability` exclude each other; "
        "leave one condition out, or join them with `or`"
    )


# Two playbooks in this order, and whether the second is never reached, or the first.
SHADOWS = """
    | first                | first: more                | second                    | second: more  | reached |
    | risk_band = high     |                            | risk_band = high          |               | never   |
    | risk_band = high     |                            | risk_band in (high, low)  |               | yes     |
    | everyone             |                            | tier = loyal              |               | never   |
    | tier = loyal         |                            | everyone                  |               | yes     |
    | everyone             | capacity=9                 | tier = loyal              |               | yes     |
    | everyone             | cooldown_days=9            | tier = loyal              |               | yes     |
    | everyone             | cost=2.0                   | tier = loyal              |               | yes     |
    | everyone             | cost=0.5                   | tier = loyal              |               | never   |
    | everyone             | cost=0.5 effect=0.1        | tier = loyal              |               | yes     |
    | everyone             | cost=0.5 effect=0.5        | tier = loyal              | effect=0.4    | never   |
    | everyone             | cost=0.5 effect=0.5        | tier = loyal              | effect=0.6    | yes     |
    | tier = loyal         | cost=2.0                   | everyone                  |               | first   |
    | tier = loyal         |                            | everyone                  |               | yes     |
    | everyone             | effect=0.5                 | tier = loyal              | effect=0.2    | never   |
    | points_balance > 3   |                            | points_balance > 5        |               | never   |
    | points_balance > 3 or points_balance <= 3 |       | tier = loyal              |               | yes     |
"""


@pytest.mark.parametrize("case", drawn(SHADOWS), ids=lambda case: "-".join(case.values()))
def test_a_playbook_that_leaves_nobody_to_a_later_one(case):
    def one(place: str) -> Playbook:
        more = {key: float(value) for key, value in (part.split("=") for part in case[f"{place}: more"].split())}
        return book(
            case[place], **{key: int(v) if key in {"capacity", "cooldown_days"} else v for key, v in more.items()}
        )

    found = refused(one=one("first"), other=one("second"))
    if case["reached"] == "yes":
        assert found is None
    else:
        lost, other = ("other", "one") if case["reached"] == "never" else ("one", "other")
        assert found == (
            f"playbooks.yaml: playbooks.{lost}: is never reached, since playbooks.{other} is for everyone it is for, costs "
            "no more, keeps no less, and is never short; narrow that one's rule, give it a `capacity`, or leave this out"
        )


# What a company with transactions and a table of customers without opt-ins can never tell.
UNCARRIED = """
    | when                                                 | never, since                                              |
    | points_balance > 0                                   | sources.loyalty is not declared                           |
    | not (points_balance > 0)                             | sources.loyalty is not declared                           |
    | points_balance is known                              | sources.loyalty is not declared                           |
    | points_balance is unknown                            | -                                                         |
    | points_balance > 0 or tier = loyal                   | -                                                         |
    | points_balance > 0 and tier = loyal                  | sources.loyalty is not declared                           |
    | email_opt_in                                         | sources.customers.columns has no email_opt_in             |
    | region = north                                       | -                                                         |
    | loss_making                                          | sources.transactions.columns has no cost                  |
    | not loss_making                                      | -                                                         |
    | reasons has recency                                  | -                                                         |
    | reasons has disputes                                 | no declared column carries the reason disputes            |
    | reasons has any (recency, disputes)                  | -                                                         |
    | not reasons has disputes                             | -                                                         |
    | first_reason = disputes                              | no declared column carries the reason disputes            |
    | first_reason != disputes                             | -                                                         |
    | first_causes has C38                                 | no declared column speaks for C38                         |
    | causes has any (C38, C55)                            | -                                                         |
    | days_to_anniversary <= 6                             | -                                                         |
"""


@pytest.mark.parametrize("case", drawn(UNCARRIED), ids=lambda case: case["when"])
def test_a_rule_that_waits_for_columns_nobody_declared(changed, case):
    sources = {"transactions": {"path": "x.csv", "columns": {name: name for name in ("customer_id", "ts", "amount")}},
               "customers": {"path": "y.csv", "columns": {"customer_id": "id", "region": "region"}}}  # fmt: skip
    settings = changed(sources=sources)
    found = lint.never({"x": book(case["when"])}, NAMES, settings.sources, {"recency"}, {"C55"})
    assert found == ({} if case["never, since"] == "-" else {"x": case["never, since"]})


def scored(number: int = 100) -> pl.DataFrame:
    return pl.DataFrame(
        {"risk_band": ["high"] * (number // 2) + ["low"] * (number - number // 2), "value": range(number)}
    )


def test_playbooks_for_the_same_customers_are_said():
    books = {
        "one": book("risk_band = high"),
        "other": book("risk_band = high and value >= 10"),
        "far": book("value >= 80"),
    }
    assert list(dry_run.notes(scored(), books, "EUR")) == [
        "playbooks.one and playbooks.other: 40 customers are meant by both, 80 % of those of either; the one that keeps "
        "more gets them while there is room"
    ]


def test_room_and_demand_are_said_with_both_figures():
    books = {"call": book("risk_band = high", capacity=20, cost=6.5), "mail": book("risk_band = low", capacity=50)}
    assert list(dry_run.notes(scored(), books, "EUR")) == [
        "playbooks.call: is for 50 of 100 customers, and its capacity is 20 a week (130.00 EUR)"
    ]


def test_a_playbook_for_nobody_is_said():
    assert list(dry_run.notes(scored(), {"x": book("value > 1000")}, "EUR")) == [
        "playbooks.x: is for nobody of the 100 customers"
    ]
