"""Buckets on the workers of a Dask cluster that is there already; the only place that imports Dask.

The same function of a bucket runs on a worker as would run here, on the same files, so the bytes are the same. What
could make them differ is refused before the first job: another version of the code or of a library, another folder.
"""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from pipeline.config.errors import BadParams, StaleInput
from pipeline.tables import storage
from pipeline.tables.in_flight import in_order

Job = TypeVar("Job")
Result = TypeVar("Result")

# Of these the bytes of examples, scores and contributions are made.
LIBRARIES = ("duckdb", "lightgbm", "numba", "numpy", "polars", "pyarrow")
SECONDS_TO_ANSWER = 20
GONE = "{} answers no more; nothing was published: start it again, and run the same command"


def map_on_cluster(function: Callable[[Job], Result], jobs: Sequence[Job], scheduler: str) -> Iterator[Result]:
    """Run a function over the jobs on the workers of a scheduler, and hand back the results in the order of the jobs.

    Parameters
    ----------
    function
        A pure function of one job, at module level; it writes files whole, so that it can be run again.
    jobs
        What it is called with; they name files from the current folder.
    scheduler
        Address of the scheduler, such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    BadParams
        Dask is not installed.
    StaleInput
        The scheduler does not answer, has no worker, or its workers would not make the same bytes.

    Notes
    -----
    A job whose worker dies is given to another one by the scheduler; the function writes its files anew.
    """
    distributed = _library()
    gone = (distributed.client.FutureCancelledError, distributed.comm.CommClosedError)
    with _connected(distributed, scheduler) as client:
        workers = _ready(client, scheduler)
        submit = partial(client.submit, _in_folder, str(Path.cwd()), function, pure=False)
        try:
            yield from in_order(jobs, workers, submit, partial(_result, client, scheduler), partial(_withdraw, client))
        except distributed.KilledWorker as error:
            raise StaleInput(
                f"{scheduler}: {error.allowed_failures + 1} workers died at the same job, as where memory is short; "
                "lower storage.memory_gb or raise storage.buckets in params.yaml"
            ) from None
        except gone:
            raise StaleInput(GONE.format(scheduler)) from None


def _withdraw(client: Any, running: list[Any]) -> None:
    """What has not begun shall not."""
    if client.status == "running":
        client.cancel(running)


def _result(client: Any, scheduler: str, future: Any) -> Any:
    """What a job gives back, however long it takes, as long as there is somebody to do it."""
    while True:
        try:
            return future.result(timeout=SECONDS_TO_ANSWER)
        except TimeoutError:
            # Of our own waiting, or of the job itself.
            if future.done():
                raise
        if client.status != "running":
            raise StaleInput(GONE.format(scheduler))
        if not client.nthreads():
            raise StaleInput(f"{scheduler} has no worker left; start some, and run the same command again")


def _in_folder(folder: str, function: Callable[[Job], Result], job: Job) -> Result:
    """On a worker. It has one thread, so no other job is in another folder meanwhile."""
    os.chdir(folder)
    return function(job)


def _library() -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise BadParams(
            "params.yaml: storage.executor: dask needs a package that is not installed; run: pip install "
            "'churn-pipeline[dask]'"
        ) from None


def _connected(distributed: Any, scheduler: str) -> Any:
    try:
        return distributed.Client(scheduler, timeout=SECONDS_TO_ANSWER, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise StaleInput(
            f"params.yaml: storage.scheduler: {scheduler} does not answer ({reason[:200]}); start it, or set "
            "storage.executor: processes"
        ) from None


def _ready(client: Any, scheduler: str) -> int:
    """How many workers there are, none of which would make other bytes than this process."""
    threads = client.nthreads()
    if not threads:
        raise StaleInput(
            f"params.yaml: storage.scheduler: {scheduler} has no worker; start some: dask worker {scheduler}"
        )
    several = sorted(worker for worker, number in threads.items() if number > 1)
    if several:
        raise StaleInput(
            f"{scheduler}: worker {several[0]} runs {threads[several[0]]} jobs at once, and a job needs its folder to "
            f"itself; start workers with --nthreads 1: dask worker {scheduler} --nworkers -1 --nthreads 1"
        )
    folder = str(Path.cwd())
    here = describe_worker(folder)
    try:
        described = client.run(describe_worker, folder)
    except (ImportError, AttributeError) as error:
        raise StaleInput(
            f"{scheduler}: a worker has no such version of the pipeline ({error}); install the one that runs here"
        ) from None
    for worker, there in sorted(described.items()):
        differing = sorted(name for name in here if here[name] != there.get(name))
        if differing:
            name = differing[0]
            raise StaleInput(
                f"{scheduler}: worker {worker} has {name} {there.get(name)}, and here it is {here[name]}: it would not "
                "make the same files; install the same version there, and mount the same folder"
            )
    return len(threads)


def describe_worker(folder: str) -> dict[str, str]:
    """What decides about the bytes a process makes: its code, its libraries, and the files it sees."""
    seen = Path(folder) / "params.yaml"
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "the code of the pipeline": _code(Path(__file__).resolve().parents[1]),
        **{library: version(library) for library in LIBRARIES},
        f"the folder {folder}": storage.fingerprint([seen])[:12] if seen.is_file() else "not there",
    }


def _code(package: Path) -> str:
    return storage.fingerprint(sorted(package.rglob("*.py")))[:12]
