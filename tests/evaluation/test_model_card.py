"""The model card: every section, the numbers of the reports, tables that hold, and what is missing said in words."""

import copy
import inspect
import json
import re
from dataclasses import asdict

import numpy as np
import polars as pl
import pytest

from pipeline.config.params import Evaluate
from pipeline.evaluation import bootstrap, grade, model_card, profit, ranking_profit, report, segments
from pipeline.evaluation.bootstrap import ScoredSnapshot
from pipeline.evaluation.model_card import curve_figures, figures, formatting

SECTIONS = [
    "What the grade means",
    "What it predicts",
    "The data",
    "How it was made",
    "How good it is on the untouched snapshot",
    "How good it was at earlier snapshots",
    "Whether the probabilities can be taken at their word",
    "When the next order comes",
    "Where it is bad",
    "What a list earns",
    "Reasons that teams called wrong",
    "Warnings",
    "What it must not be used for",
    "Limits",
    "How to read a probability",
]
BANDS = {"low": 0.0, "medium": 0.2, "high": 0.5}
CARD = {
    "company": "corner_shop",
    "money": {"currency": "EUR", "minor_digits": 2},
    "timezone": "Europe/Oslo",
    "population": {"active_days": 60, "min_tenure_days": 14},
    "label": {"horizon_days": 20, "description": "No purchase in the 20 days that begin on the snapshot."},
    "data_fingerprint": "abc123",
    "snapshots": {"train": ["2024-02-02", "2024-02-17"], "validation": "2024-04-02", "test": "2024-05-02"},
    "learnt_until": "2024-05-22",
    "trees": 242,
    "additive_weight": 0.25,
    "season": None,
    "wrong_reasons": {"price": 12, "recency": 1},
    "versions": {"numpy": "2.4.6", "polars": "2.1.0"},
    "features": [
        {"name": "a", "family": "recency"},
        {"name": "b", "family": "recency"},
        {"name": "c", "family": "price"},
    ],
    "purchase_process": {"r": 1.62552, "alpha": 10.6069, "a": 0.0367418, "b": 200.282},
}
STATUSES = {
    "never_bought": 1,
    "not_yet": 2,
    "cancelled": 0,
    "no_contract": 0,
    "too_new": 3,
    "inactive": 40,
    "eligible": 254,
}
JUDGED = {"customers": 1, **STATUSES, "labelled_0": 150, "labelled_1": 250}
LEDGER = {"snapshots": {"2024-06-01": {"customers": 300, **STATUSES}, "2024-05-02": JUDGED}}
INGEST = {
    "notice": "Not for commercial decisions.",
    "tables": {"transactions": {"accepted": 11675, "duplicates": 3, "rejected": 2}},
    "first_day": "2023-07-01",
    "last_day": "2024-05-31",
    "absent": ["tickets", "surveys"],
}


def judged(snapshot: str, seed: int, *, signal: float) -> ScoredSnapshot:
    dice = np.random.default_rng(seed)
    odds = dice.normal(-1, 1.2, 400)
    truth = 1 / (1 + np.exp(-odds))
    churned = (dice.random(400) < truth).astype(np.int8)
    blurred = 1 / (1 + np.exp(-(signal * odds + (1 - signal) * dice.normal(-1, 1.2, 400))))
    rule = 1 / (1 + np.exp(-(0.5 * odds + 0.5 * dice.normal(-1, 1.2, 400))))
    return ScoredSnapshot(
        snapshot,
        np.arange(400),
        churned,
        {"model": blurred, "base_rate_alone": np.full(400, 0.3), "recency_rule": rule},
    )


