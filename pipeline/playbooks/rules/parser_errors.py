"""What is wrong with the text of a rule: the place, and what to write instead."""

import difflib
from typing import Final

from lark import UnexpectedCharacters, UnexpectedToken

# What people write who know another language.
INSTEAD: Final = {
    "==": "=",
    "<>": "!=",
    "=<": "<=",
    "=>": ">=",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "&": "and",
    "|": "or",
    "!": "not",
    "[": "(",
    "]": ")",
    "{": "(",
    "}": ")",
    ";": ",",
    "%": "a share, such as 0.3 for 30 %",
    "“": "'",
    "”": "'",
}
# Terminals of the grammar in the words of a message, in the order they are told.
TOLD: Final = {
    "EQUAL": "=", "__ANON_0": "!=", "LESS": "<", "LESS_OR_EQUAL": "<=", "MORE": ">", "MORE_OR_EQUAL": ">=",
    "BETWEEN": "between", "IN": "in", "HAS": "has", "IS": "is", "NOT": "not in", "AND": "and", "OR": "or",
    "NAME": "a name or a word", "QUOTED": "a 'quoted word'", "NUMBER": "a number", "LPAR": "(", "RPAR": ")",
    "COMMA": ",", "ANY": "any", "KNOWN": "known", "UNKNOWN": "unknown",
}  # fmt: skip


def excerpt(text: str, at: int, around: int = 24) -> str:
    """A short piece of a rule, whole words only, in which the place can be seen.

    >>> excerpt("tier = loyal", 7)
    'tier = loyal'
    >>> excerpt("not (strategic) and tier in (loyal, regular) and value_at_stake >= 100 or loss_making", 45)
    '... in (loyal, regular) and value_at_stake >= ...'
    """
    start, end = max(at - around, 0), min(at + around, len(text))
    if start:
        start = min(at, text.find(" ", start) + 1)
    if end < len(text):
        end = max(text.rfind(" ", at, end), at) if " " in text[at:end] else end
    return f"{'... ' if start else ''}{' '.join(text[start:end].split())}{' ...' if end < len(text) else ''}"


def explained(text: str, error: UnexpectedCharacters | UnexpectedToken) -> str:
    """One line for a text that is no rule."""
    if not text.strip():
        return "` ` is no rule; write for whom the playbook is, such as `risk_band = high`, or `everyone`"
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return _ended(text, error)
    at = error.pos_in_stream or 0
    if sign := _sign_at(text, at):
        meant = INSTEAD[sign]
        return f"at `{sign}` in `{excerpt(text, at)}`: write {meant if ' ' in meant else f'`{meant}`'} instead"
    found = str(error.token) if isinstance(error, UnexpectedToken) else text[at]
    said = _of_token(text, at, error) if isinstance(error, UnexpectedToken) else _of_character(found)
    return f"at `{found}` in `{excerpt(text, at)}`: {said}"


def _sign_at(text: str, at: int) -> str | None:
    """A sign of another language that ends or begins at the place."""
    # Of a sign of two characters, the second is the one that is not expected.
    found = (sign for sign in INSTEAD if text.startswith(sign, max(at - len(sign) + 1, 0)) or text.startswith(sign, at))
    return next(found, None)


def _of_character(found: str) -> str:
    if found in {"'", '"'}:
        return f"the quote is not closed; write another {found} behind the word"
    return "is no part of a rule; put words that hold more than letters, digits, _ and - in quotes"


def _of_token(text: str, at: int, error: UnexpectedToken) -> str:
    found = str(error.token)
    if found == ")":
        return "this parenthesis closes none, or nothing stands before it; leave it out"
    if found == "," and text[:at][-1:].isdigit():
        return "write numbers without a comma, such as 1000"
    if near := _joiner(found, error):
        return f"write `{near}` instead"
    before = text[:at].split()
    behind = f"behind `{before[-1]}` " if before else ""
    return f"was not expected here; {behind}write {_expected(error)}"


def _ended(text: str, error: UnexpectedToken) -> str:
    last = text.split()[-1]
    where = f"at the end of `{excerpt(text, len(text))}`"
    if text.count("(") > text.count(")") and "RPAR" in error.accepts:
        return f"{where}: a parenthesis is not closed; write )"
    return f"{where}: something is missing; behind `{last}` write {_expected(error)}"


def _joiner(found: str, error: UnexpectedToken) -> str | None:
    """The joining word that could stand here and was meant, where it was written with a slip."""
    could = [told for terminal, told in TOLD.items() if terminal in error.accepts and told.isalpha()]
    close = difflib.get_close_matches(found.lower(), could, n=1, cutoff=0.6)
    return close[0] if close else None


def _expected(error: UnexpectedToken) -> str:
    words = [told for terminal, told in TOLD.items() if terminal in error.accepts]
    if "NAME" in error.accepts:
        # Where a word may begin, `not` stands alone.
        words = ["not" if word == "not in" else word for word in words]
    return words[0] if len(words) == 1 else f"one of {', '.join(words)}"
