"""A feed that stops, and one that brings rubbish, in a company that is otherwise well."""

import shutil
from pathlib import Path

import pytest

from pipeline import params, paths
from pipeline.errors import StaleInput
from pipeline.stages import s1_ingest, s2_examples, s5_score
from pipeline.tables import storage
from tests.company import make_company


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    make_company(folder, customers=300)
    return folder


def built(shop: Path, tmp_path: Path, monkeypatch, change) -> tuple[params.Params, str]:
    """The examples of as_of after a change of the visits."""
    shutil.copytree(shop, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    visits = Path("raw/visits.csv")
    head, *lines = visits.read_text(encoding="utf-8").splitlines()
    visits.write_text("\n".join([head, *change(lines)]) + "\n", encoding="utf-8")
    s = params.load()
    s1_ingest.run(s.data, s.sources, s.storage)
    said = s2_examples.run(
        s.data, s.sources, s.storage, s.feeds, s.snapshots, s.label, s.features, days=[s.snapshots.as_of]
    )
    return s, said


def test_an_outage_makes_features_missing_and_says_so(shop, tmp_path, monkeypatch):
    _, said = built(shop, tmp_path, monkeypatch, lambda lines: [line for line in lines if ",2024-06-" not in line])
    assert "events: no row since 2024-05-31, 30 days before 2024-07-01" in said
    found = storage.read_buckets(paths.REPRO.examples)
    assert found["events_30d"].null_count() == len(found), "unknown, not nought"
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
    told = storage.read_json(paths.REPRO.feeds_report)["2024-07-01"]
    with pytest.raises(StaleInput, match="of a form never seen before, such as 'a-a9'"):
        s5_score._refuse_suspicious(told)
    assert StaleInput.exit_code == 15
    assert settings.feeds.max_strange_ids == 0.5
