"""What an unattended job did: a line for each step as it ends, with its time and memory, and one for the end."""

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from pipeline.config.errors import PipelineError

Form = Literal["none", "text", "json"]
# What the operating system counts the peak of a process in: kilobytes, on macOS bytes.
UNIT_OF_PEAK = 1 if sys.platform == "darwin" else 1024
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class JobLog:
    """The log of one run; every run of every week adds to the same file.

    A run that has a line ``started`` and none that ends it was killed.

    Attributes
    ----------
    file
        JSON lines; made if it is not there.
    as_of
        The day the job is for.
    form
        How the same lines are shown on stderr as well: not at all, as text, or as JSON.
    troubles
        Why a line could not be written, for each one that could not.
    """

    file: Path
    as_of: date
    form: Form = "none"
    troubles: list[str] = field(default_factory=list)

    @contextmanager
    def run(self, version: str) -> Iterator[list[str]]:
        """Write that a job began and how it ended: with what it said, or with the exit code and message of its failure.

        Parameters
        ----------
        version
            Of this package.

        Yields
        ------
        list of str
            For what the job says when it has done what it was asked for.
        """
        began = time.monotonic()
        messages: list[str] = []
        self.write("started", version=version)
        try:
            yield messages
        except PipelineError as refusal:
            self._end("refused", began, refusal.exit_code, str(refusal))
            raise
        except SystemExit as stop:
            self._end("stopped", began, stop.code if isinstance(stop.code, int) else 1, "the job was told to end")
            raise
        except BaseException as defect:
            self._end("failed", began, 1, f"{type(defect).__name__}: {defect}")
            raise
        self._end("done", began, 0, " ".join(messages))
        for trouble in self.troubles[:1]:
            sys.stderr.write(f"{trouble}\n")

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Write how long a step took, and what it said: the texts put into the list that this gives."""
        began = time.monotonic()
        messages: list[str] = []
        yield messages
        self.write("step", step=name, **_used(began), message=" ".join(messages))

    def _end(self, event: str, began: float, exit_code: int, message: str) -> None:
        self.write(event, **_used(began), exit_code=exit_code, message=message)

    def write(self, event: str, **facts: Any) -> None:
        """Add a line; where the disk takes none the job goes on, and says so at its end, unless it fails anyway."""
        now = datetime.now(UTC).replace(microsecond=0).isoformat()
        line = {"time": now, "as_of": self.as_of.isoformat(), "event": event, **facts}
        text = json.dumps(line, ensure_ascii=False)
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as file:
                file.write(f"{text}\n")
        except OSError as error:
            self.troubles.append(f"{self.file}: cannot be written ({error.strerror})")
        if self.form == "json":
            sys.stderr.write(f"{text}\n")
        elif self.form == "text":
            sys.stderr.write(f"{in_words(line)}\n")


def in_words(line: dict[str, Any]) -> str:
    """A line for people.

    Examples
    --------
    >>> in_words({"time": "2024-07-01T03:30:05+00:00", "as_of": "2024-07-01", "event": "step", "step": "ingest",
    ...           "seconds": 61.2, "peak_memory_mb": 812, "message": "9 rows read"})
    '2024-07-01T03:30:05+00:00 ingest: 61.2 s, 812 MB; 9 rows read'
    >>> in_words({"time": "2024-07-01T03:30:05+00:00", "as_of": "2024-07-01", "event": "started", "version": "1.0"})
    '2024-07-01T03:30:05+00:00 started: as of 2024-07-01, version 1.0'
    """
    if line["event"] == "started":
        return f"{line['time']} started: as of {line['as_of']}, version {line['version']}"
    used = f"{line['seconds']} s, {line['peak_memory_mb']} MB"
    code = f", exit code {line['exit_code']}" if line.get("exit_code") else ""
    message = f"; {line['message']}" if line["message"] else ""
    return f"{line['time']} {line.get('step', line['event'])}: {used}{code}{message}"


def _used(began: float) -> dict[str, float]:
    """Seconds since then, and the most memory this process or one that it started has held so far."""
    peaks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "seconds": round(time.monotonic() - began, 1),
        "peak_memory_mb": round(max(peaks) * UNIT_OF_PEAK / MEGABYTE),
    }
