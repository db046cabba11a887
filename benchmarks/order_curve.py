"""Is one curve of the next order as good as one model per horizon, and better than the rhythm of each customer alone?

Run as ``python -m benchmarks.order_curve [--json FILE] [--only NAME ...] [--customers N] [--draws N]``. Each data set
of `benchmarks.quality` is looked at from two origins, simulated ones in several draws. At each, the model is trained on
what was known then, and three forecasts of no order until each day ahead are held to what came: the curve, BG/NBD, and
the whole recipe trained anew for every single day. Days count that are over at the end of the data, and for which there
are three windows apart to train, validate and test. The score is the integrated Brier score: the mean over the days
ahead, less is better. How sure a difference is, customers say who are drawn anew, each with all of his or her rows.
"""

import tempfile
from collections.abc import Iterator
from contextlib import chdir
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit

from benchmarks import command_line, order_curve_table, paired_draws, quality
from pipeline.config import params
from pipeline.config.errors import NotEnoughData
from pipeline.config.paths import Paths
from pipeline.evaluation import event_curve_check, integrated_brier
from pipeline.examples import labelled, lines, next_events
from pipeline.examples.features import Feature, model_features
from pipeline.model import event_curve, event_days, split, training
from pipeline.stages import run_stage, s1_ingest, s2_examples
from pipeline.tables import storage
from pipeline.value import purchase_process

Array = npt.NDArray[np.float64]
Measured = tuple[dict[str, Any], pl.DataFrame]
CUSTOMERS, DRAWS, ORIGINS = 4000, 3, 2
SHARES = (0.1, 0.9)


def run_data_set(data_set: Path, customers: int, draws: int) -> dict[str, Any]:
    """The figures of one data set: of each origin, and how far the curve is from each other forecast at all of them."""
    cutoffs, losses = [], []
    for draw, (settings, paths) in enumerate(each_draw(data_set, customers, draws), start=1):
        run_stage(s1_ingest, settings, paths)
        run_stage(s2_examples, settings, paths)
        declared = model_features(settings.features, settings.sources)
        examples = everything(paths, [feature.name for feature in declared], settings)
        for figures, of_each in _origins(examples, declared, settings):
            cutoffs.append({"draw": draw} | figures)
            losses.append(of_each.with_columns(pl.format("{} of {}", "customer", pl.lit(draw)).alias("customer")))
    apart = {other: paired_draws.relative(losses, "curve", other) for other in order_curve_table.SCORES[1:]}
    return {"cutoffs": cutoffs, "apart": apart}


