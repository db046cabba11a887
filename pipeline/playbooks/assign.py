"""One action per customer, or nothing and why."""

from datetime import date, timedelta

import polars as pl

from pipeline.playbooks.declared import Playbook
from pipeline.playbooks.rules import applies

LOSS_MAKING = "nothing, because serving this customer costs more than it brings (no strategic reason is on record)"


def assign(scores: pl.DataFrame, playbooks: dict[str, Playbook], as_of: date, currency: str) -> pl.DataFrame:
    """Give each customer the first playbook that is for them and costs less than is at stake.

    Where serving a customer costs more than it brings (``loss_making``), only what is free is given; unless somebody
    put on record why this customer is kept all the same (``strategic``): then neither costs nor stakes hold it back.

    Parameters
    ----------
    scores
        One row per customer, with the columns of ``data/scores``.
    playbooks
        In order of preference.
    as_of
        The day due days are counted from.
    currency
        ISO code, for the words about cost.

    Returns
    -------
    polars.DataFrame
        The rows of `scores` with ``playbook, action, channel, who, due_day, cost, caution`` (null without an action)
        and ``why_not`` (null with one).
    """
    books = list(playbooks.values())
    chosen = scores.with_columns(
        _first([_pays(book) for book in books]).alias("chosen"),
        _first([applies(book.when) for book in books]).alias("wanted"),
    )
    described = chosen.join(_described(playbooks, as_of), on="chosen", how="left", maintain_order="left")
    return described.with_columns(_why_not(playbooks, currency)).drop("chosen", "wanted")


def _first(tests: list[pl.Expr]) -> pl.Expr:
    """The place of the first test that holds, null where none does."""
    places = [pl.when(test).then(pl.lit(at, dtype=pl.Int64)) for at, test in enumerate(tests)]
    return pl.coalesce(places)


def _pays(playbook: Playbook) -> pl.Expr:
    """The rule holds, and the action costs less than would be lost without it."""
    worth_it = pl.col("value_at_stake") > playbook.cost
    allowed = worth_it if playbook.cost == 0 else worth_it & ~pl.col("loss_making")
    return applies(playbook.when) & (allowed | pl.col("strategic"))


def _described(playbooks: dict[str, Playbook], as_of: date) -> pl.DataFrame:
    rows = [
        (at, name, p.action, p.channel, p.who, as_of + timedelta(days=p.due_in_days), p.cost, p.caution)
        for at, (name, p) in enumerate(playbooks.items())
    ]
    schema = {
        "chosen": pl.Int64,
        "playbook": pl.String,
        "action": pl.String,
        "channel": pl.String,
        "who": pl.String,
        "due_day": pl.Date,
        "cost": pl.Float64,
        "caution": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _why_not(playbooks: dict[str, Playbook], currency: str) -> pl.Expr:
    too_dear = pl.lit(None, dtype=pl.String)
    for at, playbook in enumerate(playbooks.values()):
        text = pl.format(
            f"nothing, because it would cost {playbook.cost:.2f} {currency} and only {{}} {currency} is at stake",
            pl.col("value_at_stake").round(2),
        )
        too_dear = pl.when(pl.col("wanted") == at).then(text).otherwise(too_dear)
    loses = pl.col("loss_making") & ~pl.col("strategic")
    none_fits = pl.format("nothing, because no playbook is for a {} customer of {} risk", "tier", "risk_band")
    return (
        pl.when(pl.col("chosen").is_not_null())
        .then(pl.lit(None, dtype=pl.String))
        .when(loses & pl.col("wanted").is_not_null())
        .then(pl.lit(LOSS_MAKING))
        .when(pl.col("wanted").is_not_null())
        .then(too_dear)
        .otherwise(none_fits)
        .alias("why_not")
    )
