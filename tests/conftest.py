"""What every test may use: settings, and a small company on disk."""

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import params
from pipeline.stages import run_stage, s1_ingest, s2_examples, s3_train, s4_evaluate, s5_score, s6_publish
from tests.company import make_company

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MPLBACKEND", "agg")


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
def built_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corner shop of 300 customers on which all stages have run; to read, not to change."""
    folder = tmp_path_factory.mktemp("built")
    make_company(folder, customers=300)
    before = Path.cwd()
    os.chdir(folder)
    try:
        settings = params.load()
        for stage in (s1_ingest, s2_examples, s3_train, s4_evaluate, s5_score, s6_publish):
            run_stage(stage, settings)
    finally:
        os.chdir(before)
    return folder


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what tests/slow.txt names, before ``-m`` selects."""
    lines = (ROOT / "tests/slow.txt").read_text(encoding="utf-8").splitlines()
    slow = {line for line in lines if not line.startswith("#")}
    for item in items:
        test = item.nodeid.partition("[")[0]
        if test in slow or test.partition("::")[0] in slow:
            item.add_marker("slow")
    _sort_long_first(items)


def _sort_long_first(items: list[pytest.Item]) -> None:
    """The long ones first, so that no worker is left with them at the end."""
    items.sort(key=lambda item: (item.get_closest_marker("end_to_end") is None, "test_samples" not in item.nodeid))
