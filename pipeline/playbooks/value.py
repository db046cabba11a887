"""What a customer is worth over the horizon, and which tier the customer is of."""

import polars as pl

from pipeline.params import Score

# A rate over fewer days than this would call one large first order a habit.
LEAST_DAYS = 90
TIERS = ("new", "one-time", "regular", "loyal")


def expected_value(horizon_days: int, settings: Score) -> pl.Expr:
    """Profit expected over the horizon from a customer who stays, in currency units.

    ``spend_365d / days x horizon_days x margin_share``, days being those since the first order, from 90 to 365.

    >>> settings = Score(bands={"low": 0.0}, new_days=60, loyal_orders_365d=12, loyal_days=180, margin_share=0.25)
    >>> table = pl.DataFrame({"spend_365d": [365.0, 90.0], "days_since_first_order": [1000, 10]})
    >>> table.select(expected_value(30, settings)).to_series().to_list()
    [7.5, 7.5]
    """
    days = pl.col("days_since_first_order").cast(pl.Float64).clip(LEAST_DAYS, 365)
    return (pl.col("spend_365d") / days * horizon_days * settings.margin_share).round(2).alias("value")


def tier(settings: Score) -> pl.Expr:
    """The tier of a customer: new, one-time, regular or loyal, by the first rule that holds.

    >>> settings = Score(bands={"low": 0.0}, new_days=60, loyal_orders_365d=12, loyal_days=180, margin_share=0.25)
    >>> table = pl.DataFrame({"days_since_first_order": [59, 60, 60, 180, 180], "orders_ever": [1, 1, 12, 12, 11],
    ...                       "orders_365d": [1, 1, 12, 12, 11]})
    >>> table.select(tier(settings)).to_series().to_list()
    ['new', 'one-time', 'regular', 'loyal', 'regular']
    """
    since = pl.col("days_since_first_order")
    loyal = (pl.col("orders_365d") >= settings.loyal_orders_365d) & (since >= settings.loyal_days)
    return (
        pl.when(since < settings.new_days)
        .then(pl.lit("new"))
        .when(pl.col("orders_ever") == 1)
        .then(pl.lit("one-time"))
        .when(loyal)
        .then(pl.lit("loyal"))
        .otherwise(pl.lit("regular"))
        .alias("tier")
    )


def band(probability: pl.Expr, settings: Score) -> pl.Expr:
    """The risk band a probability falls in: the last one that starts at or below it.

    >>> settings = Score(bands={"low": 0.0, "high": 0.5}, new_days=60, loyal_orders_365d=12, loyal_days=180,
    ...                  margin_share=0.25)
    >>> pl.DataFrame({"p": [0.49, 0.5]}).select(band(pl.col("p"), settings)).to_series().to_list()
    ['low', 'high']
    """
    names = list(settings.bands)
    found = pl.lit(names[0])
    for name in names[1:]:
        found = pl.when(probability >= settings.bands[name]).then(pl.lit(name)).otherwise(found)
    return found.alias("risk_band")
