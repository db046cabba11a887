"""How a week gets into its folder: whole or not at all, and settled again after a kill.

The files go into a hidden folder beside the week, reach the disk, and only then take the week's name in one rename. A
week that is replaced is first put aside under another hidden name. Whatever a killed run leaves is therefore hidden,
and `recover` knows what to do with it from its name alone.
"""

import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final

from pipeline.config.errors import AlreadyPublished, Locked
from pipeline.config.types import Readers
from pipeline.lists.manifest import File
from pipeline.tables import storage

if sys.platform != "win32":
    import fcntl

ACTIONS_FILE = "actions.parquet"
FORMER_ACTIONS = "former_actions.parquet"
EXPLORED_FILE = "explored.parquet"
CONTRIBUTIONS_FILE = "contributions.parquet"
_NEW, _OLD, _GONE = ".being_written", ".being_replaced", ".being_deleted"


# Permissions of a folder and of a file in it.
PERMISSIONS: Final[dict[Readers, tuple[int, int]]] = {
    "owner": (0o700, 0o600),
    "group": (0o750, 0o640),
    "everybody": (0o755, 0o644),
}


def write_week(
    files: Iterable[File], exports: Path, name: str, *, replace: bool, readable_by: Readers | None = None
) -> Path:
    """Write `files` to ``exports/<name>``, or leave everything as it was.

    Parameters
    ----------
    files
        What goes into the folder.
    exports
        The folder that holds all weeks; made if absent, with the permissions that are usual on the machine.
    name
        The day of the week.
    replace
        Whether a week that is there may be written again.
    readable_by
        Who may read it besides its owner; None: as the week that it replaces, else nobody.

    Raises
    ------
    AlreadyPublished
        The week is there and `replace` is false.
    Locked
        Another run is writing to `exports`.
    """
    exports.mkdir(parents=True, exist_ok=True)
    with _alone(exports):
        _settle(exports)
        week, new = exports / name, exports / f".{name}{_NEW}"
        if week.exists() and not replace:
            raise AlreadyPublished(f"{week}: this week is already published; --replace writes it again")
        try:
            _write_all(files, new, _permissions(week, readable_by))
            _swap(new, week, exports / f".{name}{_OLD}")
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return week


def delete_week(exports: Path, name: str) -> None:
    """Delete a week, whole or not at all: from the rename on it is gone, and `recover` ends what a kill leaves."""
    with _alone(exports):
        gone = exports / f".{name}{_GONE}"
        (exports / name).rename(gone)
        _sync(exports)
        shutil.rmtree(gone)


def recover(exports: Path) -> None:
    """Settle what a killed run left: half-written weeks and deleted ones go, a week put aside comes back.

    Call it before reading earlier weeks; `publish` does so itself.

    Raises
    ------
    Locked
        Another run is writing to `exports`.
    """
    if exports.is_dir():
        with _alone(exports):
            _settle(exports)


def weeks_before(exports: Path, company: str, day: date) -> Iterator[Path]:
    """The folders of the weeks published for a company before a day, the latest first, once all is settled.

    Weeks of another data set in the same folder are none of them. A folder is looked into when its turn comes, so who
    stops early does not read years of manifests.
    """
    recover(exports)
    for folder in sorted(exports.glob("????-??-??"), reverse=True):
        manifest = folder / "manifest.json"
        is_earlier = folder.name < day.isoformat()
        if is_earlier and manifest.is_file() and storage.read_json(manifest)["company"] == company:
            yield folder


def decision_files(folder: Path) -> list[Path]:
    """The files of a week that hold decisions: on everyone scored, and on former customers where there are any."""
    return [file for name in (ACTIONS_FILE, FORMER_ACTIONS) if (file := folder / name).is_file()]


def _settle(exports: Path) -> None:
    for left in sorted([*exports.glob(f".*{_NEW}"), *exports.glob(f".*{_GONE}")]):
        shutil.rmtree(left)
    for old in sorted(exports.glob(f".*{_OLD}")):
        week = exports / old.name.removeprefix(".").removesuffix(_OLD)
        if week.exists():  # the new week had arrived; only the sweeping was missing
            shutil.rmtree(old)
        else:
            old.rename(week)
            _sync(exports)


def _permissions(week: Path, readable_by: Readers | None) -> tuple[int, int]:
    if readable_by is None and week.is_dir():
        mode = stat.S_IMODE(week.stat().st_mode)
        return next((both for both in PERMISSIONS.values() if both[0] == mode), PERMISSIONS["owner"])
    return PERMISSIONS[readable_by or "owner"]


def _write_all(files: Iterable[File], folder: Path, permissions: tuple[int, int]) -> None:
    of_folders, of_files = permissions
    # Until all is there nobody else looks in; the permissions of a new folder are cut by the umask, these are not.
    folder.mkdir(mode=0o700, parents=True)
    folders = {folder}
    for file in files:
        path = folder / file.path
        path.parent.mkdir(exist_ok=True)
        folders.add(path.parent)
        with path.open("xb") as handle:
            path.chmod(of_files)
            handle.write(file.content)
            handle.flush()
            os.fsync(handle.fileno())
    for written in sorted(folders, reverse=True):
        written.chmod(of_folders)
        _sync(written)


def _swap(new: Path, week: Path, old: Path) -> None:
    if week.exists():
        week.rename(old)
    try:
        new.rename(week)
    except BaseException:
        if old.exists():
            old.rename(week)
        raise
    _sync(week.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Let the names in a folder reach the disk; Windows does that by itself and cannot open folders."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _alone(exports: Path) -> Iterator[None]:
    """Hold the folder itself as a lock: no lock file is left among the weeks, and a kill frees it."""
    if sys.platform == "win32":  # folders cannot be held there; the lock of the run has to do
        yield
        return
    handle = os.open(exports, os.O_RDONLY)
    try:
        _take(handle, exports)
        yield
    finally:
        os.close(handle)


def _take(handle: int, exports: Path) -> None:
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Locked(f"{exports}: another run is writing to this folder; wait until it is done") from None
        except OSError:  # some network file systems know no locks; there, too, the lock of the run has to do
            return
