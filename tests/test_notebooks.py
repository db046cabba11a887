"""Each notebook runs on any company's outputs, is paired with its Python file, and carries no outputs."""

import os
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "notebooks").glob("*.py"))
PICTURES = {"from_raw_data_to_the_list": 5}
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""
pytestmark = pytest.mark.end_to_end


def cells(notebook: nbformat.NotebookNode) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_each_notebook_has_its_python_file_and_the_other_way_round():
    assert SOURCES
    assert {file.stem for file in SOURCES} == {file.stem for file in (ROOT / "notebooks").glob("*.ipynb")}


@pytest.mark.parametrize("source", SOURCES, ids=lambda file: file.stem)
def test_the_pair_is_in_sync(source):
    pair = nbformat.read(source.with_suffix(".ipynb"), 4)
    name = source.relative_to(ROOT)
    assert cells(jupytext.read(source)) == cells(pair), f"{name} and its pair differ; run: jupytext --to ipynb {name}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda file: file.stem)
def test_no_outputs_are_committed(source):
    pair = nbformat.read(source.with_suffix(".ipynb"), 4)
    run = [cell for cell in pair.cells if cell.get("outputs") or cell.get("execution_count")]
    name = source.relative_to(ROOT)
    assert not run, f"{len(run)} cells carry what a run left; run: jupytext --to ipynb {name}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda file: file.stem)
def test_it_comes_in_by_the_door(source):
    """A notebook is what readers copy from: it shows `Project`, and reaches into few rooms."""
    ours = [
        line
        for line in source.read_text(encoding="utf-8").splitlines()
        if line.startswith(("from pipeline", "import pipeline"))
    ]
    assert ours[0].startswith("from pipeline import ")
    assert len(ours) <= 3, ours


def contents(folder: Path) -> dict[str, bytes]:
    # What Python keeps of the code of a logged model that a notebook loads is nobody's file.
    files = (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.mark.parametrize("source", SOURCES, ids=lambda file: file.stem)
def test_it_runs_on_any_company_and_writes_nothing(source, copy_of_shop, tmp_path):
    # A folder of its own: in that of all tests, MLflow keeps a file for as long as another test loads a model.
    before = contents(copy_of_shop)
    kept = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, source.with_suffix(".ipynb"), tmp_path / "run.ipynb"],
        cwd=copy_of_shop, env=kept | {"PYTHONPATH": str(ROOT), "JUPYTER_PLATFORM_DIRS": "1"},
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert contents(copy_of_shop) == before
    outputs = [output for cell in nbformat.read(tmp_path / "run.ipynb", 4).cells for output in cell.get("outputs", [])]
    warned = [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    assert not warned, "a reader should see no warnings"
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= PICTURES.get(source.stem, 2)
    assert any("corner_shop: No purchase in the 20 days" in output.get("text", "") for output in outputs)
