"""What a sentence argues for, and where what it says is so; and which only say that nobody bought."""

from typing import Final, NamedTuple

import polars as pl

from pipeline.examples.features.declare import Feature
from pipeline.reasons.phrases import Phrase


class Comparison(NamedTuple):
    """Two numbers of a sentence, and how many times the first covers the days of the second."""

    now: str
    before: str
    times: int = 1


# The sentence as the catalogues hold it -> which of its places are set side by side.
COMPARED: Final = {
    "last order {days_since_last_order} ago; usually {gap_mean_days} between orders": Comparison(
        "days_since_last_order", "gap_mean_days"
    ),
    "last order {days_since_last_order} ago; the longest pause before was {gap_longest_days}": Comparison(
        "days_since_last_order", "gap_longest_days"
    ),
    "on average {gap_mean_days} between orders, the last one {days_since_last_order} ago": Comparison(
        "days_since_last_order", "gap_mean_days"
    ),
    "on average {gap_mean_days} between orders, {gap_mean_90d_days} of late": Comparison(
        "gap_mean_90d_days", "gap_mean_days"
    ),
    "{orders_30d} in the last 30 days, {orders_31_to_120d} in the 90 days before": Comparison(
        "orders_30d", "orders_31_to_120d", 3
    ),
    "{orders_30d} in the last 30 days, {orders_31_to_120d} in the 90 days before, worse than the market": Comparison(
        "orders_30d", "orders_31_to_120d", 3
    ),
    "spent {spend_30d} in the last 30 days, {spend_31_to_120d} in the 90 days before": Comparison(
        "spend_30d", "spend_31_to_120d", 3
    ),
    "{spend_per_order_90d} per order over 90 days, {spend_per_order_365d} over a year": Comparison(
        "spend_per_order_90d", "spend_per_order_365d"
    ),
    "saved {discount_share_90d} through discounts over 90 days, {discount_share_365d} over a year": Comparison(
        "discount_share_90d", "discount_share_365d"
    ),
    "{number} events in the last {window}, {before} in the 90 days before": Comparison("number", "before", 3),
    "{number} {told} events in the last {window}, {before} in the 90 days before": Comparison("number", "before", 3),
    "last {told} {number} ago; usually {usual} in between": Comparison("number", "usual"),
    "waited {answer_wait_mean_90d_days} on average for an answer of late, {answer_wait_mean_days} over all": Comparison(
        "answer_wait_mean_90d_days", "answer_wait_mean_days"
    ),
}
# Said only of who bought a fifth less than at the pace of the year; of others, the next sentence says the number alone.
FALLS: Final = frozenset(
    {
        "{number} in the last {window}, {before} within a year",
        "spent {number} in the last {window}, {before} within a year",
        "bought {number} in the last {window}, {before} within a year",
        "{number} different products in the last {window}, {before} within a year",
    }
)
YEAR_DAYS, MUCH_LESS = 365, 0.8
# What would say one day twice of who bought on one day only -> the two numbers; the next sentence says it once.
TWO_DAYS: Final = {
    "first order {days_since_first_order} ago, the last one {days_since_last_order} ago, "
    "and no other event for 30 days": ("days_since_first_order", "days_since_last_order"),
}
NONE_SINCE: Final = "first order {days_since_first_order} ago, none since, and no other event for 30 days"
# What is said in words -> from which side of which value of its number on it is so, whatever it is listed under.
TRUE_WHERE: Final = {
    "for {days_of_same_products} up to the last order, nothing that was not bought before": (">", 0),
    "for {days_on_reductions_only} up to the last order, something reduced on every day with an order": (">", 0),
    "contract periods so far: {renewals_ever}": (">", 0),
    "time since the contract ended without a renewal: {renewal_overdue_days}": (">", 0),
    "raised the same request again: {repeated_tickets_180d} in half a year": (">", 0),
    "raised the same request again, and nobody has answered: {repeated_tickets_unanswered}": (">", 0),
    "left {surveys_unanswered_365d} unanswered within a year": (">", 0),
    "latest NPS answer {nps_latest} of 10, less than before": ("<", 0),
    "latest satisfaction {csat_latest} of 5, less than before": ("<", 0),
    "the region falls behind the others: {number} of its usual share of all orders": ("<", 1),
    "{orders_30d} in the last 30 days, {orders_31_to_120d} in the 90 days before, worse than the market": ("<", 1),
}
# Sentences about a yes/no that are as true of a no; all others say the yes.
OF_YES_AND_NO: Final = frozenset({"first order {days_since_first_order} ago, {orders_ever} in all"})
# Of who has ordered once, these are said with how long ago the last order was.
ONE_ORDER: Final = frozenset({"orders_ever", "days_since_first_order"})
# Trouble: that there was less of it than usual speaks for nothing, that there was none does.
TROUBLE: Final = (
    "tickets_",
    "complaints_",
    "disputes_",
    "refunds_",
    "repeated_",
    "reopened_",
    "promises_",
    "downgrades_",
    "surveys_unanswered_",
)
# Nothing bought in a window says no more than how long ago the last order was.
BOUGHT: Final = ("orders_", "spend_", "products_", "categories_", "stores_", "channels_", "quantity_")


