"""The lists that were published, to which what is handed back must belong."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from pipeline.lists import REASONS, decision_files
from pipeline.sources.ids import canonical_id
from pipeline.tables import storage

FAMILIES: Final = [f"reason_{place}_family" for place in REASONS]


@dataclass(frozen=True)
class PublishedList:
    """Whom a published week has decided on, and which reasons it gave.

    Attributes
    ----------
    families
        For each customer the families of the three reasons, None where there is none.
    ids
        For each id as a spreadsheet may have changed it, the customers it can be.
    """

    families: Mapping[str, tuple[str | None, ...]]
    ids: Mapping[str, list[str]]

    def customer(self, text: str) -> str | None:
        """The customer that an id means: itself, or the only one it can have been before a spreadsheet changed it."""
        if text in self.families:
            return text
        possible = self.ids.get(_bare(text), [])
        return possible[0] if len(possible) == 1 else None


def read(exports: Path, company: str, day: date) -> PublishedList | None:
    """The list of a day; None where none is published for the company."""
    folder = exports / day.isoformat()
    manifest = folder / "manifest.json"
    if not manifest.is_file() or storage.read_json(manifest)["company"] != company:
        return None
    files = decision_files(folder)
    rows = [row for file in files for row in storage.read_parquet(file, ["customer_id", *FAMILIES]).iter_rows()]
    families = {customer: tuple(reasons) for customer, *reasons in rows}
    ids = defaultdict(list)
    for customer in families:
        ids[_bare(customer)].append(customer)
    return PublishedList(families, ids)


def _bare(text: str) -> str:
    """Without what spreadsheets take from an id, or add to it.

    >>> _bare("000181") == _bare("181.0") == _bare('="000181"') == _bare(" 181 ")
    True
    """
    return re.sub(r"^0+(?=\d)", "", re.sub(r"\.0+$", "", canonical_id(text))).casefold()
