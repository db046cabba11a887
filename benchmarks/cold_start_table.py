"""The figures of ``benchmarks/cold_start.py`` as tables and sentences, all of it computed."""

import math
from typing import Any

from benchmarks.levels_table import within
from benchmarks.tables import table

Shop = dict[str, Any]
REAL = ("cdnow_60", "cj_30")


def markdown(found: dict[str, list[Shop]]) -> str:
    """A row for each kind of shop, what the simulated ones show together, and what 60 days of orders hold."""
    head = [
        "shops", "drawn", "graded C", "refused", "AUC at 60 days, prior", "recency, chosen in hindsight",
        "AUC at 120 days, own model", "prior", "AUC after a year, own model", "prior", "60 days of a year",
    ]  # fmt: skip
    shops = found["shops"]
    kinds = list(dict.fromkeys(shop["kind"] for shop in shops))
    rows = [_row(f"`{kind}`", [shop for shop in shops if shop["kind"] == kind]) for kind in kinds]
    simulated = [shop for shop in shops if shop["kind"] not in REAL and "after_365" in shop]
    together = [_row("simulated, together", simulated)] if simulated else []
    return "\n".join([table(head, [*rows, *together]), _sentences(shops), _limits(found["limits"])]) + "\n"


def _row(name: str, shops: list[Shop]) -> list[str]:
    listed = [shop for shop in shops if shop["grade"] == "C"]
    counts = [name, str(len(shops)), str(len(listed)), str(len(shops) - len(listed))]
    if not any("after_365" in shop for shop in listed):
        return [*counts, *["–"] * 7]
    means = [
        mean(listed, "auc"), mean(listed, "recency"),
        *(mean(listed, age, by) for age in ("after_120", "after_365") for by in ("own", "prior")),
    ]  # fmt: skip
    share, error = share_of_a_year(listed)
    return [*counts, *(f"{one:.3f}" for one in means), f"{100 * share:.1f} % ± {196 * error:.1f}"]


def mean(shops: list[Shop], name: str, by: str | None = None) -> float:
    """Mean of a figure over shops.

    >>> mean([{"auc": 0.6}, {"auc": 0.8}], "auc")
    0.7
    """
    values = [shop[name] if by is None else shop[name][by] for shop in shops]
    return round(float(sum(values)) / len(values), 6)


def share_of_a_year(shops: list[Shop]) -> tuple[float, float]:
    """AUC at 60 days over that of the shop's own model after a year, both on average, and its standard error.

    >>> share_of_a_year([{"auc": 0.72, "after_365": {"own": 0.75}}, {"auc": 0.72, "after_365": {"own": 0.75}}])
    (0.96, 0.0)
    """
    whole = mean(shops, "after_365", "own")
    share = mean(shops, "auc") / whole
    # Of a ratio of means, by the spread of what each shop lacks to it.
    left = [shop["auc"] - share * shop["after_365"]["own"] for shop in shops]
    error = math.sqrt(sum(one**2 for one in left) / max(1, len(left) - 1) / len(left)) / whole
    return round(share, 4), round(error, 4)


def _sentences(shops: list[Shop]) -> str:
    listed = [shop for shop in shops if shop["grade"] == "C"]
    hopeless = [shop for shop in shops if "after_365" not in shop]
    shipped = sum(shop["grade"] == "C" for shop in hopeless)
    held = within([shop["level"] for shop in listed], "model", "predicted")
    return (
        f"Of the {len(listed)} lists that were made at 60 days, {held} had as many churners as predicted (95 % is "
        f"meant). Of the {len(hopeless)} shops that nobody can rank, or whose customers buy too rarely for 30 days to "
        f"show anything, {shipped} got a list.\n"
    )


def _limits(limits: list[Shop]) -> str:
    head = ["company", "60 days from day", "customers", "prior", "regression on the others", "trees on the others"]
    rows = [
        [f"`{one['kind']}`", str(one["start"]), f"{one['customers']:,}"]
        + [f"{one[name]:.3f}" for name in ("prior", "regression", "trees")]
        for one in limits
    ]
    return table(head, rows) if limits else ""
