"""Is one curve of the contract's end as good as one model per horizon, and better than Kaplan and Meier by contract?

Run as ``python -m benchmarks.cancellation_curve [--json FILE] [--only NAME ...] [--customers N]``. Companies with
contracts are simulated for four years and looked at from two origins, each with a year of outcomes after it. At each,
the model is trained on what was known then, and five forecasts of whether the contract still runs until each day ahead
are held to what came: the curve; Kaplan and Meier's, of contracts of the same age and of those with as many days to
the next renewal; the hazard regression that the product holds its curve to, anew for each day; and the whole recipe
trained anew for every single day. The score is the integrated Brier score, as in `benchmarks.order_curve`.
"""

import tempfile
from collections.abc import Iterator
from contextlib import chdir
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from scipy.special import expit
from scipy.stats import CensoredData, ecdf

from benchmarks import cancellation_curve_table, command_line, order_curve, quality
from benchmarks.order_curve import Array
from pipeline.commands import simulate
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.evaluation import event_curve_check, integrated_brier
from pipeline.evaluation.contract_baselines import TENURE_DAYS
from pipeline.examples import labelled
from pipeline.examples.features import Feature, model_features
from pipeline.examples.next_events import DAYS_TO_EVENT
from pipeline.model import event_curve, event_days
from pipeline.simulate.causal import COMPANIES, WholePlan
from pipeline.stages import run_stage, s1_ingest, s2_examples

CUSTOMERS, DAYS, YEAR, FIRST_SEED = 2000, 1461, 365, 332_000
CONTRACTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "subscription": ("subscription", {}),
    "subscription_monthly": ("subscription", {"yearly_share": 0.0}),
    "subscription_yearly": ("subscription", {"yearly_share": 1.0}),
    "b2b": ("b2b", {}),
}
"""By name, a company of ``churn simulate`` and what is changed of it; of `b2b` too, the end of the contract counts."""
STRATA: Final = {
    "by_age": (event_curve_check.AGE, TENURE_DAYS),
    "by_renewal": (event_days.RENEWAL, tuple(range(15, YEAR, 30))),
}
"""The columns whose groups have a curve of Kaplan and Meier each, and the edges of these groups, in days."""


