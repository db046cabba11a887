"""Plans and blocks of whole companies that several tests look at, each made once."""

from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from pipeline.config.params import Label
from pipeline.simulate import FIRST_DAY
from pipeline.simulate.causal import COMPANIES, Whole, WholePlan, company_history, whole_block
from pipeline.simulate.causal.company_history import History
from pipeline.simulate.trajectories import BLOCK


def plan(company: Whole | str, **changes: Any) -> WholePlan:
    """Three years of a whole company, the truth every 120 days."""
    company = COMPANIES[company] if isinstance(company, str) else company
    content: dict[str, Any] = {"customers": BLOCK, "days": 1096, "seed": 1, "every_days": 120}
    content |= {"gap_days": 0, "horizon_days": 90} | changes
    label = Label(kind=company.outcome, gap_days=content.pop("gap_days"), horizon_days=content.pop("horizon_days"))
    return WholePlan(company=company, label=label, **content)


@lru_cache(maxsize=8)
def tables(name: str, number: int = 0) -> dict[str, pl.DataFrame]:
    return whole_block(plan(name, customers=BLOCK * (number + 1)), number)


@lru_cache(maxsize=24)
def past(name: str, number: int = 0) -> History:
    return company_history.lived(plan(name, customers=BLOCK * (number + 1)), number)


def day(column: str) -> pl.Expr:
    """Days since the calendar began."""
    return (pl.col(column) - FIRST_DAY).dt.total_days()


def surprise(happened: np.ndarray, probability: np.ndarray) -> float:
    """How far the count is from what was expected, in standard deviations."""
    return float((happened.sum() - probability.sum()) / np.sqrt((probability * (1 - probability)).sum()))
