"""How fast is a whole company simulated, and in how much memory?

Run as ``python -m benchmarks.simulate [--json FILE]``. One run of ``churn simulate`` for a million customers, written
to a folder that is then thrown away: seconds, customers and rows per second, and the most memory a process held.
"""

import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import command_line
from pipeline.commands import simulate as job
from pipeline.tables import storage


def peak_mb(who: int) -> float:
    """The most memory held so far by this process, or by the largest of its workers that have ended."""
    return resource.getrusage(who).ru_maxrss / 1024


def measure(setting: str, customers: int, every_days: int, workers: int) -> dict[str, Any]:
    """Simulate once."""
    plan = job.plan(setting, customers=customers, days=None, seed=1, every_days=every_days, gap_days=0, horizon_days=90)
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "simulated"
        start = time.perf_counter()
        job.run(setting, plan, to, workers)
        seconds = time.perf_counter() - start
        rows = storage.read_json(to / job.SETTINGS)["rows"]
        size_mb = sum(file.stat().st_size for file in to.iterdir()) / 1e6
    return {
        "setting": setting,
        "customers": customers,
        "transactions_per_customer": rows["transactions"] / customers,
        "rows": rows,
        "snapshots": len(plan.snapshots),
        "workers": workers,
        "processors": os.cpu_count(),
        "seconds": seconds,
        "customers_per_second": customers / seconds,
        "rows_per_second": sum(rows.values()) / seconds,
        "files_mb": size_mb,
        "peak_mb": {"main": peak_mb(resource.RUSAGE_SELF), "largest_worker": peak_mb(resource.RUSAGE_CHILDREN)},
    }


def report(result: dict[str, Any]) -> str:
    """The result in three lines."""
    peak = result["peak_mb"]
    return "\n".join(
        [
            f"{result['customers']:,} customers of setting {result['setting']}, "
            f"{result['transactions_per_customer']:.1f} transactions each, truth at {result['snapshots']} snapshots",
            f"{result['seconds']:.0f} s with {result['workers']} workers: "
            f"{result['customers_per_second']:,.0f} customers/s, {result['rows_per_second']:,.0f} rows/s, "
            f"{result['files_mb']:,.0f} MB of files",
            f"peak memory: {peak['main']:.0f} MB here, {peak['largest_worker']:.0f} MB in the largest worker",
        ]
    )


def main() -> None:
    """Read the options, measure, print."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--setting", default="retailer", help="which company (default: retailer)")
    parser.add_argument("--customers", type=int, default=1_000_000, help="how many (default: 1000000)")
    parser.add_argument("--every-days", type=int, default=30, help="days between snapshots (default: 30)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    options = parser.parse_args()
    result = measure(options.setting, options.customers, options.every_days, options.workers)
    print(report(result))
    command_line.write(result, options.json)


if __name__ == "__main__":
    main()
