"""A command measured as a whole: wall time, processor time, and the most memory one of its processes held."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

# A process begins with the memory of the one that starts it on its record, so a small one stands between: this program.
MEASURED = """
import json, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as report:
    json.dump({"processor_seconds": used.ru_utime + used.ru_stime, "peak_kb": used.ru_maxrss}, report)
sys.exit(code)
"""


ROOT = Path(__file__).resolve().parents[1]


def alone(program: str, *arguments: str) -> list[str]:
    """The command that runs a line of Python which imports from ``benchmarks``, a package that is not installed."""
    return [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {program}", *arguments]


class Cost(NamedTuple):
    """What a command took.

    Attributes
    ----------
    seconds
        Wall time.
    processor_seconds
        Of the command and of all processes it waited for.
    peak_mb
        Resident memory of the largest of them.
    """

    seconds: float
    processor_seconds: float
    peak_mb: float


def run(command: list[str], folder: Path) -> tuple[Cost, str]:
    """Run a command in a folder, and hand back what it took and what it printed.

    Raises
    ------
    RuntimeError
        It ended with anything but 0.
    """
    log, report = folder / "command.log", folder / "command.json"
    start = time.perf_counter()
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, str(report), *command],
            cwd=folder, stdout=output, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    seconds = time.perf_counter() - start
    printed = log.read_text(encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {printed[-2000:]}")
    used = json.loads(report.read_text(encoding="utf-8"))
    return Cost(seconds, used["processor_seconds"], used["peak_kb"] / 1024), printed