def reports(settings: Evaluate, *, signal: float = 1.0, history: bool = True) -> tuple[dict, dict]:
    """The metrics and the evaluation, as the stage makes them, of scores drawn at random."""
    settings = settings.model_copy(update={"draws": 60})
    test = judged("2024-05-02", 1, signal=signal)
    before = (
        [judged(day, seed, signal=signal) for seed, day in enumerate(("2024-04-02", "2024-04-17"), 2)]
        if history
        else []
    )
    found = bootstrap.resample([test], settings.top_shares, 60)
    earlier = bootstrap.resample(before, settings.top_shares, 60) if before else None
    calibration = report.calibration(test, before, BANDS, settings)
    terms = profit.Terms.of(settings)
    chosen = ranking_profit.gain_by_ranking(test.churned, test.scored["model"], np.full(400, 42.0), terms)
    graded = grade.grade(found, grade.Evidence(earlier, calibration["as_right_as_chance_allows"], 0.2, chosen.gain))
    headline = report.headline(test, found, settings.top_shares)
    verdict = report.verdict(graded, headline, found, test.snapshot, max(settings.top_shares), chosen)
    groups = pl.DataFrame({"tier": ["loyal"] * 200 + ["new"] * 195 + [None] * 5})
    metrics = {"test_snapshot": test.snapshot, "grade": graded.letter, "ship": graded.ships,
               "approved_by": ""} | verdict.as_json() | headline  # fmt: skip
    evaluation = {
        "grade": {"letter": graded.letter, "means": grade.RULES[graded.letter], "because": graded.because},
        "test": report.compared(found),
        "earlier": report.earlier(before, earlier, 60) if earlier else None,
        "calibration": calibration,
        "segments": segments.by_segment(test, groups, 60).to_dicts(),
        "profit": report.profit(test, np.full(400, 42.0), terms, chosen),
    }
    return json.loads(json.dumps(metrics)), json.loads(json.dumps(evaluation))


@pytest.fixture(scope="module")
def told(settings) -> tuple[dict, dict]:
    return reports(settings.evaluate)


def page(metrics: dict, evaluation: dict, **changed) -> str:
    return model_card.markdown(CARD | changed, metrics, evaluation, LEDGER, INGEST)


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_every_section_is_there_in_order_and_the_verdict_first(told):
    text = page(*told)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert text.startswith("# Model card: churn at corner_shop\n\n**Grade ")
    assert text.splitlines()[2] == f"**{told[0]['verdict']}**"
    assert text.endswith(".\n")
    assert "None" not in text
    assert "nan" not in text.split()


def test_the_same_reports_give_the_same_page_and_stay_as_they_are(told):
    before = copy.deepcopy((CARD, told, LEDGER, INGEST))
    assert page(*told) == page(*told)
    assert (CARD, told, LEDGER, INGEST) == before


def test_every_row_of_a_table_has_the_cells_of_its_head(told):
    tables = re.findall(r"(?:^\|.*\n)+", page(*told), re.MULTILINE)
    assert len(tables) >= 12
    for table in tables:
        found = rows(table)
        assert len({len(row) for row in found}) == 1, table
        assert len(found) > 2, "a table without rows says nothing"
        assert all(re.fullmatch(r"---:?", cell) for cell in found[1])


def test_the_numbers_are_those_of_the_reports(told):
    metrics, evaluation = told
    text = page(*told)
    good = section(text, "How good it is on the untouched snapshot")
    for name, words in figures.SCORERS.items():
        if name in evaluation["test"]["figures"]:
            own = [row for row in rows(good) if row[0] == words]
            wanted = [evaluation["test"]["figures"][name][figure] for figure in figures.FIGURES]
            assert own[0][1:] == [f"{each['value']:.3f} ({each['low']:.3f} to {each['high']:.3f})" for each in wanted]
        if name in evaluation["test"]["model_minus"]:
            wanted = [evaluation["test"]["model_minus"][name][figure] for figure in figures.FIGURES]
            assert own[1][1:] == [
                f"{each['value']:+.3f} ({each['low']:+.3f} to {each['high']:+.3f})" for each in wanted
            ]
    assert f"{metrics['customers']} customers as of 2024-05-02, of whom {metrics['churners']} " in good
    lists = [row for row in rows(good) if row[0].startswith("riskiest")]
    assert [row[:2] for row in lists] == [
        ["riskiest 1 %", "4"],
        ["riskiest 5 %", "20"],
        ["riskiest 10 %", "40"],
        ["riskiest 20 %", "80"],
    ]
    assert lists[-1][3].startswith(f"{100 * metrics['model']['capture_at_20_percent']:.1f} %")
    assert lists[-1][2].startswith(f"{metrics['model']['lift_at_20_percent']:.2f}")
    bands = rows(section(text, "Whether the probabilities can be taken at their word"))[2:5]
    for row, band in zip(bands, evaluation["calibration"]["bands"], strict=True):
        assert row[:4] == [band["band"], str(band["customers"]),
                           f"{band['expected_churners']:.0f} ({band['low']} to {band['high']})", str(band["churners"])]  # fmt: skip


