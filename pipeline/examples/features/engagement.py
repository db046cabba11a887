"""Engagement: what the customer did besides buying, by type of event."""

from dataclasses import replace

from pipeline.config.params import Features
from pipeline.config.slugs import plain, slug
from pipeline.examples.features.declare import Aggregate, Feature, Formula, part
from pipeline.examples.features.tenure import NEWCOMER_DAYS

EVENTS = frozenset({"events.event_type"})
# What a type of warning speaks for, where its name is a usual one.
WARNING_CAUSES = {
    "unsubscribe": ("C33",),
    "spam_mark": ("C33",),
    "price_page": ("C27",),
    "cart_abandoned": ("C41", "C29"),
    "form_abandoned": ("C43",),
    "zero_result_search": ("C42",),
    "out_of_stock": ("C42", "C46"),
    "data_export": ("C25",),
    "integration_removed": ("C25",),
}


def features(settings: Features) -> list[Feature]:
    """Declare the family."""
    every: list[str | None] = [None, *settings.event_types]
    counted = [one for kind in every for one in _of(kind, [*_counts(kind), *_trend(kind), _recency(kind)])]
    rhythms = [one for kind in settings.event_types for one in _of(kind, _rhythm(kind))]
    return [
        *counted,
        *rhythms,
        *(one for kind in settings.warning_types for one in _of(kind, _warnings(kind))),
        *(one for kind in settings.usage_types for one in _of(kind, _usage(kind))),
    ]


def _of(event_type: str | None, declared: list[Feature]) -> list[Feature]:
    """The features of one event type, which people read of as the company calls it."""
    return [replace(feature, own_name=event_type or "") for feature in declared]


def _counts(event_type: str | None) -> list[Feature]:
    words = "events" if event_type is None else f"events of type {event_type}"
    name = "events" if event_type is None else f"events_{slug(event_type)}"
    return [
        Feature(
            f"{name}_{days}d",
            "items",
            "engagement",
            Aggregate("sum", "event", "events", days, item=event_type),
            f"{words} in the last {days} days",
            "down",
            needs=EVENTS,
        )
        for days in (30, 90, 365)
    ]


def _trend(event_type: str | None) -> list[Feature]:
    words = "events" if event_type is None else f"events of type {event_type}"
    name = "events" if event_type is None else f"events_{slug(event_type)}"
    before = f"{name}_31_to_120d"
    return [
        Feature(
            before,
            "items",
            "engagement",
            Aggregate("sum", "event", "events", 120, skip=30, item=event_type),
            f"{words} in the 90 days before the last 30",
            needs=EVENTS,
        ),
        Feature(
            f"{name}_trend_30d",
            "ratio",
            "engagement",
            Formula(f"{name}_30d * 3.0 / nullif({before}, 0)"),
            f"{words} per day in the last 30 days over those in the 90 days before; 1 is no change",
            "down",
            needs=EVENTS,
        ),
    ]


def _rhythm(event_type: str) -> list[Feature]:
    name, noun = f"event_{slug(event_type)}", event_type.replace("_", " ")
    first, days, usual = f"first_{name}_days_ago", f"{name}_days", f"{name}_gap_mean_days"
    return [
        part(first, Aggregate("max", "event", item=event_type), EVENTS),
        part(days, Aggregate("count", "event", item=event_type), EVENTS),
        Feature(
            usual,
            "days",
            "engagement",
            Formula(f"({first} - days_since_last_{name}) / nullif({days} - 1, 0)"),
            f"mean gap between days with a {noun}",
            "up",
            needs=EVENTS,
        ),
        Feature(
            f"days_since_last_{name}_per_usual_gap",
            "ratio",
            "engagement",
            Formula(f"days_since_last_{name} / {usual}"),
            f"days since the last {noun} over the customer's own mean gap between them",
            "up",
            needs=EVENTS,
            is_sure=True,
        ),
    ]


def _recency(event_type: str | None) -> Feature:
    name = "event" if event_type is None else f"event_{slug(event_type)}"
    noun = "event" if event_type is None else event_type.replace("_", " ")
    return Feature(
        f"days_since_last_{name}",
        "days",
        "engagement",
        Aggregate("min", "event", item=event_type),
        f"days from the last {noun} to the snapshot; missing without one",
        "up",
        needs=EVENTS,
        is_sure=True,
    )


def _warnings(event_type: str) -> list[Feature]:
    """An event that is bad news when it happens, such as an unsubscription: more of it means risk."""
    return [
        Feature(
            f"warnings_{slug(event_type)}_{days}d",
            "items",
            "warnings",
            Aggregate("sum", "event", "events", days, item=event_type),
            f"events of type {event_type} in the last {days} days, each of them bad news",
            "up",
            needs=EVENTS,
            causes=WARNING_CAUSES.get(plain(event_type), ("C12",)),
        )
        for days in (30, 180)
    ]


def _usage(event_type: str) -> list[Feature]:
    """Use of what was bought: who hardly uses it has not understood it, or has no use for it."""
    noun, name = event_type.replace("_", " "), f"uses_{slug(event_type)}"
    counts = [
        Feature(
            f"{name}_{days}d",
            "items",
            "adoption",
            Aggregate("sum", "event", "events", days, item=event_type),
            f"events of type {event_type} in the last {days} days: use of what was bought",
            "down",
            needs=EVENTS,
            causes=("C18", "C21", "C24"),
        )
        for days in (30, 90)
    ]
    newcomer = Feature(
        f"is_newcomer_without_{slug(event_type)}",
        "yes/no",
        "adoption",
        # Later on, no use is how leaving looks, whatever its cause.
        Formula(f"CAST(days_since_first_order BETWEEN 14 AND {NEWCOMER_DAYS} AND {name}_30d = 0 AS INTEGER)"),
        f"whether the first order was 14 to {NEWCOMER_DAYS} days ago, and there was no {noun} event for 30 days",
        "up",
        needs=EVENTS,
        causes=("C18", "C19", "C21"),
    )
    return [*counts, newcomer]
