"""A week of a few customers, decided with guards and contact policy, for the tests of both."""

from datetime import date

import polars as pl

from pipeline.config import params
from pipeline.decisions import assignment, cooldown, eligibility, facts
from pipeline.decisions.context import DecisionContext
from pipeline.playbooks.config.playbook import Playbook
from tests.conftest import ROOT

WEEK = date(2024, 3, 4)
SETTINGS = params.load(ROOT / "params.yaml")
CUSTOMER = {"customer_id": "a", "owner": None, "risk_band": "high", "tier": "loyal", "value_tier": "top",
            "churn_probability": 0.6, "value": 50.0, "value_at_stake": 30.0, "loss_making": False, "strategic": False,
            "is_control": False, "last_order_day": date(2024, 1, 24), "reason_1_family": "recency", "reason_2_family": None, "reason_3_family": None,
            "reason_1_text": "Last order 40 days ago", "reason_1_causes": "C54;C16", "reason_2_causes": None,
            "reason_3_causes": None}  # fmt: skip
TEXTS = {name: pl.String for name in CUSTOMER if name == "owner" or name.startswith("reason_")}


def context(day: date = WEEK, guards: dict | None = None, **contact) -> DecisionContext:
    """The committed settings, some of them changed."""
    return DecisionContext(
        day,
        SETTINGS.guards.model_copy(update=guards or {}),
        params.Contact.model_validate(SETTINGS.contact.model_dump() | contact),
        SETTINGS.score,
    )


def book(tactic: str = "satisfaction-survey", **more) -> Playbook:
    """A free e-mail unless said otherwise."""
    usual = {
        "when": "everyone",
        "action": "Do it",
        "channel": "e-mail",
        "who": "service",
        "due_in_days": 3,
        "cost": 0.0,
    }
    return Playbook.model_validate({"tactic": tactic, **usual, **more})


def frame(*changes: dict) -> pl.DataFrame:
    """Customers, each with some columns or facts of their own."""
    rows = [CUSTOMER | {"customer_id": chr(97 + at)} | change for at, change in enumerate(changes)]
    known = {name: kind for name, kind in facts.FACTS.items() if any(name in row for row in rows)}
    table = pl.DataFrame(
        [{name: row.get(name) for name in {**CUSTOMER, **known}} for row in rows], schema_overrides={**TEXTS, **known}
    )
    own = table.select("customer_id", *known)
    return facts.beside(table.drop(known), [own])


def decide(
    customers: pl.DataFrame, books: dict[str, Playbook], rule: DecisionContext, earlier: list[tuple] = ()
) -> list[dict]:
    """Everyone's decision."""
    before = pl.DataFrame(list(earlier), schema=cooldown.EARLIER, orient="row")
    held = eligibility.check_eligibility(customers, books, rule)
    return assignment.plan(customers, books, rule.as_of, "USD", before, assignment.Restrictions(held))[0].to_dicts()


def given(
    change: dict, books: Playbook | dict[str, Playbook], rule: DecisionContext | None = None
) -> tuple[str | None, str | None]:
    """The playbook one customer is given, and why none."""
    found = decide(frame(change), {"x": books} if isinstance(books, Playbook) else books, rule or context())[0]
    return found["playbook"], found["why_not"]
