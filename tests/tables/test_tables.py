"""Tables on disk and in buckets: the same hash everywhere, whole files or none, memory that does not grow."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config.errors import BadData
from pipeline.config.params import Storage
from pipeline.tables import buckets, in_flight, schemas, storage, worker_process


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_the_engine_hashes_customers_as_python_does(customer):
    query = f"SELECT {buckets.CUSTOMER_KEY_SQL.format(id='?::VARCHAR')}"
    assert duckdb.execute(query, [customer]).fetchone() == (buckets.customer_key(customer),)
    assert 0 <= buckets.customer_key(customer) < 2**63


def test_the_hash_is_pinned():
    """A customer must stay in the same order for ever: this number may never change."""
    assert buckets.customer_key("900") == 4692372712039676502
    assert buckets.customer_key("900") == int.from_bytes(hashlib.md5(b"900").digest()[:8], "little") // 2


@given(st.integers(0, 2**63 - 1), st.integers(1, 10_000))
def test_each_customer_is_in_one_bucket(key, number):
    """The share of all keys that lie below says which; at the ends of a bucket as well."""
    bucket = key * number // 2**63
    first, last = buckets.key_range(bucket, number)
    assert first <= key <= last
    assert [end * number // 2**63 for end in (first, last)] == [bucket, bucket]
    if bucket:
        assert buckets.key_range(bucket - 1, number)[1] == first - 1
    assert buckets.key_range(number - 1, number)[1] == 2**63 - 1
    assert buckets.key_range(0, number)[0] == 0


@pytest.mark.parametrize(
    ("declared", "rows", "expected"),
    [("auto", 0, 1), ("auto", 2_000_000, 1), ("auto", 2_000_001, 2), ("auto", 50_000_000, 25), (3, 10, 3)],
)
def test_number_of_buckets(declared, rows, expected):
    found = Storage(
        buckets=declared, executor="serial", workers=1, threads=1, memory_gb=1.0, keep_read_days=0, scheduler=None
    )
    assert buckets.number_of_buckets(found, rows) == expected


def double(number: int) -> int:
    return 2 * number


def leave_a_mark(file: Path) -> str:
    file.touch()
    return file.name


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_results_come_back_in_bucket_order(executor):
    found = Storage(buckets=4, executor=executor, workers=2, threads=1, memory_gb=1.0, keep_read_days=0, scheduler=None)
    assert list(buckets.map_buckets(double, [3, 1, 2, 0], found, "doubling")) == [6, 2, 4, 0]


def test_results_nobody_has_taken_yet_do_not_pile_up(tmp_path):
    """Two workers with two jobs each, and one that follows the result just handed out."""
    found = Storage(
        buckets=9, executor="processes", workers=2, threads=1, memory_gb=1.0, keep_read_days=0, scheduler=None
    )
    results = buckets.map_buckets(leave_a_mark, [tmp_path / str(number) for number in range(9)], found, "marking")
    assert next(results) == "0"
    time.sleep(0.5)
    assert len(list(tmp_path.iterdir())) <= 2 * in_flight.IN_FLIGHT + 1
    assert list(results) == [str(number) for number in range(1, 9)]
    assert len(list(tmp_path.iterdir())) == 9


def test_one_bucket_that_fails_ends_the_others(tmp_path):
    found = Storage(
        buckets=9, executor="processes", workers=2, threads=1, memory_gb=1.0, keep_read_days=0, scheduler=None
    )
    jobs = [tmp_path / "missing" / "0", *(tmp_path / str(number) for number in range(1, 9))]
    with pytest.raises(FileNotFoundError, match="missing"):
        list(buckets.map_buckets(leave_a_mark, jobs, found, "marking"))
    assert len(list(tmp_path.iterdir())) < 8, "what had not begun did not"


def work_for_a_while(file: Path) -> None:
    if "missing" not in file.parts:
        time.sleep(0.5)
    file.touch()


def test_what_has_begun_ends_before_a_failure_is_told(tmp_path):
    """Else a late job would still write into a folder that its caller has removed."""
    found = Storage(
        buckets=2, executor="processes", workers=2, threads=1, memory_gb=1.0, keep_read_days=0, scheduler=None
    )
    list(buckets.map_buckets(double, [1, 2], found, "loading"))
    with pytest.raises(FileNotFoundError, match="missing"):
        list(buckets.map_buckets(work_for_a_while, [tmp_path / "missing" / "0", tmp_path / "1"], found, "working"))
    before = list(tmp_path.iterdir())
    time.sleep(0.7)
    assert list(tmp_path.iterdir()) == before


def process_id(number: int) -> int:
    time.sleep(0.2)
    return os.getpid()


def test_processes_are_kept_from_step_to_step_and_a_killed_one_is_replaced():
    found = Storage(
        buckets=2, executor="processes", workers=2, threads=1, memory_gb=1.0, keep_read_days=0, scheduler=None
    )
    first = set(buckets.map_buckets(process_id, [1, 2], found, "first"))
    assert set(buckets.map_buckets(process_id, [1, 2], found, "second")) <= first and os.getpid() not in first
    os.kill(min(first), signal.SIGKILL)
    time.sleep(0.5)  # so that it is known to be broken before anything is handed out
    with pytest.raises(BrokenProcessPool):
        for _ in range(50):
            list(buckets.map_buckets(process_id, [1, 2], found, "third"))
    assert not set(buckets.map_buckets(process_id, [1, 2], found, "fourth")) & first


def how_polars_was_loaded(number: int) -> tuple[int, str]:
    return pl.thread_pool_size(), os.environ[worker_process.POLARS_MEMORY].rpartition(",")[2]


def test_a_process_uses_the_threads_of_a_bucket_and_keeps_its_memory():
    """Both are read once, as Polars is loaded; so this holds only where nothing loads it earlier."""
    found = Storage(
        buckets=2, executor="processes", workers=2, threads=3, memory_gb=1.0, keep_read_days=0, scheduler=None
    )
    assert set(buckets.map_buckets(how_polars_was_loaded, [1, 2], found, "asking")) == {(3, "muzzy_decay_ms:10000")}


def test_files_are_those_of_the_folder_one_is_in_now(tmp_path, monkeypatch):
    found = Storage(
        buckets=2, executor="processes", workers=2, threads=1, memory_gb=1.0, keep_read_days=0, scheduler=None
    )
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        list(buckets.map_buckets(leave_a_mark, [Path("0"), Path("1")], found, "marking"))
    assert sorted(str(file.relative_to(tmp_path)) for file in tmp_path.glob("*/*")) == ["a/0", "a/1", "b/0", "b/1"]


def test_a_failed_write_leaves_the_earlier_file_and_nothing_else(tmp_path):
    file = tmp_path / "report.json"
    storage.write_json({"a": 1}, file)
    with pytest.raises(ValueError, match="Out of range float"):
        storage.write_json({"a": float("nan")}, file)
    with pytest.raises(RuntimeError, match="midway"), storage.new_folder(tmp_path / "table") as folder:
        (folder / "bucket-00000.parquet").touch()
        raise RuntimeError("midway")
    assert storage.read_json(file) == {"a": 1}
    assert [found.name for found in tmp_path.iterdir()] == ["report.json"]


def test_a_folder_that_cannot_take_its_place_gives_the_old_one_back(tmp_path, monkeypatch):
    with storage.new_folder(tmp_path / "table") as folder:
        (folder / "old").touch()
    whole = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if self.name == ".table.partial":
            raise OSError("no room")
        return whole(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="no room"), storage.new_folder(tmp_path / "table") as folder:
        (folder / "new").touch()
    assert [file.name for file in (tmp_path / "table").iterdir()] == ["old"]
    assert [file.name for file in tmp_path.iterdir()] == ["table"]


def test_what_a_killed_run_left_is_no_part_of_the_next(tmp_path):
    (tmp_path / ".table.partial").mkdir()
    (tmp_path / ".table.partial" / "bucket-00009.parquet").touch()
    with storage.new_folder(tmp_path / "table") as folder:
        storage.write_parquet(pl.DataFrame({"a": [1]}), storage.bucket_file(folder, 0))
    assert [file.name for file in storage.bucket_files(tmp_path / "table")] == ["bucket-00000.parquet"]


def test_reading_says_what_is_missing(tmp_path):
    with pytest.raises(BadData, match="not found; run the earlier stages first: dvc repro"):
        storage.read_parquet(tmp_path / "none.parquet")
    with pytest.raises(BadData, match="has no bucket; run the earlier stages first"):
        storage.read_buckets(tmp_path)
    with pytest.raises(BadData, match="not found"):
        storage.read_json(tmp_path / "none.json")
    storage.write_parquet(pl.DataFrame({"a": [1], "b": [2]}), tmp_path / "t.parquet")
    with pytest.raises(BadData, match="has no column c; found a, b"):
        storage.read_parquet(tmp_path / "t.parquet", ["a", "c"])


def test_every_table_has_a_customer_and_words():
    assert list(schemas.TABLES) == [
        "transactions", "events", "contacts", "tickets", "surveys", "customers", "subscriptions", "loyalty",
        "commitments", "outcomes",
    ]  # fmt: skip
    for table in schemas.TABLES.values():
        assert table.columns[0] is schemas.CUSTOMER_ID
        assert all(column.description for column in table.columns)
        assert len({column.stored for column in table.columns}) == len(table.columns)


INGEST = """
import resource, sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from pipeline.config import params
from pipeline import sql
from pipeline.stages import s1_ingest
from pipeline.config.paths import Paths

