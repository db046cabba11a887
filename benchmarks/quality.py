"""How good are the forecasts, next to every baseline and to the best that could be known?

Run as ``python -m benchmarks.quality [--json FILE] [--only NAME ...]``. Each file of ``benchmarks/data_sets`` is a data
set: an overlay of ``params.yaml``, as ``churn use`` takes it. Where its ``data.name`` is ``simulated_`` and the name of
a company of ``churn simulate``, that company is simulated first and its truth judged on the same rows. The recipe is
trained anew at every rolling origin, the test snapshot last, and judged with all baselines on what came after.
"""

import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks import command_line, quality_table
from pipeline.commands import simulate
from pipeline.config import overlay, params
from pipeline.config.paths import Paths
from pipeline.evaluation import backtest, bootstrap, calibration_check
from pipeline.evaluation.bootstrap import Interval, Resampled, ScoredSnapshot
from pipeline.examples import labelled
from pipeline.examples.features import Feature, model_features
from pipeline.model import split
from pipeline.model.split import Split
from pipeline.stages import run_stage, s1_ingest, s2_examples
from pipeline.tables import storage

ROOT = Path(__file__).resolve().parent.parent
DATA_SETS = Path(__file__).resolve().parent / "data_sets"
SIMULATED, TRUTH = "simulated_", ("best_probability", "true_probability")
# A simulated company: as many customers as docs/simulated-company.md has its figures from, over three years: with
# less, nobody has seen a season come twice.
CUSTOMERS, DAYS, SEED = 12_000, 1096, 1
SHOWN = ("auc", "average_precision", "brier")


def data_sets() -> dict[str, Path]:
    """The overlay of each data set, by name."""
    return {file.stem: file for file in sorted(DATA_SETS.glob("*.yaml"))}


def settings_of(data_set: Path, folder: Path) -> params.Params:
    """The settings of ``params.yaml`` with those of the data set written over them."""
    file = folder / "params.yaml"
    shutil.copy(ROOT / "params.yaml", file)
    overlay.apply(data_set, file)
    return params.load(file)


def company_of(settings: params.Params) -> str | None:
    """The company that has to be simulated, if any."""
    name = settings.data.name
    return name.removeprefix(SIMULATED) if name.startswith(SIMULATED) else None


def run_data_set(data_set: Path, customers: int = CUSTOMERS) -> dict[str, Any]:
    """Everything that is told of one data set.

    Parameters
    ----------
    data_set
        The overlay.
    customers
        How many customers a simulated company has.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = settings_of(data_set, folder)
        company = company_of(settings)
        # Paths of a company's own files are read from here, those of a simulated one from its folder.
        with chdir(folder if company else ROOT):
            paths = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
            if company:
                simulated(company, settings, customers)
            parts = list(_scored_snapshots(settings, prepared(settings, paths)))
            if company:
                parts = [beside_the_truth(part, truth_of(paths)) for part in parts]
        notice = storage.read_json(paths.ingest_report)["notice"]
    about = {
        "active_days": settings.snapshots.active_days, "gap_days": settings.label.gap_days,
        "horizon_days": settings.label.horizon_days, "simulated": company, "notice": notice,
    }  # fmt: skip
    spans = {"last": parts[-1:], "apart": _apart(parts, settings.label), "cutoffs": parts}
    figures = {name: _span(span, settings.evaluate) for name, span in spans.items()}
    calibration = {name: _calibration(spans[name], settings.evaluate) for name in ("last", "cutoffs")}
    came = [churners(part, settings.evaluate.draws) for part in parts]
    return about | figures | {"calibration": calibration, "churners": came}


def simulated(company: str, settings: params.Params, customers: int, seed: int = SEED) -> None:
    """Write the files of a simulated company, and its truth, below the folder one is in."""
    label = settings.label
    plan = simulate.plan(
        company, customers=customers, days=DAYS, seed=seed, every_days=settings.snapshots.every_days,
        gap_days=label.gap_days, horizon_days=label.horizon_days,
    )  # fmt: skip
    simulate.run(company, plan, Path("raw/simulated"), workers=settings.storage.workers)


@contextmanager
def drawn(company: str, customers: int, seed: int) -> Iterator[tuple[params.Params, Paths]]:
    """A simulated company in a folder that goes again, which one is in meanwhile: its settings and places."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = settings_of(data_sets()[f"{SIMULATED}{company}"], folder)
        with chdir(folder):
            simulated(company, settings, customers, seed)
            yield settings, Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")


