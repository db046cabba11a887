"""The language of rules: text a customer-success lead can write -> an expression tree.

``risk_band in (high, medium) and first_causes has C38`` is such a text. A rule is parsed by its grammar and never
executed, so nothing in ``playbooks.yaml`` can run code. What names there are and what may be said of each is the
business of `pipeline.playbooks.rules.vocabulary`.
"""

import functools
from dataclasses import dataclass
from typing import Any, Final

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from pipeline.playbooks.rules.expression import (
    All,
    Compare,
    Either,
    Expression,
    Flag,
    HasAny,
    IsOneOf,
    Known,
    Not,
    Sign,
)
from pipeline.playbooks.rules.parser_errors import explained

GRAMMAR: Final = r"""
    ?start: _part
    _part: either
    ?either: all_of ("or" all_of)*
    ?all_of: single ("and" single)*
    ?single: "not" single -> negated
           | "(" either ")"
           | NAME -> alone
           | NAME (LESS | LESS_OR_EQUAL | MORE | MORE_OR_EQUAL) NUMBER -> compared
           | NAME "between" NUMBER "and" NUMBER -> between
           | NAME ("=" | "is") _value -> equal
           | NAME ("!=" | "is" "not") _value -> unequal
           | NAME "in" _values -> equal
           | NAME "not" "in" _values -> unequal
           | NAME "has" _value -> has
           | NAME (HAS_ANY | "has" "any") _values -> has
           | NAME "is" ("known" | "not" "unknown") -> known
           | NAME "is" ("unknown" | "not" "known") -> unknown
    _values: "(" _value ("," _value)* ")"
    _value: NAME | QUOTED | NUMBER

    LESS: "<"
    LESS_OR_EQUAL: "<="
    MORE: ">"
    MORE_OR_EQUAL: ">="
    HAS_ANY: "has_any"
    NAME: /[A-Za-z][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*/
    QUOTED: /'[^'\n]*'/ | /"[^"\n]*"/
    NUMBER: /-?[0-9]+(\.[0-9]+)?/
    %ignore /\s+/
"""
EVERYONE: Final = "everyone"
# Longer than this, nobody can say any more whom a rule is for; and its depth is bounded, too.
MAX_CHARACTERS: Final = 1000


@dataclass(frozen=True)
class Rule:
    """For whom a playbook is.

    Attributes
    ----------
    text
        As it is written.
    expression
        What it says.
    """

    text: str
    expression: Expression


def read(text: str) -> Rule:
    """Parse a rule.

    Parameters
    ----------
    text
        ``and``, ``or``, ``not`` and parentheses join conditions: ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=`` and
        ``between 1 and 5`` with a number; ``=``, ``!=``, ``in (one, other)`` with words; ``has one`` and
        ``has any (one, other)`` for sets; ``is known``, ``is unknown``; what is yes or no stands by itself. Words
        other than letters, digits, ``_`` and ``-`` are quoted. ``everyone`` is a rule, too.

    Raises
    ------
    ValueError
        The text is no rule; in one line, with the place and what to write.

    Examples
    --------
    >>> read("tier = loyal and not value < 3").expression
    All(parts=(IsOneOf(name='tier', position=0, values=('loyal',)), Not(part=Compare(name='value', position=21, \
sign='<', number=3.0))))
    >>> read("everyone").expression
    All(parts=())
    >>> read("tier loyal")
    Traceback (most recent call last):
    ValueError: at `loyal` in `tier loyal`: was not expected here; behind `tier` write one of =, !=, <, <=, >, >=, \
between, in, has, is, not in, and, or
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"`{text[:40]}...` has {len(text)} characters; write at most {MAX_CHARACTERS}: two playbooks")
    try:
        return Rule(text, _parser().parse(text))  # type: ignore[arg-type]  # the transformer makes expressions
    except (UnexpectedCharacters, UnexpectedToken) as error:
        raise ValueError(explained(text, error)) from None
    except UnexpectedInput as error:  # pragma: no cover  # LALR knows no other kind
        raise ValueError(f"`{text}` is no rule: {error}") from None


@functools.cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", transformer=_Tree())


def _words(values: list[Token]) -> tuple[str, ...]:
    return tuple(str(value)[1:-1] if value.type == "QUOTED" else str(value) for value in values)


class _Tree(Transformer[Token, Expression]):
    """From the productions of the grammar, each named as its method, to expressions."""

    def either(self, parts: list[Expression]) -> Expression:
        return Either(tuple(parts))

    def all_of(self, parts: list[Expression]) -> Expression:
        return All(tuple(parts))

    def negated(self, parts: list[Expression]) -> Expression:
        return Not(parts[0])

    def alone(self, tokens: list[Token]) -> Expression:
        return All(()) if tokens[0] == EVERYONE else Flag(str(tokens[0]), position=tokens[0].start_pos or 0)

    def compared(self, tokens: list[Token]) -> Expression:
        sign: Any = str(tokens[1])
        return _compare(tokens[0], sign, tokens[2])

    def between(self, tokens: list[Token]) -> Expression:
        name, low, high = tokens
        return All((_compare(name, ">=", low), _compare(name, "<=", high)))

    def equal(self, tokens: list[Token]) -> Expression:
        name, *values = tokens
        position = name.start_pos or 0
        if all(value.type == "NUMBER" for value in values):
            each = tuple(_compare(name, "=", value) for value in values)
            return each[0] if len(each) == 1 else Either(each)
        if [(value.type, str(value)) for value in values] in ([("NAME", "yes")], [("NAME", "no")]):
            return Flag(str(name), position=position) if values[0] == "yes" else Not(Flag(str(name), position=position))
        return IsOneOf(str(name), _words(values), position=position)

    def unequal(self, tokens: list[Token]) -> Expression:
        return Not(self.equal(tokens))

    def has(self, tokens: list[Token]) -> Expression:
        name, *values = [token for token in tokens if token.type != "HAS_ANY"]
        return HasAny(str(name), _words(values), position=name.start_pos or 0)

    def known(self, tokens: list[Token]) -> Expression:
        return Known(str(tokens[0]), position=tokens[0].start_pos or 0)

    def unknown(self, tokens: list[Token]) -> Expression:
        return Not(self.known(tokens))


def _compare(name: Token, sign: Sign, number: Token) -> Compare:
    return Compare(str(name), sign, float(number), position=name.start_pos or 0)
