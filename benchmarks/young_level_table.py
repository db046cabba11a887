"""The figures of ``benchmarks/young_level.py`` as a table and a sentence, all of it computed."""

from typing import Any

from benchmarks.levels_table import within
from benchmarks.tables import table

Found = dict[str, list[dict[str, Any]]]
REAL = ("cdnow_60", "cj_30")
LEVELS = ("trained", "moved")
COLUMNS = (
    "week",
    "customers",
    "came",
    "over",
    *(f"{level} {name}" for level in LEVELS for name in ("expected", "low", "high")),
)
"""Of a list as the file holds it, one row each: a thousand lists are a thousand lines."""


def lists_of(found: Found) -> list[dict[str, Any]]:
    """Every list with its shop, from the rows of the file.

    >>> shop = {"kind": "drawn", "number": 1, "horizon": 30, "lists": [[0, 90, 31, 0, 30.5, 20, 40, 30.5, 20, 40]]}
    >>> lists_of({"shops": [shop]})[0]["moved"]
    {'expected': 30.5, 'predicted': [20, 40]}
    """
    lists = []
    for shop in found["shops"]:
        about = {name: shop[name] for name in ("kind", "number", "horizon")}
        for row in shop["lists"]:
            week, customers, came, over, *levels = row
            each = {
                level: {"expected": levels[3 * place], "predicted": levels[3 * place + 1 : 3 * place + 3]}
                for place, level in enumerate(LEVELS)
            }
            lists.append(about | {"week": week, "customers": customers, "came": came, "over": over} | each)
    return lists


def markdown(found: Found) -> str:
    """A row for each kind of shop, and for lists before and since one of the same shop was over."""
    lists = lists_of(found)
    kinds = list(dict.fromkeys(one["kind"] for one in lists))
    simulated, real = ([one for one in lists if (one["kind"] in REAL) == is_real] for is_real in (False, True))
    groups = [
        *((f"`{kind}`", [one for one in lists if one["kind"] == kind]) for kind in kinds),
        ("simulated, together", simulated),
        ("packaged data sets, together", real),
        ("while no list is over", [one for one in lists if not one["over"]]),
        ("since one is over", [one for one in lists if one["over"]]),
    ]
    head = [
        "lists of", "shops", "lists", "churners that came, of 100 expected", "range of 95 % held", "its width",
        "with what finished lists say: of 100 expected", "held", "width",
    ]  # fmt: skip
    return table(head, [_row(name, part) for name, part in groups if part]) + "\n"


def _row(name: str, lists: list[dict[str, Any]]) -> list[str]:
    shops = {(one["kind"], one["number"], one["horizon"]) for one in lists}
    cells = [name, str(len(shops)), f"{len(lists):,}"]
    for level in LEVELS:
        held = within(lists, level, "predicted") / len(lists)
        cells += [f"{of_hundred(lists, level):.0f}", f"{100 * held:.0f} %", f"{100 * width(lists, level):.0f} %"]
    return cells


def of_hundred(lists: list[dict[str, Any]], level: str) -> float:
    """Churners that came for a hundred that were expected.

    >>> of_hundred([{"came": 30, "moved": {"expected": 20.0}}, {"came": 10, "moved": {"expected": 12.0}}], "moved")
    125.0
    """
    return 100 * float(sum(one["came"] for one in lists)) / float(sum(one[level]["expected"] for one in lists))


def width(lists: list[dict[str, Any]], level: str) -> float:
    """Mean width of the range, as a share (0-1) of the customers scored.

    >>> width([{"customers": 100, "moved": {"predicted": [10, 30]}}], "moved")
    0.2
    """
    shares = [(one[level]["predicted"][1] - one[level]["predicted"][0]) / one["customers"] for one in lists]
    return float(sum(shares)) / len(shares)
