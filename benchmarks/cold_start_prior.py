"""The prior for shops without outcomes of their own, learnt on simulated companies.

Run as ``python -m benchmarks.cold_start_prior [--companies N] [--to FILE]``; the same number of companies gives the
same file. Each company is drawn with a seed of its own, and two snapshots of it count, one outcome window apart: what
the customers were like, with the chance of no order by BG/NBD fitted to the first of them, and whether they then
bought. How far the companies differ from what all have in common is learnt beside it.
"""

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks import cold_start_companies as shops
from pipeline.config.errors import NotEnoughData
from pipeline.config.params import AdditiveLogisticSettings
from pipeline.model import additive_logistic, packaged_prior, past_curves
from pipeline.model.additive_logistic import AdditiveLogistic
from pipeline.model.calibration_residual import CalibrationResidual, miss
from pipeline.model.ensemble import matrix
from pipeline.model.packaged_prior import PackagedPrior
from pipeline.simulate import FIRST_DAY
from pipeline.value import purchase_process

Array = npt.NDArray[np.float64]
COMPANIES, SEED = 300, 22
HORIZONS, HISTORIES, ACTIVE_TIMES = (14, 30, 60), (1.0, 2.9), (1, 2, 3)
BUYERS = (150, 400, 1500)
# An old company is looked at from a day in its second half year on.
LATER, OLD_SHARE = (90, 400), 0.65
# Beyond these a value counts as the limit itself, so that no rare one draws a line of its own.
LIMITS = dict(zip(packaged_prior.FEATURES, ((0.001, 0.999), (0.0, 5.0), (0.0, 4.0), (1.0, 15.0)), strict=True))
LINES = AdditiveLogisticSettings(share=1.0, cuts=9, l2=30.0, max_rows=300_000)
# Of a large company no more rows than this count, so that none outweighs the others; a smaller one than this is none.
MAX_ROWS, MIN_ROWS = 400, 50
# Snapshots that the lines are learnt from: the ages at which a shop has nothing else.
TAUGHT = 2
# Windows after the first snapshot over which the level is followed: about as long as a shop has no model of its own.
FOLLOWED = 4
# Slopes that chance alone could have made anything say nothing of how companies differ.
MAX_SLOPE_ERROR = 0.5
DIGITS = 7
SPREADS = ("level_spread", "log_slope_spread", "level_move", "level_drift", "level_lasting")
# No spread is smaller: a prior is never sure.
SMALLEST = 0.01


@dataclass(frozen=True)
class CompanyExamples:
    """What is known of one company: values and outcomes of its snapshots, a window apart, the earliest first.

    ``windows`` is the length of its past at the first of them, in outcome windows.
    """

    windows: float
    values: tuple[Array, ...]
    churned: tuple[npt.NDArray[np.int8], ...]


def drawn_shop(number: int, seed: int = SEED) -> tuple[shops.Shop, int]:
    """A shop drawn anew, and the days of history before its first snapshot."""
    dice = np.random.default_rng([seed, number])
    horizon = int(dice.choice(HORIZONS))
    company = shops.drawn_company(dice, horizon)
    history = int(horizon * dice.uniform(*HISTORIES))
    start = int(dice.integers(*LATER)) if dice.random() < OLD_SHARE else 0
    active = min(history, horizon * int(dice.choice(ACTIVE_TIMES)))
    orders = shops.orders_of(company, int(dice.integers(10**9)), start + history + (FOLLOWED + 1) * horizon)
    first = FIRST_DAY + timedelta(days=start)
    bought = shops.with_buyers(orders, first, history, int(dice.choice(BUYERS)))
    return shops.Shop(bought, first, horizon, active), history


def draw_examples(number: int, seed: int = SEED) -> CompanyExamples | None:
    """Of one company; None where it has too few customers, or where all of them did the same."""
    shop, history = drawn_shop(number, seed)
    try:
        _, given = shops.prepared(shop, history + (FOLLOWED + 1) * shop.horizon, history, shop.horizon)
        days = given.examples["snapshot"].unique().sort().to_list()
        parts = [given.examples.filter(pl.col("snapshot") == day) for day in days]
        process = purchase_process.fit(parts[0])
    except NotEnoughData:
        return None
    if len(parts) != FOLLOWED + 1 or any(len(part) < MIN_ROWS or part["churned"].n_unique() < 2 for part in parts):
        return None
    chance = [purchase_process.p_no_purchase(process, part, 0, shop.horizon) for part in parts]
    named = [
        part.with_columns(pl.Series(purchase_process.P_NO_PURCHASE.name, one))
        for part, one in zip(parts, chance, strict=True)
    ]
    values = [matrix(part, list(packaged_prior.FEATURES)) for part in named]
    churned = [part["churned"].to_numpy().astype(np.int8) for part in named]
    return CompanyExamples(packaged_prior.windows_of_past(parts[0], shop.horizon), tuple(values), tuple(churned))


