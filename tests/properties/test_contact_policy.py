"""Whatever the customers, the playbooks and the weeks before: no cap, rest, consent or limit is ever broken.

Weeks are decided one after the other by the code of the publishing stage, over tables and lists on disk; what must hold
is worked out a second time, customer by customer, from nothing but the lists, the tables and the settings.
"""

import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.decisions import assignment, eligibility
from pipeline.decisions import control_group as controls
from pipeline.decisions.control_group import LEFT_ALONE
from pipeline.playbooks.config.playbook import Playbook
from pipeline.tables import storage
from pipeline.week import contact_history
from tests.decisions.week import WEEK, book, context, frame
from tests.profiles import examples

WHO = "abcd"
SOME = params.Control(share=0.3, salt="left-alone", version=9)
CONSENT = {"e-mail": "email_opt_in", "phone": "phone_opt_in", "letter": None, "internal": None}
KEPT = ("customer_id", "as_of", "given_day", "playbook", "would_have_been", "channel", "tactic")

TACTICS = ("newsletter-useful", "personal-post-sale-offer", "conflict-resolution", "exit-interview",
           "win-back-campaign", "thank-you-email")  # fmt: skip


def playbooks(dice: Random) -> dict[str, Playbook]:
    found = {}
    for name in dice.sample("pqrs", dice.randint(1, 4)):
        stock = dice.choice([None, None, None, 0, 2, 3])
        found[name] = book(
            dice.choice(TACTICS),
            channel=dice.sample(sorted(CONSENT), dice.choice([1, 1, 2])),
            cost=dice.choice([0.0, 0.0, 6.0]),
            capacity=dice.choice([None, None, 1, 2]),
            cooldown_days=dice.choice([None, None, 3, 12, 30]),
            promotion=None if stock is None else {"was_price": 1, "lowest_price_before": 1, "stock": stock},
            due_in_days=dice.randint(0, 9),
        )
    return found


@dataclass(frozen=True)
class World:
    """Everything that is drawn."""

    books: dict[str, Playbook]
    days: list[date]
    contacts: list[tuple[str, date, str]]
    outcomes: list[tuple[str, int, str, date | None]]
    consents: list[tuple[str, bool | None, bool | None]]
    disputes: list[tuple[str, date]]
    stakes: list[list[float]]
    contact: dict
    guards: dict


def worlds(seed: int) -> World:
    """Drawn evenly: what random examples like best, the small and the plain, breaks no rule of contact."""
    dice = Random(seed)
    gaps = [dice.randint(1, 9) for _ in range(dice.randint(2, 4))]
    days = [WEEK + timedelta(days=sum(gaps[:at])) for at in range(len(gaps) + 1)]

    def who() -> str:
        return dice.choice(WHO)

    def any_day() -> date:
        return dice.choice(days) - timedelta(days=dice.randint(-8, 8))

    status = ("done", "not_done", "wrong_reason")
    return World(
        books=playbooks(dice),
        days=days,
        contacts=[(who(), any_day(), dice.choice(["offer", "useful"])) for _ in range(dice.randint(0, 8))],
        outcomes=[
            (who(), dice.randrange(len(gaps)), dice.choice(status), dice.choice([None, None, any_day()]))
            for _ in range(dice.randint(0, 5))
        ],
        consents=[(who(), *dice.choices([None, True, True, False], k=2)) for _ in range(dice.randint(0, 3))],
        disputes=[(who(), any_day()) for _ in range(dice.randint(0, 1))],
        stakes=[dice.choices([-1.0, 5.0, 9.0, 9.0], k=len(WHO)) for _ in days],
        contact={
            "max_per_week": dice.randint(1, 3),
            "open_days": dice.choice([0, 7, 14]),
            "rest_days": dice.choice([0, 5]),
            "unknown_consent": dice.choice(["allow", "allow", "refuse"]),
            "max_offers_in_window": dice.randint(1, 3),
        },
        guards={"max_offers": dice.choice([1, 12])},
    )


