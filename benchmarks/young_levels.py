"""Do as many churn as are expected while nobody has seen a whole year? At every origin of young companies drawn anew.

Run as ``python -m benchmarks.young_levels [--json FILE] [--companies N] [--first N]``. Each company of `COMPANIES` in
turn is simulated for 480 days, with a seed of its own; the model is trained at every rolling origin, and what came is
held to the range that it predicted on that morning. `benchmarks.levels` does the same for companies of three years.
"""

import argparse
import tempfile
from contextlib import chdir
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks import quality
from pipeline.commands import simulate
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.evaluation import backtest

COMPANIES = ("default", "engagement_leads", "engagement_silent", "seasonal_drift", "sparse", "no_signal")
# As young as a company can be that has several origins, and small enough that forty of them are a matter of minutes.
CUSTOMERS, DAYS, FIRST_SEED = 1500, 480, 5000
HORIZON, ACTIVE, EVERY, WARM_UP = 60, 90, 30, 120


def draw(number: int) -> list[dict[str, Any]]:
    """Churners expected and come at every origin of one company.

    Parameters
    ----------
    number
        Which one: its kind is that of `COMPANIES` in turn, its seed `FIRST_SEED` and this.
    """
    company = COMPANIES[number % len(COMPANIES)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = _young(quality.settings_of(quality.data_sets()[f"{quality.SIMULATED}{company}"], folder))
        plan = simulate.plan(
            company, customers=CUSTOMERS, days=DAYS, seed=FIRST_SEED + number, every_days=EVERY, gap_days=0,
            horizon_days=HORIZON,
        )  # fmt: skip
        window = {"as_of": plan.as_of, "observed_until": plan.as_of, "first": plan.as_of - timedelta(DAYS - WARM_UP)}
        settings = settings.model_copy(update={"snapshots": settings.snapshots.model_copy(update=window)})
        with chdir(folder):
            paths = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
            simulate.run(company, plan, Path("raw/simulated"), workers=1)
            given = quality.prepared(settings, paths)
        parts = backtest.backtest_model(given.examples, given.cutoffs, given.features, settings.label, settings.model)
        about = {"company": company, "number": number}
        return [about | quality.churners(part, settings.evaluate.draws) for part in parts]


def _young(settings: params.Params) -> params.Params:
    label = settings.label.model_copy(update={"horizon_days": HORIZON})
    snapshots = settings.snapshots.model_copy(update={"every_days": EVERY, "active_days": ACTIVE})
    model = settings.model.model_copy(update={"max_trees": 200, "early_stopping_rounds": 20})
    return settings.model_copy(update={"label": label, "snapshots": snapshots, "model": model})


def shares(found: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Snapshots at which as many churned as expected, and all of them, by company and together.

    >>> one = {"company": "a", "came": 5, "model": {"predicted": [3, 9]}}
    >>> shares([one, one | {"company": "b", "came": 10}])
    {'a': (1, 1), 'b': (0, 1), 'together': (1, 2)}
    """
    names = [*dict.fromkeys(one["company"] for one in found)]
    groups = {name: [one for one in found if one["company"] == name] for name in names} | {"together": found}
    return {name: (sum(map(_holds, group)), len(group)) for name, group in groups.items()}


def _holds(one: dict[str, Any]) -> bool:
    low, high = one["model"]["predicted"]
    return bool(low <= one["came"] <= high)


def main() -> None:
    """Draw, print, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    parser.add_argument("--companies", type=int, default=42, metavar="N", help="how many (default: 42)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first (default: 0)")
    options = parser.parse_args()
    found: list[dict[str, Any]] = []
    for number in range(options.first, options.first + options.companies):
        found += draw(number)
        print(f"  {number}: {shares(found)}", flush=True)
        if options.json:
            options.json.write_text(quality.as_json({"snapshots": found}), encoding="utf-8")


if __name__ == "__main__":
    main()
