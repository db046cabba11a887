"""What a condition leaves open: the values of one name that meet it, and whether the value may be unknown."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from pipeline.playbooks.rules.expression import Compare, HasAny, IsOneOf, Known, Leaf
from pipeline.playbooks.rules.vocabulary import Name

# What a condition has to be: true, false, or one of these or else unknown.
Wish: TypeAlias = Literal["true", "false", "not true", "not false"]
OPPOSITE: dict[Wish, Wish] = {"true": "false", "false": "true", "not true": "not false", "not false": "not true"}


@dataclass(frozen=True)
class Span:
    """Numbers from `low` to `high`; an end that is open does not belong to them."""

    low: float = float("-inf")
    high: float = float("inf")
    low_open: bool = False
    high_open: bool = False
    unknown: bool = True

    @property
    def has_values(self) -> bool:
        """Whether any number is left."""
        return self.low < self.high or (self.low == self.high and not self.low_open and not self.high_open)

    def within(self, other: "Span") -> "Span":
        """What both leave open.

        >>> Span(low=1, high=5).within(Span(low=5, unknown=False))
        Span(low=5, high=5, low_open=False, high_open=False, unknown=False)
        """
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, closed = min((self.high, not self.high_open), (other.high, not other.high_open))
        return Span(low, high, low_open, not closed, self.unknown and other.unknown)


@dataclass(frozen=True)
class Choice:
    """These words, or with `others` any words but these."""

    values: frozenset[str] = frozenset()
    others: bool = True
    unknown: bool = True

    @property
    def has_values(self) -> bool:
        """Whether any word is left."""
        return self.others or bool(self.values)

    def within(self, other: "Choice") -> "Choice":
        """What both leave open.

        >>> sorted(Choice(frozenset({"a", "b"}), others=False).within(Choice(frozenset({"a"}))).values)
        ['b']
        """
        unknown = self.unknown and other.unknown
        if self.others and other.others:
            return Choice(self.values | other.values, others=True, unknown=unknown)
        if not self.others and not other.others:
            return Choice(self.values & other.values, others=False, unknown=unknown)
        listed, barred = (other, self) if self.others else (self, other)
        return Choice(listed.values - barred.values, others=False, unknown=unknown)


Domain: TypeAlias = Span | Choice
# One element of a set is a name of its own here: it is there, or it is not.
Key: TypeAlias = tuple[str, str]
YES = Choice(frozenset({"yes"}), others=False, unknown=False)
NO = Choice(frozenset({"no"}), others=False, unknown=False)


def of_name(name: Name) -> Domain:
    """What a name may be before anything is asked of it; a score is never unknown."""
    unknown = name.cutoff != "score"
    if name.kind in {"number", "share"}:
        return Span(name.least, name.most, unknown=unknown)
    words = ("yes", "no") if name.kind == "flag" else name.allowed
    return Choice(frozenset(words), others=not words, unknown=unknown)


def alternatives(leaf: Leaf, wish: Wish, name: Name) -> list[dict[Key, Domain]]:
    """What has to be so that a condition is as wished: any one of these."""
    if isinstance(leaf, HasAny):
        # A set is never unknown, so what is not true is false.
        if wish in {"true", "not false"}:
            return [{(leaf.name, word): YES} for word in leaf.values]
        return [{(leaf.name, word): NO for word in leaf.values}]
    unknown = wish in {"not true", "not false"}
    holds = wish in {"true", "not false"}
    domains: list[Domain]
    if isinstance(leaf, Known):
        anything = of_name(name)
        domains = [replace(anything, unknown=False) if holds else _nothing(anything)]
    elif isinstance(leaf, Compare):
        domains = list(_spans(leaf, unknown=unknown, holds=holds))
    else:
        words = leaf.values if isinstance(leaf, IsOneOf) else ("yes",)
        domains = [Choice(frozenset(words), others=not holds, unknown=unknown)]
    return [{(leaf.name, ""): domain} for domain in domains]


def _nothing(domain: Domain) -> Domain:
    """No value at all."""
    if isinstance(domain, Span):
        return Span(0, 0, low_open=True, high_open=True)
    return Choice(others=False)


def _spans(leaf: Compare, *, unknown: bool, holds: bool) -> tuple[Span, ...]:
    below = {is_open: Span(high=leaf.number, high_open=is_open, unknown=unknown) for is_open in (True, False)}
    above = {is_open: Span(low=leaf.number, low_open=is_open, unknown=unknown) for is_open in (True, False)}
    meant: dict[tuple[str, bool], tuple[Span, ...]] = {
        ("=", True): (Span(leaf.number, leaf.number, unknown=unknown),),
        ("=", False): (below[True], above[True]),
        ("<", True): (below[True],),
        ("<", False): (above[False],),
        ("<=", True): (below[False],),
        ("<=", False): (above[True],),
        (">", True): (above[True],),
        (">", False): (below[False],),
        (">=", True): (above[False],),
        (">=", False): (below[True],),
    }
    return meant[leaf.sign, holds]