@dataclass(frozen=True)
class Prepared:
    """Labelled examples with the features of which they are made, and the origins at which they are judged."""

    examples: pl.DataFrame
    features: list[Feature]
    cutoffs: list[Split]


def prepared(settings: params.Params, paths: Paths) -> Prepared:
    """Ingest and make examples, as the stages do."""
    sources, label = settings.sources, settings.label
    run_stage(s1_ingest, settings, paths)
    run_stage(s2_examples, settings, paths)
    declared = model_features(settings.features, sources)
    examples = labelled.read(paths, [feature.name for feature in declared])
    complete = labelled.complete_days(paths)
    cutoffs = split.cutoffs(complete, label, settings.evaluate.min_training_snapshots)
    return Prepared(examples, declared, cutoffs or [split.by_time(complete, label)])


def _scored_snapshots(settings: params.Params, given: Prepared) -> Iterator[ScoredSnapshot]:
    """Model and baselines at every origin, the last snapshot last."""
    start = time.perf_counter()
    parts = backtest.backtest_all_models(given.examples, given.cutoffs, given.features, settings.label, settings.model)
    for number, part in enumerate(parts, start=1):
        seconds = time.perf_counter() - start
        print(
            f"  {part.snapshot}: {len(part.churned):,} customers, {number} of {len(given.cutoffs)}, {seconds:.0f} s",
            flush=True,
        )
        yield part


def truth_of(paths: Paths) -> pl.DataFrame:
    """What nature knew, by the pipeline's own key of the customer."""
    keys = storage.read_buckets(paths.tables / "transactions", ["customer_key", "customer_id"]).unique()
    truth = pl.read_parquet("raw/simulated/truth.parquet", columns=["customer_id", "snapshot", "churned", *TRUTH])
    return truth.join(keys, on="customer_id").with_columns(pl.col("customer_key").cast(pl.Int64))


def beside_the_truth(part: ScoredSnapshot, truth: pl.DataFrame) -> ScoredSnapshot:
    """The same rows with the two true probabilities as two more scorers."""
    at_snapshot = truth.filter(pl.col("snapshot") == date.fromisoformat(part.snapshot))
    rows = pl.DataFrame({"customer_key": part.customers}).join(
        at_snapshot, on="customer_key", how="left", maintain_order="left"
    )
    if rows["churned"].to_list() != part.churned.tolist():
        raise ValueError(f"{part.snapshot}: the simulation and the labels disagree on who churned")
    return replace(part, scored=part.scored | {name: rows[name].to_numpy() for name in TRUTH})


def _apart(parts: list[ScoredSnapshot], label: params.Label) -> list[ScoredSnapshot]:
    """The last three snapshots whose outcome windows do not overlap, or as many as there are."""
    chosen: list[ScoredSnapshot] = []
    for part in reversed(parts):
        days = (date.fromisoformat(chosen[-1].snapshot) - date.fromisoformat(part.snapshot)).days if chosen else None
        if len(chosen) < 3 and (days is None or days >= label.gap_days + label.horizon_days):
            chosen.append(part)
    return chosen[::-1]