def learn(drawn: list[CompanyExamples], seed: int = SEED) -> dict[str, Any]:
    """The content of the file, without its digest."""
    dice, rows = np.random.default_rng(seed), []
    for one in drawn:
        for values, churned in zip(one.values[:TAUGHT], one.churned[:TAUGHT], strict=True):
            chosen = np.sort(dice.permutation(len(churned))[:MAX_ROWS])
            rows.append((values[chosen], churned[chosen]))
    values, churned = (np.concatenate(each) for each in zip(*rows, strict=True))
    low, high = (np.array(each) for each in zip(*LIMITS.values(), strict=True))
    regression = _rounded(additive_logistic.fit(np.clip(values, low, high), churned, LINES))
    spreads = _spreads(regression, drawn)
    return {
        "format": packaged_prior.FORMAT, "command": f"python -m benchmarks.cold_start_prior --companies {len(drawn)}",
        "companies": len(drawn), "rows": len(churned), **spreads,
        **regression.as_dict(list(packaged_prior.FEATURES)),
    }  # fmt: skip


def _rounded(regression: AdditiveLogistic) -> AdditiveLogistic:
    """With cuts of so few digits that each of them counts, as those of the effects do."""
    return replace(regression, lines=[replace(line, cuts=line.cuts.round(DIGITS)) for line in regression.lines])


def _spreads(regression: AdditiveLogistic, drawn: list[CompanyExamples]) -> dict[str, float]:
    """How far companies differ beside chance: in level, in slope, and in where the level goes while the past grows."""
    log_odds = [[regression.log_odds(values) for values in one.values] for one in drawn]
    first = [_miss(own[0], one.churned[0]) for own, one in zip(log_odds, drawn, strict=True)]
    level = _beside_chance([(miss.shift, miss.error) for miss in first])
    curves = [past_curves.fit(date.min, own[0], one.churned[0]) for own, one in zip(log_odds, drawn, strict=True)]
    known = [curve for curve in curves if curve is not None and curve.log_slope_error < MAX_SLOPE_ERROR]
    slope = _beside_chance([(curve.log_slope, curve.log_slope_error) for curve in known])
    prior = PackagedPrior(regression, level, slope, packaged_prior.Ageing(0.0, 0.0, 0.0), len(drawn), "")
    moved = []
    for own, one in zip(log_odds, drawn, strict=True):
        curve = prior.learnt_curve(own[0], one.churned[0], one.windows)
        later = [_miss(curve.log_odds(each), churned) for each, churned in zip(own[1:], one.churned[1:], strict=True)]
        moved.append((one.windows, [each.shift for each in later], [each.error for each in later], curve.level_error))
    return {"level_spread": level, "log_slope_spread": slope, **_ageing(moved)}


def _ageing(moved: list[tuple[float, list[float], list[float], float]]) -> dict[str, float]:
    """Where the level goes: by windows of past, what later ones missed, by chance how far, and how sure it was."""
    windows, shifts, errors, known = (np.array(each) for each in zip(*moved, strict=True))
    # Least squares through the origin: of a past without end nothing more is to come.
    short = 1 / windows
    move = float(short @ shifts.mean(axis=1) / (short @ short))
    apart, sure = shifts - move * short[:, None], known[:, None] ** 2
    drift = float(np.mean(apart**2 - errors**2 - sure))
    # The chance in two windows is not the same: only what lasts from one to the next makes both miss alike.
    lasting = float(np.mean(apart[:, :-1] * apart[:, 1:] - sure))
    return {
        "level_move": round(move, 3),
        "level_drift": round(math.sqrt(max(drift, SMALLEST**2)), 3),
        "level_lasting": round(math.sqrt(max(min(lasting, drift), 0.0)), 3),
    }


def _miss(log_odds: Array, churned: npt.NDArray[np.int8]) -> CalibrationResidual:
    found = miss(date.min, log_odds, churned)
    assert found is not None, "some churned and some stayed"
    return found


def _beside_chance(seen: list[tuple[float, float]]) -> float:
    """Root of the mean square of deviations, less that of their standard errors."""
    squares = [value**2 - error**2 for value, error in seen]
    return round(math.sqrt(max(float(np.mean(squares)), SMALLEST**2)), 3)


def companies(number: int, seed: int = SEED) -> Iterator[CompanyExamples]:
    """The first so many of which there is anything to learn."""
    kept, drawn = 0, 0
    while kept < number:
        one = draw_examples(drawn, seed)
        drawn += 1
        if one is not None:
            kept += 1
            print(f"  {kept} of {number}: {[len(part) for part in one.churned]} customers", flush=True)
            yield one


def as_text(content: dict[str, Any]) -> str:
    """The content of the file, one line for each number of a line's cuts and effects, with the digest."""
    return json.dumps(content | {packaged_prior.DIGEST: packaged_prior.digest(content)}, indent=1) + "\n"


def main() -> None:
    """Draw the companies, learn, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--companies", type=int, default=COMPANIES, metavar="N", help=f"default: {COMPANIES}")
    parser.add_argument("--to", type=Path, default=packaged_prior.FILE, metavar="FILE", help="default: in the package")
    options = parser.parse_args()
    content = learn(list(companies(options.companies)))
    options.to.write_text(as_text(content), encoding="utf-8")
    print({name: content[name] for name in ("companies", "rows", *SPREADS)})


if __name__ == "__main__":
    main()
