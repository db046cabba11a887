"""Who gives what to whom in ``benchmarks/playbooks.py``: the plan of the pipeline, and what it is held against.

Every contender has the same offers, at the same cost, and the same hands and money. They differ in what they know.
"""

from typing import Any, Final, TypeAlias

import lightgbm
import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.playbooks_offers import DISCOUNT, OFFERS, as_declared, measured, name_uplift_column
from benchmarks.playbooks_table import PLAN
from pipeline.decisions import assignment, cooldown, optimizer
from pipeline.decisions.capacity import limits_left
from pipeline.decisions.optimizer import Plan
from pipeline.playbooks.config.limits import Limits
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.rules.vocabulary import Vocabulary
from pipeline.simulate.causal.company_presets import COMPANIES

Array: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]
NOTHING: Final = optimizer.NOTHING
CURRENCY: Final = "EUR"
# What an act costs beside playbooks.yaml, where customers bring far more.
COST_FACTOR = {"retailer": 1.0, "subscription": 1.0, "b2b": 10.0}
TAUGHT: Final[dict[str, Any]] = {"n_estimators": 80, "learning_rate": 0.06, "num_leaves": 15, "min_child_samples": 40,
          "colsample_bytree": 0.4, "subsample": 0.7, "subsample_freq": 1, "random_state": 0, "n_jobs": 1,
          "verbose": -1}  # fmt: skip


class Known:
    """What each contender knows before the judged snapshots."""

    def __init__(self, company: str, names: Vocabulary, earlier: pl.DataFrame, features: list[str]) -> None:
        self.factor, self.names, self.earlier = COST_FACTOR[company], names, earlier
        self.features = [*features, "churn_probability"]
        whole = COMPANIES[company]
        self.answers = {
            offer: [cause for cause, factor in effects.items() if factor < 1]
            for offer, effects in whole.playbooks.items()
        }
        self.offers = list(whole.playbooks)
        self.playbooks = as_declared(measured(earlier, self.answers, shrunk=True), names, self.factor)
        self._taught: dict[str, Any] = {}

    def foreseen(self, scores: pl.DataFrame) -> Array:
        """The uplift of each offer, as a model says that was taught the true one of earlier snapshots."""
        matrices = [rows.select(pl.col(self.features).cast(pl.Float64)).to_numpy() for rows in (self.earlier, scores)]
        uplift = np.zeros((len(scores), len(self.offers)))
        for column, offer in enumerate(self.offers):
            if offer not in self._taught:
                model = lightgbm.LGBMRegressor(**TAUGHT)
                self._taught[offer] = model.fit(matrices[0], self.earlier[name_uplift_column(offer)].to_numpy())
            uplift[:, column] = self._taught[offer].booster_.predict(matrices[1])
        return uplift

    def as_it_is(self, scores: pl.DataFrame) -> dict[str, Playbook]:
        """The playbooks with the effects as they truly are at the judged snapshot."""
        return as_declared(measured(scores, self.answers, shrunk=False), self.names, self.factor)

    def placed(
        self, scores: pl.DataFrame, foreseen: Array, now: dict[str, Playbook], there_is: Limits
    ) -> tuple[dict[str, Places], Plan]:
        """What every contender gives to whom, by its name; and the plan of the pipeline."""
        offers, factor, worth = self.offers, self.factor, scores["value"].to_numpy()
        places, plan = planned(scores, self.playbooks, there_is, offers)
        risk = scores["churn_probability"].to_numpy()
        same = [same_for_the_riskiest(risk, offer, number, there_is, factor) for number, offer in enumerate(offers)]
        best = max(same, key=lambda own: kept(scores, own, offers, factor).sum())
        truth = scores.select(map(name_uplift_column, offers)).to_numpy()
        return {
            PLAN: places,
            "all-knowing": shared(truth, worth, there_is, offers, factor),
            "taught": shared(foreseen, worth, there_is, offers, factor),
            "told": planned(scores, now, there_is, offers)[0],
            "best same": best,
            "discount": same[offers.index(DISCOUNT)],
        }, plan


def planned(
    scores: pl.DataFrame, playbooks: dict[str, Playbook], there_is: Limits, offers: list[str]
) -> tuple[Places, Plan]:
    """The number of the offer each customer is given by the pipeline's own plan; and the plan."""
    day = scores["snapshot"][0]
    nothing_before = pl.DataFrame(schema=cooldown.EARLIER)
    restrictions = assignment.Restrictions(limits=there_is)
    decided, plan = assignment.plan(scores, playbooks, day, CURRENCY, nothing_before, restrictions)
    given = scores.select("customer_id").join(decided.select("customer_id", "action"), "customer_id", "left",
                                              maintain_order="left")  # fmt: skip
    number = {offer: index for index, offer in enumerate(offers)}
    return given["action"].replace_strict(number, default=NOTHING, return_dtype=pl.Int64).to_numpy(), plan


def shared(uplift: Array, value: Array, there_is: Limits, offers: list[str], factor: float) -> Places:
    """The same solver and limits, with an uplift for every customer and offer, whatever any cause says."""
    books = {offer: _plain(offer, factor) for offer in offers}
    cost = np.array([book.cost for book in books.values()])
    nobody = np.zeros(len(value), dtype=np.bool_)
    return optimizer.allocate(uplift * value[:, None] - cost, limits_left(books, there_is, CURRENCY), nobody).places


def _plain(offer: str, factor: float) -> Playbook:
    one = OFFERS[offer]
    return Playbook(tactic=one.tactic, when="everyone", action=offer, channel=one.channel, who=one.who, due_in_days=3,
                    cost=one.cost * factor)  # fmt: skip


def same_for_the_riskiest(probability: Array, offer: str, number: int, there_is: Limits, factor: float) -> Places:
    """One offer for the highest risk, from the first down, until hands or money are used up."""
    room, cost = float(len(probability)), OFFERS[offer].cost * factor
    if cost > 0 and there_is.budget is not None:
        room = min(room, there_is.budget / cost)
    room = min(room, there_is.who.get(OFFERS[offer].who, room))
    given = np.full(len(probability), NOTHING, dtype=np.int64)
    given[np.argsort(-probability, kind="stable")[: int(room)]] = number
    return given


def kept(scores: pl.DataFrame, places: Places, offers: list[str], factor: float) -> Array:
    """What each customer's action truly keeps, less its cost; zero without one."""
    cost = np.array([OFFERS[offer].cost * factor for offer in offers])
    uplift = scores.select(map(name_uplift_column, offers)).to_numpy()
    who = np.flatnonzero(places != NOTHING)
    amounts = np.zeros(len(places))
    amounts[who] = uplift[who, places[who]] * scores["value"].to_numpy()[who] - cost[places[who]]
    return amounts
