"""Weeks that look like real ones: the rows differ in everything a reader can see, and the parts add up."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Browser, sync_playwright

from pipeline.lists import FILLED_IN, RISK_LIST, About, Week
from tests.lists.visit import ARGUMENTS, CHROMIUM, Open, Visit, with_history

AS_OF = date(2018, 1, 1)
SEED = 29
ABOUT = About(
    company="complete_journey",
    as_of=AS_OF,
    currency="USD",
    minor_digits=2,
    churn_definition="No purchase in the 30 days from 2018-01-01 to 2018-01-30.",
    notice="Sample data for teaching; customers and amounts are anonymised.",
    verdict="Good: on a later month the top tenth of the list held 4.1 times as many leavers as chance.",
    figures="",
    eligible=0,
    scored=0,
    listed=0,
    expected_low=0,
    expected_high=0,
)
NAMES = (
    *("Lindqvist & Sons", "Café Moreau", "Brightwater Foods", "Hof Sonnental", "Ortega Catering", "Northgate Grocers"),
    *("Kim's Kitchen", "Bäckerei Vogel", "Old Mill Bakery", "Trattoria Lucia", "Green Fork", "Harbour Fish Co."),
)
OWNERS = ("Anna Meyer", "Jonas Weber", "Priya Nair", None)
TIERS = ("loyal", "regular", "one-time", "new")
STATUS_DRAW = ("new", "new", "still_open", "still_open", "recovered", "snoozed")
REASONS = (
    "no order for {days} days, usually every {usual} days",
    "spent {less} % less in the last 90 days than in the 90 before",
    "orders from 2 departments now, {many} half a year ago",
    "has not redeemed a coupon since last summer",
    "two late deliveries in December",
)
CALL = "Call, ask what changed, and offer to set up the usual order"
MAIL = "Send the welcome mail with recipes that go with the first order"
REPAIR = "Apologise for the late delivery and agree on a delivery window"
PLAYBOOKS = (  # playbook, action, channel, who, caution
    ("win_back_call", CALL, "phone", "account manager", "Not before 10:00."),
    ("welcome_second", MAIL, "email", "marketing", None),
    ("service_repair", REPAIR, "phone", "service lead", "An open ticket: read it before calling."),
    (None, None, None, None, None),
)
FAMILIES = (
    *("recency", "frequency", "monetary", "engagement", "breadth"),
    *("tenure", "service", "loyalty", "price", "opening_hours"),
)
DECIDED = (
    *("customer_id", "churn_probability", "risk_band", "value_at_stake", "tier"),
    *("work", "playbook", "action", "channel", "who", "due_day", "why_not"),
)


def _score(draw: random.Random) -> dict[str, Any]:
    families = {f"family_{name}": draw.gauss(0.12, 0.5) for name in FAMILIES} | {"family_price": 0.0}
    log_odds = -1.3 + sum(families.values())
    probability = 1 / (1 + math.exp(-0.9 * log_odds))  # calibration is not the identity
    return {
        "base_log_odds": -1.3,
        "log_odds": log_odds,
        **families,
        "churn_probability": probability,
        "risk_band": "high" if probability >= 0.5 else "medium" if probability >= 0.2 else "low",
        "value": (value := draw.uniform(20, 1900)),
        "value_at_stake": probability * value,
    }


def _words(place: int, draw: random.Random) -> dict[str, Any]:
    days, told = draw.randint(20, 80), 3 - (place % 5 == 3) - 2 * (place % 7 == 6)
    numbers = {"days": days, "usual": draw.randint(5, 14), "less": draw.randint(20, 80), "many": draw.randint(4, 9)}
    reasons = [text.format(**numbers) for text in draw.sample(REASONS, 3)]
    return {
        **{f"reason_{at}": reason if at <= told else None for at, reason in enumerate(reasons, start=1)},
        "reason_1_kind": ("avoidable", "avoidable", "natural", None)[place % 4] if told else None,
        "reason_1_act": ("yes", "partly", "no", None)[place % 4] if told else None,
        "reason_1_team": ("service", "product", "nobody", None)[place % 4] if told else None,
        "protects": "has bought in every month since March" if place % 3 else None,
        "last_order_day": AS_OF - timedelta(days=days),
        # Some are overdue, one of them for a single day, and some are not; of some it is not known.
        "usual_order_day": AS_OF + timedelta(days=place % 9 - 4) if place % 5 else None,
        "next_order_day": AS_OF + timedelta(days=10 + place) if place % 4 else None,
        "cancellation_day": AS_OF + timedelta(days=40 + place) if place % 4 == 0 else None,
        "last_contact_day": AS_OF - timedelta(days=draw.randint(8, 200)) if place % 2 else None,
    }


def _customer(place: int, draw: random.Random) -> dict[str, Any]:
    playbook, action, channel, who, caution = PLAYBOOKS[place % 4]
    status = draw.choice(STATUS_DRAW)
    branch = f" {place // 12 + 1}" if place >= 12 else ""
    return {
        **_score(draw),
        **_words(place, draw),
        "customer_id": str(1000 + place * 37 % 9001),
        "name": NAMES[place % 12] + branch if place % 6 != 5 else None,
        "owner": OWNERS[place % 4],
        "tier": TIERS[place % 4],
        "lifecycle": ("short", "medium", "long")[place % 3],
        "playbook": playbook,
        "work": "task" if action else "watch",
        "action": action or "Keep an eye on this customer; for now nothing, because a letter went out 6 days ago.",
        "channel": channel,
        "who": who,
        "caution": caution,
        "draft": f"Good day. Is all well with order {place}? = We want to know." if action else None,
        "due_day": AS_OF + timedelta(days=3 + place % 5) if action else None,
        "why_not": None if action else "nothing, because the customer was contacted 6 days ago",
        "status": status,
        "since_week": AS_OF if status == "new" else AS_OF - timedelta(days=7 * draw.randint(1, 4)),
        "previous_probability": None if status == "new" else 0.9999,
        "change": None if status == "new" else "31 % → 58 %: no order for 24 days",
        **dict.fromkeys(FILLED_IN, ""),
        "as_of": AS_OF,
    }


def _frame(rows: list[dict[str, Any]], schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)


def build_week(rows: int = 12, *, edits: dict[int, dict[str, Any]] | None = None, **about: Any) -> Week:
    """A week with `rows` customers; `edits` sets columns of the customer drawn at a place (0 is the first)."""
    draw = random.Random(SEED)
    customers = [_customer(place, draw) | (edits or {}).get(place, {}) for place in range(rows)]
    customers.sort(key=lambda customer: -customer["value_at_stake"])
    listed = [{"rank": place} | customer for place, customer in enumerate(customers, start=1)]
    low = {"risk_band": "low", "churn_probability": 0.05}
    rest = [_customer(place, draw) | {"customer_id": f"rest-{place}"} | low for place in range(5)]
    expected = {"expected_low": rows // 4, "expected_high": rows - rows // 4}
    log_odds = ("base_log_odds", "log_odds", *(f"family_{name}" for name in FAMILIES))
    return Week(
        about=replace(ABOUT, **{"eligible": rows + 7, "scored": rows + 5, "listed": rows, **expected} | about),
        risk_list=_frame(listed, RISK_LIST),
        actions=_frame(
            [
                row | {"work": None if row["playbook"] is None or row in rest else row["work"]}
                for row in customers + rest
            ],
            {name: RISK_LIST.get(name, pl.String()) for name in DECIDED},
        ),
        waterfalls=_frame(customers[::-1], {"customer_id": pl.String()} | dict.fromkeys(log_odds, pl.Float64())),
        run_report={"counts": {"read": 4100, "accepted": 4000, "duplicates": 60, "rejected": 40}, "seed": 1},
        fingerprints={"model": "0f3a", "data": "77c1", "params": "b2e9"},
    )


@pytest.fixture(scope="session")
def make_week() -> Callable[..., Week]:
    return build_week


@pytest.fixture(scope="session")
def week() -> Week:
    return build_week()


@pytest.fixture(scope="session")
def long_week() -> Week:
    return build_week(3000)


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    return tmp_path / "exports"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "where CI is set, the list is looked at in a real browser: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a week's page anew."""
    visit = Visit(browser, tmp_path)
    yield visit
    visit.end()


@pytest.fixture(scope="session")
def full_week(week: Week) -> Week:
    """A week with everything a page can show."""
    return with_history(week)
