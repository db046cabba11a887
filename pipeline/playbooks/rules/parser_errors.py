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
TERMINAL_WORDS: Final = {
    "EQUAL": "=", "__ANON_0": "!=", "LESS": "<", "LESS_OR_EQUAL": "<=", "MORE": ">", "MORE_OR_EQUAL": ">=",
    "BETWEEN": "between", "IN": "in", "HAS": "has", "IS": "is", "NOT": "not in", "AND": "and", "OR": "or",
    "NAME": "a name or a word", "QUOTED": "a 'quoted word'", "NUMBER": "a number", "LPAR": "(", "RPAR": ")",
    "COMMA": ",", "ANY": "any", "KNOWN": "known", "UNKNOWN": "unknown",
}  # fmt: skip


def excerpt(text: str, position: int, around: int = 24) -> str:
    """A short piece of a rule, whole words only, in which the place can be seen.

    >>> excerpt("tier = loyal", 7)
    'tier = loyal'
    >>> excerpt("not (strategic) and tier in (loyal, regular) and value_at_stake >= 100 or loss_making", 45)
    '... in (loyal, regular) and value_at_stake >= ...'
    """
    start, end = max(position - around, 0), min(position + around, len(text))
    if start:
        start = min(position, text.find(" ", start) + 1)
    if end < len(text):
        end = max(text.rfind(" ", position, end), position) if " " in text[position:end] else end
    return f"{'... ' if start else ''}{' '.join(text[start:end].split())}{' ...' if end < len(text) else ''}"


def explained(text: str, error: UnexpectedCharacters | UnexpectedToken) -> str:
    """One line for a text that is no rule."""
    if not text.strip():
        return "` ` is no rule; write for whom the playbook is, such as `risk_band = high`, or `everyone`"
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return _ended(text, error)
    position = error.pos_in_stream or 0
    if sign := _sign_at(text, position):
        meant = INSTEAD[sign]
        return f"at `{sign}` in `{excerpt(text, position)}`: write {meant if ' ' in meant else f'`{meant}`'} instead"
    unexpected = str(error.token) if isinstance(error, UnexpectedToken) else text[position]
    sentence = _of_token(text, position, error) if isinstance(error, UnexpectedToken) else _of_character(unexpected)
    return f"at `{unexpected}` in `{excerpt(text, position)}`: {sentence}"


def _sign_at(text: str, position: int) -> str | None:
    """A sign of another language that ends or begins at the place."""
    # Of a sign of two characters, the second is the one that is not expected.
    signs = (
        sign
        for sign in INSTEAD
        if text.startswith(sign, max(position - len(sign) + 1, 0)) or text.startswith(sign, position)
    )
    return next(signs, None)


def _of_character(character: str) -> str:
    if character in {"'", '"'}:
        return f"the quote is not closed; write another {character} behind the word"
    return "is no part of a rule; put words that hold more than letters, digits, _ and - in quotes"


def _of_token(text: str, position: int, error: UnexpectedToken) -> str:
    unexpected = str(error.token)
    if unexpected == ")":
        return "this parenthesis closes none, or nothing stands before it; leave it out"
    if unexpected == "," and text[:position][-1:].isdigit():
        return "write numbers without a comma, such as 1000"
    if near := _joiner(unexpected, error):
        return f"write `{near}` instead"
    before = text[:position].split()
    behind = f"behind `{before[-1]}` " if before else ""
    return f"was not expected here; {behind}write {_expected(error)}"


def _ended(text: str, error: UnexpectedToken) -> str:
    last = text.split()[-1]
    where = f"at the end of `{excerpt(text, len(text))}`"
    if text.count("(") > text.count(")") and "RPAR" in error.accepts:
        return f"{where}: a parenthesis is not closed; write )"
    return f"{where}: something is missing; behind `{last}` write {_expected(error)}"


def _joiner(unexpected: str, error: UnexpectedToken) -> str | None:
    """The joining word that could stand here and was meant, where it was written with a slip."""
    could = [term for terminal, term in TERMINAL_WORDS.items() if terminal in error.accepts and term.isalpha()]
    close = difflib.get_close_matches(unexpected.lower(), could, n=1, cutoff=0.6)
    return close[0] if close else None


def _expected(error: UnexpectedToken) -> str:
    words = [term for terminal, term in TERMINAL_WORDS.items() if terminal in error.accepts]
    if "NAME" in error.accepts:
        # Where a word may begin, `not` stands alone.
        words = ["not" if word == "not in" else word for word in words]
    return words[0] if len(words) == 1 else f"one of {', '.join(words)}"
