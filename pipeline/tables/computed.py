"""Columns that are computed and rows that do not count, as a query over the raw source."""

from dataclasses import dataclass
from typing import Literal

from pipeline import sql
from pipeline.config.errors import BadParams
from pipeline.config.params import Data, Source
from pipeline.sources import expressions, number_evidence, truths
from pipeline.sources.expressions import (
    ARITHMETIC,
    COMPARISONS,
    FILL,
    MATCHES,
    NULLIF,
    NUMBER_FUNCTIONS,
    TEXT_FUNCTIONS,
    Tree,
)
from pipeline.sources.files import FILE_COLUMN
from pipeline.tables import numbers

Want = Literal["number", "text", "truth"]
# Exact for amounts up to a million millions with six decimals; a product is rounded to as many.
NUMBER = "DECIMAL(18,6)"
TYPES: dict[Want, str] = {"number": NUMBER, "text": "VARCHAR", "truth": "BOOLEAN"}
# Columns of our own: whether a row counts, and what the numbers in computed columns say of the decimal mark.
COUNTS_COLUMN, MARKS_COLUMN = "__counts__", "__number_marks__"
OWN_COLUMNS = {FILE_COLUMN, COUNTS_COLUMN, MARKS_COLUMN}


@dataclass(frozen=True)
class Renderer:
    """Writes trees as expressions of the query engine.

    Attributes
    ----------
    types
        The columns of the source, each with the engine's type.
    source, data
        Say how numbers are written, and which currency may stand beside them.
    """

    types: dict[str, str]
    source: Source
    data: Data

    def render(self, node: Tree, want: Want) -> str:
        """A node as a number, a text or a truth."""
        return {"number": self._number, "text": self._text, "truth": self._truth}[want](node)

    def kind(self, node: Tree) -> Want:
        """What a node is by itself; a column of texts is a text until something computes with it."""
        if node["class"] in {"COMPARISON", "CONJUNCTION", "BETWEEN"}:
            return "truth"
        if node["class"] == "COLUMN_REF":
            return "text" if self.types[node["column_names"][0]] in {"VARCHAR", "BOOLEAN"} else "number"
        if node["class"] == "CONSTANT":
            literal = node["literal"]["kind"]
            return "number" if literal in {"INTEGER", "NUMERIC"} else "truth" if literal == "BOOLEAN" else "text"
        if node["class"] == "FUNCTION" and (name := node["function_name"].lower()) != NULLIF:
            return "number" if name in ARITHMETIC | NUMBER_FUNCTIONS else "truth" if name in MATCHES else "text"
        if node["class"] == "OPERATOR" and node["type"] != "OPERATOR_COALESCE":
            return "truth"
        return self._kind_of_parts(node)

    def _kind_of_parts(self, node: Tree) -> Want:
        parts = [check["then_expr"] for check in node.get("case_checks", [])]
        parts += [node["else_expr"]] if "else_expr" in node else expressions.children(node)
        return "number" if "number" in {self.kind(part) for part in parts} else "text"

    def _number(self, node: Tree) -> str:
        kind = node["class"]
        if kind == "COLUMN_REF":
            return self._column_as_number(node["column_names"][0])
        if kind == "CONSTANT":
            literal = node["literal"]
            if literal["kind"] == "NULL_LITERAL":
                return "NULL"
            if literal["kind"] not in {"INTEGER", "NUMERIC"}:
                raise expressions.NotAnExpression(f"computes with {literal.get('text', '')!r}, which is no number")
            return f"CAST({sql.text(literal['text'])} AS {NUMBER})"
        if kind == "FUNCTION" and (name := node["function_name"].lower()) in ARITHMETIC | NUMBER_FUNCTIONS:
            parts = [self._number(one) for one in expressions.arguments(node)]
            return f"TRY_CAST({self._computed(name, parts)} AS {NUMBER})"
        return self._of_parts(node, "number")

    def _computed(self, name: str, parts: list[str]) -> str:
        if name == "/" and len(parts) == 2:
            return f"({parts[0]} / nullif({parts[1]}, 0))"
        if name in ARITHMETIC:
            return f"({name}{parts[0]})" if len(parts) == 1 else f"({parts[0]} {name} {parts[1]})"
        return f"{name}({parts[0]}, 2)" if name == "round" else f"{name}({', '.join(parts)})"

    def _column_as_number(self, column: str) -> str:
        if self.types[column] != "VARCHAR":
            return f"TRY_CAST({sql.name(column)} AS {NUMBER})"
        raw = f"trim({sql.name(column)})"
        return numbers.cast(raw, numbers.plain(raw, self.source, "money", self.data.currency), self.source, NUMBER)

    def _text(self, node: Tree) -> str:
        kind = node["class"]
        if kind == "COLUMN_REF":
            return f"nullif(trim(CAST({sql.name(node['column_names'][0])} AS VARCHAR)), '')"
        if kind == "CONSTANT":
            literal = node["literal"]
            return "NULL" if literal["kind"] == "NULL_LITERAL" else sql.text(literal.get("text", ""))
        if kind == "FUNCTION" and (name := node["function_name"].lower()) == FILL:
            value, key = (self._text(one) for one in expressions.arguments(node))
            return f"coalesce({value}, min({value}) OVER (PARTITION BY {FILE_COLUMN}, {key}))"
        if kind == "FUNCTION" and name in TEXT_FUNCTIONS:
            parts = [self._text(one) for one in expressions.arguments(node)]
            return f"({' || '.join(parts)})" if name == "||" else f"{name}({parts[0]})"
        if self.kind(node) == "number":
            return f"CAST({self._number(node)} AS VARCHAR)"
        return self._of_parts(node, "text")

    def _of_parts(self, node: Tree, want: Want) -> str:
        if node["class"] == "CASE":
            checks = " ".join(
                f"WHEN {self._truth(check['when_expr'])} THEN {self.render(check['then_expr'], want)}"
                for check in node["case_checks"]
            )
            return f"CASE {checks} ELSE {self.render(node['else_expr'], want)} END"
        name = node.get("function_name", "").lower() or node["type"].removeprefix("OPERATOR_").lower()
        if name in {NULLIF, "coalesce"}:
            return f"{name}({', '.join(self.render(part, want) for part in expressions.children(node))})"
        if node["class"] == "FUNCTION" and want == "number":
            return f"TRY_CAST({self._text(node)} AS {NUMBER})"
        raise expressions.NotAnExpression(f"has a condition where a {want} should stand")

    def _truth(self, node: Tree) -> str:
        """A condition that holds or does not: where a value is empty, no comparison with it holds."""
        kind, parts = node["class"], expressions.children(node)
        if kind == "CONJUNCTION":
            return f"({(' AND ' if node['type'] == 'CONJUNCTION_AND' else ' OR ').join(map(self._truth, parts))})"
        if kind == "COMPARISON":
            left, right = self._alike(parts)
            sign = COMPARISONS[node["type"]]
            return f"({left} IS DISTINCT FROM {right})" if sign == "<>" else f"coalesce({left} {sign} {right}, false)"
        if kind == "BETWEEN":
            value, low, high = self._alike(parts)
            return f"coalesce({value} BETWEEN {low} AND {high}, false)"
        if kind == "FUNCTION" and node["function_name"] in MATCHES:
            left, right = map(self._text, parts)
            like = MATCHES[node["function_name"]]
            return f"coalesce({left} {like} {right}, {str(like.startswith('NOT')).lower()})"
        if kind == "OPERATOR":
            return self._operator(node["type"], parts)
        if kind == "CONSTANT" and node["literal"]["kind"] == "BOOLEAN":
            return str(node["literal"]["text"])
        return truths.is_yes(self._text(node))

    def _operator(self, kind: str, parts: list[Tree]) -> str:
        if kind == "OPERATOR_NOT":
            return f"(NOT {self._truth(parts[0])})"
        if kind in {"OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"}:
            value = self.render(parts[0], "number" if self.kind(parts[0]) == "number" else "text")
            return f"({value} IS {'NOT ' if kind == 'OPERATOR_IS_NOT_NULL' else ''}NULL)"
        value, *others = self._alike(parts)
        is_in = f"coalesce({value} IN ({', '.join(others)}), false)"
        return f"(NOT {is_in})" if kind == "COMPARE_NOT_IN" else is_in

    def _alike(self, parts: list[Tree]) -> list[str]:
        """Parts that are compared, as numbers where one of them is a number."""
        want: Want = "number" if "number" in {self.kind(part) for part in parts} else "text"
        return [self.render(part, want) for part in parts]


