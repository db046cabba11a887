"""While any one optional feed is silent, the list says so, and is worth what it says."""

import json
import shutil
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from ruamel.yaml import YAML
from sklearn.metrics import roc_auc_score

from pipeline.config import params
from pipeline.config.paths import REPRO
from tests import flow
from tests.attack import companies
from tests.attack.companies import FIRST, NAMES, Company, Tables
from tests.end_to_end.helpers import churn

pytestmark = [pytest.mark.end_to_end, pytest.mark.nightly]
SILENT_DAYS, DAY = 21, FIRST + timedelta(weeks=4)
FEEDS = ("events", "tickets", "surveys", "commitments", "subscriptions", "loyalty")
CUSTOMERS, DAYS = 800, 1300
# What the settings say of a table beside its source.
SPOKEN_OF = {"events": ("event_types", "warning_types", "usage_types"), "tickets": ("ticket_topics",)}


@dataclass(frozen=True)
class Outcome:
    """One week of a company while one feed is silent."""

    company: str
    feed: str
    refused: str
    measured_auc: float
    auc: float
    auc_never_had: float
    low: int
    high: int
    came: int
    words: str


def left(company: Company, day: date) -> set[str]:
    """Who churned by the label, from the raw tables; worked out by hand."""
    label = params.load().label
    begin, end = day + timedelta(days=label.gap_days), day + timedelta(days=label.gap_days + label.horizon_days)
    if label.kind == "inactivity":
        orders = company.tables["transactions"].to_pandas()
        bought = orders[(orders["ts"].dt.date >= begin) & (orders["ts"].dt.date < end) & (orders["amount"] > 0)]
        return set(orders["customer_id"]) - set(bought["customer_id"])
    contracts = company.tables["subscriptions"].to_pandas()
    gone = set()
    for customer, own in contracts.groupby("customer_id"):
        ends = [_gone_on(row) for row in own.itertuples()]
        starts = [_day(row.start_day) for row in own.itertuples()]
        if any(
            each is not None and begin <= each < end
            and not any(
                other != at and starts[other] <= each and (ends[other] is None or ends[other] > each)
                for other in range(len(own))
            )
            for at, each in enumerate(ends)
        ):  # fmt: skip
            gone.add(customer)
    return gone


def _gone_on(row: object) -> date | None:
    cancelled, ended = _day(row.cancel_day), _day(row.end_day)
    known = [cancelled, ended and ended + timedelta(days=1)]
    return min((each for each in known if each is not None), default=None)


def _day(value: object) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()


def _without(tables: Tables, feed: str) -> Tables:
    column = {"tickets": "opened_ts", "commitments": "made_ts", "subscriptions": "start_day"}.get(feed, "ts")
    silent = tables[feed].filter(pl.col(column).cast(pl.Date) < DAY - timedelta(days=SILENT_DAYS))
    return {**tables, feed: silent}


def _scores() -> tuple[list[str], np.ndarray]:
    actions = pl.read_parquet(REPRO.week(DAY) / "actions.parquet")
    return actions["customer_id"].to_list(), actions["churn_probability"].to_numpy()


def _auc(gone: set[str]) -> float:
    customers, probability = _scores()
    return float(roc_auc_score([customer in gone for customer in customers], probability))


def never_had(company: Company, feed: str, folder: Path, gone: set[str]) -> float:
    """The AUC of a model that was trained without the table at all."""
    shutil.copytree(company.folder, folder)
    with chdir(folder):
        yaml = YAML()
        content = yaml.load(Path("params.yaml").read_text(encoding="utf-8"))
        del content["sources"][feed]
        for name in SPOKEN_OF.get(feed, ()):
            content["features"][name] = type(content["features"][name])()
        with Path("params.yaml").open("w", encoding="utf-8") as file:
            yaml.dump(content, file)
        shutil.rmtree("exports")
        Company(company.name, company.tables, folder).deliver(company.known(FIRST))
        flow.run_stages(params.load())
        Company(company.name, company.tables, folder).deliver(company.known(DAY))
        done = churn("weekly", "--as-of", DAY.isoformat())
        assert done.returncode == 0, done.stderr
        return _auc(gone)


def outages(name: str, folder: Path) -> Iterator[Outcome]:
    home = folder / name
    home.mkdir(parents=True)
    with chdir(home):
        company = companies.build(name, home, CUSTOMERS, DAYS)
        flow.run_stages(params.load())
        known, gone = company.known(DAY), left(company, DAY)
        without = json.loads(REPRO.calibration.read_text())["without"]
        company.deliver(known)
        assert churn("weekly", "--as-of", DAY.isoformat()).returncode == 0
        yield _published(name, "", gone, without["events"]["auc_whole"], 0.0)
        shutil.rmtree(REPRO.week(DAY))
        for feed in sorted(set(FEEDS) & set(without)):
            measured = without[feed]["auc"]
            # Without its contracts a subscription has no label to learn from.
            can_be_learnt = (name, feed) != ("subscription", "subscriptions")
            trained = never_had(company, feed, folder / f"{name}-{feed}", gone) if can_be_learnt else 0.0
            company.deliver(_without(known, feed))
            done = churn("weekly", "--as-of", DAY.isoformat())
            if done.returncode:
                yield Outcome(name, feed, done.stderr.strip(), measured, np.nan, trained, 0, 0, 0, "")
                continue
            yield _published(name, feed, gone, measured, trained)
            shutil.rmtree(REPRO.week(DAY))


def _published(name: str, feed: str, gone: set[str], measured: float, trained: float) -> Outcome:
    listed = pl.read_parquet(REPRO.week(DAY) / "risk_list.parquet")["customer_id"]
    about = json.loads((REPRO.week(DAY) / "run_report.json").read_text())["about"]
    return Outcome(
        name, feed, "", measured, _auc(gone), trained, about["expected_low"], about["expected_high"],
        len(set(listed) & gone), about["verdict"],
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_list_without_a_feed_says_so_and_is_worth_what_it_says(name, tmp_path):
    whole, *silent = outages(name, tmp_path)
    assert len(silent) >= 4
    for one in silent:
        if one.refused:
            assert f"without {one.feed} the model ranks worse (AUC {one.measured_auc:.3f})" in one.refused
            continue
        assert f"This is the grade without {one.feed}; with all tables it is " in one.words
        assert f"AUC {one.measured_auc:.3f} (" in one.words
        # One week of some 300 customers: a list with all feeds misses its range by as many.
        assert missed(one) <= missed(whole) + 2, (one, whole)
    # The substitute has the number of trees of the model of all tables, the model that never had the table its own: with
    # 30 churners among 300 customers that alone moves an AUC by 0.01.
    behind = [one.auc_never_had - one.auc for one in silent if not one.refused and one.auc_never_had]
    assert max(behind) < 0.02 and np.mean(behind) < 0.01, silent


def missed(one: Outcome) -> int:
    """By how many the churners of a list lie outside of what it said."""
    return max(one.low - one.came, one.came - one.high, 0)
