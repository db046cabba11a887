"""One block of customers of a whole company as tables, and the truth about them."""

import polars as pl

from pipeline.simulate.causal import (
    accounts,
    contacts,
    events,
    loyalty_points,
    promises,
    surveys,
    tickets,
    transactions,
)
from pipeline.simulate.causal.company_history import lived
from pipeline.simulate.causal.company_settings import Whole, WholePlan
from pipeline.simulate.causal.truth import truth
from pipeline.simulate.trajectories import BLOCK

TABLES = ("transactions", "events", "contacts", "tickets", "surveys", "customers", "subscriptions", "loyalty",
          "commitments")  # fmt: skip
NAMES = (*TABLES, "truth", "effects")


def names(company: Whole) -> tuple[str, ...]:
    """The tables a company writes block by block: those it has, and the truth."""
    absent = set() if company.contracts else {"subscriptions"}
    absent |= set() if company.rates.member_share else {"loyalty"}
    absent |= set() if company.rates.promises_per_year else {"commitments"}
    return tuple(name for name in (*TABLES, "truth") if name not in absent)


def whole_block(plan: WholePlan, number: int) -> dict[str, pl.DataFrame]:
    """Simulate one block of customers and tell the truth about them; a pure function that runs anywhere.

    Parameters
    ----------
    plan
        What is simulated.
    number
        Which block, from 0.

    Returns
    -------
    dict of polars.DataFrame
        One table for each of `names`, sorted by customer and day.
    """
    past, wanted = lived(plan, number), names(plan.company)
    bought, asked, sent = transactions.baskets(past), tickets.opened(past), contacts.messages(past)
    made = {
        "transactions": lambda: transactions.transactions(past, bought),
        "events": lambda: events.events(past, sent),
        "contacts": lambda: contacts.contacts(past, sent, contacts.playbooks_sent(past)),
        "tickets": lambda: tickets.tickets(past, asked),
        "surveys": lambda: surveys.surveys(past, asked),
        "customers": lambda: accounts.customers(past),
        "subscriptions": lambda: accounts.subscriptions(past),
        "loyalty": lambda: loyalty_points.loyalty(past, bought["amount"].to_numpy()),
        "commitments": lambda: promises.commitments(past),
        "truth": lambda: truth(past),
    }
    return {name: _first(made[name](), plan.customers - number * BLOCK, past.ids) for name in wanted}


def effects(company: Whole) -> pl.DataFrame:
    """The true effect of each playbook on each cause: the factor on its hazard; one row each."""
    rows = [
        (playbook, cause, factors.get(cause, 1.0))
        for playbook, factors in company.playbooks.items()
        for cause in company.causes
    ]
    return pl.DataFrame(rows, schema={"playbook": pl.String, "cause": pl.String, "factor": pl.Float64}, orient="row")


def _first(table: pl.DataFrame, customers: int, ids: pl.Series) -> pl.DataFrame:
    """The rows of that many first customers; a block is always lived whole, so that more customers change nobody."""
    return table if customers >= BLOCK else table.filter(pl.col("customer_id") <= ids[customers - 1])
