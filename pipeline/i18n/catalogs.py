"""One language: its texts, its plural forms, and the signs its numbers are written with.

The files are PO files (gettext). They are compiled in memory when they are read, so that what a translator edits is
what runs, and everything after that is columns: a template is looked up once, and filled for all rows together.
"""

import gettext
import io
import pkgutil
import re
from collections import defaultdict
from datetime import date
from functools import cache

import polars as pl
from babel import Locale
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import get_decimal_symbol, get_group_symbol, get_minus_sign_symbol

from pipeline.config.errors import BadParams
from pipeline.messages import PLACE

# From here on only the last digits of a number can decide on its plural form, in every language gettext knows.
LARGE = 1000
# What numbers are written with before a language's own signs take their place.
SIGNS = (",", ".", "-")
# Parts of a day, as the Unicode locale data and as a format call them.
DAY_PARTS = {"y": "%Y", "yy": "%y", "M": "%-m", "MM": "%m", "d": "%-d", "dd": "%d"}


class MessageCatalog:
    """The texts of one language.

    Parameters
    ----------
    language
        A name Babel knows, such as ``nb`` or ``zh_Hans``.
    messages
        The translations; a text that is in none stays as it is written.
    """

    def __init__(self, language: str, messages: gettext.NullTranslations | None = None) -> None:
        self.language = language
        self._messages = messages or gettext.NullTranslations()
        locale = Locale.parse(language)
        self._signs = (get_group_symbol(locale), get_decimal_symbol(locale), get_minus_sign_symbol(locale))
        self._day_format = "%Y-%m-%d" if locale.language == "en" else _day_format(locale)

    def text(self, message: str) -> str:
        """A text in this language; as it is written where the catalogue has no such text."""
        # The empty message is the head of the file.
        return self._messages.gettext(message) if message else message

    def translate(self, message: str, **parts: str | pl.Expr) -> pl.Expr:
        """A sentence for every row; null where one of its parts is.

        Parameters
        ----------
        message
            The template in English; ``{name}`` stands for a part.
        parts
            What stands in it: texts, or columns of texts.

        Examples
        --------
        >>> table = pl.DataFrame({"text": ["3 orders", None]})
        >>> said = ENGLISH.translate("{number} in the last {window}", number=pl.col("text"), window="30 days")
        >>> table.select(said).to_series().to_list()
        ['3 orders in the last 30 days', None]
        """
        return _filled(self.text(message), parts)

    def counted(self, one: str, many: str, count: pl.Expr, **parts: str | pl.Expr) -> pl.Expr:
        """A text with a number and its noun, in the form that this number asks for.

        Parameters
        ----------
        one, many
            The templates in English.
        count
            Whole numbers that decide on the form.
        parts
            What stands in the templates.

        Examples
        --------
        >>> count = pl.col("n")
        >>> table = pl.DataFrame({"n": [0, 1, 2, None]})
        >>> said = ENGLISH.counted("{number} order", "{number} orders", count, number=count.cast(pl.String))
        >>> table.select(said).to_series().to_list()
        ['0 orders', '1 order', '2 orders', None]
        """
        forms = self._forms(one, many)
        usual = max(forms, key=lambda form: len(forms[form]))
        text = _filled(usual, parts)
        for form, numbers in forms.items():
            if form != usual:
                text = pl.when(_is_one_of(count.abs(), numbers)).then(_filled(form, parts)).otherwise(text)
        return text

    def numeral(self, digits: pl.Expr) -> pl.Expr:
        """Numbers written the English way, with the signs of this language.

        >>> table = pl.DataFrame({"text": ["-1,234.5"]})
        >>> table.select(MessageCatalog("nb").numeral(pl.col("text"))).item().replace(chr(160), " ")
        '−1 234,5'
        """
        return digits if self._signs == SIGNS else digits.str.replace_many(list(SIGNS), list(self._signs))

    def digits(self, written: str) -> str:
        """One number written the English way, with the signs of this language; see `numeral`."""
        own = dict(zip(SIGNS, self._signs, strict=True))
        return "".join(own.get(sign, sign) for sign in written)

    def form(self, one: str, many: str, number: int) -> str:
        """The template for one number, of those of a text that has a form for one and a form for many."""
        return self._messages.ngettext(one, many, number)

    def written_day(self, day: date) -> str:
        """One day as this language writes it; see `day`."""
        return str(pl.select(self.day(pl.lit(day))).item())

    def day(self, value: pl.Expr) -> pl.Expr:
        """Days as this language writes them in figures; in English, whose readers differ, the way ISO 8601 does.

        >>> from datetime import date
        >>> for language in ("en", "nb", "ja"):
        ...     print(pl.select(MessageCatalog(language).day(pl.lit(date(2024, 3, 1)))).item())
        2024-03-01
        01.03.2024
        2024/03/01
        """
        return value.cast(pl.Date).dt.to_string(self._day_format)

    @cache  # noqa: B019 - a catalogue lives as long as the process
    def _forms(self, one: str, many: str) -> dict[str, list[int]]:
        """Each form of a counted noun, with the numbers that ask for it, of all up to `LARGE` and as many beyond."""
        forms: dict[str, list[int]] = defaultdict(list)
        for number in range(2 * LARGE):
            forms[self._messages.ngettext(one, many, number)].append(number)
        return dict(forms)


