"""How long do the features of a snapshot take, next to pandas and to the least that any engine has to do?

Run as ``python -m benchmarks.features [--json FILE] [--customers N] [--repeats N]``. A company is written and read by
``churn stage ingest``; then the contenders take turns, each in a process of its own, on the same tables:

- ``floor``: DuckDB counts and sums the order lines by customer, from the files as they came, ordered by time;
- ``one_snapshot`` and ``eight_snapshots``: the stage ``examples``, all features, of one day and of eight weekly ones;
- ``fifty``: the features that ``pandas`` makes, by the functions of that stage, without its checks of the feeds;
- ``pandas``: fifty of these features of one day, each by the shortest way that pandas has;
- ``featuretools``: what it makes by itself of the same tables, of `FEW` customers, if ``make bench`` installed it.

Reading is part of each but featuretools, starting Python and importing libraries of none. Memory is that of the largest
process; a stage starts two.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import chdir
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks import command_line, company_files, measured_project, pandas_features, processes
from benchmarks.measured_project import CHURN
from pipeline import sql
from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.examples import build
from pipeline.examples.features import Feature, Formula, available
from pipeline.stages import run_stage, s2_examples
from pipeline.tables import buckets, storage

ROOT = Path(__file__).resolve().parents[1]
ONLY = "from benchmarks.features import main; main()"
WEEKS = 8
# It takes minutes for more.
FEW = 20_000
# It needs other releases of what is in the lock.
FEATURETOOLS = ROOT / ".featuretools"


def last_day() -> date:
    """The snapshot that is measured: the first day of which the files know nothing."""
    return company_files.AS_OF - timedelta(days=company_files.NEW_DAYS)


def floor() -> int:
    """Count and sum by customer: two features."""
    settings = params.load().storage
    with sql.connect(settings.threads, settings.memory_gb) as engine:
        lines = sql.parquet(sorted(Path("raw").glob("lines-*.parquet")))
        sums = sql.frame(engine, f"SELECT customer, count(*), sum(paid) FROM {lines} GROUP BY customer")
    return len(sums.columns) - 1


def snapshots(number: int) -> int:
    """Run the stage for weekly snapshots, of which `last_day` is the last, and say how many features it made."""
    days = [last_day() - timedelta(weeks=back) for back in range(number)][::-1]
    run_stage(s2_examples, params.load(), days=days)
    return _made()


def fifty() -> int:
    """Make the features that pandas makes, of one day, and say how many they are."""
    settings, names = params.load(), pandas_features.names()
    declared = with_what_they_rest_on(names, available(settings.features, settings.sources))
    jobs = [
        build.Job(
            bucket, REPRO.tables, REPRO.examples, [last_day()], settings.snapshots, settings.label, declared,
            settings.data.minor_digits, settings.storage.threads, settings.storage.memory_gb / settings.storage.workers,
            REPRO.market,
        )
        for bucket in range(len(storage.bucket_files(REPRO.tables / "transactions")))
    ]  # fmt: skip
    list(buckets.map_buckets(build.build, jobs, settings.storage, "examples"))
    return _made()


def with_what_they_rest_on(names: list[str], declared: list[Feature]) -> list[Feature]:
    """The declarations of these features and, as parts, of those that their formulas need."""
    known, needed = {feature.name: feature for feature in declared}, set(names)
    while (
        more := {
            name for one in needed if isinstance(how := known[one].how, Formula) for name in how.inputs if name in known
        }
        - needed
    ):
        needed |= more
    parts = needed - set(names)
    return [replace(feature, is_part=feature.name in parts) for feature in declared if feature.name in needed]


def _made() -> int:
    written = pl.read_parquet_schema(storage.bucket_files(REPRO.examples)[0])
    return len(set(written) - {"snapshot", "customer_key", "churned"})


def in_pandas() -> int:
    """The same snapshot by pandas, and how many features it made."""
    return len(pandas_features.of_tables(REPRO.tables, last_day()).columns)


CONTENDERS: dict[str, Callable[[], int]] = {
    "floor": floor,
    "one_snapshot": lambda: snapshots(1),
    "eight_snapshots": lambda: snapshots(WEEKS),
    "fifty": fifty,
    "pandas": in_pandas,
}


def measure(customers: int, repeats: int, folder: Path) -> dict[str, Any]:
    """Medians of every contender, which take turns; the folder is empty."""
    project, rows = measured_project.make(folder, customers)
    processes.run([CHURN, "stage", "ingest"], project)
    commands = {
        name: processes.alone(ONLY, "--only", name, "--project", str(project)) for name in CONTENDERS
    } | _by_featuretools(project)
    turns: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, costs in turns.items():
            whole, printed = processes.run(commands[name], folder)
            costs.append(json.loads(printed.splitlines()[-1]) | {"peak_mb": whole.peak_mb})
    return {
        "customers": customers,
        "rows": rows,
        "repeats": repeats,
        "contenders": {
            name: {figure: statistics.median(cost[figure] for cost in costs) for figure in costs[0]}
            for name, costs in turns.items()
        },
    }


def _by_featuretools(project: Path) -> dict[str, list[str]]:
    """The command that measures it; none where it is not installed."""
    if not (FEATURETOOLS / "installed").is_file():
        return {}
    program = repr(str(ROOT / "benchmarks" / "by_featuretools.py"))
    alone = (
        f"import runpy, sys; sys.path.insert(0, {str(FEATURETOOLS)!r}); runpy.run_path({program}, run_name='__main__')"
    )
    return {"featuretools": [sys.executable, "-c", alone, str(project), str(FEW), str(last_day())]}


def one(name: str, project: Path) -> dict[str, float]:
    """What one contender took in this process."""
    with chdir(project):
        start = time.perf_counter()
        made = CONTENDERS[name]()
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "features": made}


def main() -> None:
    """Read the options, measure, print."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000, help="customers (default: 1000000)")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each contender (default: 5)")
    parser.add_argument("--only", choices=[*CONTENDERS], help=argparse.SUPPRESS)
    parser.add_argument("--project", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(one(options.only, options.project)))
        return
    with tempfile.TemporaryDirectory() as folder:
        result = measure(options.customers, options.repeats, Path(folder))
    print(json.dumps(result, indent=2))
    command_line.write(result, options.json)


if __name__ == "__main__":
    main()
