"""A company with all ten tables, and the same without any one of them: every run ends with a list."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.commands import simulate
from pipeline.config import overlay, params
from pipeline.config.errors import BadParams
from pipeline.config.paths import REPRO
from pipeline.examples.features import available, model_features
from pipeline.reasons import plots
from pipeline.tables import storage
from tests.flow import run_untracked

DAY = date(2024, 1, 1)
OPTIONAL = [name for name in params.Sources.model_fields if name != "transactions"]
# Families that only this table gives; what comes of outcomes is no feature, and no family is made of events alone.
ONLY = {
    "contacts": {"contact"},
    "tickets": {"service", "complaints", "answers", "disputes"},
    "surveys": {"satisfaction"},
    "customers": {"market"},
    "subscriptions": {"contract"},
    "loyalty": {"loyalty"},
    "commitments": {"commitments"},
}
CONTRACTS = ("customer_id", "start_day", "end_day", "cancel_day", "renewal_day", "plan", "price_per_month")
OUTCOMES = ("customer_id", "as_of", "status", "done_day")
# Small enough for a run of seconds; what is looked at is whether it ends, not how good it is.
SMALL = {
    "snapshots": {"as_of": str(DAY), "observed_until": str(DAY), "first": str(DAY - timedelta(270)), "every_days": 90},
    "model": {"max_trees": 40, "early_stopping_rounds": 10, "learning_rate": 0.1, "num_threads": 1},
    "evaluate": {"draws": 100, "approved_by": "the tests"},
    "data_requirements": {"min_customers": 50, "min_churners": 5, "min_stayed": 5},
    "storage": {"threads": 1},
    "features": {"windows_days": [30, 90, 365]},
}


@pytest.fixture(scope="module")
def company(root, tmp_path_factory) -> Path:
    """A retailer who has contracts with his customers, too, and hands back what came of his lists."""
    folder = tmp_path_factory.mktemp("company")
    for name in ("params.yaml", "playbooks.yaml"):
        (folder / name).write_text((root / name).read_text(encoding="utf-8"), encoding="utf-8")
    overlay.apply(root / "params/simulated_retailer.yaml", folder / "params.yaml")
    made = simulate.plan("retailer", customers=600, days=730, seed=1, every_days=90, gap_days=0, horizon_days=90)
    assert made.as_of == DAY
    simulate.run("retailer", made, folder / "raw/simulated", 1)
    _add_contracts_and_outcomes(folder / "raw/simulated")
    return folder


def declared() -> params.Params:
    """The settings of the company in the current folder."""
    content = params.read_yaml(Path("params.yaml"), BadParams)
    for table, columns in (("subscriptions", CONTRACTS), ("outcomes", OUTCOMES)):
        mapped = {name: name for name in columns}
        content["sources"][table] = {"path": f"raw/simulated/{table}.parquet", "columns": mapped}
    for section, values in SMALL.items():
        content[section] |= values
    return params.parse(content)


def _add_contracts_and_outcomes(raw: Path) -> None:
    known = pl.read_parquet(raw / "customers.parquet").select("customer_id", start_day="signup_day").drop_nulls()
    none = pl.lit(None, pl.Date)
    contracts = known.with_columns(
        none.alias("end_day"), none.alias("cancel_day"), renewal_day=pl.col("start_day") + timedelta(days=730),
        plan=pl.lit("card"), price_per_month=pl.lit(2.5),
    )  # fmt: skip
    contracts.write_parquet(raw / "subscriptions.parquet")
    told = known.head(20).select("customer_id", as_of=DAY - timedelta(days=28), status=pl.lit("done"), done_day=none)
    told.write_parquet(raw / "outcomes.parquet")


@pytest.fixture
def run(company, tmp_path, monkeypatch) -> Callable[..., params.Params]:
    """Run all stages without some of the tables, in a folder of its own."""
    for name in ("params.yaml", "playbooks.yaml", "raw"):
        (tmp_path / name).symlink_to(company / name)
    monkeypatch.chdir(tmp_path)

    def all_stages(absent: set[str], **features: bool) -> params.Params:
        settings = declared()
        if absent:  # the picture of all reasons takes seconds
            monkeypatch.setattr(plots, "summary", lambda *_: b"")
        settings = settings.model_copy(update={
            "sources": settings.sources.model_copy(update=dict.fromkeys(absent)),
            "features": settings.features.model_copy(update=features),
        })  # fmt: skip
        run_untracked(monkeypatch, settings)
        return settings

    return all_stages


def card() -> dict:
    return storage.read_json(REPRO.model_card)


def families() -> set[str]:
    return {feature["family"] for feature in card()["features"]}


def names() -> set[str]:
    return {feature["name"] for feature in card()["features"]}


def listed() -> int:
    week = REPRO.week(DAY)
    scored = storage.read_json(week / "run_report.json")["about"]["scored"]
    assert scored == len(storage.read_buckets(REPRO.scores, ["customer_id"])) > 100
    return len(pl.read_parquet(week / "risk_list.parquet"))


@pytest.mark.end_to_end
def test_all_ten_tables_make_features_but_what_the_company_did(run):
    settings = run(set())
    assert list(settings.sources.declared()) == ["transactions", *OPTIONAL]
    assert set(storage.read_json(REPRO.ingest_report)["tables"]) == {"transactions", *OPTIONAL}
    assert listed() > 0
    wanted = set().union(*(found for table, found in ONLY.items() if table != "contacts"))
    assert {*wanted, "engagement", "staleness", "reward"} <= families()
    assert {*wanted, "contact"} <= {f.family for f in available(settings.features, settings.sources)}
    assert not {f.name for f in available(settings.features, settings.sources) if f.is_treatment} & names()
    assert not any("chose to do" in warning for warning in card()["warnings"])


@pytest.mark.end_to_end
@pytest.mark.nightly
@pytest.mark.parametrize("table", OPTIONAL)
def test_a_run_without_one_of_them_ends_well(run, table):
    whole = declared()
    settings = run({table})
    assert table not in storage.read_json(REPRO.ingest_report)["tables"]
    assert listed() > 0
    assert not ONLY.get(table, set()) & families()
    needing = {
        f.name
        for f in model_features(whole.features, whole.sources)
        if any(column.split(".")[0] == table for column in f.needs)
    }
    carried = {f.name for f in model_features(whole.features, whole.sources)}
    assert {f.name for f in model_features(settings.features, settings.sources)} == carried - needing
    assert carried - needing <= names()
    assert not needing & names(), "no more and no less than what the table carried is missing"
    assert bool(needing) == (table not in {"contacts", "outcomes"})


@pytest.mark.end_to_end
def test_a_run_with_transactions_alone_ends_well(run):
    run(set(OPTIONAL))
    assert set(storage.read_json(REPRO.ingest_report)["tables"]) == {"transactions"}
    assert listed() > 0
    assert not set().union(*ONLY.values()) & families()
    assert {"recency", "frequency", "monetary", "tenure"} <= families()


@pytest.mark.end_to_end
def test_treatments_are_seen_only_where_somebody_said_so_and_the_card_says_what_follows(run):
    settings = run(set(OPTIONAL) - {"contacts"}, allow_treatment=True)
    treatments = {f.name for f in available(settings.features, settings.sources) if f.is_treatment and not f.is_part}
    assert treatments
    assert treatments <= names()
    assert "contact" in families()
    said = [warning for warning in card()["warnings"] if "chose to do" in warning]
    assert len(said) == 1
    assert "its probabilities hold only while you go on choosing so" in said[0]
    assert said[0] in REPRO.model_card_page.read_text(encoding="utf-8")
