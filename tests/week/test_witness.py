"""The witness on a real company: files are changed the way files do change, read by the real ingest, and held to last week."""

import csv
import json
import shutil
from collections.abc import Callable
from contextlib import chdir
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.drift import PROFILE_FILE, SAMPLE_FILE, Profile
from pipeline.stages import run_stage, s1_ingest
from pipeline.tables import forgotten, storage
from pipeline.week import witness, witness_sample
from tests.profiles import some_by_day

pytestmark = pytest.mark.end_to_end
LAST, NOW = date(2024, 6, 24), date(2024, 7, 1)
Rows = list[dict[str, str]]


def with_consent(rows: Rows) -> Rows:
    """The register, with a consent that some gave and some have not been asked for."""
    return [row | {"mail": ("yes", "no", "yes", "")[place % 4]} for place, row in enumerate(rows)]


def edit(pattern: str, change: Callable[[Rows], Rows]) -> None:
    for file in sorted(Path("raw").glob(pattern)):
        with file.open(encoding="utf-8", newline="") as text:
            rows = change(list(csv.DictReader(text)))
        with file.open("w", encoding="utf-8", newline="") as text:
            writer = csv.DictWriter(text, rows[0])
            writer.writeheader()
            writer.writerows(rows)


def read(day: date) -> Profile:
    settings = params.load()
    run_stage(s1_ingest, settings)
    scored = storage.read_buckets(REPRO.scores, ["customer_key", "churn_probability"])
    return witness.read_profile(REPRO, day, settings.drift.late_days, scored, "m1")


def compare(profile: Profile, *accepted: str) -> dict[str, bool]:
    compared = witness.compare(profile, REPRO, "corner_shop", params.load().drift, accepted)
    assert compared.since == LAST
    return {one.kind: one.stops for one in compared.findings}


@pytest.fixture(scope="module")
def published(built_company, tmp_path_factory) -> Path:
    """A company with a week that was published from the files as they were."""
    folder = tmp_path_factory.mktemp("published") / "shop"
    shutil.copytree(built_company, folder, ignore=shutil.ignore_patterns("ingest_cache", "mlruns", "mlflow.db"))
    with chdir(folder):
        for week in REPRO.exports.glob("????-*"):
            storage.remove(week)
        edit("customers.csv", with_consent)
        text = Path("params.yaml").read_text(encoding="utf-8")
        assert "owner: looked_after_by" in text
        text = text.replace("owner: looked_after_by", "owner: looked_after_by, email_opt_in: mail")
        Path("params.yaml").write_text(text, encoding="utf-8")
        profile = read(LAST)
        week = REPRO.week(LAST)
        week.mkdir(parents=True)
        # The examples of the company are those of the week after.
        storage.write_json(replace(profile, features={}).as_json(), week / PROFILE_FILE)
        storage.write_parquet(witness_sample.read(REPRO.tables, profile.cutoff), week / SAMPLE_FILE)
        storage.write_json({"company": "corner_shop"}, week / "manifest.json")
    return folder


