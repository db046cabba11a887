"""What each source file was read as, kept, so that a file which lies there unchanged is read once.

A file is known by its content, and what it was read as by the whole query that reads it: another mapping, another zone,
another rule or another release of the engine is another query, and reads the file anew.
"""

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.tables import storage

# A line the CSV reader could not split: file, line number, what is wrong, the line itself.
Malformed = tuple[str, int, str, str]
SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class Read:
    """A file as it was read: its judged rows on disk, how many these are, and its lines that are no rows."""

    file: Path
    rows: int
    malformed: list[Malformed]


@dataclass(frozen=True)
class IngestCache:
    """Files as they were read, by content and query.

    Attributes
    ----------
    folder
        Where they lie.
    keep_days
        Days for which each is kept after its last use; 0 keeps none.
    """

    folder: Path
    keep_days: int

    def key(self, file: Path | None, query: str) -> str | None:
        """What a file holds, read so; None of what is no file here, or where nothing is kept."""
        if file is None or self.keep_days == 0:
            return None
        return storage.digest("\n".join([duckdb.__version__, storage.fingerprint([file]), query]))

    def find(self, key: str) -> Read | None:
        """A file as it was read before; None where that is not known, or is not what was written."""
        about = self._about(key)
        if not about.is_file():
            return None
        kept = json.loads(about.read_text(encoding="utf-8"))
        rows = self.rows(key)
        if not rows.is_file() or storage.fingerprint([rows]) != kept["sha256"]:
            return None
        for file in (rows, about):
            os.utime(file)
        return Read(rows, kept["rows"], [(name, line, rule, row) for name, line, rule, row in kept["malformed"]])

    def keep(self, key: str, read: Read) -> Read:
        """Keep what a file was read as; its rows move from where they were written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = {"sha256": storage.fingerprint([read.file]), "rows": read.rows, "malformed": read.malformed}
        shutil.move(read.file, self.rows(key))
        # Last, since it vouches for the rows: a run that ends in between has kept nothing.
        storage.write_text(json.dumps(kept), self._about(key))
        return Read(self.rows(key), read.rows, read.malformed)

    def rows(self, key: str) -> Path:
        """Where the rows of a file lie."""
        return self.folder / f"{key}.parquet"

    def _about(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def prune(self) -> None:
        """Delete what nobody used for `keep_days`."""
        oldest = time.time() - self.keep_days * SECONDS_A_DAY
        for file in self.folder.glob("*"):
            if self.keep_days == 0 or file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)
