"""Customers are spread over buckets by a hash of their id; a function of one bucket runs anywhere."""

import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from tqdm import tqdm

from pipeline.params import Storage

Job = TypeVar("Job")
Result = TypeVar("Result")

ROWS_PER_BUCKET = 5_000_000


def customer_key(customer_id: str) -> int:
    """The customer as an integer of 63 bits: the first 8 bytes of the MD5 of the id, little-endian, halved.

    It depends on the id alone, so a customer stays in the same order and the same bucket on any engine and any day.

    >>> customer_key("900")
    4692372712039676502
    """
    digest = hashlib.md5(customer_id.encode("utf-8"), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "little") >> 1


# The same in the engine's language; a test holds the two together.
CUSTOMER_KEY_SQL = "(md5_number_upper({id}) >> 1)::BIGINT"


def number_of_buckets(storage: Storage, rows: int) -> int:
    """How many buckets `rows` transactions are spread over.

    >>> auto = Storage(buckets="auto", executor="serial", workers=1, threads=1, memory_gb=1.0)
    >>> number_of_buckets(auto, 1_400_000), number_of_buckets(auto, 30_000_000)
    (1, 6)
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
    progress = tqdm(total=len(jobs), desc=words, unit="bucket", disable=None, leave=False)
    with progress:
        if storage.executor == "serial" or len(jobs) == 1:
            for job in jobs:
                yield function(job)
                progress.update()
            return
        with ProcessPoolExecutor(_workers(storage, len(jobs)), multiprocessing.get_context("spawn")) as pool:
            for result in pool.map(function, jobs):
                yield result
                progress.update()


def _workers(storage: Storage, jobs: int) -> int:
    return max(1, min(storage.workers, jobs, os.cpu_count() or 1))
