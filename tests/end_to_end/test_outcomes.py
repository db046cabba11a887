"""Two weeks with what teams have handed back in between, through the public commands and the published files."""

import csv
import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from pipeline.config.paths import REPRO
from pipeline.stages import s4_evaluate, s6_publish
from tests.end_to_end.helpers import WEEK, churn, run_stages, same_bytes, week

pytestmark = pytest.mark.end_to_end
EARLIER = WEEK - timedelta(days=7)


@pytest.fixture
def first(copy_of_shop):
    """The list of the week before, published by the weekly job."""
    shutil.rmtree("exports")
    assert churn("weekly", "--as-of", EARLIER.isoformat()).returncode == 0
    return pl.read_parquet(f"exports/{EARLIER}/risk_list.parquet")


def fill_csv(rows: dict[str, dict[str, str]]) -> None:
    with Path(f"exports/{EARLIER}/risk_list.csv").open(encoding="utf-8-sig", newline="") as published:
        table = list(csv.DictReader(published))
    with Path("back.csv").open("w", encoding="cp1252", newline="") as back:
        writer = csv.DictWriter(back, table[0], delimiter=";")
        writer.writeheader()
        writer.writerows(row | rows.get(row["customer_id"], {}) for row in table)


def fill_workbook(rows: dict[str, dict[str, object]]) -> None:
    book = openpyxl.load_workbook(f"exports/{EARLIER}/risk_list.xlsx")
    sheet = book["Risk list"]
    names = [cell.value for cell in sheet[1]]
    for line in sheet.iter_rows(min_row=2):
        for name, value in rows.get(line[names.index("customer_id")].value, {}).items():
            line[names.index(name)].value = value
    book.save("back.xlsx")


@pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")
def test_the_next_list_goes_by_the_answers(first):
    ids = first["customer_id"].to_list()
    # Those who will be scored again, and have something to do.
    again = first.filter(pl.col("last_order_day") > EARLIER - timedelta(days=45), pl.col("playbook").is_not_null())
    wrong, snoozed, accepted, unreached, noted = again["customer_id"].head(5)
    fill_csv({wrong: {"wrong_reason": "1"}, noted: {"note": "asked for a catalogue"}})
    fill_workbook(
        {snoozed: {"snooze_until_day": date(2024, 9, 1)}, accepted: {"outcome": "done", "answer": "accepted"}}
    )
    page = {"as_of": str(EARLIER), "rows": [{"customer_id": unreached, "answer": "unreachable"}]}
    Path("page.json").write_text(json.dumps(page), encoding="utf-8")
    # The workbook holds those who are no longer scored, too.
    former = len(pl.read_csv(f"exports/{EARLIER}/former_customers.csv"))
    published = {file: file.read_bytes() for file in REPRO.exports.rglob("*") if file.is_file()}
    done = churn("outcomes", "back.csv", "back.xlsx", "page.json", "--received", (WEEK - timedelta(days=1)).isoformat())
    assert done.stdout.splitlines() == [
        f"back.csv: 2 new, 0 changed, 0 as before; nothing filled in in {len(ids) - 2} rows",
        f"back.xlsx: 2 new, 0 changed, 0 as before; nothing filled in in {len(ids) + former - 2} rows",
        "page.json: 1 new, 0 changed, 0 as before; nothing filled in in 0 rows",
    ]
    assert {file: file.read_bytes() for file in REPRO.exports.rglob("*") if file.is_file()} == published

    assert churn("weekly", "--as-of", WEEK.isoformat()).returncode == 0
    before = {row["customer_id"]: row for row in pl.read_parquet(f"exports/{EARLIER}/actions.parquet").to_dicts()}
    after = {row["customer_id"]: row for row in pl.read_parquet(week() / "actions.parquet").to_dicts()}
    denied = before[wrong]["reason_1_family"]
    assert denied not in [after[wrong][f"reason_{place}_family"] for place in (1, 2, 3)]
    assert after[wrong]["playbook"] != before[wrong]["playbook"] or before[wrong]["playbook"] is None
    assert after[snoozed]["playbook"] is None
    assert after[snoozed]["why_not"] == "nothing, because a team has put this customer off to a later day"
    for customer in (unreached, noted):
        assert after[customer]["playbook"] == before[customer]["playbook"]
        assert after[customer]["given_day"] == before[customer]["given_day"], "the action goes on"
    assert after[accepted]["given_day"] != before[accepted]["given_day"], "what is done is not carried on"
    report = json.loads((week() / "run_report.json").read_text(encoding="utf-8"))
    assert report["wrong_reasons"] == {denied: 1}

    shutil.move(week(), "weekly_list")
    run_stages((s6_publish,))
    same_bytes(week(), week().parent.parent / "weekly_list")
    run_stages((s4_evaluate,))
    assert f"- {denied}: 1 time" in REPRO.model_card_page.read_text(encoding="utf-8").splitlines()


# In every run: tests/outcomes/test_outcomes_command.py, of what is kept.
@pytest.mark.nightly
def test_what_comes_back_after_the_list_was_made_does_not_change_it(first):
    fill_csv({first["customer_id"][0]: {"wrong_reason": "1"}})
    assert churn("outcomes", "back.csv", "--received", (WEEK + timedelta(days=1)).isoformat()).returncode == 0
    assert churn("weekly", "--as-of", WEEK.isoformat()).returncode == 0
    with_later = {file: file.read_bytes() for file in week().rglob("*") if file.is_file()}
    shutil.rmtree("outcomes")
    assert churn("weekly", "--as-of", WEEK.isoformat(), "--replace").returncode == 0
    assert {file: file.read_bytes() for file in week().rglob("*") if file.is_file()} == with_later
