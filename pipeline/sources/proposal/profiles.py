"""What the values of a column can be: a date and how it is written, an amount and its comma, a truth, or only text."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pipeline.sources import number_evidence, number_formats
from pipeline.sources.date_formats import EPOCHS, fitting_formats, is_open
from pipeline.sources.truths import NO, YES

NOTHING = {"", "nan", "null", "none", "nat", "na", "n/a", "<na>"}
ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s*(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?))?)?")
# One value in twenty may be a slip of the pen; the intake refuses it then, and says so.
MOST = 0.95
LOOKED_AT = 3000
# So many different values are kinds of something.
MAX_COMMON = 30


@dataclass(frozen=True)
class Profile:
    """What a column could be, by its values alone.

    Attributes
    ----------
    filled
        Share of rows with a value.
    unique
        Different values, as a share of the filled rows.
    iso
        Whether the values are ISO days or timestamps.
    formats
        Other formats of dates that fit.
    point, comma
        Whether the values are numbers with a decimal point, with a decimal comma; whole numbers are both.
    marks
        What the values say of the decimal mark, as bits of `number_evidence`.
    currencies
        The currencies that the signs beside the numbers can mean; None where there are none.
    common
        The different values, where these are few.
    example
        One of the values; empty where there is none.
    whole, truth
        Whether they are whole numbers, true or false.
    below_zero
        Whether they are numbers of which some are below zero, and none above.
    """

    filled: float
    unique: float
    iso: bool
    formats: tuple[str, ...]
    point: bool
    comma: bool
    marks: int
    currencies: frozenset[str] | None
    whole: bool
    truth: bool
    common: tuple[str, ...] = ()
    example: str = ""
    below_zero: bool = False

    def can_be(self, kind: str) -> bool:
        """Whether the values suit a kind of canonical column."""
        if kind == "day":
            return self.iso or bool(self.formats)
        if kind in {"money", "decimal", "number"}:
            return (self.point or self.comma) and not self.iso
        if kind == "integer":
            return self.whole
        if kind == "flag":
            return self.truth
        return self.filled > 0

    def looks_like(self, kind: str) -> bool:
        """The same without a name that says so: seconds since 1970 may be any number."""
        return self.can_be(kind) and not (kind == "day" and set(self.formats) & set(EPOCHS))


def profile(values: list[str | None]) -> Profile:
    """Look at the values of a column.

    >>> profile(["31.12.2023", "01.02.2024"]).formats
    ('%d.%m.%Y',)
    >>> amounts = profile(["1.234,50", "7,00 €"])
    >>> amounts.comma, amounts.point, amounts.currencies
    (True, False, frozenset({'EUR'}))
    """
    texts = [value.strip() for value in values if value is not None and value.strip().lower() not in NOTHING]
    looked_at = texts[:LOOKED_AT]
    dated = [value for value in looked_at if not is_open(value)]
    iso = _most(dated, lambda value: ISO.fullmatch(value) is not None)
    whole = _most(looked_at, str.isdecimal)
    formats = () if iso or not dated else tuple(_formats(dated))
    point, comma = (_most(looked_at, partial(number_formats.is_number, decimal=mark)) for mark in (".", ","))
    is_number = (point or comma) and not iso
    currencies = number_formats.currencies_of(looked_at) if is_number else None
    return Profile(
        filled=len(texts) / max(1, len(values)),
        unique=len(set(texts)) / max(1, len(texts)),
        iso=iso,
        formats=formats,
        point=point,
        comma=comma,
        marks=number_evidence.evidence(texts) if is_number else 0,
        currencies=None if currencies is None else frozenset(currencies),
        whole=whole,
        truth=_most(looked_at, lambda value: value.lower() in YES | NO),
        common=tuple(sorted(set(texts))) if len(set(texts)) <= MAX_COMMON else (),
        example=min(texts, default=""),
        below_zero=is_number and _are_below_zero(looked_at),
    )


def _are_below_zero(texts: list[str]) -> bool:
    amounts = [text for text in texts if re.search("[1-9]", text)]
    return bool(amounts) and all(re.search(r"[-−(]", text) for text in amounts)


def _formats(values: list[str]) -> list[str]:
    """Formats that most values fit: those that a first few hundred fit, held against the rest."""
    different = sorted(set(values))
    # Eight digits are a number sooner than a day, unless all of them are days of our times.
    if any(re.fullmatch(r"\d{8}", value) and not "19000101" <= value <= "21991231" for value in different[:50]):
        return []
    forms = fitting_formats(different)
    if forms:
        return forms
    counts = {
        form: sum(form in fitting_formats([value]) for value in different[:200]) for form in _candidates(different)
    }
    return [form for form, count in counts.items() if count >= MOST * len(different[:200])]


def _candidates(values: list[str]) -> list[str]:
    return list(dict.fromkeys(form for value in values[:20] for form in fitting_formats([value])))


def _most(values: list[str], test: Callable[[str], object]) -> bool:
    return bool(values) and sum(bool(test(value)) for value in values) >= MOST * len(values)
