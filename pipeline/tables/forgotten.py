"""Customers who asked to be forgotten, as salted hashes: whatever is delivered, their rows are left out."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from pipeline import sql
from pipeline.config.errors import BadParams
from pipeline.tables import storage

DIGITS: Final = 32
"""Hexadecimal digits kept of a hash: two of a billion customers share 128 bits with a chance of 1 in 10^20."""


@dataclass(frozen=True)
class Forgotten:
    """Who is left out.

    Attributes
    ----------
    salt
        A random text that goes before each id, so that a hash cannot be looked up in a list of known ones.
    days
        The day on which each was forgotten, by hash.
    """

    salt: str = ""
    days: Mapping[str, str] = field(default_factory=dict)

    def holds(self, customer_id: str) -> bool:
        """Whether a customer is one of them."""
        return self._hash(customer_id) in self.days

    def others(self, customer_id: str) -> str:
        """The SQL condition that holds for everybody else, and for rows without an id.

        Examples
        --------
        >>> Forgotten().others("customer_id")
        'true'
        """
        if not self.days:
            return "true"
        hashed = f"left(sha256({sql.text(self.salt)} || {sql.name(customer_id)}), {DIGITS})"
        return f"coalesce({hashed} NOT IN ({', '.join(map(sql.text, sorted(self.days)))}), true)"

    def including(self, customer_id: str, day: date) -> "Forgotten":
        """The same with one more; who is there already keeps the day."""
        longer = Forgotten(self.salt or secrets.token_hex(16), self.days)
        return Forgotten(longer.salt, {longer._hash(customer_id): day.isoformat(), **self.days})

    def _hash(self, customer_id: str) -> str:
        return storage.digest(self.salt + customer_id)[:DIGITS]


def read(file: Path) -> Forgotten:
    """Who is left out; nobody where the file is not there.

    Raises
    ------
    BadParams
        The file was changed so that it cannot be read: rows of somebody forgotten must not come back unseen.
    """
    if not file.is_file():
        return Forgotten()
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        kept = Forgotten(str(content["salt"]), {str(key): str(day) for key, day in content["customers"].items()})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _unreadable(file, f"{type(error).__name__}: {error}") from None
    if kept.days and not kept.salt:
        raise _unreadable(file, "there are customers but no salt")
    return kept


def _unreadable(file: Path, why: str) -> BadParams:
    return BadParams(f"{file}: not readable ({why}); restore it from git, for it says whom to leave out")


def write(kept: Forgotten, file: Path) -> None:
    """Write who is left out."""
    storage.write_json({"salt": kept.salt, "customers": dict(sorted(kept.days.items()))}, file)
