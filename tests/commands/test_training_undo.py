"""A training that fails, is ended or is killed leaves model and reports as they were, and the next list is made."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipeline.commands import training_undo
from pipeline.config import errors
from pipeline.config.paths import REPRO, TRAINING_UNDO
from pipeline.tracking import champion
from tests.end_to_end.helpers import WEEK, churn

# What DVC does when it trains: the stage replaces model and reports, and the lock file speaks of them.
REPLACES = "echo '{}' > models/model.json; rm -r reports; echo 'stages: {}' > dvc.lock"
FAILS = f"{REPLACES}; exit 13"
GOES_ON = f"{REPLACES}; echo $$ > at_work.tmp; mv at_work.tmp at_work; exec sleep 300"


@pytest.fixture
def trained_by(copy_of_shop):
    """A project whose flow is a command of the shell, run by DVC itself."""

    def make(script: str) -> dict[str, bytes]:
        Path("dvc.yaml").write_text("stages:\n  evaluate:\n    cmd: sh train.sh\n", encoding="utf-8")
        Path("train.sh").write_text(script, encoding="utf-8")
        subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet"], check=True)
        return content()

    return make


def content() -> dict[str, bytes]:
    """Everything that is to come back, and the settings."""
    files = [Path("params.yaml"), *(path for kept in training_undo.REPLACED for path in [kept, *kept.rglob("*")])]
    return {str(file): file.read_bytes() for file in files if file.is_file()}


def at_work() -> tuple[subprocess.Popen, psutil.Process]:
    """``churn retrain`` in a process of its own, and the process of its stage once that has replaced everything."""
    command = subprocess.Popen([sys.executable, "-m", "pipeline.cli", "retrain"])
    while not Path("at_work").is_file():
        assert command.poll() is None, "it ended before the stage began"
        time.sleep(0.05)
    return command, psutil.Process(int(Path("at_work").read_text(encoding="utf-8")))


def has_ended(stage: psutil.Process) -> bool:
    try:
        return stage.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_training_that_fails_changes_nothing(trained_by):
    before = trained_by(FAILS)
    found = churn("retrain")
    assert found.returncode == errors.BadData.exit_code
    assert "champion, model and reports are as they were" in found.stderr
    assert content() == before and not TRAINING_UNDO.exists()


def test_a_training_that_is_told_to_end_takes_its_processes_along(trained_by):
    before = trained_by(GOES_ON)
    command, stage = at_work()
    assert content() != before
    command.send_signal(signal.SIGTERM)
    assert command.wait(30) == 143
    psutil.wait_procs([stage], timeout=10)
    assert has_ended(stage)
    assert content() == before and not TRAINING_UNDO.exists()


def test_the_job_of_the_week_undoes_a_training_that_was_killed(trained_by):
    before = trained_by(GOES_ON)
    command, stage = at_work()
    command.kill()
    os.killpg(os.getpgid(stage.pid), signal.SIGKILL)
    command.wait(30)
    assert content() != before, "nobody could undo it"
    found = churn("weekly", "--as-of", WEEK.isoformat(), "--dry-run")
    assert found.returncode == 0, found.stderr
    assert training_undo.UNDONE in found.stdout
    assert content() == before and not TRAINING_UNDO.exists()
    assert training_undo.UNDONE not in churn("weekly", "--as-of", WEEK.isoformat(), "--dry-run").stdout


def test_an_undoing_that_is_killed_is_done_again(copy_of_shop, monkeypatch):
    before = content()
    training_undo.keep()
    shutil.rmtree(REPRO.models)
    real = shutil.copytree

    def killed(source: Path, target: Path) -> None:
        real(source, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "copytree", killed)
        training_undo.undo()
    assert TRAINING_UNDO.is_dir()
    assert training_undo.undo() and content() == before and not training_undo.undo()


@pytest.mark.parametrize("taken", [True, False])
def test_a_model_that_somebody_decided_on_since_stays(copy_of_shop, taken):
    training_undo.keep()
    REPRO.model_text.write_bytes(REPRO.model_text.read_bytes() + b"\n")
    shutil.rmtree(REPRO.reports)
    new = champion.local_fingerprint(REPRO)
    old = champion.Decision.read(REPRO).champion
    assert old not in {"", new}
    (champion.Decision(new) if taken else champion.Decision(old, new, "it is worse")).write(REPRO)
    assert not training_undo.undo()
    assert champion.local_fingerprint(REPRO) == new and not REPRO.reports.exists() and not TRAINING_UNDO.exists()


def test_a_champion_by_hand_since_stays_though_no_model_was_trained(copy_of_shop):
    training_undo.keep()
    by_hand = champion.Decision("another", champion.local_fingerprint(REPRO), "version 3 was promoted in its place")
    by_hand.write(REPRO)
    assert not training_undo.undo()
    assert champion.Decision.read(REPRO) == by_hand and not TRAINING_UNDO.exists()


def test_what_was_not_there_before_is_gone_again(copy_of_shop):
    assert not champion.LOCK.exists()
    before = content()
    training_undo.keep()
    champion.LOCK.write_text("stages: {}\n", encoding="utf-8")
    assert training_undo.undo() and not champion.LOCK.exists() and content() == before