def test_drift_is_told_snapshot_by_snapshot_the_untouched_one_last(told):
    metrics, evaluation = told
    drift = rows(section(page(*told), "Whether the probabilities can be taken at their word"))[-3:]
    assert [row[0] for row in drift] == ["2024-04-02", "2024-04-17", "2024-05-02"]
    assert drift[-1][3] == f"{100 * metrics['churners'] / metrics['customers']:.1f} %"
    first = evaluation["earlier"]["cutoffs"][0]
    share, low, high = (
        f"{100 * first[name] / first['customers']:.1f} %"
        for name in ("expected_churners", "predicted_low", "predicted_high")
    )
    assert drift[0][2] == f"{share} ({low} to {high})"


def test_a_churn_rate_that_nobody_foretold_is_marked(told):
    metrics, evaluation = told
    missed = evaluation["calibration"]["all_together"] | {"as_predicted": False}
    changed = evaluation | {"calibration": evaluation["calibration"] | {"all_together": missed}}
    text = section(page(metrics, changed), "Whether the probabilities can be taken at their word")
    assert rows(text)[-1][4] == "**no**"
    before = sum(each["as_predicted"] for each in evaluation["earlier"]["cutoffs"])
    assert f"It did fall there at {before} of 3 snapshots" in text


def test_from_worst_to_best_over_earlier_snapshots(told):
    found = told[1]["earlier"]["spread_over_snapshots"]["model"]
    own = next(
        row for row in rows(section(page(*told), "How good it was at earlier snapshots")) if "this model" in row[0]
    )
    assert own[4:] == [f"{found['lowest_auc']:.3f}", f"{found['highest_auc']:.3f}"]


def test_who_is_scored_and_who_is_not_at_the_last_snapshot(told):
    said = section(page(*told), "What it predicts")
    assert CARD["label"]["description"] in said
    assert "Of 300 customers known at the last snapshot, 2024-06-01, 254 are scored" in said
    assert {row[0]: int(row[2]) for row in rows(said)[2:]} == STATUSES
    assert "first purchase fewer than 14 days before the snapshot" in said
    assert "no purchase in the 60 days before the snapshot" in said
    assert "`" not in said


def test_the_data_and_the_making(told):
    text = page(*told)
    assert "> Not for commercial decisions." in section(text, "The data")
    assert "from 2023-07-01 to 2024-05-31" in section(text, "The data")
    assert ["transactions", "11,675", "3", "2"] in rows(section(text, "The data"))
    assert "Absent, so without a feature: tickets, surveys." in text
    made = section(text, "How it was made")
    assert rows(made)[-2:] == [["recency", "2"], ["price", "1"]]
    assert "242 trees, weight 75.0 %" in made
    assert "nothing speaks for a season" in made
    assert "weight 25.0 %" in made
    assert "r = 1.63 (shape of the purchase rates)" in made
    assert "numpy 2.4.6, polars 2.1.0" in made


def test_a_model_of_trees_alone_and_a_company_of_whose_data_nothing_is_absent(told):
    bare = INGEST | {"notice": "", "absent": []}
    text = model_card.markdown(
        CARD | {"additive_weight": 0.0, "purchase_process": None, "season": "highest about 1 May"}, *told, LEDGER, bare
    )
    assert "No regression." in text
    assert (
        "Level by the time of the year, as far as the outcomes of earlier years speak for it: highest about 1 May."
        in text
    )
    assert "BG/NBD) as one of the features" not in text
    assert "No table is absent." in text
    assert "provider" not in text
    assert ">" not in section(text, "The data")


def test_what_it_is_not_for(told):
    said = section(page(*told), "What it must not be used for")
    for word in ("not eligible", "60 days before the list", "not what causes it", "High risk is not high persuadability",
                 "credit, insurance, employment", "protected traits", "Other companies, populations or labels",
                 "Days before 2024-05-22", "Not for commercial decisions."):  # fmt: skip
        assert word in said


def test_too_little_history_is_said(settings):
    metrics, evaluation = reports(settings.evaluate, history=False)
    text = page(metrics, evaluation)
    assert evaluation["earlier"] is None
    assert "History is too short to repeat the check" in section(text, "How good it was at earlier snapshots")
    assert "- history is too short to repeat the check at earlier snapshots" in section(text, "What the grade means")
    assert rows(section(text, "Whether the probabilities can be taken at their word"))[-1][0] == "2024-05-02"


