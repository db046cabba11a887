"""Which stages DVC runs again after an edit, asked of DVC itself: no list, guardrail or text trains a model."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc.repo import Repo, lock_repo
from ruamel.yaml import YAML

pytestmark = pytest.mark.end_to_end
ALL = ["ingest", "examples", "train", "evaluate", "score", "publish"]
# What is edited -> a file of that kind, and the first stages that have to run again; those after them follow.
EDITS = {
    "a word in a guardrail": ("pipeline/decisions/guardrails/quality.py", ["publish"]),
    "a rule of the contact policy": ("pipeline/decisions/contact_policy/frequency_cap.py", ["publish"]),
    "the optimizer": ("pipeline/decisions/optimizer.py", ["publish"]),
    "a column of the list": ("pipeline/lists/schema.py", ["publish"]),
    "the style of the page": ("pipeline/lists/risk_list.css", ["publish"]),
    "the catalog of tactics": ("pipeline/playbooks/config/tactics.csv", ["publish"]),
    "a playbook": ("playbooks.yaml", ["publish"]),
    "who is forgotten": ("forgotten.json", ["ingest"]),
    "how reasons are written": ("pipeline/reasons/renderer.py", ["score"]),
    "a word in a phrase": ("pipeline/reasons/phrases/purchases.py", ["score"]),
    "the plot of reasons": ("pipeline/reasons/plots.py", ["score"]),
    "which customers are plotted": ("pipeline/scoring/reasons_plot.py", ["score"]),
    "a translation": ("pipeline/i18n/nb.po", ["score", "publish"]),
    "a table of the model card": ("pipeline/evaluation/model_card/figures.py", ["evaluate"]),
    "how a metric is computed": ("pipeline/evaluation/segments.py", ["evaluate"]),
    "the registry": ("pipeline/tracking/registry.py", []),
    "the trees": ("pipeline/model/gbm.py", ["train", "evaluate", "score"]),
    "a feature": ("pipeline/examples/features/recency.py", ["examples", "train", "evaluate", "score", "publish"]),
    "how files are read": ("pipeline/sources/files.py", ["ingest"]),
    "a command": ("pipeline/commands/suggest.py", []),
    "the leakage search": ("pipeline/leakage/pure_groups.py", []),
    "the simulator": ("pipeline/simulate/presets.py", []),
}


@pytest.fixture(scope="module")
def settled(tmp_path_factory, root) -> Iterator[Repo]:
    """A checkout in which DVC has nothing to do: every output is there, and the lock knows it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("dvc.yaml", "params.yaml", "playbooks.yaml", "forgotten.json"):
        shutil.copy(root / name, folder)
    shutil.copytree(root / "pipeline", folder / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("raw", "outcomes"):
        (folder / name).mkdir()
    for stage in YAML(typ="safe").load((folder / "dvc.yaml").read_text())["stages"].values():
        for out in [*stage.get("outs", []), *stage.get("metrics", [])]:
            path = folder / (next(iter(out)) if isinstance(out, dict) else out)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(out), encoding="utf-8")
    with contextlib.chdir(folder), Repo.init(str(folder), no_scm=True) as repo:
        repo.commit(force=True)
        # One process and one lock for all questions: starting DVC, and reading dvc.yaml anew, takes longer than an answer.
        with lock_repo(repo):
            yield repo


def changed(repo: Repo) -> list[str]:
    """The stages that DVC says have changed, without the release, which runs every time."""
    with contextlib.chdir(repo.root_dir):
        found = repo.status()
    assert found.pop("release") == ["always changed"]
    return sorted(found, key=ALL.index)


def test_a_settled_checkout_has_nothing_to_run(settled):
    assert changed(settled) == []


@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_reruns_what_depends_on_it_and_nothing_else(settled, kind):
    name, stages = EDITS[kind]
    file = Path(settled.root_dir) / name
    before, times = file.read_bytes(), file.stat()
    file.write_bytes(before + b"\n")
    try:
        assert changed(settled) == stages, f"{kind} ({name})"
    finally:
        file.write_bytes(before)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
