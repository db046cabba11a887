"""Every feature once more, naively: plain Python over the rows of one customer, to hold the engine to."""

import math
import statistics
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from tests import oracle_records
from tests.oracle_records import Records
from tests.ratio import ratio

WINDOWS = (7, 30, 90, 180, 365)


@dataclass(frozen=True)
class Line:
    """A line of a transaction; amounts in cents."""

    customer: str
    order: str
    day: date
    amount: int
    discount: int = 0
    quantity: int = 1
    product: str | None = None
    category: str | None = None
    store: str | None = None
    channel: str | None = None
    cost: int | None = None
    list_amount: int | None = None
    granted: int = 0
    is_discount: bool = False


@dataclass(frozen=True)
class Event:
    """Something a customer did."""

    customer: str
    day: date
    kind: str


def features(
    lines: list[Line],
    events: list[Event],
    snapshot: date,
    types: list[str],
    records: Records | None = None,
    market: float | None = None,
) -> dict[str, float | None]:
    """All features of one customer, who has at least one purchase before the snapshot."""
    lines = [line for line in lines if line.day < snapshot]
    events = [event for event in events if event.day < snapshot]
    lines = [off_the_order(line, lines) for line in lines]
    bought = [line for line in lines if line.amount >= 0 or line.is_discount]
    refunded = [line for line in lines if line.amount < 0 and not line.is_discount]

    def ago(row: Line | Event) -> int:
        return (snapshot - row.day).days

    def within(rows: list, longest: int, shortest: int = 1) -> list:
        return [row for row in rows if shortest <= ago(row) <= longest]

    def orders(rows: list[Line]) -> int:
        return len({(line.day, line.order) for line in rows})

    def spend(rows: list[Line]) -> float:
        return sum(line.amount for line in rows) / 100

    days = sorted({line.day for line in bought})
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    late = [gap for gap, day in zip(gaps, days[1:], strict=False) if (snapshot - day).days <= 90]
    found: dict[str, float | None] = {}

    found["days_since_last_order"] = since = (snapshot - days[-1]).days
    mean = statistics.mean(gaps) if gaps else None
    found["days_since_last_order_per_usual_gap"] = ratio(since, mean)
    found["days_since_last_order_per_longest_gap"] = ratio(since, max(gaps) if gaps else None)
    found["days_since_last_refund"] = min((ago(line) for line in refunded), default=None)

    for window in WINDOWS:
        found[f"orders_{window}d"] = orders(within(bought, window))
        found[f"spend_{window}d"] = spend(within(bought, window))
    before = within(bought, 120, 31)
    found["orders_31_to_120d"] = orders(before)
    found["orders_trend_30d"] = ratio(orders(within(bought, 30)) * 3, orders(before))
    found["spend_31_to_120d"] = spend(before)
    found["spend_trend_30d"] = ratio(spend(within(bought, 30)) * 3, spend(before))

    found["gap_mean_days"] = mean
    spread = statistics.stdev(gaps) if len(gaps) > 1 else None
    found["gap_spread_days"] = spread
    found["gap_spread_per_mean"] = ratio(spread, mean)
    found["gap_longest_days"] = max(gaps, default=None)
    found["gap_mean_90d_days"] = statistics.mean(late) if late else None
    found["gap_trend_90d"] = ratio(found["gap_mean_90d_days"], mean)
    year = within(bought, 365)
    found["weekend_share_365d"] = ratio(orders([line for line in year if line.day.weekday() >= 5]), orders(year))
    found["month_start_share_365d"] = ratio(orders([line for line in year if line.day.day <= 10]), orders(year))

    for window in (90, 365):
        found[f"spend_per_order_{window}d"] = ratio(spend(within(bought, window)), orders(within(bought, window)))
    by_day: dict[date, float] = {}
    for line in year:
        by_day[line.day] = by_day.get(line.day, 0) + line.amount
    found["largest_day_spend_365d"] = max(by_day.values()) / 100 if by_day else None
    for window in (30, 90, 365):
        found[f"quantity_{window}d"] = sum(line.quantity for line in within(bought, window))
    found["refunds_365d"] = orders(within(refunded, 365))
    found["refunds_90d"] = orders(within(refunded, 90))
    trend = ratio(found["spend_per_order_90d"], found["spend_per_order_365d"])
    found["spend_per_order_trend_90d"] = trend if found["orders_90d"] >= 3 else None
    found["refund_share_365d"] = ratio(-sum(line.amount for line in within(refunded, 365)), spend(year) * 100)

    known = [line for line in within(lines, 365) if line.cost is not None]
    margin = sum(line.amount - line.cost for line in known)
    found["margin_365d"] = margin / 100
    found["margin_share_365d"] = ratio(margin, sum(line.amount for line in known if line in bought))

    shares = {}
    for window in (90, 365):
        saved = sum(line.discount for line in within(bought, window))
        shares[window] = ratio(saved, saved + sum(line.amount for line in within(bought, window)))
        found[f"discount_share_{window}d"] = shares[window]
    found["discount_share_trend_90d"] = ratio(shares[90], shares[365])
    saved_on: dict[date, int] = {}
    for line in bought:
        saved_on[line.day] = saved_on.get(line.day, 0) + line.discount
    lately = [day for day in saved_on if (snapshot - day).days <= 365]
    found["reduced_order_days_share_365d"] = ratio(sum(saved_on[day] > 0 for day in lately), len(lately))
    newly = [day for day in lately if (snapshot - day).days <= 90]
    found["reduced_order_days_share_90d"] = (
        sum(saved_on[day] > 0 for day in newly) / len(newly) if len(newly) >= 3 else None
    )
    full = [(snapshot - day).days for day, saved in saved_on.items() if saved == 0]
    found["days_on_reductions_only"] = min(full) - since if full else None
    found["personal_discount_365d"] = sum(line.granted for line in within(bought, 365)) / 100
    found |= _products(bought, snapshot, since)
    stale, share = found["days_of_same_products"], found["new_product_share_180d"]
    # Three-valued: one no is enough, whatever is unknown of the other.
    both = [None if stale is None else stale >= 90, None if share is None else share <= 0.1]
    found["is_range_stale"] = 0 if False in both else None if None in both else 1

    for plural, field, windows in (
        ("products", "product", (30, 90, 365)),
        ("categories", "category", (30, 90, 365)),
        ("stores", "store", (90, 365)),
        ("channels", "channel", (90, 365)),
    ):
        for window in windows:
            items = {getattr(line, field) for line in within(bought, window)} - {None}
            found[f"{plural}_{window}d"] = len(items)
    # Three-valued: one no is enough, whatever is unknown.
    tests = [(snapshot - days[0]).days >= 365, found["categories_365d"] <= 1, found["orders_365d"] >= 4]
    fresh = found["new_product_share_180d"]
    tests.append(None if fresh is None else fresh > 0.1)
    found["is_tenured_single_category"] = 0 if False in tests else None if None in tests else 1
    found["categories_share_30d"] = ratio(found["categories_30d"], found["categories_365d"])

    found["days_since_first_order"] = tenure = (snapshot - days[0]).days
    found["orders_ever"] = orders(bought)
    found["order_days_ever"] = len(days)
    found["is_one_time_buyer"] = int(orders(bought) == 1)
    for cut, least in (("half_year", 183), ("1_year", 365), ("2_years", 730), ("3_years", 1095)):
        found[f"is_tenured_{cut}"] = int(tenure >= least)

    for kind in [None, *types]:
        own = [event for event in events if kind in (None, event.kind)]
        name = "events" if kind is None else f"events_{kind}"
        for window in (30, 90, 365):
            found[f"{name}_{window}d"] = len(within(own, window))
        last = "event" if kind is None else f"event_{kind}"
        found[f"days_since_last_{last}"] = min((ago(event) for event in own), default=None)
        before = sum(30 < ago(event) <= 120 for event in own)
        found[f"{name}_31_to_120d"] = before
        found[f"{name}_trend_30d"] = ratio(sum(ago(event) <= 30 for event in own) * 3, before)
        if kind is not None:
            days = sorted({event.day for event in own})
            pauses = [(later - earlier).days for earlier, later in pairwise(days)]
            usual = statistics.fmean(pauses) if pauses else None
            found[f"{last}_gap_mean_days"] = usual
            found[f"days_since_last_{last}_per_usual_gap"] = ratio(found[f"days_since_last_{last}"], usual)
    found["is_newcomer_unseen"] = int(14 <= tenure <= 120 and found["events_30d"] == 0)
    found["is_newcomer_refunded"] = int(tenure <= 120 and (found["refund_share_365d"] or 0) >= 0.15)
    found["orders_trend_against_market_30d"] = ratio(found["orders_trend_30d"], market)
    for window in (30, 180):
        found[f"warnings_click_{window}d"] = sum(event.kind == "click" for event in within(events, window))
    for window in (30, 90):
        found[f"uses_click_{window}d"] = sum(event.kind == "click" for event in within(events, window))
    found["is_newcomer_without_click"] = int(14 <= tenure <= 120 and found["uses_click_30d"] == 0)
    return found | oracle_records.features(records or Records(), snapshot, found)


