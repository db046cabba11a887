"""From the number of a playbook to the columns that describe an action."""

import polars as pl

from pipeline.playbooks.config.playbook import Playbook


def described(playbooks: dict[str, Playbook]) -> pl.DataFrame:
    """What each playbook says of itself, by its number ``chosen``."""
    rows = [
        (position, name, p.tactic, p.work, p.action, p.channels[0], p.who, p.who if p.is_task else None,
         p.cost, p.caution, p.duty)
        for position, (name, p) in enumerate(playbooks.items())
    ]  # fmt: skip
    texts = dict.fromkeys(("playbook", "tactic", "work", "action", "channel", "who", "task_owner"), pl.String)
    terms = {"cost": pl.Float64, "caution": pl.String, "is_duty": pl.Boolean}
    schema = {"chosen": pl.Int64, **texts, **terms}
    return pl.DataFrame(rows, schema=schema, orient="row")


def complete(decisions: pl.DataFrame, words: pl.Expr) -> pl.DataFrame:
    """What a control would have been given steps aside, a task gets its owner, and nothing gets its reason."""
    given = ("playbook", "tactic", "work", "action", "channel", "who", "task_owner", "due_day", "cost", "caution",
             "second_choice", "expected_saved_value")  # fmt: skip
    # What is owed is owed to a control, too: on both sides of the comparison alike.
    left_alone = pl.col("is_control") & ~pl.col("is_duty").fill_null(value=False)
    decisions = decisions.with_columns(
        pl.when(left_alone).then("playbook").alias("would_have_been"),
        pl.when(pl.col("task_owner").is_not_null()).then(pl.coalesce("owner", "task_owner")).alias("task_owner"),
        words,
    )
    return decisions.with_columns(pl.when(~left_alone).then(name).alias(name) for name in given)
