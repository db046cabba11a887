"""The middle of the model card: how good the model is, when, for whom, and what a list made with it earns."""

import math
import re
from typing import Any

from pipeline.evaluation.baselines import SIMPLE_RULE
from pipeline.evaluation.model_card.formatting import UNKNOWN, bullets, interval, number, percent, safe, table

Report = dict[str, Any]

SCORERS = {
    "model": "**this model**",
    "base_rate_alone": "the churn rate of the past, the same for everyone",
    SIMPLE_RULE: "the best simple rule: the longer silent, the likelier",
    "rfm_logistic": "logistic regression on recency, frequency, money and tenure",
    "additive_logistic": "the logistic regression on all features, alone",
    "bg_nbd": "the customer's own rhythm alone (BG/NBD)",
    "renewal_rule": "the nearer the next renewal, the likelier",
    "ticket_rule": "the more requests for help, the likelier",
    "contract_hazard": "the hazard of the contract's end, by age, renewal, requests and price",
    "lightgbm_default": "LightGBM as it comes out of the box",
}
DOUBTS = {
    "expects too many churners": "fewer churned than chance allows, so the probabilities are too high here",
    "expects too few": "more churned than chance allows, so the probabilities are too low here",
    "ranks worse than elsewhere": "it tells who churns certainly less well than among all customers",
    "the simple rule ranks better": "the simple rule ranks them certainly better; go by it here",
}
FIGURES = {"auc": "AUC", "average_precision": "average precision", "brier": "Brier score"}
WORDS = (
    "AUC is the chance that a customer who churns is ranked above one who stays: 0.5 is drawing lots, 1 is perfect. "
    "Average precision is the share of churners found, averaged down the list; drawing lots gives the churn rate. The "
    "Brier score is the mean squared error of the probabilities: lower is better. In brackets are 95 % intervals: "
    "customers are drawn anew, each with all of his or her rows."
)


def test_examples(metrics: Report, test: Report, outcomes: int) -> str:
    """Model and baselines on the snapshot nothing was learnt from, and what lists of several lengths held.

    Parameters
    ----------
    metrics, test
        The headline figures, and those of every scorer with their intervals.
    outcomes
        How many customers have an outcome at that snapshot; fewer are judged where `evaluate.max_customers` says so.
    """
    customers, churners = metrics["customers"], metrics["churners"]
    drawn = "" if customers == outcomes else f" (of {outcomes:,}, drawn by a hash of their ids)"
    return "\n\n".join(
        [
            f"{customers:,} customers{drawn} as of {metrics['test_snapshot']}, of whom {churners:,} "
            f"({percent(churners / customers)}) then churned.",
            _compared(test["figures"]),
            WORDS,
            "How far the model is ahead, on the same draws; a lead whose interval holds zero may be chance:",
            _ahead(test["model_minus"]),
            "What a list of the riskiest customers held:",
            _lists(test["figures"]["model"], customers),
        ]
    )


def _compared(figures: Report) -> str:
    rows = (
        [_scorer(name), *(interval(by_figure[figure]) for figure in FIGURES)] for name, by_figure in figures.items()
    )
    return table(["scorer", *FIGURES.values()], rows)


def _ahead(leads: Report) -> str:
    rows = ([_scorer(name), *(interval(by_figure[figure], signed=True) for figure in FIGURES)]
            for name, by_figure in leads.items())  # fmt: skip
    return table(["model less", *FIGURES.values()], rows)


def _scorer(name: str) -> str:
    return SCORERS.get(name, safe(name))


def _lists(model: Report, customers: int) -> str:
    lengths = [match[1] for name in model if (match := re.fullmatch(r"capture_at_(.+)_percent", name))]
    rows = (
        [
            f"riskiest {length} %",
            f"{math.ceil(float(length) / 100 * customers - 1e-9):,}",
            interval(model[f"lift_at_{length}_percent"], digits=2),
            _shares(model, length),
        ]
        for length in lengths
    )
    sentence = "Lift: how many times more churners than in a list drawn by lot."
    return table(["list", "customers", "lift", "share of all churners in it"], rows) + f"\n\n{sentence}"


def _shares(model: Report, length: str) -> str:
    estimate = model[f"capture_at_{length}_percent"]
    return f"{percent(estimate['value'])} ({percent(estimate['low'])} to {percent(estimate['high'])})"


def earlier(report: Report | None) -> str:
    """The recipe repeated at earlier times: on average, from worst to best, snapshot by snapshot."""
    if report is None:
        return (
            "History is too short to repeat the check at earlier snapshots, so nobody knows how much luck there is in "
            "the figures above."
        )
    count, figures, spread = len(report["cutoffs"]), report["average"]["figures"], report["spread_over_snapshots"]
    rows = (
        [_scorer(name), *(interval(each[figure]) for figure in FIGURES), number(spread[name]["lowest_auc"]),
         number(spread[name]["highest_auc"])]
        for name, each in figures.items()
    )  # fmt: skip
    return "\n\n".join(
        [
            f"The whole recipe was repeated as it would have run at {count:,} earlier times, and judged on what came "
            "after; on average:",
            table(["scorer", *FIGURES.values(), "worst AUC", "best AUC"], rows),
            "How far the model was ahead on average:",
            _ahead(report["average"]["model_minus"]),
        ]
    )


