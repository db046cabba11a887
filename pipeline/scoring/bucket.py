"""The function of one bucket behind stage 5: its examples at one day -> scores, reasons and contributions."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit

from pipeline.config.errors import BadData
from pipeline.config.params import Label, LanguageSettings, Reasons, Score
from pipeline.examples.features import Feature
from pipeline.examples.spend_outcomes import YEAR_DAYS
from pipeline.i18n.company_catalogs import load_translator
from pipeline.model import artefacts
from pipeline.model.ensemble import matrix as matrix_of
from pipeline.reasons import ensemble_contributions
from pipeline.reasons.columns import RISK_SHARES
from pipeline.reasons.evidence_weights import Weight
from pipeline.reasons.renderer import ReasonRenderer, Style
from pipeline.scoring import explainer_cache, next_order
from pipeline.tables import storage
from pipeline.value import customer_value, lifecycle, purchase_process, year_ahead
from pipeline.value.expected_spend import Spend

Array = npt.NDArray[np.float64]

# Rows of a bucket, spread over it, for which the trees themselves are asked whether contributions add up to the margin.
CHECKED_ROWS = 1000
PLACES = ("reason_1", "reason_2", "reason_3", "protects_1")
REASON_COLUMNS = [f"{place}_{part}" for place in PLACES for part in ("family", "text", "contribution")]
CAUSE_COLUMNS = [f"{place}_{part}" for place in PLACES for part in ("causes", "kind", "act", "team")]
# What the contract of data/scores names, in its order, and behind it what lists need to know of a customer.
SCORE_COLUMNS = [
    "customer_id",
    "as_of",
    "churn_probability",
    "risk_percentile",
    "risk_band",
    "log_odds",
    "base_log_odds",
    "value",
    "value_at_stake",
    "tier",
    *REASON_COLUMNS,
    "last_order_day",
    "last_contact_day",
    "name",
    "owner",
    "value_tier",
    "loss_making",
    "strategic",
    "spend_365d",
    *CAUSE_COLUMNS,
    "lifecycle",
    *next_order.COLUMNS,
    *year_ahead.COLUMNS,
    "customer_key",
    *RISK_SHARES,
]


@dataclass(frozen=True)
class Job:
    """Everything one bucket needs."""

    bucket: int
    as_of: date
    tables: Path
    examples: Path
    models: Path
    scores: Path
    contributions: Path
    explainers: Path
    features: list[Feature]
    unseen_features: list[Feature]
    score: Score
    reasons: Reasons
    label: Label
    currency: str
    threads: int
    language: LanguageSettings
    outages: frozenset[str] = frozenset()


def score(job: Job) -> int:
    """Write the scores and the contributions of one bucket, and say how many customers it scored."""
    whole = artefacts.load(job.models)
    model = whole.during(job.outages)
    examples = storage.read_snapshot(storage.bucket_file(job.examples, job.bucket), job.as_of)
    assert examples["customer_key"].is_unique().all(), "a customer has one row per snapshot"
    known = examples.join(_customers(job), on="customer_key", how="left", maintain_order="left")
    completed = model.ensemble.completed(examples)
    matrix = model.ensemble.seen(matrix_of(completed, model.features))
    explainer = explainer_cache.explainer(model.ensemble.trees, job.explainers)
    values = ensemble_contributions.contributions(model.ensemble, matrix, job.threads, explainer)
    log_odds = ensemble_contributions.margins(values)
    some = slice(None, None, -(-len(matrix) // CHECKED_ROWS) or 1)
    predicted = model.ensemble.log_odds(matrix[some], job.threads)
    assert np.allclose(log_odds[some], predicted, rtol=0, atol=1e-6), "contributions and base add up to the log-odds"
    # What nothing is told of is no evidence either, whatever it weighed when the model was trained.
    silent = {feature.name for feature in (*job.features, *job.unseen_features) if feature.evidence is None}
    weighed = model.card["evidence"].items()
    weights = {name: Weight.from_dict(saved) for name, saved in weighed if name not in silent}
    style = Style(job.reasons, job.currency, load_translator(job.language))
    beside = _beside(job, whole, examples)
    renderer = ReasonRenderer(_in_model_order(job, model), model.card["typical"], style, weights, beside)
    calibrated = model.calibration.log_odds(log_odds, examples)
    probability = np.round(expit(calibrated), 6)
    scores = known.with_columns(
        pl.Series("churn_probability", probability),
        pl.Series("log_odds", log_odds),
        pl.Series("base_log_odds", values[:, -1]),
        pl.lit(job.as_of).alias("as_of"),
        (pl.lit(job.as_of) - pl.duration(days="days_since_last_order")).cast(pl.Date).alias("last_order_day"),
        customer_value.expected_value(examples, Spend.of_card(model.card["value"]), job.label, job.score),
        customer_value.loss_making(examples),
        customer_value.tier(job.score),
    ).with_columns(
        customer_value.band(pl.col("churn_probability"), job.score),
        lifecycle.lifecycle(),
        (pl.col("churn_probability") * pl.col("value")).round(2).alias("value_at_stake"),
        pl.lit(None, dtype=pl.Float64).alias("risk_percentile"),
        pl.lit(None, dtype=pl.String).alias("value_tier"),
    )
    reasons = renderer.tell(completed, values[:, :-1], known["owner"], probability)
    ahead = _ahead(job, whole, examples, calibrated)
    complete = pl.concat([scores, reasons, *ahead], how="horizontal")
    storage.write_parquet(complete.select(SCORE_COLUMNS), storage.bucket_file(job.scores, job.bucket))
    each = pl.DataFrame(values, schema=[*model.features, "base_log_odds"]).with_columns(
        pl.Series("log_odds", log_odds),
        # Of a table that is down: a model that never had a feature owes nothing to it.
        *(pl.lit(0.0).alias(name) for name in whole.features if name not in model.features),
    )
    named = pl.concat([known.select("customer_id"), each], how="horizontal")
    storage.write_parquet(named, storage.bucket_file(job.contributions, job.bucket))
    return len(scores)


def _beside(job: Job, model: artefacts.ChurnModel, examples: pl.DataFrame) -> list[Feature]:
    """What the model does not see and may be a reason all the same; the packaged prior sees next to nothing."""
    declared = job.features if model.is_prior else []
    unseen = [feature for feature in declared if feature.name not in model.features]
    return [feature for feature in (*unseen, *job.unseen_features) if feature.name in examples.columns]


def _ahead(job: Job, model: artefacts.ChurnModel, examples: pl.DataFrame, log_odds: Array) -> list[pl.DataFrame]:
    """When the next order or the cancellation comes, and what a year brings: by one curve, with all of its tables."""
    curve = model.event_curve
    no_event = curve.no_event(model.ensemble, examples, log_odds, job.threads) if curve else None
    when = next_order.next_order(curve, examples, no_event, job.as_of, job.label)
    year = year_ahead.YearAhead.of_card(model.card.get("year_ahead"))
    if year is None or curve is None or no_event is None:
        return [when, year_ahead.unknown(len(examples))]
    silent = no_event[:, curve.days.index(YEAR_DAYS)]
    return [when, year.expected(Spend.of_card(model.card["value"]), examples, silent, job.score)]


def _in_model_order(job: Job, model: artefacts.ChurnModel) -> list[Feature]:
    declared = {feature.name: feature for feature in [*job.features, purchase_process.P_NO_PURCHASE]}
    gone = [name for name in model.features if name not in declared]
    if gone:
        raise BadData(f"the model was trained with {gone[0]}, which is declared no more; train again: dvc repro")
    return [declared[name] for name in model.features]


def _customers(job: Job) -> pl.DataFrame:
    """What lists show of a customer besides the score; null where the company has no such table."""
    lines = pl.scan_parquet(storage.bucket_file(job.tables / "transactions", job.bucket))
    ids = lines.select("customer_key", "customer_id").unique("customer_key").collect()
    contacts = storage.bucket_file(job.tables / "contacts", job.bucket)
    if contacts.is_file():
        before = pl.scan_parquet(contacts).filter(pl.col("day") < job.as_of)
        last = before.group_by("customer_key").agg(pl.col("day").max().alias("last_contact_day")).collect()
        ids = ids.join(last, on="customer_key", how="left")
    customers = storage.bucket_file(job.tables / "customers", job.bucket)
    if customers.is_file():
        register = pl.read_parquet(customers)
        kept = [column for column in ("name", "owner") if column in register.columns]
        # Of several rows of a customer, the first text in the alphabet that is there: no order of files decides.
        once = register.group_by("customer_key").agg(pl.col(kept).min())
        ids = ids.join(once, on="customer_key", how="left")
        ids = ids.join(_strategic(register, job.as_of), on="customer_key", how="left")
    absent = {"last_contact_day": pl.Date, "name": pl.String, "owner": pl.String, "strategic": pl.Boolean}
    ids = ids.with_columns(pl.lit(None, dtype=t).alias(c) for c, t in absent.items() if c not in ids.columns)
    return ids.with_columns(pl.col("strategic").fill_null(value=False))


def _strategic(customers: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Whom somebody wants to keep for more than money, says why, and has not set an end that is over."""
    if not {"strategic", "strategic_reason"} <= set(customers.columns):
        return customers.select("customer_key", pl.lit(value=False).alias("strategic")).unique()
    reasoned = pl.col("strategic_reason").fill_null("").str.strip_chars() != ""
    until = pl.col("strategic_until_day") if "strategic_until_day" in customers.columns else pl.lit(None, dtype=pl.Date)
    holds = pl.col("strategic").fill_null(value=False) & reasoned & (until.is_null() | (until >= as_of))
    return customers.group_by("customer_key").agg(holds.any().alias("strategic"))


def with_percentiles(scores: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """Fill ``risk_percentile``: the share (0-100) of all scored customers with a lower margin, ties counted half."""
    log_odds = np.concatenate([part["log_odds"].to_numpy() for part in scores])
    ordered = np.sort(log_odds)
    filled = []
    for part in scores:
        own = part["log_odds"].to_numpy()
        below, up_to = np.searchsorted(ordered, own, "left"), np.searchsorted(ordered, own, "right")
        percentile = np.round((below + up_to) / 2 / len(ordered) * 100, 4)
        filled.append(part.with_columns(pl.Series("risk_percentile", percentile)))
    return filled


def with_value_tiers(scores: list[pl.DataFrame], settings: Score) -> list[pl.DataFrame]:
    """Fill ``value_tier``: among all scored customers, whatever bucket each is in."""
    everyone = pl.concat([part.select("customer_id", "value") for part in scores])
    tiers = everyone.select(customer_value.value_tier(settings, "customer_id"))["value_tier"]
    starts = np.cumsum([0, *(len(part) for part in scores)]).tolist()
    return [part.with_columns(tiers.slice(start, len(part))) for part, start in zip(scores, starts[:-1], strict=True)]
