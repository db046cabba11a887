"""Do as many customers churn as the range of 95 % says? Companies drawn anew, those under a year apart.

Run as ``python -m benchmarks.predicted_range [--json FILE] [--young N] [--grown N] [--first N]``. The kinds of `KINDS`
are drawn in turn, each company with a seed of its own and with its season at a time of the year of its own, so that a
young one opens before, in or after its best weeks. A young company is simulated for 480 days and looked at from every
rolling origin, before anybody has seen a whole year; a grown one for three years, and from the last origins whose
outcome windows do not overlap. At each, the model is trained on what was known on that morning, and the churners that
came are held to the range it predicts. `benchmarks.levels` stands beside the truth, on large companies.
"""

import tempfile
from contextlib import chdir
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import command_line, predicted_range_table, quality
from pipeline import simulate as simulator
from pipeline.commands import simulate
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.evaluation import backtest
from pipeline.model.split import Split

KINDS = ("default", "engagement_leads", "engagement_silent", "seasonal_drift", "sparse", "no_signal")
YOUNG, GROWN = 90, 48
FIRST_SEEDS: Final = {"young": 260_000, "grown": 270_000}
"""Nothing was chosen on these seeds: the rule of the level was there before the first of them was drawn."""
DAYS_OF_A_YEAR = 365


@dataclass(frozen=True)
class Age:
    """How a company is drawn and looked at, by its age.

    Attributes
    ----------
    customers, days
        Customers who come over so many days.
    active_days, horizon_days, every_days, warm_up_days
        As in ``params.yaml: snapshots, label``; days before the first snapshot.
    origins
        How many rolling origins, the last ones without overlap; None takes every one.
    """

    customers: int
    days: int
    active_days: int
    horizon_days: int
    every_days: int
    warm_up_days: int
    origins: int | None


AGES: Final = {
    # As young as a company can be that has several origins, and small enough that fifty are a matter of minutes.
    "young": Age(1500, 480, 90, 60, 30, 120, None),
    "grown": Age(3000, 1096, 180, 90, 30, 180, 3),
}


def draw(age: str, number: int, customers: int | None = None) -> list[dict[str, Any]]:
    """Churners expected and come at the origins of one company.

    Parameters
    ----------
    age
        A name of `AGES`.
    number
        Which one: its kind is that of `KINDS` in turn, its seed that of `FIRST_SEEDS` and this.
    customers
        How many it has, if not as many as usual.
    """
    kind, how = KINDS[number % len(KINDS)], AGES[age]
    seed = FIRST_SEEDS[age] + number
    plan = _plan(kind, how, seed, customers or how.customers)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = _settings(quality.settings_of(quality.data_sets()[f"{quality.SIMULATED}{kind}"], folder), how, plan)
        with chdir(folder):
            paths = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
            simulate.run(kind, plan, Path("raw/simulated"), workers=1)
            given = quality.prepared(settings, paths)
        cutoffs = _chosen(given.cutoffs, how)
        parts = backtest.backtest_model(given.examples, cutoffs, given.features, settings.label, settings.model)
        about = {"kind": kind, "age": age, "seed": seed, "peak_day": plan.company.season_peak_day}
        return [about | _found(quality.churners(part, settings.evaluate.draws)) for part in parts]


def _plan(kind: str, how: Age, seed: int, customers: int) -> simulator.Plan:
    peak = int(np.random.default_rng(seed).integers(1, DAYS_OF_A_YEAR + 1))
    company = simulator.named(kind)
    return simulator.Plan(
        company=company.model_copy(update={"season_peak_day": peak}), customers=customers, days=how.days, seed=seed,
        arrival_days=how.days, every_days=how.every_days,
        label=params.Label(kind="inactivity", gap_days=0, horizon_days=how.horizon_days),
    )  # fmt: skip


def _settings(settings: params.Params, how: Age, plan: simulator.Plan) -> params.Params:
    label = settings.label.model_copy(update={"horizon_days": how.horizon_days})
    first = plan.as_of - timedelta(how.days - how.warm_up_days)
    window = {
        "as_of": plan.as_of, "observed_until": plan.as_of, "first": first, "every_days": how.every_days,
        "active_days": how.active_days,
    }  # fmt: skip
    snapshots = settings.snapshots.model_copy(update=window)
    model = settings.model.model_copy(update={"max_trees": 200, "early_stopping_rounds": 20, "num_threads": 1})
    return settings.model_copy(update={"label": label, "snapshots": snapshots, "model": model})


def _chosen(cutoffs: list[Split], how: Age) -> list[Split]:
    if how.origins is None:
        return cutoffs
    step = -(-how.horizon_days // how.every_days)
    return cutoffs[::-1][::step][: how.origins][::-1]


def _found(counts: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a snapshot, with the days since the company's first one."""
    age = (date.fromisoformat(counts["snapshot"]) - simulator.FIRST_DAY).days
    kept = {name: counts[name] for name in ("snapshot", "in_season", "came")}
    found: dict[str, Any] = kept | {"age_days": age} | counts["model"]
    return found


def main() -> None:
    """Draw, print, and write what was found."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--young", type=int, default=YOUNG, metavar="N", help=f"how many (default: {YOUNG})")
    parser.add_argument("--grown", type=int, default=GROWN, metavar="N", help=f"how many (default: {GROWN})")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first (default: 0)")
    options = parser.parse_args()
    found: list[dict[str, Any]] = []
    for age, number in (("young", options.young), ("grown", options.grown)):
        for one in range(options.first, options.first + number):
            found += draw(age, one)
            held = sum(each["predicted"][0] <= each["came"] <= each["predicted"][1] for each in found)
            print(f"  {age} {one}: {held} of {len(found)}", flush=True)
            if options.json:
                options.json.write_text(quality.as_json({"snapshots": found}), encoding="utf-8")
    print(predicted_range_table.markdown({"snapshots": found}))


if __name__ == "__main__":
    main()
