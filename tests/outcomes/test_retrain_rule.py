"""When the weekly job asks for a new model: drawn lists, the limits themselves, and what must not ask for one."""

import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from pipeline.config.params import Label, Retrain
from pipeline.drift import Finding
from pipeline.outcomes import maturity, retrain_rule
from pipeline.week import retrain_signs
from pipeline.week.retrain_signs import NewList

FIRST = date(2024, 1, 1)
SETTINGS = Retrain(
    lists=3, max_churner_error=0.2, min_lift_share=0.7, drift=["scores_moved", "feature_moved"], again_days=28
)
LABEL = Label(kind="inactivity", gap_days=0, horizon_days=30)


def of_list(number, **groups):
    """A row for each group: ``scored=(customers, expected, churners)``; ``low`` and ``high`` as `maturity` has them."""
    by = {"scored": ("all", "scored"), "listed": ("listed", "yes"), "alone": ("is_control", "yes")}
    base = groups["scored"][2] / groups["scored"][0]
    for name, (customers, expected, churners) in groups.items():
        spread = 1.96 * (expected * (1 - expected / customers)) ** 0.5
        rate = churners / customers
        yield {
            "as_of": FIRST + timedelta(days=7 * number), "last_day": FIRST + timedelta(days=7 * number + 29),
            "by": by[name][0], "group": by[name][1], "customers": customers, "expected_churners": float(expected),
            "low": int(expected - spread), "high": int(expected + spread) + 1, "churners": churners,
            "expected_rate": expected / customers, "rate": rate, "lift": rate / base if base else None,
        }  # fmt: skip


def lists(*weeks):
    rows = [row for number, groups in enumerate(weeks) for row in of_list(number, **groups)]
    return pl.DataFrame(rows, schema=maturity.SCHEMA)


GOOD = {"scored": (1000, 200, 205), "listed": (100, 60, 58), "alone": (200, 40, 41)}
MORE = GOOD | {"scored": (1000, 200, 260), "listed": (100, 60, 75)}
FEWER = {"scored": (1000, 200, 140), "listed": (100, 60, 42), "alone": (200, 40, 20)}
# Nobody on the list left less often than everybody, as said, but all the others did more: the order is worth nothing.
FLAT = GOOD | {"listed": (100, 60, 21)}
CASES = {
    "all is well": ([GOOD] * 3, []),
    "more than said on all of them": ([MORE] * 3, ["more left than was said"]),
    "more on all but one": ([MORE, GOOD, MORE], []),
    "more, on too few lists": ([MORE] * 2, []),
    "only the last ones count": ([GOOD, GOOD, MORE, MORE, MORE], ["more left than was said"]),
    "and not the first": ([MORE, MORE, MORE, GOOD], []),
    "fewer, of those left alone too": ([FEWER] * 3, ["fewer of those left alone left"]),
    "fewer, but those left alone as said: the actions work": ([FEWER | {"alone": (200, 40, 41)}] * 3, []),
    "exactly at the limit is no more": ([GOOD | {"scored": (10_000, 2000, 2400)}] * 3, []),
    "one beyond it is": ([GOOD | {"scored": (10_000, 2000, 2401)}] * 3, ["more left than was said"]),
    "beyond the limit, but within chance": ([{"scored": (50, 10, 14)}] * 3, []),
    "no order": ([FLAT] * 3, ["those listed hardly stand out"]),
    "no order on all but one": ([FLAT, FLAT, GOOD], []),
    "a lift just above the share": ([GOOD | {"listed": (100, 60, 44)}] * 3, []),
    "below the share, within chance": ([{"scored": (100, 20, 20), "listed": (10, 6, 4)}] * 3, []),
    "nobody left at all": ([{"scored": (1000, 200, 0), "listed": (100, 60, 0)}] * 3, []),
    "nobody was listed": ([{"scored": (1000, 200, 205)}] * 3, []),
    "listed on some": ([{"scored": (1000, 200, 205)}, FLAT, FLAT], []),
    "no list is over": ([], []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_list_asks_for_a_new_model_by_this_rule_alone(case):
    weeks, expected = CASES[case]
    found = retrain_rule.reasons([], lists(*weeks), SETTINGS)
    assert len(found) == len(expected)
    assert all(one.startswith(start) for one, start in zip(found, expected, strict=True)), found


def test_the_figures_are_those_of_the_last_list():
    (more,) = retrain_rule.reasons([], lists(GOOD, MORE, MORE, MORE), SETTINGS)
    assert more == (
        "more left than was said on each of the last 3 lists that are over: 260 of 1,000, 200 expected on 2024-01-22"
    )
    (order,) = retrain_rule.reasons([], lists(FLAT, FLAT, FLAT), SETTINGS)
    assert order.endswith(f"a lift of {21 / 100 / 0.205:.2f} on the last, {60 / 100 / 0.2:.2f} was promised")
    (single,) = retrain_rule.reasons([], lists(MORE), SETTINGS.model_copy(update={"lists": 1}))
    assert single.startswith("more left than was said on the list of 2024-01-01: 260 of 1,000")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], []),
        ([(FIRST, "churners_moved")], []),  # not one of those that count
        ([(FIRST, "scores_moved")], ["scores_moved was found on the list of 2024-01-01"]),
        (
            [(FIRST, "scores_moved"), (date(2024, 2, 5), "feature_moved"), (date(2024, 3, 4), "scores_moved")],
            ["feature_moved was found on the list of 2024-02-05", "scores_moved was found on the list of 2024-01-01"],
        ),
    ],
)
def test_what_has_moved_counts_by_its_kind_and_once(changes, expected):
    assert retrain_rule.reasons(changes, lists(), SETTINGS) == expected


