"""What the customers of a period paid: what was kept of it, how often they bought, and how few pay how much."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.retention.periods import Period
from pipeline.retention.rates import NOBODY, Measure, is_new

TOP_SHARE: Final = 0.2
PARETO_REVENUE: Final = 0.8
UNKNOWN_BEFORE: Final = "the data do not reach back over the whole period before"
NO_REVENUE: Final = "there was no revenue"
NO_BUYER: Final = "nobody bought anything in the period"


@dataclass(frozen=True)
class Money:
    """How amounts are counted.

    Attributes
    ----------
    digits
        Digits after the point of the currency.
    margin_share
        Share (0-1) of revenue that is profit before retention costs.
    is_before_known
        Whether the data reach back over the whole period before.
    by_fee
        Whether revenue at either end is the fees of running contracts, not what was bought before and in the period.
    """

    digits: int
    margin_share: float
    is_before_known: bool
    by_fee: bool

    def units(self, minor: int) -> float:
        """Minor units as currency units, exactly rounded.

        >>> Money(2, 0.25, True, False).units(123456)
        1234.56
        """
        return float(round(minor / 10**self.digits, self.digits))


@dataclass(frozen=True)
class Kept:
    """What the customers of the start paid at either end, in minor units.

    Attributes
    ----------
    start, end
        Of all of them together.
    kept
        At the end, of each at most what he or she paid at the start.
    """

    start: int
    end: int
    kept: int

    @property
    def gross(self) -> float | None:
        """Share (0-1) of the revenue of the start that stayed, growth left out."""
        return self.kept / self.start if self.start > 0 else None

    @property
    def net(self) -> float | None:
        """The revenue of the same customers at the end over that of the start; above 1 where they pay more."""
        return self.end / self.start if self.start > 0 else None


def kept(customers: pl.DataFrame, *, by_fee: bool) -> Kept:
    """What stayed of the revenue of who was a customer at the start.

    Parameters
    ----------
    customers
        The columns of `pipeline.retention.customer_flow.SCHEMA`.
    by_fee
        See `Money`.

    Examples
    --------
    One pays more, one less, one is gone and one came; what came is none of what was kept.

    >>> table = pl.DataFrame({"is_start": [True, True, True, False], "before_minor": [100, 100, 50, 0],
    ...                       "revenue_minor": [150, 40, 0, 70]})
    >>> one = kept(table, by_fee=False)
    >>> one, one.gross, one.net
    (Kept(start=250, end=190, kept=140), 0.56, 0.76)
    """
    columns = ("fee_start_minor", "fee_end_minor") if by_fee else ("before_minor", "revenue_minor")
    # Who got more back than was paid has kept nothing, and does not make the revenue of others smaller.
    start, end = (pl.col(name).fill_null(0).clip(lower_bound=0) for name in columns)
    rows = customers.filter(pl.col("is_start")).select(
        start.sum().alias("start"), end.sum().alias("end"), pl.min_horizontal(start, end).sum().alias("kept")
    )
    return Kept(**{name: int(value) for name, value in rows.row(0, named=True).items()})


def measures(customers: pl.DataFrame, period: Period, money: Money) -> Iterator[Measure]:
    """Every figure of revenue and of buying, each beside its definition."""
    yield from _both_ends(customers, period, money)
    yield from _buying(customers, period, money)
    yield from _concentration(customers)
    yield from _lifetime(customers, money)


def _both_ends(customers: pl.DataFrame, period: Period, money: Money) -> Iterator[Measure]:
    of = kept(customers, by_fee=money.by_fee)
    known = money.by_fee or money.is_before_known
    missing = UNKNOWN_BEFORE if not known else NOBODY if not customers["is_start"].any() else ""
    days = f"the {period.days} days" if period.unit == "days" else f"the {period.unit}"
    ends = (
        ("fees per month at the start", "fees per month at the end, of the same customers")
        if money.by_fee
        else (
            f"what the customers of the start paid in {days} before, each at least 0",
            "what the same paid in the period",
        )
    )
    total = _sum(customers, "before_minor")
    yield _money("revenue_before", total, f"what everybody paid in {days} before, less refunds", money,
                 "" if money.is_before_known else UNKNOWN_BEFORE)  # fmt: skip
    yield _money("revenue", _sum(customers, "revenue_minor"), "what everybody paid in the period, less refunds", money)
    yield _money("revenue_of_start", of.start, ends[0], money, missing)
    yield _money("revenue_of_start_at_end", of.end, ends[1], money, missing)
    nothing = missing or ("" if of.start > 0 else "they paid nothing")
    for name, value, words in (
        (
            "revenue_kept_gross",
            of.gross,
            "revenue_of_start_at_end, of each at most what was paid before, / revenue_of_start",
        ),
        ("revenue_kept_net", of.net, "revenue_of_start_at_end / revenue_of_start; above 100 % where they pay more"),
    ):
        yield Measure(name, None if nothing else value, words, "share", nothing)


def _buying(customers: pl.DataFrame, period: Period, money: Money) -> Iterator[Measure]:
    buyers = customers.filter(pl.col("orders") > 0)
    number, orders, paid = len(buyers), int(buyers["orders"].sum()), _sum(customers, "revenue_minor")
    again = int((buyers["order_days"] >= 2).sum())
    existing = _sum(customers.filter(~is_new(period.start)), "revenue_minor")
    receipt = round(paid / orders / 10**money.digits, money.digits) if orders else None
    nobody, nothing = "" if number else NO_BUYER, "" if paid > 0 else NO_REVENUE
    yield Measure("buyers", number, "who bought something in the period", "customers")
    yield Measure("orders", orders, "orders in the period", "number")
    for name, value, definition, unit, missing in (
        ("repeat_rate", _ratio(again, number), "of the buyers, who bought on at least two days", "share", nobody),
        ("orders_per_buyer", _ratio(orders, number), "orders / buyers", "number", nobody),
        ("average_receipt", receipt, "revenue / orders", "money", nobody),
        (
            "revenue_share_existing",
            _ratio(existing, paid),
            "of the revenue, from who had been a customer before the period",
            "share",
            nothing,
        ),
    ):
        yield Measure(name, value, definition, unit, missing)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _concentration(customers: pl.DataFrame) -> Iterator[Measure]:
    paid = customers.filter(pl.col("revenue_minor") > 0)["revenue_minor"].sort(descending=True)
    missing = "" if len(paid) else NO_REVENUE
    top, few = concentration(paid)
    for name, value, definition in (
        (
            "revenue_share_top_20",
            top,
            "of what was paid, from the fifth of the payers who paid most; by the Pareto rule 80 %",
        ),
        ("payers_share_for_80", few, "of the payers, how few bring 80 % of what was paid; by the Pareto rule 20 %"),
    ):
        yield Measure(name, value, definition, "share", missing)


def concentration(paid: pl.Series) -> tuple[float | None, float | None]:
    """What the largest fifth pays, and how few pay four fifths, as shares (0-1).

    Parameters
    ----------
    paid
        What each one paid, above zero, the largest first; whole minor units.

    Examples
    --------
    >>> concentration(pl.Series([70, 10, 10, 5, 5])), concentration(pl.Series([], dtype=pl.Int64))
    ((0.7, 0.4), (None, None))
    """
    if paid.is_empty():
        return None, None
    largest, total, number = -(-len(paid) // round(1 / TOP_SHARE)), int(paid.sum()), len(paid)
    # In whole numbers: four fifths of a total is no rounded product.
    few = int((paid.cum_sum() * 5 < total * round(5 * PARETO_REVENUE)).sum()) + 1
    return int(paid.head(largest).sum()) / total, few / number


def _lifetime(customers: pl.DataFrame, money: Money) -> Iterator[Measure]:
    """What the articles call CLV: the mean of all that was ever paid, and the same as profit."""
    number, ever = len(customers), _sum(customers, "ever_minor") / 10**money.digits
    missing = "" if number else "there is no customer"
    share = money.margin_share
    for name, total, definition in (
        (
            "lifetime_revenue",
            ever,
            "mean of all that each customer, also a former one, has paid until the end, less refunds",
        ),
        (
            "lifetime_margin",
            ever * share,
            f"lifetime_revenue x score.margin_share ({share:.0%}): of the past, no forecast",
        ),
    ):
        yield Measure(name, round(total / number, money.digits) if number else None, definition, "money", missing)


def _sum(customers: pl.DataFrame, column: str) -> int:
    return int(customers[column].sum())


def _money(name: str, minor: int, definition: str, money: Money, missing: str = "") -> Measure:
    return Measure(name, None if missing else money.units(minor), definition, "money", missing)
