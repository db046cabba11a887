"""The figures as tables, JSON and a sentence: the model beside the rules it has to beat."""

from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.params import Evaluate
from pipeline.evaluation import calibration_check, grade_words, metrics
from pipeline.evaluation.baselines import SIMPLE_RULE
from pipeline.evaluation.bootstrap import Resampled, ScoredSnapshot
from pipeline.evaluation.grade import Grade, signed, spread
from pipeline.evaluation.profit import Terms, expected_maximum_profit, length_that_pays, profit_curve
from pipeline.evaluation.ranking_profit import Expected, expected_profit
from pipeline.evaluation.verdict import Verdict
from pipeline.messages import Figure, in_sequence, say

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
WITH_INTERVAL = ("auc", "average_precision", "brier")


def headline(test: ScoredSnapshot, resampled: Resampled, shares: list[float]) -> dict[str, Any]:
    """Figures of every scorer on the untouched snapshot, for ``dvc metrics``: the first three with their interval."""
    figures: dict[str, Any] = {
        "customers": len(test.churned),
        "churners": int(test.churned.sum()),
        "base_rate": round(float(test.churned.mean()), 6),
    }
    for name, probability in test.scored.items():
        figures[name] = metrics.summary(test.churned, probability, shares)
        for figure in WITH_INTERVAL:
            interval = resampled.interval(name, figure)
            figures[name] |= {f"{figure}_low": round(interval.low, 6), f"{figure}_high": round(interval.high, 6)}
    return figures


def in_brief(evaluation: dict[str, Any], shares: list[float]) -> dict[str, float]:
    """The figures people compare experiments by, few and short enough to stand in one table on a screen.

    ``auc_gain`` is how far the model is ahead of the best simple rule; ``capture`` and ``lift`` are of the longest list
    that `shares` names.
    """
    headline, longest = evaluation["headline"], metrics.percent(max(shares))
    model, rule = headline["model"], headline[SIMPLE_RULE]
    figures = {
        "auc": model["auc"],
        "auc_gain": model["auc"] - rule["auc"],
        "brier": model["brier"],
        "lift": model[f"lift_at_{longest}_percent"],
        "capture": model[f"capture_at_{longest}_percent"],
        "base_rate": headline["base_rate"],
    }
    return {name: round(value, 4) for name, value in figures.items()}


def compared(resampled: Resampled) -> dict[str, Any]:
    """Every figure of every scorer with its interval, and how far the model is ahead of each in the same draws."""
    others = [name for name in resampled.seen if name != "model"]
    ahead = {
        other: {figure: resampled.difference("model", other, figure).as_dict() for figure in WITH_INTERVAL}
        for other in others
    }
    return {"figures": {name: resampled.summary(name) for name in resampled.seen}, "model_minus": ahead}


def earlier(parts: list[ScoredSnapshot], resampled: Resampled, draws: int) -> dict[str, Any]:
    """The rolling origins: each on its own, on average with intervals, and from the worst to the best of them."""
    each = [_origin(part, draws) for part in parts]
    spread_of = {
        scorer: {"lowest_auc": min(aucs), "highest_auc": max(aucs), "standard_deviation": round(float(np.std(aucs)), 6)}
        for scorer in resampled.seen
        if (aucs := [cutoff[scorer]["auc"] for cutoff in each])
    }
    return {"cutoffs": each, "average": compared(resampled), "spread_over_snapshots": spread_of}


def _origin(part: ScoredSnapshot, draws: int) -> dict[str, Any]:
    level = predicted(part, draws)
    return {
        "test_snapshot": part.snapshot,
        "base_rate": round(float(part.churned.mean()), 6),
        **level,
        "observed_per_expected": round(level["churners"] / float(part.scored["model"].sum()), 6),
        **{name: metrics.summary(part.churned, probability, []) for name, probability in part.scored.items()},
    }


def predicted(part: ScoredSnapshot, draws: int) -> dict[str, Any]:
    """Churners of a snapshot, those expected, and the range they were predicted to fall in, 19 times of 20.

    By chance, and because the level of the probabilities is itself predicted; see `pipeline.model.seasonal_intercept`.
    """
    counts = calibration_check.expected(part.churned, part.scored["model"], draws, part.level_error)
    return {
        "customers": counts.customers,
        "churners": counts.observed,
        "expected_churners": round(counts.expected, 3),
        "predicted_low": counts.low,
        "predicted_high": counts.high,
        "as_predicted": counts.holds,
    }


def calibration(
    test: ScoredSnapshot, parts: list[ScoredSnapshot], bands: dict[str, float], settings: Evaluate
) -> dict[str, Any]:
    """Calibration error beside what chance alone would make of perfect probabilities; expected churners by band."""
    churned, probability = test.churned, test.scored["model"]
    error = calibration_check.calibration_error(churned, probability, settings.calibration_groups)
    chance = calibration_check.error_by_chance(probability, settings.calibration_groups, settings.draws)
    allowed = float(np.percentile(chance, 95))
    result = {
        "calibration_error": round(error, 6),
        "by_chance_95_percent": round(allowed, 6),
        "as_right_as_chance_allows": error <= allowed,
        "all_together": predicted(test, settings.draws),
        "bands": calibration_check.by_band(churned, probability, bands, settings.draws).to_dicts(),
    }
    if parts:
        happened = np.concatenate([part.churned for part in parts])
        predictions = np.concatenate([part.scored["model"] for part in parts])
        result["earlier_snapshots"] = {
            "calibration_error": round(
                calibration_check.calibration_error(happened, predictions, settings.calibration_groups), 6
            ),
            "base_rates": {part.snapshot: round(float(part.churned.mean()), 6) for part in parts},
        }
    return result


