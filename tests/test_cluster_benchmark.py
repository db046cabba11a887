"""A real scheduler stands beside one process, on buckets of which there are several; and the page says what came of it."""

import json

import pytest

from benchmarks import cluster, cluster_table, company_files
from pipeline.config import params

pytestmark = pytest.mark.end_to_end


def test_all_write_the_same_bytes_in_turns(tmp_path, monkeypatch):
    # So small a company would have one bucket, and no executor would be asked.
    monkeypatch.setattr(company_files, "SETTINGS", company_files.SETTINGS + "  buckets: 3\n")
    found = cluster.measure(300, 1, tmp_path)
    assert found["same_bytes"] and found["rows"]["lines"] > 5000
    assert set(found["contenders"]) == set(cluster_table.WORDS) == set(cluster.CONTENDERS)
    last = params.load(tmp_path / "project" / "params.yaml").storage
    assert (last.executor, last.threads, last.workers, last.buckets) == ("dask", 1, 2, 3)
    assert last.scheduler in (tmp_path / "project" / "cluster.log").read_text(encoding="utf-8")


def test_the_page_says_what_was_measured():
    costs = {name: {"seconds": seconds} for name, seconds in {"serial": 20.0, "processes": 15.0, "dask": 25.0}.items()}
    result = {
        "customers": 1000, "rows": {"lines": 30_000, "events": 1}, "repeats": 5, "workers": 2, "same_bytes": True,
        "contenders": costs,
    }  # fmt: skip
    page = cluster_table.markdown(json.loads(json.dumps(result)))
    assert "of 1,000 customers and 30,000 order lines, medians of 5 turns. All wrote the same bytes." in page
    assert "| one process of 2 threads | 20.0 s | 1.00 |" in page and "scheduler | 25.0 s | 1.25 |" in page
    assert "**They did not" in cluster_table.markdown(result | {"same_bytes": False})
