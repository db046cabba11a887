"""The table of purchases and refunds."""

import numpy as np
import polars as pl

from pipeline.simulate.causal.company_history import History, days, repeated, words
from pipeline.simulate.causal.episodes import YEAR_DAYS
from pipeline.simulate.causal.people import BASKETS, HOME_CATEGORIES, KEEPS_PLAN
from pipeline.simulate.parameters import Array
from pipeline.simulate.trajectories import Flags, Integers

CATEGORIES = {
    "b2c": ("bakery", "care", "clothes", "drinks", "garden", "kitchen", "pets", "toys"),
    "b2b": ("adhesives", "bearings", "cables", "filters", "fixings", "packaging", "safety", "tools"),
}
# Bought for a time that ends: a year of school, a child in nappies, a building site.
PERIOD_CATEGORY = "period"
CONTRACT_CATEGORY = "contract"
CHANNELS = ("store", "web", "app")
PRODUCTS_PER_CATEGORY = 12
MONTH_DAYS = 30
PLANS = ("basic", "plus", "pro")
PLAN_PRICE_CENTS = {"b2c": (900, 1900, 3900), "b2b": (9000, 24000, 60000)}
OFFER_DAYS = 21
DISCOUNTED_IF_WANTED, DISCOUNTED_BY_HABIT, REFUNDED_IF_POOR = 0.25, 0.9, 0.45


def baskets(past: History) -> pl.DataFrame:
    """The purchases, in the order of `past.buyer`."""
    return _basket(past, past.dice(BASKETS), past.buyer, past.buying_day)


def transactions(past: History, bought: pl.DataFrame) -> pl.DataFrame:
    """One row per purchase, payment and refund, sorted by customer and day."""
    parts = [bought, _refunds(past, past.dice(BASKETS + 100), past.buyer, past.buying_day, bought)]
    # A supplier is paid by the order, a subscription by the period.
    if past.plan.company.outcome == "cancellation":
        parts.append(_payments(past))
    return pl.concat(parts).sort("customer_id", "ts", "transaction_id")


def periods(past: History) -> tuple[Integers, Integers, Integers]:
    """Customer, first day and length in days of each contract period that begins within the calendar."""
    who = past.who
    length = np.where(who.yearly, YEAR_DAYS, MONTH_DAYS)
    customer, first = repeated(who.arrival, length, past.last)
    return customer, first, length[customer]


