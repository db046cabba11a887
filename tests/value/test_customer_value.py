"""What a customer is worth: margin where costs are known, loss-making customers, and the tiers by value."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import params
from pipeline.config.params import Label, Score
from pipeline.decisions import assignment, cooldown
from pipeline.playbooks.config.playbook import Playbook
from pipeline.scoring import bucket as scoring
from pipeline.value import customer_value
from pipeline.value.bg_nbd import BgNbd
from pipeline.value.expected_spend import Spend
from pipeline.value.gamma_gamma import GammaGamma
from tests import bucket
from tests.drawing import drawn
from tests.oracle import Line

SETTINGS = Score(bands={"low": 0.0}, new_days=60, loyal_orders_365d=12, loyal_days=180, margin_share=0.25,
                 top_value_share=0.2)  # fmt: skip
SPEND = Spend(BgNbd(0.24, 31.0, 0.8, 2.4), GammaGamma(6.25, 3.74, 15.44))
LABEL = Label(kind="inactivity", gap_days=0, horizon_days=30)
S = date(2024, 6, 1)


def examples(**columns: list) -> pl.DataFrame:
    rows = {"order_days_ever": 10, "days_since_first_order": 90, "days_since_last_order": 7, "orders_ever": 10,
            "orders_365d": 10, "spend_365d": 300.0, "refund_share_365d": 0.0}  # fmt: skip
    return pl.DataFrame(columns).with_columns(pl.lit(value).alias(name) for name, value in rows.items())


def test_value_is_the_customers_own_margin_where_costs_are_known():
    shares = [0.25, 0.5, None, 0.0, -0.5]
    found = customer_value.expected_value(examples(margin_share_365d=shares), SPEND, LABEL, SETTINGS)
    usual = found[2]
    assert found.name == "value"
    assert found.to_list() == pytest.approx([usual, 2 * usual, usual, 0.0, -2 * usual], abs=0.02)
    assert customer_value.expected_value(examples(x=[1]), SPEND, LABEL, SETTINGS).to_list() == [usual], (
        "no cost is mapped"
    )


# Amount and cost of each line of a customer, in cents; what is left, and its share of what was paid for costed lines.
MARGINS = """
    | lines              | margin | share | loss | why                                              |
    | 1000/700           | 3.00   | 0.30  | no   | paid less cost                                   |
    | 1000/1300          | -3.00  | -0.30 | yes  | sold below cost                                  |
    | 1000/1000          | 0.00   | 0.00  | no   | nothing is no loss                               |
    | 1000/-             | 0.00   | -     | no   | an unknown cost is no loss                       |
    | 1000/700 500/-     | 3.00   | 0.30  | no   | lines of unknown cost are left out               |
    | 1000/700 -1000/0   | -7.00  | -0.70 | yes  | given back, and the goods are lost               |
    | 1000/700 -1000/-700| 0.00   | 0.00  | no   | given back, and the goods came back              |
    | 1000/700 -1000/-   | 3.00   | 0.30  | no   | a refund of unknown cost is left out too         |
    | 0/200              | -2.00  | -     | yes  | a gift costs                                     |
"""


@pytest.mark.parametrize("case", drawn(MARGINS), ids=lambda case: case["lines"])
def test_the_margin_of_a_year(case, tmp_path):
    lines = []
    for number, word in enumerate(case["lines"].split()):
        amount, cost = word.split("/")
        lines.append(Line("ann", f"o{number}", date(2024, 5, 1), int(amount), cost=None if cost == "-" else int(cost)))
    lines.append(Line("ann", "old", date(2023, 5, 1), 100, cost=99_999))
    bucket.write(tmp_path / "tables", lines)
    row = bucket.run(tmp_path / "tables", [S], bucket.snapshots(S))[0]
    assert row["margin_365d"].to_list() == [float(case["margin"])]
    assert row["margin_share_365d"].to_list() == [None if case["share"] == "-" else pytest.approx(float(case["share"]))]
    assert customer_value.loss_making(row).to_list() == [case["loss"] == "yes"]


# Whom somebody has put on record as strategic; S is the day of the list.
STRATEGIC = """
    | flag | reason     | until      | holds | why                              |
    | yes  | key market | -          | yes   | open-ended                       |
    | yes  | key market | 2024-06-01 | yes   | the last day holds               |
    | yes  | key market | 2024-05-31 | no    | over                             |
    | yes  | -          | 2025-01-01 | no    | nobody says why                  |
    | no   | key market | 2025-01-01 | no    | not flagged                      |
