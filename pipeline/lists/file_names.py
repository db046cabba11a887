"""One file name per owner: whatever an owner is called, it stays inside its folder and opens on every system."""

import re
import unicodedata
from collections.abc import Iterable

UNASSIGNED = "unassigned"
_LONGEST = 100  # bytes; with the folder above it stays far below the 255 that file systems allow

# Windows takes these for devices, with any ending and in any case.
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])$", re.IGNORECASE)


def owner_stems(owners: Iterable[str | None]) -> dict[str | None, str]:
    """Give each owner a file name without its ending; no two differ by case or accent composition only.

    Owners without a name (null or blank) share ``unassigned``. The result does not depend on the order of `owners`.

    Examples
    --------
    >>> owner_stems(["Anna Meyer", "anna meyer", "../x", "CON", None])
    {None: 'unassigned', '../x': 'x', 'Anna Meyer': 'Anna_Meyer', 'CON': 'CON_', 'anna meyer': 'anna_meyer-2'}
    """
    stems: dict[str | None, str] = {}
    taken = {UNASSIGNED}
    for owner in sorted(set(owners), key=lambda owner: (owner is not None, owner or "")):
        if owner is None or not owner.strip():
            stems[owner] = UNASSIGNED
            continue
        stem = _stem(owner)
        candidates = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(taken) + 2))
        stems[owner] = next(name for name in candidates if _folded(name) not in taken)
        taken.add(_folded(stems[owner]))
    return stems


def _stem(owner: str) -> str:
    words = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFC", owner)).strip("_-")
    short = words.encode()[:_LONGEST].decode(errors="ignore").strip("_-")
    return f"{short}_" if _DEVICES.match(short) else short or "owner"


def _folded(name: str) -> str:
    """What file systems that ignore case, or how accents are composed, see of a name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
