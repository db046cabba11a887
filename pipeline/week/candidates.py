"""Whom an action may be for: the scores of everyone, and who is not scored any more; beside them what rules look at.

Bucket by bucket, and of features and attributes only those that a rule names: a company with a million customers has
hundreds of columns, its rules look at a dozen.
"""

from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.config.errors import BadData
from pipeline.config.paths import Paths
from pipeline.examples.population import CURRENT as CURRENT
from pipeline.playbooks.rules.derived_dates import DERIVED
from pipeline.playbooks.rules.vocabulary import ATTRIBUTES
from pipeline.tables import storage
from pipeline.week.bucket_history import CONSENTS

OF_THE_REGISTER: Final = ("name", "owner")
"""What the scores hold of the table customers, so that only those without scores have to be looked up."""


def read(paths: Paths, day: date, wanted: Collection[str], worth: Callable[[pl.DataFrame], pl.Series]) -> pl.DataFrame:
    """The scores of all customers by id, with the columns that are wanted, and behind them who is not scored any more.

    ``state`` says which of them a customer is: ``current``, ``lapsed`` (bought nothing for too long) or ``lost`` (the
    contract has ended). Who is not scored has no probability and no reasons; ``value`` is what he or she brought.

    Parameters
    ----------
    paths
        Where scores, examples and tables lie.
    day
        The day they were scored for.
    wanted
        Names of scores, features, attributes of the table customers, and of `pipeline.playbooks.rules.derived_dates`;
        one of which the company has no data is a column without values.
    worth
        The value of a customer who is not scored any more, in currency units, from the features.

    Raises
    ------
    BadData
        There are no scores, or scores of another day.
    """
    files = storage.bucket_files(paths.scores)
    if not files:
        raise BadData(f"{paths.scores}: has no bucket; run the earlier stages first: dvc repro")
    names = sorted({*wanted} - {"state"})
    scored, former = [], []
    for file in files:
        register = _register(paths.tables / "customers" / file.name, names)
        scored.append(_bucket(paths, day, file, names, register))
        if (paths.former / file.name).is_file():
            former.append(_former(paths.former / file.name, day, names, register, worth))
    current = pl.concat(scored, how="vertical_relaxed").with_columns(state=pl.lit(CURRENT))
    return pl.concat([current, *former], how="diagonal_relaxed").sort("customer_id")


def _former(
    file: Path, day: date, wanted: list[str], register: pl.DataFrame, worth: Callable[[pl.DataFrame], pl.Series]
) -> pl.DataFrame:
    """Who is not scored any more, of one bucket, with what is known of them in the columns of the scores."""
    rows = storage.read_parquet(file).filter(pl.col("snapshot") == day)
    known = rows.with_columns(
        pl.col("snapshot").alias("as_of"),
        (pl.col("snapshot") - pl.duration(days="days_since_last_order")).cast(pl.Date).alias("last_order_day"),
        worth(rows).alias("value"),
        loss_making=pl.lit(value=False),
        strategic=pl.lit(value=False),
    )
    base = known.select(
        "customer_id", "customer_key", "as_of", "state", "last_order_day", "value", "loss_making", "strategic"
    ).with_columns(value_at_stake=pl.col("value"))
    return _beside(base, known, register, sorted({*wanted, *OF_THE_REGISTER}))


def _bucket(paths: Paths, day: date, file: Path, wanted: list[str], register: pl.DataFrame) -> pl.DataFrame:
    scores = storage.read_parquet(file)
    if "as_of" in scores.columns and (others := scores.filter(pl.col("as_of") != day)["as_of"]).len():
        raise BadData(f"{paths.scores}: holds scores of {others[0]}, not of {day}; run: dvc repro")
    looked_up = _looked_up(scores, wanted)
    features = [name for name in looked_up if name not in {*CONSENTS, *OF_THE_REGISTER, *(a.name for a in ATTRIBUTES)}]
    rows = _features(paths.examples / file.name, day, features) if features else None
    return _beside(scores, rows, register, wanted)


def _looked_up(scores: pl.DataFrame, wanted: list[str]) -> list[str]:
    """What is wanted and has to be read, with what it is worked out from."""
    missing = [name for name in wanted if name not in scores.columns]
    inputs = {name for column in missing if column in DERIVED for name in DERIVED[column].inputs}
    return sorted({*missing, *inputs} - {*DERIVED, *scores.columns})


def _beside(
    scores: pl.DataFrame, features: pl.DataFrame | None, register: pl.DataFrame, wanted: list[str]
) -> pl.DataFrame:
    """The scores with what is wanted, from their features and the register."""
    looked_up = _looked_up(scores, wanted)
    missing = [name for name in wanted if name not in scores.columns]
    if not missing:
        return scores
    known = scores
    for table in [register] if features is None else [features, register]:
        kept = [name for name in table.columns if name in looked_up]
        if kept:
            known = known.join(
                table.select("customer_key", *kept), on="customer_key", how="left", maintain_order="left"
            )
    full = known.with_columns(pl.lit(None).alias(name) for name in looked_up if name not in known.columns)
    made = full.with_columns(DERIVED[name].how.cast(pl.Float64).alias(name) for name in missing if name in DERIVED)
    return made.select(*scores.columns, *missing)


def _features(file: Path, day: date, names: list[str]) -> pl.DataFrame:
    """The features of one day of one bucket, as far as the company's tables carry them."""
    storage.refuse_absent(file)
    rows = pl.scan_parquet(file)
    kept = [name for name in rows.collect_schema().names() if name in names]
    return rows.filter(pl.col("snapshot") == day).select("customer_key", *kept).collect()


def _register(file: Path, names: list[str]) -> pl.DataFrame:
    """What the table customers says; of several rows of a customer the least value, as no order of files may decide."""
    if not file.is_file():
        return pl.DataFrame(schema={"customer_key": pl.Int64})
    rows = pl.scan_parquet(file)
    wanted = {*names, *OF_THE_REGISTER} - {"customer_key"}
    kept = [name for name in rows.collect_schema().names() if name in wanted]
    return rows.group_by("customer_key").agg(pl.col(kept).min()).collect()
