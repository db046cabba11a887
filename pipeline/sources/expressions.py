"""Expressions over the columns of a source, such as ``quantity * unit_price``: text -> a tree of what may stand in one.

The query engine parses the text and never runs it: from the tree, which holds nothing but what is listed here, a query
is written anew. So a settings file cannot read another file, however it is written.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipeline import sql
from pipeline.config.errors import BadParams

Tree = dict[str, Any]
ARITHMETIC = {"+", "-", "*", "/"}
NUMBER_FUNCTIONS = {"abs", "round", "greatest", "least"}
TEXT_FUNCTIONS = {"lower", "upper", "trim", "||"}
MATCHES = {"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "ILIKE", "!~~*": "NOT ILIKE"}
# The value that the rows of one order share, for exports that write it into the first line only: fill(email, order_id).
FILL = "fill"
# The first of two values where it is not the second.
NULLIF = "nullif"
FUNCTIONS = ARITHMETIC | NUMBER_FUNCTIONS | TEXT_FUNCTIONS | set(MATCHES) | {FILL, NULLIF}
COMPARISONS = {
    "COMPARE_EQUAL": "=", "COMPARE_NOTEQUAL": "<>", "COMPARE_LESSTHAN": "<", "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=", "COMPARE_GREATERTHANOREQUALTO": ">=",
}  # fmt: skip
OPERATORS = {
    "OPERATOR_COALESCE", "OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "COMPARE_IN", "COMPARE_NOT_IN",
}  # fmt: skip
CLASSES = {"COLUMN_REF", "CONSTANT", "FUNCTION", "OPERATOR", "CASE", "COMPARISON", "CONJUNCTION", "BETWEEN"}
MAX_LENGTH = 2000


@dataclass(frozen=True)
class NotAnExpression(Exception):
    """Why a text is none, in words."""

    reason: str


@lru_cache(maxsize=256)
def parse(text: str) -> Tree:
    """The tree of an expression.

    Raises
    ------
    NotAnExpression
        It cannot be parsed, or holds something that is not listed.
    """
    if len(text) > MAX_LENGTH:
        raise NotAnExpression(f"is longer than {MAX_LENGTH} characters")
    with sql.connect(1, 1.0) as engine:
        row = engine.execute(
            "SELECT CAST(json_serialize_sql(?, skip_null := true) AS VARCHAR)", [f"SELECT (\n{text}\n)"]
        ).fetchone()
    content: Tree = json.loads(row[0]) if row else {"error": True}
    if content["error"]:
        raise NotAnExpression(f"cannot be read: {content.get('error_message', 'it is empty')}")
    node = content["statements"][0]["node"]
    is_alone = len(content["statements"]) == 1 and len(node.get("select_list", [])) == 1
    if not is_alone or node["from_table"]["type"] != "EMPTY":
        raise NotAnExpression("is more than one expression")
    tree: Tree = node["select_list"][0]
    _check(tree)
    return tree


def _check(node: Tree) -> None:
    """Everything in a tree is listed above."""
    kind = node["class"]
    if kind not in CLASSES:
        raise NotAnExpression(f"holds {kind.lower().replace('_', ' ')}, which is not allowed in it")
    if kind == "FUNCTION" and (name := node["function_name"].lower()) not in FUNCTIONS:
        raise NotAnExpression(f"holds the function {name}; there are {', '.join(sorted(FUNCTIONS))}")
    if kind == "OPERATOR" and node["type"] not in OPERATORS:
        raise NotAnExpression(f"holds {node['type'].lower()}, which is not allowed in it")
    if kind == "COMPARISON" and node["type"] not in COMPARISONS:
        raise NotAnExpression("holds a comparison that is not allowed in it")
    if kind == "COLUMN_REF" and len(node["column_names"]) != 1:
        raise NotAnExpression(
            f'names {".".join(node["column_names"])}; write the name of a column, in "..." if need be'
        )
    if kind == "FUNCTION" and node["function_name"].lower() == FILL and _is_no_pair(arguments(node)):
        raise NotAnExpression("fill takes two columns: the one to fill, and the one whose equal values belong together")
    for child in children(node):
        _check(child)


def _is_no_pair(given: list[Tree]) -> bool:
    return [one["class"] for one in given] != ["COLUMN_REF", "COLUMN_REF"]


def arguments(node: Tree) -> list[Tree]:
    """What a function is given."""
    given: list[Tree] = node.get("arguments") or []
    return [one.get("expression", one) for one in given]


def children(node: Tree) -> list[Tree]:
    """The parts of a node."""
    if node["class"] == "FUNCTION":
        return arguments(node)
    cases = [check[part] for check in node.get("case_checks", []) for part in ("when_expr", "then_expr")]
    named = [node[name] for name in ("left", "right", "input", "lower", "upper", "else_expr") if name in node]
    return [*cases, *named, *node.get("children", [])]


def columns(node: Tree, *, within_fill: bool = True) -> Iterator[str]:
    """The columns a tree names; without those that are filled or say what belongs together, which are texts."""
    if node["class"] == "COLUMN_REF":
        yield node["column_names"][0]
    if node["class"] == "FUNCTION" and node["function_name"].lower() == FILL and not within_fill:
        return
    for child in children(node):
        yield from columns(child, within_fill=within_fill)


def is_computed(text: str, known: dict[str, str]) -> bool:
    """Whether what stands for a column is computed from others.

    >>> is_computed("quantity * price", {"quantity": "VARCHAR", "price": "VARCHAR"}), is_computed("price", {})
    (True, False)
    >>> is_computed("Betrag (EUR)", {}), is_computed("a-b", {"a-b": "VARCHAR"})
    (False, False)
    """
    if text in known:
        return False
    try:
        tree = parse(text)
    except NotAnExpression:
        return False
    return set(columns(tree)) <= set(known)


def parse_condition(text: str, known: dict[str, str], where: str) -> Tree:
    """The tree of a condition over known columns.

    Raises
    ------
    BadParams
        It is none, or names a column that the source does not have.
    """
    try:
        tree = parse(text)
    except NotAnExpression as problem:
        raise BadParams(f"{where}.where: {text!r} {problem.reason}") from None
    missing = sorted(set(columns(tree)) - set(known))
    if missing:
        names = ", ".join(name for name in known if not name.startswith("__"))
        raise BadParams(f"{where}.where: the source has no column {missing[0]}; it has {names[:300]}")
    return tree
