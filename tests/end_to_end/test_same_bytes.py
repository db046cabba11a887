"""The list is the same however it is made, and nothing that happens from its day on changes it."""

import shutil
from pathlib import Path

import pytest

from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.model import artefacts
from pipeline.stages import s1_ingest, s2_examples, s3_train, s5_score, s6_publish
from pipeline.tables import storage
from tests import flow
from tests.end_to_end.helpers import WEEK, changed_settings, same_bytes, week
from tests.flow import STAGES

pytestmark = pytest.mark.end_to_end


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"storage__buckets": 1}, marks=pytest.mark.nightly),
        pytest.param({"storage__buckets": 2}, marks=pytest.mark.nightly),
        pytest.param({"storage__buckets": 7}, marks=pytest.mark.nightly),
        pytest.param({"storage__buckets": 3, "storage__executor": "processes"}, marks=pytest.mark.nightly),
        {"storage__threads": 1, "model__num_threads": 2},
    ],
    ids=str,
)
def test_the_list_is_the_same_however_it_is_made(how, copy_of_shop, built_company, monkeypatch):
    shutil.rmtree("exports")
    stages = STAGES if "model__num_threads" in how else (s1_ingest, s2_examples, s5_score, s6_publish)
    flow.run_untracked(monkeypatch, changed_settings(**how), stages)
    if "storage__buckets" in how:
        assert len(storage.bucket_files(REPRO.tables / "transactions")) == how["storage__buckets"]
    same_bytes(week(built_company), week())
    if s3_train in stages:
        for name in artefacts.FILES:
            assert (built_company / "models" / name).read_bytes() == (REPRO.models / name).read_bytes()


def test_training_does_not_depend_on_buckets(copy_of_shop, built_company, monkeypatch):
    flow.run_untracked(monkeypatch, changed_settings(storage__buckets=3), (s1_ingest, s2_examples, s3_train))
    for name in artefacts.FILES:
        assert (built_company / "models" / name).read_bytes() == (REPRO.models / name).read_bytes()


def test_the_list_does_not_depend_on_the_order_of_files_or_lines(copy_of_shop, built_company, monkeypatch):
    first, second = Path("raw/orders-1.csv"), Path("raw/orders-2.csv")
    head, *lines = second.read_text().splitlines()
    text = "\n".join([head, *reversed(lines)]) + "\n"
    second.write_text(first.read_text())
    first.write_text(text)
    shutil.rmtree("exports")
    flow.run_untracked(monkeypatch, params.load(), (s1_ingest, s2_examples, s5_score, s6_publish))
    same_bytes(week(built_company), week())


def test_what_happens_from_as_of_on_changes_no_score_and_no_list(copy_of_shop, built_company, monkeypatch):
    """Rows of the day itself and later: purchases of everyone, refunds, visits, new customers."""
    with Path("raw/orders-2.csv").open("a") as orders, Path("raw/visits.csv").open("a") as visits:
        for number in range(400):
            for day, paid in (("2024-07-01", 999.0), ("2024-07-02", -50.0), ("2024-08-15", 0.01)):
                orders.write(f"c{number:04d},future{number},{day}T12:00:00+02:00,{paid},9,i99,k99,s99,web\n")
            visits.write(f"c{number:04d},2024-07-01T12:00:00Z,visit\n")
        orders.write("stranger,f,2024-07-01T12:00:00+02:00,5,0,i1,k1,s1,web\n")
    shutil.rmtree("exports")
    flow.run_untracked(monkeypatch, params.load(), (s1_ingest, s2_examples, s5_score, s6_publish))
    for folder in ("scores", "contributions"):
        same_bytes(built_company / "data" / folder, REPRO.data / folder)
    for name in ("risk_list.parquet", "actions.parquet", "risk_list.csv", "risk_list.html", "risk_list.xlsx"):
        assert (week() / name).read_bytes() == (week(built_company) / name).read_bytes(), name
    line = storage.read_json(REPRO.examples_report)["snapshots"][WEEK.isoformat()]
    assert line["not_yet"] == 1, "the stranger is known, and not scored"
