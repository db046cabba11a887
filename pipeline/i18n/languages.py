"""Which languages there are, and which of them a customer's own language is."""

from typing import Final, get_args

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from pipeline.config.types import LanguageCode

LANGUAGES: Final[tuple[str, ...]] = get_args(LanguageCode)
# Norwegian without a form named is bokmål; nynorsk, Danish and Swedish are languages of their own.
_SAME: Final = {"no": "nb"}
SCRIPT_LETTERS: Final = 4


def language_of(code: str | None) -> str | None:
    """The language of a catalogue for what the table customers calls a language; None where there is no such one.

    Examples
    --------
    >>> [language_of(code) for code in ("no", "nb-NO", "zh", "zh_CN", "ja-JP", "EN")]
    ['nb', 'nb', 'zh_Hans', 'zh_Hans', 'ja', 'en']
    >>> [language_of(code) for code in ("zh-TW", "de", "klingon", "", None)]
    [None, None, None, None, None]
    """
    if not code or not code.strip():
        return None
    try:
        locale = Locale.parse(code.strip().replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None
    language = _SAME.get(locale.language, locale.language)
    likely = str(get_global("likely_subtags").get(str(locale), ""))
    script = locale.script or next((part for part in likely.split("_") if len(part) == SCRIPT_LETTERS), None)
    return next((name for name in (f"{language}_{script}", language) if name in LANGUAGES), None)
