"""What ``benchmarks/playbooks.py`` has to give: offers, whom each is for, the effects a control group would measure."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import polars as pl

from pipeline.playbooks import expected_saved_value
from pipeline.playbooks.config import playbooks_file
from pipeline.playbooks.config.limits import Limits
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.rules.matching import applies
from pipeline.playbooks.rules.parser import read
from pipeline.playbooks.rules.vocabulary import Vocabulary


@dataclass(frozen=True)
class Offer:
    """One playbook of the simulation, as a company would have it.

    Attributes
    ----------
    tactic
        Of the catalogue.
    who
        The team that does it.
    channel
        How it reaches the customer.
    cost
        Of doing it once, in currency units.
    """

    tactic: str
    who: str
    channel: str
    cost: float


# Costs, teams and channels as in playbooks.yaml, where it has the playbook; else as of one that is like it.
OFFERS: Final = {
    "friendly-call-best-customers": Offer("friendly-check-in-call", "customer success", "phone", 4.0),
    "conflict-resolution": Offer("conflict-resolution", "service", "phone", 4.0),
    "commitment-tracking": Offer("commitment-tracking", "customer success", "phone", 4.0),
    "loyalty-benefit": Offer("loyalty-benefits", "marketing", "e-mail", 2.0),
    "bonus-expiry-reminder": Offer("bonus-expiry-reminder", "marketing", "e-mail", 0.1),
    "points-instead-of-discount": Offer("points-programme", "marketing", "app", 1.5),
    "widen-the-basket": Offer("cross-sell-related", "marketing", "e-mail", 0.2),
    "product-novelty": Offer("product-novelty", "marketing", "e-mail", 0.2),
    "welcome-and-tips": Offer("new-customer-newsletter", "marketing", "e-mail", 0.1),
    "contact-rest": Offer("contact-coordination", "marketing", "all", 0.0),
    "value-demonstration": Offer("value-demonstration", "marketing", "e-mail", 0.5),
    "discount-promotion": Offer("personal-post-sale-offer", "marketing", "e-mail", 1.5),
}
DISCOUNT: Final = "discount-promotion"
TEAMS: Final = ("customer success", "service")
# Who is overdue by his or her own measure has often left already, and nobody keeps who has left; nor do those whose
# risk is small have as large a part of it in the told cause.
OVERDUE: Final = ("days_since_last_order_per_usual_gap", (0.0, 1.0, 2.0, float("inf")))
RISK: Final = ("churn_probability", (0.0, 0.1, 0.2, 0.5, float("inf")))
# Churners lost to a cause whose experience with a playbook, among all told it, counts as much as that of the cell.
SHRUNK_BY: Final = 3.0
LEAST_EFFECT: Final = 0.0001
COST_OF_CALL: Final = 4.0
HANDS: Final = 1 / 8


def name_uplift_column(offer: str) -> str:
    """The column of the truth that holds the uplift of an offer.

    >>> name_uplift_column("contact-rest")
    'uplift_contact_rest'
    """
    return f"uplift_{offer.replace('-', '_')}"


def limits(customers: int, share: float, factor: float) -> Limits:
    """Money for calling a share of the customers, and hands of two teams for an eighth of these calls each.

    >>> limits(2000, 0.02, 1.0)
    Limits(budget=160.0, who={'customer success': 5, 'service': 5}, channel={}, owner=None)
    """
    budget = round(customers * share * COST_OF_CALL * factor, 2)
    return Limits(budget=budget, who=dict.fromkeys(TEAMS, max(1, round(customers * share * HANDS))))


def cells() -> list[str]:
    """The conditions by which the effect of a playbook may differ, each as the part of a rule.

    >>> len(cells()), cells()[0]
    (12, '(days_since_last_order_per_usual_gap <= 1 or days_since_last_order_per_usual_gap is unknown) and \
churn_probability < 0.1')
    """
    # Who has no usual gap yet is new, and as little overdue as anybody can be.
    on_time, *late = _spans(*OVERDUE, "<=", ">")
    risks = _spans(*RISK, "<", ">=")
    return [f"{when} and {risk}" for when in (f"({on_time} or {OVERDUE[0]} is unknown)", *late) for risk in risks]


def _spans(name: str, bounds: tuple[float, ...], up_to: str, from_: str) -> list[str]:
    conditions = []
    for low, high in pairwise(bounds):
        parts = [f"{name} {from_} {low:g}"] * (low > 0) + [f"{name} {up_to} {high:g}"] * (high < float("inf"))
        conditions.append(" and ".join(parts))
    return conditions


def measured(seen: pl.DataFrame, answers: dict[str, list[str]], *, shrunk: bool) -> dict[tuple[str, str], float]:
    """The share of those lost that each offer keeps, by rule, as a control group would have measured it.

    There are rules for whom a cause is told, of what is lost to that cause; and for everybody, of all that is lost.

    Parameters
    ----------
    seen
        Customers with what was told of them, their probability and the uplift of each offer.
    answers
        By offer, the causes it is for.
    shrunk
        Whether few customers are drawn to all who were told the cause.
    """
    effects = {}
    parts = {cell: seen.select(applies(read(cell))).to_series() for cell in cells()}
    for cause in (None, *sorted(set().union(*answers.values()))):
        named = f"evidence_causes has {cause} and " if cause else ""
        rule = read(f"evidence_causes has {cause}" if cause else "everyone")
        rows = seen.select(
            applies(rule).alias("told"),
            (pl.col("churn_probability") * expected_saved_value.answered(rule)).alias("lost"),
            *map(name_uplift_column, answers),
        )
        for offer in (name for name, causes in answers.items() if cause is None or cause in causes):
            whole = _effect(rows.filter("told"), offer, 0.0)
            for cell, inside in parts.items():
                effect = _effect(rows.filter(pl.col("told") & inside), offer, whole, SHRUNK_BY if shrunk else 0.0)
                if effect >= LEAST_EFFECT:
                    effects[offer, f"{named}{cell}"] = min(effect, 1.0)
    return effects


def _effect(rows: pl.DataFrame, offer: str, like: float, weight: float = 0.0) -> float:
    """Uplift over those lost to the cause, drawn to another effect as if `weight` such customers had shown that one."""
    lost = float(rows["lost"].sum()) + weight
    return (float(rows[name_uplift_column(offer)].sum()) + weight * like) / lost if lost > 0 else 0.0


def as_declared(effects: dict[tuple[str, str], float], names: Vocabulary, factor: float) -> dict[str, Playbook]:
    """What ``playbooks.yaml`` would hold: one playbook per offer and rule, with the effect that was measured.

    The names are those of the offers, numbered.
    """
    content = {
        f"{offer}-{number}": {
            "tactic": OFFERS[offer].tactic, "when": rule, "action": offer, "channel": OFFERS[offer].channel,
            "who": OFFERS[offer].who, "due_in_days": 3, "cost": OFFERS[offer].cost * factor, "effect": effect,
        }
        for number, ((offer, rule), effect) in enumerate(effects.items())
    }  # fmt: skip
    return playbooks_file.parse({"playbooks": content}, names)
