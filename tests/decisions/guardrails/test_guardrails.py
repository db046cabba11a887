"""Guards: each one with customers and playbooks that try to get around it."""

from datetime import date

import pytest

from pipeline.decisions.guardrails import quality, recommendation
from tests.decisions.week import book, context, decide, frame, given
from tests.drawing import drawn

OFFER, SURVEY, GIFT = "personal-post-sale-offer", "satisfaction-survey", "second-purchase-gift"


def cell(text: str) -> str | None:
    return None if text == "-" else text


def number(text: str) -> float | None:
    return None if text == "-" else float(text)


# A discount of 10 %: the margin of 100 paid so far, what is left of 90, and the floor of 5 %.
DISCOUNTS = """
    | margin | told         | given | why                                  |
    | 0.25   | C27          | yes   | 15 of 90 are left                    |
    | 0.145  | C27          | yes   | 4.5 of 90 are left, just the floor   |
    | 0.144  | C27          | no    | less than the floor                  |
    | 0.10   | C27          | no    | nothing is left                      |
    | -0.20  | C27          | no    | costs more than is paid already      |
    | -      | C27          | yes   | unknown: the company's own, 25 %     |
    | nan    | C27          | yes   | nothing was paid within a year       |
    | 0.25   | C47          | no    | waits for reductions                 |
    | 0.25   | C27;C47      | no    | also                                 |
"""


@pytest.mark.parametrize("place", [1, 2, 3])
@pytest.mark.parametrize("case", drawn(DISCOUNTS), ids=lambda case: case["why"])
def test_a_discount_leaves_a_margin_and_teaches_nobody_to_wait(case, place):
    discount = book(OFFER, when="first_causes has C27", discount={"share": 0.1}, cooldown_days=30)
    change = {"margin_share_365d": number(case["margin"]), "reason_1_causes": "C27"} | {
        f"reason_{place}_causes": case["told"]
    }
    change["reason_1_causes"] = "C27" if place > 1 else f"C27;{case['told']}"
    found, why = given(change, discount)
    assert (found == "x") == (case["given"] == "yes")
    if found is None:
        assert why.startswith("nothing, because ") and ("margin" in why or "waits" in why)


# A promotion that ends on the day shown, needs an order of 40, and is due 3 days after Monday, 2024-03-04.
PROMOTIONS = """
    | ends       | largest | stock | given | why                                |
    | 2024-03-07 | 40      | 5     | yes   | due on its last day, just reached  |
    | 2024-03-06 | 40      | 5     | no    | over before it is due              |
    | 2024-03-03 | 40      | 5     | no    | over                               |
    | -          | 40      | -     | yes   | no end, no count                   |
    | 2024-03-07 | 39.99   | 5     | no    | more than this customer ever spent |
    | 2024-03-07 | -       | 5     | no    | no order within a year             |
    | 2024-03-07 | 40      | 0     | no    | out of stock                       |
"""


@pytest.mark.parametrize("case", drawn(PROMOTIONS), ids=lambda case: case["why"])
def test_a_promotion_is_told_only_to_whom_it_can_be_kept(case):
    terms = {"was_price": 10, "lowest_price_before": 10, "needs_order_of": 40, "ends_day": cell(case["ends"])}
    terms["stock"] = None if case["stock"] == "-" else int(case["stock"])
    found, why = given({"largest_day_spend_365d": number(case["largest"])}, book(OFFER, promotion=terms))
    assert (found == "x") == (case["given"] == "yes")
    assert found or why.startswith("nothing, because ")


def test_stock_is_one_more_limit_and_says_so():
    terms = {"was_price": 10, "lowest_price_before": 10, "stock": 2}
    rows = [{"value_at_stake": stake} for stake in (1.0, 9.0, 5.0)]
    found = decide(frame(*rows), {"x": book(OFFER, promotion=terms, capacity=10)}, context())
    assert [row["playbook"] for row in found] == [None, "x", "x"]
    assert found[0]["why_not"] == "nothing, because what x promotes, 2 in stock, goes to who has more at stake"
    tight = decide(frame(*rows), {"x": book(OFFER, promotion=terms, capacity=1)}, context())
    assert [row["playbook"] for row in tight] == [None, "x", None]


