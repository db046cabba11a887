"""What was decided for how many, for the report on how a week was made."""

from collections import Counter
from typing import Any

import polars as pl

from pipeline.config.params import Score
from pipeline.decisions import control_group, optimizer
from pipeline.value import customer_value


def decisions(decided: pl.DataFrame, listed: pl.DataFrame, score: Score) -> dict[str, Any]:
    """What was decided for how many, and how much of the value the most valuable ones hold."""
    strategic = decided["loss_making"] & decided["strategic"]
    return {
        "scored_by_band": counted(decided["risk_band"]),
        "scored_by_tier": counted(decided["tier"]),
        "scored_by_value_tier": counted(decided["value_tier"]),
        "loss_making": {"customers": int(decided["loss_making"].sum()), "strategic": int(strategic.sum())},
        "value": customer_value.concentration(decided, score),
        "actions_by_playbook": counted(decided["playbook"].drop_nulls()),
        "actions_by_work": counted(decided["work"].drop_nulls()),
        "duties_waiting": counted(decided["waiting_duty"].drop_nulls()),
        "no_action": decided["playbook"].null_count(),
        "control": control_group.shares(decided),
        "listed_by_work": counted(listed["work"]),
        "listed_by_status": counted(listed["status"]),
    }


def allocation(decided: pl.DataFrame, plan: optimizer.Plan) -> dict[str, Any]:
    """What is expected to be saved, at what cost, beside the most that could be; what one more of each would save."""
    given = decided.filter(pl.col("playbook").is_not_null())
    return {
        "expected_saved_value": round(float(given["expected_saved_value"].sum()), 2),
        "cost": round(float(given["cost"].sum()), 2),
        "gap": round(plan.gap, 4),
        "limits": {
            name: {"used": round(plan.used[name], 2), "one_more_would_save": round(price, 2)}
            for name, price in plan.prices.items()
        },
    }


def counted(values: pl.Series) -> dict[str, int]:
    """How many there are of each value.

    >>> counted(pl.Series(["task", "duty", "task"]))
    {'duty': 1, 'task': 2}
    """
    return dict(sorted(Counter(values.to_list()).items()))
