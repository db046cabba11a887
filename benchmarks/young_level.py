"""Do as many customers of a young shop churn as its lists say, week after week, while the packaged prior scores?

Run as ``python -m benchmarks.young_level [--json FILE] [--only KIND ...] [--shops N]``. Each shop has two outcome
windows of orders when the prior is graded on it, and a list each week from then on, with nothing trained again. The
churners that come are held to the range of 95 %: on the level as trained, and on that which lists of the same shop
whose windows are over have moved. The shops are simulated with seeds of their own, or customers of a packaged data set.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import numpy as np

from benchmarks import cold_start, command_line, quality, young_level_table
from benchmarks import cold_start_companies as shops
from pipeline.config.errors import NotEnoughData
from pipeline.evaluation import calibration_check
from pipeline.model import level_update, packaged_prior
from pipeline.model.calibration import Calibration
from pipeline.model.calibration_residual import CalibrationResidual, miss
from pipeline.model.packaged_prior import PackagedPrior
from pipeline.simulate import COMPANIES, FIRST_DAY

HORIZONS: Final = (30, 60)
BUYERS, WEEKS, DRAWS = 200, 26, 500
KINDS: Final = {"drawn": 40, **dict.fromkeys(cold_start.NAMED, 12), **dict.fromkeys(cold_start.SAMPLES, 6)}
SEED: Final = 95_000
"""Nothing was chosen on these seeds."""


def shop_of(kind: str, number: int, horizon: int) -> tuple[shops.Shop, int]:
    """A shop, and its days until the windows of its lists are over; an odd number begins on the first day of a company.

    The season of a company of `churn simulate` is at a time of the year of its own, so that shops do not all open
    before it.
    """
    dice = np.random.default_rng([SEED, list(KINDS).index(kind), number, horizon])
    days = 3 * horizon + 7 * WEEKS
    if kind in cold_start.SAMPLES:
        orders = cold_start.orders_of_sample(kind, dice)
        first = min(orders["ts"].to_list()) + timedelta(days=cold_start.SAMPLES[kind])
        days = min(days, (max(orders["ts"].to_list()) - first).days)
    else:
        start = 0 if number % 2 else 365
        peak = {"season_peak_day": int(dice.integers(1, 366))}
        company = (
            shops.drawn_company(dice, horizon) if kind == "drawn" else COMPANIES[kind].model_copy(update=peak)
        )  # fmt: skip
        orders = shops.orders_of(company, int(dice.integers(10**9)), start + days)
        first = FIRST_DAY + timedelta(days=start)
    bought = shops.with_buyers(orders, first, 2 * horizon, BUYERS)
    return shops.Shop(bought, first, horizon, horizon), days


def lists_of(kind: str, number: int, horizon: int, prior: PackagedPrior) -> list[dict[str, Any]]:
    """The lists of a shop, week by week; none where it is too small to be graded."""
    shop, days = shop_of(kind, number, horizon)
    try:
        _, given = shops.prepared(shop, days, horizon, 7)
        parts = list(given.examples.sort("snapshot").partition_by("snapshot", maintain_order=True))
        ensemble = prior.ensemble(parts[0], (0, horizon))
    except NotEnoughData:
        return []
    log_odds = [ensemble.margins(part) for part in parts]
    churned = [part["churned"].to_numpy().astype(np.int8) for part in parts]
    windows = packaged_prior.windows_of_past(parts[0], horizon)
    curve = prior.learnt_curve(log_odds[0], churned[0], windows)
    graded = parts[0]["snapshot"][0]
    seen = [
        (part["snapshot"][0], curve.log_odds(one), outcome)
        for part, one, outcome in zip(parts, log_odds, churned, strict=True)
        if part["snapshot"][0] >= graded + timedelta(days=horizon)
    ]
    return list(_weeks(seen, curve, prior.lasting_error(curve, horizon), horizon))


def _weeks(seen: list[Any], curve: Calibration, lasting_error: float, horizon: int) -> Iterator[dict[str, Any]]:
    """What each list says on either level, and what came."""
    missed: list[CalibrationResidual | None] = []
    for day, log_odds, churned in seen:
        over = [one for one in missed if one is not None and one.day + timedelta(days=horizon) <= day]
        levels = {"trained": (0.0, curve.level_error), "moved": (0.0, curve.level_error)}
        if over:
            update = level_update.learn(curve, lasting_error, over[-1])
            levels["moved"] = (update.shift, update.error)
        missed.append(miss(day, log_odds, churned))
        said = {name: _range(log_odds + shift, error) for name, (shift, error) in levels.items()}
        week = (day - seen[0][0]).days // 7
        yield {"week": week, "customers": len(churned), "came": int(churned.sum()), "over": len(over), **said}


def _range(log_odds: np.ndarray, error: float) -> dict[str, Any]:
    probability = np.sort(Calibration(1.0, 0.0).probability(log_odds))
    predicted = calibration_check.churners_between(probability, DRAWS, error)
    return {"expected": round(float(probability.sum()), 2), "predicted": list(predicted)}


def _row(one: dict[str, Any]) -> list[Any]:
    """A list as a row of `young_level_table.COLUMNS`."""
    levels = [[one[level]["expected"], *one[level]["predicted"]] for level in young_level_table.LEVELS]
    return [one[name] for name in young_level_table.COLUMNS[:4]] + [value for each in levels for value in each]


def main() -> None:
    """Draw, print, and write what was found."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=[*KINDS], metavar="KIND", help="kinds of shops")
    parser.add_argument("--shops", type=int, metavar="N", help="of each kind (default: as many as are reported)")
    options = parser.parse_args()
    prior, found = cold_start.packaged(), list[dict[str, Any]]()
    for kind in options.only:
        for number in range(options.shops or KINDS[kind]):
            for horizon in HORIZONS:
                lists = [_row(one) for one in lists_of(kind, number, horizon, prior)]
                found.append({"kind": kind, "number": number, "horizon": horizon, "lists": lists})
        print(f"  {kind}: {len(found)} shops so far", flush=True)
        if options.json:
            options.json.write_text(quality.as_json({"shops": found}), encoding="utf-8")
    print(young_level_table.markdown({"shops": found}))


if __name__ == "__main__":
    main()
