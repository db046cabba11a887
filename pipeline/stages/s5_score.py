"""Stage 5 - score: the model and the newest snapshot -> probability, value and reasons for every eligible customer."""

from datetime import date
from pathlib import Path
from typing import Any

from pipeline import params
from pipeline.errors import BadData, BadParams, StaleInput
from pipeline.examples.features import model_features
from pipeline.paths import REPRO, Paths
from pipeline.stages import main, scoring
from pipeline.tables import buckets
from pipeline.tables import storage as files


def run(
    data: params.Data,
    sources: params.Sources,
    storage: params.Storage,
    snapshots: params.Snapshots,
    label: params.Label,
    features: params.Features,
    score: params.Score,
    reasons: params.Reasons,
    at: Paths = REPRO,
    as_of: date | None = None,
) -> str:
    """Score everyone who is eligible on the day, check that nobody was lost, and say how many in a line."""
    day = as_of or snapshots.as_of
    _refuse_strangers(files.read_json(at.model_card), data, label)
    found = files.bucket_files(at.examples)
    with files.new_folder(at.scores) as scored, files.new_folder(at.contributions) as contributed:
        jobs = [
            scoring.Job(
                bucket, day, at.tables, at.examples, at.models, scored, contributed, model_features(features, sources),
                score, reasons, label.horizon_days, data.currency, storage.threads,
            )
            for bucket in range(len(found))
        ]  # fmt: skip
        counts = list(buckets.map_buckets(scoring.score, jobs, storage, "scores"))
        _fill_percentiles([files.bucket_file(scored, bucket) for bucket in range(len(found))])
        _refuse_silence(scored, day, data.max_silent_days)
    eligible = files.read_json(at.examples_report)["snapshots"][str(day)]["eligible"]
    if sum(counts) != eligible:
        raise BadData(f"scores at {day}: {eligible} customers are eligible, but {sum(counts)} were scored")
    return f"{sum(counts):,} customers scored as of {day}"


def _refuse_strangers(card: dict[str, Any], data: params.Data, label: params.Label) -> None:
    """A model of another company, or of another meaning of churn, gives numbers that look right and are not."""
    if card["company"] != data.name:
        raise BadParams(f"the model was trained on {card['company']!r}, params.yaml says {data.name!r}; run: dvc repro")
    meant = label.model_dump()
    differing = [key for key in meant if card["label"][key] != meant[key]]
    if differing:
        key = differing[0]
        raise BadParams(
            f"the model was trained with label.{key} {card['label'][key]!r}, params.yaml says {meant[key]!r}; "
            "run: dvc repro"
        )


def _refuse_silence(scored: Path, day: date, max_silent_days: int) -> None:
    latest = files.read_buckets(scored, ["last_order_day"])["last_order_day"].max()
    if isinstance(latest, date) and (day - latest).days > max_silent_days:
        raise StaleInput(
            f"the last purchase of anybody before {day} is of {latest}, {(day - latest).days} days ago "
            f"(data.max_silent_days allows {max_silent_days}); is the feed of transactions down?"
        )


def _fill_percentiles(scored: list[Path]) -> None:
    for file, part in zip(scored, scoring.with_percentiles([files.read_parquet(f) for f in scored]), strict=True):
        files.write_parquet(part, file)


if __name__ == "__main__":
    main(run)
