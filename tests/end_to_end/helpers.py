"""What the end-to-end tests share."""

import filecmp
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

from click.testing import CliRunner

from pipeline import cli
from pipeline.config import params
from tests import flow

WEEK = date(2024, 7, 1)


def changed_settings(**changes: Any) -> params.Params:
    """The settings of the current folder with some of them changed: ``changed_settings(model__num_leaves=5)``."""
    settings = params.load()
    for name, value in changes.items():
        section, key = name.split("__")
        inner = getattr(settings, section).model_copy(update={key: value})
        settings = settings.model_copy(update={section: inner})
    return settings


def run_stages(stages: Iterable[ModuleType] = flow.STAGES, **changes: Any) -> params.Params:
    """Run stages in the current folder as ``dvc repro`` does, with some settings changed."""
    settings = changed_settings(**changes)
    flow.run_stages(settings, stages)
    return settings


def week(folder: Path = Path()) -> Path:
    return folder / "exports" / WEEK.isoformat()


def same_bytes(left: Path, right: Path) -> None:
    files = {str(file.relative_to(left)) for file in left.rglob("*") if file.is_file()}
    assert files == {str(file.relative_to(right)) for file in right.rglob("*") if file.is_file()}
    differing = sorted(file for file in files if not filecmp.cmp(left / file, right / file, shallow=False))
    assert not differing


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def churn(*words: str) -> Done:
    """Run ``churn`` in this process: a new one would load its libraries anew, for seconds each time."""
    result = CliRunner().invoke(cli.main, list(words), catch_exceptions=False)
    return Done(result.exit_code, result.stdout, result.stderr)