def calibration(evaluation: Report, metrics: Report) -> str:
    """The error beside what chance allows, by risk band, and how the churn rate moved."""
    report = evaluation["calibration"]
    holds = report["as_right_as_chance_allows"]
    rows = [
        [safe(band["band"]), f"{band['customers']:,}", _expected(band["expected_churners"], band["low"], band["high"]),
         f"{band['churners']:,}", "yes" if band["holds"] else "**no**"]
        for band in report["bands"]
    ]  # fmt: skip
    return "\n\n".join(
        [
            f"{'Yes' if holds else 'No'}: expected and observed churn rates lie {_points(report['calibration_error'])} "
            "apart on average over groups of equal size; perfect probabilities would show up to "
            f"{_points(report['by_chance_95_percent'])} by chance, 19 times of 20.",
            table(["risk band", "customers", "churners expected (chance allows)", "churned", "as expected"], rows),
            _drift(evaluation["earlier"], metrics["test_snapshot"], report["all_together"]),
        ]
    )


def _points(share: float) -> str:
    return f"{100 * share:.1f} percentage points"


def _drift(earlier: Report | None, test: str, last: Report) -> str:
    each = [*(earlier["cutoffs"] if earlier else []), last | {"test_snapshot": test}]
    rows = (
        [one["test_snapshot"], f"{one['customers']:,}", _rate(one), percent(one["churners"] / one["customers"]),
         "yes" if one["as_predicted"] else "**no**"]
        for one in each
    )  # fmt: skip
    held = sum(one["as_predicted"] for one in each)
    words = (
        "Churn rate by snapshot, each predicted by a model that knew nothing of it. In brackets is where it should "
        "fall 19 times of 20: chance moves it, and so does what nobody can know yet of the level. It did fall there at "
        f"{held:,} of {len(each):,} snapshots; a rate that moves further is a warning:"
    )
    head = ["snapshot", "customers", "churn rate expected (predicted range)", "churn rate observed", "as predicted"]
    return f"{words}\n\n{table(head, rows)}"


def _rate(report: Report) -> str:
    share, low, high = (
        report[name] / report["customers"] for name in ("expected_churners", "predicted_low", "predicted_high")
    )
    return f"{percent(share)} ({percent(low)} to {percent(high)})"


def _expected(value: float, low: int, high: int) -> str:
    return f"{number(value, 0)} ({low:,} to {high:,})"


def segments(reports: list[Report]) -> str:
    """Every group of customers with its figures, and in words those that give cause for doubt."""
    rows = (
        [f"{safe(each['column'])}: {safe(each['segment'])}", f"{each['customers']:,}",
         _expected(each["expected_churners"], each["expected_low"], each["expected_high"]), f"{each['churners']:,}",
         _auc(each), number(each["auc_of_simple_rule"])]
        for each in reports
    )  # fmt: skip
    doubts = [f"{safe(each['column'])} {safe(each['segment'])}: {_doubt(each['doubt'])}"
              for each in reports if each["doubt"]]  # fmt: skip
    sentences = bullets(doubts) if doubts else "No segment gives cause for doubt."
    head = ["segment", "customers", "churners expected (chance allows)", "churned", "AUC", "AUC of the simple rule"]
    return (
        f"{sentences}\n\n{table(head, rows)}\n\nAn AUC is {UNKNOWN} where too few churned or too few stayed to rank "
        "them. With many segments, one in twenty is in doubt by chance alone."
    )


def _doubt(short: str) -> str:
    return "; ".join(DOUBTS.get(doubt, safe(doubt)) for doubt in short.split("; "))


def _auc(each: Report) -> str:
    return interval({"value": each["auc"], "low": each["auc_low"], "high": each["auc_high"]})


def _earned(each: Report) -> str:
    return interval(each, digits=2)


def profit(report: Report, currency: str) -> str:
    """The length of list that pays, what each scorer could earn, and what both take for granted."""
    assumed = report["assumes"]
    alpha, beta = assumed["acceptance_alpha"], assumed["acceptance_beta"]
    length = report["length_that_pays"]
    pays = (
        f"A list of the {length:,} riskiest pays most: {number(report['its_profit'], 2)} {currency}"
        if length
        else "No list by risk alone pays, however short"
    )
    rows = (
        [_scorer(name), number(each), percent(report["expected_share_to_contact"][name])]
        for name, each in report["expected_maximum_profit_per_customer"].items()
    )
    return "\n\n".join(
        [
            f"{pays}, if contacting a customer costs {number(assumed['contact_cost'], 2)} {currency}, an offer that is "
            f"taken costs {number(assumed['offer_cost'], 2)} {currency}, everyone who would have stayed takes it, and "
            f"it keeps {percent(alpha / (alpha + beta))} of those who would have churned (beta distributed, {alpha:g} "
            f"and {beta:g}), each at his or her own value. These are assumptions, not measurements: "
            "`params.yaml: evaluate`. The published list goes by value at stake, not by risk alone.",
            f"By probability and value together, a contact was expected to pay for {report['expected_to_pay']:,} "
            f"customers; contacting them would have earned {_earned(report['their_profit'])} {currency}, and "
            f"{_earned(report['gain_by_ranking'])} more than if all had been taken for equally likely to churn.",
            "Expected maximum profit (EMPC), everyone worth what the average customer is, "
            f"{number(report['value_of_the_average_customer'], 2)} {currency}:",
            table(["scorer", f"{currency} per customer", "share to contact"], rows),
        ]
    )
