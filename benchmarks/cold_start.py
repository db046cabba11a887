"""How good is the first list of a shop with 60 days of orders and 200 buyers, beside the one it can have after a year?

Run as ``python -m benchmarks.cold_start [--json FILE] [--only KIND ...] [--shops N]``. Each shop is a window of a
simulated company, or some customers of a packaged data set, drawn with a seed of its own; none was drawn when the
packaged prior was learnt. At 60 days the prior is graded on the first 30 as `churn` grades it, and its list held to the
30 days that follow; later lists of the same shop are made by a model that learnt from its own outcomes, and by the
prior once more.
"""

import tempfile
from contextlib import chdir
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks import cold_start_companies as shops
from benchmarks import cold_start_prior, cold_start_table, command_line, quality
from pipeline.config.errors import NotEnoughData
from pipeline.config.params import Params
from pipeline.config.paths import Paths
from pipeline.evaluation import backtest, baselines, bootstrap, grade, metrics
from pipeline.model import additive_logistic, data_requirements, gbm, packaged_prior, split
from pipeline.model.ensemble import matrix
from pipeline.model.packaged_prior import PackagedPrior
from pipeline.simulate import COMPANIES, FIRST_DAY
from pipeline.stages import run_stage, s1_ingest
from pipeline.tables import storage
from pipeline.value.purchase_process import P_NO_PURCHASE

BUYERS, DAYS, HORIZON = 200, 60, 30
# The first age at which a model can be trained in any of these shops, and about a year.
LATER = (120, 365)
EVERY = 15
NAMED = ("default", "seasonal_drift", "engagement_silent")
# What nobody can rank, and what 30 days cannot show.
HOPELESS = ("no_signal", "sparse")
# The first day of a shop in each: of CDNOW after its first month, in which few have bought yet.
SAMPLES = {"cdnow_60": 31, "cj_30": 0}
KINDS = {"drawn": 40, **dict.fromkeys(NAMED, 10), "no_signal": 20, "sparse": 4, **dict.fromkeys(SAMPLES, 8)}
SEED = 90_000
LIMIT_COMPANIES = 3


def shop_of(kind: str, number: int) -> shops.Shop:
    """One shop of a kind; an even number is an old company of which the last weeks were kept, an odd one a new one."""
    dice = np.random.default_rng([SEED, list(KINDS).index(kind), number])
    last = max(LATER) + HORIZON
    if kind in SAMPLES:
        orders = orders_of_sample(kind, dice)
        first = min(orders["ts"].to_list()) + timedelta(days=SAMPLES[kind])
    else:
        company = shops.drawn_company(dice, HORIZON) if kind == "drawn" else COMPANIES[kind]
        start = 0 if number % 2 else 365
        orders = shops.orders_of(company, int(dice.integers(10**9)), start + last)
        first = FIRST_DAY + timedelta(days=start)
    return shops.Shop(shops.with_buyers(orders, first, DAYS, BUYERS), first, HORIZON, HORIZON)


def orders_of_sample(name: str, dice: np.random.Generator) -> pl.DataFrame:
    """The purchase days of a packaged data set, its customers numbered by lot."""
    with tempfile.TemporaryDirectory() as place, chdir(quality.ROOT):
        folder = Path(place)
        settings = quality.settings_of(quality.data_sets()[name], folder)
        paths = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
        run_stage(s1_ingest, settings, paths)
        lines = storage.read_buckets(paths.tables / "transactions", ["customer_id", "day", "amount_minor"])
    ids = lines["customer_id"].unique().sort()
    lots = pl.DataFrame({"customer_id": ids, "lot": dice.permutation(len(ids))})
    days = lines.filter(pl.col("amount_minor") >= 0).group_by("customer_id", "day").agg(pl.col("amount_minor").sum())
    return days.join(lots, on="customer_id").select(
        pl.col("lot").cast(pl.String).str.zfill(7).alias("customer_id"), pl.col("day").alias("ts"),
        (pl.col("amount_minor") / 100).alias("amount"),
    ).sort("customer_id", "ts")  # fmt: skip


def first_list(shop: shops.Shop, prior: PackagedPrior) -> dict[str, Any]:
    """The grade of the prior at 60 days, or why it is refused, and what became of its list."""
    settings, given = shops.prepared(shop, DAYS + HORIZON, DAYS - HORIZON, HORIZON)
    days = given.examples["snapshot"].unique().sort()
    test, later = (given.examples.filter(pl.col("snapshot") == day) for day in days)
    # What was known at 60 days ends there.
    known = settings.snapshots.model_copy(update={"observed_until": shop.day(DAYS)})
    found: dict[str, Any] = {"customers": len(later), "churned": _mean(later)}
    try:
        data_requirements.check_one(test, known, settings.label, settings.data_requirements)
        found |= _graded(test, prior, settings)
    except NotEnoughData as error:
        return found | {"grade": "refused", "why": str(error)}
    ensemble = prior.ensemble(test, (0, HORIZON))
    log_odds = ensemble.margins(later)
    windows = packaged_prior.windows_of_past(test, HORIZON)
    curve = prior.learnt_curve(ensemble.margins(test), _churned(test), windows)
    part = backtest.scored_snapshot(later, {"model": curve.probability(log_odds)}, curve)
    return found | {"auc": _auc(later, log_odds), "recency": _recency(later), "level": quality.churners(part, 500)}


