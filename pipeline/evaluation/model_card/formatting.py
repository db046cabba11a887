"""Numbers and texts as the model card writes them, in Markdown."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

UNKNOWN = "unknown"


def safe(text: object) -> str:
    r"""A text that Markdown shows as it is, on one line and in one cell.

    >>> print(safe("a|b"), safe("*loud*"), safe("two\nlines"), safe("<b>"))
    a\|b \*loud\* two lines \<b\>
    """
    return re.sub(r"([\\`*|<>\[\]])", r"\\\1", " ".join(str(text).split()))


def number(value: float | None, digits: int = 3) -> str:
    """A number with that many decimals; a word where there is none.

    >>> number(0.86491), number(None)
    ('0.865', 'unknown')
    """
    return UNKNOWN if value is None else f"{value:,.{digits}f}"


def short(value: float) -> str:
    """A number to three digits.

    >>> short(200.282), short(0.0367418)
    ('200', '0.0367')
    """
    return f"{value:.3g}"


def percent(share: float | None) -> str:
    """A share (0-1) in percent.

    >>> percent(0.13621), percent(None)
    ('13.6 %', 'unknown')
    """
    return UNKNOWN if share is None else f"{100 * share:.1f} %"


def interval(estimate: dict[str, float | None], *, signed: bool = False, digits: int = 3) -> str:
    """A figure with its 95 % interval; with its sign where it is a difference.

    >>> interval({"value": 0.8649, "low": 0.8444, "high": 0.883})
    '0.865 (0.844 to 0.883)'
    >>> interval({"value": 0.0751, "low": 0.053, "high": 0.095}, signed=True)
    '+0.075 (+0.053 to +0.095)'
    >>> interval({"value": None, "low": None, "high": None})
    'unknown'
    """
    each = [estimate[name] for name in ("value", "low", "high")]
    texts = [UNKNOWN if one is None else f"{one:{'+' if signed else ''}.{digits}f}" for one in each]
    return UNKNOWN if UNKNOWN in texts else f"{texts[0]} ({texts[1]} to {texts[2]})"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; all but the first column are set to the right where they hold figures.

    >>> print(table(["tier", "customers"], [["new", "16"], ["loyal", "1,640"]]))
    | tier | customers |
    | --- | ---: |
    | new | 16 |
    | loyal | 1,640 |
    """
    lines = [[str(cell) for cell in row] for row in rows]
    assert all(len(line) == len(head) for line in lines), "a row has as many cells as the head"
    columns = list(zip(*lines, strict=True)) or [()] * len(head)
    marks = ["---", *("---:" if all(map(_is_figure, column)) else "---" for column in columns[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in [list(head), marks, *lines])


def _is_figure(cell: str) -> bool:
    return cell == UNKNOWN or bool(re.match(r"[+-]?[\d,.]+( |$)", cell))


def bullets(lines: Iterable[str]) -> str:
    """A list, one point a line."""
    return "\n".join(f"- {line}" for line in lines)
