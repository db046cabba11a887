"""One way from a `path` to files: names and globs on this machine, and URLs of object stores."""

import sys

import fsspec
import polars as pl
import pytest

from pipeline.config.errors import BadData, BadParams
from pipeline.sources import places
from tests.sources.conftest import COLUMNS, tables

HEADER = "who,at,paid\n"
FIRST, SECOND = HEADER + "a,2024-01-31,10.00\nb,soon,1\n", HEADER + "b,2024-02-01,-2.50\n"


def source(path: str, **more) -> dict:
    return {"transactions": {"path": path, "columns": COLUMNS, **more}}


@pytest.fixture
def bucket():
    """An object store in memory."""
    store = fsspec.filesystem("memory")
    yield store
    store.rm("/", recursive=True)


def test_a_store_gives_what_the_same_files_here_give(ingest, bucket, tmp_path):
    for number, text in enumerate((FIRST, SECOND), start=1):
        bucket.pipe(f"/shop/orders-{number}.csv", text.encode())
        (tmp_path / f"orders-{number}.csv").write_text(text)
    seen = []
    for path in ("orders-*.csv", f"file://{tmp_path}/orders-*.csv", "memory://shop/orders-*.csv"):
        report = ingest(source(path), **{"data.max_rejected_share": 0.5})
        kept = pl.read_parquet("data/rejected/transactions.parquet").rows()
        seen.append((tables(), report["tables"], report["fingerprint"], kept))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][1]["transactions"]["rejected_by_rule"] == {"ts is not a date": 1}


def test_parquet_and_zipped_files_of_a_store(ingest, bucket, tmp_path):
    import gzip

    pl.DataFrame({"who": ["a"], "at": ["2024-01-31"], "paid": [10.0]}).write_parquet(tmp_path / "a.parquet")
    bucket.pipe("/shop/a.parquet", (tmp_path / "a.parquet").read_bytes())
    bucket.pipe("/shop/[a].csv.gz", gzip.compress(SECOND.encode()))
    assert ingest(source("memory://shop/a.parquet"))["tables"]["transactions"]["accepted"] == 1
    assert ingest(source("memory://shop/*.csv.gz"))["tables"]["transactions"]["accepted"] == 1


def test_what_a_store_lacks_is_told_in_one_line(ingest, bucket):
    with pytest.raises(BadData, match=r"^sources\.transactions: no file matches memory://shop/none\.csv; correct"):
        ingest(source("memory://shop/none.csv"))
    bucket.pipe("/shop/empty.csv", b"")
    with pytest.raises(BadData, match=r"memory:///?shop/empty\.csv is empty \(0 bytes\)"):
        ingest(source("memory://shop/*.csv"))
    bucket.pipe("/shop/broken.parquet", b"PAR1 and nothing else")
    with pytest.raises(BadData, match=r"memory://shop/broken\.parquet: is no whole Parquet file"):
        ingest(source("memory://shop/broken.parquet"))


@pytest.mark.parametrize(("scheme", "package"), [("s3", "s3fs"), ("gs", "gcsfs"), ("abfs", "adlfs")])
def test_the_package_that_is_missing_is_named(scheme, package, ingest, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(BadParams, match=rf"{scheme}:// is read with the package {package}, .*: pip install {package}$"):
        ingest(source(f"{scheme}://bucket/orders-*.csv"))


def test_a_scheme_nobody_knows(ingest):
    with pytest.raises(BadParams, match=r"klingon://shop/a\.csv cannot be read \(Protocol not known: klingon\)"):
        ingest(source("klingon://shop/a.csv"))


def test_a_store_that_fails_is_no_defect_of_ours(ingest, bucket, monkeypatch):
    class ClientError(Exception):
        """As the packages of the stores have their own."""

    def refuse(*_: object, **__: object) -> None:
        raise ClientError("Access\nDenied")

    monkeypatch.setattr(type(bucket), "glob", refuse)
    with pytest.raises(BadData, match=r"memory://shop/\*\.csv cannot be reached: ClientError: Access Denied$"):
        ingest(source("memory://shop/*.csv"))


def test_a_store_that_fails_in_the_middle_is_told_in_one_line(ingest, bucket, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("Access\nDenied")

    bucket.pipe("/shop/a.csv", FIRST.encode())
    monkeypatch.setattr(type(bucket), "_open", refuse)
    with pytest.raises(BadData, match=r"memory://shop/a\.csv: cannot be read: PermissionError: Access Denied$"):
        ingest(source("memory://shop/a.csv"))


def test_signatures_and_passwords_of_a_url_are_not_told():
    assert places.words("https://ann:s3cret@host:8080/a/b.csv?sig=s3cret") == "https://host:8080/a/b.csv"
    assert places.words("raw/orders-*.csv") == "raw/orders-*.csv"
    assert places.ending("https://host/a.CSV?sig=a.b") == ".csv"
