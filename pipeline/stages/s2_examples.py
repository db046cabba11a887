"""Stage 2 - examples: canonical tables -> a row per customer and snapshot, with features and label."""

from dataclasses import dataclass
from datetime import date

from pipeline.config import params
from pipeline.config.errors import NotEnoughData
from pipeline.config.paths import REPRO, Paths
from pipeline.examples import build, feed_health, population_audit, regional_orders
from pipeline.examples import feeds as profiles
from pipeline.examples import snapshots as calendar
from pipeline.examples.features import available
from pipeline.stages import main
from pipeline.tables import buckets
from pipeline.tables import storage as files
from pipeline.tables.rejected_rows import other_currency


@dataclass(frozen=True)
class Settings:
    """The sections of ``params.yaml`` this stage depends on."""

    data: params.Data
    sources: params.Sources
    storage: params.Storage
    feeds: params.Feeds
    snapshots: params.Snapshots
    label: params.Label
    features: params.Features


def run(
    settings: Settings,
    paths: Paths = REPRO,
    days: list[date] | None = None,
) -> str:
    """Build the examples of all snapshots, or of the given days only, and say how many in a line."""
    days = days or calendar.snapshot_days(settings.snapshots)
    calendar.refuse_unobserved(
        date.fromisoformat(files.read_json(paths.ingest_report)["last_day"]),
        settings.snapshots.observed_until,
        settings.data.max_silent_days,
    )
    bucket_files = files.bucket_files(paths.tables / "transactions")
    declared = available(settings.features, settings.sources)
    memory_gb = settings.storage.memory_gb / (
        settings.storage.workers if settings.storage.executor == "processes" else 1
    )
    _count_market(len(bucket_files), settings.storage, memory_gb, paths)
    wrong = _check_feeds(len(bucket_files), settings, memory_gb, days, paths)
    outages = {day: frozenset(f.table for f in findings if f.is_outage) for day, findings in wrong.items()}
    with files.new_folder(paths.examples) as folder, files.new_folder(paths.former) as former:
        jobs = [
            build.Job(
                bucket, paths.tables, folder, days, settings.snapshots, settings.label, declared,
                settings.data.minor_digits,
                settings.storage.threads, memory_gb, paths.market, outages, former,
            )
            for bucket in range(len(bucket_files))
        ]  # fmt: skip
        counts = population_audit.add_up(list(buckets.map_buckets(build.build, jobs, settings.storage, "examples")))
    complete = {
        str(day) for day in days if calendar.is_complete(day, settings.label, settings.snapshots.observed_until)
    }
    population_audit.check(counts, complete)
    if counts[str(days[-1])]["eligible"] == 0:
        raise NotEnoughData(f"nobody is eligible at {days[-1]}; check snapshots.as_of and snapshots.active_days")
    files.write_json({"snapshots": counts, "complete": sorted(complete)}, paths.examples_report)
    rows = sum(line["eligible"] for line in counts.values())
    down = "".join(f"; {finding.description}" for finding in wrong[days[-1]])
    return f"{rows:,} examples at {len(days)} snapshots, {len(complete)} of them complete{down}"


def _count_market(bucket_count: int, storage: params.Storage, memory_gb: float, paths: Paths) -> None:
    jobs = [regional_orders.Job(bucket, paths.tables, storage.threads, memory_gb) for bucket in range(bucket_count)]
    parts = list(buckets.map_buckets(regional_orders.count, jobs, storage, "market"))
    files.write_parquet(regional_orders.add_up(parts), paths.market)


def _check_feeds(
    bucket_count: int, settings: Settings, memory_gb: float, days: list[date], paths: Paths
) -> dict[date, list[feed_health.Finding]]:
    """What is wrong with any feed at each snapshot; stage 5 decides whether customers are scored all the same."""
    storage = settings.storage
    jobs = [profiles.Job(bucket, paths.tables, storage.threads, memory_gb) for bucket in range(bucket_count)]
    parts = list(buckets.map_buckets(profiles.look, jobs, storage, "feeds"))
    foreign = other_currency(settings.data.currency)
    refused = profiles.refused(paths.rejected / "transactions.parquet", foreign, storage.threads, memory_gb)
    profile = profiles.add_up(parts, refused)
    wrong = {day: feed_health.check_feeds(profile, day, settings.feeds, settings.data) for day in days}
    files.write_json(
        {str(day): [f.as_report() for f in findings] for day, findings in wrong.items()}, paths.feeds_report
    )
    return wrong


if __name__ == "__main__":
    main(run)
