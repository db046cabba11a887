"""Jobs handed out a few at a time, and their results in the order of the jobs, whoever works on them."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

Job = TypeVar("Job")
Future = TypeVar("Future")
Result = TypeVar("Result")

# Jobs handed out per worker: one at work, and one that it can go on with at once.
IN_FLIGHT = 2


def in_order(
    jobs: Sequence[Job],
    workers: int,
    submit: Callable[[Job], Future],
    take: Callable[[Future], Result],
    withdraw: Callable[[list[Future]], None],
) -> Iterator[Result]:
    """Hand a job out only as a result is taken, so that results of slow readers do not pile up in memory.

    Parameters
    ----------
    jobs
        In the order in which their results are wanted.
    workers
        How many there are to work on them.
    submit
        Hands a job to them.
    take
        Waits for what became of a job.
    withdraw
        Takes back what was handed out once one has failed, or nobody wants the rest.

    Examples
    --------
    >>> list(in_order([3, 1, 2], 1, submit=str, take=int, withdraw=print))
    []
    [3, 1, 2]
    """
    waiting, running = iter(jobs), deque[Future]()
    try:
        running.extend(map(submit, islice(waiting, workers * IN_FLIGHT)))
        while running:
            result = take(running.popleft())
            running.extend(map(submit, islice(waiting, 1)))
            yield result
    finally:
        withdraw(list(running))
