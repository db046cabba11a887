"""While any one optional feed is silent, the list says so, and is worth what it says."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from ruamel.yaml import YAML
from sklearn.metrics import roc_auc_score

from pipeline.config import params
from pipeline.config.paths import REPRO
from tests import flow
from tests.attack import companies
from tests.attack.companies import FIRST, Company, Tables
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
    foretold_auc: float
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
        starts = [row.start_ts.date() for row in own.itertuples()]
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
    known = [
        each.date() for each in (row.cancel_ts, row.end_ts + timedelta(days=1)) if each == each and each is not None
    ]
    return min(known, default=None)


def _without(tables: Tables, feed: str) -> Tables:
    column = next(name for name in ("ts", "opened_ts", "made_ts", "start_ts") if name in tables[feed].columns)
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
    with _in(folder):
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


class _in:  # noqa: N801
    def __init__(self, folder: Path) -> None:
        self._folder, self._before = folder, Path.cwd()

    def __enter__(self) -> None:
        os.chdir(self._folder)

    def __exit__(self, *_: object) -> None:
        os.chdir(self._before)


def outages(name: str, folder: Path) -> Iterator[Outcome]:
    home = folder / name
    home.mkdir(parents=True)
    with _in(home):
        company = companies.build(name, home, CUSTOMERS, DAYS)
        flow.run_stages(params.load())
        known, gone = company.known(DAY), left(company, DAY)
        without = json.loads(REPRO.calibration.read_text())["without"]
        for feed in sorted(set(FEEDS) & set(without)):
            foretold, trained = without[feed]["auc"], never_had(company, feed, folder / f"{name}-{feed}", gone)
            company.deliver(_without(known, feed))
            done = churn("weekly", "--as-of", DAY.isoformat())
            if done.returncode:
                yield Outcome(name, feed, done.stderr.strip(), foretold, np.nan, trained, 0, 0, 0, "")
                continue
            listed = pl.read_parquet(REPRO.week(DAY) / "risk_list.parquet")["customer_id"]
            about = json.loads((REPRO.week(DAY) / "run_report.json").read_text())["about"]
            yield Outcome(
                name, feed, "", foretold, _auc(gone), trained, about["expected_low"], about["expected_high"],
                len(set(listed) & gone), about["verdict"],
            )  # fmt: skip
            shutil.rmtree(REPRO.week(DAY))
