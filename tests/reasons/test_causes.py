"""Causes: the catalogue, the features that speak for them, and what comes first when they are told."""

import numpy as np
import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.params import Reasons
from pipeline.examples.features import Aggregate, Feature, declared, evidence_thresholds
from pipeline.reasons import root_causes
from pipeline.reasons.causes import CAUSES, blind_spots
from pipeline.reasons.evidence_weights import Weight
from pipeline.reasons.renderer import ReasonRenderer, Style
from tests.bucket import FEATURES
from tests.drawing import drawn

HOW = Aggregate("count", "ticket")
SILENT = Feature("silent_days", "days", "recency", HOW, "", "up", causes=("C55",))
DISPUTE = Feature("disputes", "tickets", "disputes", HOW, "", "up", causes=("C38", "C36"), evidence=1)
REWARD = Feature("unrewarded", "yes/no", "reward", HOW, "", "up", causes=("C03",), evidence=1)
SCORE = Feature("csat", "score", "satisfaction", HOW, "", "down", causes=("C08",), evidence=2)
LOAD = Feature("contacts", "contacts", "contact", HOW, "", "up", causes=("C33",), evidence=8, is_treatment=True)
PHRASEBOOK = {
    "silent_days": "silent {silent_days}",
    "disputes": "{disputes} disputed",
    "unrewarded": "never a reward",
    "csat": "satisfaction {csat}",
    "contacts": "{contacts} sent",
}
SEEN = [SILENT, DISPUTE, REWARD, SCORE]
# Hazards: of too many messages .8, of a dispute .3, of a bad survey .1, of never a reward for long loyalty .01.
BORNE = {"disputes": Weight(0.02, np.log(0.3)), "unrewarded": Weight(0.3, np.log(0.01)),
         "csat": Weight(0.1, np.log(0.1)), "contacts": Weight(0.01, np.log(0.8))}  # fmt: skip
TYPICAL = {"silent_days": 10.0, "disputes": 0.0, "unrewarded": 0.0, "csat": 4.0}

CASES = """
    | silent | disputes | unrewarded | csat | contacts | common | told                         | why                              |
    | 40     | 0        | 0          | 4    | 0        | 0.35   | recency                      | nothing but the silence          |
    | 40     | 1        | 0          | 4    | 0        | 0.35   | disputes recency             | evidence before the push         |
    | 40     | 1        | 1          | 2    | 0        | 0.35   | disputes satisfaction reward | what takes most first            |
    | 40     | 1        | 0          | 4    | 9        | 0.35   | contact disputes recency     | a treatment may be evidence      |
    | 40     | 1        | 1          | 4    | 7        | 0.2    | disputes recency             | common things are no evidence    |
    | 40     | 1        | 1          | 2    | 9        | 0      | recency                      | evidence is switched off         |
    | 40     | .        | 0          | .    | .        | 0.35   | recency                      | what is unknown is no evidence   |
    | 5      | 1        | 0          | 4    | 0        | 0.35   | disputes                     | the silence is no reason here    |
"""


def renderer(common: float = 0.35) -> ReasonRenderer:
    settings = Reasons(max_risk_reasons=3, min_contribution=0.1, common_share=common, keep="none")
    return ReasonRenderer(SEEN, TYPICAL, Style(settings, "EUR", phrasebook=PHRASEBOOK), BORNE, [LOAD])


@pytest.mark.parametrize("case", drawn(CASES), ids=lambda case: case["why"])
def test_what_is_told_first(case):
    names = ["silent_days", "disputes", "unrewarded", "csat", "contacts"]
    cells = [case[name] for name in ("silent", "disputes", "unrewarded", "csat", "contacts")]
    values = pl.DataFrame(
        {name: [None if cell == "." else float(cell)] for name, cell in zip(names, cells, strict=True)},
        schema=dict.fromkeys(names, pl.Float64),
    )
    pushes = np.array([[2.0, 0.01, -0.02, 0.0]])
    row = renderer(float(case["common"])).tell(values, pushes).row(0, named=True)
    told = [row[f"reason_{place}_family"] for place in (1, 2, 3)]
    assert [family for family in told if family] == case["told"].split()


def test_a_reason_says_its_causes_and_who_could_act():
    values = pl.DataFrame(
        {"silent_days": [40.0], "disputes": [2.0], "unrewarded": [0.0], "csat": [4.0], "contacts": [9.0]}
    )
    row = renderer().tell(values, np.array([[2.0, 0.3, 0.0, 0.0]])).row(0, named=True)
    assert (row["reason_1_text"], row["reason_1_contribution"]) == ("9 contacts sent", 0.0)
    assert (row["reason_2_causes"], row["reason_2_act"], row["reason_2_team"]) == ("C38;C36", "yes", "service")
    assert row["reason_2_kind"] == "avoidable"
    assert row["reason_2_contribution"] == 0.3
    assert (row["protects_1_causes"], row["protects_1_act"]) == (None, None)


