"""Health, plan and review of one customer: every figure counted by hand, and nothing that was not yet known."""

import csv
from collections import defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.config.errors import BadData
from pipeline.outcomes import store
from pipeline.retention.account import Account, health
from pipeline.retention.account_plan import plan
from pipeline.retention.account_review import review
from pipeline.tables import storage
from tests.end_to_end.helpers import churn

DAY = date(2024, 5, 6)
DECISION = {
    "customer_id": "k1", "as_of": DAY, "churn_probability": 0.412, "risk_band": "medium", "risk_percentile": 99.9,
    "value_at_stake": 1234.5, "tier": "loyal", "value_tier": "top", "lifecycle": None, "playbook": "renewal-talk",
    "action": "Talk about the renewal.", "channel": "phone", "who": "sales", "due_day": date(2024, 5, 13), "caution": None,
    "reason_1_text": "Two complaints are open", "reason_1_kind": "avoidable", "reason_1_team": "service",
    "reason_2_text": None, "protects_1_text": "Nine years a customer", "is_control": False,
}  # fmt: skip


def account(**tables: pl.DataFrame) -> Account:
    before = DECISION | {"as_of": date(2024, 4, 29), "churn_probability": 0.2, "playbook": None, "risk_band": "low"}
    return Account("k1", DAY, "EUR", 2, [before, DECISION], tables, pl.DataFrame(schema=store.SCHEMA))


def rows_of(sections, title: str) -> list[tuple[str, ...]]:
    (section,) = (one for one in sections if one.title == title)
    return list(section.rows)


def titles(sections) -> list[str]:
    return [one.title for one in sections]


def test_what_is_not_known_is_not_there():
    bare = account()
    assert titles(health(bare)) == [
        "Health", "Health by list", "Risks: what goes together with the risk", "What speaks against it",
    ]  # fmt: skip
    assert titles(plan(bare)) == ["What is to be done", "Goals, to be filled in together"]
    assert titles(review(bare, date(2020, 1, 1))) == ["By quarter"]
    assert rows_of(health(bare), "Health") == [
        ("likely to leave", "41.2 %, medium risk"), ("riskier than", "99 % of all scored"),
        ("at stake", "1,234.50 EUR"), ("tier", "loyal"), ("value tier", "top"),
    ]  # fmt: skip
    assert rows_of(health(bare), "Health by list") == [
        ("2024-04-29", "20.0 %", "low", "1,234.50 EUR", "-"),
        ("2024-05-06", "41.2 %", "medium", "1,234.50 EUR", "renewal-talk"),
    ]
    assert rows_of(plan(bare), "What is to be done") == [
        ("playbook", "renewal-talk"), ("action", "Talk about the renewal."), ("channel", "phone"), ("who", "sales"),
        ("by", "2024-05-13"),
    ]  # fmt: skip
    alone = replace(bare, lists=[DECISION])
    assert "Health by list" not in titles(health(alone)), "one list shows no course"


def test_tickets_and_answers_are_those_of_the_day():
    tickets = pl.DataFrame(
        {"opened_day": [date(2024, 1, 5), date(2024, 4, 2), date(2024, 5, 1)], "is_complaint": [True, True, None],
         "resolved_day": [date(2024, 1, 9), None, None]}
    )  # fmt: skip
    surveys = pl.DataFrame(
        {"day": [date(2024, 2, 1), date(2024, 3, 1), date(2024, 4, 1)], "kind": "nps", "score": [9.0, 6.0, None],
         "touch_point": ["delivery", "support", "support"]}
    )  # fmt: skip
    one = account(tickets=tickets, surveys=surveys)
    facts = dict(rows_of(health(one), "Health"))
    assert (facts["open tickets"], facts["open complaints"]) == ("2 of 3", "1")
    assert facts["last answer"] == "2024-03-01, nps, 6, support", "a survey without an answer is none"
    assert rows_of(review(one, date(2020, 1, 1)), "What the customer answered") == [
        ("2024-02-01", "nps", "9", "delivery"), ("2024-03-01", "nps", "6", "support"),
    ]  # fmt: skip
    quarters = rows_of(review(one, date(2020, 1, 1)), "By quarter")
    assert [(row[0], row[1]) for row in quarters] == [
        ("2023 Q2", "0"), ("2023 Q3", "0"), ("2023 Q4", "0"), ("2024 Q1", "1"), ("2024 Q2, before 2024-05-06", "2"),
    ]  # fmt: skip


