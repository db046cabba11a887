"""The six steps of ``dvc repro``. Each reads, calls and writes; its ``Settings`` name the params it depends on."""

import dataclasses
import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from pipeline.config import params
from pipeline.config.errors import PipelineError


def sections(run: Callable[..., Any]) -> list[str]:
    """The sections of ``params.yaml`` a stage depends on: the fields of the settings its ``run`` takes."""
    return [field.name for field in dataclasses.fields(_settings_class(run))]


def settings_for(run: Callable[..., Any], settings: params.Params) -> Any:
    """The settings of a stage, taken out of the whole of ``params.yaml``."""
    return _settings_class(run)(**{name: getattr(settings, name) for name in sections(run)})


def run_stage(stage: ModuleType, settings: params.Params, *others: Any, **options: Any) -> str:
    """Run a stage as ``dvc repro`` does, with these settings, and give back the line it says."""
    return str(stage.run(settings_for(stage.run, settings), *others, **options))


def main(run: Callable[..., str]) -> None:
    """Run a stage with its sections and print its line; a failure the user can act on is one line and an exit code."""
    try:
        sys.stdout.write(f"{run(settings_for(run, params.load()))}\n")
    except PipelineError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


def _settings_class(run: Callable[..., Any]) -> Any:
    return inspect.get_annotations(run, eval_str=True)["settings"]
