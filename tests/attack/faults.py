"""Families of faults that leave every file readable: each takes the tables of a morning and gives back wrong ones."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import polars as pl

from tests.attack.companies import CONSENTS, Tables

Fault = Callable[[Tables, date, float, random.Random], Tables]


def _some(table: pl.DataFrame, share: float, dice: random.Random) -> pl.Series:
    """So many rows, chosen at random."""
    chosen = set(dice.sample(range(len(table)), round(share * len(table))))
    return pl.Series([place in chosen for place in range(len(table))], dtype=pl.Boolean)


def _day(table: pl.DataFrame, column: str = "ts") -> pl.Series:
    return table[column].cast(pl.Date)


def _sales(tables: Tables, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Tables:
    return tables | {"transactions": change(tables["transactions"])}


def recent_sales_lost(tables: Tables, day: date, strength: float, dice: random.Random) -> Tables:
    """Some of the orders of the last two weeks did not come."""
    return _sales(
        tables,
        lambda rows: rows.filter(~((_day(rows) >= day - timedelta(days=14)) & _some(rows, strength, dice))),
    )


def sales_lost(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """Some of all orders did not come."""
    return _sales(tables, lambda rows: rows.filter(~_some(rows, strength, dice)))


def first_months_lost(tables: Tables, day: date, strength: float, _dice: random.Random) -> Tables:
    """The archive begins later than it did."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        first = _day(rows).min()
        return rows.filter(_day(rows) >= first + (day - first) * strength * 0.9)

    return _sales(tables, change)


def a_month_lost(tables: Tables, day: date, strength: float, dice: random.Random) -> Tables:
    """Orders of some days in a row, some time in the last year, are gone."""
    until = day - timedelta(days=dice.randrange(15, 330))
    since = until - timedelta(days=round(60 * strength))
    return _sales(tables, lambda rows: rows.filter(~_day(rows).is_between(since, until, closed="left")))


