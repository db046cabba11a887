"""``churn retention --page``: one file that shows every figure, and each of them as it is counted by hand."""

import re
from datetime import date, timedelta

import pandas as pd
import polars as pl
import pytest

from pipeline.commands import retention, retention_sections
from pipeline.commands.retention import Question
from pipeline.outcomes import maturity
from pipeline.retention import portraits
from pipeline.retention.periods import Period
from pipeline.tables import storage
from tests.retention.company import BUCKETS, END, ByHand, random_tables

ACTIVE = 45
START = date(2023, 10, 1)


@pytest.fixture
def shop(changed, tmp_path):
    """A company with sellers of odd names, contacts, and the causes of its last training."""
    tables = random_tables(11, contracts=False)
    odd = {"A": "<script>alert(1)</script>", "B": "B | B"}
    tables.register = [(key, market, region, odd[seller]) for key, market, region, seller in tables.register]
    paths = tables.write(tmp_path)
    contacts = [
        (number % 60, date(2023, 9, 25) + timedelta(days=number % 20), ["sales", None][number % 2])
        for number in range(150)
    ]
    rows = pl.DataFrame(contacts, schema={"customer_key": pl.Int64, "day": pl.Date, "team": pl.String}, orient="row")
    for bucket in range(BUCKETS):
        part = rows.filter(pl.col("customer_key") % BUCKETS == bucket)
        storage.write_parquet(part, storage.bucket_file(paths.tables / "contacts", bucket))
    weight = {"customers": 7, "expected_churners": 2.6, "value_at_stake": 12.5}
    causes = {
        "as_of": "2024-01-01",
        "by_kind": [weight | {"kind": "avoidable"}],
        "by_segment": {
            "tier": {"loyal": [weight | {"cause": "C55", "description": "habit broken", "kind": "avoidable"}]}
        },
    }
    storage.write_json(causes, paths.root_causes)
    settings = changed(**{"snapshots.active_days": ACTIVE, "snapshots.observed_until": str(END)})
    return settings, paths, tables, rows.to_pandas()


def test_the_page_holds_every_figure_and_runs_nothing(shop):
    settings, paths, *_ = shop
    lines = list(retention.run(settings, Question("quarter", with_page=True), paths))
    assert lines[-1] == f"written: {paths.retention_page}, {paths.retention_page.with_suffix('.md')}"
    page = paths.retention_page.read_text(encoding="utf-8")
    twin = paths.retention_page.with_suffix(".md").read_text(encoding="utf-8")
    report = retention.build(settings, Question("quarter"), paths)
    for one in report.measures:
        assert f"<td>{one.name}</td>" in page
        assert re.search(rf"^\| {one.name} +\|", twin, re.MULTILINE)
    assert page.count("<td>") + page.count('<td class="figure">') > 200
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "http" not in page.replace("http-equiv", ""), "nothing is fetched"
    assert page.count("data:image/png;base64,iVBOR") == 2
    for title in (
        "Who leaves soon",
        "The best customers",
        "avoidable or natural",
        "Contacts in the period",
        "kept",
        "Words",
    ):
        assert title in page and title in twin
    assert "C55 habit broken" in page
    assert "Not yet known" in page and "no list before" in page
    assert "B / B" in twin, "a bar would end the cell"
    # Below a table Markdown needs an empty line, or the sentence becomes a row.
    assert not re.search(r"^\|.*\|\n[^|\n]", twin, re.MULTILINE)


def test_causes_of_another_company_are_not_shown(shop):
    _, paths, *_ = shop
    (section,) = retention_sections._causes("complete_journey", paths)
    assert section.rows[0] == ("all", "avoidable", "avoidable", "7", "3", "12.50")
    assert list(retention_sections._causes("another", paths)) == []
    paths.root_causes.unlink()
    assert list(retention_sections._causes("complete_journey", paths)) == []


