"""Stage 5 - score: the model and the newest snapshot -> probability, value and reasons for every eligible customer."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.config import params
from pipeline.config.errors import BadData, BadParams, ModelRefused, StaleInput
from pipeline.config.paths import REPRO, Paths
from pipeline.examples import feed_health, labelled
from pipeline.examples.features import Feature, explained_features, model_features, unseen_features
from pipeline.model import artefacts
from pipeline.reasons import plots, root_causes
from pipeline.scoring import bucket as scoring
from pipeline.scoring import explainer_cache, reasons_plot
from pipeline.stages import main
from pipeline.tables import buckets
from pipeline.tables import storage as files


@dataclass(frozen=True)
class Settings:
    """The sections of ``params.yaml`` this stage depends on."""

    data: params.Data
    sources: params.Sources
    storage: params.Storage
    snapshots: params.Snapshots
    label: params.Label
    features: params.Features
    score: params.Score
    reasons: params.Reasons
    language: params.LanguageSettings


def run(
    settings: Settings,
    paths: Paths = REPRO,
    as_of: date | None = None,
) -> str:
    """Score everyone who is eligible on the day, check that nobody was lost, and say how many in a line."""
    day = as_of or settings.snapshots.as_of
    model = artefacts.load(paths.models)
    check_model_compatibility(model.card, settings.data, settings.label, settings.snapshots, day)
    bucket_files = files.bucket_files(paths.examples)
    audit = files.read_json(paths.examples_report)["snapshots"]
    if str(day) not in audit or not bucket_files:
        raise BadData(f"{paths.examples}: holds no snapshot of {day}; run the earlier stages first: dvc repro")
    eligible = audit[str(day)]["eligible"]
    findings = [feed_health.Finding.from_report(one) for one in files.read_json(paths.feeds_report)[str(day)]]
    _refuse_suspicious(findings)
    outages = feed_health.down(findings)
    model = model.during(outages)  # refused here, before buckets begin
    has_money = labelled.amounts_vary(paths)
    features, unseen = (
        explained_features(known, settings.features, amounts_vary=has_money)
        for known in (
            model_features(settings.features, settings.sources),
            unseen_features(settings.features, settings.sources),
        )
    )
    # Once, before buckets that work side by side would each do it.
    explainer_cache.explainer(model.ensemble.trees, paths.explainers)
    with files.new_folder(paths.scores) as scored, files.new_folder(paths.contributions) as contributed:
        jobs = [
            scoring.Job(
                bucket, day, paths.tables, paths.examples, paths.models, scored, contributed, paths.explainers,
                features, unseen, settings.score, settings.reasons, settings.label, settings.data.currency,
                settings.storage.threads, settings.language, outages,
            )
            for bucket in range(len(bucket_files))
        ]  # fmt: skip
        counts = list(buckets.map_buckets(scoring.score, jobs, settings.storage, "scores"))
        _fill_ranks([files.bucket_file(scored, bucket) for bucket in range(len(bucket_files))], settings.score)
        _refuse_silence(scored, day, settings.data.max_silent_days)
        if sum(counts) != eligible:
            raise BadData(f"scores at {day}: {eligible} customers are eligible, but {sum(counts)} were scored")
        _write_root_causes(scored, day, [*features, *unseen], paths)
    if as_of is None:
        # For whoever works on the model; the weekly job leaves only lists behind.
        _write_plot(day, paths)
    return f"{sum(counts):,} customers scored as of {day}"


def check_model_compatibility(
    card: dict[str, Any], data: params.Data, label: params.Label, snapshots: params.Snapshots, day: date
) -> None:
    """A model of another company, meaning or population gives numbers that look right and are not."""
    try:
        meant = _trained_and_configured(card, data, label, snapshots)
        learnt_until = date.fromisoformat(card["learnt_until"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelRefused(
            f"models/model.json: is not the card of a model ({type(error).__name__}: {error}); train again: dvc repro"
        ) from None
    for name, (trained, configured) in meant.items():
        if trained != configured:
            raise BadParams(
                f"the model was trained with {name} {trained!r}, params.yaml says {configured!r}; run: dvc repro"
            )
    if day < learnt_until:
        raise StaleInput(
            f"the model has learnt from what happened until {learnt_until}; a list as of {day} would show what "
            "it knows, not what it foresees: score a later day"
        )


def _trained_and_configured(
    card: dict[str, Any], data: params.Data, label: params.Label, snapshots: params.Snapshots
) -> dict[str, tuple[Any, Any]]:
    """What a model was trained with beside what is asked for now, by the name of the setting."""
    return {
        "data.name": (card["company"], data.name),
        "data.currency": (card["money"]["currency"], data.currency),
        "data.minor_digits": (card["money"]["minor_digits"], data.minor_digits),
        "data.timezone": (card["timezone"], data.timezone),
        "snapshots.active_days": (card["population"]["active_days"], snapshots.active_days),
        "snapshots.min_tenure_days": (card["population"]["min_tenure_days"], snapshots.min_tenure_days),
        **{f"label.{key}": (card["label"].get(key), value) for key, value in label.model_dump().items()},
    }


def _refuse_suspicious(findings: list[feed_health.Finding]) -> None:
    """A feed of which something wrong comes makes wrong lists; one of which nothing comes has missing features only."""
    wrong = [suspect for suspect in findings if not suspect.is_outage]
    if wrong:
        more = f" (and {len(wrong) - 1} more in reports/feeds.json)" if len(wrong) > 1 else ""
        raise StaleInput(f"{wrong[0].description}{more}; correct the data, or the limits under params.yaml: feeds")


def _refuse_silence(scored: Path, day: date, max_silent_days: int) -> None:
    latest = files.read_buckets(scored, ["last_order_day"])["last_order_day"].max()
    if isinstance(latest, date) and (day - latest).days > max_silent_days:
        raise StaleInput(
            f"the last purchase of anybody before {day} is of {latest}, {(day - latest).days} days ago "
            f"(data.max_silent_days allows {max_silent_days}); is the feed of transactions down?"
        )


def _write_root_causes(scored: Path, day: date, seen: list[Feature], paths: Paths) -> None:
    needed = ["churn_probability", "value_at_stake", "reason_1_causes", *root_causes.SEGMENTS]
    report = root_causes.report(files.read_buckets(scored, needed), seen)
    files.write_json({"as_of": str(day)} | report, paths.root_causes)


def _write_plot(day: date, paths: Paths) -> None:
    with files.replacing(paths.reasons_plot) as partial:
        partial.write_bytes(plots.summary(*reasons_plot.collect_customers(day, paths)))


def _fill_ranks(scored: list[Path], score: params.Score) -> None:
    """What depends on everybody: how risky and how valuable a customer is beside all others."""
    # Only the columns they hang on are held for everybody; the rest of a bucket is read when its ranks are written.
    parts = scoring.with_percentiles(
        [files.read_parquet(file, ["customer_id", "log_odds", "value"]) for file in scored]
    )
    for file, part in zip(scored, scoring.with_value_tiers(parts, score), strict=True):
        files.write_parquet(files.read_parquet(file).with_columns(part["risk_percentile"], part["value_tier"]), file)


if __name__ == "__main__":
    main(run)
