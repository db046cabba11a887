"""A reason argues in the direction it is listed under, and one fact is told once."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import params
from pipeline.config.params import Reasons
from pipeline.examples.features import declared
from pipeline.i18n import LANGUAGES, shipped
from pipeline.reasons import comparisons
from pipeline.reasons.phrases import PHRASES, find_phrases
from pipeline.reasons.renderer import ReasonRenderer, Style
from pipeline.reasons.templates import PhraseTemplates
from pipeline.value import purchase_process
from tests.company import ROOT
from tests.drawing import drawn
from tests.profiles import examples

SETTINGS = params.load(ROOT / "params.yaml")
EVERY = SETTINGS.features.model_copy(update={"event_types": ["visit"]})
FEATURES = {feature.name: feature for feature in [*declared(EVERY), purchase_process.P_NO_PURCHASE]}


def test_every_comparison_is_of_a_sentence_that_is_told():
    told = {phrase.text for feature in FEATURES.values() for phrase in find_phrases(feature, PHRASES)}
    spoken_of = {*comparisons.COMPARED, *comparisons.TRUE_WHERE, *comparisons.OF_YES_AND_NO}
    assert not spoken_of - told, "reasons/comparisons.py speaks of sentences nobody tells any more"
    numbers = {
        text
        for text in told
        if any(word in text for word in (" before", "usually", "of late", "over a year", "the last one"))
    }
    unread = {
        text for text in numbers - set(comparisons.COMPARED) if text.count("{") > 1 and "no other event" not in text
    }
    assert unread == set(), "a sentence that sets two numbers side by side needs a line in reasons/comparisons.py"


# Value of the feature, and of the other number in its sentence; `risk` or `stay` is what it is listed under.
CASES = """
    | feature                              | values                                          | listed | told |
    | days_since_last_order                | days_since_last_order=62 gap_mean_days=4        | risk   | yes  |
    | days_since_last_order                | days_since_last_order=180 gap_mean_days=268     | risk   | no   |
    | days_since_last_order                | days_since_last_order=3 gap_mean_days=4         | stay   | yes  |
    | days_since_last_order                | days_since_last_order=9 gap_mean_days=4         | stay   | no   |
    | p_no_purchase                        | days_since_last_order=1 gap_mean_days=65        | risk   | no   |
    | p_no_purchase                        | days_since_last_order=70 gap_mean_days=65       | risk   | yes  |
    | days_since_last_order_per_longest_gap | days_since_last_order=20 gap_longest_days=60   | risk   | no   |
    | orders_30d                           | orders_30d=2 orders_31_to_120d=2                | risk   | no   |
    | orders_30d                           | orders_30d=0 orders_31_to_120d=2                | risk   | yes  |
    | orders_30d                           | orders_30d=2 orders_31_to_120d=7                | risk   | yes  |
    | orders_30d                           | orders_30d=2 orders_31_to_120d=6                | risk   | no   |
    | orders_30d                           | orders_30d=2 orders_31_to_120d=5                | stay   | yes  |
    | spend_30d                            | spend_30d=17.51 spend_31_to_120d=6.14           | risk   | no   |
    | spend_trend_30d                      | spend_30d=10 spend_31_to_120d=60                | risk   | yes  |
    | gap_mean_days                        | gap_mean_days=59 gap_mean_90d_days=20           | risk   | no   |
    | gap_mean_days                        | gap_mean_days=59 gap_mean_90d_days=-            | risk   | yes  |
    | gap_trend_90d                        | gap_mean_days=20 gap_mean_90d_days=31           | risk   | yes  |
    | discount_share_trend_90d             | discount_share_90d=0.4 discount_share_365d=0.1  | risk   | yes  |
    | discount_share_trend_90d             | discount_share_90d=0.1 discount_share_365d=0.4  | risk   | no   |
    | events_visit_30d                     | events_visit_30d=4                              | risk   | yes  |
    | events_visit_trend_30d               | events_visit_30d=4 events_visit_31_to_120d=12   | risk   | no   |
    | events_visit_trend_30d               | events_visit_30d=4 events_visit_31_to_120d=13   | risk   | yes  |
    | complaints_90d                       | complaints_90d=0                                | risk   | no   |
    | complaints_90d                       | complaints_90d=2                                | risk   | yes  |
    | complaints_90d                       | complaints_90d=0                                | stay   | yes  |
    | complaints_90d                       | complaints_90d=1                                | stay   | no   |
    | tickets_365d                         | tickets_365d=0                                  | stay   | yes  |
    | tickets_365d                         | tickets_365d=2                                  | stay   | no   |
    | tickets_365d                         | tickets_365d=2                                  | risk   | yes  |
    | refunds_365d                         | refunds_365d=1                                  | stay   | no   |
    | surveys_unanswered_365d              | surveys_unanswered_365d=0                       | stay   | no   |
    | surveys_unanswered_365d              | surveys_unanswered_365d=1                       | stay   | no   |
    | surveys_unanswered_365d              | surveys_unanswered_365d=1                       | risk   | yes  |
    | rewards_ever                         | rewards_ever=0                                  | stay   | no   |
    | rewards_ever                         | rewards_ever=0                                  | risk   | yes  |
    | is_newcomer_unseen                   | is_newcomer_unseen=0 days_since_first_order=690 days_since_last_order=8 | stay | no |
    | is_newcomer_unseen                   | is_newcomer_unseen=1 days_since_first_order=60 days_since_last_order=8  | risk | yes |
    | is_tenured_1_year                    | is_tenured_1_year=0 days_since_first_order=60 orders_ever=3 | risk | yes |
    | days_of_same_products                | days_of_same_products=0                         | stay   | no   |
    | nps_change                           | nps_change=2 nps_latest=9                       | stay   | no   |
    | nps_change                           | nps_change=-2 nps_latest=7                      | risk   | yes  |
    | market_share_trend_90d               | market_share_trend_90d=1.2                      | stay   | no   |
    | repeated_tickets_180d                | repeated_tickets_180d=0                         | stay   | no   |
    | renewals_ever                        | renewals_ever=0                                 | risk   | no   |
    | renewals_ever                        | renewals_ever=1                                 | risk   | yes  |
    | renewals_ever                        | renewals_ever=5                                 | stay   | yes  |
    | renewal_overdue_days                 | renewal_overdue_days=0                          | stay   | no   |
    | renewal_overdue_days                 | renewal_overdue_days=0                          | risk   | no   |
    | renewal_overdue_days                 | renewal_overdue_days=9                          | risk   | yes  |
