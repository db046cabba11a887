"""A sentence with places, and what fills each of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# A place, and what fills it where that is not of the same name; that may hold places of the feature's name in turn.
PLACE = re.compile(r"{(\w+)(?:=((?:[^{}]|{\w+})+))?}")


@dataclass(frozen=True)
class Phrase:
    """A sentence about one feature.

    Attributes
    ----------
    text
        The sentence as the catalogues hold it, with the names of its places only.
    slots
        What fills each place: the name of a feature, a number of days, or a name in quotes.
    """

    text: str
    slots: dict[str, str]

    @classmethod
    def parse(cls, sentence: str, parts: Mapping[str, str], own_name: str = "") -> "Phrase":
        """Read a sentence of the phrasebook.

        Parameters
        ----------
        sentence
            As its entry says it.
        parts
            What the places of the feature's name stand for, and the feature itself as ``number``.
        own_name
            What the company calls what the feature is about; else the name says it.

        Examples
        --------
        >>> phrase = Phrase.parse(
        ...     "{number} {told} events in the last {window}, {before=events_{told}_ever} ever; {gap_mean_days}",
        ...     {"number": "events_card_open_30d", "told": "card_open", "window": "30"},
        ... )
        >>> phrase.text
        '{number} {told} events in the last {window}, {before} ever; {gap_mean_days}'
        >>> phrase.slots["told"], phrase.slots["window"], phrase.slots["before"]
        ("'card open'", '30', 'events_card_open_ever')
        """
        slots = {place: _fill(place, own, parts, own_name) for place, own in PLACE.findall(sentence)}
        return cls(PLACE.sub(r"{\1}", sentence), slots)

    @property
    def features(self) -> list[str]:
        """The features it speaks of."""
        return [filling for filling in self.slots.values() if not (filling.startswith("'") or filling.isdigit())]

    def __str__(self) -> str:
        """The sentence with everything that fills a place: ``{number=orders_90d} in the last {window=90}``."""
        return PLACE.sub(lambda match: self._written(match[1]), self.text)

    def _written(self, place: str) -> str:
        filling = self.slots[place]
        return f"{{{place}}}" if filling == place else f"{{{place}={filling}}}"


def _fill(place: str, own: str, parts: Mapping[str, str], own_name: str) -> str:
    if own:
        return own.format_map(parts)
    part = parts.get(place, place)
    if place not in parts or place in {"number", "window"}:
        return part
    # A name that the company gave, written as people write it.
    return f"'{(own_name or part).replace('_', ' ')}'"
