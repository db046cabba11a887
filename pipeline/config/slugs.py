"""What a company calls things, as a name that features, columns and programs can bear."""

import hashlib
import re
import unicodedata

LETTERS = str.maketrans({"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "ø": "o", "æ": "ae", "å": "a"})
WORD = re.compile(r"[a-z][a-z0-9_]*")
MAX_LENGTH, DIGITS = 40, 6


def plain(name: str) -> str:
    """A name in small plain letters, its words joined by underscores.

    >>> plain("  Größe (EUR)"), plain("orderDate"), plain("Kunden-Nr.")
    ('groesse_eur', 'order_date', 'kunden_nr')
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().translate(LETTERS)
    words = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_")


def slug(name: str) -> str:
    """A name of small letters, digits and underscores for what a company calls as it likes.

    It depends on the name alone, so that it stays when others come; digits of a hash keep names apart that have the
    same letters. A name that is one already stays as it is.

    >>> slug("price_page"), slug("Ticket: opened"), slug("返品")
    ('price_page', 'ticket_opened_88d6d7', 'x_b6ab92')
    """
    if WORD.fullmatch(name):
        return name
    letters = plain(name)[:MAX_LENGTH].strip("_")
    start = letters if WORD.match(letters) else f"x_{letters}".strip("_")
    return f"{start}_{hashlib.sha256(name.encode()).hexdigest()[:DIGITS]}"
