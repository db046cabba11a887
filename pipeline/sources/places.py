"""Which files a `path` of ``params.yaml`` means: a name or a glob on this machine, or a URL of an object store."""

import glob
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import duckdb
import fsspec
from fsspec.core import url_to_fs
from fsspec.registry import known_implementations

from pipeline.config.errors import BadData, BadParams
from pipeline.config.location import workspace

URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.+)", re.DOTALL)


def words(path: str) -> str:
    """A path as it may be shown: a signed URL without its signature, and without a user's password.

    >>> words("https://ann:secret@host/orders.csv?X-Amz-Signature=abc")
    'https://host/orders.csv'
    """
    match = URL.fullmatch(path)
    if match is None:
        return path
    host, slash, rest = match[2].partition("?")[0].partition("/")
    return f"{match[1]}://{host.rpartition('@')[2]}{slash}{rest}"


def is_remote(file: str) -> bool:
    """Whether a file lies elsewhere than on this machine."""
    return URL.fullmatch(file) is not None


def ending(file: str) -> str:
    """What a file's name ends with, in small letters."""
    return PurePosixPath(words(file)).suffix.lower()


def find(engine: duckdb.DuckDBPyConnection, path: str, where: str) -> list[str]:
    """The files a path means, in the order of their names, each for the engine to read.

    Parameters
    ----------
    engine
        Is taught to read the object store, if there is one.
    path
        A name or a glob; on this machine, or behind a URL such as ``s3://bucket/orders-*.parquet``.
    where
        Which setting it stands in, for messages.

    Raises
    ------
    BadData
        There is no such file, or it is empty or a folder.
    BadParams
        Nothing installed can read such a URL.
    """
    match = URL.fullmatch(path)
    if match is None:
        return _local(path, where)
    if match[1].lower() == "file":
        return _local(match[2], where)
    return _remote(engine, path, match[1].lower(), where)


def _local(pattern: str, where: str) -> list[str]:
    if "\0" in pattern:
        raise BadData(f"{where}: the path holds a NUL character; correct the path in params.yaml")
    if Path(pattern).is_dir():
        raise BadData(f"{where}: {pattern} is a folder; write the files in it, such as {pattern.rstrip('/')}/*.csv")
    files = [name for name in sorted(glob.glob(pattern, recursive=True)) if Path(name).is_file()]  # noqa: PTH207 - the pattern may be absolute
    if not files:
        raise BadData(f"{where}: no file matches {pattern}; {_remedy()}")
    for file in files:
        if Path(file).stat().st_size == 0:
            raise BadData(f"{where}: {file} is empty (0 bytes); export it again or remove it")
    return files


def _remedy() -> str:
    if workspace() == Path.cwd().resolve():
        return "correct the path in params.yaml"
    return (
        "this experiment runs in a copy of the project, which holds what git and DVC keep and nothing else: "
        "dvc add raw/..., commit the .dvc files, and queue it again"
    )


def _remote(engine: duckdb.DuckDBPyConnection, path: str, scheme: str, where: str) -> list[str]:
    with _explain_failures(scheme, words(path), where):
        store, inner = url_to_fs(path)
        if any(mark in inner for mark in "*["):
            names = sorted(name for name in store.glob(inner) if store.isfile(name))
        else:
            names = [inner] if store.isfile(inner) else []
        empty = next((name for name in names if store.size(name) == 0), None)
        files = [store.unstrip_protocol(name) for name in names]
    if not files:
        raise BadData(f"{where}: no file matches {words(path)}; correct the path in params.yaml")
    if empty is not None:
        raise BadData(
            f"{where}: {words(store.unstrip_protocol(empty))} is empty (0 bytes); export it again or remove it"
        )
    _teach(engine, store)
    return files


def _teach(engine: duckdb.DuckDBPyConnection, store: fsspec.AbstractFileSystem) -> None:
    protocols = [store.protocol] if isinstance(store.protocol, str) else list(store.protocol)
    if not set(protocols) & set(engine.list_filesystems()):
        engine.register_filesystem(store)


@contextmanager
def _explain_failures(scheme: str, shown: str, where: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        package = str(known_implementations.get(scheme, {}).get("class", scheme)).partition(".")[0]
        wanted = {"fsspec": "aiohttp"}.get(package, package)
        raise BadParams(
            f"{where}: {scheme}:// is read with the package {wanted}, which is not installed ({_line(error)}); "
            f"install it: pip install {wanted}"
        ) from None
    except ValueError as error:
        raise BadParams(f"{where}: {shown} cannot be read ({_line(error)}); write a URL such as s3://...") from None
    except Exception as error:  # noqa: BLE001 - every store has errors of its own, and none is a defect of ours
        raise BadData(f"{where}: {shown} cannot be reached: {type(error).__name__}: {_line(error)}") from None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
