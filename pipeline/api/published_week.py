"""One published week, ``exports/<as_of>/``, as frames and reports."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.config.errors import BadData
from pipeline.config.paths import Paths
from pipeline.tables import storage


@dataclass(frozen=True)
class Week:
    """One published week.

    Attributes
    ----------
    as_of
        The day customers were scored for.
    folder
        Where its files are, with the page for people, ``risk_list.html``.
    risk_list, actions
        The list as handed out, and every decision, also "nothing, because ..." and controls.
    run_report, manifest
        What was counted; what was written, with fingerprints.
    """

    as_of: date
    folder: Path
    risk_list: Any
    actions: Any
    run_report: dict[str, Any]
    manifest: dict[str, Any]

    def __repr__(self) -> str:
        return f"Week({self.as_of}: {len(self.risk_list):,} on the risk list, {len(self.actions):,} decisions)"


def week_folder(paths: Paths, day: date) -> Path:
    """Return the folder of a published week.

    Raises
    ------
    BadData
        That week is not published; the message says which are.
    """
    folder = paths.week(day)
    if not folder.is_dir():
        published = sorted(one.name for one in paths.exports.glob("????-??-??"))
        there = f"published: {', '.join(published[-5:])}" if published else "no week is published yet"
        raise BadData(f"{folder}: not found; {there}; run: dvc repro, or: churn weekly --as-of {day}")
    return folder


def read_actions(paths: Paths, day: date) -> pl.DataFrame:
    """Return all decisions of a week."""
    return storage.read_parquet(week_folder(paths, day) / "actions.parquet")


def read_week(paths: Paths, day: date, as_frame: Callable[[pl.DataFrame], Any]) -> Week:
    """Return a published week, its tables as the frames that `as_frame` makes of them."""
    folder = week_folder(paths, day)
    risk_list = storage.read_parquet(folder / "risk_list.parquet")
    report, manifest = (storage.read_json(folder / f"{name}.json") for name in ("run_report", "manifest"))
    return Week(day, folder, as_frame(risk_list), as_frame(read_actions(paths, day)), report, manifest)
