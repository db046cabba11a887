"""What every test may use: settings, and a small company on disk."""

import copy
import os
from collections.abc import Callable
from contextlib import chdir
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import settings as hypothesis_settings

from pipeline.config import params
from tests.company import copied, make_company

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MPLBACKEND", "agg")
# How long an example takes says more of the machine than of the code.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def settings() -> params.Params:
    """The committed ``params.yaml``."""
    return params.load(ROOT / "params.yaml")


@pytest.fixture
def changed() -> Callable[..., params.Params]:
    """The committed settings with some of them changed: ``changed(**{"label.horizon_days": 7})``."""
    content = params.read_yaml(ROOT / "params.yaml", params.BadParams)

    def change(**values: Any) -> params.Params:
        fresh = copy.deepcopy(content)
        for name, value in values.items():
            *sections, key = name.split(".")
            inner = fresh
            for section in sections:
                inner = inner.setdefault(section, {})
            inner[key] = value
        return params.parse(fresh)

    return change


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a corner shop of 400 customers: its files, its ``params.yaml`` and ``playbooks.yaml``."""
    make_company(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def built_company(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with the corner shop of 400 customers on which all stages have run; to read, not to change.

    It is built once, whatever the number of workers.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "built"
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            unfinished = folder.with_name("unfinished")
            unfinished.mkdir()
            _build(unfinished)
            unfinished.rename(folder)
    return folder


def _build(folder: Path) -> None:
    # Not at the top: MLflow and LightGBM take seconds to load, in every process, and most tests need neither.
    from tests.flow import run_stages

    make_company(folder)
    with chdir(folder):
        run_stages(params.load())


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--nightly`` adds the widest tests; ``--fast`` leaves out the slow ones, without even reading their files.

    ``--by-day`` runs a third of what tests/by_day.txt names, another one every day.
    """
    parser.addoption("--nightly", action="store_true", help="run the tests marked nightly as well")
    parser.addoption("--fast", action="store_true", help="leave out what tests/slow.txt names")
    parser.addoption("--by-day", action="store_true", help="run a third of what tests/by_day.txt names")


# The day by which tests are chosen: the same in all workers, also where midnight passes while they start.
TODAY = "CHURN_TESTS_OF_DAY"
# After so many days every test has been run.
DAYS_IN_TURN = 3
# Folders whose modules load MLflow or shap, which takes longer than all of their quick tests.
SLOW_TO_LOAD = {"pipeline/tracking", "tests/tracking", "pipeline/api", "tests/api"}


@cache
def _named(file: str) -> set[str]:
    """The tests, and files of tests, that a list beside this file names."""
    lines = (ROOT / "tests" / file).read_text(encoding="utf-8").splitlines()
    return {line for line in lines if not line.startswith("#")}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file none of whose tests will run is not imported: libraries that only such files need take seconds to load."""
    if not collection_path.is_relative_to(ROOT):
        return None
    fast, nightly = (config.getoption(name) for name in ("--fast", "--nightly"))
    unwanted = (_named("slow.txt") | SLOW_TO_LOAD if fast else set()) | (set() if nightly else _named("nightly.txt"))
    return collection_path.relative_to(ROOT).as_posix() in unwanted or None


@pytest.fixture
def shop(built_company, monkeypatch) -> Path:
    """The folder in which all stages have run, as the current one."""
    monkeypatch.chdir(built_company)
    return built_company


@pytest.fixture
def copy_of_shop(built_company, tmp_path, monkeypatch) -> Path:
    """A copy to change."""
    copied(built_company, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Note the day, before workers are started."""
    os.environ.setdefault(TODAY, datetime.now(UTC).date().isoformat())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what the lists beside this file name, and leave out what was not asked for."""
    for item in items:
        for marker in ("slow", "nightly"):
            if _is_named(item, f"{marker}.txt"):
                item.add_marker(marker)
    unwanted = [
        *(["slow", "end_to_end", "browser"] if config.getoption("--fast") else []),
        *([] if config.getoption("--nightly") else ["nightly"]),
    ]
    left_out = {item for item in items if any(item.get_closest_marker(name) for name in unwanted)}
    if config.getoption("--by-day"):
        left_out |= _of_other_days([item for item in items if item not in left_out])
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]
    _sort_long_first(items)


def _is_named(item: pytest.Item, file: str) -> bool:
    test = item.nodeid.partition("[")[0]
    return bool({test, test.partition("::")[0]} & _named(file))


def _of_other_days(items: list[pytest.Item]) -> set[pytest.Item]:
    """Two thirds of the tests in turn: one after the other, so that every day has about as much to do."""
    in_turn = [item for item in items if _is_named(item, "by_day.txt")]
    today = date.fromisoformat(os.environ[TODAY]).toordinal()
    return {item for place, item in enumerate(in_turn) if (place + today) % DAYS_IN_TURN}


def _sort_long_first(items: list[pytest.Item]) -> None:
    """The long ones first, so that no worker is left with them at the end.

    The shared company comes before all, beside the page, which needs none of it: what it compiles serves everybody.
    """
    order = ("test_champions", "test_browser", "test_samples")
    place = {name: number for number, name in enumerate(order)}

    def key(item: pytest.Item) -> tuple[int, bool]:
        return place.get(item.path.stem, len(order)), item.get_closest_marker("end_to_end") is None

    items.sort(key=key)
