"""``churn calendar``: the planned messages of all teams -> what each customer may get, and why the rest is left out."""

from datetime import date
from pathlib import Path

import polars as pl

from pipeline.config import params
from pipeline.config.errors import BadData
from pipeline.config.paths import PLAYBOOKS, REPRO, Paths
from pipeline.decisions.contact_policy import calendar
from pipeline.decisions.context import DecisionContext
from pipeline.lists import message_plan
from pipeline.playbooks.config import playbooks_file
from pipeline.playbooks.rules.vocabulary import vocabulary
from pipeline.tables import storage
from pipeline.week import contact_history, last_orders


def run(settings: params.Params, plan: Path, as_of: date, to: Path, paths: Paths = REPRO) -> str:
    """Decide on every message of a plan, by the tables of the last ``dvc repro`` and the published weeks.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``; its own ``as_of`` does not matter here.
    plan
        A CSV file; see `planned`.
    as_of
        The first day that may be planned; history is strictly before it.
    to
        The file to write.

    Returns
    -------
    str
        One line on what was kept.

    Raises
    ------
    BadData
        The plan cannot be read, or there are no tables.
    """
    messages = message_plan.read(plan, as_of)
    if not storage.bucket_files(paths.tables / "transactions"):
        raise BadData(f"{paths.tables}: holds no tables; run the earlier stages first: dvc repro")
    context = DecisionContext(as_of, settings.guards, settings.contact, settings.score)
    playbooks = playbooks_file.parse(params.read_playbooks(PLAYBOOKS), vocabulary(settings.score, settings.features))
    given = contact_history.given(paths.exports, settings.data.name, playbooks, context)
    who = last_orders.add(messages.select("customer_id").unique(), paths, as_of)
    history = contact_history.read(who, given, paths, playbooks, context)
    known = history.customers().drop("last_order_day")
    past = history.past()
    decided = calendar.plan(messages, known, past, settings.contact)
    message_plan.write(decided, to)
    return f"{decided['kept'].sum():,} of {len(decided):,} messages kept, {_until(past.sort('day'))}: {to}"


def _until(past: pl.DataFrame) -> str:
    if past.is_empty():
        return "no earlier contact is known"
    return f"the last contact known is of {past.get_column('day').to_list()[-1]}"
