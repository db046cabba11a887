"""What a training replaces is kept until it is decided on, and comes back where it fails or was killed.

Otherwise the weekly job would find a model on which nobody has decided, and make no list until somebody looks.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pipeline.config.paths import REPRO, TRAINING_UNDO, Paths
from pipeline.tables import storage
from pipeline.tracking.champion import LOCK, Decision

# Not the tables and examples, which may be large: `dvc.lock` as it was says that they are of another day, so that the
# next `dvc repro` makes them anew. Nor the settings: their days only move forwards, and somebody may have changed more.
REPLACED: Final = (LOCK, REPRO.models, REPRO.reports)

UNDONE: Final = "a training was cut off; model and reports are as they were before it"


@contextmanager
def undone_unless_decided() -> Iterator[None]:
    """Train and decide in the block: whatever ends it before that leaves model, reports and ``dvc.lock`` as they were.

    What cannot be undone here, since nobody asks a process that is killed, `undo` does later.
    """
    keep()
    try:
        yield
    except BaseException:
        undo()
        raise
    storage.remove(TRAINING_UNDO)


def keep() -> None:
    """Copy what a training replaces to where `undo` looks for it."""
    with storage.new_folder(TRAINING_UNDO) as folder:
        for path in filter(lambda path: path.exists(), REPLACED):
            _copy(path, folder / path.name)


def undo() -> bool:
    """Bring back what a training that was killed has replaced, and say whether there was any.

    Only while no training is at work: the caller holds the lock that trainings hold.
    """
    if not TRAINING_UNDO.is_dir():
        return False
    decided = _is_decided()
    for path in () if decided else REPLACED:
        kept = TRAINING_UNDO / path.name
        if not kept.exists():
            storage.remove(path)
            continue
        with storage.replacing(path) as partial:
            _copy(kept, partial)
    # Last, so that an undoing which is killed as well is done again.
    storage.remove(TRAINING_UNDO)
    return not decided


def _is_decided() -> bool:
    """Whether a model was taken or refused meanwhile, here or by somebody since: then all stays as it is."""
    before = Decision.read(Paths(models=TRAINING_UNDO / REPRO.models.name))
    # The file is gone where an undoing was killed while it replaced the folder.
    return REPRO.champion.is_file() and Decision.read(REPRO) != before


def _copy(source: Path, target: Path) -> None:
    (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
