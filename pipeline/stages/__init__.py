"""The six steps of ``dvc repro``. Each reads, calls and writes; the signature of ``run`` names the params it uses."""

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from pipeline.config import params
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
    """The sections of ``params.yaml`` a stage asks for: the parameters of its ``run`` that are such sections."""
    return [name for name in inspect.signature(run).parameters if name in params.Params.model_fields]


def run_with_params(run: Callable[..., str]) -> str:
    """Run a stage with the sections of ``params.yaml`` it asks for, and return its line."""
    settings = params.load()
    return run(**{name: getattr(settings, name) for name in sections(run)})


def run_stage(name: str) -> str:
    """Run the stage of that name in the current folder, and return its line.

    Raises
    ------
    BadParams
        No stage has that name.
    """
    if name not in MODULES:
        raise BadParams(f"churn stage {name}: there is no such stage; write one of {', '.join(MODULES)}")
    # Imported by name, so that a stage loads only the libraries it needs.
    return run_with_params(import_module(MODULES[name]).run)


def main(run: Callable[..., str]) -> None:
    """Run a stage and print its line; a failure the user can act on is one line and an exit code."""
    try:
        sys.stdout.write(f"{run_with_params(run)}\n")
    except PipelineError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
