"""Does the allocation keep what can be kept? Held to companies in which the true uplift of every playbook is known.

Run as ``python -m benchmarks.playbooks [--json FILE] [--only NAME ...] [--customers N]``. The companies are whole ones
of ``churn simulate``, with another seed than those the rules were looked at with. A model of earlier snapshots scores
the last three complete ones; the pipeline's plan shares out playbooks whose effects are those a control group would
have measured at earlier snapshots, under hands of two teams and a budget. What it keeps is the sum of true uplift times
value, less cost. Beside it, with the same offers, costs and limits:

- all-knowing: the solver with the true uplift of every customer, hidden states included;
- taught: the solver with the uplift as a model foresees it that was taught the true one at earlier snapshots;
- told: the pipeline's plan with the effects as they truly are among whom each cause is told, at that very snapshot;
- best same, discount: one offer for the highest risk; the one that keeps most in hindsight, and a discount.
"""

import tempfile
from contextlib import chdir
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks import command_line, feeds, playbooks_table, quality
from benchmarks import playbooks_given as given
from benchmarks.playbooks_given import Array
from benchmarks.playbooks_offers import limits
from benchmarks.playbooks_table import CONTENDERS, PLAN, SHARES
from benchmarks.reasons import CUSTOMERS, ExplainedModel, build
from pipeline.commands import simulate
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.rules.vocabulary import vocabulary
from pipeline.stages import run_stage, s1_ingest
from pipeline.value import customer_value
from pipeline.value.expected_spend import Spend

SEED, SNAPSHOTS, DRAWS = 5, 3, 1000


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
        complete = build(settings, paths)
        scored = Scored(ExplainedModel(settings, paths, complete), pl.read_parquet("raw/simulated/truth.parquet"))
        # Whose outcome windows are over before the first judged snapshot.
        last = complete[-SNAPSHOTS] - timedelta(days=label.gap_days + label.horizon_days)
        earlier = pl.concat([scored.at_day(day) for day in complete if day <= last])
        return _compared(company, scored.model, earlier, [scored.at_day(day) for day in complete[-SNAPSHOTS:]])


class Scored:
    """The customers of a snapshot as stage 5 scores them, nobody of them a control, with the true uplifts."""

    def __init__(self, model: ExplainedModel, truth: pl.DataFrame) -> None:
        self.model = model
        self.spend = Spend.fit(model.train_examples)
        self.truth = truth.select("customer_id", "snapshot", "^uplift_.*$").join(model.keys(), on="customer_id")

    def at_day(self, day: date) -> pl.DataFrame:
        """One row per eligible customer, in the order of keys."""
        model, settings = self.model, self.model.settings
        rows, matrix, pushes = model.at_day(day)
        probability = model.trained.calibration.probability(model.ensemble.log_odds(matrix), rows)
        spoken = model.renderer.tell(rows, pushes, probability=probability)
        scores = pl.concat([rows, spoken], how="horizontal").with_columns(
            pl.Series("churn_probability", np.round(probability, 6)),
            customer_value.expected_value(rows, self.spend, settings.label, settings.score),
            customer_value.loss_making(rows),
            customer_value.tier(settings.score),
            pl.lit(value=False).alias("strategic"),
            pl.lit(value=False).alias("is_control"),
            pl.lit(None, dtype=pl.String).alias("owner"),
        )
        scores = scores.with_columns(
            customer_value.band(pl.col("churn_probability"), settings.score),
            (pl.col("churn_probability") * pl.col("value")).round(2).alias("value_at_stake"),
        )
        return scores.join(self.truth, on=["customer_key", "snapshot"]).sort("customer_key")


