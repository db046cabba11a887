"""Customers are spread over buckets by a hash of their id; a function of one bucket runs anywhere."""

import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pipeline import progress
from pipeline.config.params import Storage
from pipeline.tables import dask_cluster, worker_process
from pipeline.tables.in_flight import in_order

Job = TypeVar("Job")
Result = TypeVar("Result")

# Some 600 bytes are held of each row while its features are made: 1.6 GB with the libraries.
ROWS_PER_BUCKET = 2_000_000


def customer_key(customer_id: str) -> int:
    """The customer as an integer of 63 bits: the first 8 bytes of the MD5 of the id, little-endian, halved.

    It depends on the id alone, so a customer stays in the same order and the same bucket on any engine and any day.

    >>> customer_key("900")
    4692372712039676502
    """
    digest = hashlib.md5(customer_id.encode("utf-8"), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "little") >> 1


KEY_BITS = 63

# The same in the engine's language; a test holds the two together. Halves of the whole number: `md5_number_upper` and
# `md5_number_lower` go through a text of hexadecimal digits, and take four times as long.
FIRST_HALF_SQL = "(md5_number({text}) & 18446744073709551615)::UBIGINT"
SECOND_HALF_SQL = "(md5_number({text}) >> 64)::UBIGINT"
CUSTOMER_KEY_SQL = f"({FIRST_HALF_SQL.format(text='{id}')} >> 1)::BIGINT"


def key_range(bucket: int, number: int) -> tuple[int, int]:
    """The first and the last `customer_key` of a bucket, of so many that share all keys evenly.

    Ranges, so that rows which lie in order of their keys lie in order of their buckets, however many there are.

    >>> [key_range(bucket, 3) for bucket in range(3)][1]
    (3074457345618258603, 6148914691236517205)
    """
    first, after = (-(-(place << KEY_BITS) // number) for place in (bucket, bucket + 1))
    return first, after - 1


def number_of_buckets(storage: Storage, rows: int) -> int:
    """How many buckets `rows` transactions are spread over.

    >>> others = {"scheduler": None, "workers": 1, "threads": 1, "memory_gb": 1.0, "keep_read_days": 0}
    >>> auto = Storage(buckets="auto", executor="serial", **others)
    >>> number_of_buckets(auto, 1_400_000), number_of_buckets(auto, 30_000_000)
    (1, 15)
    """
    return storage.buckets if storage.buckets != "auto" else max(1, -(-rows // ROWS_PER_BUCKET))


def map_buckets(
    function: Callable[[Job], Result], jobs: Sequence[Job], storage: Storage, words: str
) -> Iterator[Result]:
    """Run a function over the buckets and hand back the results in bucket order.

    Parameters
    ----------
    function
        A pure function of one bucket; at module level, so that another process can import it.
    jobs
        One per bucket.
    storage
        Which executor, and how many workers.
    words
        What is being done, for the progress line.
    """
    yield from progress.tracked(_results(function, jobs, storage), words, "bucket", len(jobs))


def _results(function: Callable[[Job], Result], jobs: Sequence[Job], storage: Storage) -> Iterator[Result]:
    if storage.executor == "serial" or len(jobs) == 1:
        return map(function, jobs)
    if storage.executor == "dask":
        assert storage.scheduler is not None, "params refuse dask without a scheduler"
        return dask_cluster.map_on_cluster(function, jobs, storage.scheduler)
    return _by_processes(function, jobs, storage)


def _by_processes(function: Callable[[Job], Result], jobs: Sequence[Job], storage: Storage) -> Iterator[Result]:
    workers = _workers(storage, len(jobs))
    pool = _pool(workers, storage.threads, Path.cwd())
    try:
        yield from in_order(jobs, workers, lambda job: pool.submit(function, job), Future.result, _withdraw)
    except BrokenProcessPool:
        _pool.cache_clear()
        raise


def _withdraw(running: list[Future[Result]]) -> None:
    """What has not begun shall not, and what has begun ends before we go on."""
    for future in running:
        future.cancel()
    wait(running)


@lru_cache(maxsize=1)
def _pool(workers: int, threads: int, folder: Path) -> ProcessPoolExecutor:  # noqa: ARG001, jobs name files from it
    """The processes, kept from one step to the next: each takes seconds to load its libraries."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, worker_process.prepare, (threads,))


def _workers(storage: Storage, jobs: int) -> int:
    return max(1, min(storage.workers, jobs, os.cpu_count() or 1))
