"""The six steps of ``dvc repro``. Each reads, calls and writes; the signature of ``run`` names the params it uses."""

import inspect
import sys
from collections.abc import Callable
from typing import Any

from pipeline.config import params
from pipeline.config.errors import PipelineError


def sections(run: Callable[..., Any]) -> list[str]:
    """The sections of ``params.yaml`` a stage asks for: the parameters of its ``run`` that are such sections."""
    return [name for name in inspect.signature(run).parameters if name in params.Params.model_fields]


def main(run: Callable[..., str]) -> None:
    """Run a stage with its sections and print its line; a failure the user can act on is one line and an exit code."""
    try:
        settings = params.load()
        sys.stdout.write(f"{run(**{name: getattr(settings, name) for name in sections(run)})}\n")
    except PipelineError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
