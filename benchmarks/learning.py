"""Does learning pay? Half a year of lists by fixed effects, by learnt ones and by the true ones, where these are known.

Run as ``python -m benchmarks.learning [--json FILE] [--companies N]``. A company has customers of known risk, value and
cause, and playbooks of which some are for a cause and some for anybody, under hands, capacities and a budget. Each week
a quarter of them stands on the list; four weeks later it is known who stayed. Who is there does not depend on what was
done, so all contenders decide for the same customers, and what each keeps is the sum of the true effect times risk
times value, less cost, of all who are given something. The contenders use the pipeline's own control group, plan,
exploration and readout:

- fixed: the effects as declared, for ever;
- learning: the declared effects, moved each week by the readout of what is known by then;
- exploring: the same, and a lot decides for a share of the customers;
- oracle: the true effects.

In the kind `skewed scores` the probabilities of each cause are off by something of their own, in log-odds: what is
learnt must not take that for an effect. All contenders decide by these probabilities, the oracle too.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks import command_line
from pipeline.config.params import Control, Learning
from pipeline.decisions import assignment, control_group, cooldown
from pipeline.decisions.assignment import Restrictions
from pipeline.outcomes import learned_effects
from pipeline.outcomes.learned_effects import Posterior
from pipeline.playbooks.config.limits import Limits
from pipeline.playbooks.config.playbook import Playbook
from pipeline.readout import comparison, learning

Array: TypeAlias = npt.NDArray[np.float64]
WEEKS, WINDOW, FIRST = 26, 4, date(2024, 1, 1)
LAST: Final = 4  # weeks in which the loop is held against the oracle
DECLARED_ERROR, EXPLORED, LEFT_ALONE = 0.5, 0.02, 0.1
CONTROL: Final = Control(share=LEFT_ALONE, salt="left-alone", version=1)
CONTENDERS: Final = ("fixed", "learning", "exploring", "oracle")
CAUSES: Final = ("C38", "C27", "C30")
DECLARED: Final = {
    "settle": (0.4, 5.0, "first_causes has C38", "phone"),
    "better-terms": (0.3, 4.0, "first_causes has C27", "e-mail"),
    "widen": (0.2, 1.0, "first_causes has C30", "e-mail"),
    "call": (0.25, 4.0, "churn_probability >= 0.25", "phone"),
    "letter": (0.15, 1.0, "everyone", "mail"),
    "gift": (0.3, 6.0, "value >= 60", "mail"),
}
SKEWED: Final = "skewed scores"
SCENARIOS: Final = ("as declared", "half", "own errors", SKEWED, "one harmful", "one worthless")
SKEW: Final = 0.2  # standard deviation, in log-odds, of what probabilities miss of the customers of each cause


@dataclass(frozen=True)
class Company:
    """Who stands on the list of each week, and what each playbook truly does.

    Attributes
    ----------
    lists
        One table per week: the columns the plan looks at, the true ``risk``, and ``uniform``, below which a customer
        leaves.
    true
        The true effect of each playbook.
    """

    lists: list[pl.DataFrame]
    true: dict[str, float]


def playbooks(effects: dict[str, float]) -> dict[str, Playbook]:
    """The playbooks with these effects, which may be zero."""
    books = {
        name: Playbook(tactic="thank-you-email", when=when, action=name, channel=channel,
                       who=channel, due_in_days=3, cost=cost, effect=declared)
        for name, (declared, cost, when, channel) in DECLARED.items()
    }  # fmt: skip
    return {name: book.model_copy(update={"effect": max(effects[name], 0.0)}) for name, book in books.items()}


def true_effects(scenario: str, dice: np.random.Generator) -> dict[str, float]:
    """What each playbook truly keeps, by how far the declared effects are off."""
    declared = {name: row[0] for name, row in DECLARED.items()}
    if scenario == "half":
        return {name: effect / 2 for name, effect in declared.items()}
    if scenario in {"own errors", SKEWED}:
        return {name: effect * dice.uniform(0, 2) for name, effect in declared.items()}
    worst = str(dice.choice(list(declared)))
    return declared | ({"one harmful": {worst: -0.15}, "one worthless": {worst: 0.0}}.get(scenario, {}))


def make(scenario: str, customers: int, seed: int) -> Company:
    """A company of so many customers; a third of them is replaced between two lists."""
    dice = np.random.default_rng(seed)
    true, lists, newest = true_effects(scenario, dice), [], customers
    skew = dict(zip((*CAUSES, "C01"), dice.normal(0, SKEW, 4).tolist(), strict=True)) if scenario == SKEWED else {}
    ids = np.arange(customers)
    for week in range(WEEKS):
        here = ids[week % WINDOW :: WINDOW]
        lists.append(_with_risk(_list(here, week, dice), skew))
        goes = dice.random(len(here)) < 1 / 3
        ids[week % WINDOW :: WINDOW] = np.where(goes, newest + np.arange(len(here)), here)
        newest += len(here)
    return Company(lists, true)


def _list(ids: npt.NDArray[np.int64], week: int, dice: np.random.Generator) -> pl.DataFrame:
    number = len(ids)
    risk, value = dice.beta(1.5, 3, number).round(4), dice.lognormal(3.7, 0.7, number).round(2)
    return control_group.mark(
        pl.DataFrame(
            {
                "customer_id": [f"c{one}" for one in ids.tolist()], "churn_probability": risk, "value": value,
                "value_at_stake": (risk * value).round(2), "risk_band": np.where(risk > 0.5, "high", "low"),
                "reason_1_causes": dice.choice([*CAUSES, "C01"], number), "reason_2_causes": None,
                "reason_3_causes": None, "reason_1_risk_share": dice.uniform(0.3, 0.9, number).round(3),
                "loss_making": False, "strategic": False, "tier": "loyal", "owner": None,
                "as_of": FIRST + timedelta(weeks=week), "uniform": dice.random(number),
            },
            schema_overrides=dict.fromkeys(("reason_2_causes", "reason_3_causes", "owner"), pl.String),
        ),
        CONTROL,
    )  # fmt: skip


def _with_risk(customers: pl.DataFrame, skew: dict[str, float]) -> pl.DataFrame:
    """The true risk beside the probability: the same, or off by what the scores miss of each cause."""
    odds = pl.col("churn_probability") / (1 - pl.col("churn_probability"))
    off = pl.col("reason_1_causes").replace_strict(skew, default=0.0, return_dtype=pl.Float64).exp()
    moved = pl.when(pl.lit(bool(skew))).then(odds * off / (1 + odds * off)).otherwise(pl.col("churn_probability"))
    return customers.with_columns(moved.fill_nan(1.0).alias("risk"))


def kept(decided: pl.DataFrame, true: dict[str, float]) -> float:
    """What the actions of a list truly keep, less their cost."""
    effect = pl.col("playbook").replace_strict(true, default=None, return_dtype=pl.Float64)
    worth = pl.col("risk") * pl.col("value") * pl.col("answered_share") * effect - pl.col("cost")
    return float(decided.filter(pl.col("playbook").is_not_null()).select(worth.sum()).item())


def outcomes(decided: pl.DataFrame, true: dict[str, float]) -> pl.DataFrame:
    """What became of whom a list gave something, or would have: the columns of `comparison.ROWS`."""
    what = pl.coalesce("playbook", "would_have_been").alias("playbook")
    effect = pl.col("playbook").replace_strict(true, default=0.0, return_dtype=pl.Float64)
    leaves = pl.col("risk") * (1 - pl.when(~pl.col("is_control")).then(effect).otherwise(0.0) *
                                            pl.col("answered_share"))  # fmt: skip
    log_odds = (pl.col("churn_probability").clip(1e-6) / (1 - pl.col("churn_probability")).clip(1e-6)).log()
    known = decided.with_columns(what).filter(pl.col("playbook").is_not_null()).with_columns(
        log_odds.alias("log_odds"),
        (pl.col("uniform") >= leaves).cast(pl.Float64).alias("stayed"),
        pl.lit(None, dtype=pl.Float64).alias("expected_effect"),
        pl.lit(value=False).alias("is_done"),
        pl.lit(value=False).alias("is_handed_back"),
    )  # fmt: skip
    rows = known.with_columns((pl.col("stayed") * pl.col("value")).alias("margin"))
    return rows.select(comparison.ROWS.keys()).cast(comparison.ROWS)  # type: ignore[arg-type]


def run(company: Company, contender: str) -> list[float]:
    """What a contender keeps with each list."""
    declared = {name: row[0] for name, row in DECLARED.items()}
    share = EXPLORED if contender == "exploring" else 0.0
    settings = Learning(
        effects="learned", declared_error=DECLARED_ERROR, withhold_retired=False, exploration_share=share, seed=1
    )
    effects = company.true if contender == "oracle" else declared
    believed: dict[str, Posterior] = {}
    lists: list[pl.DataFrame] = []
    amounts = []
    for week, customers in enumerate(company.lists):
        if contender in {"learning", "exploring"} and week >= WINDOW:
            believed = _learned(lists[: week - WINDOW + 1], declared, FIRST + timedelta(weeks=week), believed)
            effects = declared | learned_effects.in_use(believed)
        decided = _decided(customers, effects, settings)
        lists.append(outcomes(decided, company.true))
        amounts.append(kept(decided, company.true))
    return amounts


def _learned(
    lists: list[pl.DataFrame], declared: dict[str, float], day: date, before: dict[str, Posterior]
) -> dict[str, Posterior]:
    """What is believed once these lists are over; each customer counts once, from the first one, if not left alone."""
    every = pl.concat(lists).sort("as_of", "customer_id")
    rows = every.unique("customer_id", keep="first", maintain_order=True)
    readings = comparison.compare(rows, LEFT_ALONE, (FIRST, day))
    # The windows of the lists a customer stands on do not overlap.
    again = every.filter(~pl.col("customer_id").is_first_distinct(), pl.col("is_control"))
    shown = pl.concat([rows, again])
    return {one.playbook: one for one in learning.learn(shown, readings, declared, day, DECLARED_ERROR, before)}


def _decided(customers: pl.DataFrame, effects: dict[str, float], settings: Learning) -> pl.DataFrame:
    number = customers.height
    there_is = Limits(budget=1.2 * number, who={"phone": number // 8, "e-mail": number // 4, "mail": number // 4})
    restrictions = Restrictions(limits=there_is, learning=settings)
    earlier = pl.DataFrame(schema=cooldown.EARLIER)
    return assignment.plan(customers, playbooks(effects), customers["as_of"][0], "EUR", earlier, restrictions)[0]


def figures(amounts: dict[str, list[float]]) -> dict[str, float]:
    """What is shown of one company: the last weeks beside the oracle, and the worst so far beside the fixed effects."""
    sums = {name: np.cumsum(weeks) for name, weeks in amounts.items()}
    last = {name: float(np.sum(weeks[-LAST:])) for name, weeks in amounts.items()}
    shown = {f"{name}_of_oracle": last[name] / last["oracle"] for name in ("fixed", "learning", "exploring")}
    lead = {
        f"{name}_beside_fixed_worst": float((sums[name] / sums["fixed"] - 1).min())
        for name in ("learning", "exploring")
    }
    whole = {
        f"{name}_beside_fixed": float(sums[name][-1] / sums["fixed"][-1] - 1) for name in ("learning", "exploring")
    }
    return {name: round(figure, 4) for name, figure in {**shown, **lead, **whole}.items()}


def compare(customers: int, companies: int) -> Iterator[dict[str, Any]]:
    """All contenders on so many companies of each kind."""
    for scenario in SCENARIOS:
        for seed in range(companies):
            company = make(scenario, customers, 1000 * seed + customers)
            amounts = {name: run(company, name) for name in CONTENDERS}
            row = {"scenario": scenario, "customers": customers, "seed": seed, **figures(amounts)}
            print(row, flush=True)
            yield row


def main() -> None:
    """Run the benchmark, print its table, and write its figures."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--companies", type=int, default=10, help="of each kind and size (default: 10)")
    parser.add_argument("--customers", type=int, nargs="+", default=[40_000], help="customers of each company")
    chosen = parser.parse_args()
    rows = [row for customers in chosen.customers for row in compare(customers, chosen.companies)]
    table = pl.DataFrame(rows)
    names = [name for name in table.columns if name not in {"scenario", "customers", "seed"}]
    worst = [pl.col(name).min().alias(f"min {name}") for name in names]
    with pl.Config(tbl_cols=-1, tbl_rows=-1, tbl_width_chars=250):
        print(table.group_by("customers", "scenario", maintain_order=True).agg(pl.col(names).mean()))
        print(table.group_by("customers", "scenario", maintain_order=True).agg(worst))
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
