"""Which folder outlives a run: the one people work in, also where DVC runs an experiment in a temporary copy."""

from pathlib import Path

import pytest

from pipeline.config import location


@pytest.mark.parametrize(
    ("copy", "inside", "belongs_to"),
    [
        ("", "", "work"),  # dvc repro, and dvc exp run in the workspace
        ("work/.dvc/tmp/exps/tmp1a2b", "", "work"),  # dvc exp run --queue
        ("work/.dvc/tmp/exps/standalone/tmp1a2b", "", "work"),  # dvc exp run --temp
        ("work/.dvc/tmp/exps/tmp1a2b", "shops/oslo", "work/shops/oslo"),  # a project below the root of its repository
        ("", "shops/oslo", "work/shops/oslo"),
    ],
)
def test_the_folder_a_run_belongs_to(tmp_path, monkeypatch, copy, inside, belongs_to):
    root = tmp_path / (copy or "work")
    here = root / inside
    here.mkdir(parents=True)
    for folder in {root, tmp_path / "work"}:
        (folder / ".dvc").mkdir(exist_ok=True)
    monkeypatch.chdir(here)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "work"))
    assert location.workspace() == tmp_path / belongs_to


def test_outside_dvc_it_is_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    assert location.workspace() == Path.cwd()


@pytest.mark.parametrize(("given", "name"), [("sulky-bear", "sulky-bear"), ("", None), (None, None)])
def test_the_name_of_the_experiment(monkeypatch, given, name):
    if given is None:
        monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    else:
        monkeypatch.setenv("DVC_EXP_NAME", given)
    assert location.experiment_name() == name
