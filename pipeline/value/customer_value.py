"""What a customer is worth over the horizon, whether serving one costs more than it brings, and which tiers one is of:
by value and by history.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.params import Label, Score
from pipeline.examples.spend_outcomes import YEAR_DAYS
from pipeline.value.expected_spend import Spend

Array = npt.NDArray[np.float64]

TIERS = ("new", "one-time", "regular", "loyal")
VALUE_TIERS = ("top", "middle", "tail")
# Share of the buyers who are said to bring 80 % of the profit.
PARETO = 0.2


def expected_value(examples: pl.DataFrame, spend: Spend, label: Label, settings: Score) -> pl.Series:
    """Profit expected in the outcome window from each customer, if he or she stays, in currency units.

    Expected spend times the customer's own margin share of the last year; where no cost is known, times
    ``margin_share``. Below zero where a customer costs more than he or she pays.

    Parameters
    ----------
    examples
        One row per customer, with the features `Spend` needs, and ``margin_share_365d`` where costs are known.
    spend
        What a customer who stays will spend, as fitted in training.
    label, settings
        ``params.yaml: label`` and ``score``.

    Examples
    --------
    >>> from pipeline.value.bg_nbd import BgNbd
    >>> from pipeline.value.gamma_gamma import GammaGamma
    >>> spend = Spend(BgNbd(0.24, 31.0, 0.8, 2.4), GammaGamma(6.25, 3.74, 15.44))
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> settings = Score(bands={"low": 0.0}, new_days=60, loyal_orders_365d=12, loyal_days=180, margin_share=0.25,
    ...                  top_value_share=0.2)
    >>> both = pl.DataFrame({"days_since_first_order": [90, 90], "days_since_last_order": [7, 7],
    ...     "order_days_ever": [10, 10], "orders_ever": [10, 10], "orders_365d": [10, 10],
    ...     "spend_365d": [300.0, 300.0], "refund_share_365d": [0.0, 0.0], "margin_share_365d": [None, -0.1]})
    >>> expected_value(both, spend, label, settings).to_list()
    [18.4, -7.36]
    """
    expected = pl.Series("value", spend.expected(examples, label.gap_days, label.horizon_days))
    return (expected * margin_shares(examples, settings)).round(2)


def margin_shares(examples: pl.DataFrame, settings: Score) -> Array:
    """What of a customer's spend is profit: the own share of the last year, ``margin_share`` where no cost is known."""
    if "margin_share_365d" not in examples.columns:
        return np.full(len(examples), settings.margin_share)
    own = examples["margin_share_365d"].fill_null(settings.margin_share)
    return np.asarray(own.to_numpy(), dtype=np.float64)


def former_value(features: pl.DataFrame, label: Label, settings: Score) -> pl.Series:
    """What a customer who has left brought within a horizon, in currency units: profit of the last year's spend.

    Formula: ``spend_365d × (1 − refund_share_365d) × margin_share × horizon_days / 365``, never below 0. Nobody knows
    what would come back; this is what there was.

    Parameters
    ----------
    features
        With ``spend_365d`` and, where the company has refunds, ``refund_share_365d``.
    label, settings
        ``params.yaml: label`` and ``score``.

    Examples
    --------
    >>> from pipeline.config import params
    >>> settings = params.load()
    >>> label = settings.label.model_copy(update={"horizon_days": 73})
    >>> table = pl.DataFrame({"spend_365d": [1000.0, None], "refund_share_365d": [0.2, None]})
    >>> former_value(table, label, settings.score).to_list()
    [40.0, 0.0]
    """
    if "spend_365d" not in features.columns:
        return pl.repeat(0.0, n=len(features), eager=True)
    refunds = pl.col("refund_share_365d").fill_null(0) if "refund_share_365d" in features.columns else pl.lit(0.0)
    part = settings.margin_share * label.horizon_days / YEAR_DAYS
    value = pl.col("spend_365d").fill_null(0).cast(pl.Float64) * (1 - refunds).clip(0, 1) * part
    return features.select(value.clip(lower_bound=0).round(2).alias("value"))["value"]


def loss_making(examples: pl.DataFrame) -> pl.Series:
    """Whether a customer cost more than he or she paid in the last 365 days; never where no cost is known.

    >>> loss_making(pl.DataFrame({"margin_365d": [-0.01, 0.0, None]})).to_list()
    [True, False, False]
    >>> loss_making(pl.DataFrame({"spend_365d": [1.0]})).to_list()
    [False]
    """
    if "margin_365d" not in examples.columns:
        return pl.repeat(value=False, n=len(examples), eager=True).alias("loss_making")
    return (examples["margin_365d"] < 0).fill_null(value=False).alias("loss_making")


