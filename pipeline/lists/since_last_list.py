"""What came, what went and what was done since the last list, in words."""

from datetime import date
from typing import Any


def words(previous: date, since: dict[str, Any]) -> str:
    r"""Say it in a few sentences.

    Parameters
    ----------
    previous
        The day of the last list.
    since
        As `pipeline.decisions.follow_up.since_last` gives it.

    Examples
    --------
    >>> since = {"new": 3, "still_open": 9, "snoozed": 1, "recovered": 2, "dropped": 1, "to_act": 6, "done": 4,
    ...     "not_done": 1, "not_handed_back": 1, "acted_on": {"customers": 4, "bought_since": 2},
    ...     "others": {"customers": 8, "bought_since": 1}}
    >>> print(words(date(2018, 1, 1), since).replace(". ", ".\n").replace("; what", ";\nwhat"))
    Since the list of 2018-01-01: 3 new, 9 still open, 1 snoozed; 3 left, of whom 2 bought again.
    Of 6 to act on, 4 were done, 1 was not, 1 was not handed back.
    2 of the 4 acted on have bought since (50%), and 1 of the 8 others (12%);
    what the actions did, only the control group can say.
    """
    left = since["recovered"] + since["dropped"]
    who = f"{left:,} left, of whom {since['recovered']:,} bought again" if left else "nobody left"
    came = f"{since['new']:,} new, {since['still_open']:,} still open, {since['snoozed']:,} snoozed; {who}"
    sentences = [f"Since the list of {previous}: {came}."]
    if since["to_act"]:
        sentences.append(
            f"Of {since['to_act']:,} to act on, {_were(since['done'])} done, {_were(since['not_done'])} not, "
            f"{_were(since['not_handed_back'])} not handed back."
        )
    acted, others = since["acted_on"], since["others"]
    if acted["customers"]:
        sentences.append(
            f"{_of(acted)} acted on have bought since ({_share(acted)}), and {_of(others)} others ({_share(others)}); "
            "what the actions did, only the control group can say."
        )
    return " ".join(sentences)


def _were(number: int) -> str:
    return f"{number:,} {'was' if number == 1 else 'were'}"


def _of(group: dict[str, int]) -> str:
    return f"{group['bought_since']:,} of the {group['customers']:,}"


def _share(group: dict[str, int]) -> str:
    return f"{group['bought_since'] / group['customers']:.0%}" if group["customers"] else "none"
