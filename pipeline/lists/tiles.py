"""The few numbers above the list."""

import math

from pipeline.i18n import Field, Sentence, counted, say
from pipeline.lists.cells import expected_words, money_words
from pipeline.lists.notices import dominating, waiting
from pipeline.lists.week import Week


def tiles(week: Week) -> list[tuple[Field, Sentence, Sentence]]:
    """Each has a number, what it counts, and a second line."""
    about, listed = week.about, week.risk_list
    to_act = about.listed - int((listed["work"] == "watch").sum())
    money = money_words(math.fsum(listed["value_at_stake"]), about.currency, about.minor_digits)
    scored = say("of {scored} scored, {eligible} eligible", scored=about.scored, eligible=about.eligible)
    return [
        (about.listed, say("customers listed"), scored),
        (money, say("value at stake"), dominating(listed) or say("of everyone listed, together")),
        (round(week.expected_churners), say("expected to leave"), expected_words(about)),
        (to_act, say("with something to do"), _to_do(week, to_act)),
    ]


def _to_do(week: Week, to_act: int) -> Sentence:
    duties = int((week.risk_list["work"] == "duty").sum())
    only = say("{number} only to keep an eye on", number=week.about.listed - to_act)
    left = waiting(week.actions)
    if not duties:
        return say("{first}; {next}", first=left, next=only) if left else only
    of_them = counted("{number} of them a duty", "{number} of them duties", duties)
    if not left:
        return say("{first}, {next}", first=of_them, next=only)
    return say("{first}, {next}", first=of_them, next=say("{first}; {next}", first=left, next=only))
