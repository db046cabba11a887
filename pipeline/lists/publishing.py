"""A week, file by file, and how it gets into its folder."""

import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.config.types import Readers
from pipeline.drift import PROFILE_FILE, SAMPLE_FILE
from pipeline.lists import audiences, outbox
from pipeline.lists.checks import check
from pipeline.lists.csv_file import csv_bytes, table_bytes
from pipeline.lists.file_names import file_stems
from pipeline.lists.html_page import guide_page, html_page
from pipeline.lists.manifest import MANIFEST, File, manifest
from pipeline.lists.week import Week
from pipeline.lists.week_folder import (
    ACTIONS_FILE,
    CONTRIBUTIONS_FILE,
    EXPLORED_FILE,
    FORMER_ACTIONS,
    write_week,
)
from pipeline.lists.xlsx_file import xlsx_bytes

PICTURE = "risk_list"
ROW_GROUP = 250_000  # fixed, for the engine's own choice depends on the machine


def publish(week: Week, exports: Path, *, replace: bool, readable_by: Readers | None = None) -> Path:
    """Write the week folder, whole or not at all.

    Parameters
    ----------
    week
        What goes into it; checked first.
    exports
        The folder that holds all weeks; made if absent.
    replace
        Whether a week that is already out may be written again. Readers see the old week or the new one, never a mix.
    readable_by
        Who may read it besides its owner; None: as the week that it replaces, else nobody.

    Returns
    -------
    The week folder, ``exports/<as_of>``.

    Raises
    ------
    BadData
        The week breaks its own rules; nothing is written.
    AlreadyPublished
        The week is out and `replace` is false.
    Locked
        Another run is writing to `exports`.
    """
    check(week)
    return write_week(_files(week), exports, week.about.as_of.isoformat(), replace=replace, readable_by=readable_by)


def release(composed: Path, exports: Path, *, replace: bool, readable_by: Readers | None = None) -> Path:
    """Put a week that was written elsewhere into `exports`, byte for byte, whole or not at all.

    Parameters
    ----------
    composed
        The folder of that one week; its name is the day.
    exports
        The folder that holds all weeks.
    replace
        Whether a week that is out with other content may be written again. One with the same content stays as it is.
    readable_by
        Who may read it besides its owner; None: as the week that it replaces, else nobody.

    Raises
    ------
    AlreadyPublished
        Another week of that day is out and `replace` is false.
    Locked
        Another run is writing to `exports`.
    """
    published = exports / composed.name / MANIFEST
    if published.is_file() and published.read_bytes() == (composed / MANIFEST).read_bytes():
        return published.parent
    return write_week(_written(composed), exports, composed.name, replace=replace, readable_by=readable_by)


def _written(folder: Path) -> Iterator[File]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    for file in sorted(files, key=lambda file: file.name == MANIFEST):  # it comes last, as when a week is published
        yield File(file.relative_to(folder).as_posix(), file.read_bytes(), None)


def _files(week: Week) -> Iterator[File]:
    """Every file of the week, one at a time so that only one is held in memory; the manifest comes last."""
    written = []
    for file in _contents(week):
        written.append(file.entry())
        yield file
    yield File(MANIFEST, json_bytes(manifest(week.about, week.fingerprints, written)), None)


def _contents(week: Week) -> Iterator[File]:
    about, listed = week.about, week.risk_list
    yield File("risk_list.csv", csv_bytes(listed, about.minor_digits), listed.height)
    yield from _pictures(week)
    yield File("risk_list.parquet", parquet_bytes(listed), listed.height)
    actions = week.actions.sort("customer_id")  # whatever buckets they came from
    yield File(ACTIONS_FILE, parquet_bytes(actions), actions.height)
    yield from _parquet(EXPLORED_FILE, week.explored)
    yield from _parquet(CONTRIBUTIONS_FILE, week.contributions)
    yield from _parquet("promises.parquet", week.promises)
    stems = file_stems(listed["owner"].to_list())
    by_stem = listed.with_columns(stem=pl.Series([stems[owner] for owner in listed["owner"]], dtype=pl.String))
    for (stem,), part in sorted(by_stem.partition_by("stem", as_dict=True, include_key=False).items()):
        yield File(f"by_owner/{stem}.csv", csv_bytes(part, about.minor_digits), part.height)
    if week.former is not None and not week.former.is_empty():
        yield File("former_customers.csv", table_bytes(week.former, about.minor_digits), week.former.height)
    yield from _parquet(FORMER_ACTIONS, week.former_actions)
    yield from _audience_files(week)
    if not (sent := outbox.messages(week.all_actions, about.as_of)).is_empty():
        yield File("outbox.jsonl", outbox.lines(sent), sent.height)
    for guide in week.guides:
        yield File(f"interview_guides/{guide.language}.html", guide_page(guide).encode(), None)
    if week.left is not None and not week.left.is_empty():
        yield File("left_the_list.csv", table_bytes(week.left), week.left.height)
    yield from _reports(week)


def _parquet(path: str, rows: pl.DataFrame | None) -> Iterator[File]:
    """A table by customer; no file where there is no row."""
    if rows is not None and not rows.is_empty():
        yield File(path, parquet_bytes(rows.sort("customer_id")), rows.height)


def _pictures(week: Week) -> Iterator[File]:
    """The list for people: a workbook and a page, and once more in each other language that somebody reads."""
    for catalog in (week.language, *week.others):
        name = PICTURE if catalog is week.language else f"{PICTURE}_{catalog.language}"
        yield File(f"{name}.xlsx", xlsx_bytes(week, catalog), week.risk_list.height)
        yield File(f"{name}.html", html_page(week, catalog).encode(), week.risk_list.height)


def _reports(week: Week) -> Iterator[File]:
    """How the week was made, what it saw of the data, and what became of earlier lists."""
    if week.matured is not None and not week.matured.is_empty():
        yield File("matured_lists.csv", table_bytes(week.matured), week.matured.height)
    if week.profile is not None:
        yield File(PROFILE_FILE, json_bytes(week.profile.as_json()), None)
    if week.sample is not None:
        yield File(SAMPLE_FILE, parquet_bytes(week.sample), week.sample.height)
    yield File("run_report.json", json_bytes(week.run_report | {"about": week.about.as_report()}), None)


def _audience_files(week: Week) -> Iterator[File]:
    """What sending systems are handed: a file each, and the table of them; none in a week that sends nothing."""
    if week.audiences is None or week.audiences.is_empty():
        return
    campaigns = audiences.campaigns(week.audiences)
    yield File("audiences.csv", table_bytes(campaigns), campaigns.height)
    for playbook, path in campaigns.select("playbook", "file").iter_rows():
        rows = week.audiences.filter(pl.col("playbook") == playbook).select(audiences.AUDIENCE.keys())
        yield File(path, table_bytes(rows), rows.height)


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """The frame as Parquet; the same rows make the same bytes, however they lie in memory."""
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(buffer, compression="zstd", compression_level=3, row_group_size=ROW_GROUP)
    return buffer.getvalue()


def json_bytes(content: dict[str, Any]) -> bytes:
    r"""JSON for people and programs: sorted keys, days as ISO 8601, no NaN.

    Examples
    --------
    >>> json_bytes({"b": 1, "a": "é"}).decode()
    '{\n  "a": "é",\n  "b": 1\n}\n'
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True, default=_iso)
    return f"{text}\n".encode()


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON: {value!r}")
