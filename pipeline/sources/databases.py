"""A table of a database, fetched by a query in batches into a file; from there on it is read like any other.

Every value is fetched as text, as the database writes it, so the intake judges it by the rules it has for files.
The URL is read from a variable of the shell and is never shown: it may hold a password.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.config.errors import BadData, BadParams
from pipeline.config.params import Source
from pipeline.progress import rows_read
from pipeline.sources import postgresql, sqlite
from pipeline.sources.files import FILE_COLUMN
from pipeline.sources.reading import DatabaseRefusal, Reader, Request

Opener = Callable[[str, Request], AbstractContextManager[Reader]]
KINDS: dict[str, Opener] = {"postgresql": postgresql.reading, "postgres": postgresql.reading, "sqlite": sqlite.reading}
PASSWORDS = (r"://[^:@/?]*:(.*)@", r"[?&](?:ssl)?password=([^&]*)")


def columns(table: str, source: Source) -> list[str]:
    """The columns the query of a source gives, without fetching a row.

    Raises
    ------
    BadParams
        The environment does not say which database, or nothing installed can read it.
    BadData
        The database cannot be opened or refuses the query.
    """
    with _opened(table, source) as reader:
        return _names(reader, table)


def fetch(table: str, source: Source, file: Path) -> None:
    """Write what the query of a source gives into a Parquet file, batch by batch; see `columns` for what it raises."""
    with _opened(table, source) as reader, rows_read(f"sources.{table}") as tell:
        schema = pa.schema([(name, pa.string()) for name in _names(reader, table)])
        with pq.ParquetWriter(file, schema, compression="zstd") as out:
            for batch in reader.batches():
                out.write_batch(batch.cast(schema))
                tell(batch.num_rows)


def _names(reader: Reader, table: str) -> list[str]:
    names = reader.columns()
    # The engine does not tell names apart by capitals alone.
    seen = {FILE_COLUMN}
    for name in names:
        if name.lower() in seen:
            raise BadData(f"sources.{table}.sql: gives two columns called {name}; tell them apart with AS")
        seen.add(name.lower())
    return names


@contextmanager
def _opened(table: str, source: Source) -> Iterator[Reader]:
    where = f"sources.{table}"
    assert source.sql is not None, "params refuse a database without a query"
    assert source.url_env is not None, "params refuse a database without a URL"
    url = os.environ.get(source.url_env, "").strip()
    if not url:
        raise BadParams(
            f"{where}.url_env: the environment variable {source.url_env} is not set; set it to the URL of the "
            "database, such as postgresql://user@host/name or sqlite:///shop.db"
        )
    scheme = re.match(r"([A-Za-z0-9+._-]+)://", url)
    if scheme is None or scheme[1].lower() not in KINDS:
        raise BadParams(
            f"{where}.url_env: {source.url_env} holds {f'a URL of {scheme[1]}' if scheme else 'no URL'}; it must begin "
            "with postgresql:// or sqlite:///, and what lies elsewhere must be exported to files"
        )
    request = Request(source.sql.strip().rstrip(";").strip(), source.timeout_seconds, source.batch_mb)
    try:
        with KINDS[scheme[1].lower()](url, request) as reader:
            yield reader
    except ModuleNotFoundError as error:
        raise BadParams(f"{where}: needs {error.name}; install it: pip install 'churn-pipeline[sql]'") from None
    except DatabaseRefusal as refusal:
        raise BadData(_line(refusal, where, source, url)) from None


def _line(refusal: DatabaseRefusal, where: str, source: Source, url: str) -> str:
    """What went wrong in one line, without what must stay secret."""
    words = without_secrets(" ".join(str(refusal).split()), url)
    if refusal.kind == "timeout":
        return (
            f"{where}: the query took longer than {source.timeout_seconds} seconds; make it lighter, or raise "
            f"{where}.timeout_seconds"
        )
    if refusal.kind == "write":
        return f"{where}.sql: may only read, and the database refused: {words}; write a SELECT"
    if refusal.kind == "connect":
        return f"{where}: {source.url_env}: the database cannot be opened: {words}; correct the URL in {source.url_env}"
    return f"{where}.sql: the database refused the query: {words}; correct it"


def without_secrets(words: str, url: str) -> str:
    """A message of a database without the URL and its password.

    >>> without_secrets('invalid token: "s%cret"', "postgresql://ann:s%cret@host/shop")
    'invalid token: "***"'
    """
    words = words.replace(url, "***")
    for pattern in PASSWORDS:
        for password in re.findall(pattern, url):
            for secret in filter(None, (password, unquote(password))):
                words = words.replace(secret, "***")
    return words
