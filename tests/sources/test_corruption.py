"""Every table damaged in many ways: one clear line, or counts that add up with the refused rows kept; nothing else."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.config import params
from pipeline.config.errors import BadData, PipelineError
from pipeline.config.paths import Paths
from pipeline.stages import s1_ingest
from pipeline.tables import schemas, storage

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = params.load(ROOT / "params.yaml")
DATA = SETTINGS.data.model_copy(update={"timezone": "Europe/Oslo", "currency": "EUR", "max_rejected_share": 0.5})
STORAGE = SETTINGS.storage.model_copy(update={"threads": 1, "memory_gb": 0.5})
WORTH = {
    "id": "c{n}", "text": "words {n}", "day": "2024-01-{d:02d}", "money": "{n}.25", "decimal": "{n}.5", "integer": "{n}",
    "number": "{n}", "flag": "true",
}  # fmt: skip


def right(table: schemas.Table, rows: int = 12) -> list[list[str]]:
    """A good file of a table: its header and its rows, all columns filled."""
    lines = [[column.name for column in table.columns]]
    for n in range(rows):
        values = [WORTH[column.kind].format(n=n, d=1 + n) for column in table.columns]
        lines.append(
            ["EUR" if column.name == "currency" else value for column, value in zip(table.columns, values, strict=True)]
        )
    return lines


def written(lines: list[list[str]], mark: str = ",") -> bytes:
    return "".join(mark.join(line) + "\n" for line in lines).encode()


def with_cell(*values: str) -> Callable[[schemas.Table, random.Random], bytes]:
    def damage(table: schemas.Table, dice: random.Random) -> bytes:
        lines = right(table)
        for _ in range(dice.randrange(1, 4)):
            lines[dice.randrange(1, len(lines))][dice.randrange(len(lines[0]))] = dice.choice(values)
        return written(lines)

    return damage


def cut(table: schemas.Table, dice: random.Random) -> bytes:
    whole = written(right(table))
    return whole[: dice.randrange(len(whole))]


def flipped(table: schemas.Table, dice: random.Random) -> bytes:
    whole = bytearray(written(right(table)))
    for _ in range(dice.randrange(1, 9)):
        whole[dice.randrange(len(whole))] = dice.randrange(256)
    return bytes(whole)


def swapped(table: schemas.Table, dice: random.Random) -> bytes:
    lines = right(table)
    order = dice.sample(range(len(lines[0])), len(lines[0]))
    return written([lines[0], *([line[at] for at in order] for line in lines[1:])])


def without_a_column(table: schemas.Table, dice: random.Random) -> bytes:
    gone = dice.randrange(len(table.columns))
    return written([[cell for at, cell in enumerate(line) if at != gone] for line in right(table)])


def ragged(table: schemas.Table, dice: random.Random) -> bytes:
    lines = right(table)
    for _ in range(3):
        line = lines[dice.randrange(1, len(lines))]
        line.append("more") if dice.random() < 0.5 else line.pop()
    return written(lines)


def quotes(table: schemas.Table, dice: random.Random) -> bytes:
    whole = bytearray(written(right(table)))
    for _ in range(dice.randrange(1, 4)):
        whole.insert(dice.randrange(len(whole)), ord('"'))
    return bytes(whole)


def in_another_encoding(whole: bytes, dice: random.Random) -> bytes:
    if dice.random() < 0.5:
        return whole.decode().encode("utf-16")
    return whole.replace(b"words", b"w\xf6rds").replace(b"c1", b"\xff")


Damage = Callable[[schemas.Table, random.Random], bytes]
DAMAGE: dict[str, Damage] = {
    "cut off": cut,
    "bytes flipped": flipped,
    "wrong delimiter": lambda table, dice: written(right(table), dice.choice(";\t|")),
    "a column missing": without_a_column,
    "columns nobody asked for": lambda table, dice: written([[*line, f"x{at}"] for at, line in enumerate(right(table))]),
    "the header again in the middle": lambda table, dice: written([*right(table), *right(table)]),
    "NULs": with_cell("a\0b"),
    "another encoding": lambda table, dice: in_another_encoding(written(right(table)), dice),
    "columns in another order than the header": swapped,
    "lines too long and too short": ragged,
    "quotes anywhere": quotes,
    "absurd days": with_cell("99999-99-99", "9999-12-31T23:59:59-14:00", "0000-00-00", "2024-02-30"),
    "absurd amounts": with_cell("1e308", "9" * 60, "Infinity", "-0x1", "1e-400"),
    "empty": lambda table, dice: b"",
    "no lines at all": lambda table, dice: dice.choice([b"x", b"\0"]) * dice.choice([5_000, 3_000_000]),
}  # fmt: skip


@pytest.fixture(scope="module")
def purchases(tmp_path_factory) -> Path:
    """The canonical transactions of a shop, beside which one table is damaged."""
    folder = tmp_path_factory.mktemp("purchases")
    (folder / "transactions.csv").write_bytes(written(right(schemas.TRANSACTIONS)))
    at = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
    alone = params.Sources(transactions=source(schemas.TRANSACTIONS, folder / "transactions.csv"))
    s1_ingest.run(s1_ingest.Settings(DATA, alone, SETTINGS.coherence, STORAGE), at)
    return at.tables / "transactions"


def source(table: schemas.Table, file: Path) -> params.Source:
    return params.Source(path=str(file), columns={column.name: column.name for column in table.columns})


def outcome(table: schemas.Table, content: bytes | None, purchases: Path, ending: str = "csv") -> dict | str:
    """What the run says of a damaged table: its counts, checked; or the one line it is refused with."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        at = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
        file = folder / f"{table.name}.{ending}"
        file.mkdir() if content is None else file.write_bytes(content)
        shutil.copytree(purchases, at.tables / "transactions")
        # Only what is damaged is read: the purchases are there already.
        alone = {"transactions": None, table.name: source(table, file)}
        try:
            s1_ingest.run(
                s1_ingest.Settings(DATA, params.Sources.model_construct(**alone), SETTINGS.coherence, STORAGE), at
            )
        except PipelineError as error:
            assert isinstance(error, BadData), error
            told = str(error)
            assert told.startswith(f"sources.{table.name}: "), told
            assert "\n" not in told, told
            assert "\r" not in told, told
            assert len(told) < 1200, told
            assert not at.ingest_report.exists(), "no report of a run that failed"
            return told
        counts = storage.read_json(at.ingest_report)["tables"][table.name]
        assert counts["read"] == counts["accepted"] + counts["duplicates"] + counts["rejected"]
        kept = pl.read_parquet(at.rejected / f"{table.name}.parquet")
        assert len(kept) == counts["rejected"] == sum(counts["rejected_by_rule"].values())
        rows = storage.read_buckets(at.tables / table.name)
        assert len(rows) == counts["accepted"]
        days = [rows[name] for name in rows.columns if rows[name].dtype == pl.Date]
        assert all(1900 <= day.year <= 2199 for column in days for day in column.drop_nulls())
        return counts