"""


@pytest.mark.parametrize("case", drawn(CASES), ids=lambda case: f"{case['feature']} {case['values']} {case['listed']}")
def test_a_sentence_is_told_where_its_numbers_argue_for_it(case):
    feature = FEATURES[case["feature"]]
    cells = dict(word.split("=") for word in case["values"].split())
    known = {name: None if cell == "-" else float(cell) for name, cell in cells.items()}
    frame = pl.DataFrame([{feature.name: 1.0} | known], schema=dict.fromkeys({feature.name, *known}, pl.Float64))
    renderer = ReasonRenderer([feature], {feature.name: 1.0}, Style(SETTINGS.reasons, "EUR"))
    # The typical customer is set aside: only what the sentence says is asked.
    argues = renderer.phrases.argues(frame, feature, 1 if case["listed"] == "risk" else -1)
    assert argues.tolist() == [case["told"] == "yes"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_day_is_said_once_of_who_bought_on_one_day_only(language):
    """In every language: of two days both, of one day that one, and as the same fact as any other silence."""
    feature = FEATURES["is_newcomer_unseen"]
    spoken_of = [feature, FEATURES["days_since_first_order"], FEATURES["days_since_last_order"]]
    frame = pl.DataFrame(
        {feature.name: [1, 1, 1, 1], "days_since_first_order": [39, 90, 119, None],
         "days_since_last_order": [39, 39, 119, 39]}
    )  # fmt: skip
    phrases = PhraseTemplates(spoken_of, "EUR", PHRASES)
    texts = phrases.render(frame, feature, shipped(language)).to_list()
    assert [text and (text.count("39"), text.count("90"), text.count("119")) for text in texts] == [
        (1, 0, 0), (1, 1, 0), (0, 0, 1), None
    ]  # fmt: skip
    assert texts[0] == texts[2].replace("119", "39"), "the same sentence"
    assert phrases.known(frame)[:, 0].tolist() == [True, True, True, False]
    assert phrases.argues(frame, feature, 1).tolist() == [True, True, True, False]
    facts = phrases.facts(frame)
    assert facts[:3, 0].tolist() == facts[:3, 2].tolist(), "beside the last order, one of both is said"


SILENT = ["days_since_last_order", "p_no_purchase", "orders_30d", "spend_30d", "products_30d", "categories_90d"]
VALUES = st.fixed_dictionaries(
    {"days_since_last_order": st.integers(1, 200), "gap_mean_days": st.integers(1, 90)}
    | {name: st.sampled_from([0, 0, 1, 5, 40])
       for name in ("orders_30d", "orders_31_to_120d", "spend_30d", "spend_31_to_120d", "products_30d", "categories_90d")}
)  # fmt: skip


@given(st.lists(VALUES, min_size=1, max_size=4), st.integers(0, 2**32 - 1))
@examples(60)
def test_one_fact_is_told_once_and_every_claim_is_true(rows, seed):
    # Those of no direction are never told, but sentences speak of them.
    features = [FEATURES[name] for name in (*SILENT, "gap_mean_days", "orders_31_to_120d", "spend_31_to_120d")]
    frame = pl.DataFrame(rows).cast(pl.Float64).with_columns(pl.lit(0.9).alias("p_no_purchase"))
    typical = dict.fromkeys(SILENT, 10.0) | {"p_no_purchase": 0.1, "gap_mean_days": None}
    style = Style(Reasons(max_risk_reasons=3, min_contribution=0.1, common_share=0.35, keep="none"), "EUR")
    pushes = np.random.default_rng(seed).uniform(-0.2, 1, (len(rows), len(features)))
    for row, told in zip(rows, ReasonRenderer(features, typical, style).tell(frame, pushes).to_dicts(), strict=True):
        texts = [told[f"reason_{place}_text"] for place in (1, 2, 3) if told[f"reason_{place}_text"]]
        silence = [
            text
            for text in texts
            if "ast order" in text or "the last one" in text or text.startswith(("0 ", "Spent 0.00"))
        ]
        assert len(silence) <= 1, f"the silence is told twice: {texts}"
        for text in texts:
            if "usually" in text or "the last one" in text:
                assert row["days_since_last_order"] > row["gap_mean_days"], text
            if "in the 90 days before" in text and "Spent" in text:
                assert 3 * row["spend_30d"] < row["spend_31_to_120d"], text
            elif "in the 90 days before" in text:
                assert 3 * row["orders_30d"] < row["orders_31_to_120d"], text


def test_evidence_is_never_told_with_numbers_that_argue_the_other_way():
    """Evidence is told for its own number, whatever a second one beside it says: only a ratio of both may have two."""
    compared = {
        feature.name
        for feature in FEATURES.values()
        if feature.evidence is not None
        and any(phrase.text in comparisons.COMPARED for phrase in find_phrases(feature, PHRASES))
    }
    ratios = {name for name in compared if FEATURES[name].unit == "ratio"}
    assert compared == ratios == {"spend_per_order_trend_90d"}
    assert FEATURES["spend_per_order_trend_90d"].evidence < 1


# Orders so far, a feature, and whether it states what the days since the last order state: of who has ordered once, the
# first order is the last one.
STATED = """
    | orders_ever | feature                | same |
    | 1           | days_since_first_order | yes  |
    | 1           | orders_ever            | yes  |
    | 1           | is_one_time_buyer      | yes  |
    | 1           | p_no_purchase          | yes  |
    | 1           | gap_longest_days       | no   |
    | 2           | days_since_first_order | no   |
    | 2           | orders_ever            | no   |
    | 2           | p_no_purchase          | yes  |
