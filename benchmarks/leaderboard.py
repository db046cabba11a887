"""How does the pipeline do beside what others use? A churn protocol with fixed cut-off days, on the same rows for all.

Run as ``make leaderboard``, or ``python -m benchmarks.leaderboard [--json FILE] [--only NAME ...] [--customers N]``.
The protocol is that of the churn tasks of RelBench (Robinson et al. 2024): a cut-off day; customers active in a window
before it; the label is no order in the horizon after it; features and fits from before it. Several test cut-offs, whose
outcome windows do not overlap, are averaged. Who takes part is in ``benchmarks/contestants.py``.

On the whole companies of ``churn simulate`` the top of each list is acted on, and what that keeps is known: the true
uplift of the offer that keeps most of each listed customer, times the value, less its cost.
"""

import tempfile
import time
from contextlib import chdir
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from benchmarks import command_line, feeds, leaderboard_profit, leaderboard_table, quality
from benchmarks.contestants import OURS, RIVALS, Array, Task, taking_part
from pipeline.commands import simulate
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.evaluation import backtest, bootstrap, calibration_check
from pipeline.evaluation.bootstrap import Resampled, ScoredSnapshot
from pipeline.examples import labelled
from pipeline.model.split import Split
from pipeline.tables import storage

# One outcome window for each packaged data set; the simulated companies in which there is something to learn.
PACKAGED: Final = ("cdnow_60", "cj_30")
SIMULATED: Final = ("default", "engagement_leads", "seasonal_drift", "sparse")
DATA_SETS: Final = (*PACKAGED, *(f"{quality.SIMULATED}{company}" for company in SIMULATED), *feeds.COMPANIES)
# Smaller than in the other benchmarks: seven methods at three cut-offs each have to end within a quarter of an hour.
CUSTOMERS: Final = {f"{quality.SIMULATED}{company}": 2500 for company in SIMULATED} | {
    "retailer": 5000, "subscription": 2500, "b2b": 5000,
}  # fmt: skip
# Another one than that of the benchmarks in which anything was chosen.
SEED: Final = 7
SHOWN: Final = leaderboard_table.RESAMPLED


def settings_of(name: str, folder: Path) -> params.Params:
    """The settings of a data set: those of the benchmark of quality, or of the whole companies."""
    if name in feeds.COMPANIES:
        return feeds.settings_of(name, folder)
    return quality.settings_of(quality.data_sets()[name], folder)


def run_data_set(name: str, settings: params.Params, folder: Path, customers: int | None = None) -> dict[str, Any]:
    """All figures of one data set.

    Parameters
    ----------
    name
        One of `DATA_SETS`.
    settings
        Those it is read and learnt with.
    folder
        Where files are put.
    customers
        How many a simulated company has had; None takes `CUSTOMERS`.
    """
    paths = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
    company = name if name in feeds.COMPANIES else quality.company_of(settings)
    # Paths of a simulated company's files are read from its folder.
    with chdir(folder if company else quality.ROOT):
        size = customers or CUSTOMERS.get(name)
        if company and size:
            _simulated(company, settings, size)
        given = quality.prepared(settings, paths)
        cutoffs = feeds.origins(labelled.complete_days(paths), settings)
        parts = scored_snapshots(settings, given, cutoffs)
        profit = leaderboard_profit.measured(name, settings, given.examples, cutoffs, parts, paths)
        notice = storage.read_json(paths.ingest_report)["notice"]
    about = {"simulated": company, "simulated_customers": size if company else None,
             "active_days": settings.snapshots.active_days, "horizon_days": settings.label.horizon_days,
             "kind": settings.label.kind, "features": len(given.features), "notice": notice}  # fmt: skip
    return about | summary(parts, settings.evaluate) | {"profit": profit}


def _simulated(company: str, settings: params.Params, customers: int) -> None:
    label = settings.label
    plan = simulate.plan(
        company, customers=customers, days=quality.DAYS, seed=SEED, every_days=settings.snapshots.every_days,
        gap_days=label.gap_days, horizon_days=label.horizon_days,
    )  # fmt: skip
    simulate.run(company, plan, Path("raw/simulated"), workers=settings.storage.workers)


