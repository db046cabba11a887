"""A week is read once: every table of every bucket is opened a single time, whatever looks at it."""

from collections import Counter

import polars as pl

from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.stages import s6_publish, settings_for
from pipeline.week import inputs


def test_each_table_is_opened_once_per_bucket(built_company, monkeypatch):
    monkeypatch.chdir(built_company)
    opened: Counter[str] = Counter()
    scan, read = pl.scan_parquet, pl.read_parquet

    def counted(function):
        def open_and_count(source, *others, **options):
            opened[str(source)] += 1
            return function(source, *others, **options)

        return open_and_count

    monkeypatch.setattr(pl, "scan_parquet", counted(scan))
    monkeypatch.setattr(pl, "read_parquet", counted(read))
    settings = params.load()
    week = inputs.read(settings_for(s6_publish.run, settings), REPRO, settings.snapshots.as_of)
    tables = {file: number for file, number in opened.items() if "data/" in file}
    assert any("contacts" in file for file in tables) and any("customers" in file for file in tables)
    assert set(tables.values()) == {1}, f"opened more than once: {[file for file, n in tables.items() if n > 1]}"
    assert len(week.customers) > 0
