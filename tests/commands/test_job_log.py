"""A line for each step as it ends: what an operator finds of a job that nobody watched, whatever became of it."""

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline.commands.job_log import JobLog, in_words
from pipeline.config.errors import StaleInput

DAY = date(2024, 7, 1)


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_each_step_says_what_it_took(tmp_path):
    log = JobLog(tmp_path / "data/log.jsonl", DAY)
    with log.run("1.0") as done:
        with log.step("ingest") as said:
            said += ["9 rows read", "1 refused"]
        done.append("published")
    started, step, end = lines(log.file)
    assert {line["as_of"] for line in (started, step, end)} == {"2024-07-01"}
    assert all(datetime.fromisoformat(line["time"]) <= datetime.now(UTC) for line in (started, step, end))
    assert (started["event"], started["version"]) == ("started", "1.0")
    assert (step["event"], step["step"], step["message"]) == ("step", "ingest", "9 rows read 1 refused")
    assert (end["event"], end["exit_code"], end["message"]) == ("done", 0, "published")
    assert step["seconds"] <= end["seconds"] and 20 < step["peak_memory_mb"] <= end["peak_memory_mb"] < 100_000


@pytest.mark.parametrize(
    ("failure", "event", "code", "message"),
    [
        (StaleInput("no visits since 2024-06-20"), "refused", 15, "no visits since 2024-06-20"),
        (SystemExit(143), "stopped", 143, "the job was told to end"),
        (ZeroDivisionError("division by zero"), "failed", 1, "ZeroDivisionError: division by zero"),
        (KeyboardInterrupt(), "failed", 1, "KeyboardInterrupt: "),
    ],
)
def test_a_failure_is_written_and_goes_on_its_way(tmp_path, failure, event, code, message):
    log = JobLog(tmp_path / "log.jsonl", DAY)
    with pytest.raises(type(failure)), log.run("1.0"), log.step("ingest"):
        raise failure
    assert [line["event"] for line in lines(log.file)] == ["started", event], "a step that failed has not ended"
    assert (lines(log.file)[-1]["exit_code"], lines(log.file)[-1]["message"]) == (code, message)


def test_runs_of_all_weeks_add_to_one_file(tmp_path):
    for day in (DAY, date(2024, 7, 8)):
        with JobLog(tmp_path / "log.jsonl", day).run("1.0"):
            pass
    assert [line["as_of"] for line in lines(tmp_path / "log.jsonl")] == ["2024-07-01"] * 2 + ["2024-07-08"] * 2


@pytest.mark.parametrize("form", ["none", "text", "json"])
def test_the_same_lines_on_stderr(tmp_path, capsys, form):
    log = JobLog(tmp_path / "log.jsonl", DAY, form)
    with log.run("1.0") as done, log.step("ingest"):
        done.append("Åsa & Co: published")
    shown = capsys.readouterr().err.splitlines()
    there = lines(log.file)
    assert shown == {"none": [], "text": [in_words(line) for line in there]}.get(form, shown)
    if form == "json":
        assert [json.loads(line) for line in shown] == there


@pytest.mark.skipif(os.geteuid() != 0 and not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_without_room_for_a_line_does_not_end_the_job(capsys):
    with JobLog(Path("/dev/full"), DAY).run("1.0") as done:
        done.append("published")
    assert capsys.readouterr().err == "/dev/full: cannot be written (No space left on device)\n"


@pytest.mark.skipif(os.geteuid() != 0 and not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_job_that_fails_says_why_and_nothing_else(capsys):
    with pytest.raises(StaleInput), JobLog(Path("/dev/full"), DAY).run("1.0"):
        raise StaleInput("why")
    assert not capsys.readouterr().err
