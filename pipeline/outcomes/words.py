"""The words with which teams say how an action went, in whatever language and spelling they write them."""

import unicodedata
from functools import cache
from typing import Final

from pipeline.i18n import LANGUAGES, shipped
from pipeline.lists import ANSWERS, OUTCOMES, spoken

WORDS: Final = (*OUTCOMES, *ANSWERS)


def find_word(text: str) -> str | None:
    """Which word of the columns is meant; None where it is none of them.

    Examples
    --------
    >>> [find_word(text) for text in ("done", " NOT-done ", "avslått", "maybe")]
    ['done', 'not_done', 'declined', None]
    """
    return _spellings().get(_folded(text))


@cache
def _spellings() -> dict[str, str]:
    return {_folded(shipped(language).text(spoken(word))): word for language in LANGUAGES for word in WORDS}


def _folded(text: str) -> str:
    """Without differences that are none: case, width of letters, blanks, hyphens and full stops."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(plain.replace("_", " ").replace("-", " ").replace(".", " ").split())
