"""Days and months as a page writes them: with the names of the months, in the order of the language."""

from datetime import date
from typing import Any

from babel import Locale
from babel.dates import format_date

from pipeline.i18n.catalogs import MessageCatalog

# English is read by people who write days in different orders: with the month in letters none is mistaken.
ENGLISH_DAY, ENGLISH_LONG_DAY, ENGLISH_MONTH = "d MMM y", "d MMMM y", "MMM y"


def long_day(day: date, catalog: MessageCatalog) -> str:
    """A day with the whole name of its month.

    >>> from pipeline.i18n.catalogs import ENGLISH
    >>> [long_day(date(2018, 1, 9), one) for one in (ENGLISH, MessageCatalog("nb"), MessageCatalog("ja"))]
    ['9 January 2018', '9. januar 2018', '2018年1月9日']
    """
    return format_date(day, ENGLISH_LONG_DAY if _is_english(catalog) else "long", locale=catalog.language)


def date_words(catalog: MessageCatalog) -> dict[str, Any]:
    """What a script needs to write days and months: patterns of ``y``, ``MMM``, ``M``, ``d``, and the short names.

    >>> date_words(MessageCatalog("nb"))["day"], date_words(MessageCatalog("zh_Hans"))["month"]
    ('d. MMM y', 'y年M月')
    """
    locale = Locale.parse(catalog.language)
    names = locale.months["format"]["abbreviated"]
    patterns = (locale.datetime_skeletons[name].pattern for name in ("yMMMd", "yMMM"))
    day, month = (ENGLISH_DAY, ENGLISH_MONTH) if _is_english(catalog) else patterns
    return {"day": day, "month": month, "months": [names[number] for number in range(1, 13)]}


def plural_numbers(catalog: MessageCatalog) -> dict[str, int]:
    """For each plural form of a language, by the name the Unicode locale data give it, a number that asks for it.

    >>> plural_numbers(MessageCatalog("nb")), plural_numbers(MessageCatalog("ja"))
    ({'one': 1, 'other': 2}, {'other': 2})
    """
    form = Locale.parse(catalog.language).plural_form
    asked = {form(number): number for number in range(1000, -1, -1)}
    return dict(sorted((asked | {form(2): 2}).items()))


def _is_english(catalog: MessageCatalog) -> bool:
    return Locale.parse(catalog.language).language == "en"
