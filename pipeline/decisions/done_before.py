"""What a team handed back as done and the data still show as open: whoever is asked for it again should know both."""

from typing import Final

import polars as pl

from pipeline.decisions.facts import last_day_of
from pipeline.i18n import Translator
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.rules.matching import columns

# The feature a rule asks for, and since when the oldest matter it counts has been open.
OPEN_SINCE: Final = {"promises_overdue": "promise_due_next", "disputes_open": "dispute_since"}


def done_before(playbooks: dict[str, Playbook], translator: Translator) -> pl.Expr:
    """The sentence for who is given again what was done when the same matter was open already; null for all others.

    Parameters
    ----------
    playbooks
        Those that were given.
    translator
        Who reads which language.

    Examples
    --------
    >>> from datetime import date
    >>> from pipeline.decisions.facts import FACTS
    >>> from pipeline.i18n import IN_ENGLISH
    >>> settle = Playbook.model_validate({"tactic": "conflict-resolution", "when": "disputes_open > 0", "duty": True,
    ...     "action": "Call.", "channel": "phone", "who": "service", "due_in_days": 1, "cost": 4.0})
    >>> done = [{"playbook": "settle", "day": date(2024, 3, 1)}]
    >>> table = pl.DataFrame({"playbook": ["settle"] * 2, "done_playbooks": [done] * 2,
    ...     "dispute_since": [date(2024, 2, 20), date(2024, 3, 2)]}, schema_overrides=FACTS)
    >>> table.select(done_before({"settle": settle}, IN_ENGLISH)).to_series().to_list()
    ['Handed back as done on 2024-03-01, and still open in the data; if it is done, record it there.', None]
    """
    done = [pl.lit(None, dtype=pl.Date)]
    for name, book in playbooks.items():
        day, asked = last_day_of("done_playbooks", name), columns(book.when)
        for since in (since for feature, since in OPEN_SINCE.items() if feature in asked):
            done.append(pl.when((pl.col("playbook") == name) & (day >= pl.col(since))).then(day))
    day_done = pl.coalesce(done)
    sentence = translator.translate(
        "Handed back as done on {day}, and still open in the data; if it is done, record it there.",
        day=lambda catalog: catalog.day(day_done),
    )
    return pl.when(day_done.is_not_null()).then(sentence)
