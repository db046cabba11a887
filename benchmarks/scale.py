"""How do ``dvc repro`` and the weekly job grow with the number of customers, and what does one new week cost?

Run as ``python -m benchmarks.scale [--json FILE] [--customers N ...] [--repeats N]``. For each size a company is
written (30 lines and 20 events a customer, two years), a project is made for it by ``churn new``, and the real commands
are run in it: ``dvc repro``, and then in turns the weekly job for a week later with all of it to read, the same with
one new week to read, and what a notebook does from the same files (``weekly_in_pandas.py``).
"""

import math
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import command_line, company_files, measured_project, processes
from benchmarks.measured_project import CHURN
from pipeline.config import paths

DVC = str(Path(sys.executable).with_name("dvc"))
SIZES = (10_000, 100_000, 1_000_000)
STARTS = 5


def measure(customers: int, folder: Path, repeats: int) -> dict[str, Any]:
    """The costs of one size; the folder is empty."""
    project, rows = measured_project.make(folder, customers)
    processes.run([DVC, "config", "--local", "core.no_scm", "true"], project)
    repro, printed = processes.run([DVC, "repro"], project)
    # What `dvc repro` has read is known, so that a job which has it finds one new week.
    read, known = project / paths.REPRO.ingest_cache, folder / "known"
    read.rename(known)
    for file in (project / "new").iterdir():
        file.rename(project / "raw" / file.name)
    processes.run(in_pandas("train", project), folder)
    weekly = ([CHURN, "weekly", "--as-of", str(company_files.AS_OF), "--dry-run"], project)
    commands = {
        "weekly_anew": weekly,
        "weekly_one_new_week": weekly,
        "weekly_in_pandas": (in_pandas("make_list", project), folder),
    }
    turns: dict[str, list[processes.Cost]] = {job: [] for job in commands}
    for _ in range(repeats):
        for job, costs in turns.items():
            shutil.rmtree(read, ignore_errors=True)
            if job == "weekly_one_new_week":
                shutil.copytree(known, read)
            costs.append(processes.run(*commands[job])[0])
    return {
        "customers": customers,
        "rows": rows,
        "dvc_repro": repro._asdict(),
        **{job: _median(costs) for job, costs in turns.items()},
        "verdict": next((line for line in printed.splitlines() if line.startswith("Grade")), ""),
    }


def in_pandas(step: str, project: Path) -> list[str]:
    """The command that runs a step of ``weekly_in_pandas``."""
    return processes.alone(f"from benchmarks import weekly_in_pandas; weekly_in_pandas.{step}({str(project)!r})")


def start_up(folder: Path) -> dict[str, float]:
    """The median costs of ``churn --help``: what every command takes before it does anything."""
    return _median([processes.run([CHURN, "--help"], folder)[0] for _ in range(STARTS)])


def _median(costs: list[processes.Cost]) -> dict[str, float]:
    return {
        name: statistics.median(of) for name, of in zip(processes.Cost._fields, zip(*costs, strict=True), strict=True)
    }


def exponent(sizes: list[dict[str, Any]], job: str) -> float:
    """The power of the number of customers with which the processor time of a job grows, from smallest to largest.

    >>> sizes = [{"customers": n, "job": {"processor_seconds": 3 * n**2}} for n in (10, 1000)]
    >>> round(exponent(sizes, "job"), 6)
    2.0
    """
    small, large = (min(sizes, key=_customers), max(sizes, key=_customers))
    times = large[job]["processor_seconds"] / small[job]["processor_seconds"]
    return math.log(times) / math.log(large["customers"] / small["customers"])


def _customers(size: dict[str, Any]) -> int:
    customers: int = size["customers"]
    return customers


def report(result: dict[str, Any]) -> str:
    """The result as a small table."""
    lines = [f"{'customers':>10} {'job':<22}{'seconds':>9}{'processor':>11}{'peak MB':>9}"]
    lines += [
        f"{size['customers']:>10,} {job:<22}{size[job]['seconds']:>9.1f}{size[job]['processor_seconds']:>11.1f}"
        f"{size[job]['peak_mb']:>9,.0f}"
        for size in result["sizes"]
        for job in JOBS
    ]
    lines += [f"{job} grows with customers to the power of {power:.2f}" for job, power in result["exponents"].items()]
    return "\n".join(lines)


JOBS = ("dvc_repro", "weekly_anew", "weekly_one_new_week", "weekly_in_pandas")


def main() -> None:
    """Read the options, measure, print."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=SIZES, help="sizes (default: 10000 100000 1000000)")
    parser.add_argument("--repeats", type=int, default=3, help="turns of the weekly jobs (default: 3)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        beginning = start_up(Path(folder))
    sizes = []
    for customers in options.customers:
        with tempfile.TemporaryDirectory() as folder:
            sizes.append(measure(customers, Path(folder), options.repeats))
        print(report({"sizes": sizes[-1:], "exponents": {}}), flush=True)
    grown = {job: exponent(sizes, job) for job in JOBS} if len(sizes) > 1 else {}
    result = {"sizes": sizes, "exponents": grown, "start_up": beginning, "repeats": options.repeats}
    print(report(result))
    command_line.write(result, options.json)


if __name__ == "__main__":
    main()
