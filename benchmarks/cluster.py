"""What do the workers of a cluster cost beside one process on the same cores, and do they write the same bytes?

Run as ``python -m benchmarks.cluster [--json FILE] [--customers N] [--repeats N]``. A company is written and read by
``churn stage ingest``; then ``churn stage examples`` takes turns with ``storage.executor`` as

- ``serial``: one process, of as many threads as there are workers below;
- ``processes``: as many processes, of a thread each;
- ``dask``: as many workers of a Dask scheduler, of a thread each; they are there before, as on a cluster.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server
from typing import Any

from distributed import Client

from benchmarks import command_line, measured_project, processes
from benchmarks.measured_project import CHURN
from pipeline.config import overlay
from pipeline.config.paths import PARAMS, REPRO
from pipeline.tables import storage

DASK = str(Path(sys.executable).with_name("dask"))
WORKERS = 2
CONTENDERS = ("serial", "processes", "dask")


def measure(customers: int, repeats: int, folder: Path) -> dict[str, Any]:
    """Medians of every contender, which take turns, and whether all wrote the same; the folder is empty."""
    project, rows = measured_project.make(folder, customers)
    processes.run([CHURN, "stage", "ingest"], project)
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    written = set()
    with _cluster(project) as scheduler:
        for _ in range(repeats):
            for name, costs in turns.items():
                _choose(project, name, scheduler)
                cost, _ = processes.run([CHURN, "stage", "examples"], project)
                costs.append(cost._asdict())
                written.add(storage.fingerprint(storage.bucket_files(project / REPRO.examples)))
    return {
        "customers": customers,
        "rows": rows,
        "repeats": repeats,
        "workers": WORKERS,
        "same_bytes": len(written) == 1,
        "contenders": {name: {"seconds": statistics.median(c["seconds"] for c in turns[name])} for name in turns},
    }


def _choose(project: Path, executor: str, scheduler: str) -> None:
    threads = WORKERS if executor == "serial" else 1
    chosen = {"executor": executor, "scheduler": scheduler, "workers": WORKERS, "threads": threads}
    lines = ["storage:", *(f"  {name}: {value}" for name, value in chosen.items())]
    overlay.apply_text("\n".join(lines), project / PARAMS)


@contextmanager
def _cluster(project: Path) -> Iterator[str]:
    """The address of a scheduler whose workers have their libraries loaded."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    commands = [
        [DASK, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
        [DASK, "worker", address, "--nworkers", str(WORKERS), "--nthreads", "1", "--memory-limit", "0"],
    ]
    with (project / "cluster.log").open("w", encoding="utf-8") as log:
        started = [subprocess.Popen(command, cwd=project, stdout=log, stderr=log) for command in commands]
        try:
            with Client(address, timeout=60, set_as_default=False) as client:
                client.wait_for_workers(WORKERS, timeout=60)
            yield address
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait()


def main() -> None:
    """Read the options, measure, print."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--customers", type=int, default=300_000, help="customers (default: 300000)")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each contender (default: 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(options.customers, options.repeats, Path(folder))
    print(json.dumps(result, indent=2))
    command_line.write(result, options.json)


if __name__ == "__main__":
    main()
