"""What all subcommands of ``churn`` share: failures in one line, and options of the release before."""

import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click

from pipeline.config import failures
from pipeline.config.errors import PipelineError
from pipeline.config.renamed import OPTIONS


def in_one_line(command: Callable[..., None]) -> Callable[..., None]:
    """A failure the user can act on is one line on stderr and an exit code; --debug adds the traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            with failures.in_words():
                command(*args, **kwargs)
        except PipelineError as error:
            if click.get_current_context().find_root().params["debug"]:
                traceback.print_exc()
            click.echo(str(error), err=True)
            sys.exit(error.exit_code)

    return run


def exit_when_ended() -> None:
    """A scheduler ends a job with SIGTERM; as an exit, it lets the job put its folders away."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class Group(click.Group):
    """Commands whose options of one release ago are still understood."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **kwargs: Any) -> Any:
        """Run a command; an old option is read as the new one, which a line names."""
        given = list(sys.argv[1:] if args is None else args)
        for index, word in enumerate(given):
            option, sign, value = word.partition("=")
            if option in OPTIONS:
                click.echo(f"{option} is called {OPTIONS[option]} now", err=True)
                given[index] = OPTIONS[option] + sign + value
        return super().main(given, *rest, **kwargs)
