"""The six steps of ``dvc repro``. Each reads, calls and writes; its ``Settings`` name the params it depends on."""

import dataclasses
import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from pipeline.config import failures, params
from pipeline.config.errors import BadParams, PipelineError

# In the order of the flow, as `churn stage` and dvc.yaml name them.
MODULES = {
    "ingest": "pipeline.stages.s1_ingest",
    "examples": "pipeline.stages.s2_examples",
    "train": "pipeline.stages.s3_train",
    "evaluate": "pipeline.stages.s4_evaluate",
    "score": "pipeline.stages.s5_score",
    "publish": "pipeline.stages.s6_publish",
}


def sections(run: Callable[..., Any]) -> list[str]:
    """The sections of ``params.yaml`` a stage depends on: the fields of the settings its ``run`` takes."""
    return [field.name for field in dataclasses.fields(_settings_class(run))]


def settings_for(run: Callable[..., Any], settings: params.Params) -> Any:
    """The settings of a stage, taken out of the whole of ``params.yaml``."""
    return _settings_class(run)(**{name: getattr(settings, name) for name in sections(run)})


def run_stage(stage: ModuleType, settings: params.Params, *others: Any, **options: Any) -> str:
    """Run a stage as ``dvc repro`` does, with these settings, and give back the line it says."""
    return str(stage.run(settings_for(stage.run, settings), *others, **options))


def run_named(name: str) -> str:
    """Run the stage of that name in the current folder, with the ``params.yaml`` there, and return its line.

    Raises
    ------
    BadParams
        No stage has that name.
    """
    if name not in MODULES:
        raise BadParams(f"churn stage {name}: there is no such stage; write one of {', '.join(MODULES)}")
    # Imported by name, so that a stage loads only the libraries it needs.
    return run_stage(import_module(MODULES[name]), params.load())


def main(run: Callable[..., str]) -> None:
    """Run a stage and print its line; a failure the user can act on is one line and an exit code."""
    try:
        with failures.in_words():
            sys.stdout.write(f"{run(settings_for(run, params.load()))}\n")
    except PipelineError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


def _settings_class(run: Callable[..., Any]) -> Any:
    return inspect.get_annotations(run, eval_str=True)["settings"]
