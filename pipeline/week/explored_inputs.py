"""What a week keeps of those for whom a lot decided, to decide another ``playbooks.yaml`` on them later."""

import polars as pl

from pipeline.decisions import policy_choice
from pipeline.playbooks.rules.matching import columns_behind
from pipeline.playbooks.rules.vocabulary import vocabulary
from pipeline.week.inputs import WeekInputs


def of_week(decided: pl.DataFrame, inputs: WeekInputs) -> pl.DataFrame:
    """What rules look at of each of them, as far as the week read it, and what the file gave without the lot.

    Parameters
    ----------
    decided
        Everyone's decision, with all that the week was decided from.
    inputs
        Everything the week was decided from.

    Returns
    -------
    polars.DataFrame
        ``customer_id``, the columns of `CHOICE` and `HELD` of `pipeline.decisions.policy_choice`, then those behind the
        names of rules; controls, who are given nothing whatever the lot says, are left out.
    """
    settings = inputs.settings
    looked_at = columns_behind(vocabulary(settings.score, settings.features)) | policy_choice.DECIDED_BY
    explored = decided.filter("is_explored", ~pl.col("is_control"))
    explored = explored.with_columns(policy_choice.held(explored, inputs.playbooks))
    chosen = policy_choice.choose(explored, inputs.playbooks, inputs.context.as_of, settings.data.currency)
    kept = [name for name in decided.columns if name in looked_at - {"customer_id"}]
    parts = (
        explored.select("customer_id"),
        chosen.select(policy_choice.CHOICE.keys()),
        explored.select(policy_choice.HELD, *kept),
    )
    # The categories of one week are not those of another.
    return pl.concat(parts, how="horizontal").with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
