"""What a feature is: an aggregate over the history before a snapshot, or a formula over other features."""

import re
from dataclasses import dataclass, field
from typing import Literal

Risk = Literal["up", "down", "none"]
Unit = Literal[
    "days", "orders", "currency", "share", "ratio", "yes/no", "pieces", "items", "events", "refunds", "tickets",
    "promises", "points", "contacts", "surveys", "score",
]  # fmt: skip


@dataclass(frozen=True)
class Aggregate:
    """One number per customer from the history rows of one kind in a window of days.

    Attributes
    ----------
    function
        ``sum``, ``sum_squares``, ``count``, ``min`` or ``max`` of `column`. ``latest`` counts the items whose latest
        row lies in the window: the number of different items in it.
    kind, item
        Which rows; `item` narrows to one product, event type, ...
    column
        A column of the history, or ``days_ago``; a row where it is null does not count.
    days
        Length of the window that ends the day before the snapshot; all history if None.
    skip
        Days at the end of the window that are left out.
    only
        A further condition on a row.
    """

    function: Literal["sum", "sum_squares", "count", "min", "max", "latest"]
    kind: str
    column: str = "days_ago"
    days: int | None = None
    skip: int = 0
    item: str | None = None
    only: str | None = None


@dataclass(frozen=True)
class Formula:
    """An expression over other features and parts, in the language of the engine; null where it cannot be told."""

    expression: str

    @property
    def inputs(self) -> list[str]:
        """Names in the expression, functions and key words left out."""
        names = re.findall(r"[a-z_][a-z0-9_]*(?!\w*\()", self.expression)
        return [name for name in dict.fromkeys(names) if name not in {"nullif", "sqrt", "greatest", "least"}]


@dataclass(frozen=True)
class Forecast:
    """Computed from other features by a model that was fitted on training snapshots; `inputs` are those features."""

    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Feature:
    """A declared feature: everything about it, once, but what people are told of it, which `reasons.phrases` says.

    Attributes
    ----------
    name
        With its window: ``orders_90d``.
    unit
        Decides how a value is written; an aggregate of minor units with unit ``currency`` is handed on in units.
    family
        The concept it belongs to; reasons are told by family.
    how
        Aggregate or formula; a forecast is no business of the engine, the model makes it.
    description
        What it is, for the data dictionary.
    risk
        The direction that means risk: ``up`` if more of it goes with churn, ``down`` if less; ``none`` if unknown, and
        then it is never told as a reason.
    needs
        Canonical columns, as ``table.column``, without which the feature is absent.
    is_sure
        Whether its direction holds whatever else is known of a customer, so that no tree may turn it round. A longer
        silence is never good news; many orders last year may well be, or may be what somebody has just given up.
    is_part
        A number other formulas rest on; the model never sees it.
    causes
        The causes of churn it speaks for, by their ids in `pipeline.reasons.causes`, the likeliest first.
    evidence
        The value from which on (below which, where less is risk) it is evidence of them, so that they are named before
        any symptom; None where it never is by itself. Said in `evidence`.
    is_reason_only
        Whether only reasons use it, as evidence or beside another number, and the model never sees it.
    own_name
        What the company itself calls the event type or the topic it is about, for people to read; empty if it is about
        none. Names of features hold its `slug`.
    is_treatment
        Whether it tells what the company chose to do to this customer. The model does not see it by default: it would
        learn the company's own past choices, and take a contact for a cause of what the contact was sent against.
    """

    name: str
    unit: Unit
    family: str
    how: Aggregate | Formula | Forecast
    description: str
    risk: Risk = "none"
    needs: frozenset[str] = field(default_factory=frozenset)
    is_sure: bool = False
    is_part: bool = False
    causes: tuple[str, ...] = ()
    evidence: float | None = None
    is_treatment: bool = False
    is_reason_only: bool = False
    own_name: str = ""

    @property
    def counts(self) -> bool:
        """Whether an absent history means zero rather than unknown."""
        return isinstance(self.how, Aggregate) and self.how.function in {"sum", "sum_squares", "count", "latest"}


def part(name: str, how: Aggregate, needs: frozenset[str] = frozenset()) -> Feature:
    """A number that formulas rest on and the model does not see."""
    return Feature(name, "items", "part", how, "part of other features", needs=needs, is_part=True)