def test_contracts_that_run_and_promises_stand_in_the_plan():
    contracts = pl.DataFrame(
        {"start_day": [date(2022, 1, 1), date(2023, 6, 1)], "end_day": [date(2023, 5, 31), date(2024, 5, 31)],
         "renewal_day": [None, date(2024, 5, 20)], "plan": ["basic", "gold"], "price_per_month_minor": [1000, 250_000]}
    )  # fmt: skip
    promises = pl.DataFrame(
        {"made_day": [date(2024, 1, 2), date(2024, 2, 2), date(2024, 5, 2)], "what": ["a call", "a credit", "a visit"],
         "promised_by": "Ann", "due_day": [date(2024, 1, 9), date(2024, 4, 9), date(2024, 5, 9)],
         "kept_day": [date(2024, 1, 8), None, None]}
    )  # fmt: skip
    one = account(subscriptions=contracts, commitments=promises)
    assert rows_of(plan(one), "Renewal: contracts that run") == [
        ("gold", "2023-06-01", "2024-05-20", "2024-05-31", "2,500.00 EUR")
    ]
    over = account(subscriptions=contracts.head(1))
    assert rows_of(plan(over), "Renewal: the last contract, which has ended") == [
        ("basic", "2022-01-01", "-", "2023-05-31", "10.00 EUR")
    ]
    assert [row[-1] for row in rows_of(plan(one), "Promises made to this customer")] == ["kept", "overdue", "open"]
    kept = [row[-1] for row in rows_of(review(one, date(2020, 1, 1)), "By quarter")]
    assert kept == ["0 of 0", "0 of 0", "0 of 0", "1 of 1", "0 of 1"], "what is due after the day is not due yet"


def test_what_teams_handed_back_stands_beside_what_they_were_given():
    back = pl.DataFrame(
        [{"customer_id": "k1", "as_of_day": DAY, "status": "done", "done_day": date(2024, 5, 5), "answer": "accepted",
          "note": "wants a discount", "received_day": DAY}],
        schema_overrides=store.SCHEMA,
    )  # fmt: skip
    lines = rows_of(review(replace(account(), outcomes=back), date(2020, 1, 1)), "What teams have handed back")
    assert lines == [("2024-05-06", "renewal-talk", "done", "2024-05-05", "accepted", "wants a discount")]


@pytest.mark.end_to_end
def test_the_pack_of_a_customer_is_what_the_files_of_the_company_say(copy_of_shop):
    decisions = pl.read_parquet(Path("exports/2024-07-01/actions.parquet")).sort("value", descending=True)
    orders = defaultdict(list)
    for file in sorted(Path("raw").glob("orders-*.csv")):
        with file.open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                orders[row["customer"]].append(row)
    picked = [decisions.filter(pl.col("is_control") == flag).row(0, named=True) for flag in (False, True)]
    for row in [*picked, decisions.row(-1, named=True)]:
        customer = row["customer_id"]
        done = churn("pack", customer)
        assert done.returncode == 0, done.stderr
        page, text = (
            Path(f"reports/packs/{customer}{ending}").read_text(encoding="utf-8") for ending in (".html", ".md")
        )
        assert "http" not in page.replace("http-equiv", "") and "<script" not in page, "it needs nothing but itself"
        assert f"# Name, {int(customer[1:])} ({customer})" in text
        assert f"{row['churn_probability'] * 100:.1f} %, {row['risk_band']} risk" in text
        assert ("left alone by lot" in text) == row["is_control"]
        assert (row["playbook"] or row["why_not"]) in text
        quarter = [one for one in orders[customer] if "2024-04-01" <= one["at"][:10] < "2024-07-01"]
        paid = sum(round(float(one["paid"]) * 100) for one in quarter if float(one["paid"]) >= 0) / 100
        number = len({one["order"] for one in quarter if float(one["paid"]) >= 0})
        cells = next(line for line in text.splitlines() if line.startswith("| 2024 Q2 "))
        cells = [cell.strip() for cell in cells.strip("|").split("|")]
        assert cells[1:3] == [f"{number:,}", f"{paid:,.2f} EUR"], customer
    customer = picked[0]["customer_id"]
    forgotten = churn("forget", customer).stdout
    assert f"reports/packs/{customer}.html: was of this customer and was deleted" in forgotten
    assert not list(Path("reports/packs").glob(f"{customer}.*")), "who is forgotten has no pack"


@pytest.mark.end_to_end
def test_who_is_not_on_the_last_list_has_no_pack(copy_of_shop):
    found = churn("pack", "never-bought")
    assert (found.returncode, found.stdout) == (BadData.exit_code, "")
    assert "is not among the" in found.stderr
    scored = set(pl.read_parquet("exports/2024-07-01/actions.parquet")["customer_id"])
    bought = storage.read_buckets(Path("data/tables/transactions"))["customer_id"].unique().sort()
    gone = next(one for one in bought if one not in scored)
    assert "bought before, but was not eligible" in churn("pack", gone).stderr
