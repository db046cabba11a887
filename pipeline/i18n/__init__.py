"""Words: every sentence people read is a template in English, and a catalogue holds it in each other language.

- `MessageCatalog` is one language: its texts, its plural forms, the signs its numbers are written with;
- `Translator` is who reads which language, and tells a sentence to each reader in theirs;
- `language_of` finds the catalogue for a customer's own language.

The catalogues are the PO files beside this one, as translators know them; ``python -m pipeline.commands.translations``
writes what the code says into them and lists what is still to be translated.
"""

from pipeline.i18n.catalogs import ENGLISH, MessageCatalog, read
from pipeline.i18n.languages import LANGUAGES, language_of
from pipeline.i18n.translator import (
    IN_ENGLISH,
    OWNER,
    Part,
    Translator,
    build_translator,
    figure,
    share,
    shipped,
    swapped,
    translate_parts,
)

__all__ = [
    "ENGLISH",
    "IN_ENGLISH",
    "LANGUAGES",
    "OWNER",
    "MessageCatalog",
    "Part",
    "Translator",
    "build_translator",
    "figure",
    "language_of",
    "read",
    "share",
    "shipped",
    "swapped",
    "translate_parts",
]
