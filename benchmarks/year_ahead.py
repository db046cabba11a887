"""Is a year's order days and spend within the interval of 80 % as often as it says, and right in total?

Run as ``python -m benchmarks.year_ahead [--json FILE] [--only NAME ...] [--customers N] [--draws N]``. A data set of
`benchmarks.quality` is looked at from the latest snapshot with a year of outcomes after it and another one, over by
then, before it; where the data hold no two years, with as many days as they hold. Model, curve and corrections are made
of what was known on that day. Beside them BG/NBD x gamma-gamma alone, as fitted on the same day. Simulated companies
are drawn anew, and put together.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks import command_line, order_curve, quality, year_ahead_table
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.evaluation import event_curve_check
from pipeline.examples import spend_outcomes
from pipeline.examples.features import Feature, model_features
from pipeline.examples.snapshots import outcome_window
from pipeline.model import event_curve as curves
from pipeline.stages import run_stage, s1_ingest, s2_examples
from pipeline.tables import storage
from pipeline.value import purchase_process
from pipeline.value.expected_spend import NEEDS, Spend
from pipeline.value.possible_years import possible
from pipeline.value.year_ahead import INTERVAL, STEPS, Correction, YearAhead

Array = npt.NDArray[np.float64]
CUSTOMERS, DRAWS = 4000, 4
AS_IT_IS = Correction(1.0, STEPS)


@dataclass(frozen=True)
class Company:
    """What is known of a company: all examples, what was paid when, and its settings."""

    examples: pl.DataFrame
    paid: pl.DataFrame
    declared: list[Feature]
    settings: params.Params

    @classmethod
    def read(cls, paths: Paths, settings: params.Params) -> "Company":
        """Ingest and make examples, as the stages do."""
        run_stage(s1_ingest, settings, paths)
        run_stage(s2_examples, settings, paths)
        declared = model_features(settings.features, settings.sources)
        names = {feature.name: feature for feature in declared} | dict.fromkeys(NEEDS)
        files = storage.bucket_files(paths.tables / "transactions")
        paid = pl.concat([spend_outcomes.paid_days(file, settings.data.minor_digits) for file in files])
        return cls(order_curve.everything(paths, list(names), settings), paid, declared, settings)

    def snapshot(self, day: date, days: int) -> pl.DataFrame:
        """Those of one snapshot, with what came in the days after."""
        rows = self.examples.filter(pl.col("snapshot") == day)
        return spend_outcomes.with_outcomes(rows, self.paid, self.settings.label, days)


def run_data_set(data_set: Path, customers: int, draws: int) -> dict[str, Any] | None:
    """The figures of one data set, of all its draws together; None where too little is known for any."""
    drawn = order_curve.each_draw(data_set, customers, draws)
    parts = [part for settings, paths in drawn if (part := _compared(Company.read(paths, settings))) is not None]
    if not parts:
        return None
    days, snapshots, both = zip(*parts, strict=True)
    rows = {name: pl.concat([each[name] for each in both]) for name in both[0]}
    about = {"days": days[0], "snapshots": sorted({str(day) for day in snapshots}), "draws": len(parts)}
    return about | {name: _figures(each) for name, each in rows.items()}


def _compared(known: Company) -> tuple[int, date, dict[str, pl.DataFrame]] | None:
    label, until = known.settings.label, known.settings.snapshots.observed_until
    snapshots = known.examples["snapshot"].unique().sort().to_list()
    for days in (365, *(one for one in reversed(curves.DAYS) if one < 365)):
        over = [day for day in snapshots if (until - outcome_window(day, label).start).days >= days]
        before = [day for day in over if (over[-1] - outcome_window(day, label).start).days >= days]
        if before and (rows := _at(known, over[-1], before[-1], days)) is not None:
            return days, over[-1], rows
    return None


def _at(known: Company, day: date, earlier: date, days: int) -> dict[str, pl.DataFrame] | None:
    """Chances of what came on the day and after, by the pipeline and by BG/NBD x gamma-gamma alone."""
    label, model = known.settings.label, known.settings.model
    own = order_curve.trained(known.examples, day, label.horizon_days, known.declared, known.settings)
    corrected = YearAhead.fit(known.snapshot(earlier, days), days)
    if own is None or corrected is None:
        return None
    curve = curves.fit(known.examples.filter(pl.col("snapshot") < day), own.ensemble, day, label, model)
    assert curve is not None, "the horizon is over at the earlier snapshot"
    rows = known.snapshot(day, days)
    log_odds = own.calibration.log_odds(own.ensemble.margins(rows), rows)
    silent = curve.no_event(own.ensemble, rows, log_odds)[:, curve.days.index(days)]
    # As training does: on the latest snapshot behind those that validate and test.
    apart = 2 * (label.gap_days + label.horizon_days)
    spend = Spend.fit(known.examples.filter(pl.col("snapshot") <= day - timedelta(days=apart)))
    by_rhythm = purchase_process.p_no_purchase(spend.purchases, rows, label.gap_days, days)
    courses = possible(spend, rows, days)
    sides = {"order_days": courses.order_days.astype(np.float64), "spend": courses.spend}
    came = {"order_days": spend_outcomes.ORDER_DAYS, "spend": spend_outcomes.NET_SPEND}
    return {
        f"{name}{which}": _one(correction, sides[name], chance, rows[came[name]].cast(pl.Float64).to_numpy())
        for name in sides
        for which, correction, chance in (
            ("", getattr(corrected, name), silent), ("_alone", AS_IT_IS, by_rhythm),
        )
    }  # fmt: skip


def _one(correction: Correction, courses: Array, no_order: Array, came: Array) -> pl.DataFrame:
    low, high = correction.chances(courses, no_order, came)
    ends = (correction.quantile(courses, no_order, share) for share in INTERVAL)
    expected = (1 - no_order) * courses.mean(axis=1) * correction.level
    return pl.DataFrame(dict(zip(("expected", "from", "until", "low", "high", "came"),
                                 (expected, *ends, low, high, came), strict=True)))  # fmt: skip


def _figures(rows: pl.DataFrame) -> dict[str, Any]:
    """Totals, and how many lie within: as printed, and with what has a chance of its own shared out (randomised)."""
    low, high, came = (rows[name].to_numpy() for name in ("low", "high", "came"))
    below, _, above = event_curve_check.parts_of(low, high)
    printed = (came >= rows["from"].to_numpy()) & (came <= rows["until"].to_numpy())
    within = float(1 - below.mean() - above.mean())
    return {
        "customers": len(rows), "came": round(float(came.sum()), 2),
        "expected_over_came": round(float(rows["expected"].sum() / came.sum()), 4),
        "below": round(float(below.mean()), 4), "within": round(within, 4), "above": round(float(above.mean()), 4),
        "printed": round(float(printed.mean()), 4),
        "mean_absolute_error": round(float(np.abs(rows["expected"].to_numpy() - came).mean()), 4),
    }  # fmt: skip


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
        figures = run_data_set(known[name], options.customers, options.draws)
        print(f"{name}: {figures}", flush=True)
        if figures is not None:
            result[name] = figures
        if options.json:
            options.json.write_text(quality.as_json(result), encoding="utf-8")
    print(year_ahead_table.markdown(result))


if __name__ == "__main__":
    main()
