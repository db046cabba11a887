"""Contact: what all teams together sent to the customer. For contact policy and reports; no feature by default."""

from pipeline.config.params import Features
from pipeline.examples.features.declare import Aggregate, Feature, Formula, part

SENT = frozenset({"contacts.ts"})
TEAMS = SENT | {"contacts.team"}
PURPOSE = SENT | {"contacts.purpose"}
VALUE = SENT | {"contacts.has_value"}


def features(_settings: Features) -> list[Feature]:
    """Declare the family."""
    return [*_load(), *_kinds(), _neglect(), _granted()]


def _load() -> list[Feature]:
    sent = [
        Feature(
            f"contacts_{days}d",
            "contacts",
            "contact",
            Aggregate("sum", "contact", "contacts", days),
            f"messages and calls of all teams in the last {days} days",
            "up",
            SENT,
            causes=("C33",),
            is_treatment=True,
        )
        for days in (7, 30, 90)
    ]
    most = Feature(
        "contacts_on_one_day_90d",
        "contacts",
        "contact",
        Aggregate("max", "contact", "contacts", 90),
        "most messages and calls on one day of the last 90",
        "up",
        SENT,
        causes=("C33",),
        is_treatment=True,
    )
    teams = Feature(
        "teams_on_one_day_90d",
        "items",
        "contact",
        Aggregate("max", "contact", "teams", 90),
        "most teams that got in touch on one and the same day of the last 90",
        "up",
        TEAMS,
        causes=("C34",),
        is_treatment=True,
    )
    return [*sent, most, teams]


def _kinds() -> list[Feature]:
    return [
        part("contacts_sent_90d", Aggregate("sum", "contact", "contacts", 90), SENT),
        part("offers_90d", Aggregate("sum", "contact", "offers", 90), PURPOSE),
        part("valuable_90d", Aggregate("sum", "contact", "valuable", 90), VALUE),
        Feature(
            "offer_share_90d",
            "share",
            "contact",
            Formula("offers_90d / nullif(contacts_sent_90d, 0)"),
            "messages and calls of the last 90 days that only ask to buy",
            "up",
            PURPOSE,
            causes=("C35",),
            is_treatment=True,
        ),
        Feature(
            "valuable_share_90d",
            "share",
            "contact",
            Formula("valuable_90d / nullif(contacts_sent_90d, 0)"),
            "messages and calls of the last 90 days that gave the customer something useful",
            "down",
            VALUE,
            causes=("C32",),
            is_treatment=True,
        ),
    ]


def _neglect() -> Feature:
    return Feature(
        "days_since_last_contact",
        "days",
        "contact",
        Aggregate("min", "contact"),
        "days since any team last got in touch; missing where nobody ever did",
        "up",
        SENT,
        causes=("C01",),
        is_treatment=True,
    )


def _granted() -> Feature:
    return Feature(
        "personal_discount_365d",
        "currency",
        "contact",
        Aggregate("sum", "purchase", "personal_discount_minor", 365),
        "price reductions granted to this customer alone in the last 365 days",
        "none",
        frozenset({"transactions.personal_discount"}),
        causes=("C47",),
        is_treatment=True,
    )