def value_tier(settings: Score, key: str) -> pl.Expr:
    """The tier by value among all rows: ``top``, ``middle`` or ``tail``.

    ``top`` are the most valuable ``top_value_share`` of the customers, rounded up, as far as they bring anything at
    all; ``tail`` is the less valuable half, ``middle`` who is in neither. Of customers of equal value, the one whose
    `key` comes first is the more valuable.

    >>> settings = Score(bands={"low": 0.0}, new_days=60, loyal_orders_365d=12, loyal_days=180, margin_share=0.25,
    ...                  top_value_share=0.2)
    >>> table = pl.DataFrame({"customer_id": ["d", "a", "b", "c", "e"], "value": [1.0, 9.0, 9.0, 2.0, -1.0]})
    >>> table.select(value_tier(settings, "customer_id")).to_series().to_list()
    ['tail', 'top', 'middle', 'middle', 'tail']
    """
    above = pl.arg_sort_by("value", key, descending=[True, False]).arg_sort()
    # Less a hair: in floating point 0.07 * 100 is above 7, and would be rounded up to 8.
    top = (settings.top_value_share * pl.len() - 1e-9).ceil()
    return (
        pl.when((above < top) & (pl.col("value") > 0))
        .then(pl.lit("top"))
        .when(above < (pl.len() / 2).ceil())
        .then(pl.lit("middle"))
        .otherwise(pl.lit("tail"))
        .alias("value_tier")
    )


def concentration(scores: pl.DataFrame, settings: Score) -> dict[str, Any]:
    """What the top value tier really holds, beside the Pareto rule (80 % of the profit from 20 % of the buyers).

    Parameters
    ----------
    scores
        All scored customers, with ``value_tier``, ``value`` and ``spend_365d``.

    Returns
    -------
    dict
        Shares (0-1) of customers, of value and of the spend of the last year; None where there is nothing to share.

    Examples
    --------
    >>> settings = Score(bands={"low": 0.0}, new_days=60, loyal_orders_365d=12, loyal_days=180, margin_share=0.25,
    ...                  top_value_share=0.2)
    >>> table = pl.DataFrame({"value_tier": ["top", *["tail"] * 4], "value": [6.0, 1.0, 1.0, 1.0, 1.0],
    ...                       "spend_365d": [5.0, 5.0, 0.0, 0.0, 0.0]})
    >>> concentration(table, settings)["description"]
    'the 20 % most valuable customers bring 60 % of the value, not 80 %, and paid 50 % of the spend of the last year'
    """
    top = scores.filter(pl.col("value_tier") == "top")
    share: dict[str, float | None] = {"customers": round(len(top) / len(scores), 4)}
    share |= {name: _share(float(top[name].sum()), float(scores[name].sum())) for name in ("value", "spend_365d")}
    value, paid = (_percent(share[name]) for name in ("value", "spend_365d"))
    rule = ", not 80 %," if settings.top_value_share == PARETO and value != "80 %" else ""
    words = (
        f"the {settings.top_value_share * 100:g} % most valuable customers bring {value} of the value{rule} and "
        f"paid {paid} of the spend of the last year"
    )
    return {"top_shares": share, "description": words}


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole > 0 else None


def _percent(share: float | None) -> str:
    return "an unknown share" if share is None else f"{share * 100:.0f} %"


def tier(settings: Score) -> pl.Expr:
    """The tier of a customer: new, one-time, regular or loyal, by the first rule that holds.

    >>> settings = Score(bands={"low": 0.0}, new_days=60, loyal_orders_365d=12, loyal_days=180, margin_share=0.25,
    ...                  top_value_share=0.2)
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
    ...                  margin_share=0.25, top_value_share=0.2)
    >>> pl.DataFrame({"p": [0.49, 0.5]}).select(band(pl.col("p"), settings)).to_series().to_list()
    ['low', 'high']
    """
    names = list(settings.bands)
    name_of_band = pl.lit(names[0])
    for name in names[1:]:
        name_of_band = pl.when(probability >= settings.bands[name]).then(pl.lit(name)).otherwise(name_of_band)
    return name_of_band.alias("risk_band")
