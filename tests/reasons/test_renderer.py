"""Reasons in words: which are told, which are held back, and with which numbers."""

import numpy as np
import polars as pl
import pytest

from pipeline.config.params import Reasons
from pipeline.examples.features.declare import Aggregate, Feature
from pipeline.reasons import plots
from pipeline.reasons.renderer import ReasonRenderer, Style
from pipeline.reasons.units import written
from tests.drawing import drawn

AGG = Aggregate("sum", "purchase", "orders")
FEATURES = [
    Feature("silent_days", "days", "recency", AGG, "", "up"),
    Feature("gap_days", "days", "frequency", AGG, "", "none"),
    Feature("orders", "orders", "frequency", AGG, "", "down"),
    Feature("spend", "currency", "monetary", AGG, "", "down"),
]
PHRASEBOOK = {
    "silent_days": ("silent {silent_days}; usually {gap_days}", "silent {silent_days}"),
    "gap_days": "every {gap_days}",
    "orders": "{orders} so far",
    "spend": "spent {spend}",
}
TYPICAL = {"silent_days": 10.0, "gap_days": 7.0, "orders": 5.0, "spend": 100.0}


def tell(values: dict, contributions: dict, at_most: int = 3, least: float = 0.1) -> dict:
    settings = Reasons(max_risk_reasons=at_most, min_contribution=least, common_share=0.35, keep="none")
    table = pl.DataFrame({name: [values.get(name)] for name in TYPICAL}, schema=dict.fromkeys(TYPICAL, pl.Float64))
    pushes = np.array([[contributions.get(feature.name, 0.0) for feature in FEATURES]])
    style = Style(settings, "USD", phrasebook=PHRASEBOOK)
    return ReasonRenderer(FEATURES, TYPICAL, style).tell(table, pushes).row(0, named=True)


ALL = {"silent_days": 41.0, "gap_days": 9.0, "orders": 2.0, "spend": 12.5}

CASES = """
    | pushes                               | first                     | protects | why                                      |
    | silent_days=1                        | Silent 41 days; usually 9 days |     | told with the customer's own numbers     |
    | silent_days=0.09                     | Nothing stands out; most of all: silent 41 days; usually 9 days | | too small to be told by itself |
    | silent_days=0.09 orders=0.05         | Nothing stands out; most of all: silent 41 days; usually 9 days | | the largest of what is too small |
    | silent_days=0.1                      | Silent 41 days; usually 9 days |     | just large enough                        |
    | orders=1 silent_days=0.5             | 2 orders so far           |          | the largest family comes first           |
    | orders=0.4 gap_days=0.4 silent_days=0.5 | 2 orders so far        |          | families are summed before they are compared |
    | orders=1 gap_days=-0.95              | Nothing stands out; most of all: 2 orders so far | | a family whose features cancel is small |
    | orders=1 gap_days=-1.05              |                           |          | a family that lowers the risk is no reason |
    | gap_days=2                           |                           |          | a feature of unknown direction is never told |
    | silent_days=-1                       |                           |          | 41 days of silence protect nobody        |
    | orders=-1                            |                           |          | nor do 2 orders where 5 are typical      |
"""


@pytest.mark.parametrize("case", drawn(CASES), ids=lambda case: case["why"])
def test_what_is_told(case):
    pushes = {name: float(value) for name, value in (word.split("=") for word in case["pushes"].split())}
    found = tell(ALL, pushes)
    assert (found["reason_1_text"] or "") == case["first"]
    assert (found["protects_1_text"] or "") == case["protects"]
    assert (found["reason_1_family"] is None) == (found["reason_1_contribution"] is None) == (not case["first"])


def test_a_protecting_reason_is_told_where_it_makes_sense():
    found = tell(ALL | {"orders": 50.0}, {"orders": -1.5, "silent_days": -0.2})
    assert (found["protects_1_family"], found["protects_1_text"]) == ("frequency", "50 orders so far")
    assert found["protects_1_contribution"] == -1.5
    assert found["reason_1_text"] is None


def test_a_value_like_the_typical_one_may_be_told_both_ways():
    assert tell(ALL | {"orders": 5.0}, {"orders": 1})["reason_1_text"] == "5 orders so far"
    assert tell(ALL | {"orders": 5.0}, {"orders": -1})["protects_1_text"] == "5 orders so far"


def test_a_missing_number_falls_back_to_a_phrase_without_it_or_is_not_told():
    assert tell(ALL | {"gap_days": None}, {"silent_days": 1})["reason_1_text"] == "Silent 41 days"
    found = tell(ALL | {"silent_days": None}, {"silent_days": 2, "orders": 1})
    assert found["reason_1_text"] == "2 orders so far"
    assert found["reason_2_text"] is None


def test_at_most_so_many_reasons_fall_in_size():
    pushes = {"silent_days": 1, "orders": 3, "spend": 2}
    found = tell(ALL, pushes)
    assert [found[f"reason_{place}_family"] for place in (1, 2, 3)] == ["frequency", "monetary", "recency"]
    assert [found[f"reason_{place}_contribution"] for place in (1, 2, 3)] == [3, 2, 1]
    assert found["reason_2_text"] == "Spent 12.50 USD"
    two = tell(ALL, pushes, at_most=2)
    assert (two["reason_2_family"], two["reason_3_family"], two["reason_3_text"]) == ("monetary", None, None)


UNITS = """
    | unit     | value   | text          |
    | days     | 1       | 1 day         |
    | days     | 1.49    | 1 day         |
    | days     | 1.5     | 2 days        |
    | days     | 0       | 0 days        |
    | orders   | 1       | 1 order       |
    | orders   | 1234567 | 1,234,567 orders |
    | orders   | 100     | 100 orders    |
    | refunds  | 2       | 2 refunds     |
    | currency | 99.99   | 99.99 EUR     |
    | currency | 99.999  | 100.00 EUR    |
    | currency | 100     | 100 EUR       |
    | currency | 123456.5 | 123,457 EUR  |
    | currency | 0.05    | 0.05 EUR      |
    | share    | 0.125   | 13 %          |
    | share    | 1       | 100 %         |
    | ratio    | 2.44    | 2.4×          |
    | ratio    | 0.96    | 1.0×          |
    | ratio    | 1234.5  | 1,234.5×      |
    | yes/no   | 1       | yes           |
    | yes/no   | 0       | no            |
    | items    | 1000    | 1,000         |
    | events   | 3       | 3             |
    | pieces   | 1       | 1 piece       |
"""


@pytest.mark.parametrize("case", drawn(UNITS), ids=lambda case: f"{case['value']} {case['unit']}")
def test_numbers_read_well(case):
    table = pl.DataFrame({"x": [float(case["value"]), None]})
    assert table.select(written(case["unit"], pl.col("x"), "EUR").alias("t"))["t"].to_list() == [case["text"], None]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::PendingDeprecationWarning")
def test_pictures_are_drawn_and_the_same_each_time():
    dice = np.random.default_rng(0)
    contributions, values = dice.normal(size=(50, 5)), dice.normal(size=(50, 4))
    names = ["a", "b", "c", "d"]
    first = plots.summary(contributions, values, names)
    assert first.startswith(b"\x89PNG")
    assert plots.summary(contributions, values, names) == first
    assert plots.waterfall(contributions, values, names, 3).startswith(b"\x89PNG")
