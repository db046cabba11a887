"""Numbers as people read them: with their unit, in the right number, no more digits than help."""

import polars as pl

from pipeline.i18n import ENGLISH, MessageCatalog, Part

# unit -> (one, many); the noun is part of the number, so that a phrase reads well for 1 and for 2.
NOUNS = {
    "days": ("{number} day", "{number} days"),
    "orders": ("{number} order", "{number} orders"),
    "refunds": ("{number} refund", "{number} refunds"),
    "pieces": ("{number} piece", "{number} pieces"),
    "tickets": ("{number} ticket", "{number} tickets"),
    "promises": ("{number} promise", "{number} promises"),
    "points": ("{number} point", "{number} points"),
    "contacts": ("{number} contact", "{number} contacts"),
    "surveys": ("{number} survey", "{number} surveys"),
    "times": ("{number} time", "{number} times"),
}
# Phrases in which the noun of `number` stands outside of it -> the same for one.
SINGULAR = {
    "{number} events in the last {window}": "{number} event in the last {window}",
    "{number} events in the last {window}, {before} in the 90 days before": (
        "{number} event in the last {window}, {before} in the 90 days before"
    ),
    "{number} {told} events in the last {window}": "{number} {told} event in the last {window}",
    "{number} {told} events in the last {window}, {before} in the 90 days before": (
        "{number} {told} event in the last {window}, {before} in the 90 days before"
    ),
    "{number} different products in the last {window}": "{number} different product in the last {window}",
    "{number} different products in the last {window}, {before} within a year": (
        "{number} different product in the last {window}, {before} within a year"
    ),
    "{number} different categories in the last {window}": "{number} different category in the last {window}",
    "{number} different categories in the last {window}, {before} within a year": (
        "{number} different category in the last {window}, {before} within a year"
    ),
    "{number} different stores in the last {window}": "{number} different store in the last {window}",
    "{number} different channels in the last {window}": "{number} different channel in the last {window}",
    "{number} teams got in touch on the same day": "{number} team got in touch on the same day",
    "requests opened again {number} times in half a year": "requests opened again {number} time in half a year",
}


def written(unit: str, value: pl.Expr, currency: str, catalog: MessageCatalog = ENGLISH) -> pl.Expr:
    """A column of numbers as text; null stays null.

    Parameters
    ----------
    unit
        Of `pipeline.examples.features.declare`.
    value
        The numbers.
    currency
        ISO code that amounts are written with.
    catalog
        The language they are written in.

    Examples
    --------
    >>> table = pl.DataFrame({"days": [1.0, 8.6, 0.0], "money": [1234.5, 0.5, 99.994], "share": [0.345, 0.0, 1.0]})
    >>> table.select(written("days", pl.col("days"), "USD")).to_series().to_list()
    ['1 day', '9 days', '0 days']
    >>> table.select(written("currency", pl.col("money"), "USD")).to_series().to_list()
    ['1,235 USD', '0.50 USD', '99.99 USD']
    >>> table.select(written("currency", -pl.col("money"), "USD")).to_series().to_list()
    ['-1,234 USD', '-0.50 USD', '-99.99 USD']
    >>> table.select(written("share", pl.col("share"), "USD")).to_series().to_list()
    ['35 %', '0 %', '100 %']
    """
    number = value.cast(pl.Float64)
    if unit == "currency":
        return catalog.translate("{number} {currency}", number=catalog.numeral(_money(number)), currency=currency)
    if unit == "share":
        return catalog.translate("{number} %", number=catalog.numeral(_whole(number * 100)))
    if unit == "score":
        return catalog.numeral(_fixed(number, 1).str.strip_suffix(".0"))
    if unit == "ratio":
        return catalog.translate("{number}×", number=catalog.numeral(_fixed(number, 1)))
    if unit == "yes/no":
        yes, no = catalog.translate("yes"), catalog.translate("no")
        return pl.when(number > 0).then(yes).when(number.is_not_null()).then(no)
    if unit in NOUNS:
        return catalog.counted(*NOUNS[unit], rounded(number), number=catalog.numeral(_whole(number)))
    return catalog.numeral(_whole(number))


def number_of(unit: str, number: int) -> Part:
    """A number with its noun, for a sentence that speaks of one and the same number to everybody.

    >>> from pipeline.i18n import IN_ENGLISH
    >>> pl.select(IN_ENGLISH.translate("within {days}", days=number_of("days", 1))).item()
    'within 1 day'
    """
    return lambda catalog: written(unit, pl.lit(number), "", catalog)


def rounded(number: pl.Expr) -> pl.Expr:
    """Whole numbers, as they are written."""
    # Half goes up everywhere, so that two machines write the same.
    return (number + 0.5).floor().cast(pl.Int64)


def _whole(number: pl.Expr) -> pl.Expr:
    return _thousands(rounded(number).cast(pl.String))


def _thousands(digits: pl.Expr) -> pl.Expr:
    grouped = digits.str.reverse().str.replace_all(r"(\d{3})", "$1,").str.reverse()
    return grouped.str.strip_chars_start(",").str.replace("^-,", "-")


def _fixed(number: pl.Expr, decimals: int) -> pl.Expr:
    scale: int = 10**decimals
    scaled = rounded(number * scale)
    # Below zero a whole part would be rounded down: 1.50 less would read as 2.50 less.
    whole, rest, sign = scaled.abs() // scale, scaled.abs() % scale, pl.when(scaled < 0).then(pl.lit("-"))
    return (
        sign.otherwise(pl.lit("")) + _thousands(whole.cast(pl.String)) + "." + rest.cast(pl.String).str.zfill(decimals)
    )


def _money(number: pl.Expr) -> pl.Expr:
    return pl.when(number.abs() >= 100).then(_whole(number)).otherwise(_fixed(number, 2))