@pytest.mark.parametrize(("stock", "kept"), [(0, []), (1, ["b"]), (2, ["b", "c"]), (3, ["a", "b", "c"])])
def test_stock_that_runs_out_also_takes_back_what_an_earlier_week_queued(stock, kept):
    terms = {"was_price": 10, "lowest_price_before": 10, "stock": stock}
    days = {"a": date(2024, 2, 28), "b": date(2024, 2, 26), "c": date(2024, 2, 26)}
    rows = [{"open_playbook": "x", "open_given_day": day} for day in days.values()]
    found = decide(frame(*rows), {"x": book(OFFER, promotion=terms)}, context())
    assert [row["customer_id"] for row in found if row["playbook"]] == kept
    assert all("stock" in row["why_not"] for row in found if not row["playbook"])


# While a dispute is open, nothing is sold under whatever name; what settles it goes on.
DISPUTES = """
    | tactic                   | more                                                  | disputes | given |
    | personal-post-sale-offer | {}                                                    | 1        | no    |
    | personal-post-sale-offer | {}                                                    | 0        | yes   |
    | personal-post-sale-offer | {purpose: useful, offers: [a, b]}                     | 1        | no    |
    | newsletter-useful        | {promotion: {was_price: 1, lowest_price_before: 1}}   | 1        | no    |
    | newsletter-useful        | {discount: {share: 0.1}, cooldown_days: 9}            | 1        | no    |
    | newsletter-useful        | {purpose: offer}                                      | 2        | no    |
    | newsletter-useful        | {}                                                    | 1        | yes   |
    | conflict-resolution      | {}                                                    | 1        | yes   |
    | second-purchase-gift     | {}                                                    | 1        | no    |
"""


@pytest.mark.parametrize("case", drawn(DISPUTES), ids=lambda case: f"{case['tactic']}-{case['more']}")
def test_nothing_is_sold_while_a_dispute_is_open(case):
    from ruamel.yaml import YAML

    found, why = given(
        {"disputes_open": int(case["disputes"])}, book(case["tactic"], **YAML(typ="safe").load(case["more"]))
    )
    assert (found == "x") == (case["given"] == "yes")
    if found is None:
        assert why == "nothing, because x waits until the open dispute is settled"


def test_an_open_dispute_takes_an_offer_of_an_earlier_week_back_and_gives_way_to_what_settles_it():
    books = {"settle": book("conflict-resolution"), "sell": book(OFFER)}
    change = {
        "open_playbook": "sell",
        "open_given_day": date(2024, 2, 26),
        "disputes_open": 1,
    }
    assert given(change, books)[0] == "settle"
    assert given(change | {"disputes_open": 0}, books)[0] == "sell"


# The latest answers, the risk, and what is open.
RECOMMENDATIONS = """
    | nps | csat | band   | dispute | complaint | given | why                       |
    | 9   | -    | low    | 0       | 0         | yes   | satisfied and kept        |
    | -   | 4    | medium | 0       | 0         | yes   | by the other question     |
    | 10  | 3    | low    | 0       | 0         | no    | one of two is no good     |
    | 8   | -    | low    | 0       | 0         | no    | not quite                 |
    | -   | -    | low    | 0       | 0         | no    | nobody has asked          |
    | 10  | 5    | high   | 0       | 0         | no    | about to leave            |
    | 10  | 5    | low    | 1       | 0         | no    | disputes money            |
    | 10  | 5    | low    | 0       | 1         | no    | complains                 |
"""


@pytest.mark.parametrize("tactic", sorted(recommendation.TACTICS))
@pytest.mark.parametrize("case", drawn(RECOMMENDATIONS), ids=lambda case: case["why"])
def test_only_who_is_satisfied_and_kept_is_asked_to_recommend(case, tactic):
    change = {"nps_latest": number(case["nps"]), "csat_latest": number(case["csat"]), "risk_band": case["band"],
              "disputes_open": int(case["dispute"]), "complaints_open": int(case["complaint"])}  # fmt: skip
    found, why = given(change, book(tactic))
    assert (found == "x") == (case["given"] == "yes")
    assert found or why.startswith("nothing, because x asks ")