def run_company(name: str, customers: int = CUSTOMERS) -> list[dict[str, Any]]:
    """The figures of one company, origin by origin.

    Parameters
    ----------
    name
        One of `CONTRACTS`.
    customers
        How many it has had.
    """
    company, changes = CONTRACTS[name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        settings = quality.settings_of(quality.ROOT / "params" / f"simulated_{company}.yaml", folder)
        plan = _plan(company, changes, settings, customers, FIRST_SEED + list(CONTRACTS).index(name))
        settings = _four_years(settings, plan.as_of)
        with chdir(folder):
            paths = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
            simulate.run(company, plan, Path("raw/simulated"), workers=1)
            run_stage(s1_ingest, settings, paths)
            run_stage(s2_examples, settings, paths)
            declared = model_features(settings.features, settings.sources)
            names, until = [feature.name for feature in declared], settings.snapshots.observed_until
            keys = labelled.learnt(paths, customers)
            examples = labelled.read_with_events(paths, names, keys, until, settings.label)
    return [_origin(examples, day, declared, settings) for day in _origins(examples, until)]


def _plan(company: str, changes: dict[str, Any], settings: params.Params, customers: int, seed: int) -> WholePlan:
    law = COMPANIES[company].model_copy(update=changes)
    label = settings.label.model_copy(update={"kind": law.outcome})
    every = settings.snapshots.every_days
    return WholePlan(company=law, customers=customers, days=DAYS, seed=seed, every_days=every, label=label)


def _four_years(settings: params.Params, as_of: date) -> params.Params:
    window = {"as_of": as_of, "observed_until": as_of, "active_days": 400}
    return settings.model_copy(
        update={
            "snapshots": settings.snapshots.model_copy(update=window),
            "label": settings.label.model_copy(update={"kind": "cancellation"}),
            "model": settings.model.model_copy(update={"num_threads": 1}),
        }
    )


def _origins(examples: pl.DataFrame, until: date) -> Iterator[date]:
    """Of the snapshots with a year of outcomes after them, the last one, and the one half way to it from a year on."""
    days = examples["snapshot"].unique().sort().to_list()
    able = [day for day in days if (until - day).days >= YEAR and (day - days[0]).days > YEAR]
    yield from (able[len(able) // 2], able[-1])


def _origin(examples: pl.DataFrame, day: date, declared: list[Feature], settings: params.Params) -> dict[str, Any]:
    label, rows = settings.label, examples.filter(pl.col("snapshot") == day)
    before = examples.filter(pl.col("snapshot") < day)
    own = order_curve.trained(examples, day, label.horizon_days, declared, settings)
    assert own is not None, f"{day}: there are windows enough for the horizon"
    curve = event_curve.fit(_known(before, day, label), own.ensemble, day, label, settings.model)
    assert curve is not None
    runs_on = curve.no_event(own.ensemble, rows, own.calibration.log_odds(own.ensemble.margins(rows), rows))
    each = {
        ahead: 1 - expit(made.calibration.log_odds(made.ensemble.margins(rows), rows))
        for ahead in curve.days
        if ahead <= YEAR and (made := order_curve.trained(examples, day, ahead, declared, settings)) is not None
    }
    days = sorted(each)
    forecasts = {
        "curve": runs_on[:, [curve.days.index(ahead) for ahead in days]],
        "one_per_horizon": np.column_stack([each[ahead] for ahead in days]),
        "hazard": np.column_stack([1 - event_curve_check.ended(before, rows, day, label, ahead) for ahead in days]),
        **{name: kaplan_meier(before, rows, day, label, days, how) for name, how in STRATA.items()},
    }
    came = rows[DAYS_TO_EVENT].fill_null(YEAR).clip(0, YEAR).to_numpy()
    scores = {name: round(integrated_brier.mean_score(chances, came, days), 6) for name, chances in forecasts.items()}
    ended = round(float(np.mean(came < YEAR)), 4)
    about = {"snapshot": str(day), "customers": len(rows), "ended_in_a_year": ended, "days": days}
    return about | scores | interval(runs_on, curve.days, came, curve.renewal(rows, label))


def _known(before: pl.DataFrame, day: date, label: params.Label) -> pl.DataFrame:
    """The earlier examples with the events that had come by a day; `event_curve.fit` looks at no later ones either."""
    return before.with_columns(pl.when(pl.col(DAYS_TO_EVENT) < _ahead(day, label)).then(pl.col(DAYS_TO_EVENT)))


def _ahead(day: date, label: params.Label) -> pl.Expr:
    return (pl.lit(day) - pl.col("snapshot")).dt.total_days() - label.gap_days


def kaplan_meier(
    before: pl.DataFrame, rows: pl.DataFrame, day: date, label: params.Label, days: list[int],
    strata: tuple[str, tuple[int, ...]],
) -> Array:  # fmt: skip
    """The chance that contracts run until each day, by those of the same group at earlier snapshots; (rows, days).

    Parameters
    ----------
    before, rows
        Earlier examples with ``days_to_event``, and those it is asked of.
    day, label
        From which on nothing is known, and ``params.yaml: label``.
    days
        Days after the start of the outcome window.
    strata
        The column that makes the groups, and their edges; without a value, a group of its own.
    """
    column, edges = strata
    at_risk = before.filter(_ahead(day, label) > 0)
    over = at_risk.select(_ahead(day, label)).to_series().to_numpy()
    event = at_risk[DAYS_TO_EVENT].fill_null(10**6).to_numpy()
    seen, group = np.minimum(event, over), _groups(at_risk, column, edges)
    chances = np.empty((len(rows), len(days)))
    for one in np.unique(wanted := _groups(rows, column, edges)):
        # A group that nobody was in before is like all others together.
        mine = group == one if (group == one).any() else np.ones(len(group), dtype=bool)
        curve = ecdf(CensoredData.right_censored(seen[mine], event[mine] >= over[mine])).sf
        # Still running until a day: the event comes on it or later, so not on the day before or earlier.
        chances[wanted == one] = curve.evaluate(np.array(days) - 1)
    return chances


def _groups(rows: pl.DataFrame, column: str, edges: tuple[int, ...]) -> np.ndarray:
    values = rows[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="right"))


def interval(
    runs_on: Array, days: tuple[int, ...], came: Array, renewal: event_days.Renewal | None = None
) -> dict[str, float | None]:
    """How many contracts ended before, within and after their interval of 80 %, and by the days that lists have.

    ``by_first_day`` and ``by_day`` count, of those whose day of 10 % or of 50 % lies within the year, who had ended by
    then. Of the day itself the part before counts, as the curve shares it out (see `event_curve_check.sides`).
    """
    low, high = event_curve_check.around_event(runs_on, days, came, YEAR, renewal)
    parts = event_curve_check.parts_of(low, high)
    shares: dict[str, float | None] = {
        name: round(float(part.mean()), 4) for name, part in zip(("earlier", "within", "later"), parts, strict=True)
    }
    for name, share in (("first_day", 0.1), ("day", 0.5)):
        has = event_days.day_reached(runs_on, days, share, renewal) <= YEAR
        shares[f"with_{name}"] = round(float(has.mean()), 4)
        ended = event_curve_check.part_before(low, high, share)[has]
        shares[f"by_{name}"] = round(float(ended.mean()), 4) if has.any() else None
    return shares


def main() -> None:
    """Measure, print, and write what was found."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=CONTRACTS, metavar="NAME", help="companies to run (default: all)")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help=f"of each (default: {CUSTOMERS})")
    options = parser.parse_args()
    result: dict[str, list[dict[str, Any]]] = {}
    for name in options.only or CONTRACTS:
        result[name] = run_company(name, options.customers)
        print(f"{name}: {result[name]}", flush=True)
        if options.json:
            options.json.write_text(quality.as_json(result), encoding="utf-8")
    print(cancellation_curve_table.markdown(result))


if __name__ == "__main__":
    main()
