"""What to ask those who bought, who stayed and who left, and what no table can show: three guides for a talk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.i18n import MessageCatalog
from pipeline.reasons.causes import CAUSES


@dataclass(frozen=True)
class Interview:
    """A talk of one kind.

    Attributes
    ----------
    title
        What is to be learnt.
    whom
        Who is asked.
    caution
        What to mind.
    questions
        What to ask, in order; all open, none suggests its answer.
    """

    title: str
    whom: str
    caution: str
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Guide:
    """All that is asked, in one language; `unseen` has the id, the words and the question of each blind spot."""

    language: str
    heading: str
    introduction: str
    interviews: tuple[Interview, ...]
    unseen_heading: str
    unseen_introduction: str
    unseen: tuple[tuple[str, str, str], ...]


INTERVIEWS: Final = (
    Interview(
        "Why they bought",
        "Customers who bought from us for the first time not long ago.",
        "Ask for their view and leave out ours; sell nothing.",
        (
            "Which problem did you want to be rid of when you looked for us?",
            "Who decided in the end, and who had to agree?",
            "What was the one reason to choose us?",
            "What is it worth to you: in time, in money, in peace of mind?",
            "What has changed for you since you bought?",
        ),
    ),
    Interview(
        "Why they stayed",
        "Customers who renewed, or bought again.",
        "Ask and listen; do not say a word about leaving.",
        (
            "Why did you choose us again?",
            "How did you explain that to others who had a say?",
            "What has it done for you so far?",
            "What would have been missing without it?",
            "What made you hesitate, and what settled it?",
        ),
    ),
    Interview(
        "Why they left",
        "Customers who no longer buy from us.",
        "Say first that this is not to win them back. Defend nothing, and thank them.",
        (
            "Did we solve the problem for which you came to us?",
            "Is that problem gone, or did we help less than before?",
            "Do you do it yourselves now, or with somebody else?",
            "How did you compare, and what decided?",
            "What did we do well?",
            "What should we have done better?",
        ),
    ),
)
HEADING: Final = "Questions for a talk with customers"
INTRODUCTION: Final = (
    "One talk is of one kind. Ask in this order, in your own words; write down what the customer says, not what you "
    "make of it."
)
UNSEEN_HEADING: Final = "What our data cannot show"
UNSEEN_INTRODUCTION: Final = (
    "For these causes nothing in our data speaks. Ask one or two that fit, and write what you hear into the column "
    "note."
)
TEXTS: Final = (
    *(HEADING, INTRODUCTION, UNSEEN_HEADING, UNSEEN_INTRODUCTION),
    *(text for one in INTERVIEWS for text in (one.title, one.whom, one.caution, *one.questions)),
    *(cause.question for cause in CAUSES.values()),
)
"""Every text of a guide, for the catalogues."""


def guide(catalog: MessageCatalog, unseen: Sequence[str]) -> Guide:
    """The guide in one language.

    Parameters
    ----------
    catalog
        The language.
    unseen
        The ids of the causes for which none of the company's features speaks.

    Examples
    --------
    >>> from pipeline.i18n import ENGLISH
    >>> guide(ENGLISH, ["C25"]).unseen
    (('C25', 'taken in-house or replaced', 'What do you use instead?'),)
    """
    say = catalog.text
    interviews = tuple(
        Interview(say(one.title), say(one.whom), say(one.caution), tuple(say(text) for text in one.questions))
        for one in INTERVIEWS
    )
    causes = (CAUSES[name] for name in unseen)
    asked = tuple((cause.id, say(cause.description), say(cause.question)) for cause in causes)
    return Guide(
        catalog.language, say(HEADING), say(INTRODUCTION), interviews, say(UNSEEN_HEADING), say(UNSEEN_INTRODUCTION),
        asked,
    )  # fmt: skip
