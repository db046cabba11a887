"""A company without money: every order has one and the same amount, and nobody is told of amounts."""

import csv
import json
import re

import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.examples.features import amounts, declared
from pipeline.reasons.phrases import PHRASES, find_phrases
from pipeline.stages import s5_score
from pipeline.tables import storage
from tests.flow import run_untracked
from tests.profiles import some_by_day

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("no_money")]
OF_MONEY = re.compile(r"EUR|spen[dt]|discount|reduc|refunded|price|dearer|margin", re.IGNORECASE)


def with_one_amount(company, amount: str) -> None:
    for file in (company / "raw").glob("orders-*.csv"):
        rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, rows[0].keys())
            writer.writeheader()
            writer.writerows(
                row | {"paid": f"-{amount}" if row["paid"].startswith("-") else amount, "saved": "0"} for row in rows
            )


def reasons(scores: pl.DataFrame) -> list[str]:
    return [
        text
        for place in ("reason_1", "reason_2", "reason_3", "protects_1")
        for text in scores[f"{place}_text"].drop_nulls().to_list()
    ]


@pytest.mark.parametrize("amount", some_by_day(["1", "40"]))
def test_nothing_is_learnt_from_amounts_and_nothing_is_told_of_them(company, monkeypatch, amount):
    with_one_amount(company, amount)
    settings = params.load()
    run_untracked(monkeypatch, settings)
    money = amounts.resting_on_amounts(declared(settings.features))
    assert storage.read_json(REPRO.ingest_report)["amounts_vary"] is False
    learnt = {feature["name"] for feature in storage.read_json(REPRO.model_card)["features"]}
    assert learnt and not learnt & money
    scores = storage.read_buckets(REPRO.scores)
    texts = reasons(scores)
    assert len(texts) > 100
    assert not [text for text in texts if OF_MONEY.search(text)]
    listed = pl.read_parquet(REPRO.week(settings.snapshots.as_of) / "risk_list.parquet")
    drafts = listed.select("change", "draft").unpivot()["value"].drop_nulls().to_list()
    assert (amount == "1" or drafts) and not [text for text in drafts if OF_MONEY.search(text)]
    page = (REPRO.week(settings.snapshots.as_of) / "risk_list.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="page">(.*?)</script>', page, re.DOTALL).group(1))
    assert data["measures"] == ["days_since_last_order", "orders_90d"]


def test_a_model_that_has_learnt_from_amounts_tells_nothing_of_them_either(company, monkeypatch):
    """Amounts that became one and the same after the training, or data of an older version."""
    settings = params.load()
    run_untracked(monkeypatch, settings)
    report = storage.read_json(REPRO.ingest_report)
    assert report["amounts_vary"] is True
    assert any(OF_MONEY.search(text) for text in reasons(storage.read_buckets(REPRO.scores)))
    storage.write_json(report | {"amounts_vary": False}, REPRO.ingest_report)
    run_untracked(monkeypatch, settings, (s5_score,))
    assert not [text for text in reasons(storage.read_buckets(REPRO.scores)) if OF_MONEY.search(text)]


def test_no_phrase_of_another_feature_speaks_of_amounts():
    settings = params.load()
    every = declared(settings.features.model_copy(update={"event_types": ["visit"], "usage_types": ["visit"]}))
    money = amounts.resting_on_amounts(every)
    for feature in every:
        if feature.name not in money:
            for phrase in find_phrases(feature, PHRASES):
                assert not money & {*phrase.features}, f"{feature.name}: {phrase}"


@pytest.mark.parametrize("unit", ["currency", "share"])
def test_money_of_orders_is_found_by_what_it_rests_on(unit):
    every = declared(params.load().features)
    money = amounts.resting_on_amounts(every)
    names = {feature.name for feature in every if feature.unit == unit and feature.family in ("monetary", "price")}
    assert {name for name in names if "refund" not in name and "per_order" not in name} - {"gap"} <= money
    assert not money & {"orders_90d", "days_since_last_order", "contract_price_change_365d", "refunds_365d"}
