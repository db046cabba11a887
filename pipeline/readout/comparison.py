"""Each playbook against those of its customers who were left alone."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import polars as pl

from pipeline.readout import balance, estimates, sample_size, verdicts
from pipeline.readout.balance import Balance
from pipeline.readout.estimates import Estimate
from pipeline.readout.sample_size import Needed

ROWS: Final[dict[str, pl.DataType]] = {
    "customer_id": pl.String(), "as_of": pl.Date(), "playbook": pl.String(), "is_control": pl.Boolean(),
    "risk_band": pl.String(), "churn_probability": pl.Float64(), "log_odds": pl.Float64(), "value": pl.Float64(),
    "expected_effect": pl.Float64(), "answered_share": pl.Float64(), "cost": pl.Float64(), "stayed": pl.Float64(),
    "margin": pl.Float64(), "is_done": pl.Boolean(), "is_handed_back": pl.Boolean(),
}  # fmt: skip
"""One row per customer whose outcome is known.

``as_of`` is the list that first gave him or her anything, or would have; ``playbook`` what that was.
``churn_probability``, ``log_odds`` (of it) and ``value`` are as of that day. ``expected_effect`` is the share who would
stay because of it, as declared; ``cost`` in currency units; both null for a control. ``answered_share`` is the part
(0-1) of the risk that the playbook answers; null where the list does not say. ``stayed`` (0 or 1) and ``margin``
(currency units) are of the outcome window. ``is_done`` says that a team did it, ``is_handed_back`` that any team said
anything.
"""
DUTY: Final = "a duty is done for everybody, for those left alone as well"


@dataclass(frozen=True)
class Reading:
    """What is known of one playbook.

    Attributes
    ----------
    playbook
        Its name.
    balance
        How the arms compare before.
    stayed, margin
        Its effect by intention to treat: on the share (0-1) who stay, and on what they bring in the outcome window, in
        currency units before its cost; None where nothing can be said.
    p_value
        Of `stayed`, raised for all playbooks that are compared (Holm); 1 where nothing can be said.
    p_pays
        Of `margin` covering `cost`, raised in the same way; 1 where it seems to cover it, or nobody knows.
    verdict
        One of `verdicts`.
    refusal
        Why it is not compared; empty where it is.
    needed
        What it takes to see the declared effect; None where none is declared.
    done
        For how many of those given it, it was done; None where nobody handed anything back.
    where_done
        The effect on those for whom it was done, with its interval.
    cost
        Mean cost per customer, in currency units; None where it is not known.
    """

    playbook: str
    balance: Balance | None
    stayed: Estimate | None = None
    margin: Estimate | None = None
    p_value: float = 1.0
    p_pays: float = 1.0
    verdict: str = verdicts.UNKNOWN
    refusal: str = ""
    needed: Needed | None = None
    done: int | None = None
    where_done: tuple[float, float, float] | None = None
    cost: float | None = None

    @property
    def pays(self) -> bool | None:
        """Whether what it keeps covers its cost, as far as its interval settles that."""
        if self.margin is None or self.cost is None:
            return None
        return True if self.margin.low > self.cost else False if self.margin.high < self.cost else None

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        parts = {"playbook": self.playbook, "verdict": self.verdict, "refusal": self.refusal, "pays": self.pays}
        estimated = {name: one and one.as_json() for name, one in (("stayed", self.stayed), ("margin", self.margin))}
        p_values = {"p_value": round(self.p_value, 6), "p_pays": round(self.p_pays, 6)}
        rest = {**p_values, "done": self.done, "cost": self.cost}
        return {
            **parts,
            **estimated,
            **rest,
            "where_done": self.where_done and [round(value, 6) for value in self.where_done],
            "needed": self.needed and vars(self.needed),
            "balance": self.balance and vars(self.balance),
        }


def compare(rows: pl.DataFrame, share: float, days: tuple[date, date], duties: Collection[str] = ()) -> list[Reading]:
    """Read every playbook, the one with most customers first.

    Parameters
    ----------
    rows
        The columns of `ROWS`.
    share
        The share (0-1) of the customers who are left alone.
    days
        The first and the last list that count.
    duties
        Playbooks that are owed, and so given to everybody.

    Returns
    -------
    list of Reading
        Of the playbooks of `rows`, and of `duties`; verdicts are those of all that can be compared together.
    """
    sizes = rows.filter(~pl.col("playbook").is_in(list(duties))).group_by("playbook").len()
    names = sizes.sort("len", "playbook", descending=[True, False])["playbook"].to_list()
    read = [of_playbook(name, rows.filter(pl.col("playbook") == name), share, days) for name in names]
    judged = _together([one for one in read if one.stayed is not None])
    refused = [Reading(name, None, verdict=verdicts.REFUSED, refusal=DUTY) for name in sorted(duties)]
    return [*(judged.get(one.playbook, one) for one in read), *refused]


def _together(compared: list[Reading]) -> dict[str, Reading]:
    """The same with p-values raised for their number, and the verdicts that these allow, by playbook."""
    raised = verdicts.holm([one.p_value for one in compared])
    pays = verdicts.holm([one.p_pays for one in compared])
    again = [
        replace(one, p_value=p_value, p_pays=p_pays)
        for one, p_value, p_pays in zip(compared, raised, pays, strict=True)
    ]
    return {one.playbook: _with_verdict(one) for one in again}


def _with_verdict(one: Reading) -> Reading:
    effect = None if one.stayed is None else one.stayed.effect
    enough = one.needed is not None and one.needed.more_weeks == 0
    return replace(one, verdict=verdicts.verdict(effect, one.p_value, one.p_pays, enough=enough))


def of_playbook(name: str, rows: pl.DataFrame, share: float, days: tuple[date, date]) -> Reading:
    """Read one group of customers, by itself: its p-value is its own.

    Parameters
    ----------
    name
        What the group is called.
    rows
        Its customers, with the columns of `ROWS`.
    share
        The share (0-1) of the customers who are left alone.
    days
        The first and the last list that count.
    """
    arms = balance.check(rows, share)
    if arms.refusal:
        return Reading(name, arms, verdict=verdicts.REFUSED, refusal=arms.refusal)
    stayed, margin = estimates.estimate(rows, "stayed"), estimates.estimate(rows, "margin")
    given = rows.filter(~pl.col("is_control"))
    done = int(given["is_done"].sum()) if rows["is_handed_back"].any() else None
    mean = given["cost"].mean()
    cost = round(float(mean), 4) if isinstance(mean, int | float) else None
    return _with_verdict(
        Reading(
            name,
            arms,
            stayed,
            margin,
            p_value=1.0 if stayed is None else stayed.p_value,
            p_pays=1.0 if margin is None or cost is None or margin.effect >= cost else margin.p_value_of(cost),
            needed=_needed(rows, stayed, share, days),
            done=done,
            where_done=estimates.where_done(stayed, done) if stayed is not None and done else None,
            cost=cost,
        )
    )


def _needed(rows: pl.DataFrame, stayed: Estimate | None, share: float, days: tuple[date, date]) -> Needed | None:
    """What it takes to see the effect that the playbook declares."""
    effect = rows["expected_effect"].mean()
    if not isinstance(effect, int | float) or effect <= 0:
        return None
    churn = float(rows["churn_probability"].mean() or 0)  # type: ignore[arg-type]
    # Before anything is known of the outcome, its spread is that of customers of this risk.
    spread = stayed.spread if stayed is not None else (churn * (1 - churn)) ** 0.5
    return sample_size.needed(float(effect), spread, share, rows.height, _pace(rows, days))


def _pace(rows: pl.DataFrame, days: tuple[date, date]) -> float:
    """Customers a week who came after the first list: that one finds everybody who was there already, and only once."""
    weeks = (days[1] - days[0]).days / 7
    return rows.filter(pl.col("as_of") > days[0]).height / weeks if weeks > 0 else 0.0