ENGLISH = MessageCatalog("en")


def read(language: str, content: bytes, file: str) -> gettext.NullTranslations:
    """The texts of a PO file.

    Parameters
    ----------
    language
        What the file is in.
    content
        Of the file.
    file
        What to call it where something is wrong.

    Raises
    ------
    BadParams
        It is no PO file, or a translation has other places than its text.
    """
    try:
        catalog = read_po(io.BytesIO(content), locale=language, abort_invalid=True)
    except (PoFileError, ValueError) as error:
        raise BadParams(f"{file}: not readable as a PO file: {' '.join(str(error).split())}") from None
    for message in catalog:
        _check_places(message, file)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def places(text: str) -> set[str]:
    """What has to be filled in.

    >>> sorted(places("{number} in the last {window}"))
    ['number', 'window']
    """
    return set(re.findall(PLACE, text))


def _check_places(message: Message, file: str) -> None:
    ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    for form in forms:
        if ids[0] and form and not places(form) <= places(ids[-1]):
            there, wanted = (" ".join(f"{{{name}}}" for name in sorted(places(text))) for text in (form, ids[-1]))
            raise BadParams(f"{file}: {ids[0]!r}: its translation has the places {there}; write {wanted or 'none'}")


@cache
def texts_of(language: str) -> bytes:
    """The PO file of a language, as the package holds it."""
    content = pkgutil.get_data("pipeline.i18n", f"{language}.po")
    assert content is not None, "a package read from files gives their content, or raises"
    return content


def _day_format(locale: Locale) -> str:
    """The format of a day in figures alone; month names would have to be translated row by row."""
    patterns = [locale.date_formats[length].pattern for length in ("medium", "short")]
    in_figures = next((pattern for pattern in patterns if "MMM" not in pattern), patterns[-1])
    return re.sub("|".join(sorted(DAY_PARTS, reverse=True)), lambda part: DAY_PARTS[part[0]], in_figures)


def _filled(template: str, parts: dict[str, str | pl.Expr]) -> pl.Expr:
    pieces: list[str | pl.Expr] = [
        parts[piece] if position % 2 else piece for position, piece in enumerate(re.split(PLACE, template))
    ]
    if all(isinstance(piece, str) for piece in pieces):
        return pl.lit("".join(map(str, pieces)))
    return pl.concat_str([pl.lit(piece) if isinstance(piece, str) else piece for piece in pieces if not _empty(piece)])


def _empty(piece: str | pl.Expr) -> bool:
    return isinstance(piece, str) and not piece


def _is_one_of(count: pl.Expr, numbers: list[int]) -> pl.Expr:
    small = [number for number in numbers if number < LARGE]
    if small == numbers:
        return count == small[0] if len(small) == 1 else count.is_in(small)
    return pl.when(count < LARGE).then(count).otherwise(LARGE + count % LARGE).is_in(numbers)
