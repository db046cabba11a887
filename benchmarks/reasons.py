"""Are the reasons true? Held to companies whose causes of leaving are known, and to the model they explain.

Run as ``python -m benchmarks.reasons [--json FILE] [--only NAME ...] [--customers N]``. The companies are whole ones
of ``churn simulate``, with another seed than those the thresholds of evidence were looked at with. Three questions:

- truth: of the customers whom one cause is driving away, how many are told that cause first?
- faithfulness: is the family with the largest push the one whose absence would move the score most?
- stability: does a customer of whom nothing new is known keep the first reason from one week to the next?

What the tables can carry at all is measured beside the truth: a classifier is taught the true cause itself, from the
same features of other customers. No company could make one; where even it fails, no order of reasons would help.
"""

import json
import tempfile
from contextlib import chdir
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import polars as pl

from benchmarks import command_line, feeds
from benchmarks.reasons_table import LEAST_REACH
from pipeline.commands import simulate
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.examples import labelled
from pipeline.examples.features import Feature, model_features, unseen_features
from pipeline.model import card_entries, training
from pipeline.model.ensemble import Ensemble, matrix
from pipeline.reasons import ensemble_contributions, evidence_weights, families
from pipeline.reasons.causes import blind_spots
from pipeline.reasons.renderer import ReasonRenderer, Style
from pipeline.stages import run_stage, s1_ingest, s2_examples
from pipeline.tables import schemas, storage

# As many as it takes for some hundred customers whom one cause drives away.
CUSTOMERS = {"retailer": 60_000, "subscription": 12_000, "b2b": 30_000}
SEED, FOLDS = 3, 5
# One cause drives a customer away when it has this share of the hazard, for so long that it can have left a trace.
MIN_SHARE, MIN_DAYS = 0.6, 14
TEST_SNAPSHOTS, WEEK, SAMPLE = 6, 7, 1000
TRUTH = [
    "customer_id",
    "snapshot",
    "dominant_cause",
    "dominant_share",
    "dominant_days",
    "cause_of_leaving",
    "leaves_on",
]


def run_data_set(company: str, settings: params.Params, folder: Path, customers: int) -> dict[str, Any]:
    """Everything that is told of one company; see `feeds.run_data_set`."""
    paths = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
    label = settings.label
    with chdir(folder):
        plan = simulate.plan(company, customers=customers, days=None, seed=SEED,
                             every_days=settings.snapshots.every_days, gap_days=label.gap_days,
                             horizon_days=label.horizon_days)  # fmt: skip
        simulate.run(company, plan, Path("raw/simulated"), workers=settings.storage.workers)
        run_stage(s1_ingest, settings, paths)
        truth = pl.read_parquet("raw/simulated/truth.parquet", columns=TRUTH)
        complete = build(settings, paths)
        model = ExplainedModel(settings, paths, complete)
        matched = _dominated(model.reasons(complete[-TEST_SNAPSHOTS:]), truth, label)
        reach = _reach(_dominated(model.examples(), truth, label), [feature.name for feature in model.bearing])
        return {
            "customers": customers,
            "truth": _by_cause(matched, {cause.id for cause in blind_spots(model.bearing)}, reach),
            "faithfulness": model.faithfulness(complete[-1]),
            "stability": model.stability(complete[-1]),
        }


def build(settings: params.Params, paths: Paths) -> list[date]:
    """The examples of all snapshots, and of the last complete one a week later."""
    run_stage(s2_examples, settings, paths)
    complete = sorted(labelled.complete_days(paths))
    days = [*complete, complete[-1] + timedelta(days=WEEK)]
    run_stage(s2_examples, settings, paths, days)
    return complete