rows, folder = int(sys.argv[1]), Path(sys.argv[2])
file = folder / "orders.csv"
with file.open("w") as out:
    out.write("customer,at,paid\\n")
    for block in range(rows // 1000):
        out.write("".join(f"c{(block * 1000 + n) % 50021},2024-0{1 + n % 9}-1{n % 10},{n}.{n % 100:02d}\\n" for n in range(1000)))
settings = params.load(Path(sys.argv[3]))
source = params.Source(path=str(file), columns={"customer_id": "customer", "ts": "at", "amount": "paid"})
small = settings.storage.model_copy(update={"memory_gb": 0.25, "threads": 2, "buckets": 4})
data = settings.data.model_copy(update={"timezone": "UTC"})
s1_ingest.run(s1_ingest.Settings(data, params.Sources(transactions=source), settings.coherence, small), Paths(folder / "data", folder / "m", folder / "r", folder / "e"))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.nightly
def test_memory_does_not_grow_with_the_file(tmp_path, root):
    peaks = []
    for rows in (200_000, 3_000_000):
        folder = tmp_path / str(rows)
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", INGEST, str(rows), str(folder), str(root / "params.yaml")],
            capture_output=True, text=True, check=True, cwd=root,
        )  # fmt: skip
        peaks.append(int(done.stdout.strip()))
    assert peaks[1] < peaks[0] + 250, f"15 times the rows took {peaks[1]} MB instead of {peaks[0]} MB"