def sales_again(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """Some orders come once more under other numbers."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        again = rows.filter(_some(rows, strength, dice))
        return pl.concat([rows, again.with_columns(transaction_id="again-" + pl.col("transaction_id"))])

    return _sales(tables, lambda rows: change(rows.with_columns(pl.col("transaction_id").cast(pl.String))))


def recent_sales_again(tables: Tables, day: date, strength: float, dice: random.Random) -> Tables:
    """Some orders of the last week come once more under other numbers."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        again = rows.filter((_day(rows) >= day - timedelta(days=7)) & _some(rows, strength, dice))
        return pl.concat([rows, again.with_columns(transaction_id="again-" + pl.col("transaction_id"))])

    return _sales(tables, lambda rows: change(rows.with_columns(pl.col("transaction_id").cast(pl.String))))


def amounts_scaled(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """Amounts with tax, in another unit or in another currency."""
    times = (1 + strength) if dice.random() < 0.5 else dice.choice([100.0, 0.01, 10.0])
    return _sales(tables, lambda rows: rows.with_columns((pl.col("amount") * times).round(2)))


def recent_amounts_scaled(tables: Tables, day: date, strength: float, dice: random.Random) -> Tables:
    """Amounts of the last two weeks with tax, in another unit or in another currency."""
    times = (1 + 4 * strength) if dice.random() < 0.5 else dice.choice([100.0, 0.01, 10.0])
    late = pl.col("ts").cast(pl.Date) >= day - timedelta(days=14)
    return _sales(
        tables,
        lambda rows: rows.with_columns(
            pl.when(late).then((pl.col("amount") * times).round(2)).otherwise("amount").alias("amount")
        ),
    )


def signs_flipped(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """Some sales are refunds now."""
    return _sales(
        tables,
        lambda rows: rows.with_columns(
            amount=pl.when(_some(rows, strength, dice)).then(-pl.col("amount").abs()).otherwise("amount")
        ),
    )


def refunds_lost(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """Some refunds did not come."""
    return _sales(tables, lambda rows: rows.filter(~((rows["amount"] < 0) & _some(rows, strength, dice))))


def _renamed(tables: Tables, ids: dict[str, str], names: list[str]) -> Tables:
    return {
        name: table.with_columns(pl.col("customer_id").cast(pl.String).replace(ids)) if name in names else table
        for name, table in tables.items()
    }


def _ids(tables: Tables) -> list[str]:
    return sorted(tables["customers"]["customer_id"].cast(pl.String).unique().to_list())


def renumbered(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """Some customers have new ids, in all tables."""
    who = dice.sample(_ids(tables), round(strength * len(_ids(tables))))
    return _renamed(tables, {one: f"{one}9" for one in who}, list(tables))


def ids_of_others(tables: Tables, day: date, strength: float, dice: random.Random) -> Tables:
    """Orders of some customers stand under each other's ids: the same ids, the same orders, other people."""
    who = dice.sample(_ids(tables), max(2, round(strength * len(_ids(tables)))))
    return _renamed(tables, dict(zip(who, [*who[1:], who[0]], strict=True)), ["transactions"])


def recent_ids_of_others(tables: Tables, day: date, strength: float, dice: random.Random) -> Tables:
    """Orders of the last two weeks of some customers stand under each other's ids."""
    rows = tables["transactions"]
    late = _day(rows) >= day - timedelta(days=14)
    turned = ids_of_others({**tables, "transactions": rows.filter(late)}, day, strength, dice)
    kept = rows.filter(~late).with_columns(pl.col("customer_id").cast(pl.String))
    return tables | {"transactions": pl.concat([kept, turned["transactions"]])}


def days_shifted(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """All orders some days off, as from another clock."""
    by = timedelta(days=-max(1, round(7 * strength)))
    return _sales(tables, lambda rows: rows.with_columns(pl.col("ts") + by))


def _register(tables: Tables, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Tables:
    return tables | {"customers": change(tables["customers"])}


def consent_emptied(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """Of some customers no consent is known any more."""
    columns = dice.sample(sorted(CONSENTS.values()), dice.randrange(1, 4))
    return _register(
        tables,
        lambda rows: rows.with_columns(
            pl.when(_some(rows, strength, dice)).then(None).otherwise(name).alias(name) for name in columns
        ),
    )


def consent_turned(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """Some customers agree now, of whom it was said that they do not."""
    columns = dice.sample(sorted(CONSENTS.values()), dice.randrange(1, 4))
    return _register(
        tables,
        lambda rows: rows.with_columns(
            pl.when(_some(rows, strength, dice)).then(statement=True).otherwise(name).alias(name) for name in columns
        ),
    )


def consent_columns_gone(tables: Tables, _day: date, _strength: float, dice: random.Random) -> Tables:
    """A column of the register is there and holds nothing."""
    name = dice.choice(sorted(CONSENTS.values()))
    return _register(tables, lambda rows: rows.with_columns(pl.lit(None, pl.Boolean).alias(name)))


def register_lost(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """Some customers are not in the register."""
    return _register(tables, lambda rows: rows.filter(~_some(rows, min(strength, 0.98), dice)))


def register_shuffled(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """A column of the register slipped against the ids."""
    name = dice.choice(["owner", "name", "country", "market", "email_opt_in"])

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        number = max(2, round(strength * len(rows)))
        values = rows[name].to_list()
        head = values[:number]
        return rows.with_columns(pl.Series(name, [*head[1:], head[0], *values[number:]], dtype=rows[name].dtype))

    return _register(tables, change)


def owners_emptied(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """Some customers have no owner any more."""
    return _register(
        tables, lambda rows: rows.with_columns(owner=pl.when(_some(rows, strength, dice)).then(None).otherwise("owner"))
    )


OPTIONAL = ("events", "tickets", "surveys", "contacts", "subscriptions", "loyalty", "commitments")


def table_silent(tables: Tables, day: date, strength: float, dice: random.Random) -> Tables:
    """Nothing came of a table for some weeks."""
    name = dice.choice([name for name in OPTIONAL if name in tables and name not in {"subscriptions"}])
    column = {"tickets": "opened_ts", "commitments": "made_ts"}.get(name, "ts")
    since = day - timedelta(days=max(7, round(90 * strength)))
    return tables | {name: tables[name].filter(_day(tables[name], column) < since)}


def table_thinned(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """Some rows of a table other than orders did not come."""
    name = dice.choice([name for name in OPTIONAL if name in tables])
    return tables | {name: tables[name].filter(~_some(tables[name], min(strength, 0.98), dice))}


def event_types_renamed(tables: Tables, day: date, _strength: float, dice: random.Random) -> Tables:
    """What a type of event is called has changed with a release."""
    kind = dice.choice(sorted(tables["events"]["event_type"].unique().to_list()))
    rows = tables["events"]
    recent = (_day(rows) >= day - timedelta(days=21)) & (rows["event_type"] == kind)
    return tables | {"events": rows.with_columns(event_type=pl.when(recent).then(pl.lit("v2")).otherwise("event_type"))}


def channel_lost(tables: Tables, day: date, _strength: float, dice: random.Random) -> Tables:
    """Of one channel or store nothing came for two weeks."""
    rows = tables["transactions"]
    column = dice.choice(["channel", "store_id"])
    value = dice.choice(sorted(rows[column].drop_nulls().cast(pl.String).unique().to_list()))
    gone = (_day(rows) >= day - timedelta(days=14)) & (rows[column].cast(pl.String) == value).fill_null(value=False)
    return _sales(tables, lambda table: table.filter(~gone))


def column_emptied(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """A column that features are made of holds less."""
    name = dice.choice(["category", "product_id", "list_amount", "discount", "channel"])
    return _sales(
        tables,
        lambda rows: rows.with_columns(pl.when(_some(rows, strength, dice)).then(None).otherwise(name).alias(name)),
    )


def contracts_without_end(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """Cancellations did not come."""
    if "subscriptions" not in tables:
        return tables
    rows = tables["subscriptions"]
    lost = _some(rows, strength, dice)
    return tables | {"subscriptions": rows.with_columns(cancel_day=pl.when(lost).then(None).otherwise("cancel_day"))}


def all_disputes(tables: Tables, _day: date, strength: float, dice: random.Random) -> Tables:
    """A flag of tickets is set on many of them."""
    rows = tables["tickets"]
    name = dice.choice(["is_dispute", "is_complaint"])
    flagged = pl.when(_some(rows, strength, dice)).then(statement=True).otherwise(name).alias(name)
    return tables | {"tickets": rows.with_columns(flagged)}


FAMILIES: Final[dict[str, Fault]] = {
    fault.__name__: fault
    for fault in (
        recent_sales_lost, sales_lost, first_months_lost, a_month_lost, sales_again, recent_sales_again, amounts_scaled,
        recent_amounts_scaled, signs_flipped, refunds_lost, renumbered, ids_of_others, recent_ids_of_others,
        days_shifted, consent_emptied, consent_turned, consent_columns_gone, register_lost, register_shuffled,
        owners_emptied, table_silent, table_thinned, event_types_renamed, channel_lost, column_emptied,
        contracts_without_end, all_disputes,
    )
}  # fmt: skip