class ExplainedModel:
    """A model of the earlier snapshots, and what it and the evidence say of the customers of later ones."""

    def __init__(self, settings: params.Params, paths: Paths, complete: list[date]) -> None:
        self.settings, self.paths = settings, paths
        self.seen = model_features(settings.features, settings.sources)
        own = unseen_features(settings.features, settings.sources)
        # What only stands beside another number is no reason, so no table carries a cause by it.
        self.bearing = [*self.seen, *(feature for feature in own if feature.evidence is not None)]
        examples = labelled.read(paths, [feature.name for feature in self.bearing])
        first = complete[-TEST_SNAPSHOTS] - timedelta(days=settings.label.gap_days + settings.label.horizon_days)
        known = [day for day in complete if day <= first]
        train_examples, scored_snapshots = (
            examples.filter(pl.col("snapshot").is_in(days)) for days in (known[:-2], known[-1:])
        )
        self.train_examples = train_examples
        self.trained = training.train(train_examples, scored_snapshots, self.seen, settings.label, settings.model)
        self.ensemble: Ensemble = self.trained.ensemble
        self.typical = card_entries.typical(self.ensemble.completed(train_examples), self.ensemble.features)
        declared = {feature.name: feature for feature in training.columns(self.seen, settings.model)}
        self.features: list[Feature] = [declared[name] for name in self.ensemble.features]
        style, weights = (
            Style(settings.reasons, settings.data.currency),
            evidence_weights.learn(train_examples, self.bearing),
        )
        self.renderer = ReasonRenderer(self.features, self.typical, style, weights, own)

    def at_day(self, day: date) -> tuple[pl.DataFrame, Any, Any]:
        """The customers of a snapshot, as a matrix, and what pushes each score."""
        rows = storage.read_buckets(self.paths.examples).filter(pl.col("snapshot") == day).sort("customer_key")
        completed = self.ensemble.completed(rows)
        matrix = self.ensemble.matrix(rows)
        return (
            completed,
            matrix,
            ensemble_contributions.contributions(self.ensemble, matrix, self.settings.storage.threads)[:, :-1],
        )

    def keys(self) -> pl.DataFrame:
        """The customers as the company writes them."""
        return storage.read_buckets(self.paths.tables / "transactions", ["customer_key", "customer_id"]).unique()

    def examples(self) -> pl.DataFrame:
        """All labelled examples, by customer and snapshot."""
        labelled_rows = labelled.read(self.paths, [feature.name for feature in self.bearing])
        return labelled_rows.join(self.keys(), on="customer_key")

    def reasons(self, days: list[date]) -> pl.DataFrame:
        """What is told, by customer and snapshot."""
        parts = []
        for day in days:
            completed, _, pushes = self.at_day(day)
            rendered = self.renderer.tell(completed, pushes)
            head = completed.select("customer_key", "snapshot", "churned")
            parts.append(pl.concat([head, rendered], how="horizontal"))
        return pl.concat(parts).join(self.keys(), on="customer_key")

    def faithfulness(self, day: date) -> dict[str, Any]:
        """Of some customers, how often the family with the largest push is the one whose absence lowers risk most."""
        _, matrix, pushes = self.at_day(day)
        some = np.linspace(0, len(matrix) - 1, min(SAMPLE, len(matrix))).astype(np.int64)
        matrix, pushes = matrix[some], pushes[some]
        names = [feature.family for feature in self.features]
        sums = families.by_family(pushes, names)
        typical = np.array([np.nan if (v := self.typical[name]) is None else v for name in self.ensemble.features])
        whole, falls = self.ensemble.log_odds(matrix), []
        for family in families.in_order(names):
            without = matrix.copy()
            own = np.array(names) == family
            without[:, own] = typical[own]
            falls.append(whole - self.ensemble.log_odds(without))
        fall = np.column_stack(falls)
        largest, worst = sums.argmax(axis=1), fall.argmax(axis=1)
        rank = (fall > fall[np.arange(len(fall)), largest][:, None]).sum(axis=1)
        return {"rows": len(some), "first": float((largest == worst).mean()), "first_two": float((rank <= 1).mean())}

    def stability(self, day: date) -> dict[str, Any]:
        """Of the customers without a single new row in any table within a week, how many keep their first reason."""
        now, later = (self.reasons([d]) for d in (day, day + timedelta(days=WEEK)))
        active: set[int] = set()
        for table in schemas.TABLES.values():
            folder = self.paths.tables / table.name
            if table.sort_day is not None and folder.is_dir():
                rows = storage.read_buckets(folder, ["customer_key", table.sort_day])
                new = rows.filter(pl.col(table.sort_day).is_between(day, day + timedelta(days=WEEK), closed="left"))
                active |= set(new["customer_key"].to_list())
        both = now.join(later, on="customer_key", suffix="_later").filter(~pl.col("customer_key").is_in(list(active)))
        same = both["reason_1_family"].eq_missing(both["reason_1_family_later"])
        return {"rows": len(both), "same": float(same.sum() / max(1, len(same)))}


