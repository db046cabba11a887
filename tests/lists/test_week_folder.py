"""A reader sees a whole week or none, whatever goes wrong in between."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.config.errors import AlreadyPublished, Locked
from pipeline.lists import Week, publish, publishing, recover, week_folder
from pipeline.lists.manifest import File
from pipeline.lists.week_folder import write_week
from pipeline.tables import storage


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def files(word: str, *names: str) -> list[File]:
    return [File(name, word.encode(), None) for name in names or ("a.txt", "by_owner/b.csv")]


def test_writes_all_files(week: Week, exports: Path) -> None:
    folder = publish(week, exports, replace=False)
    assert folder == exports / "2018-01-01"
    assert list(content(folder)) == [
        "actions.parquet", "by_owner/Anna_Meyer.csv", "by_owner/Jonas_Weber.csv", "by_owner/Priya_Nair.csv",
        "by_owner/unassigned.csv", "manifest.json", "risk_list.csv", "risk_list.html", "risk_list.parquet",
        "risk_list.xlsx", "run_report.json",
    ]  # fmt: skip
    assert [path.name for path in exports.iterdir()] == ["2018-01-01"]


def test_a_published_week_is_left_alone(week: Week, make_week: Callable[..., Week], exports: Path) -> None:
    before = content(publish(week, exports, replace=False))
    with pytest.raises(AlreadyPublished, match=r"^[^\n]*2018-01-01[^\n]*--replace[^\n]*$"):
        publish(make_week(3), exports, replace=False)
    assert content(exports / "2018-01-01") == before


def test_replace_leaves_nothing_of_the_old_week(week: Week, make_week: Callable[..., Week], exports: Path) -> None:
    publish(week, exports, replace=False)
    publish(make_week(1), exports, replace=True)
    assert [path.name for path in exports.iterdir()] == ["2018-01-01"]
    assert len(list((exports / "2018-01-01" / "by_owner").iterdir())) == 1


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_failure_midway_leaves_no_trace(
    week: Week, exports: Path, monkeypatch: pytest.MonkeyPatch, replace: bool, error: type[BaseException]
) -> None:
    def fail(*_: object) -> bytes:
        assert list(exports.glob(".*/risk_list.csv"))  # part of the week is on the disk by now
        raise error

    before = content(publish(week, exports, replace=False)) if replace else None
    monkeypatch.setattr(publishing, "xlsx_bytes", fail)
    with pytest.raises(error):
        publish(week, exports, replace=replace)
    assert [path.name for path in exports.iterdir()] == (["2018-01-01"] if replace else [])
    if before is not None:
        assert content(exports / "2018-01-01") == before


def test_everything_reaches_the_disk_before_and_after_the_rename(
    exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, bool]] = []  # what was synced, and whether the week was already in place

    def note(handle: int) -> None:
        synced.append((os.fstat(handle).st_ino, (exports / "2018-01-01").exists()))

    monkeypatch.setattr(os, "fsync", note)
    folder = write_week(files("new"), exports, "2018-01-01", replace=False)
    inside = {path.stat().st_ino for path in [folder, *folder.rglob("*")]}
    assert {inode for inode, in_place in synced if not in_place} == inside
    assert {inode for inode, in_place in synced if in_place} == {exports.stat().st_ino}


def test_full_disk_leaves_no_trace(exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_week(files("new"), exports, "2018-01-01", replace=False)
    assert list(exports.iterdir()) == []


def test_old_week_stays_whole_while_the_new_one_is_written(exports: Path) -> None:
    folder = write_week(files("old"), exports, "2018-01-01", replace=False)

    def watched() -> Iterator[File]:
        for file in files("new"):
            assert content(folder) == {"a.txt": b"old", "by_owner/b.csv": b"old"}
            yield file

    write_week(watched(), exports, "2018-01-01", replace=True)
    assert content(folder) == {"a.txt": b"new", "by_owner/b.csv": b"new"}


def test_old_week_comes_back_when_the_new_one_cannot_take_its_place(
    exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_week(files("old"), exports, "2018-01-01", replace=False)
    rename = Path.rename

    def fail_for_the_new(path: Path, target: Path) -> Path:
        if path.name.endswith("being_written"):
            raise PermissionError("in use")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new)
    with pytest.raises(PermissionError):
        write_week(files("new"), exports, "2018-01-01", replace=True)
    assert content(exports) == {"2018-01-01/a.txt": b"old", "2018-01-01/by_owner/b.csv": b"old"}
    assert folder.is_dir()


def killed(exports: Path, *, at: str) -> None:
    """Stop the process at the first rename or removal whose path ends in `at`; nothing is cleaned up after it."""
    child = os.fork()
    if child:
        assert os.waitpid(child, 0)[1] == 9 << 8
        return
    rename, rmtree = Path.rename, week_folder.shutil.rmtree

    def stop_before(path: Path) -> None:
        if str(path).endswith(at):
            os._exit(9)

    Path.rename = lambda path, target: (stop_before(path), rename(path, target))[1]  # type: ignore
    week_folder.shutil.rmtree = lambda path, **options: (stop_before(path), rmtree(path, **options))  # type: ignore
    write_week(files("new"), exports, "2018-01-01", replace=True)
    os._exit(0)


# the moment of the kill, what a reader sees right after it, what recovery makes of it
@pytest.mark.parametrize(
    ("at", "seen", "recovered"),
    [
        ("/2018-01-01", b"old", b"old"),  # all files written, the old week still in place
        (".being_written", None, b"old"),  # between the two renames
        (".being_replaced", b"new", b"new"),  # the new week in place, the old one not yet swept
    ],
)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_recovers_from_a_kill(exports: Path, at: str, seen: bytes | None, recovered: bytes) -> None:
    folder = write_week(files("old"), exports, "2018-01-01", replace=False)
    killed(exports, at=at)
    assert (content(folder).get("a.txt") if folder.exists() else None) == seen
    assert len(list(exports.glob(".*"))) >= 1
    recover(exports)
    assert content(exports) == {"2018-01-01/a.txt": recovered, "2018-01-01/by_owner/b.csv": recovered}


def test_leftovers_of_other_weeks_are_cleaned(exports: Path) -> None:
    left = exports / ".2017-12-25.being_written" / "by_owner"
    left.mkdir(parents=True)
    (left / "x.csv").write_bytes(b"half")
    write_week(files("new"), exports, "2018-01-01", replace=False)
    assert [path.name for path in exports.iterdir()] == ["2018-01-01"]


def test_recover_without_exports_is_no_error(exports: Path) -> None:
    recover(exports)
    assert not exports.exists()


def test_two_runs_never_write_at_once(exports: Path) -> None:
    def second() -> Iterator[File]:
        with pytest.raises(Locked, match="another run"):
            write_week(files("b"), exports, "2018-01-08", replace=False)
        yield from files("a")

    write_week(second(), exports, "2018-01-01", replace=False)
    write_week(files("b"), exports, "2018-01-08", replace=False)
    assert sorted(path.name for path in exports.iterdir()) == ["2018-01-01", "2018-01-08"]


@pytest.mark.parametrize(
    ("readers", "of_folders", "of_files"),
    [("owner", 0o700, 0o600), ("group", 0o750, 0o640), ("everybody", 0o755, 0o644)],
)
def test_who_may_read_a_week_does_not_depend_on_the_umask(tmp_path, readers, of_folders, of_files):
    before = os.umask(0o077)
    try:
        folder = write_week(files("old"), tmp_path / "exports", "2018-01-01", replace=False, readable_by=readers)
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}
        assert all(mode == (of_folders if path.is_dir() else of_files) for path, mode in modes.items())
        # Whoever replaces the week and names no readers leaves them as they were; so does a change of one file.
        write_week(files("new"), tmp_path / "exports", "2018-01-01", replace=True)
        assert stat.S_IMODE(folder.stat().st_mode) == of_folders
        file = next(path for path in folder.rglob("*") if path.is_file())
        storage.write_bytes(b"changed", file)
        assert stat.S_IMODE(file.stat().st_mode) == of_files
    finally:
        os.umask(before)


def test_nobody_else_reads_a_week_of_which_nothing_is_known(tmp_path):
    folder = write_week(files("old"), tmp_path / "exports", "2018-01-01", replace=False)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "a.txt")] == [0o700, 0o600]