def test_old_lists_stand_on_the_page_with_a_picture(shop, monkeypatch):
    settings, paths, *_ = shop
    counts = {
        "customers": 10,
        "expected_churners": 4.0,
        "low": 1,
        "high": 7,
        "churners": 3,
        "expected_rate": 0.4,
        "rate": 0.3,
    }
    rows = [
        {"as_of": date(2023, 8, day), "last_day": date(2023, 9, day), "by": by, "group": "yes", "lift": 1.5, **counts}
        for day in (7, 14)
        for by in ("listed", "is_control")
    ]
    monkeypatch.setattr(retention_sections.matured_lists, "read", lambda *_: pl.DataFrame(rows, schema=maturity.SCHEMA))
    report = retention.build(settings, Question("quarter"), paths)
    (section,) = retention_sections._old_lists(report, "complete_journey", paths, paths)
    assert section.rows[0] == ("2023-08-07", "2023-09-07", "10", "40.0 %", "30.0 %", "1 to 7", "3", "1.5")
    assert len(section.rows) == 2 and section.picture.startswith(b"\x89PNG")


def test_early_leavers_and_the_best_are_those_of_a_count_by_hand(shop):
    settings, paths, tables, _ = shop
    report = retention.build(settings, Question("quarter"), paths)
    hand = ByHand(tables, "inactivity", ACTIVE)
    sellers = {row[0]: row[3] for row in tables.register}
    latest, earliest = START, date(2023, 1, 1) + timedelta(days=ACTIVE)
    came = [c for c in hand.ids if (day := hand.first(c, END)) is not None and earliest <= day < latest]
    for row in report.early_leavers.filter(pl.col("by") == "seller").to_dicts():
        own = [customer for customer in came if sellers[customer] == row["group"]]
        left = sum(not hand.active(customer, END) for customer in own)
        assert (row["came"], row["left"], row["share"]) == (len(own), left, pytest.approx(left / len(own)))
    whole = report.early_leavers.row(0, named=True)
    assert (whole["by"], whole["came"]) == ("all", len(came)) and 0 < whole["left"] < whole["came"]
    paid = hand.paid(set(hand.ids), START, END)
    payers = paid[paid > 0].reset_index().sort_values(["amount", "customer"], ascending=[False, True])
    best = payers.head(-(-len(payers) // 5))
    for row in report.best_customers.filter(pl.col("by") == "seller").to_dicts():
        shares = [(part.customer.map(sellers) == row["group"]).mean() for part in (best, payers)]
        assert (row["share_of_best"], row["share_of_payers"]) == pytest.approx(tuple(shares))
        assert row["times"] == pytest.approx(shares[0] / shares[1])


def test_nobody_is_an_early_leaver_who_cannot_be_lost_yet(shop):
    """In a period shorter than the window, who came just before it is still a customer by the rule, whatever he or she does."""
    settings, paths, tables, _ = shop
    report = retention.build(settings, Question("2023-12-20..2023-12-31"), paths)
    hand = ByHand(tables, "inactivity", ACTIVE)
    days = date(2023, 1, 1) + timedelta(days=ACTIVE), END - timedelta(days=ACTIVE)
    came = [c for c in hand.ids if (day := hand.first(c, END)) is not None and days[0] <= day < days[1]]
    assert report.early_leavers.row(0, named=True)["came"] == len(came)


def test_contacts_are_counted_by_team(shop):
    *_, contacts = shop
    period = Period("quarter", START, END)
    found = portraits.contact_load(pl.from_pandas(contacts).with_columns(pl.col("day").cast(pl.Date)).lazy(), period)
    days = pd.to_datetime(contacts.day).dt.date
    inside = contacts[(days >= START) & (days < END)]
    for row in found.to_dicts():
        own = inside if row["team"] == "all" else inside[inside.team.fillna("unknown") == row["team"]]
        each = own.groupby("customer_key").size()
        assert (row["contacts"], row["customers"], row["most"]) == (len(own), len(each), each.max())
    assert found["team"].to_list()[0] == "all" and set(found["team"]) == {"all", "sales", "unknown"}
