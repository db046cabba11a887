"""Do as many churn as are expected? Not at one lucky snapshot, but at the last one of companies drawn anew.

Run as ``python -m benchmarks.levels [--json FILE] [--only NAME ...] [--draws N]``. A company of `benchmarks.quality` is
simulated once per draw, each with a seed of its own, none of them those of the quality benchmark; the model is trained
as on the morning of the last complete snapshot, and its sum of probabilities is held to what came: to the range that it
predicts, knowing how sure it is of its own level, and to the one that chance alone would allow. Beside it stands
``best_probability``, which knows the law of the company: by chance, even that one is outside at one draw of twenty.
"""

from typing import Any

from benchmarks import command_line, levels_table, quality
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.evaluation import backtest

# Those with a season. How the waves are fitted and weighed, and how sure of them one can be, was chosen on seeds below
# 60; these came after, and nothing was chosen on them. No two companies share one: with the same seed they would share
# their luck as well.
COMPANIES = ("default", "engagement_leads", "engagement_silent", "sparse", "seasonal_drift")
DRAWS, FIRST_SEED = 10, 101


def draw(company: str, seed: int, customers: int = quality.CUSTOMERS) -> dict[str, Any]:
    """Churners expected and come at the last snapshot of one company.

    Parameters
    ----------
    company
        A name of `COMPANIES`.
    seed
        Of the simulation.
    customers
        How many the company has.
    """
    with quality.drawn(company, customers, seed) as (settings, paths):
        return {"seed": seed} | _last(settings, paths)


def _last(settings: params.Params, paths: Paths) -> dict[str, Any]:
    given = quality.prepared(settings, paths)
    scored_snapshots = backtest.backtest_model(
        given.examples, given.cutoffs[-1:], given.features, settings.label, settings.model
    )
    part = quality.beside_the_truth(next(scored_snapshots), quality.truth_of(paths))
    return quality.churners(part, settings.evaluate.draws)


def main() -> None:
    """Draw, print, and write what was found."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=COMPANIES, default=COMPANIES, metavar="NAME", help="companies")
    parser.add_argument("--draws", type=int, default=DRAWS, metavar="N", help=f"of each (default: {DRAWS})")
    options = parser.parse_args()
    result: dict[str, list[dict[str, Any]]] = {name: [] for name in options.only}
    for name, draws in result.items():
        for number in range(options.draws):
            draws.append(draw(name, FIRST_SEED + DRAWS * COMPANIES.index(name) + number))
            print(f"  {name}, {number + 1} of {options.draws}: {draws[-1]}", flush=True)
            if options.json:
                options.json.write_text(quality.as_json(result), encoding="utf-8")
    print(levels_table.markdown(result))


if __name__ == "__main__":
    main()
