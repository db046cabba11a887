"""One command at a time: a second one is refused in a line, and does not wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.config.errors import Locked


@contextmanager
def alone(lock: Path, busy: str) -> Iterator[None]:
    """Hold a lock for the block.

    Raises
    ------
    Locked
        Somebody else holds it; `busy` says who.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    held = FileLock(lock, blocking=False)
    try:
        held.acquire()
    except Timeout:
        raise Locked(f"{busy}; wait for it to end") from None
    try:
        yield
    finally:
        held.release()
