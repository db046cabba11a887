"""The wheel alone makes a working project: no checkout, no activated environment, no sample data, no network."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from pipeline.commands import new
from pipeline.config import errors
from tests.company import make_company

WEEK = "2024-07-01"
# Few trees and no backtest: what is tested is the installation, not the model.
QUICK = """
model:
  max_trees: 150
evaluate:
  min_training_snapshots: 11
"""


def environment() -> dict[str, str]:
    """No activated environment: neither on PATH nor named by a variable."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PATH": "/usr/bin:/bin", "MLFLOW_DISABLE_TELEMETRY": "true", "DVC_NO_ANALYTICS": "true"}


@dataclass(frozen=True)
class Installed:
    """A fresh virtual environment that holds the wheel, and the folder of a project."""

    bin: Path
    project: Path

    def run(self, program: str, *words: str, fails_with: int = 0) -> str:
        done = subprocess.run(
            [self.bin / program, *words],
            cwd=self.project if self.project.is_dir() else self.bin,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == fails_with, f"{program} {' '.join(words)}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory) -> Path:
    return Path(next(WheelBuilder(str(root)).build(directory=str(tmp_path_factory.mktemp("dist")))))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Installed:
    """The wheel in an environment of its own; its dependencies are those of this environment."""
    folder = tmp_path_factory.mktemp("elsewhere")
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    place = folder / "venv"
    subprocess.run([uv, "venv", "--quiet", "--offline", "--python", sys.executable, place], check=True)
    install = [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", place / "bin/python", wheel]
    subprocess.run(install, check=True)
    site = next(place.glob("lib/python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    # The script a real installation would put here: it runs with the interpreter of this environment.
    script = f"#!{place}/bin/python\nimport sys\nfrom dvc.cli import main\nsys.exit(main())\n"
    (place / "bin/dvc").write_text(script, encoding="utf-8")
    (place / "bin/dvc").chmod(0o755)
    found = Installed(place / "bin", folder / "project")
    found.run("churn", "new", str(found.project))
    return found


def test_the_wheel_holds_the_files_of_a_project_as_they_are_in_the_repository(root, wheel):
    with zipfile.ZipFile(wheel) as content:
        for name in (*new.COPIED, "dvc.yaml"):
            assert content.read(f"pipeline/project/{name}") == (root / name).read_bytes(), name
        assert "pipeline/py.typed" in content.namelist()


def test_the_stages_of_a_project_depend_on_the_package_and_not_on_code(root):
    text = new.project_stages((root / "dvc.yaml").read_text(encoding="utf-8"))
    assert "- pipeline/" not in text
    assert text.count(f"      - {new.FINGERPRINT}\n") == 7, "six stages and the release"
    assert text.count("always_changed: true") == 2, "the package, and what is live"


def test_a_folder_that_holds_something_is_refused_in_one_line(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(errors.BadParams) as refused:
        list(new.run(tmp_path))
    assert str(refused.value) == (
        f"{tmp_path}: already holds notes.txt; name a new or an empty folder, such as: churn new my-shop"
    )
    with pytest.raises(errors.BadParams, match=r"notes.txt: is a file; name a new or an empty folder"):
        list(new.run(tmp_path / "notes.txt"))


def test_a_project_in_git_needs_no_setting_of_its_own(tmp_path):
    (tmp_path / ".git").mkdir()
    list(new.run(tmp_path / "inside"))
    list(new.run(tmp_path.with_name(f"{tmp_path.name}_outside")))
    assert not (tmp_path / "inside/.dvc/config.local").exists()
    assert "no_scm = true" in (tmp_path.with_name(f"{tmp_path.name}_outside") / ".dvc/config.local").read_text()


def test_the_launcher_takes_the_activated_environment_or_says_what_to_install(root, tmp_path):
    # The shell stays the parent, as no `churn` lies beside it.
    launcher = ["sh", "-c", f"sh {root / 'churn.sh'} stage ingest; exit $?"]
    missing = subprocess.run(launcher, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert missing.returncode == 127
    assert missing.stderr.endswith("run: pip install churn-pipeline\n") and missing.stderr.count("\n") == 1
    program = tmp_path / ".venv/bin/churn"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    local = subprocess.run(launcher, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert local.stdout == "stage ingest\n"
    activated = {**environment(), "PATH": f"{program.parent}:/usr/bin:/bin"}
    (tmp_path / "other").mkdir()
    other = subprocess.run(launcher, cwd=tmp_path / "other", env=activated, capture_output=True, text=True, check=False)
    assert other.stdout == "stage ingest\n"


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_the_launcher_finds_the_command_beside_the_dvc_that_runs_it(installed, shell):
    """With ``exec`` the parent of the launcher is the program that started the shell, here a Python as with DVC."""
    code = f"import subprocess; subprocess.run([{shell!r}, '-c', 'exec sh churn.sh version'], check=True)"
    assert "churn-pipeline" in installed.run("python", "-c", code)


@pytest.mark.end_to_end
@pytest.mark.nightly
def test_a_project_publishes_a_week_with_nothing_activated_and_a_decoy_in_its_folder(installed):
    decoy = installed.project / "pipeline"
    decoy.mkdir()
    for name in ("__init__", "cli"):
        (decoy / f"{name}.py").write_text("raise SystemExit('the decoy ran')\n", encoding="utf-8")
    make_company(installed.project)
    (installed.project / "quick.yaml").write_text(QUICK, encoding="utf-8")
    installed.run("churn", "use", "quick.yaml")
    installed.run("dvc", "repro")
    week = installed.project / "exports" / WEEK
    assert (week / "risk_list.csv").is_file()
    assert (installed.project / "models/README.md").is_file()
    again = installed.run("dvc", "repro")
    assert "Stage 'ingest' didn't change, skipping" in again
    assert "Stage 'publish' didn't change, skipping" in again
    dry = installed.run("churn", "weekly", "--as-of", WEEK, "--dry-run")
    assert "customers scored by champion version 1" in dry


@pytest.mark.end_to_end
def test_another_version_of_the_package_runs_the_stages_again(installed):
    assert "churn-pipeline" in installed.run("churn", "version", "--to", "reports/package.json")
    before = (installed.project / "reports/package.json").read_text(encoding="utf-8")
    module = next((installed.bin.parent / "lib").glob("python*/site-packages/pipeline/py.typed"))
    module.write_text("another version\n", encoding="utf-8")
    installed.run("churn", "version", "--to", "reports/package.json")
    assert (installed.project / "reports/package.json").read_text(encoding="utf-8") != before
