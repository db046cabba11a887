"""What the values of a column can be: a date and how it is written, an amount and its comma, a truth, or only text."""

import re
from dataclasses import dataclass

from pipeline.sources.date_formats import fitting_formats

NOTHING = {"", "nan", "null", "none", "nat", "na", "n/a", "<na>"}
ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s*(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?))?)?")
POINT = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
TRUTHS = {"true", "false", "yes", "no", "0", "1", "t", "f"}
# One value in twenty may be a slip of the pen; the intake refuses it then, and says so.
MOST = 0.95
LOOKED_AT = 3000


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
    whole, truth
        Whether they are whole numbers, true or false.
    """

    filled: float
    unique: float
    iso: bool
    formats: tuple[str, ...]
    point: bool
    comma: bool
    whole: bool
    truth: bool

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


def profile(values: list[str | None]) -> Profile:
    """Look at the values of a column.

    >>> profile(["31.12.2023", "01.02.2024"]).formats
    ('%d.%m.%Y',)
    >>> found = profile(["1.234,50", "7,00"])
    >>> (found.comma, found.point)
    (True, False)
    """
    texts = [value.strip() for value in values if value is not None and value.strip().lower() not in NOTHING]
    looked_at = texts[:LOOKED_AT]
    iso = _most(looked_at, lambda value: ISO.fullmatch(value) is not None)
    whole = _most(looked_at, str.isdecimal)
    formats = () if iso or not texts else tuple(_formats(looked_at))
    return Profile(
        filled=len(texts) / max(1, len(values)),
        unique=len(set(texts)) / max(1, len(texts)),
        iso=iso,
        formats=formats,
        point=_most(looked_at, lambda value: POINT.fullmatch(value) is not None),
        comma=_most(looked_at, lambda value: COMMA.fullmatch(value) is not None),
        whole=whole,
        truth=_most(looked_at, lambda value: value.lower() in TRUTHS),
    )


def _formats(values: list[str]) -> list[str]:
    """Formats that most values fit: those that a first few hundred fit, held against the rest."""
    different = sorted(set(values))
    # Eight digits are a number sooner than a day, unless all of them are days of our times.
    if not all(re.search(r"\D", value) or "19000101" <= value <= "21991231" for value in different[:50]):
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


def _most(values: list[str], test: "object") -> bool:
    assert callable(test)
    return bool(values) and sum(bool(test(value)) for value in values) >= MOST * len(values)
