"""Whom an action may be for: the scores of everyone, beside them what the rules of the playbooks look at.

Bucket by bucket, and of features and attributes only those that a rule names: a company with a million customers has
hundreds of columns, its rules look at a dozen.
"""

from collections.abc import Collection
from datetime import date
from pathlib import Path

import polars as pl

from pipeline.config.errors import BadData
from pipeline.config.paths import Paths
from pipeline.playbooks.rules.derived_dates import DERIVED
from pipeline.tables import storage
from pipeline.week.bucket_history import CONSENTS


def read(paths: Paths, day: date, wanted: Collection[str]) -> pl.DataFrame:
    """The scores of all customers by id, with the columns that are wanted.

    Parameters
    ----------
    paths
        Where scores, examples and tables lie.
    day
        The day they were scored for.
    wanted
        Names of scores, features, attributes of the table customers, and of `pipeline.playbooks.rules.derived_dates`;
        one of which the company has no data is a column without values.

    Raises
    ------
    BadData
        There are no scores, or scores of another day.
    """
    files = storage.bucket_files(paths.scores)
    if not files:
        raise BadData(f"{paths.scores}: has no bucket; run the earlier stages first: dvc repro")
    return pl.concat([_bucket(paths, day, file, sorted(wanted)) for file in files], how="vertical_relaxed").sort(
        "customer_id"
    )


def _bucket(paths: Paths, day: date, file: Path, wanted: list[str]) -> pl.DataFrame:
    scores = storage.read_parquet(file)
    if "as_of" in scores.columns and (others := scores.filter(pl.col("as_of") != day)["as_of"]).len():
        raise BadData(f"{paths.scores}: holds scores of {others[0]}, not of {day}; run: dvc repro")
    missing = [name for name in wanted if name not in scores.columns]
    if not missing:
        return scores
    inputs = {name for column in missing if column in DERIVED for name in DERIVED[column].inputs}
    looked_up = sorted({*missing, *inputs} - {*DERIVED, *scores.columns})
    features = [name for name in looked_up if name not in CONSENTS]
    tables = [_features(paths.examples / file.name, day, features)] if features else []
    known = scores
    register = paths.tables / "customers" / file.name
    for table in (*tables, *([_attributes(register, looked_up)] if register.is_file() else [])):
        known = known.join(table, on="customer_key", how="left", maintain_order="left")
    full = known.with_columns(pl.lit(None).alias(name) for name in looked_up if name not in known.columns)
    made = full.with_columns(DERIVED[name].how.cast(pl.Float64).alias(name) for name in missing if name in DERIVED)
    return made.select(*scores.columns, *missing)


def _features(file: Path, day: date, names: list[str]) -> pl.DataFrame:
    """The features of one day of one bucket, as far as the company's tables carry them."""
    storage.refuse_absent(file)
    rows = pl.scan_parquet(file)
    kept = [name for name in rows.collect_schema().names() if name in names]
    return rows.filter(pl.col("snapshot") == day).select("customer_key", *kept).collect()


def _attributes(file: Path, names: list[str]) -> pl.DataFrame:
    """What the table customers says; of several rows of a customer the least value, as no order of files may decide."""
    rows = pl.scan_parquet(file)
    kept = [name for name in rows.collect_schema().names() if name in names and name != "customer_key"]
    return rows.group_by("customer_key").agg(pl.col(kept).min()).collect()