"""


@pytest.mark.parametrize("case", drawn(STATED), ids=lambda case: f"{case['feature']}-{case['orders_ever']}")
def test_the_only_order_is_not_stated_twice(case):
    templates = PhraseTemplates(list(FEATURES.values()), "USD", PHRASES)
    given = {"days_since_last_order": 9.0, "days_since_first_order": 9.0, "orders_ever": float(case["orders_ever"]),
             "order_days_ever": 1.0, "is_one_time_buyer": 1.0, "p_no_purchase": 0.7, "gap_longest_days": 3.0}  # fmt: skip
    values = pl.DataFrame({name: pl.Series([given.get(name)], dtype=pl.Float64) for name in FEATURES})
    facts = dict(zip(FEATURES, templates.facts(values)[0].tolist(), strict=True))
    assert (facts[case["feature"]] == facts["days_since_last_order"]) == (case["same"] == "yes")


def test_one_fact_speaks_for_leaving_or_for_staying_and_not_for_both():
    """The only order, nine days ago: pushed towards leaving as an order, towards staying as a first one."""
    names = ["days_since_last_order", "days_since_first_order", "orders_ever", "gap_mean_days"]
    settings = Reasons(max_risk_reasons=3, min_contribution=0.1, common_share=0.35, keep="none")
    typical = {"days_since_last_order": 1.0, "days_since_first_order": 300.0, "orders_ever": 0.0, "gap_mean_days": None}
    renderer = ReasonRenderer([FEATURES[name] for name in names], typical, Style(settings, "USD"))
    values = pl.DataFrame(
        {"days_since_last_order": [9.0, 9.0], "days_since_first_order": [9.0, 200.0], "orders_ever": [1.0, 3.0],
         "gap_mean_days": [None, 95.0]},
        schema_overrides={"gap_mean_days": pl.Float64},
    )  # fmt: skip
    found = renderer.tell(values, np.array([[1.0, 0.0, -2.0, 0.0], [-0.5, 0.0, -2.0, 0.0]]))
    assert found["reason_1_text"].to_list() == ["Last order 9 days ago, and no second one yet", None]
    assert found["protects_1_text"].to_list() == [None, "First order 200 days ago, 3 orders in all"]
