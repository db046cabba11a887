"""Numbers as people read them: with their unit, in the right number, no more digits than help."""

import polars as pl

# unit -> (one, many); the noun is part of the number, so that a phrase reads well for 1 and for 2.
NOUNS = {
    "days": ("day", "days"),
    "orders": ("order", "orders"),
    "refunds": ("refund", "refunds"),
    "pieces": ("piece", "pieces"),
    "tickets": ("ticket", "tickets"),
    "promises": ("promise", "promises"),
    "points": ("point", "points"),
    "contacts": ("contact", "contacts"),
    "surveys": ("survey", "surveys"),
}


def written(unit: str, value: pl.Expr, currency: str) -> pl.Expr:
    """A column of numbers as text; null stays null.

    >>> table = pl.DataFrame({"days": [1.0, 8.6, 0.0], "money": [1234.5, 0.5, 99.994], "share": [0.345, 0.0, 1.0]})
    >>> table.select(written("days", pl.col("days"), "USD")).to_series().to_list()
    ['1 day', '9 days', '0 days']
    >>> table.select(written("currency", pl.col("money"), "USD")).to_series().to_list()
    ['1,235 USD', '0.50 USD', '99.99 USD']
    >>> table.select(written("share", pl.col("share"), "USD")).to_series().to_list()
    ['35 %', '0 %', '100 %']
    """
    number = value.cast(pl.Float64)
    if unit == "currency":
        return _money(number) + f" {currency}"
    if unit == "share":
        return _whole(number * 100) + " %"
    if unit == "score":
        return _fixed(number, 1).str.strip_suffix(".0")
    if unit == "ratio":
        return _fixed(number, 1) + "×"
    if unit == "yes/no":
        return pl.when(number > 0).then(pl.lit("yes")).when(number.is_not_null()).then(pl.lit("no"))
    if unit in NOUNS:
        one, many = NOUNS[unit]
        return _whole(number) + pl.when(_rounded(number) == 1).then(pl.lit(f" {one}")).otherwise(pl.lit(f" {many}"))
    return _whole(number)


def _rounded(number: pl.Expr) -> pl.Expr:
    # Half goes up everywhere, so that two machines write the same.
    return (number + 0.5).floor().cast(pl.Int64)


def _whole(number: pl.Expr) -> pl.Expr:
    return _thousands(_rounded(number).cast(pl.String))


def _thousands(digits: pl.Expr) -> pl.Expr:
    grouped = digits.str.reverse().str.replace_all(r"(\d{3})", "$1,").str.reverse()
    return grouped.str.strip_chars_start(",").str.replace("^-,", "-")


def _fixed(number: pl.Expr, decimals: int) -> pl.Expr:
    scale: int = 10**decimals
    scaled = _rounded(number * scale)
    whole, rest = scaled // scale, scaled % scale
    return _thousands(whole.cast(pl.String)) + "." + rest.cast(pl.String).str.zfill(decimals)


def _money(number: pl.Expr) -> pl.Expr:
    return pl.when(number.abs() >= 100).then(_whole(number)).otherwise(_fixed(number, 2))
