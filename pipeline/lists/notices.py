"""What whoever opens or sends a list must know of it besides its rows."""

import math
from typing import Final

import polars as pl

from pipeline.decisions.watch import is_personal
from pipeline.drift.kinds import TECHNICAL
from pipeline.i18n import Figure, Message, Sentence, counted, say
from pipeline.lists.week import Week

LARGE_SHARE: Final = 0.1
"""From this share (0-1) of the value of a list on, one customer moves its total, and is named."""
MIN_LISTED: Final = 20
"""Fewer customers than these each hold a large share by their number alone."""


def dominating(risk_list: pl.DataFrame) -> Sentence:
    """That one customer holds a tenth or more of the value at stake of a list, in words; empty where nobody does.

    The words go into logs and mails too, so they name the place on the list and not the customer.

    Examples
    --------
    >>> listed = pl.DataFrame({"rank": range(1, 21), "value_at_stake": [1.0, 181.0, *[1.0] * 18]})
    >>> print(dominating(listed))
    the customer of rank 2 alone holds 90 % of the value at stake
    >>> dominating(listed.tail(18)), dominating(listed.with_columns(value_at_stake=1.0))
    ('', '')
    """
    total = math.fsum(risk_list["value_at_stake"])
    if risk_list.height < MIN_LISTED or total <= 0:
        return ""
    largest = risk_list.sort("value_at_stake", "rank", descending=[True, False]).row(0, named=True)
    share = largest["value_at_stake"] / total
    if share < LARGE_SHARE:
        return ""
    return say(
        "the customer of rank {rank} alone holds {share} % of the value at stake",
        rank=int(largest["rank"]),
        share=Figure(f"{share * 100:.0f}"),
    )


def waiting(actions: pl.DataFrame) -> Sentence:
    """How many duties there are no hands for this week, in words; empty where all are done.

    Examples
    --------
    >>> print(waiting(pl.DataFrame({"waiting_duty": ["call", "call", None, "visit"]})))
    3 duties wait for hands: call (2), visit (1)
    """
    if "waiting_duty" not in actions.columns or not (number := actions["waiting_duty"].count()):
        return ""
    counts = actions["waiting_duty"].drop_nulls().value_counts().sort("count", "waiting_duty", descending=[True, False])
    each = tuple(say("{what} ({number})", what=Message(playbook), number=of) for playbook, of in counts.iter_rows())
    return counted("{number} duty waits for hands: {each}", "{number} duties wait for hands: {each}", number, each=each)


def notices(week: Week, not_yet: str = "") -> list[str]:
    """All of them, in English: they go into logs.

    Parameters
    ----------
    week
        The list.
    not_yet
        Why the model is not to be trained again yet, although the list asks for it; empty if it is.
    """
    former = week.former_actions
    to_act = 0 if former is None else former.filter(is_personal()).height
    former_to_act = counted("{number} former customer to act on", "{number} former customers to act on", to_act)
    technical = sum(one["kind"] in TECHNICAL for one in week.run_report.get("drift", {}).get("findings", []))
    moved = f"features or scores have moved ({technical}): see drift in run_report.json" if technical else ""
    why = week.run_report.get("retrain", {}).get("reasons", [])
    asked = f"a new model is asked for ({'; '.join(why)}), but {not_yet}"
    again = asked if not_yet else f"train again: churn retrain --if-needed ({'; '.join(why)})"
    noticed = (
        again if why else "",
        moved,
        former_to_act if to_act else "",
        waiting(week.actions),
        dominating(week.risk_list),
    )
    return [
        *(str(warning).removesuffix(".") for warning in week.warnings),
        *(str(notice) for notice in noticed if notice),
    ]
