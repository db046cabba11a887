"""What libraries raise becomes one line with its cause, by number or by words; what may be a defect of ours passes."""

import errno
import os

import duckdb
import polars as pl
import pytest

from pipeline.config import failures
from pipeline.config.errors import BadData, MachineFailure


@pytest.mark.parametrize("kind", [kind for kind in failures.KINDS if kind.numbers], ids=lambda kind: kind.cause)
def test_every_number_and_every_wording_gives_the_same_line(kind):
    lines = {
        str(failures.failure(OSError(number, os.strerror(number), "data/x"))) for number in kind.numbers
    } | {str(failures.failure(RuntimeError(f"oh: {words} 'data/x'"))) for words in kind.words}  # fmt: skip
    if kind is failures.FULL:
        assert all(line.startswith("data/x lies on /") and "the disk is full" in line for line in lines)
    else:
        assert lines == {f"data/x: {kind.cause}; {kind.advice}"}


def test_the_cause_may_lie_below_another_error():
    with pytest.raises(MachineFailure, match="exports: is read-only"), failures.in_words():
        try:
            raise OSError(errno.EROFS, "Read-only file system", "exports")
        except OSError as error:
            raise ValueError("no week") from error


@pytest.mark.parametrize(
    "error", [KeyError("data/x"), ValueError("memory"), FileExistsError("no number"), SystemExit(3)]
)
def test_what_may_be_a_defect_is_left_as_it_is(error):
    with pytest.raises(type(error)), failures.in_words():
        raise error


def test_what_is_refused_already_keeps_its_words():
    with pytest.raises(BadData, match=r"^out of memory$"), failures.in_words():
        raise BadData("out of memory")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(90) + b"PAR1", b"hello" * 99])
@pytest.mark.parametrize("read", [pl.read_parquet, lambda file: duckdb.read_parquet(str(file)).fetchall()])
def test_a_damaged_file_is_one_for_every_reader(tmp_path, content, read):
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(BadData, match="is damaged; bring back a copy of it"), failures.in_words():
        read(tmp_path / "x.parquet")


def test_memory_that_really_is_not_enough():
    with pytest.raises(MachineFailure, match="the memory is not enough; raise storage.memory_gb"), failures.in_words():
        duckdb.connect(config={"memory_limit": "2MB", "max_temp_directory_size": "0B"}).execute(
            "SELECT list(x) FROM (SELECT unnest(range(9000000)) AS x)"
        )
