"""The page on teams, followed with git, DVC on S3, PostgreSQL and MLflow's server as they are; and tracking over HTTP."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.commands import new
from pipeline.config import overlay, params
from pipeline.config.errors import NotEnoughData, StaleInput
from pipeline.config.paths import REPRO
from pipeline.model.fingerprint import fingerprint
from pipeline.tables import storage
from pipeline.tracking import promotion, registry, runs, store
from tests.company import make_company
from tests.end_to_end import servers
from tests.imports import ROOT
from tests.sources.postgres_server import running

pytestmark = pytest.mark.end_to_end
PAGE = (ROOT / "docs/team-setup.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+) ?(\w*) ?(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECRETS = {"DB_PASSWORD": "db-hush-7f3a91", "S3_KEY_ID": "key-hush-52c0de", "S3_SECRET": "secret-hush-e4b8d2"}
S3_KEY = {"AWS_ACCESS_KEY_ID": SECRETS["S3_KEY_ID"], "AWS_SECRET_ACCESS_KEY": SECRETS["S3_SECRET"]}
MODEL = ("churn.txt", "additive_logistic.json", "calibration.json", "model.json")
WEEKLY = "churn weekly --as-of 2024-07-01"


def refusal(beginning: str) -> list[str]:
    """The parts of a message that a row of the page's table of refusals names."""
    section = PAGE.split("## What a refusal means", 1)[1]
    rows = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    cells = [re.findall(r"`([^`]+)`", row) for row in rows]
    return next(parts for parts in cells if parts[0].startswith(beginning))


# ------------------------------------------------------------------------------------------- a server over HTTP, alone


@pytest.fixture
def tracking(copy_of_shop, tmp_path) -> Iterator[tuple[params.Tracking, list]]:
    """A fresh MLflow server on SQLite, with files that go through it into a folder; how to stop it comes along."""
    port = servers.free_port()
    command = f"exec mlflow server --artifacts-destination {tmp_path}/files --port {port} --workers 1"
    environment = servers.mlflow_environment(MLFLOW_BACKEND_STORE_URI=f"sqlite:///{tmp_path}/server.db")
    settings = params.load().tracking.model_copy(update={"uri": f"http://127.0.0.1:{port}"})
    with servers.serving(command, f"{settings.uri}/health", tmp_path / "mlflow.log", environment) as server:
        yield settings, server


@pytest.mark.nightly
def test_a_server_keeps_models_for_all_and_fails_in_one_line(tracking, tmp_path, monkeypatch):
    settings, server = tracking
    wanted = {name: (REPRO.models / name).read_bytes() for name in MODEL}
    with pytest.raises(NotEnoughData) as nothing:
        registry.fetch_champion(settings, tmp_path / "none", tmp_path / "none.json")
    assert all(part in str(nothing.value) for part in refusal("has no model"))
    # Two colleagues begin at the same moment on a server that knows nothing yet.
    with ThreadPoolExecutor(4) as colleagues:
        begun = list(colleagues.map(lambda _: store.experiment_id(settings), range(4)))
    assert len(set(begun)) == 1
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    assert promotion.promote(settings, None, "", "a first one", REPRO) == "version 1 is champion"
    tags = registry.described(settings, "1")
    assert (tags["promoted_by"], tags["promoted_why"]) == ("ann", "a first one")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", tags["promoted_on"])
    assert registry.fetch_champion(settings, tmp_path / "models", tmp_path / "verdict.json") == "1"
    assert {name: (tmp_path / "models" / name).read_bytes() for name in MODEL} == wanted
    assert sorted(file.name for file in (tmp_path / "models").iterdir()) == sorted(MODEL), "and no code"
    kept = [file.read_bytes() for file in (tmp_path / "files").rglob("churn.txt")]
    assert kept == [wanted["churn.txt"]], "the files went through the server into its folder"
    assert registry.register(settings, runs.find(settings, fingerprint(REPRO))) == "1", "once, however often"
    servers.stop(server)
    assert (os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"], os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"]) == ("3", "30")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    began = time.monotonic()
    for ask in (
        lambda: registry.fetch_champion(settings, tmp_path / "models", tmp_path / "verdict.json"),
        lambda: registry.describe(settings, "1", {"a": "b"}),
    ):
        with pytest.raises(StaleInput) as silent:
            ask()
        assert all(part in str(silent.value) for part in refusal("does not answer"))
        assert "\n" not in str(silent.value)
    assert time.monotonic() - began < 60