SHARES = """
    | disputes | csat | contacts | probability | first | second | why                                                    |
    | 1        | 4    | 0        | 0.8         | 0.19  | .      | the dispute is a part of a risk that has other grounds |
    | 1        | 2    | 0        | 0.8         | 0.19  | 0.06   | two causes have a part each                            |
    | 1        | 2    | 0        | 0.1         | 0.75  | 0.25   | where the model sees less, they share what there is    |
    | 0        | 4    | 0        | 0.8         | .     | .      | a silence is no evidence of anything                   |
    | 0        | 4    | 9        | 1           | 0.04  | .      | nothing is so certain that no part can be told         |
"""


@pytest.mark.parametrize("case", drawn(SHARES), ids=lambda case: case["why"])
def test_a_reason_says_which_part_of_the_risk_it_explains(case):
    values = pl.DataFrame(
        {"silent_days": [40.0], "disputes": [float(case["disputes"])], "unrewarded": [0.0],
         "csat": [float(case["csat"])], "contacts": [float(case["contacts"])]}
    )  # fmt: skip
    told = renderer().tell(values, np.array([[2.0, 0.0, 0.0, 0.0]]), probability=np.array([float(case["probability"])]))
    for place, name in ((1, "first"), (2, "second")):
        share = told[f"reason_{place}_risk_share"][0]
        expected = None if case[name] == "." else pytest.approx(float(case[name]), abs=0.005)
        assert share == expected
    assert renderer().tell(values, np.array([[2.0, 0.0, 0.0, 0.0]]))["reason_1_risk_share"][0] is None


def test_the_catalogue_is_whole():
    assert list(CAUSES) == [f"C{number:02d}" for number in range(1, 57)]
    assert all(cause.description and cause.question.endswith("?") for cause in CAUSES.values())
    assert CAUSES["C28"].act == "no"


def test_every_feature_speaks_for_causes_that_exist():
    every = [feature for feature in declared(FEATURES) if not feature.is_part]
    unknown = {cause for feature in every for cause in feature.causes} - set(CAUSES)
    assert not unknown, f"{unknown}: no such cause; see pipeline/reasons/causes.py"
    for feature in every:
        if feature.evidence is not None:
            assert feature.causes, f"{feature.name} is evidence of nothing: name its causes"
            assert feature.risk != "none", f"{feature.name}: say in which direction it is evidence"


def test_the_page_of_evidence_names_features_that_are_declared():
    unknown = set(evidence_thresholds.FROM) - {feature.name for feature in declared(FEATURES)}
    assert not unknown, f"pipeline/examples/features/evidence_thresholds.py names {unknown}, which nobody declares"


def test_causes_no_feature_speaks_for_are_blind_spots():
    blind = {cause.id for cause in blind_spots(declared(params.load().features))}
    assert {"C04", "C13", "C22", "C28", "C39", "C44"} <= blind
    assert not blind & {"C08", "C10", "C38", "C47"}


def test_the_root_causes_add_up():
    scores = pl.DataFrame(
        {
            "reason_1_causes": ["C38;C36", "C38", "C47", None],
            "churn_probability": [0.5, 0.5, 0.25, 0.1],
            "value_at_stake": [10.0, 20.0, 5.0, 1.0],
            "tier": ["loyal", "new", "loyal", "new"],
            "value_tier": ["top", "top", "tail", "tail"],
            "risk_band": ["high", "high", "low", "low"],
        }
    )
    found = root_causes.report(scores, [SILENT, DISPUTE])
    assert [(row["cause"], row["customers"], row["value_at_stake"]) for row in found["overall"]] == [
        ("C38", 2, 30.0), ("C47", 1, 5.0), ("none told", 1, 1.0),
    ]  # fmt: skip
    for parts in found["by_segment"].values():
        assert sum(row["customers"] for rows in parts.values() for row in rows) == len(scores)
    blind = {cause["id"] for cause in found["blind_spots"]}
    assert "C47" in blind
    assert not blind & {"C38", "C36", "C55"}


def test_avoidable_and_natural_causes_are_counted_apart():
    scores = pl.DataFrame(
        {
            "reason_1_causes": ["C28", "C27;C42", "C38;C36", None],
            "reason_1_contribution": [1.0] * 4,
            "churn_probability": [0.5, 0.25, 0.1, 0.2],
            "value_at_stake": [5.0, 1.0, 20.0, 0.5],
            **{segment: ["x"] * 4 for segment in root_causes.SEGMENTS},
        }
    )
    kinds = root_causes.report(scores, [])["by_kind"]
    assert [(row["kind"], row["customers"], row["value_at_stake"]) for row in kinds] == [
        ("avoidable", 1, 20.0),
        ("natural", 2, 6.0),
        ("none told", 1, 0.5),
    ]
    natural = [cause for cause in CAUSES.values() if cause.kind == "natural"]
    assert [cause.id for cause in natural] == ["C27", "C28"]
    assert all(cause.act != "yes" for cause in natural)
