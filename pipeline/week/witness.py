"""What this week saw and what earlier weeks saw, read: from tables, examples and scores, and from published weeks."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl
import polars.selectors as cs

from pipeline import lists
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.drift import PROFILE_FILE, SAMPLE_FILE, Finding, find_changes, measure, usual_effects
from pipeline.drift.effects import MIN_FILLED
from pipeline.drift.profile import Month, Profile, Scores, Spread, TableProfile, score_shares
from pipeline.playbooks.config.channels import CONSENTS
from pipeline.tables import schemas, storage
from pipeline.week import witness_columns, witness_habits, witness_sample
from pipeline.week.witness_sample import KEYS

KINDS: Final = {
    "events": ("event_type",),
    "contacts": ("channel",),
    "transactions": ("channel", "store_id"),
    "tickets": ("topic",),
}
"""Of which columns of a table the kinds are counted."""
# A kind that fell from one share in twenty to this one is still told apart from one that is gone.
MIN_KIND: Final = MIN_FILLED / 10
WEEK_DAYS: Final = 7
WEEKS: Final = 13
"""How many weeks are counted, the last one too."""


def read_profile(paths: Paths, day: date, late_days: int, scored: pl.DataFrame, model: str) -> Profile:
    """What a week sees of a company, before its day.

    Parameters
    ----------
    paths
        Where tables, examples and the report of ingest are.
    day
        The day of the list.
    late_days
        For so many days rows may still arrive.
    scored
        Everybody scored, with ``customer_key`` and ``churn_probability``.
    model
        Fingerprint of the model that scored them.
    """
    names = [name for name in schemas.TABLES if storage.bucket_files(paths.tables / name)]
    probability = scored["churn_probability"].sort()
    registered, consents = _register(paths.tables / "customers", scored)
    return Profile(
        as_of=day,
        cutoff=day - timedelta(days=late_days),
        forgotten_customers=storage.read_json(paths.ingest_report).get("forgotten_customers", 0),
        tables={name: _table(paths.tables / name, schemas.TABLES[name], day) for name in names},
        registered=registered,
        consents=consents,
        features=_features(paths.examples, day),
        scores=Scores(model, len(scored), round(float(probability.sum()), 4), score_shares(probability)),
        effects={},
        familiar=witness_habits.read(paths.tables / "transactions", day),
    )


def _earlier(exports: Path, company: str, day: date, number: int) -> Iterator[tuple[Path, Profile]]:
    """The profiles of earlier weeks, the latest first; weeks of releases that wrote none are passed over."""
    folders = (folder for folder in lists.weeks_before(exports, company, day) if (folder / PROFILE_FILE).is_file())
    for _, folder in zip(range(number), folders, strict=False):
        yield folder, Profile.from_json(storage.read_json(folder / PROFILE_FILE))


class Compared(NamedTuple):
    """A week beside the last one.

    Attributes
    ----------
    profile, sample
        What the week saw, to be published with it.
    findings
        What moved further than is usual.
    since
        The day of the last list; None where there is none to compare with.
    """

    profile: Profile
    sample: pl.DataFrame
    findings: list[Finding]
    since: date | None


def compare(
    profile: Profile, paths: Paths, company: str, settings: params.Drift, accepted: Collection[str]
) -> Compared:
    """Hold what a week sees against what the last one saw.

    Parameters
    ----------
    profile
        As of `read_profile`.
    paths
        Where tables and published weeks are.
    company
        Weeks of others are no witness.
    settings
        ``params.yaml: drift``.
    accepted
        Kinds of effects that somebody answers for.
    """
    sample = witness_sample.read(paths.tables, profile.cutoff)
    earlier = list(_earlier(paths.exports, company, profile.as_of, settings.weeks))
    if not earlier:
        return Compared(profile, sample, [], None)
    folder, last = earlier[0]
    sampled = witness_sample.published(folder / SAMPLE_FILE)
    effects = measure(last, profile, sampled, witness_sample.read(paths.tables, last.cutoff, sampled["customer_id"]))
    findings = find_changes(effects, [week.effects for _, week in earlier], settings, accepted)
    return Compared(replace(profile, effects=usual_effects(effects, settings)), sample, findings, last.as_of)


def _table(folder: Path, table: schemas.Table, day: date) -> TableProfile:
    rows = storage.scan_buckets(folder)
    when = table.sort_day
    if when is not None:
        rows = rows.filter(pl.col(when) < day)
    there = rows.collect_schema().names()
    columns = [name for name in there if name not in {*KEYS, when}]
    total, filled = witness_columns.profiled(rows, columns, when, day)
    if when is None:
        return TableProfile(total, {}, filled, {}, [], None)
    has_amounts = "amount_minor" in there
    last_week = rows.filter(pl.col(when) >= day - timedelta(days=WEEK_DAYS))
    kinds = {name: _shares(last_week, name) for name in KINDS.get(table.name, ()) if name in columns}
    negative = _negative(last_week) if has_amounts else None
    return TableProfile(
        total, _months(rows, when, has_amounts=has_amounts), filled, kinds, _weeks(rows, when, day), negative
    )


def _months(rows: pl.LazyFrame, when: str, *, has_amounts: bool) -> dict[str, Month]:
    amount = pl.col("amount_minor").sum() if has_amounts else pl.lit(0)
    counted = (
        rows.group_by(pl.col(when).dt.month_start().alias("month"))
        .agg(pl.len().alias("rows"), pl.col("customer_key").n_unique().alias("customers"), amount.alias("amount"))
        .sort("month")
        .collect()
    )
    return {
        f"{month:%Y-%m}": Month(number, customers, sum_minor)
        for month, number, customers, sum_minor in counted.iter_rows()
    }


def _weeks(rows: pl.LazyFrame, when: str, day: date) -> list[int]:
    """The rows of each of the last weeks, the latest first, as far back as the table goes."""
    ago = (pl.lit(day) - pl.col(when)).dt.total_days() - 1
    counted = rows.filter(ago < WEEKS * WEEK_DAYS).group_by((ago // WEEK_DAYS).alias("week")).len().collect()
    first = rows.select(pl.col(when).min()).collect().item()
    whole = 0 if first is None else min(WEEKS, (day - first).days // WEEK_DAYS)
    by_week = dict(counted.iter_rows())
    return [by_week.get(week, 0) for week in range(whole)]


def _negative(rows: pl.LazyFrame) -> float | None:
    share = rows.select((pl.col("amount_minor") < 0).mean()).collect().item()
    return None if share is None else round(float(share), 6)


def _shares(rows: pl.LazyFrame, name: str) -> dict[str, float]:
    """The share of each kind in all rows, without those that are hardly there, of which there may be thousands."""
    counts = rows.select(pl.col(name).value_counts()).collect().unnest(name)
    total = counts["count"].sum()
    named = counts.drop_nulls(name).sort(name)
    shares = {kind: round(number / total, 6) for kind, number in named.iter_rows()}
    return {kind: share for kind, share in shares.items() if share >= MIN_KIND}


def _register(folder: Path, scored: pl.DataFrame) -> tuple[float | None, dict[str, tuple[float, float]]]:
    """The share of those scored who are in the table customers, and what it says of their consent."""
    if not storage.bucket_files(folder):
        return None, {}
    rows = storage.scan_buckets(folder)
    there = [name for name in CONSENTS if name in rows.collect_schema().names()]
    # Of several rows of a customer the stricter holds.
    known = rows.group_by("customer_key").agg(pl.col(there).min(), is_known=pl.lit(value=True)).collect()
    of_scored = scored.select("customer_key").join(known, on="customer_key", how="left")
    consents = {}
    for name in there:
        answers = of_scored[name].drop_nulls()
        agreed = float(answers.cast(pl.Float64).mean() or 0.0)  # type: ignore[arg-type]
        consents[name] = (round(len(answers) / max(len(scored), 1), 6), round(agreed, 6))
    return round(of_scored["is_known"].count() / max(len(scored), 1), 6), consents


def _features(examples: Path, day: date) -> dict[str, Spread]:
    rows = storage.scan_buckets(examples).filter(pl.col("snapshot") == day)
    numbers = rows.select((cs.numeric() | cs.boolean()).exclude("customer_key", "churned").cast(pl.Float64))
    names = numbers.collect_schema().names()
    values = numbers.select(
        pl.len().alias("customers"),
        *(pl.col(name).mean().alias(f"{name} mean") for name in names),
        *(pl.col(name).std().alias(f"{name} deviation") for name in names),
        *(pl.col(name).null_count().alias(f"{name} missing") for name in names),
    ).collect().row(0, named=True)  # fmt: skip
    return {
        name: Spread(
            _significant(values[f"{name} mean"]),
            _significant(values[f"{name} deviation"]),
            round(values[f"{name} missing"] / max(values["customers"], 1), 6),
        )
        for name in names
    }


def _significant(value: float | None) -> float | None:
    """Six digits: sums of floats differ in the last ones by the number of buckets."""
    return None if value is None else float(f"{value:.6g}")
