"""Whether the tracking store can be worked with, asked once, in seconds and before MLflow is.

MLflow tries for minutes to reach a store that is not there, and reports one that is damaged as a defect of its own.
"""

import re
import sqlite3
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from pipeline.config.errors import BadParams, PipelineError, StaleInput
from pipeline.config.masking import mask_password

SQLITE = "sqlite:///"
# Seconds a store may take for its first answer.
PATIENCE = 15


@cache
def check(address: str, place: str) -> None:
    """Refuse a store that does not work, by its true cause; a store that works is asked once per process.

    Parameters
    ----------
    address
        The full address: a database file, a database server or an MLflow server.
    place
        How the line names it, such as ``params.yaml: tracking.uri 'sqlite:///mlflow.db'``.

    Raises
    ------
    BadParams
        The address cannot be meant, or the driver of its database is not installed.
    StaleInput
        Nothing answers there, or the database is locked or damaged.
    """
    if address.startswith(SQLITE):
        _check_file(Path(address.removeprefix(SQLITE)), place)
    elif address.startswith(("http://", "https://")):
        _within(PATIENCE, lambda: _ask_server(address, place), place)
    elif re.match(r"\w[\w+.-]+:", address) and not address.startswith(("file:", "databricks")):
        _within(PATIENCE, lambda: _ask_database(address, place), place)


def _check_file(file: Path, place: str) -> None:
    if file.is_dir():
        raise BadParams(f"{place}: is a folder; write the name of a file in it")
    if not file.is_file() or not file.stat().st_size:
        return  # MLflow makes it
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=PATIENCE)) as database:
            (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        answer = str(error)
    if "locked" in answer:
        raise StaleInput(f"{place}: another program holds its lock for {PATIENCE} seconds; end it, then run again")
    if answer != "ok":
        raise StaleInput(
            f"{place}: is no SQLite database, or a damaged one ({' '.join(answer.split())}); bring back a copy of it, "
            "or move it away and train again: dvc repro"
        )


def _ask_server(address: str, place: str) -> None:
    """Any answer is one: whether it is MLflow's, and whether it lets us in, MLflow says itself."""
    try:
        # Only http and https get here.
        urllib.request.urlopen(f"{address.rstrip('/')}/health", timeout=PATIENCE).close()  # noqa: S310
    except urllib.error.HTTPError:
        return
    except OSError as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, TimeoutError):
            # Whether the socket or the thread gives up first, it is the same.
            reason = f"no answer within {PATIENCE:.0f} seconds"
        # Which certificates count is a setting of MLflow's.
        if not isinstance(reason, ssl.SSLError):
            raise _silent(place, reason) from None


def _ask_database(address: str, place: str) -> None:
    try:
        with create_engine(address, poolclass=NullPool).connect():
            pass
    except ImportError as error:
        raise BadParams(
            f"{place}: needs the driver {error.name}; install it, or name one that is there: postgresql+pg8000://"
        ) from None
    except (ArgumentError, NoSuchModuleError):
        raise BadParams(
            f"{place}: is no address of a store; write sqlite:///FILE, http://SERVER, or a database such as "
            "postgresql+pg8000://USER@SERVER/NAME"
        ) from None
    except (SQLAlchemyError, OSError) as error:
        raise _silent(place, error) from None


def _silent(place: str, reason: object) -> StaleInput:
    words = mask_password(" ".join(str(reason).partition("\n")[0].split()))[:200]
    return StaleInput(f"{place} does not answer as it should: {words}; start it, or correct the address")


def _within(seconds: float, ask: Callable[[], None], place: str) -> None:
    """Ask in a thread, so that one that hangs holds nobody up."""
    refusals: list[PipelineError] = []

    def run() -> None:
        try:
            ask()
        except PipelineError as refusal:
            refusals.append(refusal)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise _silent(place, f"no answer within {seconds:.0f} seconds")
    if refusals:
        raise refusals[0]