def stocked(world: World, week: int) -> dict[str, Playbook]:
    """The playbooks of one week: a piece of everything is sold elsewhere from week to week."""
    left = {
        name: None if book_.promotion is None else max(book_.promotion.stock - week, 0)
        for name, book_ in world.books.items()
    }
    return {
        name: book_ if left[name] is None
        else book_.model_copy(update={"promotion": book_.promotion.model_copy(update={"stock": left[name]})})
        for name, book_ in world.books.items()
    }  # fmt: skip


def rows(table: list[tuple], **schema) -> pl.DataFrame:
    return pl.DataFrame(table, schema=schema, orient="row")


def write(world: World, at: Paths) -> None:
    contacts = rows(world.contacts, customer_id=pl.String, day=pl.Date, purpose=pl.String)
    told = [(who, world.days[week], status, snooze) for who, week, status, snooze in world.outcomes]
    outcomes = rows(told, customer_id=pl.String, as_of_day=pl.Date, status=pl.String, snooze_until_day=pl.Date)
    consents = rows(world.consents, customer_id=pl.String, email_opt_in=pl.Boolean, phone_opt_in=pl.Boolean)
    disputes = rows(world.disputes, customer_id=pl.String, opened_day=pl.Date)
    disputes = disputes.with_columns(pl.lit(value=True).alias("is_dispute"))
    for name, found in {"contacts": contacts, "outcomes": outcomes, "customers": consents, "tickets": disputes}.items():
        storage.write_parquet(found, storage.bucket_file(at.tables / name, 0))


def decide(world: World, at: Paths, week: int, order: list[int]) -> list[dict]:
    """One week as the publishing stage decides it."""
    rule = context(world.days[week], world.guards, **world.contact)
    scores = frame(*({"customer_id": who, "value_at_stake": world.stakes[week][n]} for n, who in enumerate(WHO)))[order]
    scores = controls.mark(scores.drop("is_control"), SOME)
    books = stocked(world, week)
    given = contact_history.given(at.exports, "shop", books, rule)
    history = contact_history.read(scores, given, at, books, rule)
    customers = history.customers()
    held = eligibility.check_eligibility(customers, books, rule)
    before = contact_history.earlier(given, books, rule.as_of, history.feedback)
    decided = assignment.plan(customers, books, rule.as_of, "USD", before, assignment.Restrictions(held))[0]
    return decided.with_columns(pl.lit(rule.as_of).alias("as_of")).sort("customer_id").to_dicts()


def publish(decided: list[dict], at: Paths, day: date) -> None:
    texts = dict.fromkeys(("playbook", "would_have_been", "channel", "tactic"), pl.String)
    kept = pl.DataFrame([{name: row[name] for name in KEPT} for row in decided],
                        schema_overrides={**texts, "given_day": pl.Date})  # fmt: skip
    storage.write_parquet(kept, at.week(day) / "actions.parquet")
    (at.week(day) / "manifest.json").write_text(json.dumps({"company": "shop"}), encoding="utf-8")


@given(st.integers(0, 2**32 - 1), st.permutations(range(len(WHO))))
@examples(6)
def test_no_rule_is_ever_broken(seed, order):
    world = worlds(seed)
    with tempfile.TemporaryDirectory() as folder:
        at = Paths(data=Path(folder) / "data", exports=Path(folder) / "exports")
        at.exports.mkdir()
        write(world, at)
        before: list[list[dict]] = []
        for week, day in enumerate(world.days):
            decided = decide(world, at, week, list(range(len(WHO))))
            if day == world.days[-1]:
                assert decided == decide(world, at, week, order), "the order of rows decides nothing"
            check_limits(stocked(world, week), decided)
            for row in decided:
                check_customer(world, row, [list_[WHO.index(row["customer_id"])] for list_ in before], day)
            publish(decided, at, day)
            before.append(decided)


def check_limits(books: dict[str, Playbook], decided: list[dict]) -> None:
    given_now = Counter(row["playbook"] for row in decided if row["playbook"])
    new = Counter(row["playbook"] for row in decided if row["playbook"] and row["given_day"] == row["as_of"])
    for name, the_book in books.items():
        if the_book.promotion is not None:
            assert given_now[name] <= the_book.promotion.stock, f"{name}: more than there is"
        if the_book.capacity is not None and new[name]:
            assert given_now[name] <= the_book.capacity, f"{name}: more than there is room for"


