"""Each feature's contribution to the scores of a week: of those listed, and of those whose contributions are kept."""

from collections.abc import Iterator

import polars as pl

from pipeline.config.paths import Paths
from pipeline.config.types import Keep
from pipeline.tables import storage


def of_customers(who: pl.Series, paths: Paths) -> pl.DataFrame:
    """The contributions of some of those scored.

    Parameters
    ----------
    who
        Their ids.
    paths
        Where the contributions lie.

    Returns
    -------
    polars.DataFrame
        Sorted by ``customer_id``: log-odds in a column for each feature of the model, ``base_log_odds``, ``log_odds``.
    """
    wanted = who.implode()
    return pl.concat(part.filter(pl.col("customer_id").is_in(wanted)).collect() for part in _parts(paths)).sort(
        "customer_id"
    )


def kept(keep: Keep, listed: pl.DataFrame, paths: Paths) -> pl.DataFrame | None:
    """What the week keeps of them, as `of_customers` gives it; None where it keeps none.

    Parameters
    ----------
    keep
        Whose are kept.
    listed
        The contributions of those listed.
    paths
        Where those of everybody lie; eight bytes for each customer and feature are held while all are kept.
    """
    if keep == "none":
        return None
    return listed if keep == "listed" else pl.concat(part.collect() for part in _parts(paths)).sort("customer_id")


def _parts(paths: Paths) -> Iterator[pl.LazyFrame]:
    yield from map(pl.scan_parquet, storage.bucket_files(paths.contributions))
