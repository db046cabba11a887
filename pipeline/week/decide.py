"""The decision on everyone: one action each, or none and why."""

import polars as pl

from pipeline.decisions import assignment, decision_record, eligibility, optimizer, tasks
from pipeline.week.inputs import WeekInputs


def decide(week: WeekInputs) -> tuple[pl.DataFrame, optimizer.Plan]:
    """One action for everyone, or none and why, with how it was chosen and what the one who acts has to know.

    Parameters
    ----------
    week
        Everything the week is decided from.

    Returns
    -------
    polars.DataFrame
        One row per customer scored, with the columns of `pipeline.week.composition.DECISION`.
    pipeline.decisions.optimizer.Plan
        How good the whole is beside the best possible, and what each limit is worth.
    """
    context, playbooks = week.context, week.playbooks
    held = eligibility.check_eligibility(week.customers, playbooks, context)
    max_tasks = week.settings.lists.max_rows
    restrictions = assignment.Restrictions(held, week.limits, context.translator, max_tasks, week.settings.learning)
    currency = week.settings.data.currency
    decided, plan = assignment.plan(week.customers, playbooks, context.as_of, currency, week.earlier, restrictions)
    recorded = decision_record.with_record(decided, playbooks, context.translator)
    return tasks.handed(recorded, playbooks, context.as_of, context.translator), plan