"""


@pytest.mark.parametrize("case", drawn(STRATEGIC), ids=lambda case: case["why"])
def test_a_strategic_customer_is_reasoned_and_dated(case):
    table = pl.DataFrame(
        {
            "customer_key": [1, 1],
            "strategic": [case["flag"] == "yes", None],
            "strategic_reason": [None if case["reason"] == "-" else case["reason"], " "],
            "strategic_until_day": [None if case["until"] == "-" else date.fromisoformat(case["until"]), None],
        },
        schema_overrides={"strategic_until_day": pl.Date, "strategic_reason": pl.String},
    )
    assert scoring._strategic(table, S)["strategic"].to_list() == [case["holds"] == "yes"]


def test_without_a_reason_column_nobody_is_strategic():
    table = pl.DataFrame({"customer_key": [1, 1], "strategic": [True, True]})
    assert scoring._strategic(table, S).rows() == [(1, False)]


def playbook(cost: float, effect: float | None = None) -> Playbook:
    return Playbook(tactic="thank-you-email", when="everyone", action="Do it", channel="phone", who="success",
                    due_in_days=3, cost=cost, effect=effect)  # fmt: skip


# What a customer gets who has so much at stake, where an action costs 5 and keeps all, another nothing and keeps 30 %.
DECISIONS = """
    | loss_making | strategic | at_stake | playbook | why_not                     |
    | no          | no        | 10       | dear     | -                           |
    | no          | no        | 4        | free     | -                           |
    | yes         | no        | 10       | free     | -                           |
    | yes         | no        | -4       | -        | costs more than it brings   |
    | yes         | yes       | -4       | dear     | -                           |
    | no          | yes       | 4        | free     | -                           |
    | no          | no        | -4       | -        | only -4.00 USD is at stake  |
"""


@pytest.mark.parametrize("case", drawn(DECISIONS), ids=lambda case: "-".join(case.values()))
def test_no_money_is_spent_on_a_loss_unless_somebody_says_why(case):
    row = {"customer_id": "a", "risk_band": "high", "tier": "loyal", "churn_probability": 0.5, "value": 1.0,
           "value_at_stake": float(case["at_stake"]), "loss_making": case["loss_making"] == "yes",
           "strategic": case["strategic"] == "yes", "is_control": False, "owner": None}  # fmt: skip
    books = {"dear": playbook(5.0), "free": playbook(0.0, 0.3)}
    earlier = pl.DataFrame(schema=cooldown.EARLIER)
    found = assignment.plan(pl.DataFrame([row]), books, S, "USD", earlier)[0].to_dicts()[0]
    assert (found["playbook"] or "-") == case["playbook"]
    if case["why_not"] == "-":
        assert found["why_not"] is None
    else:
        assert case["why_not"] in found["why_not"]


def test_the_words_of_a_loss():
    assert assignment.LOSS_MAKING == (
        "nothing, because serving this customer costs more than it brings (no strategic reason is on record)"
    )


values = st.lists(st.integers(-3, 6).map(float), min_size=1, max_size=40)


@given(values, st.integers(1, 100), st.integers(1, 7), st.randoms(use_true_random=False))
def test_value_tiers_are_the_same_in_any_order_and_any_number_of_buckets(amounts, percent, buckets, dice):
    settings = SETTINGS.model_copy(update={"top_value_share": percent / 100})
    table = pl.DataFrame({"customer_id": [f"c{n:03d}" for n in range(len(amounts))], "value": amounts})
    whole = table.with_columns(customer_value.value_tier(settings, "customer_id"))
    placed = [dice.randrange(buckets) for _ in amounts]
    parts = [table.filter(pl.Series([at == own for own in placed])) for at in range(buckets)]
    spread = pl.concat(scoring.with_value_tiers(parts, settings)).sort("customer_id")
    assert spread["value_tier"].to_list() == whole["value_tier"].to_list()
    top = whole.filter(pl.col("value_tier") == "top")
    assert len(top) == min(-(-len(amounts) * percent // 100), sum(amount > 0 for amount in amounts))
    assert set(whole["value_tier"]) <= set(customer_value.VALUE_TIERS)
    for better, worse in (("top", "middle"), ("middle", "tail"), ("top", "tail")):
        best = whole.filter(pl.col("value_tier") == better)["value"].min()
        rest = whole.filter(pl.col("value_tier") == worse)["value"].max()
        assert best is None or rest is None or best >= rest


def test_what_the_top_holds_where_there_is_nothing_to_hold():
    table = pl.DataFrame({"value_tier": ["tail"], "value": [0.0], "spend_365d": [0.0]})
    found = customer_value.concentration(table, SETTINGS)
    assert found["top_shares"] == {"customers": 0.0, "value": None, "spend_365d": None}
    assert "bring an unknown share of the value" in found["description"]


def test_the_pareto_rule_is_only_held_to_its_own_share():
    table = pl.DataFrame({"value_tier": ["top", "tail"], "value": [3.0, 1.0], "spend_365d": [1.0, 1.0]})
    half = SETTINGS.model_copy(update={"top_value_share": 0.5})
    assert "not 80 %" not in customer_value.concentration(table, half)["description"]
    assert params.load().score.top_value_share == customer_value.PARETO