def pairs() -> list:
    """Every kind of damage with every table; the nightly run has all pairs, each other run a third of them."""
    every = [
        (number, case, table)
        for place, case in enumerate(DAMAGE)
        for number, table in enumerate(schemas.TABLES, start=place)
    ]
    return [
        pytest.param(case, table, marks=[pytest.mark.nightly] if number % 3 else []) for number, case, table in every
    ]


@pytest.mark.parametrize(("case", "table"), pairs())
@settings(max_examples=1, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1))
def test_a_damaged_table_is_told_or_counted(case, table, purchases, seed):
    outcome(schemas.TABLES[table], DAMAGE[case](schemas.TABLES[table], random.Random(seed)), purchases)


@settings(max_examples=20, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    case=st.sampled_from(sorted(DAMAGE)), table=st.sampled_from(sorted(schemas.TABLES)), seed=st.integers(0, 2**32 - 1)
)
def test_a_damaged_table_is_told_or_counted_however_it_is_damaged(purchases, case, table, seed):
    outcome(schemas.TABLES[table], DAMAGE[case](schemas.TABLES[table], random.Random(seed)), purchases)


@pytest.mark.parametrize("table", schemas.TABLES)
def test_an_undamaged_table_is_taken_in_whole(table, purchases):
    counts = outcome(schemas.TABLES[table], written(right(schemas.TABLES[table])), purchases)
    assert (counts["read"], counts["accepted"]) == (12, 12)
    assert "is a folder; write the files in it" in outcome(schemas.TABLES[table], None, purchases)


@settings(max_examples=15, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(table=st.sampled_from(sorted(schemas.TABLES)), seed=st.integers(0, 2**32 - 1))
def test_a_damaged_parquet_file_is_told_or_counted(purchases, table, seed):
    dice, lines = random.Random(seed), right(schemas.TABLES[table])
    with TemporaryDirectory() as folder:
        file = Path(folder) / "whole.parquet"
        pl.DataFrame(lines[1:], schema=lines[0], orient="row").write_parquet(file)
        whole = bytearray(file.read_bytes())
    if dice.random() < 0.5:
        whole = whole[: dice.randrange(len(whole))]
    else:
        for _ in range(dice.randrange(1, 9)):
            whole[dice.randrange(len(whole))] = dice.randrange(256)
    outcome(schemas.TABLES[table], bytes(whole), purchases, "parquet")


OPTIONAL = [name for name in schemas.TABLES if name != "transactions"]


@pytest.mark.parametrize("absent", [*([name] for name in OPTIONAL), OPTIONAL], ids=lambda names: "+".join(names)[:20])
def test_absent_tables_are_harmless_and_named(absent, tmp_path):
    at = Paths(tmp_path / "data", tmp_path / "models", tmp_path / "reports", tmp_path / "exports")
    sources = {}
    for name, table in schemas.TABLES.items():
        if name not in absent:
            (tmp_path / f"{name}.csv").write_bytes(written(right(table)))
            sources[name] = source(table, tmp_path / f"{name}.csv")
    s1_ingest.run(s1_ingest.Settings(DATA, params.Sources(**sources), SETTINGS.coherence, STORAGE), at)
    report = storage.read_json(at.ingest_report)
    assert report["absent"] == absent
    assert sorted(report["tables"]) == sorted(sources)
    assert all(counts["accepted"] == 12 for counts in report["tables"].values())
    assert sorted(folder.name for folder in at.tables.iterdir()) == sorted(sources)
