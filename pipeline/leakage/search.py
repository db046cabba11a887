"""``churn check --leakage``: does anything know the future? On the user's own tables, examples and settings."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import polars as pl

from pipeline import sql
from pipeline.config import params
from pipeline.config.errors import BadData
from pipeline.config.paths import REPRO, Paths
from pipeline.examples import build, feed_health, labelled
from pipeline.examples import snapshots as calendar
from pipeline.examples.features import Feature, available, model_features
from pipeline.leakage import company_events, outcome_checks, replay
from pipeline.leakage.outcome_checks import LEAK, WARNING
from pipeline.tables import buckets, storage


def run(settings: params.Params, paths: Paths = REPRO) -> Iterator[str]:
    """Look for leaks in what ``dvc repro`` built; one line per check, findings before it.

    Yields
    ------
    str
        What was found right; lines that begin with ``LEAK`` are sure, with ``WARNING`` to be looked at.

    Raises
    ------
    BadData
        After all lines, if one of them is a sure leak; or before, if nothing was built, or not by these settings.
    """
    if storage.read_json(paths.ingest_report)["company"] != settings.data.name:
        raise BadData(f"{paths.tables} holds another company than {settings.data.name}; run: dvc repro")
    sure = 0
    for line in _all(settings, paths):
        sure += line.startswith(LEAK)
        yield line
    if sure:
        raise BadData(f"{sure} sure leak{'s' if sure > 1 else ''}: a model of such features shines on paper only")


def _all(settings: params.Params, paths: Paths) -> Iterator[str]:
    features = model_features(settings.features, settings.sources)
    # Workers on other machines see the project's folder, and not the temporary one of this machine.
    shared = paths.data if settings.storage.executor == "dask" else None
    with TemporaryDirectory(prefix="churn-", dir=shared) as folder:
        yield from _replayed(settings, Path(folder), paths)
    examples = labelled.read(paths, [feature.name for feature in features])
    days, complete = calendar.snapshot_days(settings.snapshots), labelled.complete_days(paths)
    yield from outcome_checks.run(outcome_checks.Known(days, complete, examples), features, settings)
    yield from _treatments(settings, features, paths)


# -------------------------------------------------------------------------------------------- truncation and corruption


def _replayed(settings: params.Params, folder: Path, paths: Paths) -> Iterator[str]:
    days = _three(calendar.snapshot_days(settings.snapshots))
    bucket_numbers = range(len(storage.bucket_files(paths.tables / "transactions")))
    if not bucket_numbers:
        raise BadData(f"{paths.tables}: has no transactions; run the earlier stages first: dvc repro")
    as_is = folder / "as-is"
    whole = [_job(settings, bucket, days, as_is, paths) for bucket in bucket_numbers]
    with storage.new_folder(as_is) as partial:
        built = [_job(settings, bucket, days, partial, paths) for bucket in bucket_numbers]
        for _ in buckets.map_buckets(build.build, built, settings.storage, "leaks: as it is"):
            pass
    _refuse_stale(whole, days, paths)
    replays = [one for day in days for job in whole for one in _replays(settings, job, day, folder, as_is)]
    results = list(buckets.map_buckets(replay.run, replays, settings.storage, "leaks: other futures"))
    yield from _differences([difference for part in results for difference in part])
    names = " and ".join(str(day) for day in (days[0], days[-1]))
    where = f"all features at {len(days)} snapshots between {names}" if len(days) > 1 else f"all features at {days[0]}"
    for how in ("truncation", "corruption"):
        wrong = {d.column for part in results for d in part if d.replay == how and d.column != replay.LABEL}
        ends = "are bit-identical" if not wrong else f"were compared, {len(wrong)} columns differ"
        future = "all that came later cut off" if how == "truncation" else "all that came later replaced by garbage"
        yield f"{how}: {where} {ends} with {future}"
    labels = sum(one.what == "label" for one in replays) // len(whole)
    if labels and not any(d.column == replay.LABEL for part in results for d in part):
        at_days = f"{labels} snapshot{'s' if labels > 1 else ''}"
        yield f"labels: at {at_days} the same with all cut off that came after the outcome window"


def _three(days: list[date]) -> list[date]:
    """The first snapshot, the middle one and as_of."""
    return sorted({days[0], days[len(days) // 2], days[-1]})


def _job(settings: params.Params, bucket: int, days: list[date], to: Path, paths: Paths) -> build.Job:
    spread = settings.storage.workers if settings.storage.executor == "processes" else 1
    return build.Job(
        bucket, paths.tables, to, days, settings.snapshots, settings.label,
        available(settings.features, settings.sources), settings.data.minor_digits, settings.storage.threads,
        settings.storage.memory_gb / spread, paths.market, _outages(paths),
    )  # fmt: skip


def _outages(paths: Paths) -> dict[date, frozenset[str]]:
    """Whose features are missing at which snapshot, as the examples were built."""
    by_day = {
        day: [feed_health.Finding.from_report(one) for one in findings]
        for day, findings in storage.read_json(paths.feeds_report).items()
    }
    return {
        date.fromisoformat(day): frozenset(f.table for f in findings if f.is_outage) for day, findings in by_day.items()
    }


def _replays(settings: params.Params, job: build.Job, day: date, folder: Path, as_is: Path) -> Iterator[replay.Replay]:
    end = calendar.outcome_window(day, settings.label).end
    wanted: list[tuple[replay.How, date, Literal["features", "label"]]] = [
        ("truncation", day, "features"), ("corruption", day, "features"),
    ]  # fmt: skip
    if calendar.is_complete(day, settings.label, settings.snapshots.observed_until):
        wanted.append(("truncation", end, "label"))
    for how, cut, what in wanted:
        own = folder / f"{how}-{what}-{day}"
        alone_job = _moved(job, [day], own)
        yield replay.Replay(how, cut, what, alone_job, as_is)


def _moved(job: build.Job, days: list[date], to: Path) -> build.Job:
    return build.Job(**{**job.__dict__, "days": days, "examples": to})


def _refuse_stale(jobs: list[build.Job], days: list[date], paths: Paths) -> None:
    """What is compared must be what the model learns from: the examples of ``dvc repro``, by these very settings."""
    for job in jobs:
        kept = storage.read_parquet(storage.bucket_file(paths.examples, job.bucket))
        fresh = storage.read_parquet(storage.bucket_file(job.examples, job.bucket))
        if not kept.filter(pl.col("snapshot").is_in(days)).equals(fresh):
            raise BadData(f"{paths.examples} is not what {paths.tables} and the settings of today give; run: dvc repro")


def _differences(differing: list[replay.Difference]) -> Iterator[str]:
    """One line per column, snapshot and kind of replay, the buckets added up."""
    places = sorted({(d.replay, d.snapshot, d.column) for d in differing})
    for how, day, column in places:
        own = [d for d in differing if (d.replay, d.snapshot, d.column) == (how, day, column)]
        cut = "the end of its outcome window" if column == replay.LABEL else "the snapshot"
        yield (
            f"{LEAK} {how}: {column} at {day} depends on what came after {cut}, for "
            f"{sum(d.customers for d in own):,} customers, such as {own[0].such_as}"
        )


# ---------------------------------------------------------------------------------------------------------- treatments


def _treatments(settings: params.Params, features: list[Feature], paths: Paths) -> Iterator[str]:
    touched = [f.name for f in features if f.is_treatment or any(n.startswith("contacts.") for n in f.needs)]
    sentences = [
        f"{name} is made of what the company did: a treatment, no behaviour; set features.allow_treatment: false"
        for name in touched
    ]
    if settings.sources.events is not None:
        sentences += company_events.by_the_company(_counted(settings, paths), settings.features.event_types)
    yield from (f"{WARNING} treatment: {words}" for words in sentences)
    if not sentences:
        yield "treatments: no feature, and by the looks of them no event type, is made of what the company did"


def _counted(settings: params.Params, paths: Paths) -> company_events.Seen:
    bucket_numbers = range(len(storage.bucket_files(paths.tables / "transactions")))
    jobs = [(paths.tables, bucket, settings.storage.threads, settings.storage.memory_gb) for bucket in bucket_numbers]
    return company_events.add_up(list(buckets.map_buckets(_count, jobs, settings.storage, "leaks: events")))


def _count(job: tuple[Path, int, int, float]) -> company_events.Seen:
    tables, bucket, threads, memory_gb = job
    transactions, events, contacts = (
        storage.bucket_file(tables / name, bucket) for name in ("transactions", "events", "contacts")
    )
    with sql.connect(threads, memory_gb) as engine:
        return company_events.count(engine, transactions, events, contacts if contacts.is_file() else None)
