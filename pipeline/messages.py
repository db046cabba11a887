"""One sentence that is not yet in any language: a template and what stands in it, written out for each reader.

Tables are told column by column (`Translator`). A message is for what is said once: a heading, a verdict, a warning.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeAlias

PLACE = r"{(\w+)}"


class Language(Protocol):
    """What a message asks of a language; `pipeline.i18n.MessageCatalog` knows all of it.

    Messages stand apart from the catalogues, so that a changed translation reruns nothing that only speaks in them.
    """

    def text(self, message: str) -> str:
        """A text in this language."""

    def form(self, one: str, many: str, number: int) -> str:
        """The template for one number."""

    def digits(self, written: str) -> str:
        """A number that is written the English way, with the signs of this language."""

    def written_day(self, day: date) -> str:
        """A day as this language writes it."""


class _English:
    """The language that all templates are in."""

    def text(self, message: str) -> str:
        return message

    def form(self, one: str, many: str, number: int) -> str:
        return one if number == 1 else many

    def digits(self, written: str) -> str:
        return written

    def written_day(self, day: date) -> str:
        return day.isoformat()


ENGLISH: Language = _English()


@dataclass(frozen=True)
class Figure:
    """A number as it is written in English; each language puts its own signs.

    >>> Figure("1,234.5").in_language(ENGLISH)
    '1,234.5'
    """

    digits: str

    def in_language(self, catalog: Language) -> str:
        """The number with the signs of a language."""
        return catalog.digits(self.digits)


@dataclass(frozen=True)
class Message:
    """A sentence with named parts.

    Attributes
    ----------
    text
        The template in English; ``{name}`` stands for a part.
    parts
        What stands in it. Text stays as it is; a whole number, a `Figure` and a day are written as the language does;
        of several parts each is written, with a comma between them.
    one
        The template for one of what `number` counts; empty where nothing is counted.
    number
        Decides on the plural form.

    Examples
    --------
    >>> str(Message("of {number} scored", {"number": 1200}))
    'of 1,200 scored'
    >>> str(counted("{number} order", "{number} orders", 1))
    '1 order'
    """

    text: str
    parts: Mapping[str, "Field"] = field(default_factory=dict, hash=False)
    one: str = ""
    number: int = 0

    def in_language(self, catalog: Language) -> str:
        """The sentence, as a reader of a language is told it."""
        template = catalog.form(self.one, self.text, self.number) if self.one else catalog.text(self.text)
        return re.sub(PLACE, lambda place: written(self.parts[place[1]], catalog), template)

    def __str__(self) -> str:
        """The sentence in English, for logs, errors and reports."""
        return self.in_language(ENGLISH)

    def as_json(self) -> dict[str, Any]:
        """What `from_json` makes the message of again."""
        parts = {name: _packed(part) for name, part in self.parts.items()}
        return {"text": self.text, "parts": parts, "one": self.one, "number": self.number}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Message":
        """A message that was kept in a report.

        >>> kept = Message("of {day}: {why}", {"day": date(2024, 3, 1), "why": (Message("x"), Figure("0.5"))})
        >>> Message.from_json(kept.as_json()) == kept
        True
        """
        parts = {name: _unpacked(part) for name, part in content["parts"].items()}
        return cls(content["text"], parts, content["one"], content["number"])


Field: TypeAlias = str | int | date | Figure | Message | tuple["Field", ...]
Sentence: TypeAlias = str | Message


def say(text: str, **parts: Field) -> Message:
    """A message, its template written out where it is said: the catalogues are made of what stands there."""
    return Message(text, parts)


def counted(one: str, many: str, number: int, **parts: Field) -> Message:
    """A message that counts; ``{number}`` stands in both templates, which are written out where it is said."""
    return Message(many, {"number": number, **parts}, one, number)


def in_percent(share: float, decimals: int = 0) -> Message:
    """A share (0-1) in percent, as it stands in a sentence.

    >>> print(in_percent(0.1234), in_percent(0.1234, 1))
    12% 12.3%
    """
    return say("{number}%", number=Figure(f"{share:.{decimals}%}".removesuffix("%")))


def in_sequence(*sentences: Sentence | None) -> Sentence:
    """One sentence after the other; those that are empty or None are left out.

    >>> str(in_sequence(say("A."), "", None, say("B.")))
    'A. B.'
    """
    there = [sentence for sentence in sentences if sentence]
    if not there:
        return ""
    whole = there[0]
    for sentence in there[1:]:
        whole = say("{sentence} {next}", sentence=whole, next=sentence)
    return whole


def written(part: "Field", catalog: Language) -> str:
    """A part of a sentence in one language; text that the catalogue does not hold stays as it is."""
    if isinstance(part, Message | Figure):
        return part.in_language(catalog)
    if isinstance(part, date):
        return catalog.written_day(part)
    if isinstance(part, tuple):
        return catalog.text(", ").join(written(one, catalog) for one in part)
    return catalog.digits(f"{part:,}") if isinstance(part, int) else part


def _packed(part: "Field") -> Any:
    if isinstance(part, Message):
        return {"message": part.as_json()}
    if isinstance(part, Figure):
        return {"figure": part.digits}
    if isinstance(part, date):
        return {"day": part.isoformat()}
    return [_packed(one) for one in part] if isinstance(part, tuple) else part


def _unpacked(part: Any) -> "Field":
    if isinstance(part, list):
        return tuple(_unpacked(one) for one in part)
    if isinstance(part, dict):
        (kind, content), *_ = part.items()
        if kind == "message":
            return Message.from_json(content)
        return Figure(content) if kind == "figure" else date.fromisoformat(content)
    return part if isinstance(part, str | int) else str(part)
