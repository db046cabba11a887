"""Stage 2 - examples: canonical tables -> a row per customer and snapshot, with features and label."""

from datetime import date

from pipeline import params
from pipeline.errors import NotEnoughData, StaleInput
from pipeline.examples import build, ledger
from pipeline.examples import snapshots as calendar
from pipeline.examples.features import available
from pipeline.paths import REPRO, Paths
from pipeline.stages import main
from pipeline.tables import buckets
from pipeline.tables import storage as files


def run(
    data: params.Data,
    sources: params.Sources,
    storage: params.Storage,
    snapshots: params.Snapshots,
    label: params.Label,
    features: params.Features,
    at: Paths = REPRO,
    days: list[date] | None = None,
) -> str:
    """Build the examples of all snapshots, or of the given days only, and say how many in a line."""
    days = days or calendar.snapshot_days(snapshots)
    _refuse_unobserved(files.read_json(at.ingest_report)["last_day"], snapshots.observed_until, data.max_silent_days)
    found = files.bucket_files(at.tables / "transactions")
    declared = available(features, sources)
    with files.new_folder(at.examples) as folder:
        jobs = [
            build.Job(
                bucket, at.tables, folder, days, snapshots, label, declared, data.minor_digits,
                storage.threads, storage.memory_gb / (storage.workers if storage.executor == "processes" else 1),
            )
            for bucket in range(len(found))
        ]  # fmt: skip
        counts = ledger.add_up(list(buckets.map_buckets(build.build, jobs, storage, "examples")))
    complete = {str(day) for day in days if calendar.is_complete(day, label, snapshots.observed_until)}
    ledger.check(counts, complete)
    if counts[str(days[-1])]["eligible"] == 0:
        raise NotEnoughData(f"nobody is eligible at {days[-1]}; check snapshots.as_of and snapshots.active_days")
    files.write_json({"snapshots": counts, "complete": sorted(complete)}, at.examples_report)
    rows = sum(line["eligible"] for line in counts.values())
    return f"{rows:,} examples at {len(days)} snapshots, {len(complete)} of them complete"


def _refuse_unobserved(last_day: str, observed_until: date, max_silent_days: int) -> None:
    """Days nobody has observed look like days on which nobody bought: everyone would be labelled as churned."""
    silent = (observed_until - date.fromisoformat(last_day)).days - 1
    if silent > max_silent_days:
        raise StaleInput(
            f"snapshots.observed_until is {observed_until}, but the last transaction is of {last_day}: {silent} days "
            f"without one (data.max_silent_days allows {max_silent_days}); set it to the day after the data ends"
        )


if __name__ == "__main__":
    main(run)