def comparison_of(phrase: Phrase, feature: Feature, sign: int) -> pl.Expr:
    """Whether the numbers of a phrase differ the way that speaks for the risk (``sign`` above zero), or against it.

    Examples
    --------
    >>> from pipeline.examples.features import Aggregate, Feature
    >>> late = Feature("days_since_last_order", "days", "recency", Aggregate("last", "order"), "", "up")
    >>> sentence = "last order {days_since_last_order} ago; usually {gap_mean_days} between orders"
    >>> phrase = Phrase.parse(sentence, {})
    >>> table = pl.DataFrame({"days_since_last_order": [40, 20], "gap_mean_days": [20, 40]})
    >>> table.select(comparison_of(phrase, late, 1)).to_series().to_list()
    [True, False]
    """
    compared, value = COMPARED.get(phrase.text), pl.col(feature.name).cast(pl.Float64)
    so = _is_so(phrase, feature, value)
    more_speaks_for_it = (feature.risk == "up") == (sign > 0)
    if phrase.text in FALLS:
        return so & pl.lit(not more_speaks_for_it)
    if compared is None:
        # Nothing of what, the more there is of it, speaks the more for something, speaks for nothing.
        if more_speaks_for_it:
            return so if phrase.text in OF_YES_AND_NO else so & (value > 0)
        return so & (value == 0) if sign < 0 and feature.name.startswith(TROUBLE) else so
    now = pl.col(phrase.slots[compared.now]).cast(pl.Float64) * compared.times
    before = pl.col(phrase.slots[compared.before]).cast(pl.Float64)
    return so & (now > before if more_speaks_for_it else now < before)


def _is_so(phrase: Phrase, feature: Feature, value: pl.Expr) -> pl.Expr:
    """Whether what a phrase says in words is so."""
    if phrase.text in TRUE_WHERE:
        side, limit = TRUE_WHERE[phrase.text]
        number = pl.col(phrase.slots["number"]).cast(pl.Float64) if "number" in phrase.slots else value
        return number > limit if side == ">" else number < limit
    says_yes = feature.unit == "yes/no" and phrase.text not in OF_YES_AND_NO
    return value > 0 if says_yes else pl.lit(value=True)


def says_one_day_twice(phrase: Phrase) -> pl.Expr:
    """Whether both days of a phrase are the same, of each row; null where one is not known.

    >>> (both,) = TWO_DAYS
    >>> table = pl.DataFrame({"days_since_first_order": [39, 90], "days_since_last_order": [39, 39]})
    >>> table.select(says_one_day_twice(Phrase.parse(both, {}))).to_series().to_list()
    [True, False]
    """
    if phrase.text not in TWO_DAYS:
        return pl.lit(value=False)
    one, other = TWO_DAYS[phrase.text]
    return pl.col(one) == pl.col(other)


def says_no_fall(phrase: Phrase) -> pl.Expr:
    """Whether a phrase that is there to show a fall would show none, of each row.

    >>> sentence = "{number} in the last {window=90}, {before=orders_365d} within a year"
    >>> phrase = Phrase.parse(sentence, {"number": "orders_90d"})
    >>> table = pl.DataFrame({"orders_90d": [2, 9], "orders_365d": [36, 36]})
    >>> table.select(says_no_fall(phrase)).to_series().to_list()
    [False, True]
    """
    if phrase.text not in FALLS:
        return pl.lit(value=False)
    number, before, window = (phrase.slots[place] for place in ("number", "before", "window"))
    pace = pl.col(before).cast(pl.Float64) * (int(window) / YEAR_DAYS)
    return pl.col(number).cast(pl.Float64) >= pace * MUCH_LESS


def is_silence(phrase: Phrase) -> pl.Expr:
    """Whether a phrase says, of each row, no more than that the customer has not bought of late."""
    if {"orders_ever"} <= set(phrase.features) <= ONE_ORDER:
        return pl.col("orders_ever").eq_missing(pl.lit(1))
    if "days_since_last_order" in phrase.features or phrase.text == NONE_SINCE:
        return pl.lit(value=True)
    subject = next(iter(phrase.features), "")
    return pl.col(subject).eq_missing(pl.lit(0)) if subject.startswith(BOUGHT) else pl.lit(value=False)
