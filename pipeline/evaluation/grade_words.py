"""A grade in the words that every list carries at its top."""

from pipeline.evaluation.grade import Grade
from pipeline.messages import Message, say

MEANING = {
    "A": say("Certainly better than the best simple rule, and its probabilities can be taken at their word."),
    "B": say("Certainly better than the best simple rule, though not free of doubt."),
    "C": say("Better than the best simple rule, but chance alone could explain it."),
    "F": say("The best simple rule, or drawing lots, does as well or nearly so: its ranking is not worth acting on."),
}
BESIDE_RIVAL = {
    "level": say("Better than the best simple rule, but not certainly better than a simple model."),
    "ahead": say("Better than the best simple rule, but a simple model ranks certainly better."),
}
PRIOR = say("It is the packaged prior: its ranking was learnt on simulated companies, not from these customers.")
PRIOR_AHEAD = say("By the last outcomes that are known it was better than the best simple rule.")


def in_words(grade: Grade) -> list[Message]:
    """The grade, what to do, and what that means.

    >>> [str(one) for one in in_words(Grade("B", []))]
    ['Grade B: ship.', 'Certainly better than the best simple rule, though not free of doubt.']
    """
    if not grade.is_prior:
        return [_graded(grade), BESIDE_RIVAL.get(grade.rival, MEANING[grade.letter])]
    # Whether chance could explain its lead stands in the model card: no better grade hangs on it.
    return [_graded(grade), PRIOR, PRIOR_AHEAD if grade.ships else MEANING[grade.letter]]


def _graded(grade: Grade) -> Message:
    if grade.ships:
        return say("Grade {letter}: ship.", letter=grade.letter)
    return say("Grade {letter}: do not ship.", letter=grade.letter)
