"""An uplift learner beside the simple effects, by lists that neither has seen: which of them ranks customers better."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import norm

from pipeline.readout import qini, uplift_calibration, uplift_trials, verdicts
from pipeline.readout.qini import Interval, Ranking
from pipeline.readout.uplift_calibration import NORMAL_95, Fifth
from pipeline.readout.uplift_trials import Split

Array = npt.NDArray[np.float64]
Predict = Callable[[pl.DataFrame, Array, pl.DataFrame, Array], Array]
"""Trials to fit on and what the simple effects promise of them, those held out and the same of these: the uplift."""

LEARNER, SIMPLE, DIFFERENCE = "learner", "simple effects", "difference"
BETTER: Final = "the learner ranks better"
WORSE: Final = "the simple effects rank better"
SAME: Final = "no difference that matters"
UNKNOWN: Final = "not yet known which ranks better"
TENTH: Final = 0.1
"""Of what the order of the simple effects keeps above chance: a difference below it changes no decision."""


@dataclass(frozen=True)
class UpliftComparison:
    """Both ways of expecting, held against the later lists.

    Attributes
    ----------
    effects
        The simple effect of each playbook.
    uplift
        How much more often customers of the later lists stayed, as a mean share over all trials.
    fifths
        By the way of expecting, promised and measured.
    figures
        As of `pipeline.readout.qini.compare`, under `LEARNER`, `SIMPLE` and `DIFFERENCE`.
    curves
        ``share`` contacted (0-1), and what each order keeps less its cost per customer of all, in currency units.
    """

    effects: dict[str, float]
    uplift: Interval
    fifths: dict[str, list[Fifth]]
    figures: dict[str, dict[str, Interval]]
    curves: pl.DataFrame

    @property
    def verdict(self) -> str:
        """Which of the two ranks better, as far as the interval of the difference says."""
        one, simple = self.figures[DIFFERENCE]["area"], self.figures[SIMPLE]["above_chance"]
        enough = TENTH * simple.mean
        # A learner that leaves everything as promised ranks alike, whatever that is worth.
        if one.low == one.high == 0 or -enough < one.low <= one.high < enough:
            return SAME
        return BETTER if one.low > 0 else WORSE if one.high < 0 else UNKNOWN

    @property
    def is_evidence(self) -> bool:
        """Whether anything given kept or drove away anybody: on average, or of those whom either order has first."""
        seen = [self.uplift, *(self.figures[name]["above_chance"] for name in (LEARNER, SIMPLE))]
        return min(verdicts.holm([_p_value(one) for one in seen])) < verdicts.LEVEL

    def as_json(self) -> dict[str, Any]:
        """The same for programs; shares are fractions, money is in currency units."""
        return {
            "verdict": self.verdict,
            "is_evidence": self.is_evidence,
            "simple_effects": {name: round(effect, 6) for name, effect in self.effects.items()},
            "uplift": self.uplift.as_json(),
            "fifths": {name: [one.as_json() for one in of] for name, of in self.fifths.items()},
            "figures": {
                name: {measure: one.as_json() for measure, one in of.items()} for name, of in self.figures.items()
            },
            "curves": self.curves.to_dicts(),
        }


def _p_value(one: Interval) -> float:
    error = (one.high - one.low) / (2 * NORMAL_95)
    return float(2 * norm.sf(abs(one.mean) / error)) if error > 0 else 1.0


def compare(halves: Split, declared: Mapping[str, float], declared_error: float, predict: Predict) -> UpliftComparison:
    """Fit both on the earlier lists, and hold them against the later ones.

    Parameters
    ----------
    halves
        The trials, with both arms in either half.
    declared, declared_error
        The effects of ``playbooks.yaml``, above 0, and ``params.yaml: learning.declared_error``.
    predict
        The learner.
    """
    fit, later = halves.fit, halves.held_out
    effects = uplift_trials.simple_effects(fit, declared, declared_error)
    simple_before, simple = (uplift_trials.by_simple_effects(part, effects) for part in (fit, later))
    promised = {LEARNER: predict(fit, simple_before, later, simple), SIMPLE: simple}
    measured, customer = uplift_trials.measured(later), _number(later, "customer_id")
    decision = _number(later, "customer_id", "as_of")
    value, cost = later["value"].to_numpy(), later["cost"].to_numpy()
    rankings = {name: qini.best_of(one, value, cost, measured, decision) for name, one in promised.items()}
    of_decision = np.zeros(int(decision.max()) + 1, dtype=np.int64)
    of_decision[decision] = customer
    return UpliftComparison(
        effects={name: effects[name] for name in later["playbook"].unique().sort()},
        uplift=uplift_calibration.mean(measured, customer),
        fifths={name: uplift_calibration.fifths(one, measured, customer) for name, one in promised.items()},
        figures=qini.compare(rankings, of_decision),
        curves=_curves(rankings),
    )


def _number(trials: pl.DataFrame, *names: str) -> npt.NDArray[np.int64]:
    return trials.select(pl.struct(names).rank("dense").cast(pl.Int64).alias("one"))["one"].to_numpy() - 1


def _curves(rankings: dict[str, Ranking]) -> pl.DataFrame:
    each = {name: qini.curve(one) for name, one in rankings.items()}
    return pl.DataFrame(
        {"share": each[SIMPLE][0], **{name.replace(" ", "_"): worth for name, (_, worth) in each.items()}}
    ).with_columns(pl.all().round(6))
