"""What a canonical table is made of: columns, each of a kind, and how each is stored."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "text", "day", "money", "decimal", "integer", "number", "flag"]


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Attributes
    ----------
    name
        What ``params.yaml`` calls it.
    kind
        What it may hold. Timestamps become business days (kind ``day``), money becomes whole minor units.
    required
        Whether the source must have it and every row must fill it.
    description
        What it means, with its unit.
    not_negative
        Whether a value below zero is refused.
    kinds
        The words something is read from, in small letters, as the column is stored then; empty where any word will do.
    """

    name: str
    kind: Kind
    description: str
    required: bool = False
    not_negative: bool = False
    kinds: tuple[str, ...] = ()

    @property
    def stored(self) -> str:
        """Name in the stored table: a timestamp is stored as its business day, money says its unit."""
        if self.kind == "day":
            return "day" if self.name == "ts" else f"{self.name.removesuffix('_ts').removesuffix('_day')}_day"
        return f"{self.name}_minor" if self.kind == "money" else self.name

    @property
    def sql_type(self) -> str:
        """Type in the stored table."""
        return SQL_TYPES[self.kind]


SQL_TYPES: dict[Kind, str] = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "day": "DATE",
    "money": "BIGINT",
    "decimal": "DECIMAL(18,3)",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "flag": "BOOLEAN",
}


@dataclass(frozen=True)
class Table:
    """A canonical table: its name, what one row is, its columns."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @property
    def sort_day(self) -> str | None:
        """The stored day that orders a customer's rows, if the table is dated."""
        return next((column.stored for column in self.columns if column.kind == "day" and column.required), None)
