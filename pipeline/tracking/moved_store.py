"""A tracking store that was moved or copied: its artifacts are those beside it, never those of the folder it came from.

MLflow writes the full path of every artifact into its database. In a copied folder it would go on reading from the
original and, worse, write there.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

# Every column of MLflow's database that holds the path of an artifact.
PATH_COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
ARTIFACTS = "mlruns"


def adopt(database: Path) -> list[Path]:
    """Let a store in SQLite find its artifacts beside itself, and name the folders its paths led to before.

    Only paths in the layout this package makes, ``<folder of the database>/mlruns/...``, are rewritten; an artifact
    store that somebody chose, such as a bucket, stays where it is.
    """
    home = database.parent / ARTIFACTS
    if not database.is_file():
        return []
    with closing(sqlite3.connect(database, timeout=30)) as store, store:
        former = [folder for folder in _artifact_folders(store) if folder != home]
        for folder in former:
            for table, column in PATH_COLUMNS:
                _replace_prefix(store, table, column, (str(folder), str(home)))
    return former


def _artifact_folders(store: sqlite3.Connection) -> list[Path]:
    """The folders named `mlruns` in which experiments keep their artifacts."""
    tables = {name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "experiments" not in tables:
        return []
    locations = [location for (location,) in store.execute("SELECT artifact_location FROM experiments") if location]
    paths = [Path(location.removeprefix("file://")) for location in locations]
    return sorted({path.parent for path in paths if path.is_absolute() and path.parent.name == ARTIFACTS})


def _replace_prefix(store: sqlite3.Connection, table: str, column: str, prefixes: tuple[str, str]) -> None:
    if not any(name == column for _, name, *_ in store.execute(f"PRAGMA table_info({table})")):
        return
    old, new = prefixes
    for start in ("", "file://"):
        before, after = f"{start}{old}/", f"{start}{new}/"
        # By length and not by LIKE, in which the underscores of a folder's name would stand for any sign.
        store.execute(
            f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
            (after, len(before) + 1, len(before), before),
        )
