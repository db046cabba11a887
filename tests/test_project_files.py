"""The files for services around the code say the same as the Makefile and the package."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read(name: str) -> dict:
    return YAML(typ="safe").load((ROOT / name).read_text(encoding="utf-8"))


def commands(target: str) -> list[str]:
    recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1]
    return [line.strip() for line in recipe.splitlines()]


def program(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed; run: make setup")
    return found


def test_the_hooks_are_the_commands_of_make_lint():
    hooks = [hook for repo in read(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert [hook["entry"] for hook in hooks] == commands("lint")
    assert {hook["language"] for hook in hooks} == {"system"}, "a hook of another kind downloads its tool"


def test_the_workflow_runs_make_and_nothing_else():
    jobs = read(".github/workflows/ci.yml")["jobs"]
    runs = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert runs == ["make fast", "make test", "make docs"]
    widest = read(".github/workflows/nightly.yml")["jobs"]["nightly"]["steps"]
    assert [step["run"] for step in widest if "run" in step] == ["make audit", "make nightly"]
    versions = jobs["fast"]["strategy"]["matrix"]["python"]
    assert PROJECT["requires-python"] == f">={versions[0]},<3.{int(versions[-1].split('.')[1]) + 1}"


def test_the_dockerfile_has_no_warning():
    done = subprocess.run(
        [program("hadolint"), "--no-color", str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_image_runs_the_weekly_job_as_an_ordinary_user():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert 'ENTRYPOINT ["churn", "weekly"]' in lines
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users and users[-1] not in {"0", "root"}


def test_everything_the_wheel_is_built_from_goes_into_the_image():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in build["targets"]["wheel"]["force-include"]:
        assert f"!{name}" in let_in, f".dockerignore: add !{name}, or the wheel cannot be built in the image"


def test_the_citation_is_of_this_package():
    citation = read("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)
    assert all("name" in author or "family-names" in author for author in citation["authors"])
    assert (citation["title"], citation["version"]) == (PROJECT["name"], PROJECT["version"])
    assert citation["license"] == PROJECT["license"]


def test_the_runtime_lock_holds_the_same_versions_as_the_full_one():
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        return set(re.findall(r"^[\w.-]+==[^ \\]+", text, re.MULTILINE))

    assert pins("runtime.txt") <= pins("lock.txt"), "run: make lock"
    assert not [pin for pin in pins("runtime.txt") if pin.startswith(("lifetimes", "completejourney", "pytest"))]


@pytest.mark.parametrize("file", ["tests/slow.txt", "tests/nightly.txt", "tests/by_day.txt"])
def test_every_line_of_a_list_of_tests_names_a_test(file):
    lines = [line for line in (ROOT / file).read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    assert lines == sorted(set(lines)), f"{file}: sort the lines, each once"
    for line in lines:
        place, _, name = line.partition("::")
        assert (ROOT / place).exists(), f"{file}: there is no {place}"
        assert f"def {name}(" in (ROOT / place).read_text(encoding="utf-8") if name else True, f"{file}: {line}"
