"""The columns as they are headed in a workbook: under their own names in English, translated in other languages.

Scripts read CSV and Parquet, whose columns always have their own names. A workbook is for people, and is handed back:
`column_of` knows every heading again.
"""

import unicodedata
from functools import cache
from typing import Final

from pipeline.i18n import LANGUAGES, shipped
from pipeline.lists.audiences import CAMPAIGNS
from pipeline.lists.former_customers import FORMER
from pipeline.lists.schema import RISK_LIST
from pipeline.lists.value_words import spoken

LEFT: Final = ("what",)
COLUMNS: Final = tuple(dict.fromkeys((*RISK_LIST, *FORMER, *CAMPAIGNS, *LEFT)))
"""The columns of every sheet."""


def column_title(name: str, language: str) -> str:
    """The heading of a column, by the catalogues of the package: what they call it is known again when it comes back.

    Examples
    --------
    >>> column_title("customer_id", "en"), column_title("customer_id", "nb")
    ('customer_id', 'kundenummer')
    """
    return name if language == "en" else shipped(language).text(spoken(name))


def column_of(title: str) -> str:
    """The name of the column with a heading, in whatever language; what heads no column stays, in small letters.

    Examples
    --------
    >>> column_of("Kundenummer "), column_of("customer_id"), column_of("my own")
    ('customer_id', 'customer_id', 'my own')
    """
    return _names().get(_folded(title), title.strip().casefold())


@cache
def _names() -> dict[str, str]:
    return {_folded(column_title(name, language)): name for language in LANGUAGES for name in COLUMNS}


def _folded(title: str) -> str:
    return unicodedata.normalize("NFKC", title).strip().casefold()