def off_the_order(line: Line, lines: list[Line]) -> Line:
    """A line as it counts: one below zero in an order that was bought takes something off it, and is no goods."""
    order = [x for x in lines if (x.customer, x.day, x.order) == (line.customer, line.day, line.order)]
    paid = [x for x in order if x.amount >= 0]
    if line.amount >= 0 or line.quantity < 0 or not paid or sum(x.amount for x in order) < 0:
        return line
    cost = 0 if line.cost is None and any(x.cost is not None for x in paid) else line.cost
    saved = line.discount if line.granted else max(line.discount, -line.amount)
    return Line(
        line.customer, line.order, line.day, line.amount, saved, 0, cost=cost, granted=line.granted, is_discount=True
    )


def _products(bought: list[Line], snapshot: date, since: int) -> dict[str, float | None]:
    """New products, and those that cost over 1 % more per piece than when they were bought last."""
    first: list[int] = []
    rises = 0
    met = {(line.product, line.day) for line in bought if line.product is not None}
    lately = {days: sum((snapshot - day).days <= days for _, day in met) for days in (90, 180)}
    for product in {line.product for line in bought} - {None}:
        days = sorted({line.day for line in bought if line.product == product})
        first.append((snapshot - days[0]).days)
        for before, day in pairwise(days):
            (was, pieces_then), (now, pieces) = (_paid(bought, product, on) for on in (before, day))
            dearer = was is not None and now is not None and was > 0 and 100 * now * pieces_then > 101 * was * pieces
            rises += dearer and (snapshot - day).days <= 90
    return {
        "price_rise_share_90d": ratio(rises, lately[90]),
        "days_of_same_products": min(first) - since if first else None,
        "new_product_share_180d": ratio(sum(ago <= 180 for ago in first), lately[180]),
    }


def _paid(bought: list[Line], product: str, day: date) -> tuple[int | None, int]:
    lines = [line for line in bought if line.product == product and line.day == day]
    prices = [line.list_amount for line in lines if line.list_amount is not None]
    return (sum(prices) if prices else None), sum(line.quantity for line in lines)


def market(lines: list[Line], snapshot: date) -> float | None:
    """How the orders of everybody went, where nobody's region is known."""

    def orders(longest: int, shortest: int = 1) -> int:
        rows = [row for row in lines if row.amount >= 0 and shortest <= (snapshot - row.day).days <= longest]
        return len({(row.customer, row.day, row.order) for row in rows})

    return ratio(orders(30) * 3, orders(120, 31))


def same(left: float | None, right: float | None) -> bool:
    """Equal to the last few bits; unknown equals only unknown."""
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=1e-12, abs_tol=1e-12)
