"""What a rule says, as a tree: conditions on one name each, joined by and, or, not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Sign = Literal["=", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Condition:
    """What is said of one name.

    Attributes
    ----------
    name
        A word of `pipeline.playbooks.rules.vocabulary`.
    position
        Where the condition begins in the text of the rule, in characters; two conditions that say the same are equal
        wherever they stand.
    """

    name: str
    position: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True)
class Compare(Condition):
    """A number lies on one side of another."""

    sign: Sign
    number: float


@dataclass(frozen=True)
class IsOneOf(Condition):
    """A word is one of these."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class HasAny(Condition):
    """A set of words holds at least one of these."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Known(Condition):
    """There is a value at all; this one is never unknown itself."""


@dataclass(frozen=True)
class Flag(Condition):
    """What is yes or no is yes."""


@dataclass(frozen=True)
class Not:
    """The part does not hold; unknown stays unknown."""

    part: "Expression"


@dataclass(frozen=True)
class All:
    """Every part holds; without parts it holds for everyone."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True)
class Either:
    """At least one part holds."""

    parts: tuple["Expression", ...]


Leaf: TypeAlias = Compare | IsOneOf | HasAny | Known | Flag
Expression: TypeAlias = Leaf | Not | All | Either


def conditions(expression: Expression) -> Iterator[Leaf]:
    """The conditions of a rule, from left to right.

    >>> [leaf.name for leaf in conditions(All((Flag("strategic"), Not(Known("region")))))]
    ['strategic', 'region']
    """
    if isinstance(expression, Not):
        yield from conditions(expression.part)
    elif isinstance(expression, All | Either):
        for part in expression.parts:
            yield from conditions(part)
    else:
        yield expression


def asked(expression: Expression, within: tuple[Expression, ...] = ()) -> Iterator[tuple[Leaf, tuple[Expression, ...]]]:
    """The conditions that speak for a customer when they hold: those that do not stand under a ``not``.

    With each come the alternatives of ``or`` it stands in: it speaks only for whom all of these hold.

    >>> [leaf.name for leaf, _ in asked(All((Flag("strategic"), Not(Known("region")))))]
    ['strategic']
    >>> [within for _, within in asked(Either((Flag("strategic"), Known("region"))))][1]
    (Known(name='region', position=0),)
    """
    if isinstance(expression, All):
        for part in expression.parts:
            yield from asked(part, within)
    elif isinstance(expression, Either):
        for part in expression.parts:
            yield from asked(part, (*within, part))
    elif not isinstance(expression, Not):
        yield expression, within


def names(expression: Expression) -> set[str]:
    """The names a rule speaks of.

    >>> sorted(names(Either((Flag("strategic"), Compare("value", ">", 3.0)))))
    ['strategic', 'value']
    """
    return {leaf.name for leaf in conditions(expression)}


def truth(expression: Expression, of: Callable[[Leaf], bool | None]) -> bool | None:
    """Whether a rule holds where its conditions hold, do not hold (False) or are unknown (None).

    >>> truth(Either((Flag("a"), Not(Flag("b")))), {Flag("a"): None, Flag("b"): False}.get)
    True
    >>> truth(Not(Flag("a")), {Flag("a"): None}.get) is None
    True
    """
    if isinstance(expression, Not):
        inner = truth(expression.part, of)
        return None if inner is None else not inner
    if isinstance(expression, All | Either):
        decides = isinstance(expression, Either)
        outcomes = {truth(part, of) for part in expression.parts}
        if decides in outcomes:
            return decides
        return None if None in outcomes else not decides
    return of(expression)
