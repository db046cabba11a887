"""Every failure is one line with the true cause and an exit code of its own: a table of things that break."""

import errno
import json
import os
import random
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline import cli, lists
from pipeline.commands import weekly
from pipeline.config import paths
from pipeline.tables import storage
from pipeline.tracking import probe, store
from tests.profiles import some_by_day

pytestmark = pytest.mark.end_to_end
DAY, SECRET = "2024-07-02", "s3cretword"
WEEKLY = f"weekly --as-of {DAY}"
MODEL = Path("models/churn.txt")
Break = Callable[[ExitStack], object]


@dataclass(frozen=True)
class Failure:
    """What is broken, the command that meets it, and how it must end."""

    name: str
    breaks: Break
    code: int
    says: str
    command: str = WEEKLY


def swap(file: str, old: str, new: str) -> None:
    text = Path(file).read_text(encoding="utf-8")
    assert old in text, f"{file} holds no {old!r}"
    Path(file).write_text(text.replace(old, new, 1), encoding="utf-8")


def setting(old: str, new: str) -> Break:
    return lambda _: swap("params.yaml", old, new)


def address(uri: str) -> Break:
    return setting("uri: sqlite:///mlflow.db", f"uri: {json.dumps(uri)}")


def of_the_shell(uri: str) -> Break:
    def break_it(_: ExitStack) -> None:
        os.environ["SHOP_DATABASE"] = uri
        swap("params.yaml", "uri_env: null", "uri_env: SHOP_DATABASE")

    return break_it


def query(uri: str) -> Break:
    def break_it(_: ExitStack) -> None:
        os.environ["SHOP_DATABASE"] = uri
        swap("params.yaml", "path: raw/visits.csv", "sql: select 1\n    url_env: SHOP_DATABASE")

    return break_it


def holds(file: str, content: str | bytes) -> Break:
    def break_it(_: ExitStack) -> None:
        storage.remove(Path(file))
        Path(file).parent.mkdir(exist_ok=True)
        Path(file).write_bytes(content if isinstance(content, bytes) else content.encode())

    return break_it


def without(file: str) -> Break:
    return lambda _: storage.remove(Path(file))


def is_folder(file: str) -> Break:
    def break_it(_: ExitStack) -> None:
        storage.remove(Path(file))
        Path(file).mkdir()

    return break_it


def locked(stack: ExitStack) -> None:
    held = stack.enter_context(closing(sqlite3.connect("mlflow.db", isolation_level=None)))
    held.execute("BEGIN EXCLUSIVE")


def without_alias(_: ExitStack) -> None:
    with closing(sqlite3.connect("mlflow.db")) as database, database:
        database.execute("DELETE FROM registered_model_aliases")


def silent_server(stack: ExitStack) -> None:
    """It takes calls and never says a word."""
    server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    address(f"http://127.0.0.1:{server.getsockname()[1]}")(stack)


