"""What customers are expected to pay in the year after a period, for ``churn retention``."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from pipeline.config import params
from pipeline.config.errors import NotEnoughData
from pipeline.config.paths import Paths
from pipeline.retention.rates import Measure
from pipeline.tables import storage
from pipeline.value import lifetime_value
from pipeline.value.lifetime_value import History

YEAR_DAYS: Final = 365
BY_CONTRACT: Final = "contracts say who is a customer, and how often somebody buys is no forecast of them"


def measures(settings: params.Params, place: Paths, end: date) -> Iterator[Measure]:
    """The mean of what each customer is expected to pay in the 365 days from a day on, and the same as profit.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    place
        Where the tables lie.
    end
        The day: what happened on it or later is not known.
    """
    value, missing = None, BY_CONTRACT if settings.label.kind == "cancellation" else ""
    if not missing:
        try:
            value = lifetime_value.expect(_histories(settings, place, end), YEAR_DAYS)
        except NotEnoughData as error:
            missing = str(error)
    share, digits = settings.score.margin_share, settings.data.minor_digits
    for name, factor, what in (
        (
            "expected_revenue_365d",
            1.0,
            "mean of what each will pay in the 365 days to come",
        ),
        ("expected_margin_365d", share, f"expected_revenue_365d x score.margin_share ({share:.0%})"),
    ):
        if value is None:
            yield Measure(name, None, what, "money", missing)
            continue
        mean, low, high = (round(one * factor, digits) for one in (value.mean, value.low, value.high))
        interval = f"{low:,.{digits}f} to {high:,.{digits}f}"
        yield Measure(name, mean, f"{what}; {interval}", "money", low=low, high=high)


def _histories(settings: params.Params, place: Paths, end: date) -> History:
    """What everybody who ever bought did until the day."""
    files = storage.bucket_files(place.tables / "transactions")
    rows = pl.concat([_of_bucket(file, end) for file in files]).sort("customer_key")
    first, last, days, net = (rows[name].to_numpy() for name in ("first", "last", "days", "net_minor"))
    paid = np.maximum(net, 0) / 10**settings.data.minor_digits / days
    return History((days - 1).astype(np.float64), (first - last).astype(np.float64), first.astype(np.float64), paid)


def _of_bucket(file: Path, end: date) -> pl.DataFrame:
    """Of each customer days with a purchase, days since the first and the last of them, and all that was paid."""
    bought = pl.col("day").filter(pl.col("amount_minor") >= 0)
    since = [(pl.lit(end) - day).dt.total_days() for day in (bought.min(), bought.max())]
    return (
        pl.scan_parquet(file)
        .filter(pl.col("day") < end)
        .group_by("customer_key")
        .agg(
            since[0].alias("first"),
            since[1].alias("last"),
            bought.n_unique().cast(pl.Int64).alias("days"),
            pl.col("amount_minor").sum().alias("net_minor"),
        )
        .filter(pl.col("days") > 0)
        .collect()
    )
