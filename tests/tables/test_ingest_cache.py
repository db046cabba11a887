"""A file that was read before is not read again, and nobody can tell from what comes out."""

import os
import random
import shutil
import time
from contextlib import chdir
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import params
from pipeline.config.paths import REPRO, Paths, weekly
from pipeline.sources import converted
from pipeline.stages import run_stage, s1_ingest
from pipeline.tables import intake, loading
from tests.profiles import examples

HEADER = "who,when,paid,note\n"
COLUMNS = {"customer_id": "who", "ts": "when", "amount": "paid"}


@pytest.fixture
def read_now(monkeypatch) -> list[str]:
    """The files that were read, as far as anybody has looked."""
    found: list[str] = []
    honest = loading._read

    def read(engine, query, file, where):
        found.append(query.split("read_")[-1].split("'")[1].rpartition("/")[2])
        return honest(engine, query, file, where)

    monkeypatch.setattr(loading, "_read", read)
    return found


def ingest(changed, path: str = "raw/*.csv", **more) -> None:
    source = {"transactions": {"path": path, "columns": COLUMNS}}
    wanted = changed(**{"sources": source, "data.timezone": "UTC", "data.max_rejected_share": 0.9, **more})
    run_stage(s1_ingest, wanted)


def made() -> dict[str, bytes]:
    """All that the stage made, but for what it keeps for itself."""
    files = [*REPRO.tables.rglob("*"), *REPRO.rejected.rglob("*"), REPRO.ingest_report]
    return {str(file): file.read_bytes() for file in files if file.is_file()}


def write(name: str, rows: list[tuple], header: str = HEADER) -> None:
    Path("raw").mkdir(exist_ok=True)
    lines = "".join(",".join(map(str, row)) + "\n" for row in rows)
    (Path("raw") / name).write_text(header + lines, encoding="utf-8")


