"""Lines of names that end with a mark which the lines below do not have, or lack one that these have."""

import csv
import gzip
import zlib
from itertools import islice
from pathlib import Path

from pipeline.config.params import Source

# As many bytes hold the names and the lines that are looked at.
LOOKED_AT_BYTES, LOOKED_AT_LINES = 1 << 16, 20


def uneven_header(file: str, source: Source) -> list[str] | None:
    """The names of the columns, where a mark at the end of their line, or of all other lines, makes them one too many.

    Parameters
    ----------
    file
        A CSV file of this machine.
    source
        How it is written.

    Returns
    -------
    list of str or None
        None where the lines are as even as they should be.
    """
    mark = source.delimiter or ","
    if not source.header or len(mark) != 1:
        return None
    try:
        block = _first_bytes(file)
        text = block.decode(source.encoding or "utf-8-sig", errors="replace")
    except (OSError, EOFError, LookupError, zlib.error):
        # Whatever is wrong with it, the reader of the whole file says it.
        return None
    whole = text if len(block) < LOOKED_AT_BYTES else text[: text.rfind("\n")]
    lines = [line for line in whole.splitlines()[source.skip_lines :] if line]
    rows = list(islice(csv.reader(lines, delimiter=mark, quotechar=source.quote or None), LOOKED_AT_LINES))
    return uneven_names(rows[0], rows[1:]) if len(rows) > 1 else None


def _first_bytes(file: str) -> bytes:
    # By its name: what was converted keeps the name of its archive, and is none.
    if file.endswith(".gz"):
        with gzip.open(file) as unpacked:
            return unpacked.read(LOOKED_AT_BYTES)
    with Path(file).open("rb") as content:
        return content.read(LOOKED_AT_BYTES)


def uneven_names(header: list[str], rows: list[list[str]]) -> list[str] | None:
    """The names for the lines below them, where one of the two has a blank too many at its end; None where none has.

    >>> uneven_names(["a", "b", ""], [["1", "2"]]), uneven_names(["a", "b"], [["1", "2"]])
    (['a', 'b'], None)
    """
    if not header:
        return None
    lengths, own = {len(row) for row in rows}, len(header)
    if header[-1] == "" and lengths == {own - 1}:
        return header[:-1]
    if header[-1] != "" and lengths == {own + 1} and not any(row[-1] for row in rows):
        return [*header, f"column{own}"]
    return None
