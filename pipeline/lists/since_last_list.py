"""What came, what went and what was done since the last list, in words."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from pipeline.i18n import Message, Sentence, counted, in_percent, say


def words(previous: date, since: dict[str, Any]) -> tuple[Sentence, ...]:
    r"""Say it in a few sentences: what came and what went, then what was done.

    Parameters
    ----------
    previous
        The day of the last list.
    since
        As `pipeline.decisions.follow_up.since_last` gives it.

    Examples
    --------
    >>> since = {"new": 3, "still_open": 9, "snoozed": 1, "recovered": 2, "dropped": 1, "to_act": 6, "done": 4,
    ...     "not_done": 1, "not_handed_back": 1, "ended": None, "acted_on": {"customers": 4, "bought_since": 2},
    ...     "others": {"customers": 8, "bought_since": 1}}
    >>> for sentence in words(date(2018, 1, 1), since):
    ...     print(str(sentence).replace("; what", ";\nwhat"))
    Since the list of 2018-01-01: 3 new, 9 still open, 1 snoozed; 3 left, of whom 2 bought again.
    Of 6 to act on, 4 were done, 1 was not, 1 was not handed back.
    2 of the 4 acted on have bought since (50%), and 1 of the 8 others (12%);
    what the actions did, only the control group can say.
    """
    return tuple(_sentences(previous, since))


def _sentences(previous: date, since: dict[str, Any]) -> Iterator[Message]:
    there = {name: int(since[name]) for name in ("new", "still_open", "snoozed")}
    left, ended = since["recovered"] + since["dropped"], since["ended"]
    if left and ended is not None:
        yield say(
            "Since the list of {day}: {new} new, {still_open} still open, {snoozed} snoozed; {left} left, of whom "
            "{ended} ended the contract.",
            day=previous, left=left, ended=ended, **there,
        )  # fmt: skip
    elif left:
        yield say(
            "Since the list of {day}: {new} new, {still_open} still open, {snoozed} snoozed; {left} left, of whom "
            "{recovered} bought again.",
            day=previous, left=left, recovered=since["recovered"], **there,
        )  # fmt: skip
    else:
        yield say(
            "Since the list of {day}: {new} new, {still_open} still open, {snoozed} snoozed; nobody left.",
            day=previous, **there,
        )  # fmt: skip
    if since["to_act"]:
        yield say(
            "Of {number} to act on, {done}, {not_done}, {not_handed_back}.",
            number=since["to_act"],
            done=counted("{number} was done", "{number} were done", since["done"]),
            not_done=counted("{number} was not", "{number} were not", since["not_done"]),
            not_handed_back=counted(
                "{number} was not handed back", "{number} were not handed back", since["not_handed_back"]
            ),
        )
    yield from _compared(since["acted_on"], since["others"], by_contract=ended is not None)


def _compared(acted: dict[str, int], others: dict[str, int], *, by_contract: bool) -> Iterator[Message]:
    if not acted["customers"]:
        return
    if by_contract:
        yield say(
            "The contracts of {acted_there} of the {acted} acted on run on ({acted_share}), and of {others_there} of "
            "the {others} others ({others_share}); what the actions did, only the control group can say.",
            acted_there=acted["still_customers"], acted=acted["customers"],
            acted_share=_share(acted, "still_customers"), others_there=others["still_customers"],
            others=others["customers"], others_share=_share(others, "still_customers"),
        )  # fmt: skip
    else:
        yield say(
            "{acted_bought} of the {acted} acted on have bought since ({acted_share}), and {others_bought} of the "
            "{others} others ({others_share}); what the actions did, only the control group can say.",
            acted_bought=acted["bought_since"], acted=acted["customers"], acted_share=_share(acted, "bought_since"),
            others_bought=others["bought_since"], others=others["customers"],
            others_share=_share(others, "bought_since"),
        )  # fmt: skip


def _share(group: dict[str, int], of: str) -> Message:
    if not group["customers"]:
        return say("none")
    return in_percent(group[of] / group["customers"])
