"""Sixty weeks of a supplier of companies: feeds fail, jobs are killed, teams hand lists back, and no list is wrong."""

import json
import random
import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.commands import simulate
from pipeline.config import params
from pipeline.config.paths import REPRO, WEEKLY_WORK
from pipeline.examples.population import CURRENT
from tests import flow
from tests.end_to_end.helpers import churn
from tests.end_to_end.many_weeks import faults, owed
from tests.end_to_end.many_weeks.bookkeeper import Bookkeeper
from tests.end_to_end.many_weeks.faults import Monday
from tests.end_to_end.many_weeks.supplier import FLOWS, REGISTERS, Supplier, make_project, mondays
from tests.end_to_end.many_weeks.teams import hand_back

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.nightly,
    # A team opens the workbook with openpyxl, which knows no coloured bars.
    pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning"),
]
FIRST = date(2025, 1, 6)
WEEKS = 60
# So few that some weeks have more to do than hands.
HANDS = 3
KILLS = 50
# What the playbooks of the example have for those who are no longer customers.
OF_FORMER = ("ask-why-they-left", "win-back")
PLAN = {"customers": 500, "days": 1530, "seed": 3, "every_days": 30, "gap_days": 0, "horizon_days": 90}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Supplier:
    """The supplier on its first Monday, when all stages have run."""
    folder, source = tmp_path_factory.mktemp("supplier"), tmp_path_factory.mktemp("source") / "b2b"
    simulate.run("b2b", simulate.plan("b2b", **PLAN), source, 1)
    tables = {name: pl.read_parquet(source / f"{name}.parquet") for name in (*FLOWS, *REGISTERS)}
    supplier = Supplier(tables, folder)
    make_project(folder, FIRST, HANDS)
    supplier.deliver(FIRST)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        flow.run_stages(params.load())
    return supplier


@pytest.fixture
def supplier(built: Supplier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Supplier:
    """A copy of it, as the current folder."""
    folder = tmp_path / "supplier"
    shutil.copytree(built.folder, folder)
    monkeypatch.chdir(folder)
    return Supplier(built.tables, folder)


def test_sixty_weeks(supplier: Supplier, tmp_path: Path) -> None:
    dice = random.Random(1)
    plan = [*faults.FAULTS * 4, *[faults.nothing] * WEEKS][: WEEKS - 1]
    dice.shuffle(plan)
    days = mondays(FIRST, WEEKS)
    books = Bookkeeper()
    books.read(REPRO.week(FIRST))
    fates: Counter[str] = Counter()
    for last, day, fault in zip(days[:-1], days[1:], plan, strict=True):
        back = hand_back(REPRO.week(last), tmp_path, dice)
        for _ in range(dice.randint(1, 2)):
            found = churn("outcomes", str(back.file), "--received", back.received.isoformat())
            assert found.returncode == 0, found
        books.take(back)
        before = faults.contents(REPRO.exports)
        monday = Monday(day, last, supplier, dice)
        fault(monday)
        if not monday.week.exists():
            assert monday.weekly().returncode == 0, (day, fault.__name__)
        assert not WEEKLY_WORK.exists()
        after = faults.contents(REPRO.exports)
        assert {name: after.get(name) for name in before} == before, "what was published is never touched"
        assert {Path(name).parts[0] for name in after.keys() - before.keys()} == {str(day)}
        fates += check_week(books, supplier, day)
    print(f"duties of {WEEKS - 1} weeks: {dict(fates)}")
    assert fates["done"] > 500 and fates["named"] > 50, "there was something to see"


def check_week(books: Bookkeeper, supplier: Supplier, day: date) -> Counter[str]:
    """Hold a published week to the second account of it, and to the raw tables."""
    week = REPRO.week(day)
    books.read(week)
    report = json.loads((week / "run_report.json").read_text(encoding="utf-8"))
    books.check_statuses(day)
    books.check_who_left(week, supplier)
    books.check_summary(day, report["since_last_list"])
    decided = pl.concat(
        [pl.read_parquet(week / name) for name in ("actions.parquet", "former_actions.parquet")], how="diagonal"
    )
    given = decided.filter(pl.col("given_day") == day, pl.col("work").is_in(["duty", "task"]))
    assert given.height == 0 or given["task_owner"].value_counts()["count"].max() <= HANDS, day
    _check_consent(week, supplier)
    is_for_former = decided["playbook"].is_in(OF_FORMER) & (decided["state"].fill_null(CURRENT) == CURRENT)
    assert not is_for_former.any(), (day, "who has come back is asked why they left")
    fate = owed.fate(books, supplier, day, set(decided["customer_id"]))
    assert fate.lost == [], (day, "owed, on no list, and not named")
    named = sum(report["duties_waiting"].values()) + sum(report["former_customers"]["duties_waiting"].values())
    rows = [*books.weeks[day].values(), *books.former[day].values()]
    assert sum(owed.SAYS_NO_HANDS in row["action"] for row in rows) == named, day
    return Counter({"done": len(fate.done), "named": len(fate.named), "excused": len(fate.excused)})


def _check_consent(week: Path, supplier: Supplier) -> None:
    """Nobody is to be mailed, called or texted who has not agreed to it."""
    consents = {"e-mail": "email_opt_in", "phone": "phone_opt_in", "sms": "sms_opt_in"}
    rows = [pl.read_csv(file, infer_schema=False) for file in sorted(week.glob("audiences/*.csv"))]
    rows += [pl.read_csv(week / name, infer_schema=False) for name in ("risk_list.csv", "former_customers.csv")]
    reached = pl.concat([table.select("customer_id", "channel") for table in rows])
    for channel, column in consents.items():
        refused = supplier.tables["customers"].filter(~pl.col(column))["customer_id"]
        assert set(reached.filter(pl.col("channel") == channel)["customer_id"]) & set(refused) == set(), channel


def test_a_job_that_is_killed_at_any_of_fifty_moments_needs_no_hand(supplier: Supplier) -> None:
    day = mondays(FIRST, 2)[1]
    monday = Monday(day, FIRST, supplier, random.Random(1))
    monday.deliver()
    assert monday.weekly().returncode == 0
    expected = faults.contents(monday.week)
    moments, died = random.Random(2).sample(range(1, 240), KILLS), 0
    for moment in sorted(moments):
        shutil.rmtree(monday.week)
        ended = faults.in_another_process(faults.kill_after, moment, day)
        died += ended != 0
        assert not monday.week.exists() or faults.contents(monday.week) == expected, f"half a list after {moment}"
        if not monday.week.exists():
            assert monday.weekly().returncode == 0, moment
        assert faults.contents(monday.week) == expected, moment
    assert died > KILLS / 2, "most were killed before their end"