def check_customer(world: World, row: dict, before: list[dict], day: date) -> None:
    assert (row["playbook"] is None) == (row["why_not"] is not None), "nothing carries its reason, and only nothing"
    assert row["why_not"] is None or row["why_not"].startswith("nothing, because ")
    if row["is_control"]:
        assert row["playbook"] is None and row["why_not"] == LEFT_ALONE
        return
    told = [(world.days[week], status, snooze) for who, week, status, snooze in world.outcomes
            if who == row["customer_id"] and world.days[week] < day]  # fmt: skip
    is_new = row["given_day"] == day
    check_open(world, row, before, told, day)
    if row["playbook"] is None:
        return
    name, the_book = row["playbook"], world.books[row["playbook"]]
    assert not any(snooze is not None and snooze > day for _, _, snooze in told), "snoozed"
    assert may_be_reached(world, row["customer_id"], row["channel"]) and row["channel"] in the_book.channels
    assert row["due_day"] == row["given_day"] + timedelta(days=the_book.due_in_days)
    if the_book.sells:
        assert not disputed(world, row["customer_id"], day)
    if is_new:
        check_new(world, row, before, told, day)
        undone = {of for of, status, _ in told if status == "not_done"}
        not_done = {(old["playbook"], old["given_day"]) for old in before if old["as_of"] in undone}
        firsts = {(old["playbook"], old["given_day"]) for old in before if old["playbook"]} - not_done
        rest = the_book.cooldown_days or 0
        assert all(other != name or (day - since).days >= rest for other, since in firsts), "it rests"


def check_open(world: World, row: dict, before: list[dict], told: list[tuple], day: date) -> None:
    """What is open goes on; unless the customer may not be reached, or it may not be sold, or there is none left."""
    last = before[-1] if before else None
    is_open = (
        last is not None
        and last["playbook"] is not None
        and (day - last["as_of"]).days < world.contact["open_days"]
        and (day - last["given_day"]).days < world.contact["open_days"]
        and not any(of >= last["given_day"] for of, _, _ in told)
    )
    if not is_open:
        assert row["playbook"] is None or row["given_day"] == day, "nothing but what is open goes on"
        return
    if (row["playbook"], row["given_day"]) == (last["playbook"], last["given_day"]):
        return
    the_book, who = world.books[last["playbook"]], row["customer_id"]
    assert (
        any(snooze is not None and snooze > day for _, _, snooze in told)
        or not any(may_be_reached(world, who, name) for name in the_book.channels)
        or (the_book.sells and disputed(world, who, day))
        or the_book.promotion is not None
    ), "an open action was dropped"


def check_new(world: World, row: dict, before: list[dict], told: list[tuple], day: date) -> None:
    if not world.books[row["playbook"]].reaches:
        return
    undone = {of for of, status, _ in told if status == "not_done"}
    not_done = {(old["playbook"], old["given_day"]) for old in before if old["as_of"] in undone}
    lists = {(old["playbook"], old["given_day"]) for old in before if old["playbook"] and old["channel"] != "internal"}
    sent = [since for name, since in lists - not_done]
    offers = [since for name, since in lists - not_done if world.books[name].sells]
    mine = [(when, purpose) for who, when, purpose in world.contacts if who == row["customer_id"] and when < day]
    sent += [when for when, _ in mine]
    offers += [when for when, purpose in mine if purpose == "offer"]
    assert sum((day - when).days < 7 for when in sent) < world.contact["max_per_week"], "the cap"
    done = [of for of, status, _ in told if status == "done"]
    assert all((day - of).days >= world.contact["rest_days"] for of in done), "left in peace"
    if world.books[row["playbook"]].sells:
        assert len(offers) < world.contact["max_offers_in_window"], "too many offers"
        assert not offers or (len(offers) + 1) / (len(sent) + 1) <= 0.5, "only offers"


def may_be_reached(world: World, who: str, name: str) -> bool:
    if CONSENT[name] is None:
        return True
    said = [(email if name == "e-mail" else phone) for own, email, phone in world.consents if own == who]
    known = [answer for answer in said if answer is not None]
    return all(known) if known else world.contact["unknown_consent"] == "allow"


def disputed(world: World, who: str, day: date) -> bool:
    return any(own == who and opened < day for own, opened in world.disputes)