def test_a_model_that_must_not_ship(settings):
    metrics, evaluation = reports(settings.evaluate, signal=0.0)
    assert metrics["grade"] == "F"
    text = page(metrics, evaluation)
    assert text.splitlines()[2].startswith("**Grade F: do not ship. ")
    assert text.splitlines()[2].endswith("** No list is made with it.")
    assert f"| **F** | {grade.RULES['F']} |" in text
    assert "- it ranks no better than drawing lots" in section(text, "What the grade means")
    answered = page(metrics | {"approved_by": "Ann"}, evaluation)
    assert answered.splitlines()[2].endswith("** Used all the same; Ann answers for it.")


def test_segments_nobody_can_rank_or_name(told):
    said = section(page(*told), "Where it is bad")
    own = next(row for row in rows(said) if "(unknown)" in row[0])
    assert own[0] == "tier: (unknown)"
    assert own[1] == "5"
    assert own[4:] == ["unknown", "unknown"]


def test_doubts_stand_above_the_table_in_words(told):
    metrics, evaluation = told
    quiet = [each | {"doubt": None} for each in evaluation["segments"]]
    assert "No segment gives cause for doubt." in page(metrics, evaluation | {"segments": quiet})
    loud = [quiet[0] | {"doubt": "expects too few; ranks worse than elsewhere"}, *quiet[1:]]
    wanted = (
        f"\n- tier (unknown): {figures.DOUBTS['expects too few']}; {figures.DOUBTS['ranks worse than elsewhere']}\n"
    )
    assert wanted in page(metrics, evaluation | {"segments": loud})


def test_every_doubt_of_a_segment_has_its_words():
    source = inspect.getsource(segments)
    assert all(f'"{doubt}"' in source for doubt in figures.DOUBTS)
    told = re.findall(r'"((?:expects|ranks|the simple rule) [^"]+)"', source)
    assert sorted(told) == sorted(figures.DOUBTS)


def test_names_of_the_company_cannot_break_a_table(told):
    metrics, evaluation = told
    strange = [each | {"segment": "north|south <b>*x*\ny"} for each in evaluation["segments"]]
    text = page(metrics, evaluation | {"segments": strange})
    own = rows(section(text, "Where it is bad"))
    assert own[2][0] == r"tier: north\|south \<b\>\*x\* y"
    assert {len(row) for row in own} == {6}


def test_what_a_list_earns_names_what_it_takes_for_granted(told, settings):
    metrics, evaluation = told
    found = evaluation["profit"]
    assert found["assumes"] == asdict(profit.Terms.of(settings.evaluate))
    said = section(page(*told), "What a list earns")
    assert f"{found['length_that_pays']:,} riskiest" in said
    assert "contacting a customer costs 1.00 EUR" in said
    assert "keeps 30.0 %" in said
    assert f"expected to pay for {found['expected_to_pay']:,} customers" in said
    none = page(metrics, evaluation | {"profit": found | {"length_that_pays": 0, "its_profit": 0.0}})
    assert "No list by risk alone pays, however short" in none


def test_warnings_of_the_data_are_told(told):
    assert "left no warning" in section(page(*told), "Warnings")
    said = section(page(*told, warnings=["orders_7d is | strange"]), "Warnings")
    assert said.strip() == r"- orders_7d is \| strange"


def test_a_scorer_without_words_keeps_its_name(told):
    metrics, evaluation = copy.deepcopy(told)
    evaluation["test"]["figures"]["new_rule"] = evaluation["test"]["figures"]["recency_rule"]
    assert "\n| new_rule |" in page(metrics, evaluation)


def test_every_baseline_has_its_words():
    from pipeline.evaluation import baselines

    kinds = [kind for kind in vars(baselines).values() if isinstance(kind, type) and hasattr(kind, "probability")]
    assert {kind.name for kind in kinds if hasattr(kind, "name")} | {"model"} == set(figures.SCORERS)


def test_a_row_with_a_cell_too_few_is_a_mistake():
    with pytest.raises(AssertionError, match="as many cells"):
        formatting.table(["a", "b"], [["1"]])


def test_the_curve_of_the_next_order_is_told_with_its_figures():
    assert curve_figures.markdown(None).startswith("Not predicted")
    one = {"snapshot": "2024-03-01", "customers": 1234, "days": 90, "curve": 0.0752, "rhythm": 0.0787, "covered": 0.89}
    found = curve_figures.markdown({"cutoffs": [one], "pays": True})
    assert "lists show it" in found
    assert "| 2024-03-01 | 1,234 | 90 | 0.075 | 0.079 | 89" in found
    assert "lists do not show it" in curve_figures.markdown({"cutoffs": [one], "pays": False})