@pytest.fixture
def last_week(published, tmp_path, monkeypatch) -> None:
    """That company, to change."""
    shutil.copytree(published, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")


def no_march(rows: Rows) -> Rows:
    return [row for row in rows if not row["at"].startswith("2024-03")]


def in_cents(rows: Rows) -> Rows:
    return [row | {"paid": str(round(100 * float(row["paid"])))} for row in rows]


def refunds_as_sales(rows: Rows) -> Rows:
    return [row | {"paid": str(-float(row["paid"]))} for row in rows]


def twice_under_new_numbers(rows: Rows) -> Rows:
    return [*rows, *(row | {"order": f"again-{row['order']}"} for row in rows)]


def renumbered(rows: Rows) -> Rows:
    return [
        row | {"customer": f"k{int(row['customer'][1:]) + 5000}"} if row["customer"][1:].isdigit() else row
        for row in rows
    ]


def shifted(rows: Rows) -> Rows:
    """Every order under the id of the next customer: the same form, the same number, other people."""
    return [row | {"customer": f"c{(int(row['customer'][1:]) + 1) % 400:04d}"} for row in rows]


def no_answers(rows: Rows) -> Rows:
    return [row | {"mail": ""} for row in rows]


def all_yes(rows: Rows) -> Rows:
    return [row | {"mail": row["mail"] and "yes"} for row in rows]


def names_of_others(rows: Rows) -> Rows:
    return [row | {"name": other["name"]} for row, other in zip(rows, [*rows[1:], rows[0]], strict=True)]


def owners_of_others(rows: Rows) -> Rows:
    return [
        row | {"looked_after_by": other["looked_after_by"]}
        for row, other in zip(rows, rows[1:] + rows[:1], strict=True)
    ]


def a_day_later(rows: Rows) -> Rows:
    return [row | {"at": (datetime.fromisoformat(row["at"]) + timedelta(days=1)).isoformat()} for row in rows]


def no_web(rows: Rows) -> Rows:
    return [row for row in rows if row["via"] == "shop" or row["at"] < "2024-06-10"]


def refunds_of_late(rows: Rows) -> Rows:
    return [row | {"paid": str(-float(row["paid"]))} if row["at"] >= "2024-06-24" else row for row in rows]


def last_week_twice(rows: Rows) -> Rows:
    return [*rows, *(row | {"order": f"again-{row['order']}"} for row in rows if row["at"] >= "2024-06-24")]


def every_other(rows: Rows) -> Rows:
    return rows[::2]


def no_owner(rows: Rows) -> Rows:
    return [row | {"looked_after_by": ""} for row in rows]


def views(rows: Rows) -> Rows:
    return [row | {"what": "view"} for row in rows]


FAULTS: dict[str, tuple[str, Callable[[Rows], Rows], str, bool]] = {
    "a month is missing": ("orders-*.csv", no_march, "history_shrank", True),
    "amounts in cents": ("orders-*.csv", in_cents, "amounts_changed", True),
    "amounts with the other sign": ("orders-*.csv", refunds_as_sales, "amounts_changed", True),
    "all orders again under new numbers": ("orders-*.csv", twice_under_new_numbers, "history_grew", True),
    "customers renumbered": ("*.csv", lambda rows: renumbered(rows) if "customer" in rows[0] else rows, "customers_changed", True),
    "orders under the next customer": ("orders-*.csv", shifted, "customers_changed", True),
    "no consent any more": ("customers.csv", no_answers, "consent_lost", True),
    "everybody agrees": ("customers.csv", all_yes, "consent_moved", True),
    "names of other customers": ("customers.csv", names_of_others, "names_changed", True),
    "owners of other customers": ("customers.csv", owners_of_others, "owners_changed", False),
    "a day later, as in another zone": ("orders-*.csv", a_day_later, "customers_changed", True),
    "nothing came from the web of late": ("orders-*.csv", no_web, "channel_gone", True),
    "the last week as refunds": ("orders-*.csv", refunds_of_late, "refunds_moved", True),
    "the last week twice": ("orders-*.csv", last_week_twice, "volume_moved", False),
    "half of the register": ("customers.csv", every_other, "register_fell", True),
    "nobody has an owner": ("customers.csv", no_owner, "column_emptied", False),
    "visits are called views": ("visits.csv", views, "kind_gone", False),
}  # fmt: skip


@pytest.mark.parametrize("fault", some_by_day(FAULTS))
def test_a_fault_in_a_file_is_named_and_stops_where_it_must(last_week, fault):
    pattern, change, kind, stops = FAULTS[fault]
    edit(pattern, change)
    profile = read(NOW)
    found = compare(profile)
    assert found.get(kind) is stops, (fault, found)
    assert not any(compare(profile, *found).values()), "what somebody answers for stops nothing"


def test_the_same_files_and_a_forgotten_customer_are_silent(last_week):
    assert compare(read(NOW)) == {}
    rows = storage.read_buckets(REPRO.tables / "transactions", ["customer_id"])["customer_id"]
    most = rows.mode()[0]  # who has the most rows weighs most
    forgotten.write(forgotten.read(REPRO.forgotten).including(most, NOW), REPRO.forgotten)
    profile = read(NOW)
    assert profile.forgotten_customers == 1
    assert sum(month.rows for month in profile.tables["transactions"].months.values()) < len(rows)
    assert compare(profile) == {}


def test_a_kind_is_a_share_of_all_rows_and_a_rare_one_is_not_gone():
    rows = pl.LazyFrame({"store": ["a"] * 50 + ["b"] * 4 + ["c"] + [None] * 945})
    assert witness._shares(rows, "store") == {"a": 0.05}, "4 of 1,000 are hardly there"
    assert witness._shares(rows.head(100), "store") == {"a": 0.5, "b": 0.04, "c": 0.01}


def test_figures_are_those_of_the_raw_rows(last_week):
    profile = Profile.from_json(json.loads((REPRO.week(LAST) / PROFILE_FILE).read_text(encoding="utf-8")))
    rows = [row for row in storage.read_buckets(REPRO.tables / "transactions").to_dicts() if row["day"] < LAST]
    for month, counted in profile.tables["transactions"].months.items():
        of_month = [row for row in rows if f"{row['day']:%Y-%m}" == month]
        assert counted.rows == len(of_month)
        assert counted.customers == len({row["customer_id"] for row in of_month})
        assert counted.amount_minor == sum(row["amount_minor"] for row in of_month)
    assert sum(month.rows for month in profile.tables["transactions"].months.values()) == len(rows)
    ago = [(LAST - row["day"]).days - 1 for row in rows]
    assert profile.tables["transactions"].weeks == [sum(days // 7 == week for days in ago) for week in range(13)]
    last_week = [row for row in rows if (LAST - row["day"]).days <= 7]
    from_web = sum(row["channel"] == "web" for row in last_week) / len(last_week)
    assert profile.tables["transactions"].kinds["channel"]["web"] == pytest.approx(from_web, abs=1e-5)
    sample = storage.read_parquet(REPRO.week(LAST) / SAMPLE_FILE)
    for row in sample.sample(30, seed=2).to_dicts():
        own = [
            one["amount_minor"]
            for one in rows
            if one["customer_id"] == row["customer_id"] and one["day"] < profile.cutoff
        ]
        assert (row["rows"], row["amount_minor"]) == (len(own), sum(own))
    for habit, name in (("store_id", "store_id"), ("category", "category")):
        for number, (share, counted) in enumerate(profile.familiar[habit]):
            end = LAST - timedelta(days=14 * number)
            had = {(row["customer_id"], row[name]) for row in rows if row["day"] < end - timedelta(days=14)}
            window = [
                row for row in rows
                if end - timedelta(days=14) <= row["day"] < end and row["customer_id"] in {who for who, _ in had}
            ]  # fmt: skip
            assert counted == len(window) > 0
            assert share == pytest.approx(
                sum((row["customer_id"], row[name]) in had for row in window) / counted, abs=1e-6
            )
    assert profile.consents["email_opt_in"][0] == pytest.approx(0.75, abs=0.1)
    assert replace(profile, effects={}) == profile


def test_without_an_earlier_week_there_is_nothing_to_compare(last_week):
    storage.remove(REPRO.week(LAST))
    compared = witness.compare(read(NOW), REPRO, "corner_shop", params.load().drift, ())
    assert (compared.findings, compared.since) == ([], None)
    assert compared.sample.height == compared.sample["customer_id"].n_unique()