def _dominated(reasons: pl.DataFrame, truth: pl.DataFrame, label: params.Label) -> pl.DataFrame:
    """The churners whom one cause drives away: it holds most of the hazard, and is what they then leave for."""
    end = pl.col("snapshot") + pl.duration(days=label.gap_days + label.horizon_days)
    return reasons.join(truth, on=["customer_id", "snapshot"]).filter(
        (pl.col("churned") == 1)
        & (pl.col("dominant_share") >= MIN_SHARE)
        & (pl.col("dominant_days") >= MIN_DAYS)
        & (pl.col("cause_of_leaving") == pl.col("dominant_cause"))
        & (pl.col("leaves_on") < end)
    )


def _reach(dominated: pl.DataFrame, names: list[str]) -> dict[str, float]:
    """By cause, how often a classifier that was taught the truth about other customers names it."""
    cause = dominated["dominant_cause"].to_numpy()
    rows, fold = matrix(dominated, names), dominated["customer_key"].cast(pl.Int64).to_numpy() % FOLDS
    named = np.full(len(cause), "", dtype=object)
    for held in range(FOLDS):
        own = fold == held
        taught = lightgbm.LGBMClassifier(
            n_estimators=200, learning_rate=0.07, num_leaves=8, min_child_samples=20, colsample_bytree=0.3,
            subsample=0.7, subsample_freq=1, random_state=0, verbose=-1,
        )  # fmt: skip
        named[own] = taught.fit(rows[~own], cause[~own]).predict(rows[own])
    hits = pl.DataFrame({"cause": cause, "hit": named == cause}).group_by("cause").agg(pl.col("hit").mean())
    return dict(hits.sort("cause").iter_rows())


def _by_cause(matched: pl.DataFrame, blind: set[str], reach: dict[str, float]) -> dict[str, Any]:
    """Customers, and the shares who are told their cause first, as its likeliest, or among the three."""
    own = pl.col("dominant_cause")

    def named(place: int) -> pl.Expr:
        return (";" + pl.col(f"reason_{place}_causes").fill_null("") + ";").str.contains(";" + own + ";", literal=True)

    with_hits = matched.with_columns(
        named(1).alias("first"),
        pl.col("reason_1_causes").fill_null("").str.starts_with(own).alias("likeliest"),
        (named(1) | named(2) | named(3)).alias("told"),
        own.is_in(list(blind)).alias("blind"),
        own.replace_strict(reach, default=0.0, return_dtype=pl.Float64).round(4).alias("reach"),
    )
    shares = [pl.len().alias("customers"), *(pl.col(name).mean() for name in ("first", "likeliest", "told"))]
    rows = with_hits.group_by("dominant_cause", "blind", "reach").agg(shares).sort("dominant_cause")
    seen = with_hits.filter(~pl.col("blind"))
    carried = seen.filter(pl.col("reach") >= LEAST_REACH)
    return {
        "all": seen.select(shares).row(0, named=True),
        "carried": carried.select(shares).row(0, named=True),
        "by_cause": rows.to_dicts(),
    }


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=feeds.COMPANIES, default=feeds.COMPANIES, metavar="NAME")
    parser.add_argument("--customers", type=int, help="instead of as many as each company has by default")
    chosen = parser.parse_args()
    result = {}
    for company in chosen.only:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            result[company] = run_data_set(
                company, feeds.settings_of(company, folder), folder, chosen.customers or CUSTOMERS[company]
            )
        print(company, json.dumps(result[company], indent=1), flush=True)
    if chosen.json:
        storage.write_json(result, chosen.json)


if __name__ == "__main__":
    main()