def _span(parts: list[ScoredSnapshot], settings: params.Evaluate) -> dict[str, Any]:
    """Figures of all scorers, the mean over snapshots where there are several, and the model's lead over each."""
    resampled = bootstrap.resample(parts, [], settings.draws)
    others = [name for name in resampled.seen if name != "model"]
    baselines = [name for name in others if name not in TRUTH]
    return {
        "snapshots": [part.snapshot for part in parts],
        "rows": sum(len(part.churned) for part in parts),
        "customers": len(np.unique(np.concatenate([part.customers for part in parts]))),
        "churn_rate": round(float(np.concatenate([part.churned for part in parts]).mean()), 4),
        "best_baseline": max(baselines, key=lambda name: resampled.interval(name, "auc").value),
        "figures": {
            name: {figure: three(resampled.interval(name, figure)) for figure in SHOWN} for name in resampled.seen
        },
        "lead": {name: _lead(resampled, name) for name in others},
    }


def _lead(resampled: Resampled, other: str) -> dict[str, list[float]]:
    return {figure: three(resampled.difference("model", other, figure)) for figure in SHOWN}


def three(interval: Interval) -> list[float]:
    """The figure and the ends of its interval."""
    return [round(number, 4) for number in (interval.value, interval.low, interval.high)]


def _calibration(parts: list[ScoredSnapshot], settings: params.Evaluate) -> dict[str, Any]:
    """Calibration error of the pooled rows beside what chance makes of perfect probabilities; churners expected."""
    churned = np.concatenate([part.churned for part in parts])
    scorers = ["model", *(name for name in TRUTH if name in parts[0].scored)]
    return {name: _held_to(churned, np.concatenate([p.scored[name] for p in parts]), settings) for name in scorers}


def churners(part: ScoredSnapshot, draws: int) -> dict[str, Any]:
    """Churners of one snapshot beside those expected, and whether the model followed the time of the year.

    ``by_chance`` is the range (95 %) in which they fall if the probabilities are right; ``predicted`` that of the
    model,
    which knows how sure it is of its own level.
    """
    scorers = ["model", *(name for name in TRUTH if name in part.scored)]
    counts: dict[str, Any] = {
        "snapshot": part.snapshot, "in_season": part.in_season, "came": int(part.churned.sum()),
    }  # fmt: skip
    for name in scorers:
        expected = calibration_check.expected(part.churned, part.scored[name], draws)
        counts[name] = {"expected": round(expected.expected, 1), "by_chance": [expected.low, expected.high]}
    unsure = calibration_check.expected(part.churned, part.scored["model"], draws, part.level_error)
    counts["model"] |= {"predicted": [unsure.low, unsure.high]}
    return counts


def _held_to(churned: np.ndarray, probability: np.ndarray, settings: params.Evaluate) -> dict[str, Any]:
    groups = settings.calibration_groups
    chance = calibration_check.error_by_chance(probability, groups, settings.draws)
    expected = calibration_check.expected(churned, probability, settings.draws)
    return {
        "error": round(calibration_check.calibration_error(churned, probability, groups), 4),
        "by_chance_95_percent": round(float(np.percentile(chance, 95)), 4),
        "expected_churners": round(expected.expected, 1),
        "by_chance": [expected.low, expected.high],
        "churners": expected.observed,
    }


def as_json(result: dict[str, Any]) -> str:
    """Indented, with every figure and its interval on one line.

    >>> print(as_json({"auc": [0.8, 0.7, 0.9]}), end="")
    {
      "auc": [0.8, 0.7, 0.9]
    }
    """
    text = json.dumps(result, indent=2, ensure_ascii=False)
    return re.sub(r"\[\s+([^][{}]*?)\s+\]", lambda match: f"[{' '.join(match[1].split())}]", text) + "\n"


def main() -> None:
    """Measure, print, and write what was found."""
    known = data_sets()
    parser = command_line.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=known, metavar="NAME", help="data sets to run (default: all)")
    options = parser.parse_args()
    result = {}
    for name in options.only or known:
        print(f"{name}:", flush=True)
        result[name] = run_data_set(known[name])
        if options.json:
            options.json.write_text(as_json(result), encoding="utf-8")
    print(quality_table.markdown(result))


if __name__ == "__main__":
    main()
