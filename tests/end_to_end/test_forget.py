"""``churn forget``: afterwards nothing that is kept here names the customer, though the sources still deliver them."""

import io
import re
import shutil
import zipfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.commands import forget, weekly
from pipeline.commands.locks import alone
from pipeline.config import params, paths
from pipeline.config.errors import BadData, Locked
from pipeline.config.paths import REPRO, WEEKLY_LOCK
from pipeline.outcomes import store
from pipeline.outcomes.store import Outcome
from tests.flow import run_untracked

pytestmark = pytest.mark.end_to_end
WEEK = date(2024, 7, 1)
OURS = ("data", "exports", "outcomes", "models", "reports", "mlruns", "forgotten.json", "mlflow.db")


def texts(file: Path) -> str:
    """All text of a file, whatever its format."""
    content = file.read_bytes()
    if file.suffix == ".parquet":
        return pl.read_parquet(io.BytesIO(content)).cast(pl.String, strict=False).write_csv()
    if file.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return "\n".join(parts.read(part).decode("utf-8", "replace") for part in parts.namelist())
    return content.decode("utf-8", "replace")


def naming(customer: str) -> list[str]:
    """The files of ours that name a customer."""
    files = [file for name in OURS for file in (Path(name), *Path(name).rglob("*")) if file.is_file()]
    return sorted(file.as_posix() for file in files if re.search(rf"(?<!\w){customer}(?!\w)", texts(file)))


def test_nothing_of_ours_names_the_customer_and_no_delivery_brings_them_back(copy_of_shop, monkeypatch):
    settings = params.load()
    listed = pl.read_parquet(REPRO.week(WEEK) / "risk_list.parquet")
    gone, stays = listed["customer_id"][0], listed["customer_id"][1]
    store.add(
        REPRO.outcomes, [Outcome(gone, WEEK, "done", *[None] * 6), Outcome(stays, WEEK, "done", *[None] * 6)], WEEK
    )
    with Path("raw/visits.csv").open("a", encoding="utf-8") as visits:
        visits.write(f"{gone},no day,visit\n")
    weekly.run(settings, WEEK, replace=True, dry_run=False)
    held = naming(gone)
    for kind in ("data/tables/", "data/weekly_rejected/", "data/ingest_cache/", "exports/2024-07-01/risk_list.html",
                 "exports/2024-07-01/risk_list.xlsx", "outcomes/2024-07-01.parquet", "data/week/"):  # fmt: skip
        assert any(name.startswith(kind) for name in held), f"{kind} was to hold the customer before"

    lines = list(forget.run(settings, gone))
    assert naming(gone) == []
    assert naming(stays), "others stay"
    for table, files in (
        ("transactions", "orders-*"),
        ("events", "visits"),
        ("customers", "customers"),
        ("contacts", "letters"),
    ):
        texts_of = [file.read_text(encoding="utf-8") for file in Path("raw").glob(f"{files}.csv")]
        rows = sum(line.startswith(f"{gone},") for text in texts_of for line in text.splitlines())
        assert any(re.match(rf"sources.{table}: .* still has {rows} rows?;", line) for line in lines) == bool(rows)
    assert store.read(REPRO.outcomes, date(2025, 1, 1))["customer_id"].to_list() == [stays]

    weekly.run(settings, WEEK, replace=True, dry_run=False)
    again = pl.read_parquet(REPRO.week(WEEK) / "risk_list.parquet")
    assert (REPRO.week(WEEK) / "risk_list.html").is_file()
    assert set(listed["customer_id"]) - set(again["customer_id"]) == {gone}
    run_untracked(monkeypatch, settings)
    assert naming(gone) == []
    assert naming(stays)


def test_a_kill_before_the_weeks_are_done_is_ended_by_another_run(copy_of_shop, monkeypatch):
    settings = params.load()
    gone = pl.read_parquet(REPRO.week(WEEK) / "risk_list.parquet")["customer_id"][0]
    next(iter(forget.run(settings, gone)))  # only the first step was reached
    assert naming(gone)
    assert "was forgotten before" in next(iter(lines := list(forget.run(settings, gone))))
    assert any("exports/2024-07-01: " in line for line in lines)
    assert naming(gone) == []


def test_somebody_nobody_knows_is_refused_and_not_remembered(copy_of_shop):
    with pytest.raises(BadData, match="customer 'c9999' is in no published week, no outcome and none of the sources"):
        list(forget.run(params.load(), "c9999"))
    assert not REPRO.forgotten.exists()


def test_while_another_command_is_at_work_nothing_is_touched(copy_of_shop):
    settings = params.load()
    customer = pl.read_parquet(REPRO.week(WEEK) / "actions.parquet")["customer_id"][0]
    for lock in (WEEKLY_LOCK, REPRO.outcomes_lock):
        with alone(lock, "a test"), pytest.raises(Locked, match="wait for it to end"):
            list(forget.run(settings, customer))
    assert not REPRO.forgotten.exists()


def test_weeks_that_are_old_enough_go_but_none_by_which_contacts_are_limited(copy_of_shop):
    settings = params.load()
    old = {days: WEEK - timedelta(days=days) for days in (30, 1000, 2000)}
    for day in old.values():
        shutil.copytree(REPRO.week(WEEK), REPRO.week(day))
        store.add(REPRO.outcomes, [Outcome("c0001", day, "done", *[None] * 6)], day)
        paths.weekly_rejected(day).mkdir(parents=True)
    needed = WEEK - timedelta(days=400)
    for keep_days, left in ((1500, {30, 1000}), (1, {30})):
        lists = settings.lists.model_copy(update={"keep_days": keep_days})
        assert weekly.delete_old(settings.model_copy(update={"lists": lists}), WEEK, needed).endswith(
            "1 weeks, outcomes of 1 lists"
        )
        days = {f"{old[number]}" for number in left}
        assert {folder.name for folder in REPRO.exports.iterdir()} == {*days, f"{WEEK}"}
        assert {file.stem for file in REPRO.outcomes.glob("*.parquet")} == days
        assert {folder.name for folder in Path("data/weekly_rejected").iterdir()} == days


def test_the_weekly_job_deletes_what_is_too_old(copy_of_shop):
    settings = params.load()
    assert settings.lists.keep_days == 1095
    for day in (date(2020, 1, 6), date(2024, 1, 1)):
        shutil.copytree(REPRO.week(WEEK), REPRO.week(day))
    weekly.run(settings, WEEK, replace=True, dry_run=False)
    assert {folder.name for folder in REPRO.exports.iterdir()} == {"2024-01-01", f"{WEEK}"}