def _graded(test: pl.DataFrame, prior: PackagedPrior, settings: Params) -> dict[str, Any]:
    scored = {"model": prior.curve().probability(prior.ensemble(test, (0, HORIZON)).margins(test))}
    part = backtest.scored_snapshot(test, scored | backtest.score_in_hindsight(test, settings.label), prior.curve())
    evaluate, longest = settings.evaluate, max(settings.evaluate.top_shares)
    resampled = bootstrap.resample([part], evaluate.top_shares, evaluate.draws)
    graded = grade.grade(resampled, grade.Evidence(None, calibrated=True, contacted=longest, is_prior=True))
    why = graded.because[0] if graded.letter == "F" else ""
    return {"grade": graded.letter, "why": str(why), "test_auc": resampled.interval("model", "auc").value}


def later_list(shop: shops.Shop, prior: PackagedPrior, age: int) -> dict[str, float]:
    """AUC of the list of that age: by a model of the shop's own, and by the prior."""
    settings, given = shops.prepared(shop, age + HORIZON, EVERY, EVERY)
    complete = given.examples["snapshot"].unique().sort().to_list()
    parts = [split.by_time(complete, settings.label)]
    own = next(iter(backtest.backtest_model(given.examples, parts, given.features, settings.label, settings.model)))
    test, last = (given.examples.filter(pl.col("snapshot") == day) for day in (parts[0].validation, parts[0].test))
    return {
        "own": metrics.auc(own.churned, own.scored["model"]),
        "prior": _auc(last, prior.ensemble(test, (0, HORIZON)).margins(last)),
    }


def draw(kind: str, number: int, prior: PackagedPrior) -> dict[str, Any]:
    """Everything about one shop; the later lists only of shops of which something is to be expected."""
    shop = shop_of(kind, number)
    found = {"kind": kind, "number": number} | first_list(shop, prior)
    if kind not in HOPELESS:
        whole = (max(shop.orders["ts"].to_list()) - shop.first).days + 1
        ages = [min(age, (whole - HORIZON) // EVERY * EVERY) for age in LATER]
        found |= {f"after_{label}": later_list(shop, prior, age) for label, age in zip(LATER, ages, strict=True)}
    return found


def limit(kind: str, start: int, prior: PackagedPrior) -> dict[str, Any]:
    """What 60 days of orders hold: models that learnt from the outcomes of thousands of other customers of a company.

    Parameters
    ----------
    kind
        The company.
    start
        Day of its calendar on which the 60 days begin.
    prior
        Beside them, on the same customers.
    """
    tables, log_odds, outcomes = [], [], []
    for number in range(LIMIT_COMPANIES):
        first = FIRST_DAY + timedelta(days=start)
        orders = shops.orders_of(COMPANIES[kind], SEED + number, start + DAYS + HORIZON)
        shop = shops.Shop(orders.filter(pl.col("ts") >= first), first, HORIZON, HORIZON)
        _, given = shops.prepared(shop, DAYS + HORIZON, DAYS - HORIZON, HORIZON)
        test, later = (part for _, part in sorted(given.examples.partition_by("snapshot", as_dict=True).items()))
        ensemble = prior.ensemble(test, (0, HORIZON))
        named = [*(feature.name for feature in given.features), P_NO_PURCHASE.name]
        tables.append(matrix(ensemble.completed(later), named))
        log_odds.append(ensemble.margins(later))
        outcomes.append(_churned(later))
    rows, churned = np.concatenate(tables), np.concatenate(outcomes)
    regression, trees = _cross_fitted(rows, churned)
    figures = {"prior": np.concatenate(log_odds), "regression": regression, "trees": trees}
    about = {"kind": kind, "start": start, "customers": len(churned)}
    return about | {name: round(metrics.auc(churned, score), 4) for name, score in figures.items()}


def _cross_fitted(rows: np.ndarray, churned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds of each customer by a regression and by trees that were fitted to four fifths of all others."""
    fold = np.random.default_rng(SEED).integers(0, 5, len(churned))
    regression, trees = np.zeros((2, len(churned)))
    for number in range(5):
        out, others = fold == number, fold != number
        fitted = additive_logistic.fit(rows[others], churned[others], cold_start_prior.LINES)
        regression[out] = fitted.log_odds(rows[out])
        trees[out] = gbm.log_odds(gbm.out_of_the_box((rows[others], churned[others]), 1, 1), rows[out])
    return regression, trees


def _churned(rows: pl.DataFrame) -> np.ndarray:
    return rows["churned"].to_numpy().astype(np.int8)


def _mean(rows: pl.DataFrame) -> float:
    return round(float(_churned(rows).mean()), 4)


def _auc(rows: pl.DataFrame, log_odds: np.ndarray) -> float:
    return metrics.auc(_churned(rows), log_odds)


def _recency(rows: pl.DataFrame) -> float:
    """AUC of the best recency rule, chosen in hindsight."""
    return _auc(rows, baselines.RecencyRule(rows, _churned(rows)).probability(rows))


def packaged() -> PackagedPrior:
    """The prior as it comes with the package."""
    return PackagedPrior.from_dict(storage.read_json(packaged_prior.FILE))


def main() -> None:
    """Draw, print, and write what was found."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=[*KINDS], metavar="KIND", help="kinds of shops")
    parser.add_argument("--shops", type=int, metavar="N", help="of each kind (default: as many as are reported)")
    options = parser.parse_args()
    prior = packaged()
    found: dict[str, list[dict[str, Any]]] = {"shops": [], "limits": []}
    for kind in options.only:
        for number in range(options.shops or KINDS[kind]):
            found["shops"].append(draw(kind, number, prior))
            print(f"  {found['shops'][-1]}", flush=True)
        found["limits"] += [limit(kind, start, prior) for start in (0, 365) if kind in NAMED]
        if options.json:
            options.json.write_text(quality.as_json(found), encoding="utf-8")
    print(cold_start_table.markdown(found))


if __name__ == "__main__":
    main()
