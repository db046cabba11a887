"""``churn check --leakage``: a clean company passes, and every leak planted on purpose is found and named."""

import csv
import shutil
from contextlib import chdir
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from pipeline import cli, sql
from pipeline.config import params
from pipeline.config.errors import BadData
from pipeline.examples import day_rows, history
from pipeline.examples import features as rooms
from pipeline.examples.features import Aggregate, Feature
from pipeline.leakage import outcome_checks
from pipeline.leakage import search as leaks
from pipeline.model import split
from pipeline.stages import run_stage, s1_ingest, s2_examples
from pipeline.tables import storage
from tests.company import make_company

LAST = date(2024, 6, 30)


def build(**event_types: list[str]) -> params.Params:
    """Ingest and examples of the company in the current folder."""
    settings = params.load()
    if event_types:
        settings = settings.model_copy(update={"features": settings.features.model_copy(update=event_types)})
    for stage in (s1_ingest, s2_examples):
        run_stage(stage, settings)
    return settings


def search(settings: params.Params) -> tuple[list[str], str]:
    """All lines, and what the command fails with in the end."""
    lines: list[str] = []
    try:
        lines.extend(leaks.run(settings))
    except BadData as refused:
        return lines, str(refused)
    return lines, ""


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    make_company(folder, customers=250)
    with chdir(folder):
        build()
    return folder


