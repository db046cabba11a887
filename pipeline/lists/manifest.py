"""What a week folder holds, so that anyone can prove it is whole and untouched."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.lists.week import About

MANIFEST = "manifest.json"
FORMAT = 1
"""Version of the week folder: raised when a file or a column changes its meaning or its place."""


@dataclass(frozen=True)
class Entry:
    """One file as the manifest lists it; ``rows`` is null for what is no table."""

    path: str
    sha256: str
    bytes: int
    rows: int | None


@dataclass(frozen=True)
class File:
    """One file of the week: its path inside the folder, its content, and its rows if it is a table."""

    path: str
    content: bytes
    rows: int | None

    def entry(self) -> Entry:
        """What the manifest says of it."""
        return Entry(self.path, hashlib.sha256(self.content).hexdigest(), len(self.content), self.rows)


def described(entry: Entry) -> dict[str, Any]:
    """An entry as it stands under the path of its file."""
    return {"sha256": entry.sha256, "bytes": entry.bytes, "rows": entry.rows}


def manifest(about: About, fingerprints: Mapping[str, str], entries: Sequence[Entry]) -> dict[str, Any]:
    """The manifest of a week folder.

    Examples
    --------
    >>> from datetime import date
    >>> about = About("acme", date(2018, 1, 1), "USD", 2, "", "", "", "", 0, 0, 0, 0, 0)
    >>> entry = File("risk_list.csv", b"rank", 0).entry()
    >>> manifest(about, {"model": "m1"}, [entry])["files"]["risk_list.csv"]["bytes"]
    4
    """
    return {
        "format": FORMAT,
        "company": about.company,
        "as_of": about.as_of.isoformat(),
        "fingerprints": dict(fingerprints),
        "files": {entry.path: described(entry) for entry in entries},
    }
