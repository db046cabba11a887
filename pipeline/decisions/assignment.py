"""One action per customer, or nothing and why."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from pipeline.config.params import Learning
from pipeline.decisions import cooldown, decision_columns, due_days, duties, exploration, optimizer
from pipeline.decisions.capacity import full, limits_left, shares_left
from pipeline.decisions.eligibility import NO_RESTRICTIONS, Eligibility
from pipeline.decisions.obstacle import first_obstacle
from pipeline.decisions.why_not import LOSS_MAKING as LOSS_MAKING
from pipeline.decisions.why_not import why_not
from pipeline.i18n import IN_ENGLISH, Translator
from pipeline.playbooks import expected_saved_value
from pipeline.playbooks.config.limits import NO_LIMITS, Limits
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.config.restrictions import names_a_cause
from pipeline.playbooks.for_whom import is_for

MOST_URGENT_FIRST = {"value_at_stake": True, "churn_probability": True, "customer_id": False}
# What an action for a customer who is kept for more than money counts at least, in currency units.
MIN_WORTH = 0.01


@dataclass(frozen=True)
class Restrictions:
    """What holds actions back besides the rules of the playbooks.

    Attributes
    ----------
    eligibility
        What guards and contact policy hold back, and which actions are open, of the same customers in the same order.
    limits
        Hands, channels and money, across playbooks.
    translator
        Who reads which language.
    max_tasks
        What persons do in a week at most, since it has to stand on a list; None is no limit.
    learning
        For what share of the customers a lot decides; None is for nobody.
    """

    eligibility: Eligibility = NO_RESTRICTIONS
    limits: Limits = NO_LIMITS
    translator: Translator = IN_ENGLISH
    max_tasks: int | None = None
    learning: Learning | None = None


UNRESTRICTED = Restrictions()


def plan(
    scores: pl.DataFrame,
    playbooks: dict[str, Playbook],
    as_of: date,
    currency: str,
    earlier: pl.DataFrame,
    restrictions: Restrictions = UNRESTRICTED,
) -> tuple[pl.DataFrame, optimizer.Plan]:
    """Give each customer one playbook at most, so that together they keep as much as can be kept.

    A playbook can be given to a customer it is for, if it pays, does not rest, and nothing holds it back. It pays if it
    costs less than the part of what is at stake that it is expected to keep, and what it gains besides. Where serving a
    customer costs more than it brings (``loss_making``), only what is free is given; unless somebody put on record why
    this customer is kept all the same (``strategic``): then neither costs nor stakes hold it back. A cause that
    somebody can act on outranks any offer that is for no cause. Of what can be given, that is which keeps most less its
    cost, as far as capacities, hands, channels and the budget go; of equals, the first of the file. A control takes
    none of it and is given nothing. Duties come before all of this, and for everybody; see `pipeline.decisions.duties`.
    For a share of the others a lot decides, before anything is shared out; see `pipeline.decisions.exploration`.

    Parameters
    ----------
    scores
        One row per customer, with the columns of ``data/scores``, and ``is_control``.
    playbooks
        In the order of the file.
    as_of
        The day due days are counted from.
    currency
        ISO code, for the words about cost.
    earlier
        The decisions of earlier weeks, with the columns of `cooldown.EARLIER`.
    restrictions
        What holds actions back, and who reads why.

    Returns
    -------
    polars.DataFrame
        The rows of `scores` with ``playbook, tactic, work, action, channel, who, task_owner, due_day, cost, caution``
        (null without an action; ``task_owner`` also where no person has to act), ``expected_saved_value`` (currency
        units), ``waiting_duty`` (the duty that there are no hands for), ``given_day`` (of the list that gave it first),
        ``why_not`` (null with an action), ``second_choice``, the next best playbook that was open to who has an action,
        ``would_have_been``, the playbook a control would have been given, ``answered_share``, the part (0-1) of the
        risk that the one or the other answers, and the columns of `exploration.Explored.record`.
    allocation.Plan
        How good the shares are beside the best possible, and what each limit is worth.
    """
    kept, answered = (of(playbooks, scores) for of in (expected_saved_value.kept, expected_saved_value.answered_shares))
    tests = pl.concat([scores, kept, answered], how="horizontal").select(
        pl.col("is_control"),
        *(is_for(book, scores).alias(f"wanted_{position}") for position, book in enumerate(playbooks.values())),
        *(_pays(book, position).alias(f"pays_{position}") for position, book in enumerate(playbooks.values())),
        pl.col(kept.columns),
        pl.col(answered.columns),
    )
    tests = tests.with_columns(
        cooldown.rests(name, book, scores, earlier, as_of).alias(f"rests_{position}")
        for position, (name, book) in enumerate(playbooks.items())
    )
    tests, eligible = restrictions.eligibility.withhold(tests, playbooks)
    tests = tests.with_columns(_outranked(playbooks))
    owed, eligible, there_is, shares = _duties_first(
        tests, scores, playbooks, as_of, currency, replace(restrictions, eligibility=eligible)
    )
    tests = tests.with_columns(owed.is_settled().alias("is_settled"))
    drawn = exploration.draw(
        tests, scores, playbooks, exploration.Room(there_is, shares), (restrictions.learning, as_of)
    )
    there_is, shares = drawn.limits, drawn.shares
    tests = tests.with_columns(pl.col("is_settled") | drawn.record["is_explored"])
    shared = _shared(tests, scores, playbooks, there_is, shares)
    for_profit = pl.Series("chosen", shared.places).replace(optimizer.NOTHING, None)
    new = pl.select(pl.coalesce(owed.placed, drawn.placed, for_profit).alias("chosen")).to_series()
    placed = eligible.continued_or(new)
    wanted, obstacle = first_obstacle(tests, len(playbooks), owed)
    chosen = scores.with_columns(
        placed, wanted, obstacle, _second(shared, playbooks), _named(owed.waiting, playbooks).alias("waiting_duty"),
        shares.is_full(np.where(scores["is_control"], optimizer.NOTHING, shared.places)).alias("owner_is_full"),
    )  # fmt: skip
    chosen = chosen.with_columns(
        _of_number(kept, chosen["chosen"]).round(2).alias("expected_saved_value"),
        _of_number(kept, chosen["wanted"]).round(2).alias("kept"),
        _of_number(answered, chosen["chosen"]).round(6).alias("answered_share"),
        *drawn.record,
    )
    described = chosen.join(
        decision_columns.described(playbooks), on="chosen", how="left", maintain_order="left"
    ).with_columns(due_days.each(playbooks, pl.lit(as_of), as_of))
    words = why_not(playbooks, currency, full(shared, there_is, len(playbooks)), restrictions.translator)
    decided = eligible.add_open_actions(decision_columns.complete(described, words), playbooks, as_of)
    return decided.drop("chosen", "wanted", "kept", "is_duty", "owner_is_full"), shared


def _duties_first(
    tests: pl.DataFrame,
    scores: pl.DataFrame,
    playbooks: dict[str, Playbook],
    as_of: date,
    currency: str,
    restrictions: Restrictions,
) -> tuple[duties.Duties, Eligibility, list[optimizer.Limit], optimizer.Shares]:
    """Who is given which duty, which actions go on beside them, and what is left of everything scarce."""
    owners = scores["owner"] if "owner" in scores.columns else pl.repeat(None, len(scores), dtype=pl.String, eager=True)
    eligible = restrictions.eligibility

    def left(of: Eligibility) -> list[optimizer.Limit]:
        busy = of.going_on(scores, playbooks)
        return limits_left(of.rooms(playbooks, scores), restrictions.limits, currency, busy, restrictions.max_tasks)

    def hands(chosen: pl.Series | None) -> optimizer.Shares:
        return shares_left(playbooks, owners, restrictions.limits.owner, chosen)

    # A duty takes the hands that open actions for profit keep busy; only other duties stand in its way.
    open_duties = eligible.open_duties(playbooks)
    first = hands(open_duties.really_open(scores, playbooks))
    owed = duties.place(tests, scores, playbooks, as_of, left(open_duties), first)
    eligible = eligible.without_open(owed.placed.is_not_null())
    goes_on = pl.select(pl.coalesce(owed.placed, eligible.really_open(scores, playbooks))).to_series()
    return owed, eligible, owed.left_of(left(eligible)), hands(goes_on)


def _of_number(of_playbooks: pl.DataFrame, number: pl.Series) -> pl.Series:
    """The column of the playbook of each customer's number; null without one."""
    each = [
        pl.when(pl.lit(number) == position).then(pl.col(name)) for position, name in enumerate(of_playbooks.columns)
    ]
    return of_playbooks.select(pl.coalesce(*each, pl.lit(None, dtype=pl.Float64))).to_series()


