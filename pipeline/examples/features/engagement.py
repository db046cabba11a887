"""Engagement: what the customer did besides buying, by type of event."""

from pipeline.examples.features.declare import Aggregate, Feature
from pipeline.params import Features

EVENTS = frozenset({"events.event_type"})


def features(settings: Features) -> list[Feature]:
    """Declare the family."""
    every: list[str | None] = [None, *settings.event_types]
    return [feature for event_type in every for feature in (*_counts(event_type), _recency(event_type))]


def _counts(event_type: str | None) -> list[Feature]:
    words = "events" if event_type is None else f"events of type {event_type}"
    told = "events" if event_type is None else event_type.replace("_", " ") + " events"
    name = "events" if event_type is None else f"events_{event_type}"
    return [
        Feature(
            f"{name}_{days}d",
            "items",
            "engagement",
            Aggregate("sum", "event", "events", days, item=event_type),
            f"{words} in the last {days} days",
            "down",
            (f"{{{name}_{days}d}} {told} in the last {days} days",),
            needs=EVENTS,
        )
        for days in (30, 90, 365)
    ]


def _recency(event_type: str | None) -> Feature:
    name = "event" if event_type is None else f"event_{event_type}"
    told = "event" if event_type is None else event_type.replace("_", " ")
    return Feature(
        f"days_since_last_{name}",
        "days",
        "engagement",
        Aggregate("min", "event", item=event_type),
        f"days from the last {told} to the snapshot; missing without one",
        "up",
        (f"last {told} {{days_since_last_{name}}} ago",),
        needs=EVENTS,
    )
