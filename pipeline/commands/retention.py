"""``churn retention``: the customers and the revenue that were kept in a period, and what one number would hide."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.commands import company_tables, customer_segments, retention_sections, retention_value
from pipeline.config import params
from pipeline.config.errors import BadParams
from pipeline.config.paths import REPRO, Paths
from pipeline.retention import (
    breakdown,
    cohorts,
    customer_flow,
    periods,
    portraits,
    rates,
    retention_page,
    revenue,
    scenario,
    surveys,
    survival,
)
from pipeline.retention.customer_flow import Job, Rule
from pipeline.retention.periods import Observed, Period
from pipeline.retention.retention_plots import cohort_picture, survival_picture
from pipeline.retention.retention_report import Report
from pipeline.tables import buckets, storage

TABLES: Final = ("transactions", "customers", "subscriptions", "surveys", "contacts")


@dataclass(frozen=True)
class Question:
    """What is asked besides the period.

    Attributes
    ----------
    period
        ``month``, ``quarter``, ``year`` or ``FROM..TO``.
    target
        The share (0-1) of customers that shall be kept; None without one.
    points
        Percentage points less churn whose worth is computed.
    as_json
        Whether the answer is JSON.
    to
        The folder for the plots and their tables; None writes nothing.
    with_page
        Whether the page and its Markdown twin are written into the folder of reports.
    """

    period: str
    target: float | None = None
    points: float = 1.0
    as_json: bool = False
    to: Path | None = None
    with_page: bool = False


def run(settings: params.Params, question: Question, paths: Paths = REPRO) -> Iterator[str]:
    """Compute every rate of a period, and say it as Markdown or JSON.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    question
        The period, and what else is asked.
    paths
        Where `dvc repro` keeps its tables.

    Raises
    ------
    BadParams
        No such period, or a target that nobody can reach.
    NotEnoughData
        The data do not tell who was a customer at either end.
    """
    if question.target is not None and not 0 < question.target < 1:
        raise BadParams(
            f"--target {question.target:g}: nobody keeps every customer, and nobody aims at none; write a share "
            "between 0 and 1, such as 0.9"
        )
    with ExitStack() as stack:
        place = company_tables.find(settings, paths, TABLES, stack)
        report = build(settings, question, place)
        if question.with_page:
            sections = list(retention_sections.all_sections(report, settings, paths, place))
            page = (report.title, list(report.introduction()), sections)
            storage.write_text(retention_page.html(*page), paths.retention_page)
            storage.write_text(retention_page.markdown(*page), paths.retention_page.with_suffix(".md"))
    if question.to is not None:
        _write(report, question.to)
    if question.as_json:
        yield json.dumps(report.as_json(), indent=2, ensure_ascii=False)
        return
    yield from report.lines()
    if question.to is not None:
        yield f"written to {question.to}: cohorts.csv, cohorts.png, survival.csv, survival.png"
    if question.with_page:
        yield f"written: {paths.retention_page}, {paths.retention_page.with_suffix('.md')}"


def build(settings: params.Params, question: Question, place: Paths = REPRO) -> Report:
    """All figures of a period, from the tables that lie there; see `run`."""
    rule = Rule(settings.label, settings.snapshots.active_days)
    observed = _observed(settings, place, rule)
    period = periods.parse(question.period, observed)
    jobs = _jobs(settings, place, rule, period)
    counted = buckets.map_buckets(customer_flow.count_bucket, jobs, settings.storage, "retention: customers")
    customers = pl.concat(
        [
            customer_segments.with_register(part, job.transactions, period.end)
            for part, job in zip(counted, jobs, strict=True)
        ]
    )
    days = cohorts.calendar(period, observed)
    count_cohorts, count_stays = (
        partial(cohorts.count_bucket, days=days),
        partial(survival.count_bucket, observed=observed),
    )
    of_cohorts = list(buckets.map_buckets(count_cohorts, jobs, settings.storage, "retention: cohorts"))
    stays = list(buckets.map_buckets(count_stays, jobs, settings.storage, "retention: staying"))
    answers = surveys.nps(_answers(place, period))
    money = _money(settings, customers, period, observed)
    flow = rates.flow(customers, period.start)
    grouped = breakdown.with_tenure_and_tier(customers, period.start, settings.score)
    return Report(
        company=settings.data.name,
        currency=settings.data.currency,
        digits=settings.data.minor_digits,
        period=period,
        rule=str(rule),
        measures=(
            *rates.measures(flow),
            *revenue.measures(customers, period, money),
            *retention_value.measures(settings, place, period.end),
        ),
        warnings=tuple(rates.warnings(flow)),
        groups=breakdown.by_group(
            grouped, period.start, by_fee=money.by_fee, is_before_known=money.is_before_known
        ),
        cohorts=cohorts.triangle(of_cohorts, days),
        survival=survival.fit(stays),
        scenario=_scenario(customers, flow, money, question.points),
        surveys=answers,
        early_leavers=portraits.early_leavers(grouped, observed.earliest, _latest(period, rule)),
        best_customers=portraits.best_customers(grouped),
        target=question.target,
    )  # fmt: skip


def _latest(period: Period, rule: Rule) -> date:
    """The first day on which somebody came too late to be lost by the end of the period."""
    return min(period.start, period.end - timedelta(days=rule.observed_days))


def _observed(settings: params.Params, place: Paths, rule: Rule) -> Observed:
    """Of which days the data tell: the last ones may be without a row, as long as a feed may be silent."""
    report = storage.read_json(place.ingest_report)
    silent = timedelta(days=1 + settings.data.max_silent_days)
    until = min(settings.snapshots.observed_until, date.fromisoformat(report["last_day"]) + silent)
    return Observed(date.fromisoformat(report["first_day"]), until, rule.observed_days)


def _jobs(settings: params.Params, place: Paths, rule: Rule, period: Period) -> list[Job]:
    jobs = []
    for file in storage.bucket_files(place.tables / "transactions"):
        contracts = place.tables / "subscriptions" / file.name
        there = contracts if contracts.is_file() else None
        jobs.append(Job(file, there, rule, period, settings.storage.threads, settings.storage.memory_gb))
    return jobs


def _answers(place: Paths, period: Period) -> pl.DataFrame:
    """What customers answered to NPS surveys of the period; no row where there are none."""
    if not storage.bucket_files(place.tables / "surveys"):
        return pl.DataFrame(schema={"touch_point": pl.String(), "score": pl.Float64()})
    rows = storage.scan_buckets(place.tables / "surveys").filter(
        pl.col("kind").str.to_lowercase() == "nps", pl.col("day") >= period.start, pl.col("day") < period.end
    )
    there = rows.collect_schema().names()
    points = pl.col("touch_point") if "touch_point" in there else pl.lit(None, dtype=pl.String).alias("touch_point")
    score = pl.col("score") if "score" in there else pl.lit(None, dtype=pl.Float64).alias("score")
    return rows.select(points, score).collect()


def _money(settings: params.Params, customers: pl.DataFrame, period: Period, observed: Observed) -> revenue.Money:
    by_fee = settings.label.kind == "cancellation" and not customers["fee_start_minor"].is_null().all()
    is_known = period.before >= observed.first
    return revenue.Money(settings.data.minor_digits, settings.score.margin_share, is_known, by_fee)


def _scenario(customers: pl.DataFrame, flow: rates.Flow, money: revenue.Money, points: float) -> scenario.Scenario:
    stayed = customers.filter(pl.col("is_start") & pl.col("is_end"))
    paid = money.units(int(stayed["revenue_minor"].sum())) / stayed.height if stayed.height else 0.0
    return scenario.less_churn(points, flow.start, flow.lost, paid, money.margin_share)


def _write(report: Report, folder: Path) -> None:
    storage.write_text(report.cohorts.write_csv(), folder / "cohorts.csv")
    storage.write_text(report.survival.curve.write_csv(), folder / "survival.csv")
    storage.write_bytes(cohort_picture(report.cohorts), folder / "cohorts.png")
    storage.write_bytes(survival_picture(report.survival), folder / "survival.png")
