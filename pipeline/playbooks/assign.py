"""One action per customer, or nothing and why."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from pipeline.playbooks import allocation, cooldown, record
from pipeline.playbooks.declared import Playbook
from pipeline.playbooks.holds import NO_HOLDS, Holds
from pipeline.playbooks.rules import applies
from pipeline.playbooks.why_not import LOSS_MAKING as LOSS_MAKING
from pipeline.playbooks.why_not import why_not

MOST_URGENT_FIRST = {"value_at_stake": True, "churn_probability": True, "customer_id": False}


def assign(
    scores: pl.DataFrame,
    playbooks: dict[str, Playbook],
    as_of: date,
    currency: str,
    earlier: pl.DataFrame,
    holds: Holds = NO_HOLDS,
) -> pl.DataFrame:
    """Give each customer the first playbook that is for them, pays, does not rest, and has room left.

    It pays if it costs less than is at stake, or less than the part of it that the playbook is expected to keep. Where
    serving a customer costs more than it brings (``loss_making``), only what is free is given; unless somebody put on
    record why this customer is kept all the same (``strategic``): then neither costs nor stakes hold it back. Room
    goes to those with most at stake; a control takes none of it and is given nothing.

    Parameters
    ----------
    scores
        One row per customer, with the columns of ``data/scores``, and ``is_control``.
    playbooks
        In order of preference.
    as_of
        The day due days are counted from.
    currency
        ISO code, for the words about cost.
    earlier
        The decisions of earlier weeks, with the columns of `cooldown.EARLIER`.
    holds
        What guards and contact policy hold back, and which actions are open, of the same customers in the same order.

    Returns
    -------
    polars.DataFrame
        The rows of `scores` with ``playbook, tactic, action, channel, who, task_owner, due_day, cost, caution`` (null
        without an action; ``task_owner`` also where no person has to act), ``given_day`` (of the list that gave it
        first), ``why_not`` (null with an action), ``second_choice``, the next playbook that was open to who has an
        action, and ``would_have_been``, the playbook a control would have been given.
    """
    tests = scores.select(
        pl.col("is_control"),
        *(applies(book.when).alias(f"wanted_{at}") for at, book in enumerate(playbooks.values())),
        *(_pays(book).alias(f"pays_{at}") for at, book in enumerate(playbooks.values())),
    )
    tests = tests.with_columns(
        cooldown.rests(name, book, scores, earlier, as_of).alias(f"rests_{at}")
        for at, (name, book) in enumerate(playbooks.items())
    )
    tests, holds = holds.stand_between(tests, playbooks)
    placed = holds.kept_or(_placed(tests, scores, holds.rooms(playbooks, scores)))
    chosen = scores.with_columns(placed, *_obstacle(tests, len(playbooks)))
    chosen = chosen.with_columns(record.second_choice(_open_to(tests, len(playbooks)), chosen["chosen"], playbooks))
    described = chosen.join(_described(playbooks, as_of), on="chosen", how="left", maintain_order="left")
    told = holds.told(_told(described, playbooks, currency), playbooks, as_of)
    return told.drop("chosen", "wanted", "obstacle")


def _pays(playbook: Playbook) -> pl.Expr:
    """The action costs less than is expected to be lost without it."""
    worth_it = pl.col("value_at_stake") * (playbook.effect or 1.0) > playbook.cost
    allowed = worth_it if playbook.cost == 0 else worth_it & ~pl.col("loss_making")
    return allowed | pl.col("strategic")


def _placed(tests: pl.DataFrame, scores: pl.DataFrame, playbooks: dict[str, Playbook]) -> pl.Series:
    """The number of the playbook each customer is given, or would have been were he or she no control."""
    columns = [(tests[f"wanted_{at}"], tests[f"pays_{at}"], tests[f"rests_{at}"]) for at in range(len(playbooks))]
    places = allocation.allocate(
        [(wanted & pays & ~rests).to_numpy() for wanted, pays, rests in columns],
        [book.capacity for book in playbooks.values()],
        scores.select(pl.arg_sort_by(list(MOST_URGENT_FIRST), descending=list(MOST_URGENT_FIRST.values())))
        .to_series().to_numpy().astype(np.int64),
        tests["is_control"].to_numpy(),
    )  # fmt: skip
    return pl.Series("chosen", places).replace(allocation.NOTHING, None)


def _open_to(tests: pl.DataFrame, number: int) -> list[pl.Series]:
    """For each playbook, whom nothing but its room can keep from it."""
    return [tests[f"wanted_{at}"] & tests[f"pays_{at}"] & ~tests[f"rests_{at}"] for at in range(number)]


def _obstacle(tests: pl.DataFrame, number: int) -> tuple[pl.Series, pl.Series]:
    """The first playbook that is for each customer, and what can stand between them: cost, rest or room."""
    wanted = [pl.when(f"wanted_{at}").then(pl.lit(at, dtype=pl.Int64)) for at in range(number)]
    what = [
        pl.when(f"wanted_{at}").then(
            pl.when(~pl.col(f"pays_{at}")).then(pl.lit("cost"))
            .when(f"rests_{at}").then(pl.lit("rest"))
            .otherwise(pl.lit("room"))
        )
        for at in range(number)
    ]  # fmt: skip
    found = tests.select(pl.coalesce(wanted).alias("wanted"), pl.coalesce(what).alias("obstacle"))
    return found["wanted"], found["obstacle"]


def _described(playbooks: dict[str, Playbook], as_of: date) -> pl.DataFrame:
    rows = [
        (at, name, p.tactic, p.action, p.channels[0], p.who, p.who if p.is_task else None,
         as_of + timedelta(days=p.due_in_days), p.cost, p.caution)
        for at, (name, p) in enumerate(playbooks.items())
    ]  # fmt: skip
    texts = dict.fromkeys(("playbook", "tactic", "action", "channel", "who", "task_owner"), pl.String)
    schema = {"chosen": pl.Int64, **texts, "due_day": pl.Date, "cost": pl.Float64, "caution": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _told(described: pl.DataFrame, playbooks: dict[str, Playbook], currency: str) -> pl.DataFrame:
    """What a control would have been given steps aside, a task gets its owner, and nothing gets its reason."""
    given = ("playbook", "tactic", "action", "channel", "who", "task_owner", "due_day", "cost", "caution",
             "second_choice")  # fmt: skip
    described = described.with_columns(
        pl.when("is_control").then("playbook").alias("would_have_been"),
        pl.when(pl.col("task_owner").is_not_null()).then(pl.coalesce("owner", "task_owner")).alias("task_owner"),
        why_not(playbooks, currency),
    )
    return described.with_columns(pl.when(~pl.col("is_control")).then(name).alias(name) for name in given)
