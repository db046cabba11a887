"""What is wrong with product, service or honesty is put right by who owns it, and not papered over by a reward."""

from typing import Any

import polars as pl

from pipeline.decisions.context import DecisionContext, because, speaks_for
from pipeline.i18n import named
from pipeline.playbooks.config.playbook import Playbook
from pipeline.reasons.causes import CAUSES


def held(name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held where the first told reason speaks for a fault of our own: nothing is sold or given to cover it."""
    if not playbook.sells:
        return None
    faulty = speaks_for((1,), context.guards.quality_causes)
    return because(
        context, faulty, "the first reason is a fault of ours, which {playbook} would paper over", playbook=named(name)
    )


def problems(customers: pl.DataFrame, causes: list[str]) -> list[dict[str, Any]]:
    """For each fault told as a first reason: whose it is to mend, for how many it matters, and what is at stake.

    Parameters
    ----------
    customers
        Everyone scored, with ``reason_1_causes`` and ``value_at_stake``.
    causes
        ``params.yaml: guards.quality_causes``.

    Examples
    --------
    >>> table = pl.DataFrame({"reason_1_causes": ["C09;C24", "C09", "C54"], "value_at_stake": [3.0, 2.0, 9.0]})
    >>> [(found["cause"], found["owner"], found["customers"], found["value_at_stake"]) for found in
    ...  problems(table, ["C08", "C09", "C24"])]
    [('C09', 'product', 2, 5.0), ('C24', 'product', 1, 3.0)]
    """
    first_causes = customers.select(
        pl.col("reason_1_causes").cast(pl.String).str.split(";").alias("cause"), "value_at_stake"
    )
    each = first_causes.explode("cause").filter(pl.col("cause").is_in(causes)).group_by("cause")
    counted = each.agg(pl.len(), pl.col("value_at_stake").sort().sum()).sort(
        "value_at_stake", "cause", descending=[True, False]
    )
    return [
        {
            "cause": cause,
            "description": CAUSES[cause].description,
            "owner": CAUSES[cause].who,
            "customers": number,
            "value_at_stake": round(stake, 2),
        }
        for cause, number, stake in counted.iter_rows()
    ]