def test_no_password_of_a_store_is_shown_or_kept(changed, monkeypatch):
    with pytest.raises(params.BadParams) as refused:
        changed(**{"tracking.uri": "http://ann:hush@tracking:5000"})
    assert "MLFLOW_TRACKING_PASSWORD" in str(refused.value)
    monkeypatch.setenv("STORE", "postgresql://ann:hush@db/mlflow")
    settings = changed(**{"tracking.uri_env": "STORE"}).tracking
    message = str(store.unreachable(settings, OSError(f"no\nanswer from {settings.address} or postgresql://b:hush@db")))
    assert "hush" not in str(refused.value) + message
    assert "\n" not in message
    assert "postgresql://ann:***@db/mlflow" in message


# ------------------------------------------------------------------------------------------------------- the page


@dataclass
class Team:
    """The folders of the colleagues, the addresses of the servers, and what every block of the page printed."""

    home: Path
    uri: str
    addresses: dict[str, str]
    secrets: dict[str, dict[str, str]]
    printed: list[tuple[str, str]] = field(default_factory=list)
    seconds: list[str] = field(default_factory=list)

    def folder(self, who: str) -> Path:
        return self.home / who / "shop"

    def tracking(self) -> params.Tracking:
        return params.load(self.folder("ann") / "params.yaml").tracking

    def localised(self, text: str) -> str:
        for name, here in self.addresses.items():
            text = text.replace(name, here)
        return text

    def shell(self, who: str, script: str, *, fails: bool = False) -> str:
        folder = self.home / who if "git clone" in script else self.folder(who)
        folder.mkdir(parents=True, exist_ok=True)
        names = {f"GIT_{role}_{part}": text for role in ("AUTHOR", "COMMITTER")
                 for part, text in (("NAME", who), ("EMAIL", f"{who}@example.org"))}  # fmt: skip
        environment = servers.mlflow_environment(
            DVC_NO_ANALYTICS="true", LOGNAME=who, **names, **self.secrets.get(who, {})
        )
        began = time.monotonic()
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.localised(script)], cwd=folder, env=environment,
            capture_output=True, text=True, check=False, timeout=500,
        )  # fmt: skip
        self.seconds.append(f"{time.monotonic() - began:5.1f} s  {who}: {script.strip().splitlines()[0]}")
        output = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, f"{who}: {script}\n{output[-4000:]}"
        self.printed.append((script, output))
        return output

    def output(self, part: str) -> str:
        return next(output for script, output in self.printed if part in script)


@pytest.fixture(scope="module")
def team(tmp_path_factory) -> Iterator[Team]:
    """Every command of the page has run, each in the folder of whom its block is for."""
    home = tmp_path_factory.mktemp("team")
    port, database = servers.free_port(), servers.free_port()
    with ExitStack() as up:
        bucket = up.enter_context(servers.s3(home, "churn-dvc", "churn-mlflow"))
        up.enter_context(running(database, SECRETS["DB_PASSWORD"]))
        addresses = {
            "/mnt/churn-dvc": str(home / "mnt"),
            "https://s3.example.org": bucket,
            "mlflow:$DB_PASSWORD@db.example.org/mlflow": f"postgres:$DB_PASSWORD@127.0.0.1:{database}/postgres",
            "--host 0.0.0.0 --port 5000": f"--host 127.0.0.1 --port {port} --workers 1",
            "mlflow.example.org:5000": f"127.0.0.1:{port}",
            "git@git.example.org:churn.git": str(home / "origin.git"),
        }
        # Ann puts her key into DVC's local settings, the others have it in the environment.
        secrets = {"ann": SECRETS, "bo": S3_KEY, "weekly": S3_KEY}
        team = Team(home, f"http://127.0.0.1:{port}", addresses, secrets)
        _begin(team)
        _follow(team, up)
        print("", *team.seconds, sep="\n")
        yield team


def _begin(team: Team) -> None:
    """Ann's project with its raw files in DVC and a remote of git; nothing has run yet."""
    folder, origin = team.folder("ann"), team.home / "origin.git"
    folder.mkdir(parents=True)
    team.shell(
        "ann", f"git init --quiet --bare --initial-branch main {origin} && git init --quiet --initial-branch main"
    )
    list(new.run(folder))
    make_company(folder, customers=300)
    team.shell(
        "ann",
        "dvc add --quiet raw/*.csv && git add --all && git commit --quiet --message 'A new project'"
        f" && git remote add origin {origin} && git push --quiet --set-upstream origin main",
    )


