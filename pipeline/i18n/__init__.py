"""Words: every sentence people read is a template in English, and a catalogue holds it in each other language.

- `MessageCatalog` is one language: its texts, its plural forms, the signs its numbers are written with;
- `Translator` is who reads which language, and tells a sentence to each reader in theirs;
- `Message` is a sentence that is said once, a heading or a warning, before anybody knows in which language;
- `language_of` finds the catalogue for a customer's own language.

The catalogues are the PO files beside this one, as translators know them; ``python -m pipeline.commands.translations``
writes what the code says into them and lists what is still to be translated.
"""

from pipeline.i18n.catalogs import ENGLISH, MessageCatalog, read
from pipeline.i18n.dates import date_words, long_day, plural_numbers
from pipeline.i18n.languages import LANGUAGES, language_of
from pipeline.i18n.translator import (
    IN_ENGLISH,
    OWNER,
    Part,
    Translator,
    build_translator,
    figure,
    named,
    share,
    shipped,
    swapped,
    translate_parts,
)
from pipeline.messages import Field, Figure, Message, Sentence, counted, in_percent, in_sequence, say, written

__all__ = [
    "ENGLISH",
    "IN_ENGLISH",
    "LANGUAGES",
    "OWNER",
    "Field",
    "Figure",
    "Message",
    "MessageCatalog",
    "Part",
    "Sentence",
    "Translator",
    "build_translator",
    "counted",
    "date_words",
    "figure",
    "in_percent",
    "in_sequence",
    "language_of",
    "long_day",
    "named",
    "plural_numbers",
    "read",
    "say",
    "share",
    "shipped",
    "swapped",
    "translate_parts",
    "written",
]
