"""Columns that belong to an order and not to each of its lines: written into one of these only, or into all."""

from dataclasses import dataclass

import duckdb

from pipeline import sql
from pipeline.sources import files
from pipeline.sources.opening import open_source
from pipeline.sources.proposal.sheets import Sheet

# Of the orders of several lines that hold a value at all, the share that holds it once.
MIN_ONCE = 0.9
# Of the orders of several lines, the share whose lines hold one and the same amount, where two lines of any orders do
# so far more seldom; and how many such orders there have to be.
MIN_SAME, MAX_BY_CHANCE, MIN_ORDERS = 0.95, 0.5, 20


@dataclass(frozen=True)
class OrderColumns:
    """Looks at whole files, since a sample tears orders apart.

    Attributes
    ----------
    engine
        Runs the queries.
    """

    engine: duckdb.DuckDBPyConnection

    def written_once(self, sheet: Sheet, order: str) -> frozenset[str]:
        """The columns that hold one value in each order of several lines, and are blank in its other lines.

        Parameters
        ----------
        sheet
            The files.
        order
            The column with the id of the order.
        """
        columns = [name for name, profile in sheet.profiles.items() if name != order and 0 < profile.filled < 1]
        if not columns:
            return frozenset()
        counts = ", ".join(f"count({sql.name(name)}) AS {sql.name(name)}" for name in columns)
        shares = ", ".join(f"avg(({sql.name(name)} = 1)::INT) FILTER ({sql.name(name)} > 0)" for name in columns)
        row = self._fetch(sheet, f"SELECT {shares} FROM ({_orders(order, columns, counts)}) WHERE {LINES} > 1")
        once = zip(columns, row, strict=True)
        return frozenset(name for name, share in once if share is not None and share >= MIN_ONCE)

    def is_repeated(self, sheet: Sheet, order: str, amount: str) -> bool:
        """Whether the amount of a whole order stands in each of its lines, where summing them up counts it twice."""
        one = sql.name(amount)
        same = f"min({one}) = max({one}) AND count({one}) = count(*) AS is_same"
        orders, lines = _orders(order, [amount], same), _texts([amount])
        row = self._fetch(
            sheet,
            f"""SELECT count(*), avg(is_same::INT), (
                    SELECT sum(number * number) / sum(number) ** 2
                    FROM (SELECT count(*) AS number FROM ({lines}) GROUP BY {one}))
                FROM ({orders}) WHERE {LINES} > 1""",
        )
        number, share, by_chance = row
        return bool(number >= MIN_ORDERS and share >= MIN_SAME and by_chance <= MAX_BY_CHANCE)

    def _fetch(self, sheet: Sheet, query: str) -> tuple[float, ...]:
        raw = open_source(self.engine, "file", sheet.source({}))
        row = self.engine.execute(f"WITH raw AS ({raw.query}) {query}").fetchone()
        files.structural_rejects(self.engine, sheet.path)
        return row or ()


LINES = '"number of lines"'


def _orders(order: str, columns: list[str], aggregates: str) -> str:
    """A row per order and file."""
    return f"""
        SELECT count(*) AS {LINES}, {aggregates} FROM ({_texts([order, *columns])})
        WHERE {sql.name(order)} IS NOT NULL GROUP BY {files.FILE_COLUMN}, {sql.name(order)}"""


def _texts(columns: list[str]) -> str:
    """The columns as texts, null where they are blank."""
    texts = ", ".join(f"nullif(trim(CAST({sql.name(name)} AS VARCHAR)), '') AS {sql.name(name)}" for name in columns)
    return f"SELECT {files.FILE_COLUMN}, {texts} FROM raw"
