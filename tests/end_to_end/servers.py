"""Servers for the tests of a team: an S3-compatible one out of a package, and MLflow's own; all on this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BIN = Path(sys.executable).parent
PATIENCE = 240


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(command: str, url: str, log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    """A shell command that serves until the block ends; it begins once `url` answers."""
    with log.open("wb") as lines:
        server = subprocess.Popen(
            ["bash", "-c", command], cwd=log.parent, env=environment, stdout=lines, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        _await(server, url, log)
        yield server
    finally:
        stop(server)


def stop(server: subprocess.Popen) -> None:
    """End a server and the processes it has started."""
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(30)


def _await(server: subprocess.Popen, url: str, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer:\n{log.read_text(errors='replace')[-3000:]}")


def mlflow_environment(**more: str) -> dict[str, str]:
    """What MLflow's server needs to start quickly, and nothing of the store that this process works with."""
    own = {name: text for name, text in os.environ.items() if not name.startswith(("MLFLOW_", "AWS_", "_MLFLOW"))}
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    switches = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return own | {"PATH": path} | switches | more


@contextmanager
def s3(folder: Path, *buckets: str) -> Iterator[str]:
    """An S3-compatible server with these buckets, which keeps them in memory; its address."""
    url = f"http://127.0.0.1:{free_port()}"
    command = f"exec moto_server -H 127.0.0.1 -p {url.rpartition(':')[2]}"
    with serving(command, f"{url}/moto-api/", folder / "s3.log", mlflow_environment()):
        for bucket in buckets:
            with urllib.request.urlopen(urllib.request.Request(f"{url}/{bucket}", method="PUT"), timeout=30):
                pass
        yield url