def server_that_says(status: int, body: bytes) -> Break:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Not into the output of the tests."""

    def break_it(stack: ExitStack) -> None:
        server = HTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        address(f"http://127.0.0.1:{server.server_port}")(stack)

    return break_it


def raising(where: object, name: str, error: Exception) -> Break:
    """What a disk or a memory that is full does to a step; a real full disk is in `tests/end_to_end/many_weeks`."""

    def break_it(stack: ExitStack) -> None:
        def fail(*_: object, **__: object) -> None:
            raise error

        stack.enter_context(pytest.MonkeyPatch.context()).setattr(where, name, fail)

    return break_it


def cut(file: str, share: float) -> Break:
    def break_it(_: ExitStack) -> None:
        content = Path(file).read_bytes()
        Path(file).write_bytes(content[: int(len(content) * share)])

    return break_it


def edited(pattern: str, new: str) -> Break:
    def break_it(_: ExitStack) -> None:
        text, found = re.subn(pattern, new, MODEL.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
        assert found
        MODEL.write_text(text, encoding="utf-8")

    return break_it


def damaged_table(folder: str) -> Break:
    def break_it(_: ExitStack) -> None:
        for file in Path(folder).rglob("*.parquet"):
            file.write_bytes(b"PAR1" + bytes(100) + b"PAR1")

    return break_it


def rule(text: str) -> Break:
    def break_it(_: ExitStack) -> None:
        book = Path("playbooks.yaml").read_text(encoding="utf-8")
        Path("playbooks.yaml").write_text(re.sub(r"when: .*", f"when: {text}", book, count=1), encoding="utf-8")

    return break_it


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{to}: &{to} [{', '.join([f'*{of}'] * 9)}]\n" for of, to in zip("abcdefgh", "bcdefghi", strict=True)
)
NOISE = random.Random(0).randbytes(500)
DEEP = "[" * 100_000
BEFORE = "exports/2024-07-01"
TABLE = [
    # The store of MLflow.
    Failure("database is a folder", is_folder("mlflow.db"), 10, "tracking.uri 'sqlite:///mlflow.db': is a folder"),
    Failure("database is a text", holds("mlflow.db", "hello " * 2000), 15, "is no SQLite database, or a damaged one"),
    Failure("database is cut off", cut("mlflow.db", 0.3), 15, "damaged one (database disk image is malformed)"),
    Failure("database is locked", locked, 15, "another program holds its lock"),
    Failure("database is empty", holds("mlflow.db", ""), 13, "has no model 'churn' with alias 'champion'"),
    Failure("no champion", without_alias, 13, "has no model 'churn' with alias 'champion'; train one"),
    Failure("files of the model gone", without("mlruns"), 14, "the files of version 1 of 'churn' are gone"),
    Failure("server is down", address("http://127.0.0.1:1"), 15, "does not answer as it should: [Errno 111] Connection"),
    Failure("server unknown", address("http://nowhere.invalid"), 15, "does not answer as it should"),
    Failure("server is silent", silent_server, 15, "no answer within 1 seconds"),
    Failure("server lets nobody in", server_that_says(401, b"who are you"), 15, "error code 401"),
    Failure("another server", server_that_says(404, b"<html>"), 15, "error code 404"),
    Failure("a login page", server_that_says(200, b"<html>sign in"), 15, "not in a valid JSON format"),
    Failure("database server is down", address("postgresql+pg8000://ann@127.0.0.1:1/x"), 15, "does not answer as it"),
    Failure("no driver", address("mysql://ann@127.0.0.1/x"), 10, "needs the driver MySQLdb; install it"),
    Failure("no such store", address("foo://bar"), 10, "is no address of a store; write sqlite:///FILE"),
    Failure("password in params", address(f"postgresql://ann:{SECRET}@db/x"), 10, "tracking.uri: holds a password"),
    Failure("password mistyped", address(f"postgresql:/ann:{SECRET}@db/x"), 10, "tracking.uri: holds a password"),
    Failure("token in params", address(f"https://mlflow/?token={SECRET}"), 10, "tracking.uri: holds a password"),
    Failure("variable not set", setting("uri_env: null", "uri_env: NOT_SET"), 10, "variable NOT_SET is not set"),
    Failure("a URL for a variable", setting("uri_env: null", f"uri_env: 'x://ann:{SECRET}@db'"), 10, "x://ann:***@db"),
    Failure("address of the shell", of_the_shell(f"postgresql+pg8000://ann:{SECRET}@127.0.0.1:1/x"), 15,
            "tracking.uri_env SHOP_DATABASE 'postgresql+pg8000://ann:***@127.0.0.1:1/x' does not answer"),
    Failure("address of the shell mistyped", of_the_shell(f"postgresql:/ann:{SECRET}@db"), 10, "is no address of a store"),
    # The machine.
    Failure("exports is a file", holds("exports", "x"), 18, "exports: is a file where a folder has to be"),
    Failure("data is a file", holds("data", "x"), 18, "data: is a file where a folder has to be"),
    Failure("disk full", raising(lists, "publish", OSError(errno.ENOSPC, "No space left on device", "exports/x")), 18,
            "exports/x lies on /"),
    Failure("disk full, by polars", raising(weekly, "run_stage", OSError("No space left on device (os error 28)")), 18,
            "MB are free: the disk is full; free some space"),
    Failure("disk full, while the model is fetched",
            raising(store.mlflow.artifacts, "download_artifacts", OSError(errno.ENOSPC, "No space left on device")), 18,
            "MB are free: the disk is full; free some space"),
    Failure("quota", raising(weekly, "run_stage", OSError(errno.EDQUOT, "Disk quota exceeded")), 18, "quota is used up"),
    Failure("read-only", raising(weekly, "run_stage", OSError(errno.EROFS, "Read-only file system", "exports")), 18,
            "exports: is read-only; write to another place"),
    Failure("no permission", raising(weekly, "run_stage", PermissionError(errno.EACCES, "Permission denied", "exports")), 18,
            "exports: this user has no permission"),
    Failure("memory", raising(weekly, "run_stage", MemoryError()), 18, "the memory is not enough; raise storage.memory_gb"),
    Failure("memory, by DuckDB", raising(weekly, "run_stage", RuntimeError("Out of Memory Error: could not allocate")), 18,
            "the memory is not enough; raise storage.memory_gb"),
    Failure("too many files", raising(weekly, "run_stage", OSError(errno.EMFILE, "Too many open files")), 18, "ulimit -n"),
    Failure("broken disk", raising(weekly, "run_stage", OSError(errno.EIO, "Input/output error", "exports")), 18,
            "exports: the disk cannot be read or written"),
    # The model on disk.
    Failure("trees gone", without(str(MODEL)), 12, "models/churn.txt: not found; train first", "stage score"),
    Failure("trees empty", holds(str(MODEL), ""), 14, "is no model (it does not begin as a model)", "stage score"),
    Failure("trees cut off", cut(str(MODEL), 0.4), 14, "it does not end with", "stage score"),
    Failure("trees are noise", holds(str(MODEL), NOISE), 14, "models: holds no model of this release", "stage score"),
    Failure("a leaf is no number", edited(r"^leaf_value=\S+", "leaf_value=nan"), 14, "is no model (tree", "stage score"),
    Failure("a branch in a circle", edited(r"^left_child=\S+", "left_child=0"), 14, "is no model (tree", "stage score"),
    Failure("a feature too many", edited(r"^split_feature=\S+", "split_feature=9999"), 14, "is no model", "stage score"),
    Failure("calibration is no number", holds("models/calibration.json", '{"in_use": NaN}'), 14,
            "models/calibration.json: is damaged (NaN is no number)", "stage score"),
    Failure("calibration of something else", holds("models/calibration.json", "{}"), 14,
            "models: holds no model of this release (KeyError: 'in_use')", "stage score"),
    Failure("card nested deeply", holds("models/model.json", '{"a":' * 100_000), 14, "nested too deeply", "stage score"),
    Failure("card of something else", holds("models/model.json", "{}"), 14, "models: holds no model of this", "stage score"),
    Failure("decision is no JSON", holds("models/champion.json", "nope"), 12, "models/champion.json: is damaged"),
    Failure("decision nested deeply", holds("models/champion.json", DEEP), 12, "models/champion.json: is nested too"),
    Failure("decision is a list", holds("models/champion.json", "[]"), 12, "models/champion.json: holds no JSON object"),
    # Tables and earlier weeks.
    Failure("examples gone", without("data/examples"), 12, "data/examples: holds no snapshot", "stage score"),
    Failure("examples damaged", damaged_table("data/examples"), 12, "data/examples/bucket-0", "stage train"),
    Failure("tables damaged", damaged_table("data/tables"), 12, "is damaged; bring back a copy", "stage score"),
    Failure("tables gone", without("data/tables"), 12, "data/tables/transactions/bucket-00000.parquet: not found", "stage score"),
    Failure("a manifest cut off", holds(f"{BEFORE}/manifest.json", "{"), 12, f"{BEFORE}/manifest.json: is damaged"),
    Failure("a profile cut off", holds(f"{BEFORE}/data_profile.json", "{"), 12, f"{BEFORE}/data_profile.json: is damaged"),
    Failure("a profile nested deeply", holds(f"{BEFORE}/data_profile.json", DEEP), 12, "is nested too deeply"),
    Failure("a sample damaged", holds(f"{BEFORE}/data_sample.parquet", b"PAR1xxxx"), 12, f"{BEFORE}/data_sample.parquet: is damaged"),
    Failure("actions damaged", holds(f"{BEFORE}/actions.parquet", b"PAR1xxxx"), 12, "damaged"),
    Failure("forgotten cut off", holds("forgotten.json", "{"), 10, "forgotten.json: not readable"),
    # Settings.
    Failure("no params", without("params.yaml"), 10, "params.yaml: not found; run from the folder that holds it"),
    Failure("params is a folder", is_folder("params.yaml"), 10, "params.yaml: is a folder"),
    Failure("params empty", holds("params.yaml", ""), 10, "params.yaml: must be a mapping of sections"),
    Failure("params are noise", holds("params.yaml", NOISE), 10, "params.yaml: not readable as YAML"),
    Failure("params nested deeply", holds("params.yaml", "a: " + "[" * 20_000), 10, "it is nested too deeply"),
    Failure("params grow without end", holds("params.yaml", BOMB), 10, "unknown key 'a'"),
    Failure("a tab", setting("\n  name: corner", "\n\tname: corner"), 10, "line 7, column 1: found character"),
    Failure("a key twice", setting("data:\n", "data:\n  name: x\n"), 10, 'line 8, column 3: found duplicate key "name"'),
    Failure("infinite", setting("max_amount_times: 10.0", "max_amount_times: .inf"), 10, "feeds.max_amount_times: input"),
    Failure("not a number", setting("max_amount_times: 10.0", "max_amount_times: .nan"), 10, "feeds.max_amount_times"),
    Failure("absurd threads", setting("threads: 2", f"threads: {10**20}"), 10, "storage.threads: input should be less"),
    Failure("absurd memory", setting("memory_gb: 4", "memory_gb: 1e300"), 10, "storage.memory_gb: input should be less"),
    Failure("absurd days", setting("horizon_days: 20", "horizon_days: 2000000000"), 10, "label.horizon_days: input"),
    Failure("a way out of the folder", setting("name: corner_shop", "name: ../../etc"), 10, "data.name: string should"),
    Failure("time zone", setting("Europe/Oslo", "Europe/Olso"), 10, "did you mean 'Europe/Oslo'?"),
    Failure("no playbooks", without("playbooks.yaml"), 11, "playbooks.yaml: not found", "check"),
    Failure("playbooks nested deeply", holds("playbooks.yaml", "a: " + "{a: " * 20_000), 11, "it is nested too deeply", "check"),
    Failure("a rule nested deeply", rule("(" * 5000 + "orders_30d > 1" + ")" * 5000), 11, "has 10014 characters", "check"),
    Failure("a rule of negations", rule("not " * 5000 + "orders_30d > 1"), 11, "has 20014 characters", "check"),
    # Sources.
    Failure("no file", setting("raw/orders-*.csv", "raw/none-*.csv"), 12, "no file matches raw/none-*.csv"),
    Failure("a folder", setting("raw/orders-*.csv", "raw"), 12, "raw is a folder; write the files in it"),
    Failure("a file of noise", holds("raw/orders-1.csv", NOISE * 9), 12, "sources.transactions: raw/orders-*.csv"),
    Failure("a file that is empty", holds("raw/orders-1.csv", ""), 12, "raw/orders-1.csv is empty (0 bytes)"),
    Failure("no such protocol", setting("raw/orders-*.csv", "foo://x/x.csv"), 10, "Protocol not known: foo"),
    Failure("no such column", setting("amount: paid", "amount: payed"), 12, "has no column payed; found customer, order"),
    Failure("no variable", setting("path: raw/visits.csv", "sql: select 1\n    url_env: NOT_SET"), 10, "NOT_SET is not set"),
    Failure("a URL for the variable of a source",
            setting("path: raw/visits.csv", f"sql: select 1\n    url_env: 'postgresql://ann:{SECRET}@db/x'"), 10,
            "sources.events.url_env: string should match"),
    Failure("source is down", query(f"postgresql://ann:{SECRET}@127.0.0.1:1/x"), 12, "the database cannot be opened"),
    Failure("source of another kind", query(f"oracle://ann:{SECRET}@db/x"), 10, "holds a URL of oracle"),
    Failure("source mistyped", query(f"ann:{SECRET}@db"), 10, "SHOP_DATABASE holds no URL"),
    Failure("source file gone", query("sqlite:////nowhere/shop.db"), 12, "there is no file /nowhere/shop.db"),
    # What is handed to commands.
    Failure("no outcomes", lambda _: None, 12, "nothing.csv: not found", "outcomes nothing.csv"),
    Failure("outcomes nested deeply", holds("x.json", DEEP), 12, "x.json: line 1 is no JSON", "outcomes x.json"),
    Failure("outcomes are noise", holds("x.xlsx", b"PK\3\4" + NOISE), 12, "x.xlsx: cannot be read as a workbook", "outcomes x.xlsx"),
    Failure("outcomes are empty", holds("x.csv", ""), 12, "x.csv: has no column 'customer_id'", "outcomes x.csv"),
    Failure("overlay nested deeply", holds("x.yaml", "a: " + "[" * 20_000), 10, "x.yaml: not readable", "use x.yaml"),
    Failure("no overlay", lambda _: None, 10, "nope.yaml: not found", "use nope.yaml"),
    Failure("no folder to look at", lambda _: None, 12, "nope: is no folder", "init nope"),
    Failure("no such stage", lambda _: None, 10, "there is no such stage; write one of ingest", "stage nope"),
    Failure("a day long gone", lambda _: None, 10, "--as-of 0001-01-01: write a day between", "weekly --as-of 0001-01-01"),
    Failure("published already", lambda _: None, 17, "is already published; --replace", "weekly --as-of 2024-07-01"),
]  # fmt: skip


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A second of patience, and a store that is asked anew each time."""
    monkeypatch.setattr(probe, "PATIENCE", 1)
    monkeypatch.setenv("SHOP_DATABASE", "")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    probe.check.cache_clear()
    yield
    probe.check.cache_clear()


@pytest.mark.parametrize("failure", some_by_day(TABLE, every=3), ids=lambda failure: failure.name)
def test_it_is_one_line_with_the_cause_and_its_own_exit_code(failure, copy_of_shop, quick):
    before = week_files()
    with ExitStack() as stack:
        failure.breaks(stack)
        began = time.monotonic()
        found = CliRunner().invoke(cli.main, failure.command.split())
    assert found.exit_code == failure.code, (found.stderr, found.exception)
    assert failure.says in found.stderr
    assert len(found.stderr.splitlines()) == 1, found.stderr
    assert SECRET not in found.stderr + found.stdout
    assert time.monotonic() - began < 20
    if failure.code != 18 or failure.name not in {"exports is a file"}:
        assert week_files() == before, "nothing is published, nothing half-written"


def week_files() -> dict[str, int]:
    """What lies in exports, but for what the test itself broke."""
    files = [file for file in paths.REPRO.exports.rglob("*") if file.is_file()] if paths.REPRO.exports.is_dir() else []
    return {file.as_posix(): 1 for file in files}


def test_the_table_is_as_long_as_it_has_to_be():
    assert len({failure.name for failure in TABLE}) == len(TABLE) >= 60
