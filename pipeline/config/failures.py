"""What libraries raise for reasons a user can act on: a full disk, no permission, no memory, a damaged or missing file.

Each library reports these in its own words; here they become one line with the cause and the place.
"""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.config.errors import BadData, MachineFailure, PipelineError

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Kind:
    """A kind of failure: how the system and the libraries call it, and what the line says.

    Attributes
    ----------
    numbers
        Error numbers of the system.
    words
        What stands in messages of libraries that pass no number on, in small letters.
    cause
        What is wrong; it follows the place.
    advice
        What to do about it.
    error
        What it is raised as.
    """

    numbers: frozenset[int]
    words: tuple[str, ...]
    cause: str
    advice: str
    error: type[PipelineError] = MachineFailure


FULL = Kind(
    frozenset({errno.ENOSPC}),
    ("no space left on device", "os error 28", "database or disk is full"),
    "the disk is full",
    "free some space",
)
KINDS = (
    FULL,
    Kind(frozenset({errno.EDQUOT}), ("quota exceeded", "os error 122"), "the disk quota is used up", "free some space"),
    Kind(frozenset({errno.EFBIG}), ("file too large", "os error 27"), "no file may become so large here",
         "raise the limit (ulimit -f)"),
    Kind(frozenset({errno.EROFS}), ("read-only file system", "os error 30", "attempt to write a readonly database"),
         "is read-only", "write to another place, or make it writable"),
    Kind(frozenset({errno.EACCES, errno.EPERM}), ("permission denied", "os error 13"),
         "this user has no permission", "give the user who runs this the right to read and write there"),
    Kind(frozenset({errno.EEXIST, errno.ENOTDIR}), ("os error 20)", "not a directory"),
         "is a file where a folder has to be", "move the file away"),
    Kind(frozenset({errno.EISDIR}), ("is a directory", "os error 21"), "is a folder where a file has to be",
         "move the folder away"),
    Kind(frozenset({errno.EMFILE, errno.ENFILE}), ("too many open files", "os error 24"), "too many files are open",
         "raise the limit (ulimit -n), or lower storage.buckets"),
    Kind(frozenset({errno.EIO}), ("input/output error", "os error 5)"), "the disk cannot be read or written",
         "look at the disk"),
    Kind(frozenset({errno.ENOMEM}), ("out of memory", "cannot allocate memory", "memoryerror", "failed to allocate"),
         "the memory is not enough", "raise storage.memory_gb, take more storage.buckets or fewer storage.workers"),
    Kind(frozenset({errno.ENOENT}), ("os error 2)",), "not found", "run the earlier stages first: dvc repro", BadData),
    Kind(frozenset(), ("parquet: file out of specification", "magic bytes", "too small to be a parquet",
                       "footer length error", "decompression fail", "likely corrupted", "failed to read file"),
         "is damaged", "bring back a copy of it, or make it anew: dvc repro --force", BadData),
)  # fmt: skip


def failure(error: BaseException) -> PipelineError | None:
    """The failure behind an error of any library, in one line with its cause; None where it may be a defect of ours.

    Examples
    --------
    >>> str(failure(PermissionError(errno.EACCES, "Permission denied", "exports/2024-07-01")))
    'exports/2024-07-01: this user has no permission; give the user who runs this the right to read and write there'
    >>> failure(ValueError("five")) is None
    True
    """
    if isinstance(error, PipelineError):
        return None
    seen: BaseException | None = error
    while seen is not None:
        kind = _kind(seen)
        if kind is not None:
            return kind.error(f"{_place(seen, kind)}{kind.cause}; {kind.advice}")
        seen = seen.__cause__ or seen.__context__
    return None


@contextmanager
def in_words() -> Iterator[None]:
    """Raise what fails inside the block for a known cause in one line; other errors pass.

    Raises
    ------
    MachineFailure
        The disk is full, a place cannot be written to, or there is not enough memory.
    BadData
        A file is not there, or is damaged.
    """
    try:
        yield
    except Exception as error:
        known = failure(error)
        if known is None:
            raise
        raise known from error


def _kind(error: BaseException) -> Kind | None:
    text = " ".join(str(error).lower().split())
    if isinstance(error, MemoryError):
        text += " out of memory"
    for kind in KINDS:
        number = error.errno if isinstance(error, OSError) else None
        if number in kind.numbers or (number is None and any(words in text for words in kind.words)):
            return kind
    return None


def _place(error: BaseException, kind: Kind) -> str:
    """Where it happened: the file as the error names it, and of a full disk which one it is."""
    file = error.filename if isinstance(error, OSError) else None
    if not isinstance(file, str | os.PathLike):
        named = re.search(r"[\"'`]([^\"'`\s]*[/\\][^\"'`\s]*)[\"'`]|: (\S*[/\\]\S*)$", str(error))
        file = named[1] or named[2] if named else None
    if kind is not FULL:
        return f"{os.fsdecode(file)}: " if file else ("a file of data/ or models/ " if kind.error is BadData else "")
    disk, free = _disk(Path(os.fsdecode(file)) if file else None)
    return (
        f"{os.fsdecode(file) if file else 'what is written'} lies on {disk}, where {free / MEGABYTE:,.0f} MB are free: "
    )


def _disk(file: Path | None) -> tuple[Path, int]:
    """Where the disk of a file begins, and the bytes free on it; without a file, of the fullest one written to."""
    places = [file] if file else [Path.cwd(), Path(tempfile.gettempdir())]
    disks = []
    for place in places:
        there = next(folder for folder in (place.absolute(), *place.absolute().parents) if folder.exists())
        mount = next(folder for folder in (there, *there.parents) if folder.is_mount())
        disks.append((shutil.disk_usage(there).free, mount))
    free, disk = min(disks)
    return disk, free