def _compared(
    company: str, model: ExplainedModel, earlier: pl.DataFrame, scored_snapshots: list[pl.DataFrame]
) -> dict[str, Any]:
    """All contenders at all budgets."""
    names = vocabulary(model.settings.score, model.settings.features)
    features = [feature.name for feature in model.features if feature.name in earlier.columns]
    known = given.Known(company, names, earlier, features)
    foreseen = [(scores, known.foreseen(scores), known.as_it_is(scores)) for scores in scored_snapshots]
    best = pl.concat(scores.select("^uplift_.*$") for scores in scored_snapshots).max_horizontal()
    return {
        "customers": sum(map(len, scored_snapshots)),
        "snapshots": [str(scores["snapshot"][0]) for scores in scored_snapshots],
        "playbooks": len(known.playbooks),
        "helped": round(float((best > playbooks_table.HELPED).sum() / max(1, len(best))), 4),
        "budgets": {f"{share:g}": _at_budget(known, foreseen, share) for share in SHARES},
    }


def _at_budget(
    known: given.Known, foreseen: list[tuple[pl.DataFrame, Array, dict[str, Playbook]]], share: float
) -> dict[str, Any]:
    """What every contender keeps over the judged snapshots with a budget; prices are of the last one."""
    parts, plans = [], []
    for scores, uplift, now in foreseen:
        there_is = limits(len(scores), share, known.factor)
        places, plan = known.placed(scores, uplift, now, there_is)
        kept = {name: given.kept(scores, own, known.offers, known.factor) for name, own in places.items()}
        parts.append(pl.DataFrame({"customer": scores["customer_key"], **kept}))
        plans.append(plan)
    return _figures(pl.concat(parts)) | {
        "gap": round(max(plan.gap for plan in plans), 4),
        "prices": {_short(name): round(price, 2) for name, price in plans[-1].prices.items()},
        "limits": there_is.model_dump(exclude={"channel"}),
    }


def _figures(kept: pl.DataFrame) -> dict[str, Any]:
    """What each contender keeps over all snapshots, and the plan beside the others; customers drawn with return."""
    by_customer = kept.group_by("customer").agg(pl.col(CONTENDERS).sum()).sort("customer")
    amounts = by_customer.select(CONTENDERS).to_numpy()
    some = np.random.default_rng(0)
    draws = np.stack([amounts[some.integers(0, len(amounts), len(amounts))].sum(axis=0) for _ in range(DRAWS)])
    drawn, whole = dict(zip(CONTENDERS, draws.T, strict=True)), dict(zip(CONTENDERS, amounts.sum(axis=0), strict=True))
    sames = ("best same", "discount")
    return {
        "kept": {name: _three(whole[name], drawn[name], 0) for name in CONTENDERS},
        "share": {
            name: _three(whole[PLAN] / whole[name], drawn[PLAN] / drawn[name], 3)
            for name in ("all-knowing", "taught", "told")
        },
        "factor": {name: round(whole[PLAN] / whole[name], 2) if whole[name] > 0 else None for name in sames},
        "beyond_twice": {
            name: _three(whole[PLAN] - 2 * whole[name], drawn[PLAN] - 2 * drawn[name], 0) for name in sames
        },
    }


def _three(figure: float, draws: Array, digits: int) -> list[float]:
    """The figure and the ends of its interval of 95 %."""
    return [round(float(number), digits) for number in (figure, *np.quantile(draws, (0.025, 0.975)))]


def _short(limit: str) -> str:
    return limit.partition(",")[0]


def main() -> None:
    """Run the benchmark, print its tables, and write its figures."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=feeds.COMPANIES, default=feeds.COMPANIES, metavar="NAME")
    parser.add_argument("--customers", type=int, help="how many each company has had (default: as for reasons)")
    chosen = parser.parse_args()
    result = {}
    for company in chosen.only:
        with tempfile.TemporaryDirectory() as name:
            folder, customers = Path(name), chosen.customers or CUSTOMERS[company]
            result[company] = run_data_set(company, feeds.settings_of(company, folder), folder, customers)
        print(f"{company}: {result[company]['playbooks']} playbooks", flush=True)
    print(playbooks_table.markdown(result))
    if chosen.json:
        chosen.json.write_text(quality.as_json(result), encoding="utf-8")


if __name__ == "__main__":
    main()
