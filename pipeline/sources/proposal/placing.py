"""A file taken for a table: which column is which, how sure that is, and what was left out and why."""

from dataclasses import dataclass, field
from typing import Protocol

from pipeline.sources.proposal.sheets import Sheet

# How sure a column is that its values alone speak for.
BY_VALUES = 0.5


class Shared(Protocol):
    """Which share of the ids in one column another column knows; see `sheets.shared_ids`."""

    def __call__(self, of: tuple[Sheet, str], known: tuple[Sheet, str]) -> float:
        """The share, 0-1."""


class Orders(Protocol):
    """Which columns belong to a whole order; see `order_columns.OrderColumns`."""

    def written_once(self, sheet: Sheet, order: str) -> frozenset[str]:
        """Those that stand in one line of each order only, given the column with its id."""

    def is_repeated(self, sheet: Sheet, order: str, amount: str) -> bool:
        """Whether the amount of an order stands in each of its lines."""


@dataclass(frozen=True)
class Wanted:
    """A canonical column: its name, what it may hold, and whether its table needs it."""

    column: str
    kind: str
    required: bool


@dataclass
class Placed:
    """A file taken for a table.

    Attributes
    ----------
    table, sheet
        Which table, and which files.
    columns
        Our names to those in the files.
    sure
        How sure each column is, 0-1.
    dialect
        What ``params.yaml`` has to say beside the columns: ``decimal``, ``ts_format``.
    left
        The columns that were not placed, each with the reason.
    expressions, where
        What a column of ours is computed from, in place of a column of the file; and which rows count, all where empty.
    one_kind
        What all its rows are, where the names of the file say it and no column does.
    notes
        What is to be looked at, each as a line.
    questions
        What the values leave open, each as a line that says what to write.
    score
        How sure the table is, 0-1.
    """

    table: str
    sheet: Sheet
    columns: dict[str, str] = field(default_factory=dict)
    sure: dict[str, float] = field(default_factory=dict)
    dialect: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    expressions: dict[str, str] = field(default_factory=dict)
    where: str = ""
    one_kind: str | None = None
    notes: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    score: float = 0.0

    def mapped(self) -> dict[str, str]:
        """Our columns, each with that of the file or with what it is computed from."""
        return {**self.columns, **self.expressions}

    def take(self, column: str, name: str, sure: float) -> None:
        """Take a column of the file for one of ours."""
        self.columns[column], self.sure[column] = name, sure

    def drop(self, column: str, reason: str) -> None:
        """Give a column back, and say why."""
        self.left[self.columns.pop(column)] = reason
        del self.sure[column]

    def free(self) -> list[str]:
        """The columns of the file that are not taken."""
        return [name for name in self.sheet.profiles if name not in self.columns.values()]


@dataclass(frozen=True)
class Proposal:
    """The tables that were found, and a line for each file that is none of them."""

    placed: dict[str, Placed]
    left: list[str]
