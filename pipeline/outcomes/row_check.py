"""From a row that somebody filled in to an outcome, or to a line that says what is wrong with it."""

from collections.abc import Callable
from datetime import date
from typing import Final

from pipeline.config.problems import suggestion
from pipeline.lists import ANSWERS, OUTCOMES, REASONS
from pipeline.outcomes import days
from pipeline.outcomes.filled_list import FilledRow
from pipeline.outcomes.published_lists import PublishedList
from pipeline.outcomes.store import Outcome
from pipeline.outcomes.words import find_word

# What was done if nobody says so, by what the customer answered.
IMPLIED: Final = {"accepted": "done", "declined": "done", "complaint": "done", "unreachable": "not_done"}
MAX_NOTE: Final = 2000
Lists = Callable[[date], PublishedList | None]


class Refused(Exception):
    """What is wrong with a row."""


def check(row: FilledRow, published: Lists, received: date, as_of: date | None = None) -> Outcome:
    """Read a row.

    Parameters
    ----------
    row
        As it stands in the file.
    published
        The list of a day, or None where there is none.
    received
        The day on which the file came back; nothing can have been done later.
    as_of
        The day of the list, for a file that does not say it.

    Raises
    ------
    Refused
        Something in the row cannot be meant.
    """
    cells = row.cells
    day, listed = _list_of(cells["as_of"], published, as_of)
    customer = listed.customer(cells["customer_id"])
    if customer is None:
        raise Refused(
            f"customer {cells['customer_id']!r} is not on the list of {day}; write the id as it was published"
        )
    answer = _word(cells, "answer", ANSWERS)
    status = _word(cells, "outcome", OUTCOMES)
    wrong = _wrong_reason(cells["wrong_reason"], status, listed.families[customer])
    given = f"outcome {status!r}" if status else f"answer {answer!r}"
    status = status or ("wrong_reason" if wrong else None) or (IMPLIED[answer] if answer else None)
    done = _done_day(cells["done_day"], day, received)
    # With one who was not reached, it is the day on which somebody tried.
    if status == "not_done" and done and answer != "unreachable":
        raise Refused(f"{given} and done_day {done} deny each other; leave one of them empty")
    return Outcome(
        customer, day, status or ("done" if done else None), done, answer, wrong,
        listed.families[customer][wrong - 1] if wrong else None,
        _snooze(cells["snooze_until_day"], day), cells["note"][:MAX_NOTE] or None,
    )  # fmt: skip


def _list_of(text: str, published: Lists, as_of: date | None) -> tuple[date, PublishedList]:
    if not text and as_of is None:
        raise Refused("as_of is empty; write the day of the list, or name it for the whole file: --as-of YYYY-MM-DD")
    possible = days.readings(text) if text else [as_of] if as_of else []
    if not possible:
        raise Refused(f"as_of {text!r} is no day; write the day of the list: YYYY-MM-DD")
    known = [(day, listed) for day in possible if (listed := published(day)) is not None]
    if len(known) != 1:
        raise Refused(
            f"as_of {text or as_of}: no list of that day is published here; write the day of a list in exports/"
        )
    return known[0]


def _word(cells: dict[str, str], column: str, words: tuple[str, ...]) -> str | None:
    text = cells[column]
    if not text:
        return None
    word = find_word(text)
    if word not in words:
        raise Refused(f"{column} {text!r} is none of {', '.join(words)}{_near(text, words)}")
    return word


def _near(text: str, words: tuple[str, ...]) -> str:
    near = suggestion(text.casefold(), list(words))
    return near if "did you mean" in near else ""


def _wrong_reason(text: str, status: str | None, families: tuple[str | None, ...]) -> int | None:
    """Which reason is wrong; of a row that only says so in ``outcome``, the first one."""
    if not text:
        return 1 if status == "wrong_reason" and families[0] else None
    place = text.casefold().removeprefix("reason").strip(" _").removesuffix(".0")
    if place not in REASONS or families[int(place) - 1] is None:
        there = [place for place, family in zip(REASONS, families, strict=True) if family]
        if not there:
            raise Refused(f"wrong_reason {text!r}: this row names no reason that could be wrong; leave it empty")
        raise Refused(f"wrong_reason {text!r} is no reason of this row; write {' or '.join(there)}")
    return int(place)


def _done_day(text: str, as_of: date, received: date) -> date | None:
    if not text:
        return None
    fits = [day for day in days.readings(text) if as_of <= day <= received]
    if len(fits) != 1:
        why = "can be two days" if fits else f"is no day from {as_of}, the day of the list, to {received}"
        raise Refused(f"done_day {text!r} {why}; write YYYY-MM-DD")
    return fits[0]


def _snooze(text: str, as_of: date) -> date | None:
    if not text:
        return None
    fits = [day for day in days.readings(text) if day > as_of]
    if len(fits) != 1:
        why = "can be two days" if fits else f"is no day after {as_of}, the day of the list"
        raise Refused(f"snooze_until_day {text!r} {why}; write YYYY-MM-DD")
    return fits[0]