@pytest.mark.parametrize(
    ("tactic", "fact", "day", "is_given"),
    [
        ("exit-interview", "won_back_day", date(2024, 3, 3), False),
        ("exit-interview", "won_back_day", date(2023, 12, 6), False),
        ("exit-interview", "won_back_day", date(2023, 12, 5), True),
        ("exit-interview", "interviewed_day", date(2024, 3, 3), True),
        ("win-back-campaign", "interviewed_day", date(2024, 3, 3), False),
        ("lapsed-discount", "interviewed_day", date(2024, 3, 3), False),
        ("win-back-campaign", "interviewed_day", date(2023, 12, 5), True),
        ("win-back-campaign", "won_back_day", date(2024, 3, 3), True),
    ],
)
def test_asking_a_leaver_and_winning_one_back_lie_90_days_apart(tactic, fact, day, is_given):
    assert (given({fact: day}, book(tactic))[0] == "x") == is_given


@pytest.mark.parametrize("cause", ["C08", "C09", "C10", "C44"])
def test_a_fault_of_ours_is_not_papered_over(cause):
    found, why = given(
        {"reason_1_causes": f"C54;{cause}"}, {"gift": book(GIFT), "ask": book(SURVEY, when="tier = new")}
    )
    assert (found, why) == (None, "nothing, because the first reason is a fault of ours, which gift would paper over")
    assert given({"reason_1_causes": cause}, book("dissatisfied-outreach"))[0] == "x"
    assert given({"reason_2_causes": cause}, book(GIFT))[0] == "x", "only the first reason decides"


def test_faults_go_to_who_owns_them():
    table = frame({"reason_1_causes": "C09"}, {"reason_1_causes": "C09;C24"}, {"reason_1_causes": "C36"}, {},
                  {"reason_1_causes": None})  # fmt: skip
    found = quality.problems(table, context().guards.quality_causes)
    assert [(row["cause"], row["owner"], row["customers"], row["value_at_stake"]) for row in found] == [
        ("C09", "product", 2, 60.0), ("C24", "product", 1, 30.0), ("C36", "service", 1, 30.0),
    ]  # fmt: skip
    assert quality.problems(table, []) == []


def test_no_more_offers_than_a_person_can_choose_from_are_open_at_once():
    books = {f"o{at}": book(OFFER, capacity=1) for at in range(4)} | {"ask": book(SURVEY, capacity=1)}
    rows = [{"value_at_stake": 9.0 - at} for at in range(5)]
    found = decide(frame(*rows), books, context(guards={"max_offers": 2}))
    assert [row["playbook"] for row in found] == ["o0", "o1", "ask", None, None]
    free = decide(frame(*rows), books, context(guards={"max_offers": 4}))
    assert [row["playbook"] for row in free] == ["o0", "o1", "o2", "o3", "ask"]


def test_offers_that_are_not_for_a_customer_take_no_place_among_the_open_ones():
    books = {"new": book(OFFER, when="tier = new"), "loyal": book(OFFER), "more": book(OFFER)}
    found = decide(frame({}), books, context(guards={"max_offers": 1}))
    assert found[0]["playbook"] == "loyal"


def test_a_loss_is_given_nothing_dear_unless_somebody_says_why_whatever_is_open():
    dear = book(OFFER, cost=5.0)
    assert given({"loss_making": True}, dear)[0] is None
    assert given({"loss_making": True, "strategic": True}, dear)[0] == "x"


def test_the_reason_is_that_of_the_first_playbook_for_the_customer():
    books = {"gift": book(GIFT), "dear": book(SURVEY, cost=99.0)}
    assert given({"disputes_open": 1}, books)[1] == "nothing, because gift waits until the open dispute is settled"
    turned = dict(reversed(books.items()))
    assert "would cost 99.00 USD" in given({"disputes_open": 1}, turned)[1]


def test_without_any_fact_nothing_is_held():
    assert given({"reason_1_causes": None}, book(OFFER)) == ("x", None)
