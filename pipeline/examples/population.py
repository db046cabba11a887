"""Everyone the tables know, and by which rule each is scored at a snapshot or is not."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.params import Label, Snapshots
from pipeline.examples import history
from pipeline.tables.coherence_checks import SETTLING_DAYS

# In the order in which they are asked; the first that holds is the customer's status.
STATUSES = {
    "never_bought": "no purchase in the transactions at all",
    "not_yet": "first purchase on or after the snapshot",
    "cancelled": "had a contract, none is running at the snapshot, and nothing was bought long after it",
    "no_contract": "never had a contract (only where the label is cancellation)",
    "too_new": "first purchase fewer than `min_tenure_days` before the snapshot",
    "inactive": "no purchase in the `active_days` before the snapshot",
    "eligible": "none of these: scored",
}
ELIGIBLE = list(STATUSES).index("eligible")
FORMER = {"cancelled": "lost", "inactive": "lapsed"}
"""What those are called who were customers, by their status."""
CURRENT = "current"
NEVER = np.iinfo(np.int32).max
STATES = (CURRENT, *dict.fromkeys(FORMER.values()))


@dataclass(frozen=True)
class Population:
    """The customers of a bucket at a snapshot.

    Attributes
    ----------
    purchases
        The days on which each customer bought.
    contracts
        ``running``, whether a contract known at the snapshot is running, null without one, and ``gone_on``, since when
        there is none: per customer.
    snapshot, settings, label
        The day, and who is scored on it.
    """

    purchases: history.Rows
    contracts: pl.DataFrame
    snapshot: date
    settings: Snapshots
    label: Label

    @cached_property
    def statuses(self) -> npt.NDArray[np.int64]:
        """The place of one of `STATUSES` per customer."""
        has_bought, first_days_ago, last_days_ago = self._purchases_ago
        running, is_by_contract = self.contracts["running"], self.label.kind == "cancellation"
        rules = {
            "never_bought": self.purchases.ends == self.purchases.starts,
            "not_yet": ~has_bought,
            # Who bought long after it is a customer by what is bought; a last invoice says no such thing.
            "cancelled": running.eq_missing(other=False).to_numpy() & (self._bought_after <= SETTLING_DAYS),
            "no_contract": running.is_null().to_numpy() & is_by_contract,
            "too_new": first_days_ago < self.settings.min_tenure_days,
            "inactive": last_days_ago > self.settings.active_days,
        }
        asked = [name for name in STATUSES if name in rules]
        assert [*asked, "eligible"] == list(STATUSES), "each status has a rule, but for the last"
        return np.select([rules[name] for name in asked], list(range(len(asked))), ELIGIBLE)

    def former(self) -> npt.NDArray[np.object_]:
        """Who was a customer and is not scored any more, as far as `former_days` goes back.

        Returns
        -------
        numpy.ndarray
            Per customer ``lapsed`` (bought nothing for long), ``lost`` (the contract has ended), or nothing. Who has
            bought since the contract was over, and lately, is not asked why he or she left: in a month it is known
            whether that was the last of it.
        """
        has_bought, _, last_days_ago = self._purchases_ago
        is_near = has_bought & (last_days_ago <= self.settings.former_days)
        is_open = (self._bought_after > 0) & (last_days_ago <= SETTLING_DAYS)
        names = np.full(len(STATUSES), "", dtype=object)
        for name, state in FORMER.items():
            names[list(STATUSES).index(name)] = state
        return np.where(is_near & ~is_open, names[self.statuses], "")

    @cached_property
    def _purchases_ago(self) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Whether each customer has bought before the snapshot, and how many days ago first and last."""
        known = history.before(self.purchases, self.snapshot).rows
        # Whose range is empty has no first and no last day; what stands there instead is not looked at.
        days = np.append(self.purchases.days, 0)
        first, last = days[known.starts], days[np.maximum(known.ends - 1, 0)]
        morning = history.physical(self.snapshot)
        return known.ends > known.starts, morning - first, morning - last

    @cached_property
    def _bought_after(self) -> npt.NDArray[np.int64]:
        """How many days after the last contract the last purchase was; below zero where contracts alone decide."""
        gone_on = self.contracts["gone_on"].to_physical().fill_null(NEVER).to_numpy().astype(np.int64)
        _, _, last_days_ago = self._purchases_ago
        after = history.physical(self.snapshot) - last_days_ago - gone_on
        return np.where(self.label.kind == "cancellation", -1, after)