def _follow(team: Team, up: ExitStack) -> None:
    output = ""
    for language, who, kind, content in BLOCK.findall(PAGE):
        if language == "text":
            assert content.strip() in output, f"{content}\nis not in\n{output[-3000:]}"
        elif language == "yaml":
            (team.home / "team.yaml").write_text(team.localised(content), encoding="utf-8")
            overlay.apply(team.home / "team.yaml", team.folder("ann") / "params.yaml")
        elif who == "server":
            environment = servers.mlflow_environment(DB_PASSWORD=SECRETS["DB_PASSWORD"], **S3_KEY)
            command, log = team.localised(content), team.home / "mlflow.log"
            up.enter_context(servers.serving(command, f"{team.uri}/health", log, environment))
        else:
            output = team.shell(who, content, fails=kind == "fails")
            if "git clone" in content:
                team.shell("weekly", content.split("churn weekly")[0])


@pytest.mark.nightly
def test_the_page_leads_two_colleagues_and_the_weekly_machine_to_one_model(team):
    assert "shallow-trees" in team.output("dvc exp list").split("dvc exp show")[0]
    assert "nothing is promoted or published" in team.output("dvc exp run")
    assert "Version 1 is champion." in team.output("dvc repro")
    assert "scored by champion version 2" in team.output(f"git pull --quiet && dvc pull --quiet\n{WEEKLY}")
    assert "version 1 is champion again, in place of version 2" in team.output("churn rollback")
    assert team.shell("ann", "git status --porcelain") == ""
    assert "scored by champion version 1" in team.shell(
        "weekly", f"git pull --quiet && dvc pull --quiet && {WEEKLY} --replace"
    )
    assert team.shell("weekly", "git status --porcelain") == ""


@pytest.mark.nightly
def test_runs_models_and_who_promoted_them_are_on_the_server(team):
    settings = team.tracking()
    assert settings.uri == team.uri
    asked = store.client(settings)
    made = asked.search_runs([store.experiment_id(settings)])
    parents = {run.info.run_id: run.info.run_name for run in made if "churn.is_experiment" in run.data.tags}
    children = [parents[run.data.tags[runs.PARENT]] for run in made if runs.PARENT in run.data.tags]
    assert (list(parents.values()), children) == (["shallow-trees"], ["shallow-trees"])
    first, second = (registry.described(settings, version) for version in "12")
    assert {tags["promoted_by"] for tags in (first, second)} == {"ann"}
    assert all(tags["promoted_why"] and tags["promoted_on"] and tags["grade"] for tags in (first, second))
    assert "complaints about the list" in second["rolled_back"]
    registry.fetch(settings, "2", team.home / "fetched")
    for name in MODEL:
        assert (team.home / "fetched" / name).read_bytes() == (team.folder("ann") / "models" / name).read_bytes()
    champion = storage.read_json(team.folder("ann") / "models/champion.json")["champion"]
    assert registry.fingerprint_of(settings, str(registry.champion_version(settings))) == champion


@pytest.mark.nightly
def test_a_clone_refuses_until_it_has_pulled_or_decided(team):
    """Bo has pulled nothing since the first promotion; the registry is back at that version by now."""
    team.shell("bo", "dvc exp branch shallow-trees try-shallow-trees && git rev-parse --verify try-shallow-trees")
    team.shell("bo", "dvc exp apply shallow-trees")
    undecided = team.shell("bo", f"{WEEKLY} --dry-run", fails=True)
    assert all(part in undecided for part in refusal("on which nobody"))
    assert "git checkout dvc.lock params.yaml && dvc checkout" in undecided
    team.shell("bo", "git checkout dvc.lock params.yaml && dvc checkout")
    assert "scored by champion version 1" in team.shell("bo", f"{WEEKLY} --dry-run")
    team.shell("bo", "git checkout --quiet . && git pull --quiet")
    half = team.shell("bo", f"{WEEKLY} --dry-run", fails=True)
    assert all(part in half for part in refusal("is not the file"))
    assert "scored by champion version 1" in team.shell("bo", f"dvc pull --quiet && {WEEKLY} --dry-run")
    stale = team.output("churn weekly --as-of 2024-07-01\n")
    assert all(part in stale for part in refusal("expects model"))


@pytest.mark.nightly
def test_no_credential_is_printed_or_comes_into_git(team):
    printed = "".join(output for _, output in team.printed)
    logs = "".join(file.read_text(errors="replace") for file in team.home.glob("*.log"))
    history = subprocess.run(
        ["git", "log", "--patch", "--all"], cwd=team.home / "origin.git", capture_output=True, text=True, check=True
    ).stdout
    assert "tracking" in history, "there is something to look at"
    for secret in SECRETS.values():
        assert secret not in printed + logs + history
        holders = [file for file in team.home.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]
        assert holders in ([], [team.folder("ann") / ".dvc/config.local"]), secret