def mapped_columns(source: Source, types: dict[str, str]) -> set[str]:
    """The columns of the file that some column of ours is, or is computed from."""
    texts = set(source.columns.values())
    computed = {text for text in texts if expressions.is_computed(text, types)}
    parts = {column for text in computed for column in expressions.columns(expressions.parse(text), within_fill=True)}
    return texts - computed | parts


def number_columns(source: Source, types: dict[str, str]) -> list[str]:
    """The columns of texts that computed columns may read as numbers."""
    texts = [text for text in source.columns.values() if expressions.is_computed(text, types)]
    named = {column for text in texts for column in expressions.columns(expressions.parse(text), within_fill=False)}
    return sorted(column for column in named if types[column] == "VARCHAR")


def with_computed(raw: str, source: Source, types: dict[str, str], data: Data) -> tuple[str, dict[str, str]]:
    """The raw source with its computed columns, each called as its expression, and whether each row counts.

    Returns
    -------
    str
        The query.
    dict of str to str
        Its columns, with their types.
    """
    renderer, more, added = Renderer(types, source, data), dict[str, str](), dict[str, str]()
    for text in dict.fromkeys(source.columns.values()):
        if expressions.is_computed(text, types):
            tree = expressions.parse(text)
            kind = renderer.kind(tree)
            more[text], added[text] = _rendered(renderer, tree, kind, text), TYPES[kind]
    if more and not source.has_marks:
        bits = [number_evidence.evidence_query(f"trim({sql.name(name)})") for name in number_columns(source, types)]
        more[MARKS_COLUMN], added[MARKS_COLUMN] = " | ".join(f"({one})" for one in bits) or "0", "UTINYINT"
    if source.where is not None:
        tree = expressions.parse_condition(source.where, types, "sources")
        more[COUNTS_COLUMN], added[COUNTS_COLUMN] = _rendered(renderer, tree, "truth", source.where), "BOOLEAN"
    if not more:
        return raw, types
    listed = ", ".join(f"{expression} AS {sql.name(name)}" for name, expression in more.items())
    return f"SELECT *, {listed} FROM ({raw})", {**types, **added}


def _rendered(renderer: Renderer, tree: Tree, kind: Want, text: str) -> str:
    try:
        return renderer.render(tree, kind)
    except expressions.NotAnExpression as problem:
        raise BadParams(f"sources: {text!r} {problem.reason}") from None
