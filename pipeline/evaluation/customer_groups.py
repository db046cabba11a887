"""What the evaluation knows of each customer besides the features: the value, and the groups figures are told for."""

import polars as pl

from pipeline.config import params
from pipeline.config.errors import BadParams
from pipeline.config.paths import Paths
from pipeline.tables import storage
from pipeline.value import customer_value
from pipeline.value.expected_spend import Spend

MADE_HERE = ("tier", "value_tier")


def known(
    examples: pl.DataFrame, sources: params.Sources, label: params.Label, score: params.Score, segments: list[str],
    paths: Paths,
) -> pl.DataFrame:  # fmt: skip
    """The rows with ``value`` (currency units), ``tier``, ``value_tier`` and the columns of the register asked for.

    Raises
    ------
    BadParams
        A segment is neither made here nor a column of the table customers.
    """
    mapped = sources.customers.columns if sources.customers else {}
    strangers = [name for name in segments if name not in {*MADE_HERE, *mapped}]
    if strangers:
        raise BadParams(
            f"params.yaml: evaluate.segments names {strangers[0]!r}, which is neither {' nor '.join(MADE_HERE)} nor a "
            "column of the table customers; map it under sources.customers.columns"
        )
    spend = Spend.of_card(storage.read_json(paths.model_card)["value"])
    made = examples.with_columns(
        customer_value.tier(score), customer_value.expected_value(examples, spend, label, score)
    )
    made = made.with_columns(customer_value.value_tier(score, "customer_key"))
    register = [name for name in segments if name not in MADE_HERE]
    if register:
        made = made.join(_register(paths, register), on="customer_key", how="left", maintain_order="left")
    return made


def _register(paths: Paths, columns: list[str]) -> pl.DataFrame:
    """One row per customer; of several, the first value in the alphabet, so that no order of files decides."""
    customers = storage.read_buckets(paths.tables / "customers", ["customer_key", *columns])
    return customers.group_by("customer_key").agg(pl.col(columns).cast(pl.String).min())
