"""What goes wrong around a weekly job: each leaves no list, a whole list, or the same list, and needs no hand after."""

import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from pipeline.config import errors, paths
from tests.end_to_end.helpers import Done, churn
from tests.end_to_end.many_weeks.supplier import Supplier

# What Python tells of a program before it changes a file; between two of them lies what a kill can leave half done.
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "shutil.move", "shutil.rmtree"}
FULL_AFTER_BYTES = 40_000
# The same whatever came twice, but for the counts of rows that were read.
COUNTS_OF_ROWS = {"run_report.json", "manifest.json", "risk_list.html", "risk_list.xlsx"}


@dataclass(frozen=True)
class Monday:
    """One morning: the day, the one before, where the company lives, and chance."""

    day: date
    last: date
    supplier: Supplier
    dice: random.Random

    @property
    def week(self) -> Path:
        return paths.REPRO.week(self.day)

    def deliver(self, **how: Any) -> None:
        self.supplier.deliver(self.day, self.last, **how)

    def weekly(self, day: date | None = None) -> Done:
        return churn("weekly", "--as-of", (day or self.day).isoformat())

    def is_refused(self, found: Done, *codes: int) -> None:
        assert found.returncode in codes, (self.day, found)
        assert found.stderr.count("\n") == 1, "a refusal is one line"
        assert not self.week.exists()


def nothing(monday: Monday) -> None:
    monday.deliver()


def feed_stops(monday: Monday) -> None:
    """The files of the week have not come when the job starts."""
    monday.is_refused(monday.weekly(), errors.StaleInput.exit_code)
    monday.deliver()


def delivered_twice(monday: Monday) -> None:
    monday.deliver()
    assert monday.weekly().returncode == 0
    once = contents(monday.week)
    monday.week.rename(monday.supplier.folder / "once")
    monday.supplier.withdraw(monday.day)
    monday.deliver(twice=True)
    assert monday.weekly().returncode == 0
    twice = contents(monday.week)
    assert once.keys() == twice.keys()
    assert [name for name in once if once[name] != twice[name] and name not in COUNTS_OF_ROWS] == []
    monday.supplier.withdraw(monday.day)
    monday.deliver()
    shutil.rmtree(monday.week)
    (monday.supplier.folder / "once").rename(monday.week)


def comes_late(monday: Monday) -> None:
    monday.deliver(late_share=0.1)


def killed(monday: Monday) -> None:
    """At two moments; the second job finds what the first one left."""
    monday.deliver()
    for _ in range(2):
        assert in_another_process(kill_after, monday.dice.randint(1, 150), monday.day) in (-signal.SIGKILL, 0)
        if monday.week.exists():
            return


def disk_is_full(monday: Monday) -> None:
    monday.deliver()
    assert in_another_process(without_room, FULL_AFTER_BYTES, monday.day) == 0
    assert not monday.week.exists()


def two_jobs(monday: Monday) -> None:
    monday.deliver()
    with FileLock(paths.WEEKLY_LOCK):
        monday.is_refused(monday.weekly(), errors.Locked.exit_code)


def clock_jumps(monday: Monday) -> None:
    """A month or half a year ahead, and back to a week that is out."""
    monday.deliver()
    monday.is_refused(monday.weekly(monday.day + timedelta(days=30)), errors.StaleInput.exit_code)
    monday.is_refused(monday.weekly(monday.day + timedelta(days=182)), errors.NotEnoughData.exit_code)
    monday.is_refused(monday.weekly(monday.last), errors.AlreadyPublished.exit_code)


def registry_is_down(monday: Monday) -> None:
    """It lies on a server that nobody answers at."""
    monday.deliver()
    settings = monday.supplier.folder / paths.PARAMS
    usual = settings.read_text(encoding="utf-8")
    settings.write_text(usual.replace("uri: sqlite:///mlflow.db", "uri: http://127.0.0.1:9"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        monday.is_refused(monday.weekly(), errors.StaleInput.exit_code)
    settings.write_text(usual, encoding="utf-8")


FAULTS = (
    feed_stops, delivered_twice, comes_late, killed, disk_is_full, two_jobs, clock_jumps, registry_is_down,
)  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


# ----------------------------------------------------------------------------------------------------- another process
def in_another_process(work: Any, *arguments: Any) -> int:
    """Run a function in a process of its own and say how it ended: 0, an exit code, or minus the signal.

    It is a copy of one that has loaded the libraries and done nothing else, so that it starts at once.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipeline.cli", "pipeline.commands.weekly", "tests.end_to_end.helpers"])
    process = context.Process(target=_there, args=(Path.cwd(), work, arguments))
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def _there(folder: Path, work: Any, arguments: tuple[Any, ...]) -> None:
    os.chdir(folder)
    work(*arguments)


def kill_after(changes: int, day: date) -> None:
    """Run the weekly job and kill it as with ``kill -9`` before it changes files for the so-manieth time."""
    left = changes

    def listen(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        if writes or event in CHANGES:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(listen)
    assert churn("weekly", "--as-of", day.isoformat()).returncode == 0


def without_room(bytes_per_file: int, day: date) -> None:
    """Run the weekly job where no file can grow beyond a size: it must say so in a line."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_per_file, resource.RLIM_INFINITY))
    found = churn("weekly", "--as-of", day.isoformat())
    assert found.returncode != 0, found
    assert len(found.stderr.splitlines()) == 1, found
