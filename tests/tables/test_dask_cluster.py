"""A real scheduler and real worker processes: the same bytes as one process, also when a worker dies at its work."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config.errors import BadParams, StaleInput
from pipeline.config.params import Storage
from pipeline.stages import s1_ingest, s2_examples, s5_score, s6_publish
from pipeline.tables import buckets, dask_cluster
from tests import flow
from tests.end_to_end import servers
from tests.end_to_end.helpers import changed_settings, same_bytes, week
from tests.imports import ROOT

pytestmark = pytest.mark.end_to_end


PAGE = (ROOT / "docs/on-a-cluster.md").read_text(encoding="utf-8")


def command(words: str, **others: str) -> list[str]:
    """A command of the page, with other addresses and numbers."""
    (line,) = [line for line in PAGE.splitlines() if line.startswith(words)]
    for old, new in {"10.0.0.5": "127.0.0.1", **others}.items():
        line = line.replace(old.replace("_", " "), new)
    return line.split()


def started(command: list[str], folder: Path, log: Path) -> subprocess.Popen:
    with log.open("ab") as lines:
        return subprocess.Popen(
            [Path(sys.executable).parent / command[0], *command[1:]],
            cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=lines, stderr=subprocess.STDOUT,
        )  # fmt: skip


class Cluster:
    """A scheduler and its workers, as somebody would start them from a shell."""

    def __init__(self, folder: Path) -> None:
        self.port = str(servers.free_port())
        self.folder, self.log, self.workers = folder, folder / "cluster.log", list[subprocess.Popen]()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler = started(
            [*command("dask scheduler", **{"8786": self.port}), "--no-dashboard"], folder, self.log
        )

    def add_worker(self, threads: int = 1) -> None:
        # Without a nanny, which would start another process in place of one that was killed.
        how = command(
            "dask worker",
            **{"8786": self.port, "--nworkers_8": "--nworkers 1", "--nthreads_1": f"--nthreads {threads}"},
        )
        self.workers.append(started([*how, "--no-nanny", "--no-dashboard"], self.folder, self.log))

    def wait_for(self, number: int) -> None:
        import distributed

        with distributed.Client(self.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(number, timeout=60)
            while len(client.nthreads()) != number:
                time.sleep(0.1)

    def replace_the_dead(self, number: int = 2) -> None:
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        self.add_worker()
        self.wait_for(number)

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        made.add_worker()
        made.add_worker()
        made.wait_for(2)
        yield made
    finally:
        made.end()


def on(cluster: Cluster, count: int = 6) -> Storage:
    return Storage(buckets=count, executor="dask", scheduler=cluster.address, workers=1, threads=1, memory_gb=1.0,
                   keep_read_days=0)  # fmt: skip


def process_id(_: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def fail_at_three(number: int) -> int:
    if number == 3:
        raise FileNotFoundError("bucket 3 is missing")
    return number


def die_once(job: tuple[Path, int]) -> int:
    """The first to come to the third job ends its process, as a machine that is switched off would."""
    mark, number = job
    if number == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    Path(f"{mark}-{number}").touch()
    return number


def kill_at_work(worker: subprocess.Popen, data: Path) -> None:
    """End a worker as soon as the first bucket of examples is there, in the middle of its next one."""
    until = time.monotonic() + 60
    while time.monotonic() < until and not [*data.glob(".examples.partial/bucket-*")]:
        time.sleep(0.01)
    worker.kill()
    worker.wait()


def test_the_list_of_a_cluster_is_that_of_one_process_though_a_worker_is_killed(
    cluster, copy_of_shop, built_company, monkeypatch
):
    shutil.rmtree("exports")
    settings = changed_settings(
        storage__buckets=7, storage__executor="dask", storage__scheduler=cluster.address, storage__threads=1
    )
    flow.run_untracked(monkeypatch, settings, (s1_ingest,))
    killer = threading.Thread(target=kill_at_work, args=(cluster.workers[0], copy_of_shop / "data"))
    killer.start()
    flow.run_untracked(monkeypatch, settings, (s2_examples, s5_score, s6_publish))
    killer.join()
    assert cluster.workers[0].poll() is not None
    assert len(list((copy_of_shop / "data/scores").glob("bucket-*.parquet"))) == 7
    same_bytes(week(built_company), week())
    cluster.replace_the_dead()


def test_results_come_in_order_from_both_workers_and_a_failure_is_the_jobs_own(cluster, copy_of_shop):
    assert len(set(buckets.map_buckets(process_id, list(range(12)), on(cluster), "ids"))) == 2
    with pytest.raises(FileNotFoundError, match="bucket 3 is missing"):
        list(buckets.map_buckets(fail_at_three, list(range(6)), on(cluster), "failing"))
    assert list(buckets.map_buckets(abs, [-3, -1, -2], on(cluster), "numbers")) == [3, 1, 2]


def test_a_worker_that_is_killed_changes_nothing_but_the_time(cluster, copy_of_shop, tmp_path):
    jobs = [(tmp_path / "mark", number) for number in range(9)]
    assert list(buckets.map_buckets(die_once, jobs, on(cluster), "dying")) == list(range(9))
    assert len(list(tmp_path.glob("mark-*"))) == 9
    assert sum(worker.poll() is not None for worker in cluster.workers) == 1
    cluster.replace_the_dead()


def test_workers_that_would_make_other_files_are_refused(cluster, copy_of_shop, monkeypatch, tmp_path):
    honest = dask_cluster.describe_worker
    there = honest(str(Path.cwd()))
    assert there[f"the folder {Path.cwd()}"] != "not there"
    monkeypatch.setattr(dask_cluster, "version", lambda name: "0.0.1" if name == "polars" else there[name])
    with pytest.raises(StaleInput, match=r"has polars \d.*, and here it is 0\.0\.1: it would not make the same files"):
        list(buckets.map_buckets(abs, [1, 2], on(cluster), "numbers"))
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    cluster.add_worker(threads=2)
    cluster.wait_for(3)
    with pytest.raises(StaleInput, match="runs 2 jobs at once, .* start workers with --nthreads 1"):
        list(buckets.map_buckets(abs, [1, 2], on(cluster), "numbers"))
    last = cluster.workers.pop()
    last.kill()
    last.wait()
    cluster.wait_for(2)


def kill_the_worker(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.nightly
def test_a_cluster_that_dies_is_told_in_one_line_and_not_waited_for(copy_of_shop, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_cluster, "SECONDS_TO_ANSWER", 2)
    other = Cluster(tmp_path)
    try:
        other.add_worker()
        other.wait_for(1)
        with pytest.raises(StaleInput, match="has no worker left; start some, and run the same command again"):
            list(buckets.map_buckets(kill_the_worker, [1, 2], on(other), "dying"))
        other.replace_the_dead(1)
        results = buckets.map_buckets(slow, [0, *range(50)], on(other), "slow")
        assert next(results) == 0
        other.scheduler.kill()
        with pytest.raises(StaleInput, match="answers no more; nothing was published"):
            list(results)
    finally:
        other.end()


def slow(number: int) -> int:
    time.sleep(0.3 if number else 0)
    return number


class WithoutThePackage:
    """A cluster whose workers lack it; the error is the one that comes back from them."""

    def nthreads(self) -> dict[str, int]:
        return {"tcp://10.0.0.6:1": 1}

    def run(self, *_: object) -> dict[str, dict[str, str]]:
        raise ModuleNotFoundError("No module named 'pipeline'")


def test_workers_without_the_package_are_told_in_one_line():
    with pytest.raises(StaleInput, match=r"no such version of the pipeline \(No module named 'pipeline'\); install"):
        dask_cluster._ready(WithoutThePackage(), "tcp://10.0.0.5:8786")


def test_what_is_missing_is_told_in_one_line(monkeypatch):
    storage = Storage(buckets=2, executor="dask", scheduler="tcp://127.0.0.1:9", workers=1, threads=1, memory_gb=1.0,
                      keep_read_days=0)  # fmt: skip
    monkeypatch.setattr(dask_cluster, "SECONDS_TO_ANSWER", 1)
    with pytest.raises(StaleInput, match=r"^params\.yaml: storage\.scheduler: tcp://127\.0\.0\.1:9 does not answer"):
        list(buckets.map_buckets(abs, [1, 2], storage, "numbers"))

    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(dask_cluster, "import_module", absent)
    with pytest.raises(BadParams, match=r"run: pip install 'churn-pipeline\[dask\]'$"):
        list(buckets.map_buckets(abs, [1, 2], storage, "numbers"))
    with pytest.raises(ValueError, match="needs the address of a `scheduler`"):
        Storage(**storage.model_dump() | {"scheduler": None})
