"""Whom a playbook is for, as one expression over scores, features and attributes.

What is not known of a customer makes a condition neither true nor false, and ``not`` of it is not known either; ``and``
is false once a part is false, ``or`` true once a part is true. A rule that is not known to hold does not hold. So
``not (orders_90d > 3)`` is not for somebody whose orders are unknown. Sets of words are never unknown, only empty.
"""

import functools
from collections.abc import Collection
from typing import Final, TypeGuard

import polars as pl

from pipeline.playbooks.rules.expression import (
    All,
    Compare,
    Either,
    Expression,
    Flag,
    HasAny,
    IsOneOf,
    Leaf,
    Not,
    names,
)
from pipeline.playbooks.rules.parser import Rule
from pipeline.reasons.columns import CAUSES, REASONS, RISK_SHARES

# Columns behind the names that are not columns themselves.
SETS: Final = {"reasons": REASONS, "causes": CAUSES, "first_causes": CAUSES[:1], "evidence_causes": CAUSES}
CAUSE_SETS: Final = ("causes", "first_causes", "evidence_causes")
REASONS_AND_CAUSES: Final = frozenset({"reasons", "first_reason", *CAUSE_SETS})
WORDS: Final = {"first_reason": REASONS[0]}


def applies(rule: Rule) -> pl.Expr:
    """True for every customer the rule is known to hold for, else False.

    Parameters
    ----------
    rule
        Its names have been checked against the vocabulary.

    Examples
    --------
    >>> from pipeline.playbooks.rules.parser import read
    >>> table = pl.DataFrame({"value": [1.0, 5.0, None], "tier": ["new", "loyal", "loyal"]})
    >>> table.select(applies(read("not (value > 3) or tier = new"))).to_series().to_list()
    [True, False, False]
    """
    return truth(rule.expression).fill_null(value=False)


def columns(rule: Rule) -> set[str]:
    """The columns a rule looks at.

    >>> from pipeline.playbooks.rules.parser import read
    >>> sorted(columns(read("first_causes has C38 and points_balance > 0")))
    ['points_balance', 'reason_1_causes']
    """
    return columns_behind(names(rule.expression))


def columns_behind(asked: Collection[str]) -> set[str]:
    """The columns behind names that a rule may speak of."""
    shares = RISK_SHARES if "evidence_causes" in asked else ()
    return {column for name in asked for column in SETS.get(name, (WORDS.get(name, name),))}.union(shares)


def truth(expression: Expression) -> pl.Expr:
    """True, False, or null where it is not known."""
    if isinstance(expression, Not):
        return ~truth(expression.part)
    if isinstance(expression, All):
        return functools.reduce(pl.Expr.__and__, map(truth, expression.parts), pl.repeat(value=True, n=pl.len()))
    if isinstance(expression, Either):
        return functools.reduce(pl.Expr.__or__, map(truth, expression.parts), pl.lit(value=False))
    return condition(expression)


def condition(leaf: Leaf) -> pl.Expr:
    """Whether one condition holds; null where it is not known."""
    if isinstance(leaf, HasAny):
        return _holds_any(leaf)
    column = pl.col(WORDS.get(leaf.name, leaf.name))
    if isinstance(leaf, Compare):
        return _compared(column, leaf)
    if isinstance(leaf, IsOneOf):
        return column.cast(pl.String).is_in(list(leaf.values))
    if isinstance(leaf, Flag):
        return column.cast(pl.Boolean)
    return column.is_not_null()


def _compared(column: pl.Expr, leaf: Compare) -> pl.Expr:
    # What is no number is not known; without this it would be larger than all numbers.
    value = column.cast(pl.Float64).fill_nan(None)
    sides = {
        "=": value == leaf.number,
        "<": value < leaf.number,
        "<=": value <= leaf.number,
        ">": value > leaf.number,
        ">=": value >= leaf.number,
    }
    return sides[leaf.sign]


def _holds_any(leaf: HasAny) -> pl.Expr:
    return pl.any_horizontal(*(at_place(leaf, place) for place in places(leaf)))


def asks_for_reasons(leaf: Leaf) -> TypeGuard[HasAny | IsOneOf]:
    """Whether a condition asks for some reasons or causes by name."""
    return isinstance(leaf, HasAny | IsOneOf) and leaf.name in REASONS_AND_CAUSES


def places(leaf: HasAny | IsOneOf) -> range:
    """The places of the told reasons that a condition on reasons or causes looks at."""
    return range(len(SETS.get(leaf.name, REASONS[:1])))


def at_place(leaf: HasAny | IsOneOf, place: int) -> pl.Expr:
    """Whether the reason told at a place is one that a condition on reasons or causes asks for; never unknown."""
    if leaf.name in CAUSE_SETS:
        # Causes are joined by a semicolon; all ids are of one length, so none can be a part of another.
        matches = pl.col(CAUSES[place]).cast(pl.String).str.contains_any(list(leaf.values))
    else:
        matches = pl.col(REASONS[place]).cast(pl.String).is_in(list(leaf.values))
    if leaf.name == "evidence_causes":
        matches &= pl.col(RISK_SHARES[place]).is_not_null()
    return matches.fill_null(value=False)
