"""The page on experiments, followed from its first command to its last with git, DVC and MLflow as they are."""

import json
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.commands import new
from tests.company import make_company
from tests.environment import ENVIRONMENT
from tests.imports import ROOT

pytestmark = [pytest.mark.end_to_end, pytest.mark.nightly]
BLOCK = re.compile(r"^```(\w+) ?(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def shell(script: str, folder: Path, *, fails: bool = False) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True,
        check=False, timeout=900,
    )  # fmt: skip
    assert (done.returncode != 0) == fails, f"{script}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout + done.stderr


def live(folder: Path) -> dict[str, bytes]:
    """What people work from: the published weeks and the decision on the champion."""
    files = [*(folder / "exports").rglob("*"), folder / "models/champion.json"]
    return {str(file): file.read_bytes() for file in files if file.is_file()}


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> tuple[Path, list[tuple[str, str]]]:
    """The folder in which every command of the page has run, and what each block printed."""
    folder = tmp_path_factory.mktemp("experiments") / "shop"
    folder.mkdir()
    shell("git init --quiet", folder)
    list(new.run(folder))
    make_company(folder, customers=300)
    printed, output = [], ""
    for language, kind, content in BLOCK.findall((ROOT / "docs/experiments.md").read_text(encoding="utf-8")):
        if language == "text":
            assert content.strip() in output, f"{content}\nis not in\n{output[-3000:]}"
        elif language == "sh" and kind != "server":
            before = live(folder)
            output = shell(content, folder, fails=kind == "fails")
            printed.append((content, output))
            if "exp run" in content:
                assert live(folder) == before, "an experiment touches nothing that is live"
    return folder, printed


def test_the_page_leads_from_a_setting_to_a_new_champion(followed):
    folder, printed = followed
    assert len(printed) == 9
    assert json.loads((folder / "models/champion.json").read_text())["champion"]
    assert shell("git status --porcelain", folder) == ""


def test_the_table_of_experiments_fits_a_screen(followed):
    _, printed = followed
    table = next(text for command, text in printed if command.startswith("dvc exp show"))
    assert "shallower-trees" in table and "auc_gain" in table
    assert max(len(line) for line in table.splitlines()) <= 120


def test_every_training_is_in_one_store_under_the_name_of_its_experiment(followed):
    folder, _ = followed
    with closing(sqlite3.connect(folder / "mlflow.db")) as store:
        runs = dict(store.execute("SELECT run_uuid, value FROM tags WHERE key = 'churn.model_fingerprint'"))
        parents = dict(store.execute("SELECT run_uuid, value FROM tags WHERE key = 'mlflow.parentRunId'"))
        names = dict(store.execute("SELECT run_uuid, name FROM runs"))
    assert len(runs) == len(set(runs.values())) == 4, "the first one, one tried, and two of the sweep; each once"
    assert sorted(len([run for run in runs if run in parents and names[parents[run]] == name])
                  for name in {names[parent] for parent in parents.values()}) == [1, 1, 1]  # fmt: skip
    assert "shallower-trees" in {names[parent] for parent in parents.values()}


def test_copies_and_older_commits_expect_their_own_model(followed, tmp_path):
    folder, _ = followed
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    before = (folder / "mlflow.db").read_bytes()
    assert "scored by champion version 2" in shell("churn weekly --as-of 2024-07-01 --dry-run", copy)
    shell("git checkout --quiet HEAD~1 && dvc checkout --quiet", copy)
    refused = shell("churn weekly --as-of 2024-07-01 --dry-run", copy, fails=True)
    assert "models/champion.json: expects model" in refused
    assert "to use the expected one: churn promote; " in refused
    shell("churn promote --why 'the older commit'", copy)
    assert "scored by champion version 1" in shell("churn weekly --as-of 2024-07-01 --dry-run", copy)
    assert (folder / "mlflow.db").read_bytes() == before, "a copy leaves the original alone"