def profit(test: ScoredSnapshot, value: Array, terms: Terms, chosen: Expected) -> dict[str, Any]:
    """What the list earns: the length that pays, and the expected maximum profit (EMPC) of every scorer.

    EMPC takes each customer to be worth what the average one is, which makes scorers comparable; the length that pays
    takes each at his or her own value. Both are known with hindsight only; `chosen` is what was expected beforehand.
    """
    best = length_that_pays(test.churned, test.scored["model"], value, terms)
    worth = float(value.mean())
    expected = {name: expected_maximum_profit(test.churned, p, worth, terms) for name, p in test.scored.items()}
    return {
        "assumes": asdict(terms),
        "length_that_pays": best.customers,
        "its_profit": round(best.profit, 2),
        "expected_to_pay": chosen.customers,
        "their_profit": chosen.profit.as_dict(),
        "gain_by_ranking": chosen.gain.as_dict(),
        "value_of_the_average_customer": round(worth, 4),
        "expected_maximum_profit_per_customer": {name: round(e.per_customer, 6) for name, e in expected.items()},
        "expected_share_to_contact": {name: round(e.share, 6) for name, e in expected.items()},
    }


def profit_curves(test: ScoredSnapshot, value: Array, terms: Terms) -> pl.DataFrame:
    """Profit by length of the list (percent): by the model, by its expected profit, and by the simple rule."""
    model = test.scored["model"]
    scores = {
        "model": model,
        "expected_profit": expected_profit(model, value, terms),
        SIMPLE_RULE: test.scored[SIMPLE_RULE],
    }
    curves = {name: profit_curve(test.churned, score, value, terms) for name, score in scores.items()}
    length = curves["model"]["list_length_percent"]
    return pl.DataFrame([length, *(curve["profit"].alias(name) for name, curve in curves.items())])


def by_origin(parts: list[ScoredSnapshot]) -> pl.DataFrame:
    """AUC of every scorer at every snapshot that was judged, and the share of churners expected and observed.

    Of the scorers, those of the first snapshot: at earlier ones there are only the simple baselines.
    """
    rows = [
        {
            "snapshot": part.snapshot,
            **{name: round(metrics.auc(part.churned, part.scored[name]), 6) for name in parts[0].scored},
            "expected_share": round(float(part.scored["model"].mean()), 6),
            "churned_share": round(float(part.churned.mean()), 6),
        }
        for part in parts
    ]
    return pl.DataFrame(rows)


def gains(churned: Labels, scored: dict[str, Array]) -> pl.DataFrame:
    """Share of all churners (percent) in a list of every length from 1 % to 100 %, one column per scorer."""
    lengths = range(1, 101)
    captured = {
        name: [round(100 * metrics.capture(churned, probability, length / 100), 4) for length in lengths]
        for name, probability in scored.items()
    }
    return pl.DataFrame({"list_length_percent": lengths, **captured})


def verdict(
    grade: Grade, figures: dict[str, Any], resampled: Resampled, test: str, share: float, chosen: Expected
) -> Verdict:
    """How good the model is, for people who have to trust a list.

    Parameters
    ----------
    grade
        Its grade.
    figures
        Of every scorer on the untouched snapshot, as `headline` gives them.
    resampled
        The same with their intervals.
    test
        The day of that snapshot.
    share
        The length (0-1) of the list that is spoken of.
    chosen
        For whom a contact was expected to pay; said where those are hardly any.
    """
    rule, length = figures[SIMPLE_RULE], metrics.percent(share)
    captured, by_rule = (
        Figure(f"{round(100 * figures[name][f'capture_at_{length}_percent'])}") for name in ("model", SIMPLE_RULE)
    )
    auc, gain = resampled.interval("model", "auc"), resampled.difference("model", SIMPLE_RULE, "auc")
    checked = say(
        "Checked on {customers} customers as of {day}: the riskiest {length} % held {captured} % of those who then "
        "churned, {by_rule} % by the best simple rule; AUC {auc} against {auc_of_rule}, {gain}.",
        customers=int(figures["customers"]),
        day=date.fromisoformat(test),
        length=Figure(f"{length}"),
        captured=captured,
        by_rule=by_rule,
        auc=spread(auc),
        auc_of_rule=Figure(f"{rule['auc']:.3f}"),
        gain=signed(gain),
    )
    notice = chosen.notice(int(figures["customers"])) if grade.ships else None
    words = [*grade_words.in_words(grade), *([notice] if notice else [])]
    return Verdict(in_sequence(*words), checked)
