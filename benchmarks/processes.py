"""A command measured as a whole: wall time, processor time, and the most memory one of its processes held."""

import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple


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
    log = folder / "command.log"
    start = time.perf_counter()
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    printed = log.read_text(encoding="utf-8")
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {printed[-2000:]}")
    cost = Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
    return cost, printed
