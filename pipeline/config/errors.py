"""What can go wrong for a reason the user can act on: each kind has its own exit code.

Every message is one line: what, where, what was found, what to write instead. Anything that is not one of these
is a defect of the pipeline and shows its traceback.
"""

import re
import tempfile

# Where the pipeline puts what does not stay: nobody can look there once the line is read.
SCRATCH = re.compile(rf"{re.escape(tempfile.gettempdir())}/churn-[^/\s'\"]+/(\d+/)?")


class PipelineError(Exception):
    """A failure that is shown in one line, without a traceback and without the path of a folder that does not stay."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(SCRATCH.sub("", message))


class BadParams(PipelineError):
    """``params.yaml`` says something that cannot be meant."""

    exit_code = 10


class BadPlaybooks(PipelineError):
    """``playbooks.yaml`` says something that cannot be meant."""

    exit_code = 11


class BadData(PipelineError):
    """A source cannot be read, or a table breaks its own rules."""

    exit_code = 12


class NotEnoughData(PipelineError):
    """There is too little history, or too few customers, to say anything."""

    exit_code = 13


class ModelRefused(PipelineError):
    """The model must not be used: a simple rule does better, or it is not the one that was decided on."""

    exit_code = 14


class StaleInput(PipelineError):
    """An input is old, missing or suspicious: a list made from it would mislead."""

    exit_code = 15


class Locked(PipelineError):
    """Another run is at work on the same folder."""

    exit_code = 16


class MachineFailure(PipelineError):
    """The machine does not allow it: a full disk, a place that cannot be written to, too little memory."""

    exit_code = 18


class AlreadyPublished(PipelineError):
    """The week is out; people may be working on it."""

    exit_code = 17
