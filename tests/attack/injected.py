"""A week in which something plausible is wrong, beside the same week as it should have been."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.config import params
from tests.attack.companies import CONSENTS, FIRST, Company, Tables, Week, build, mondays
from tests.attack.faults import FAMILIES
from tests.flow import run_stages

CUSTOMERS: Final = 800
# As many leave in some stretch of a longer calendar as training needs.
CLEAN_CUSTOMERS: Final = 1_000
DAYS: Final = 1300
WEEKS_BEFORE: Final = 3
MOVED: Final = 0.02
"""Share of the actions of a week from which on it is another list."""


@dataclass(frozen=True)
class Outcome:
    """What came of a fault.

    Attributes
    ----------
    company, family, strength
        What was done to whom; strength is the share of rows, customers or time concerned (0-1).
    week
        What the weekly job made of it.
    new_words
        Of what it warns, but for what it warns of anyway.
    moved
        Share of the actions of the clean week that went to somebody else, or by another playbook or channel.
    broken
        Actions by a channel that the customer had refused.
    """

    company: str
    family: str
    strength: float
    week: Week
    new_words: tuple[str, ...]
    moved: float
    broken: int

    @property
    def is_silent(self) -> bool:
        """Whether another list was published and nothing was said of it."""
        return self.week.code == 0 and not self.new_words and (self.moved > MOVED or self.broken > 0)

    @property
    def kind(self) -> str:
        """How it ended, in a word."""
        if self.week.code:
            return "stopped"
        return "warned" if self.new_words else "silent" if self.is_silent else "nothing moved"


@dataclass(frozen=True)
class Attacked:
    """A company with some weeks behind it, and the week that will go wrong."""

    company: Company
    day: date
    clean: Week

    def known(self) -> Tables:
        return self.company.known(self.day)

    def inject(self, family: str, strength: float, seed: int) -> Outcome:
        """Deliver wrong tables, run the weekly job, and put things back."""
        self.company.deliver(FAMILIES[family](self.known(), self.day, strength, random.Random(seed)))
        week = self.company.weekly(self.day, keep=False)
        moved = len(week.given ^ self.clean.given) / 2 / max(len(self.clean.given), 1) if week.code == 0 else 0.0
        new_words = tuple(words for words in week.says if words not in self.clean.says) if week.code == 0 else ()
        refused = self._refused()
        broken = sum(who in refused.get(channel or "", ()) for who, _, channel in week.given)
        return Outcome(self.company.name, family, round(strength, 2), week, new_words, round(moved, 4), broken)

    def _refused(self) -> dict[str, set[str]]:
        register = self.known()["customers"].with_columns(pl.col("customer_id").cast(pl.String))
        return {
            channel: set(register.filter(~pl.col(column).fill_null(value=False))["customer_id"])
            for channel, column in CONSENTS.items()
        }


def attacked(name: str, folder: Path) -> Attacked:
    """Build a company in the current folder and publish its first weeks."""
    company = build(name, folder, CUSTOMERS, DAYS)
    run_stages(params.load())
    *before, day = mondays(WEEKS_BEFORE + 1)
    for earlier in before:
        company.deliver(company.known(earlier))
        assert company.weekly(earlier, keep=True).code == 0, earlier
    company.deliver(company.known(day))
    clean = company.weekly(day, keep=False)
    assert clean.code == 0, clean.says
    return Attacked(company, day, clean)


def clean_weeks(name: str, folder: Path, weeks: int) -> Iterator[tuple[date, Week]]:
    """Week after week as nature has it: seasons, growth, campaigns, holidays; what the weekly job says of each."""
    company = build(name, folder, CLEAN_CUSTOMERS, (mondays(weeks)[-1] - FIRST).days + DAYS - 200)
    run_stages(params.load())
    for day in mondays(weeks):
        company.deliver(company.known(day))
        yield day, company.weekly(day, keep=True)
