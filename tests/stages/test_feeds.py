"""A feed that stops, and one that brings rubbish, in a company that is otherwise well."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from pipeline.config import params, paths
from pipeline.config.errors import StaleInput
from pipeline.examples import feed_health
from pipeline.stages import run_stage, s1_ingest, s2_examples, s5_score
from pipeline.tables import storage
from tests.company import copied, make_company, sell_in_dollars


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    make_company(folder, customers=300)
    return folder


def built(shop: Path, tmp_path: Path, monkeypatch, change) -> tuple[params.Params, str]:
    """The examples of as_of after a change of the visits."""
    copied(shop, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    visits = Path("raw/visits.csv")
    head, *lines = visits.read_text(encoding="utf-8").splitlines()
    visits.write_text("\n".join([head, *change(lines)]) + "\n", encoding="utf-8")
    s = params.load()
    run_stage(s1_ingest, s)
    return s, looked_at(s, [s.snapshots.as_of])


def looked_at(s: params.Params, days: list[date]) -> str:
    """The examples of some days, of the tables that are there."""
    return run_stage(s2_examples, s, days=days)


def test_an_outage_makes_features_missing_and_says_so(shop, tmp_path, monkeypatch):
    _, said = built(shop, tmp_path, monkeypatch, lambda lines: [line for line in lines if ",2024-06-" not in line])
    assert "events: no row since 2024-05-31, 30 days before 2024-07-01" in said
    found = storage.read_buckets(paths.REPRO.examples)
    assert found["events_30d"].null_count() == len(found), "unknown, not zero"
    assert found["orders_30d"].null_count() == 0


def test_a_feed_that_is_well_is_left_alone(shop, tmp_path, monkeypatch):
    _, said = built(shop, tmp_path, monkeypatch, list)
    assert said.endswith("1 snapshots, 0 of them complete")
    assert storage.read_json(paths.REPRO.feeds_report) == {"2024-07-01": []}
    assert storage.read_buckets(paths.REPRO.examples)["events_30d"].null_count() == 0


def test_rubbish_stops_the_scoring(shop, tmp_path, monkeypatch):
    def renumbered(lines: list[str]) -> list[str]:
        last_week = [f",2024-06-{day}" for day in range(24, 31)]
        return [f"X-{line}" if any(day in line for day in last_week) else line for line in lines]

    settings, said = built(shop, tmp_path, monkeypatch, renumbered)
    assert "customer_id of a form never seen before" in said
    told = [feed_health.Finding.from_report(one) for one in storage.read_json(paths.REPRO.feeds_report)["2024-07-01"]]
    with pytest.raises(StaleInput, match="of a form never seen before, such as 'a-a9'"):
        s5_score._refuse_suspicious(told)
    assert StaleInput.exit_code == 15
    assert settings.feeds.max_strange_ids == 0.5


@pytest.fixture
def in_dollars(shop, tmp_path, monkeypatch) -> params.Params:
    """The shop sold in dollars in the last week, but not on the web; too little of all years for ingest to stop."""
    copied(shop, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    sell_in_dollars(Path(), range(24, 31))
    settings = params.load()
    run_stage(s1_ingest, settings)
    counts = storage.read_json(paths.REPRO.ingest_report)["tables"]["transactions"]
    assert 20 <= counts["rejected_by_rule"]["currency is not EUR"] < 0.01 * counts["read"]
    return settings


def test_a_week_in_another_currency_stops_the_scoring(in_dollars):
    earlier, as_of = date(2024, 6, 24), in_dollars.snapshots.as_of
    said = looked_at(in_dollars, [earlier, as_of])
    words = (
        r"^transactions: [3-6]\d\.\d% of the rows of the last 7 days are not in EUR and were refused, 0\.0% in the days"
    )
    told = storage.read_json(paths.REPRO.feeds_report)
    assert told[str(earlier)] == [], "nobody knew of it then"
    assert [found["kind"] for found in told[str(as_of)]] == ["currency_mix"]
    assert told[str(as_of)][0]["description"] in said
    with pytest.raises(StaleInput, match=words):
        s5_score._refuse_suspicious([feed_health.Finding.from_report(one) for one in told[str(as_of)]])


def test_what_was_refused_is_judged_the_same_in_all_buckets_and_delivered_twice(in_dollars):
    as_of = in_dollars.snapshots.as_of
    looked_at(in_dollars, [as_of])
    once = storage.read_json(paths.REPRO.feeds_report)
    for file in sorted(Path("raw").glob("orders-*.csv")):
        shutil.copy(file, file.with_name(f"{file.stem}-again.csv"))
    spread = in_dollars.model_copy(update={"storage": in_dollars.storage.model_copy(update={"buckets": 3})})
    run_stage(s1_ingest, spread)
    looked_at(spread, [as_of])
    assert storage.read_json(paths.REPRO.feeds_report) == once


def test_without_refused_rows_nothing_is_said_of_them(in_dollars):
    storage.remove(paths.REPRO.rejected)
    looked_at(in_dollars, [in_dollars.snapshots.as_of])
    assert storage.read_json(paths.REPRO.feeds_report) == {"2024-07-01": []}