@pytest.fixture
def shop(clean, tmp_path, monkeypatch) -> Path:
    """A copy of the clean company to plant something in."""
    shutil.copytree(clean, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def days_of_orders() -> dict[str, list[date]]:
    found: dict[str, set[date]] = {}
    for file in Path("raw").glob("orders-*.csv"):
        for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
            if float(row["paid"]) >= 0:
                found.setdefault(row["customer"], set()).add(date.fromisoformat(row["at"][:10]))
    return {customer: sorted(days) for customer, days in found.items()}


def add_events(rows: list[tuple[str, date, str]], to: str = "raw/visits.csv") -> None:
    lines = [f"{customer},{day}T10:00:00Z,{kind}".rstrip(",") for customer, day, kind in rows]
    with Path(to).open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def silences(days: int) -> list[tuple[str, date]]:
    """Who was silent for so many days, and when that was."""
    return [
        (customer, day + timedelta(days=days))
        for customer, bought in days_of_orders().items()
        for day, following in zip(bought, [*bought[1:], LAST], strict=True)
        if (following - day).days > days
    ]


def test_a_clean_company_passes(shop):
    lines, refused = search(params.load())
    assert refused == ""
    assert [line.partition(":")[0] for line in lines] == [
        "truncation", "corruption", "labels", "split", "too good to be true", "adversarial", "treatments",
    ]  # fmt: skip
    assert lines[0].endswith("are bit-identical with all that came later cut off")
    assert not list(Path("data").glob(".*")), "nothing is left behind"
    settings = params.load()
    spread = settings.model_copy(update={"storage": settings.storage.model_copy(update={"buckets": 2})})
    for stage in (s1_ingest, s2_examples):
        run_stage(stage, spread)
    assert search(spread)[0] == lines, "the same lines every time, however many buckets"


def test_a_cut_that_is_seven_days_late_is_found(shop, monkeypatch):
    honest = history.before
    monkeypatch.setattr(history, "before", lambda rows, day: honest(rows, day + timedelta(days=7)))
    build()
    done = CliRunner().invoke(cli.main, ["check", "--leakage"], catch_exceptions=False)
    lines, refused = done.stdout.splitlines(), done.stderr
    assert done.exit_code == 12
    assert lines[0] == "params.yaml: all sections are right"
    assert "sure leaks" in refused
    assert refused.count("\n") == 1
    first = [line for line in lines if "orders_30d at 2024-02-02" in line]
    assert [line.split(" for ")[0] for line in first] == [
        "LEAK corruption: orders_30d at 2024-02-02 depends on what came after the snapshot,",
        "LEAK truncation: orders_30d at 2024-02-02 depends on what came after the snapshot,",
    ]
    assert all("customers, such as c0" in line for line in first)


@pytest.mark.nightly
def test_a_mean_over_all_history_is_found(shop, monkeypatch):
    honest = day_rows.load

    def careless(*args: Any) -> history.History:
        known = honest(*args)
        purchases = known.kinds["purchase"]
        customer = pl.Series(np.repeat(known.customers, purchases.ends - purchases.starts))
        mean = pl.when(pl.col("gap_days").is_not_null()).then(pl.col("gap_days").mean().over(customer).round())
        frame = purchases.frame.with_columns(mean.cast(pl.Int64).alias("gap_days"))
        return replace(known, kinds=known.kinds | {"purchase": replace(purchases, frame=frame)})

    monkeypatch.setattr(outcome_checks, "_figures", lambda *_: iter(()))
    monkeypatch.setattr(day_rows, "load", careless)
    lines, refused = search(build())
    assert "sure leaks" in refused
    wrong = {line.split(" at ")[0] for line in lines if line.startswith("LEAK")}
    assert {"LEAK corruption: gap_mean_days", "LEAK truncation: gap_mean_days"} <= wrong
    assert not any("orders_30d" in line for line in wrong), "what is honest is not accused"


@pytest.mark.nightly
def test_a_market_that_knows_the_days_to_come_is_found(shop, monkeypatch):
    """What is counted over all customers is cut and corrupted like every table."""
    text = Path("params.yaml").read_text()
    assert "owner: looked_after_by" in text
    Path("params.yaml").write_text(text.replace("owner: looked_after_by", "region: looked_after_by"))
    honest = history.before
    monkeypatch.setattr(outcome_checks, "_figures", lambda *_: iter(()))
    assert not [line for line in search(build())[0] if line.startswith("LEAK")]

    def careless(rows: history.Rows, day: date) -> history.Known:
        return honest(rows, day + timedelta(days=7) if "all_orders" in rows.frame.columns else day)

    monkeypatch.setattr(history, "before", careless)
    lines, refused = search(build())
    wrong = {line.split(" at ")[0] for line in lines if line.startswith("LEAK")}
    assert {"LEAK corruption: market_trend_30d", "LEAK truncation: market_trend_30d"} <= wrong
    assert all("market" in line or "is_region_behind" in line for line in wrong)
    assert "sure leaks" in refused


def register_features(monkeypatch, *owners: str) -> None:
    """A column of the register of customers becomes features, the same at every snapshot; and one is made of contacts."""
    honest = day_rows.load

    def with_register(con: duckdb.DuckDBPyConnection, tables: Path, bucket: int, *others: Any) -> history.History:
        known = honest(con, tables, bucket, *others)
        register = sql.parquet([storage.bucket_file(tables / "customers", bucket)])
        each = " UNION ALL ".join(
            f"SELECT '{owner}' AS item, customer_key, DATE '2000-01-01' AS day, "
            f"CAST(bool_or(coalesce(owner, '') LIKE '%{owner}%') AS BIGINT) AS orders "
            f"FROM {register} GROUP BY customer_key"
            for owner in owners
        )
        rows = sql.frame(con, f"{each} ORDER BY customer_key")
        of_each = day_rows.grouped(rows, "customer_key", pl.Series(known.customers))
        return replace(known, kinds=known.kinds | {"register": of_each})

    monkeypatch.setattr(day_rows, "load", with_register)
    made = [
        Feature(owner, "items", "register", Aggregate("max", "register", "orders", item=owner), "") for owner in owners
    ]
    contacts = Aggregate("count", "contact", days=90)
    made.append(Feature("letters_90d", "items", "contact", contacts, "letters", needs=frozenset({"contacts.ts"})))
    monkeypatch.setitem(rooms.FAMILIES, "register", lambda _: made)


def test_a_column_as_of_today_is_found_and_one_known_from_the_start_is_not(shop, monkeypatch):
    """No cut can show the first one, for it has no day; only what it knows of the past does."""
    register_features(monkeypatch, "key_account", "born_even")
    lines = ["customer,name,looked_after_by"]
    for customer, days in days_of_orders().items():
        today = "key_account" if days[-1] >= LAST - timedelta(days=60) else "nobody"
        lines.append(f"{customer},{customer},{today} {'born_even' if int(customer[1:]) % 2 else ''}")
    Path("raw/customers.csv").write_text("\n".join(lines) + "\n")
    said, refused = search(build())
    assert refused == ""
    warned = [line for line in said if line.startswith("WARNING")]
    assert warned[0].startswith("WARNING too good: key_account never changes in ")
    assert warned[0].endswith("is it known as of today only?")
    assert warned[1:] == [
        "WARNING drift: letters_90d is the same for everyone at 5 of 5 training snapshots: is it recorded only lately?",
        "WARNING treatment: letters_90d is made of what the company did: a treatment, no behaviour; "
        "set features.allow_treatment: false",
    ]


def plant_events() -> None:
    """Four kinds of rows that are no behaviour, beside the honest visits."""
    quiet = silences(20)
    add_events([(customer, day, "win_back") for customer, day in silences(30)])
    weeks = [date(2023, 12, 4) + timedelta(days=7 * week) for week in range(28)]
    add_events([(customer, day, "newsletter") for customer in days_of_orders() for day in weeks])
    calls = [(customer, day + timedelta(days=number % 9)) for number, (customer, day) in enumerate(quiet)]
    add_events([(customer, day, "call") for customer, day in calls])
    rows = "\n".join(f"{customer},{day}" for customer, day in calls)
    Path("raw/letters.csv").write_text(f"customer,sent\n{rows}\n", encoding="utf-8")
    gone = {customer: days[-1] for customer, days in days_of_orders().items() if days[-1] < LAST - timedelta(days=45)}
    add_events([(customer, day + timedelta(days=1), "account_closed") for customer, day in gone.items()])


def test_events_that_are_no_behaviour_are_found(shop, monkeypatch):
    plant_events()
    monkeypatch.setattr(leaks, "_replayed", lambda *_: iter(()))
    lines, refused = search(build(event_types=["visit", "account_closed", "win_back", "call"]))
    assert refused == ""
    told = {line.split()[4]: line for line in lines if line.startswith("WARNING treatment: event type ")}
    assert set(told) == {"win_back", "newsletter", "call"}, "neither the visits nor what customers did themselves"
    assert "rows come exactly 30 days after the last purchase, as a mail set off by silence" in told["win_back"]
    assert "rows fall on 28 days on which many customers have it at once" in told["newsletter"]
    assert "rows fall on a day of a contact with the same customer" in told["call"]
    assert told["call"].endswith("move these rows to sources.contacts, and out of features.event_types")
    assert told["newsletter"].endswith("move these rows to sources.contacts")
    closed = [line for line in lines if line.startswith("WARNING too good: events_account_closed_30d above 0: ")]
    assert "written back to the past once somebody has left?" in closed[0]
    assert not any("visit" in line for line in lines if line.startswith("WARNING")), "visits are honest"


def test_a_split_whose_windows_overlap_is_found(shop, monkeypatch):
    honest = split.by_time

    def careless(complete: list[date], label: params.Label) -> split.Split:
        parts = honest(complete, label)
        return split.Split([*parts.train, parts.validation - timedelta(days=5)], parts.validation, parts.test)

    monkeypatch.setattr(split, "by_time", careless)
    monkeypatch.setattr(leaks, "_replayed", lambda *_: iter(()))
    lines, refused = search(params.load())
    told = [line for line in lines if line.startswith("LEAK")]
    assert len(told) == 1
    assert told[0].startswith("LEAK split: the outcome window of training snapshot 2024-04-27 ends on 2024-05-17, ")
    assert refused == "1 sure leak: a model of such features shines on paper only"


def test_examples_of_other_settings_or_none_are_refused(shop):
    settings = params.load()
    changed = settings.model_copy(update={"label": settings.label.model_copy(update={"horizon_days": 21})})
    assert search(changed)[1].endswith("is not what data/tables and the settings of today give; run: dvc repro")
    other = settings.model_copy(update={"data": settings.data.model_copy(update={"name": "elsewhere"})})
    assert search(other)[1] == "data/tables holds another company than elsewhere; run: dvc repro"
    shutil.rmtree("data/tables")
    assert search(settings)[1] == "data/tables: has no transactions; run the earlier stages first: dvc repro"
    shutil.rmtree("reports")
    assert "run the earlier stages first: dvc repro" in search(settings)[1]