def _pays(playbook: Playbook, number: int) -> pl.Expr:
    """The action costs less than it is expected to keep and to gain, or is owed."""
    if playbook.duty:
        return pl.lit(value=True)
    worth_it = pl.col(expected_saved_value.KEPT.format(number)) + playbook.gain > playbook.cost
    allowed = worth_it if playbook.cost == 0 else worth_it & ~pl.col("loss_making")
    return allowed | pl.col("strategic")


def _outranked(playbooks: dict[str, Playbook]) -> list[pl.Expr]:
    """Whoever can be given something against a told cause is not offered something else instead."""
    against = [position for position, book in enumerate(playbooks.values()) if names_a_cause(book)]
    # Resting counts: who was called about the cause last week is not sent an offer this week.
    can_act = [pl.col(f"wanted_{position}") & pl.col(f"pays_{position}") for position in against]
    steps_back = pl.any_horizontal(pl.lit(value=False), *can_act)
    return [
        (steps_back if book.sells and position not in against else pl.lit(value=False)).alias(f"outranked_{position}")
        for position, book in enumerate(playbooks.values())
    ]


def _shared(
    tests: pl.DataFrame,
    scores: pl.DataFrame,
    playbooks: dict[str, Playbook],
    there_is: list[optimizer.Limit],
    shares: optimizer.Shares,
) -> optimizer.Plan:
    """Who is given what, in the rows of `scores`; decided in an order that no file can change."""
    order = scores.select(pl.arg_sort_by(list(MOST_URGENT_FIRST), descending=list(MOST_URGENT_FIRST.values())))
    rows = order.to_series().to_numpy().astype(np.int64)
    worth = (
        scores.with_columns(tests.drop("is_control"))
        .select(
            pl.when(
                pl.col(f"wanted_{position}")
                & pl.col(f"pays_{position}")
                & ~pl.col(f"rests_{position}")
                & ~pl.col(f"outranked_{position}")
                & ~pl.col("is_settled")
                & ~pl.lit(book.duty)
            )
            .then((pl.col(expected_saved_value.KEPT.format(position)) + book.gain - book.cost).clip(MIN_WORTH))
            .otherwise(float("nan"))
            .cast(pl.Float64)
            .alias(str(position))
            for position, book in enumerate(playbooks.values())
        )
        .to_numpy()[rows]
    )
    is_control = tests["is_control"].to_numpy()[rows]
    allocation = optimizer.allocate(worth, there_is, is_control, shares.of(rows))
    places, second = np.empty_like(allocation.places), np.empty_like(allocation.second)
    places[rows], second[rows] = allocation.places, allocation.second
    return replace(allocation, places=places, second=second)


def _second(shared: optimizer.Plan, playbooks: dict[str, Playbook]) -> pl.Series:
    return _named(pl.Series("second_choice", shared.second), playbooks)


def _named(numbers: pl.Series, playbooks: dict[str, Playbook]) -> pl.Series:
    return numbers.replace_strict(dict(enumerate(playbooks)), default=None, return_dtype=pl.String)