def each_draw(data_set: Path, customers: int, draws: int) -> Iterator[tuple[params.Params, Paths]]:
    """Settings and places of a company, of a simulated one as often as it is drawn; one is in its folder meanwhile."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = quality.settings_of(data_set, folder)
        company = quality.company_of(settings)
        if company is None:
            with chdir(quality.ROOT):
                yield settings, Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
            return
    for seed in range(1, draws + 1):
        with quality.drawn(company, customers, seed) as drawn:
            yield drawn


def everything(paths: Paths, names: list[str], settings: params.Params) -> pl.DataFrame:
    """The examples of all snapshots with these columns, and the days to the next order, whatever was known then."""
    rows = storage.scan_buckets(paths.examples, ["snapshot", "customer_key", *names])
    examples = rows.sort("snapshot", "customer_key").collect()
    files = storage.bucket_files(paths.tables / "transactions")
    bought = pl.concat([lines.purchase_days(file).select("customer_key", "day") for file in files])
    return next_events.with_days_to_event(examples, bought, settings.label)


def _origins(examples: pl.DataFrame, declared: list[Feature], settings: params.Params) -> Iterator[Measured]:
    snapshots = examples["snapshot"].unique().sort().to_list()
    until = settings.snapshots.observed_until
    # Two fifths of what is known lie ahead of an origin, a year at most, and as much behind it.
    ahead = min(365, (until - snapshots[0]).days * 2 // 5)
    able = [day for day in snapshots if (until - day).days >= ahead and (day - snapshots[0]).days > ahead]
    for place in sorted({0, len(able) // ORIGINS}):
        yield _origin(examples, able[place], until, declared, settings)


def _origin(
    examples: pl.DataFrame, day: date, until: date, declared: list[Feature], settings: params.Params
) -> Measured:
    label, rows = settings.label, examples.filter(pl.col("snapshot") == day)
    own = trained(examples, day, label.horizon_days, declared, settings)
    assert own is not None, f"{day}: there are windows enough for the horizon of the data set"
    curve = event_curve.fit(examples.filter(pl.col("snapshot") < day), own.ensemble, day, label, settings.model)
    assert curve is not None
    log_odds = own.calibration.log_odds(own.ensemble.margins(rows), rows)
    no_order = curve.no_event(own.ensemble, rows, log_odds)
    over = (until - day).days - label.gap_days
    each = {
        ahead: expit(made.calibration.log_odds(made.ensemble.margins(rows), rows))
        for ahead in curve.days
        if ahead <= over and (made := trained(examples, day, ahead, declared, settings)) is not None
    }
    days = sorted(each)
    rhythm = own.ensemble.purchase_process
    assert rhythm is not None
    forecasts = {
        "curve": no_order[:, [curve.days.index(ahead) for ahead in days]],
        "one_per_horizon": np.column_stack([each[ahead] for ahead in days]),
        "bg_nbd": np.column_stack(
            [purchase_process.p_no_purchase(rhythm, rows, label.gap_days, ahead) for ahead in days]
        ),
    }
    came = rows[next_events.DAYS_TO_EVENT].fill_null(over).to_numpy()
    losses = {name: integrated_brier.row_scores(chances, came, days) for name, chances in forecasts.items()}
    scores = {name: round(float(each.mean()), 6) for name, each in losses.items()}
    held = interval(no_order, curve.days, came, over)
    figures = {"snapshot": str(day), "customers": len(rows), "days": days, **scores, **held}
    return figures, pl.DataFrame({"customer": rows["customer_key"], **losses})


def trained(
    examples: pl.DataFrame, day: date, ahead: int, declared: list[Feature], settings: params.Params
) -> training.Trained | None:
    """The recipe with another horizon, on what was known on a day; None where there are no three windows apart."""
    label = settings.label.model_copy(update={"horizon_days": ahead})
    need = label.gap_days + ahead
    known = [one for one in examples["snapshot"].unique().sort() if (day - one).days >= need]
    try:
        parts = split.by_time([*known, day], label)
    except NotEnoughData:
        return None
    came = pl.col(next_events.DAYS_TO_EVENT).fill_null(10**6) < ahead
    churned = came if label.kind == "cancellation" else ~came
    rows = examples.filter(pl.col("snapshot") <= parts.validation).with_columns(churned.cast(pl.Int8).alias("churned"))
    train, later = labelled.select_days(rows, parts.train), labelled.select_days(rows, [parts.validation])
    if any(part["churned"].n_unique() < 2 for part in (train, later)):
        return None
    return training.train(train, later, declared, label, settings.model, rows)


def interval(no_order: Array, days: tuple[int, ...], came: Array, over: int) -> dict[str, float | None]:
    """Of those whose interval of 80 % ends while it is known what came: how many ordered earlier, within and later.

    Of a day at an end of the interval, the part within it counts (randomised). ``whole_days`` counts it in full.
    """
    low, high = (event_days.day_reached(no_order, days, share) for share in SHARES)
    known = high <= over
    if not known.any():
        return {"with_end": 0.0, "earlier": None, "within": None, "later": None, "whole_days": None}
    parts = event_curve_check.sides(no_order[known], days, came[known], over)
    shares = {
        name: round(float(part.mean()), 4) for name, part in zip(("earlier", "within", "later"), parts, strict=True)
    }
    whole = (came[known] >= np.floor(low[known])) & (came[known] <= high[known])
    return {"with_end": round(float(known.mean()), 4), **shares, "whole_days": round(float(whole.mean()), 4)}


def main() -> None:
    """Measure, print, and write what was found."""
    known = quality.data_sets()
    parser = command_line.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=known, metavar="NAME", help="data sets to run (default: all)")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help=f"of simulated ones (default: {CUSTOMERS})")
    parser.add_argument("--draws", type=int, default=DRAWS, help=f"of each simulated one (default: {DRAWS})")
    options = parser.parse_args()
    result: dict[str, dict[str, Any]] = {}
    for name in options.only or known:
        result[name] = run_data_set(known[name], options.customers, options.draws)
        print(f"{name}: {result[name]}", flush=True)
        if options.json:
            options.json.write_text(quality.as_json(result), encoding="utf-8")
    print(order_curve_table.markdown(result))


if __name__ == "__main__":
    main()
