"""Which entry of the phrasebook a feature has, by its name."""

import re
from collections.abc import Mapping
from functools import cache
from typing import TypeAlias

from pipeline.config.slugs import slug
from pipeline.examples.features.declare import Aggregate, Feature
from pipeline.reasons.phrases.phrase import Phrase

# Name of a feature, with places -> its sentence, or several, the best first.
Phrasebook: TypeAlias = Mapping[str, str | tuple[str, ...]]
DAYS, NAME = r"\d+", r"\w+"


def find_phrases(feature: Feature, phrasebook: Phrasebook) -> tuple[Phrase, ...]:
    """The sentences about a feature, the best first; none where it has no entry.

    Examples
    --------
    >>> visits = Feature("visits_30d", "events", "engagement", Aggregate("sum", "event", "events", 30), "")
    >>> [str(phrase) for phrase in find_phrases(visits, {"visits_{window}d": "{number} in the last {window}"})]
    ['{number=visits_30d} in the last {window=30}']
    """
    key = find_entry(feature, phrasebook)
    if key is None:
        return ()
    sentences = phrasebook[key]
    parts = {"number": feature.name, **(_read_name(key, feature.name) or {})}
    listed = (sentences,) if isinstance(sentences, str) else sentences
    return tuple(Phrase.parse(text, parts, feature.own_name) for text in listed)


def find_entry(feature: Feature, phrasebook: Phrasebook) -> str | None:
    """The key that fits a feature and spells out most of its name; None where no key fits."""
    left_open = {
        key: sum(map(len, parts.values()))
        for key in phrasebook
        if (parts := _read_name(key, feature.name)) is not None and _counts_item(feature, parts)
    }
    return min(left_open, key=lambda key: left_open[key], default=None)


def _read_name(key: str, name: str) -> dict[str, str] | None:
    """What each place of a key stands for in a name; None where the key does not fit it."""
    match = _compile(key).fullmatch(name)
    return match.groupdict() if match else None


@cache
def _compile(key: str) -> re.Pattern[str]:
    pieces = re.split(r"{(\w+)}", key)
    places = [f"(?P<{place}>{DAYS if place == 'window' else NAME})" for place in pieces[1::2]]
    literal = [re.escape(text) for text in pieces[::2]]
    return re.compile("".join(text + place for text, place in zip(literal, [*places, ""], strict=True)))


def _counts_item(feature: Feature, parts: dict[str, str]) -> bool:
    """Whether a count, if its name is read this way, counts what the name says.

    Else ``events_price_trend_30d``, how many events are of type ``price_trend``, would be the trend of type ``price``.
    """
    names = [part for place, part in parts.items() if place != "window"]
    if not names or not isinstance(feature.how, Aggregate):
        return True
    item = feature.how.item
    return item is not None and bool({item, slug(item)} & set(names))