def scored_snapshots(settings: params.Params, given: quality.Prepared, cutoffs: list[Split]) -> list[ScoredSnapshot]:
    """The pipeline and all rivals at every test cut-off, on the same rows."""
    start = time.perf_counter()
    ours = list(backtest.backtest_model(given.examples, cutoffs, given.features, settings.label, settings.model))
    if [part.snapshot for part in ours] != [str(cutoff.test) for cutoff in cutoffs]:
        raise ValueError("a cut-off holds too little to learn or to judge: simulate more customers")
    print(f"  {OURS}: {time.perf_counter() - start:.0f} s", flush=True)
    names = [feature.name for feature in given.features]
    parts = []
    for cutoff, own in zip(cutoffs, ours, strict=True):
        # The very rows the pipeline's last fit has seen; none of their outcomes lies after the cut-off.
        known = given.examples.filter(pl.col("snapshot") <= cutoff.validation)
        test = labelled.select_days(given.examples, [cutoff.test])
        scored = {OURS: own.scored["model"]} | _rivals(Task(known, names, settings.label, settings.model), test)
        parts.append(ScoredSnapshot(own.snapshot, own.customers, own.churned, scored))
    return parts


def _rivals(task: Task, test: pl.DataFrame) -> dict[str, Array]:
    scored = {}
    # One thread: sums of several differ in their last digits from run to run.
    with threadpool_limits(1):
        for name, rival in taking_part().items():
            start = time.perf_counter()
            scored[name] = rival.fit(task)(test)
            print(f"  {test['snapshot'][0]} {name}: {time.perf_counter() - start:.0f} s", flush=True)
    return scored


def summary(parts: list[ScoredSnapshot], settings: params.Evaluate) -> dict[str, Any]:
    """Figures of all contestants, the mean over cut-offs, and the lead of the pipeline over each."""
    resampled = bootstrap.resample(parts, [], settings.draws)
    return {
        "snapshots": [part.snapshot for part in parts],
        "rows": sum(len(part.churned) for part in parts),
        "customers": len(np.unique(np.concatenate([part.customers for part in parts]))),
        "churn_rate": round(float(np.concatenate([part.churned for part in parts]).mean()), 4),
        "figures": {
            name: {f: quality.three(resampled.interval(name, f)) for f in SHOWN} for name in resampled.seen
        },
        "lead": {name: _lead(resampled, name) for name in resampled.seen if name != OURS},
        "calibration": {name: _calibration(parts, name, settings) for name in resampled.seen},
    }  # fmt: skip


def _lead(resampled: Resampled, other: str) -> dict[str, list[float]]:
    return {figure: quality.three(resampled.difference(OURS, other, figure)) for figure in SHOWN}


def _calibration(parts: list[ScoredSnapshot], name: str, settings: params.Evaluate) -> dict[str, float]:
    """Calibration error of the pooled rows, and what perfect probabilities stay below 19 times of 20."""
    churned = np.concatenate([part.churned for part in parts])
    probability = np.concatenate([part.scored[name] for part in parts])
    groups = settings.calibration_groups
    chance = calibration_check.error_by_chance(probability, groups, settings.draws)
    return {
        "error": round(calibration_check.calibration_error(churned, probability, groups), 4),
        "by_chance_95_percent": round(float(np.percentile(chance, 95)), 4),
    }


def main() -> None:
    """Measure, print, and write what was found."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=DATA_SETS, metavar="NAME", help="data sets to run (default: all)")
    parser.add_argument("--customers", type=int, metavar="N", help="how many each simulated company has")
    options = parser.parse_args()
    rivals = taking_part()
    if absent := [rival.title for name, rival in RIVALS.items() if name not in rivals]:
        print(f"not installed, so not taking part: {', '.join(absent)}; run: make leaderboard")
    versions = {name: rival.version for name, rival in rivals.items() if rival.version}
    result: dict[str, Any] = {"versions": versions, "data_sets": {}}
    for name in options.only or DATA_SETS:
        print(f"{name}:", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            settings = settings_of(name, Path(folder))
            result["data_sets"][name] = run_data_set(name, settings, Path(folder), options.customers)
        if options.json:
            options.json.write_text(quality.as_json(result), encoding="utf-8")
    print(leaderboard_table.markdown(result))


if __name__ == "__main__":
    main()