def packs(past: History, customer: Integers, day: Integers) -> Integers:
    """The plan of each customer on each day; whoever may grow tired of the same plan never takes another."""
    every = np.where(past.trouble.ever("C31"), KEEPS_PLAN, past.who.new_plan_days)[customer]
    plans: Integers = (past.who.pack[customer] + (day - past.who.arrival[customer]) // every) % len(PLANS)
    return plans


def monthly_price_cents(past: History, pack: Integers) -> Integers:
    """Price of the plans, per month."""
    prices: Integers = np.array(PLAN_PRICE_CENTS[past.plan.company.market])[pack]
    return prices


def _basket(past: History, dice: np.random.Generator, customer: Integers, day: Integers) -> pl.DataFrame:
    company, who, trouble, rows = past.plan.company, past.who, past.trouble, len(customer)
    steady = who.wants("one_product")[customer]
    spread = company.spend.spread * np.where(steady, 0.25, 1.0)
    list_cents = np.maximum(1, np.rint(100 * who.spend_level[customer] * np.exp(spread * dice.standard_normal(rows)))
                            * _shrinking(past, customer, day)).astype(np.int64)  # fmt: skip
    share = np.where(who.wants("low_prices")[customer], DISCOUNTED_IF_WANTED, company.rates.discounted_share)
    share = np.where(trouble.running("C47", customer, day), DISCOUNTED_BY_HABIT, share)
    depth = np.array([10, 15, 20, 30])[dice.integers(0, 4, rows)] * (dice.random(rows) < share)
    discount = list_cents * depth // 100
    personal = (list_cents - discount) * 15 * _offered(past, customer, day) // 100
    amount = list_cents - discount - personal
    category, product = _product(past, dice, customer)
    return _rows(past, customer, day, "", amount=amount, quantity=1 + dice.poisson(0.6, rows), list_amount=list_cents,
                 discount=discount, personal_discount=personal, cost=list_cents * 62 // 100, category=category,
                 product=product, channel=dice.choice(3, rows, p=[0.5, 0.3, 0.2]))  # fmt: skip


def _shrinking(past: History, customer: Integers, day: Integers) -> Array:
    """Orders fall to half within 60 days where a competitor is cheaper, and a little where the region falls."""
    factor, trouble = np.ones(len(customer)), past.trouble
    if "C27" in trouble.ids:
        since = day - trouble.start[trouble.ids.index("C27"), customer]
        factor = np.where(trouble.running("C27", customer, day), 1 - 0.5 * np.clip(since / 60, 0, 1), factor)
    for fall in past.plan.company.falls:
        hit = (past.who.region[customer] == fall.region) & (day >= fall.first_day) & (day < fall.first_day + fall.days)
        factor = np.where(hit, factor * (1 + fall.factor) / 2, factor)
    return factor


def _offered(past: History, customer: Integers, day: Integers) -> Flags:
    """Whether a discount that the company sent to this customer alone still holds."""
    names, offered = list(past.plan.company.playbooks), np.zeros(len(customer), dtype=np.bool_)
    if "discount-promotion" not in names:
        return offered
    for row in range(len(past.trouble.ids)):
        sent = past.trouble.treated[row, customer]
        right = past.trouble.playbook[row, customer] == names.index("discount-promotion")
        offered |= right & (sent < past.trouble.shown_end[row, customer]) & (day >= sent) & (day < sent + OFFER_DAYS)
    return offered


def _product(past: History, dice: np.random.Generator, customer: Integers) -> tuple[Integers, Integers]:
    """Category, the period one behind the others, and product: mostly those of the customer's habit."""
    who, trouble, rows = past.who, past.trouble, len(customer)
    same = trouble.ever("C31") & (not past.plan.company.contracts)
    single = who.wants("one_product") | same
    elsewhere = np.where(single, 0.02, np.where(who.wants("novelty"), 0.6, 0.35))
    any_category, other = dice.integers(0, HOME_CATEGORIES, rows), dice.random(rows)
    category = np.where(other < elsewhere[customer], any_category, who.category[customer])
    favourite = np.where(single, 0.5, 0.2) + 0.45 * same
    product = np.where(dice.random(rows) < favourite[customer], 0, dice.integers(0, PRODUCTS_PER_CATEGORY, rows))
    # Some who buy for a time go on when it is over: the category alone tells nothing.
    for_a_time = trouble.ever("C48") | (who.category == 0) & ("C48" in trouble.ids)
    return np.where(for_a_time[customer] & (other < 0.8), HOME_CATEGORIES, category), product


def _refunds(
    past: History, dice: np.random.Generator, customer: Integers, day: Integers, bought: pl.DataFrame
) -> pl.DataFrame:
    """Some purchases come back whole within two weeks: many of poor quality, and first ones that disappoint."""
    share = np.where(
        past.trouble.running("C09", customer, day), REFUNDED_IF_POOR, past.plan.company.rates.refunded_share
    )
    share = np.where(past.trouble.ever("C17")[customer] & (day == past.who.arrival[customer]), 0.9, share)
    back = day + 2 + dice.integers(0, 9, len(customer))
    comes = (dice.random(len(customer)) < share) & (back < past.plan.days)
    returned = np.flatnonzero(comes)
    rows = bought[returned]
    money = ("amount", "list_amount", "cost")
    return rows.with_columns(
        days(back[returned]).alias("ts"),
        pl.concat_str("transaction_id", pl.lit("-r")),
        *(-pl.col(name) for name in money),
        discount=pl.lit(0.0),
        personal_discount=pl.lit(0.0),
        quantity=-pl.col("quantity"),
    )


def _payments(past: History) -> pl.DataFrame:
    customer, first, length = periods(past)
    months = np.where(length == YEAR_DAYS, 12, 1)
    pack = packs(past, customer, first)
    cents = monthly_price_cents(past, pack) * months
    nothing = np.zeros(len(customer), dtype=np.int64)
    return _rows(past, customer, first, "p", amount=cents, quantity=months, list_amount=cents, discount=nothing,
                 personal_discount=nothing, cost=cents * 30 // 100, category=nothing + HOME_CATEGORIES + 1,
                 product=pack, channel=nothing + 1)  # fmt: skip


def _rows(past: History, customer: Integers, day: Integers, mark: str, **columns: Integers) -> pl.DataFrame:
    categories = (*CATEGORIES[past.plan.company.market], PERIOD_CATEGORY, CONTRACT_CATEGORY)
    products = tuple(f"{name}-{number + 1:02d}" for name in categories for number in range(PRODUCTS_PER_CATEGORY))
    stores = tuple(f"{place}{number}" for place in "NESW" for number in range(1, 4))
    store = np.where(columns["channel"] == 0, past.who.region[customer] % 4 * 3 + past.who.category[customer] % 3, -1)
    money = ("amount", "list_amount", "discount", "personal_discount", "cost")
    number = pl.Series(day).cast(pl.String).str.zfill(4)
    table = pl.DataFrame({"customer_id": past.ids.gather(customer), "number": number, "ts": days(day)})
    return table.select(
        "customer_id",
        pl.concat_str("customer_id", pl.lit(f"-{mark}"), "number").alias("transaction_id"),
        "ts",
        *(pl.Series(name, columns[name] / 100) for name in money),
        pl.Series("quantity", columns["quantity"]),
        words(products, columns["category"] * PRODUCTS_PER_CATEGORY + columns["product"]).alias("product_id"),
        words(categories, columns["category"]).alias("category"),
        words(stores, store).alias("store_id"),
        words(CHANNELS, columns["channel"]).alias("channel"),
    )
