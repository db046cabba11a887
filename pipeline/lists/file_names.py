"""One file name per owner or playbook: whatever it is called, it stays inside its folder and opens on every system."""

import re
import unicodedata
from collections.abc import Iterable

UNASSIGNED = "unassigned"
_LONGEST = 100  # bytes; with the folder above it stays far below the 255 that file systems allow

# Windows takes these for devices, with any ending and in any case.
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])$", re.IGNORECASE)


def file_stems(names: Iterable[str | None]) -> dict[str | None, str]:
    """Give each name a file name without its ending; no two differ by case or accent composition only.

    What has no name (null or blank) shares ``unassigned``. The result does not depend on the order of `names`.

    Examples
    --------
    >>> file_stems(["Anna Meyer", "anna meyer", "../x", "CON", None])
    {None: 'unassigned', '../x': 'x', 'Anna Meyer': 'Anna_Meyer', 'CON': 'CON_', 'anna meyer': 'anna_meyer-2'}
    """
    stems: dict[str | None, str] = {}
    taken = {UNASSIGNED}
    for name in sorted(set(names), key=lambda name: (name is not None, name or "")):
        if name is None or not name.strip():
            stems[name] = UNASSIGNED
            continue
        stem = _stem(name)
        candidates = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(taken) + 2))
        stems[name] = next(free for free in candidates if _folded(free) not in taken)
        taken.add(_folded(stems[name]))
    return stems


def _stem(name: str) -> str:
    words = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFC", name)).strip("_-")
    short = words.encode()[:_LONGEST].decode(errors="ignore").strip("_-")
    return f"{short}_" if _DEVICES.match(short) else short or "owner"


def _folded(name: str) -> str:
    """What file systems that ignore case, or how accents are composed, see of a name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