def orders(seed: int, number: int) -> list[tuple]:
    """Good rows, rows to refuse and lines that are none."""
    dice = random.Random(seed)
    return [
        (f"c{dice.randrange(9)}", f"2024-0{dice.randrange(1, 9)}-1{dice.randrange(9)}", dice.choice(["1.50", "x", "-2"]),
         *dice.choice([("",), ("a",), ("b", "too many")]))
        for _ in range(number)
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_only_what_is_new_is_read(folder, changed, read_now):
    write("01.csv", orders(1, 30))
    write("02.csv", orders(2, 30))
    ingest(changed)
    assert read_now == ["01.csv", "02.csv"]
    write("03.csv", orders(3, 30))
    write("01.csv", orders(4, 30))
    ingest(changed)
    assert read_now[2:] == ["01.csv", "03.csv"], "one is new, one was delivered again with other rows"
    ingest(changed)
    assert len(read_now) == 4
    ingest(changed, **{"data.timezone": "Asia/Tokyo"})
    assert read_now[4:] == ["01.csv", "02.csv", "03.csv"], "a day is another one in another zone"
    ingest(changed, **{"storage.keep_read_days": 0})
    assert len(read_now) == 10 and not list(REPRO.ingest_cache.glob("*")), "nothing is kept"


def test_the_weekly_job_shares_what_was_read_and_a_folder_of_its_own_does_not(folder, changed, read_now):
    write("01.csv", orders(1, 30))
    ingest(changed)
    source = {"transactions": {"path": "raw/*.csv", "columns": COLUMNS}}
    wanted = changed(**{"sources": source, "data.timezone": "UTC", "data.max_rejected_share": 0.9})
    run_stage(s1_ingest, wanted, weekly(date(2024, 9, 2)))
    assert read_now == ["01.csv"]
    run_stage(s1_ingest, wanted, Paths(data=folder / "elsewhere", reports=folder / "elsewhere"))
    assert read_now == ["01.csv", "01.csv"] and (folder / "elsewhere/ingest_cache").is_dir()


def test_a_file_that_was_written_to_meanwhile_is_not_kept(folder, changed, monkeypatch):
    write("01.csv", orders(1, 30))
    honest = loading._read

    def read(engine, query, file, where):
        write("01.csv", [*orders(1, 30), ("late", "2024-01-01", "1.00", "")])
        return honest(engine, query, file, where)

    monkeypatch.setattr(loading, "_read", read)
    ingest(changed)
    assert not list(REPRO.ingest_cache.glob("*"))


def test_another_rule_reads_anew(folder, changed, read_now, monkeypatch):
    write("01.csv", [("a", "2024-01-01", "5000", ""), ("b", "2024-01-02", "1", "")])
    ingest(changed)
    assert not pl.read_parquet(REPRO.rejected / "transactions.parquet").height
    monkeypatch.setattr(intake, "LARGEST_AMOUNT", 10_000)
    ingest(changed)
    assert pl.read_parquet(REPRO.rejected / "transactions.parquet")["rule"].to_list() == ["amount is too large"]
    assert read_now == ["01.csv", "01.csv"]


@pytest.mark.parametrize("damage", ["a byte", "the end", "the rows", "the record"])
def test_what_was_kept_is_not_believed_once_it_has_changed(folder, changed, read_now, damage):
    write("01.csv", orders(1, 300))
    ingest(changed)
    before = made()
    (rows,), (about,) = REPRO.ingest_cache.glob("*.parquet"), REPRO.ingest_cache.glob("*.json")
    content = bytearray(rows.read_bytes())
    if damage == "a byte":
        content[len(content) // 2] ^= 1
        rows.write_bytes(content)
    elif damage == "the end":
        rows.write_bytes(content[:-20])
    else:
        (rows if damage == "the rows" else about).unlink()
    ingest(changed)
    assert read_now == ["01.csv", "01.csv"]
    assert made() == before


def test_what_nobody_uses_any_more_goes(folder, changed):
    write("01.csv", orders(1, 30))
    write("02.csv", orders(2, 30))
    ingest(changed, **{"storage.keep_read_days": 3})
    Path("raw/02.csv").unlink()
    long_ago = time.time() - 4 * 86_400
    for file in REPRO.ingest_cache.iterdir():
        os.utime(file, (long_ago, long_ago))
    ingest(changed, **{"storage.keep_read_days": 3})
    assert len(list(REPRO.ingest_cache.glob("*.parquet"))) == len(list(REPRO.ingest_cache.glob("*.json"))) == 1


def test_files_with_other_columns_and_types_are_read_as_they_are_in_whole(folder, changed, read_now):
    Path("raw").mkdir()
    first = pl.DataFrame({"who": [1, 2], "when": ["2024-01-01", "2024-01-02"], "paid": [1, 2]})
    other = pl.DataFrame({"paid": [1.5], "who": [3], "when": ["2024-01-03"], "note": ["x"]})
    first.write_parquet("raw/1.parquet")
    other.write_parquet("raw/2.parquet")
    ingest(changed, "raw/*.parquet")
    table = pl.read_parquet(REPRO.tables / "transactions/*.parquet").sort("customer_id")
    assert table["amount_minor"].to_list() == [100, 200, 150]
    before = made()
    assert read_now == ["1.parquet", "2.parquet"]
    ingest(changed, "raw/*.parquet")
    assert len(read_now) == 2 and made() == before
    other.drop("note").write_parquet("raw/2.parquet")
    ingest(changed, "raw/*.parquet")
    assert read_now[2:] == ["1.parquet", "2.parquet"], "a row is what all columns of the source say"


DELIVERY = st.tuples(st.sampled_from(["new", "again", "twice", "late", "gone"]), st.integers(0, 10_000))


@examples(6, nightly=50)
@given(st.lists(DELIVERY, min_size=2, max_size=5))
def test_whatever_is_delivered_all_at_once_gives_the_same_bytes(tmp_path_factory, deliveries):
    """Beside a folder in which nothing was ever read before."""
    folder, fresh = tmp_path_factory.mktemp("kept"), tmp_path_factory.mktemp("fresh")
    root = Path(__file__).resolve().parents[2]
    content = params.load(root / "params.yaml")
    source = params.Sources(transactions=params.Source(path="raw/*.csv", columns=COLUMNS))
    wanted = content.model_copy(
        update={"sources": source, "data": content.data.model_copy(update={"max_rejected_share": 0.99})}
    )
    with chdir(folder):
        write("000.csv", [("a", "2024-01-01", "3.00", "")])
        for number, (kind, seed) in enumerate(deliveries, start=1):
            _deliver(kind, number, seed)
            run_stage(s1_ingest, wanted)
            incremental = made()
    with chdir(fresh):
        shutil.copytree(folder / "raw", "raw")
        run_stage(s1_ingest, wanted)
        assert made() == incremental


def _deliver(kind: str, number: int, seed: int) -> None:
    there = sorted(Path("raw").glob("*.csv"))
    chosen = there[seed % len(there)]
    if kind == "new":
        write(f"{number:03d}.csv", orders(seed, 20))
    elif kind == "again":
        write(chosen.name, [("a", "2024-01-01", "3.00", ""), *orders(seed, 20)])
    elif kind == "twice":
        shutil.copy(chosen, f"raw/{number:03d}-copy.csv")
    elif kind == "late":
        with chosen.open("a", encoding="utf-8") as file:
            file.write("late,2023-12-31,9.99,\n")
    elif len(there) > 1:
        there[-1].unlink()


def test_a_workbook_and_a_file_in_another_encoding_are_kept_as_well(changed, read_now, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("raw").mkdir()
    book = openpyxl.Workbook()
    for row in (("who", "when", "paid", "note"), ("ann", date(2024, 1, 5), 12.5, "é"), ("bo", date(2024, 1, 6), 3, "")):
        book.active.append(row)
    book.save("raw/a.xlsx")
    Path("raw/b.csv").write_bytes(f"{HEADER}cy,2024-01-07,4.00,é\n".encode("cp1252"))
    seen = []
    # Each process has a folder of its own for what it converts.
    for folder, path, more in (("one", "raw/a.xlsx", {}), ("two", "raw/a.xlsx", {}), ("three", "raw/b.csv", "cp1252"),
                               ("four", "raw/b.csv", "cp1252"), ("five", "raw/b.csv", "latin-1")):  # fmt: skip
        (tmp_path / folder).mkdir()
        monkeypatch.setattr(converted, "_folder", lambda folder=folder: tmp_path / folder)
        converted._convert.cache_clear()
        encoding = {"encoding": more} if more else {}
        source = {"transactions": {"path": path, "columns": COLUMNS, **encoding}}
        run_stage(s1_ingest, changed(**{"sources": source, "data.timezone": "UTC"}))
        seen.append((len(read_now), made()[str(REPRO.ingest_report)]))
    # Read once as a workbook and once in each encoding, and the same comes of it.
    assert [number for number, _ in seen] == [1, 1, 2, 2, 3]
    assert (seen[0][1], seen[2][1]) == (seen[1][1], seen[3][1])