def test_good_probabilities_hardly_ever_ask_for_a_new_model():
    """Lists of 600 customers, each of whom churns as said; by chance alone one of a hundred lies beyond a limit."""
    dice, asked = np.random.default_rng(3), 0
    for _ in range(60):
        risk = dice.beta(1, 3, 600)
        week = _week(0, risk, dice.random(600) < risk)
        asked += bool(retrain_rule.reasons([], week, SETTINGS.model_copy(update={"lists": 1})))
    assert asked <= 3, asked


def _week(number, risk, churned):
    ids = [str(one) for one in range(len(risk))]
    decided = pl.DataFrame(
        {"customer_id": ids, "churn_probability": risk, "risk_band": "low", "playbook": None, "reason_1_family": "a",
         "is_control": risk < np.quantile(risk, 0.1), "is_listed": risk > np.quantile(risk, 0.9)},
        schema_overrides={"playbook": pl.String},
    )  # fmt: skip
    day = FIRST + timedelta(days=7 * number)
    return maturity.compare(
        maturity.OldList(day, LABEL, decided), pl.DataFrame({"customer_id": ids, "churned": churned.astype(int)})
    )


def publish(exports, day, model, *kinds, feeds=()):
    folder = exports / day.isoformat()
    folder.mkdir(parents=True)
    content = {"company": "shop", "fingerprints": {"model": model}}
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    report = {"drift": {"findings": [{"kind": kind} for kind in kinds]}, "feeds": [*feeds]}
    (folder / "run_report.json").write_text(json.dumps(report), encoding="utf-8")


def quiet(day):
    return NewList(day, [], is_feed_down=False)


WEEKS = [FIRST + timedelta(days=7 * number) for number in range(5)]


@pytest.mark.parametrize(
    ("models", "moved", "now", "expected"),
    [
        ("aaaa", 2, [], "scores_moved was found on the list of 2024-01-15"),
        ("aaaa", 0, [], None),  # the first list of a model was held against one of another
        ("baaa", 1, [], None),
        ("baaa", 2, [], "scores_moved was found on the list of 2024-01-15"),
        ("bbbb", 2, [], None),  # all of them by a model that was replaced
        ("abaa", 1, [], None),
        ("aaaa", None, ["scores_moved"], "scores_moved was found on the list of 2024-01-29"),
        ("bbbb", None, ["scores_moved"], None),  # the model was trained after that
    ],
)
def test_only_what_moved_while_the_model_is_in_use_counts(tmp_path, models, moved, now, expected):
    for number, (day, model) in enumerate(zip(WEEKS, models, strict=False)):
        publish(tmp_path, day, model, *(["scores_moved"] if number == moved else []))
    findings = [Finding(kind, stops=False, words="words") for kind in now]
    new = NewList(WEEKS[4], findings, is_feed_down=False)
    found = retrain_signs.report(tmp_path, "shop", "a", new, lists(), SETTINGS)
    assert found == {"needed": expected is not None, "reasons": [expected] if expected else [], "lists": 0}


@pytest.mark.parametrize(
    ("down", "moved", "expected"),
    [
        # Lists on which a feed was down, and those on which scores moved; of the last of five, the new one.
        ([], [2], "scores_moved was found on the list of 2024-01-15"),
        ([2], [2], None),
        ([1], [2], None),  # it came back
        ([1], [3], "scores_moved was found on the list of 2024-01-22"),
        ([3], [2], "scores_moved was found on the list of 2024-01-15"),
        ([4], [4], None),
        ([3], [4], None),
        ([2], [4], "scores_moved was found on the list of 2024-01-29"),
        ([2, 3, 4], [2, 3, 4], None),
    ],
)
def test_what_moves_with_a_feed_that_is_down_is_no_sign(tmp_path, down, moved, expected):
    kinds = {number: ["scores_moved"] for number in moved}
    for number, day in enumerate(WEEKS[:4]):
        publish(tmp_path, day, "a", *kinds.get(number, []), feeds=["tickets"] if number in down else [])
    new = NewList(WEEKS[4], [Finding(kind, stops=False, words="") for kind in kinds.get(4, [])], 4 in down)
    found = retrain_signs.report(tmp_path, "shop", "a", new, lists(), SETTINGS)
    assert found["reasons"] == ([expected] if expected else [])


def test_lists_of_a_model_that_was_replaced_are_no_sign(tmp_path):
    """They would ask for a new model week after week, although there is one."""
    for day, model in zip(WEEKS, "bbba", strict=False):
        publish(tmp_path, day, model)
    found = retrain_signs.report(tmp_path, "shop", "a", quiet(WEEKS[4]), lists(MORE, MORE, MORE), SETTINGS)
    assert found == {"needed": False, "reasons": [], "lists": 0}
    found = retrain_signs.report(tmp_path, "shop", "b", quiet(WEEKS[3]), lists(MORE, MORE, MORE), SETTINGS)
    assert found["needed"] and found["lists"] == 3
