"""Whether churn should mean a contract that ends: what `churn suggest` proposes to a company of contracts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import add
from pathlib import Path

from pipeline import sql
from pipeline.commands import label_proposal
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.examples import contract_rates
from pipeline.examples.contract_rates import ContractCounts
from pipeline.examples.label_comparison import Meaning
from pipeline.examples.pauses import ROUND_DAYS, has_room
from pipeline.tables import buckets, storage

HORIZONS = (30, 60, 90, 180, 365)
# The larger part of those who buy has contracts; else it is a shop, in which some have one.
MIN_SHARE = 0.5
# So many of a hundred contracts have to end within the horizon: with fewer there is little to learn from.
GOOD_RATE = 0.05
# Whoever has a running contract is a customer, however long ago the last invoice was.
COVERED = 0.99


@dataclass(frozen=True)
class Job:
    """The purchases and the contracts of one bucket."""

    transactions: Path
    contracts: Path | None
    until: date
    label: params.Label
    threads: int
    memory_gb: float


@dataclass(frozen=True)
class Proposal:
    """The definition of churn by contracts, and the counts it rests on."""

    counts: ContractCounts
    meaning: Meaning

    def words(self) -> Iterator[str]:
        """The rates, and why this is proposed."""
        counts = self.counts
        yield "horizon_days  customers with a running contract  lost it within the horizon"
        for days in HORIZONS:
            if counts.ran[days]:
                mark = "  <- proposed" if days == self.meaning.label.horizon_days else ""
                yield f"{days:12}  {counts.ran[days]:32,}  {counts.rate(days):26.1%}{mark}"
        yield (
            f"proposed: label.kind cancellation. {counts.with_contract:,} of {counts.buyers:,} customers who bought "
            f"within a year have had a contract, and its end says who left; {COVERED:.0%} of those whose contract runs "
            f"bought within {counts.days_covering(COVERED)} days"
        )

    def lines(self, before: str) -> list[str]:
        """What ``params.yaml`` is to say; the kind only where another one stood there before."""
        return label_proposal.settings_lines(self.meaning, before)


def find(settings: params.Params, place: Paths, until: date, history_days: int) -> Proposal | None:
    """Count the contracts, and propose to go by them.

    Parameters
    ----------
    settings
        The settings.
    place
        Where the tables lie.
    until
        The day after the last one that is observed.
    history_days
        How long the history is.

    Returns
    -------
    Proposal or None
        None where most of those who buy have no contract.
    """
    if "subscriptions" not in settings.sources.declared():
        return None
    jobs = []
    for file in storage.bucket_files(place.tables / "transactions"):
        contracts = place.tables / "subscriptions" / file.name
        own = contracts if contracts.is_file() else None
        jobs.append(Job(file, own, until, settings.label, settings.storage.threads, settings.storage.memory_gb))
    counted = list(buckets.map_buckets(_count, jobs, settings.storage, "suggest: contracts"))
    counts = reduce(add, counted, ContractCounts())
    if counts.with_contract < MIN_SHARE * counts.buyers or not counts.with_contract:
        return None
    return _choose(counts, settings.label.gap_days, history_days)


def _choose(counts: ContractCounts, gap_days: int, history_days: int) -> Proposal:
    """The shortest horizon in which enough contracts end; of those the history has room for, the longest, else."""
    covering = counts.days_covering(COVERED)
    active = min((days for days in ROUND_DAYS if days >= covering), default=ROUND_DAYS[-1])
    able = [days for days in HORIZONS if has_room(0, days, gap_days, history_days)] or [HORIZONS[0]]
    enough = [days for days in able if counts.rate(days) >= GOOD_RATE]
    horizon = min(enough, default=able[-1])
    return Proposal(counts, Meaning(active, params.Label(kind="cancellation", gap_days=gap_days, horizon_days=horizon)))


def _count(job: Job) -> ContractCounts:
    with sql.connect(job.threads, job.memory_gb) as engine:
        return contract_rates.count(engine, (job.transactions, job.contracts), job.until, HORIZONS, job.label)
