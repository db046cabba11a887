"""The recipes for schedulers: run with a ``churn`` that ends with any exit code, or read as the scheduler reads them."""

import configparser
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline import cli
from pipeline.config import errors
from tests.test_docs import ROOT, blocks

PAGE = ROOT / "docs/schedule-it.md"
BLOCKS = {block.name: block.content for block in blocks(PAGE) if block.name}
CODES = sorted(kind.exit_code for kind in errors.PipelineError.__subclasses__())
LOCKED, PUBLISHED = errors.Locked.exit_code, errors.AlreadyPublished.exit_code
NOTHING_TO_DO = {0, LOCKED, PUBLISHED}


def run(script: str, code: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """A shell script where ``churn``, on the path and in ``.venv``, says how it was called and ends with a code."""
    for place in (folder / "churn", folder / ".venv/bin/churn"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f'#!/bin/sh\necho "called $@"\nexit {code}\n', encoding="utf-8")
        place.chmod(0o755)
    path = {"PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run(["sh", "-e", "-c", script], cwd=folder, env=path, capture_output=True, text=True, check=False)


def known_options(call: str) -> set[str]:
    used = set(re.findall(r"--[a-z-]+", call))
    return used - {option for parameter in cli.main.commands["weekly"].params for option in parameter.opts}


def test_the_page_has_every_recipe():
    assert {"/etc/systemd/system/churn-weekly.service", "/etc/systemd/system/churn-weekly.timer", "weekly.sh",
            ".github/workflows/weekly.yml", "weekly_dag.py", "weekly-cronjob.yaml"} == BLOCKS.keys()  # fmt: skip


def test_cron():
    (line,) = [block.content for block in blocks(PAGE) if block.language == "cron"]
    (entry,) = [text for text in line.splitlines() if not text.startswith("#")]
    *times, command = entry.split(maxsplit=5)
    assert times == ["30", "5", "*", "*", "1"]
    assert "%" not in command.replace(r"\%", ""), "a percent sign ends a command in a crontab"
    shell = command.replace(r"\%", "%").replace("/srv/my-shop", ".")
    assert "--as-of $(date +%F)" in shell and known_options(shell) == set()
    subprocess.run(["sh", "-n", "-c", shell], check=True)


def test_systemd():
    units = {
        name.rsplit(".", 1)[1]: configparser.ConfigParser(strict=False, interpolation=None)
        for name in BLOCKS
        if "systemd" in name
    }
    for kind, parser in units.items():
        parser.optionxform = str
        parser.read_string(BLOCKS[f"/etc/systemd/system/churn-weekly.{kind}"])
    service = units["service"]["Service"]
    assert {int(code) for code in service["SuccessExitStatus"].split()} == {LOCKED, PUBLISHED}
    shell = re.fullmatch(r"/bin/sh -c '(.*)'", service["ExecStart"])[1].replace("%%", "%")
    subprocess.run(["sh", "-n", "-c", shell], check=True)
    assert '--as-of "$(date +%F)"' in shell
    assert units["timer"]["Timer"]["OnCalendar"] == "Mon 05:30"


@pytest.mark.parametrize("code", [0, 1, *CODES, 143])
def test_the_script(code, tmp_path):
    found = run(BLOCKS["weekly.sh"].replace("#!/bin/sh\n", "set +e\n"), code, tmp_path)
    assert found.returncode == (0 if code in NOTHING_TO_DO else 1)
    assert re.match(r"called weekly --as-of \d{4}-\d\d-\d\d\n", found.stdout)


@pytest.mark.parametrize("code", [0, 1, *CODES])
def test_github_actions(code, tmp_path):
    workflow = YAML(typ="safe").load(BLOCKS[".github/workflows/weekly.yml"])
    # YAML 1.1, which GitHub reads, takes the word on for a truth value; both readers take it as a key.
    (job,) = workflow["jobs"].values()
    (step,) = job["steps"]
    found = run(step["run"], code, tmp_path)
    assert found.returncode == (0 if code == PUBLISHED else code)
    assert known_options(found.stdout) == set()


def test_airflow(monkeypatch):
    """The file as Airflow runs it, with what it imports noted down."""
    made = {}

    class Dag:
        def __init__(self, name, **settings):
            made["dag"] = {"name": name, **settings}

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    for name, content in {
        "airflow": {}, "airflow.sdk": {"DAG": Dag}, "airflow.providers": {}, "airflow.providers.standard": {},
        "airflow.providers.standard.operators": {},
        "airflow.providers.standard.operators.bash": {"BashOperator": lambda **settings: made.update(task=settings)},
    }.items():  # fmt: skip
        module = types.ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    exec(compile(BLOCKS["weekly_dag.py"], "weekly_dag.py", "exec"), {})
    assert made["dag"]["max_active_runs"] == 1 and made["dag"]["catchup"] is False
    assert set(made["task"]["skip_on_exit_code"]) == {LOCKED, PUBLISHED}
    assert known_options(made["task"]["bash_command"]) == set()
    assert "--as-of {{ dag_run.run_after | ds }}" in made["task"]["bash_command"]


@pytest.mark.parametrize("code", [0, 1, *CODES, 137])
def test_kubernetes(code, tmp_path):
    cron_job = YAML(typ="safe").load(BLOCKS["weekly-cronjob.yaml"])
    assert (cron_job["apiVersion"], cron_job["kind"]) == ("batch/v1", "CronJob")
    assert cron_job["spec"]["concurrencyPolicy"] == "Forbid"
    job = cron_job["spec"]["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    (rule,) = job["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["containerName"] == container["name"]
    assert set(rule["onExitCodes"]["values"]) == set(CODES) - NOTHING_TO_DO, "what the same input will do again"
    assert pod["restartPolicy"] == "Never", "podFailurePolicy needs it"
    assert str(pod["securityContext"]["runAsUser"]) in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert container["volumeMounts"][0]["mountPath"] == "/project"
    (script,) = container["args"]
    found = run(f"set +e\n{script}", code, tmp_path)
    assert found.returncode == (0 if code in NOTHING_TO_DO else code)
    assert known_options(found.stdout) == set()
