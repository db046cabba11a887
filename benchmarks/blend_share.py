"""Would the share of the regression, or the number of trees, be chosen better by several cut-offs than by one?

Run as ``python -m benchmarks.blend_share [--json FILE] [--only NAME ...] [--customers N] [--draws N]``. On each data
set of `benchmarks.quality`, and on simulated companies drawn anew, the recipe is fitted at the last cut-offs. At each
of them the share and the number of trees are chosen by every rule of `RULES`, from nothing but validation snapshots
that were known then, and the model that follows is held to the untouched snapshot: all rules to the same rows. The rule
in use is `last`; of the others, log-loss and AUC are given less its own, company by company.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks import blend_share_table, command_line, quality
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.examples import labelled
from pipeline.examples.features import Feature
from pipeline.model import additive_weight, calibration, gbm, training

Array = npt.NDArray[np.float64]
CUSTOMERS, DRAWS, FIRST_SEED = 3000, 2, 440_000
CUTOFFS, BEHIND = 4, 3
"""Cut-offs that are judged, and validation snapshots that a choice may look at: of one's own and those before."""
MIDDLE: Final = 0.5


def _last(losses: Array) -> float:
    return _best(losses[-1])


def _best(losses: Array) -> float:
    return additive_weight.SHARES[int(np.argmin(losses.round(9)))]


def _half_way(share: float) -> float:
    return (share + MIDDLE) / 2


SHARES: Final[dict[str, Callable[[Array], float]]] = {
    "last": _last,
    "last_half_way": lambda losses: _half_way(_last(losses)),
    "several": lambda losses: _best(losses.mean(axis=0)),
    "several_half_way": lambda losses: _half_way(_best(losses.mean(axis=0))),
    "middle": lambda _: MIDDLE,
}
"""The share from the validation losses of each of `additive_weight.SHARES`, (snapshots, shares), the latest last."""
RULES: Final = {name: (name, "last") for name in SHARES} | {
    "trees_of_several": ("last", "several"),
    "both_of_several": ("several_half_way", "several"),
}
"""What chooses the share, and what the number of trees: that of the last one, or the geometric mean of several."""


def run_data_set(name: str, customers: int, seed: int) -> list[dict[str, Any]]:
    """The figures of one data set or simulated company, cut-off by cut-off."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        settings = quality.settings_of(quality.data_sets()[name], folder)
        settings = settings.model_copy(update={"model": settings.model.model_copy(update={"num_threads": 1})})
        company = quality.company_of(settings)
        with chdir(folder if company else quality.ROOT):
            paths = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
            if company:
                quality.simulated(company, settings, customers, seed)
            given = quality.prepared(settings, paths)
    return list(_cutoffs(given, settings))


def _cutoffs(given: quality.Prepared, settings: params.Params) -> Iterator[dict[str, Any]]:
    how = given.features, settings.label, settings.model
    fits: list[training.Fit] = []
    losses: list[Array] = []
    for cutoff in given.cutoffs[-(CUTOFFS + BEHIND - 1) :]:
        train, validation, test = (
            labelled.select_days(given.examples, days) for days in (cutoff.train, [cutoff.validation], [cutoff.test])
        )
        fits.append(training.fit(train, validation, *how))
        losses.append(_losses(fits[-1], validation))
        if len(fits) >= BEHIND:
            known = given.examples.filter(pl.col("snapshot") <= cutoff.validation)
            yield {"snapshot": str(cutoff.test), "customers": len(test)} | _judged(
                fits[-BEHIND:], np.array(losses[-BEHIND:]), (validation, known, test), how
            )


def _losses(fit: training.Fit, validation: pl.DataFrame) -> Array:
    """Log-loss of each of `additive_weight.SHARES`, once calibrated there: what the rule in use goes by."""
    churned = training.outcomes(validation)
    trees, regression = _margins(fit.ensemble, fit.regression, validation)
    blends = [(1 - share) * trees + share * regression for share in additive_weight.SHARES]
    return np.array([log_loss(churned, calibration.fit(one, churned).probability(one)) for one in blends])


def _margins(ensemble: Any, regression: Any, rows: pl.DataFrame) -> tuple[Array, Array]:
    matrix = ensemble.matrix(rows)
    return gbm.log_odds(ensemble.trees, matrix), regression.log_odds(matrix)


def _judged(
    fits: list[training.Fit], losses: Array, parts: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame],
    how: tuple[list[Feature], params.Label, params.Model],
) -> dict[str, Any]:  # fmt: skip
    """Share, trees, log-loss and AUC of every rule on the untouched rows."""
    best = [fit.log.best_tree for fit in fits]
    numbers = {"last": best[-1], "several": max(1, round(float(np.exp(np.mean(np.log(best))))))}
    by_trees = {rule: _parts_of(fits[-1], number, parts, how) for rule, number in numbers.items()}
    churned, judged = training.outcomes(parts[2]), {}
    for rule, (by_share, by_number) in RULES.items():
        share = SHARES[by_share](losses)
        probability = _probability(by_trees[by_number], share, parts[0])
        judged[rule] = {
            "share": share, "trees": numbers[by_number],
            "log_loss": round(float(log_loss(churned, probability)), 6),
            "auc": round(float(roc_auc_score(churned, probability)), 6),
        }  # fmt: skip
    return judged


def _parts_of(
    fit: training.Fit, trees: int, parts: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame],
    how: tuple[list[Feature], params.Label, params.Model],
) -> dict[str, tuple[Array, Array]]:  # fmt: skip
    """Margins of trees and regression with so many trees: of validation rows unseen and seen, and of the test rows."""
    validation, known, test = parts
    # A share above zero, so that the second fit has a regression whatever was chosen.
    whole = replace(fit.ensemble, trees=fit.log.first_trees(trees), additive_weight=MIDDLE)
    first = replace(fit, ensemble=whole, log=replace(fit.log, best_tree=trees))
    final = training.refit(first, known, how[0], how[2])
    return {
        "unseen": _margins(whole, fit.regression, validation),
        "seen": _margins(final, final.additive_logistic or fit.regression, validation),
        "test": _margins(final, final.additive_logistic or fit.regression, test),
    }


def _probability(margins: dict[str, tuple[Array, Array]], share: float, validation: pl.DataFrame) -> Array:
    """As `training.calibrate` does, but for the season, which is the same for all rules."""
    blend = {name: (1 - share) * trees + share * regression for name, (trees, regression) in margins.items()}
    unseen = blend["unseen"] + float(blend["seen"].mean() - blend["unseen"].mean())
    return np.asarray(calibration.fit(unseen, training.outcomes(validation)).probability(blend["test"]))


def main() -> None:
    """Measure, print, and write what was found."""
    known = quality.data_sets()
    parser = command_line.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=known, metavar="NAME", help="data sets to run (default: all)")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help=f"of simulated ones (default: {CUSTOMERS})")
    parser.add_argument("--draws", type=int, default=DRAWS, help=f"of each simulated one (default: {DRAWS})")
    options = parser.parse_args()
    result: dict[str, list[dict[str, Any]]] = {}
    for place, name in enumerate(options.only or known):
        for draw in range(options.draws if name.startswith(quality.SIMULATED) else 1):
            one = f"{name}, draw {draw + 1}" if name.startswith(quality.SIMULATED) else name
            result[one] = run_data_set(name, options.customers, FIRST_SEED + 100 * place + draw)
            print(f"  {one}: {len(result[one])} cut-offs", flush=True)
            if options.json:
                options.json.write_text(quality.as_json(result), encoding="utf-8")
    print(blend_share_table.markdown(result))


if __name__ == "__main__":
    main()
