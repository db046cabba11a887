"""``churn suggest``: an activity window and a horizon that fit the customers' own pauses between purchases."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipeline import sql
from pipeline.commands import company_tables, contract_proposal, label_proposal
from pipeline.config import overlay, params
from pipeline.config.errors import NotEnoughData
from pipeline.config.paths import PARAMS, REPRO, Paths
from pipeline.examples import label_comparison, pauses, yearly_rhythm
from pipeline.tables import buckets, storage

MAX_LINES = 12  # of the table: the pick's neighbours say enough


@dataclass(frozen=True)
class Job:
    """One bucket of transactions, and what is asked of it."""

    file: Path
    until: date
    gap_days: int
    lengths: tuple[int, ...]
    threads: int
    memory_gb: float


@dataclass(frozen=True)
class Counted:
    """What one bucket says; all of it adds up."""

    pauses: pl.DataFrame
    usual: pl.DataFrame
    customers: int
    one_time: int
    first: date | None


def run(settings: params.Params, paths: Paths = REPRO, *, write: bool = False) -> Iterator[str]:
    """Measure the pauses, try definitions of churn on past snapshots, and propose one.

    Parameters
    ----------
    settings
        The settings.
    paths
        Where the tables are, if they have been ingested.
    write
        Whether what is proposed is written into ``params.yaml``.

    Yields
    ------
    str
        The rhythm in words, a small table, warnings, and the lines for ``params.yaml``.

    Raises
    ------
    NotEnoughData
        The history is too short for any definition, or nobody ever bought twice.
    """
    with ExitStack() as stack:
        place = company_tables.find(settings, paths, ("transactions", "subscriptions"), stack)
        until = min(settings.snapshots.observed_until, date.fromisoformat(_last_day(place)) + timedelta(days=1))
        jobs = [
            Job(file, until, settings.label.gap_days, (), settings.storage.threads, settings.storage.memory_gb)
            for file in storage.bucket_files(place.tables / "transactions")
        ]
        rhythm = _rhythm(list(buckets.map_buckets(_count, jobs, settings.storage, "suggest: pauses")), until)
        by_contract = contract_proposal.find(settings, place, until, rhythm.history_days)
        if by_contract is not None:
            yield from _words(rhythm, until)
            yield from by_contract.words()
            lines = by_contract.lines(settings.label.kind)
            yield from _written(lines) if write else lines
            return
        picked = pauses.pick(rhythm, settings.label.gap_days)
        if picked is None:
            raise NotEnoughData(
                f"{rhythm.history_days} days of history with {rhythm.customers:,} customers, {rhythm.one_time:,} of "
                "whom bought on one day only, are too little to propose anything; bring more history"
            )
        asked = [Job(**{**job.__dict__, "lengths": tuple(pauses.lengths(rhythm))}) for job in jobs]
        counted = list(buckets.map_buckets(_try_all, asked, settings.storage, "suggest: definitions"))
        gap = settings.label.gap_days
        kinds = [] if settings.label.kind == "cancellation" else label_proposal.meanings(rhythm, picked, gap)
        observed = label_comparison.observed_days(kinds, rhythm.history_days) if kinds else 0
        trials = [Comparison(job, kinds, observed) for job in jobs if kinds]
        compared = list(buckets.map_buckets(_compare, trials, settings.storage, "suggest: labels"))
    candidates = _candidates(counted, rhythm, asked[0])
    yield from _words(rhythm, until)
    yield from _table(candidates, picked)
    yield from _proposal(candidates, picked, rhythm, settings)
    lines = ["snapshots:", f"  active_days: {picked[0]}", "label:", f"  horizon_days: {picked[1]}"]
    if compared:
        counts = [sum(parts[1:], parts[0]) for parts in zip(*compared, strict=True)]
        proposal = label_proposal.choose(kinds, counts, settings)
        yield from label_proposal.table(kinds, counts, proposal.meaning, observed)
        yield f"proposed: {proposal.meaning.label.kind}. {proposal.why}"
        lines = proposal.lines(settings.label.kind)
    yield from _written(lines) if write else lines


def _last_day(paths: Paths) -> str:
    return str(storage.read_json(paths.ingest_report)["last_day"])


def _count(job: Job) -> Counted:
    with sql.connect(job.threads, job.memory_gb) as engine:
        pauses.load(engine, sql.parquet([job.file]))
        ended, usual = pauses.count_pauses(engine, job.until), pauses.count_usual(engine, job.until)
        return Counted(ended, usual, *pauses.count_customers(engine, job.until))


def _rhythm(counted: list[Counted], until: date) -> pauses.GapStatistics:
    first = min((part.first for part in counted if part.first), default=until)
    ended = pl.concat([part.pauses for part in counted]).group_by("days").sum().sort("days")
    usual = pl.concat([part.usual for part in counted]).group_by("days").sum().sort("days")
    customers, one_time = (sum(getattr(part, name) for part in counted) for name in ("customers", "one_time"))
    return pauses.GapStatistics(ended, usual, customers, one_time, (until - first).days)


@dataclass(frozen=True)
class Comparison:
    """One bucket, and the meanings of churn that are tried on it."""

    job: Job
    meanings: Sequence[label_comparison.Meaning]
    observed_days: int


def _compare(asked: Comparison) -> list[label_comparison.Count]:
    """What each meaning makes of one bucket, over the last snapshots after whose windows more was observed."""
    job = asked.job
    with sql.connect(job.threads, job.memory_gb) as engine:
        pauses.load(engine, sql.parquet([job.file]))
        days = label_comparison.looks(asked.meanings[0].label, asked.observed_days, job.until)
        each = [label_comparison.count(engine, day, asked.meanings, asked.observed_days) for day in days]
    return [sum(parts[1:], parts[0]) for parts in zip(*each, strict=True)]


Tried = dict[tuple[int, date], dict[int, tuple[int, int]]]


def _try_all(job: Job) -> Tried:
    """Eligible and churned of one bucket, by horizon, snapshot and activity window."""
    with sql.connect(job.threads, job.memory_gb) as engine:
        pauses.load(engine, sql.parquet([job.file]))
        return {
            (horizon, day): pauses.count_churn(engine, day, job.gap_days, horizon, job.lengths)
            for horizon in job.lengths
            for day in pauses.looks(horizon, job.gap_days, job.until)
        }


def _candidates(counted: list[Tried], rhythm: pauses.GapStatistics, job: Job) -> list[pauses.Candidate]:
    first = job.until - timedelta(days=rhythm.history_days)
    candidates = []
    for horizon in job.lengths:
        for active in (days for days in job.lengths if days >= horizon):
            days = [day for day in pauses.looks(horizon, job.gap_days, job.until) if (day - first).days >= active]
            seen = [tried[horizon, day][active] for tried in counted for day in days]
            eligible, churned = (sum(part[position] for part in seen) for position in (0, 1))
            room = pauses.has_room(active, horizon, job.gap_days, rhythm.history_days)
            rate = churned / eligible if eligible else None
            candidates.append(pauses.Candidate(active, horizon, len(days), eligible // max(1, len(days)), rate, room))
    return candidates


def _words(rhythm: pauses.GapStatistics, until: date) -> Iterator[str]:
    yield (
        f"{rhythm.customers:,} customers over {rhythm.history_days} days until {until}; "
        f"{rhythm.one_time / max(1, rhythm.customers):.0%} bought on one day only"
    )
    shares = ", ".join(f"{share:.0%} within {rhythm.quantile(share)}" for share in pauses.QUANTILES)
    far = rhythm.quantile(0.9) or 0
    yield f"pauses between purchase days, of those that ended: {shares} days"
    yield f"with the pauses still open counted, {rhythm.returned(far):.0%} of all end within {far} days (Kaplan-Meier)"
    if yearly_rhythm.is_yearly(rhythm.pauses):
        yield (
            f"a yearly rhythm: {yearly_rhythm.yearly_share(rhythm.pauses):.0%} of the pauses of more than "
            f"{yearly_rhythm.LONG} days are whole years, give or take {yearly_rhythm.NEAR_DAYS} days; a pause of two "
            "years is a skipped year, no slower rhythm"
        )
    own = ", ".join(f"{share:.0%} at most {rhythm.of_customers(share)}" for share in (0.5, 0.75, 0.9))
    yield f"mean pause of a customer who bought twice: {own} days"


def _table(candidates: list[pauses.Candidate], picked: tuple[int, int]) -> Iterator[str]:
    """The definitions with room for a split that lie nearest to the pick; more would not be read."""
    able = [one for one in candidates if one.has_room and one.base_rate is not None]
    near = sorted(able, key=lambda one: _far(one.active_days, picked[0]) + _far(one.horizon_days, picked[1]))
    yield "active_days  horizon_days  customers looked at  churn rate"
    for one in sorted(near[:MAX_LINES], key=lambda one: (one.active_days, one.horizon_days)):
        mark = "  <- proposed" if (one.active_days, one.horizon_days) == picked else ""
        yield f"{one.active_days:11}  {one.horizon_days:12}  {one.eligible:19,}  {one.base_rate:10.1%}{mark}"


def _far(days: int, other: int) -> float:
    return max(days, other) / min(days, other)


def _proposal(
    candidates: list[pauses.Candidate], picked: tuple[int, int], rhythm: pauses.GapStatistics, settings: params.Params
) -> Iterator[str]:
    active, horizon = picked
    yield f"proposed: active_days {active}, horizon_days {horizon}. {_why(picked, rhythm)}"
    rate = next(one.base_rate for one in candidates if (one.active_days, one.horizon_days) == picked)
    limits = settings.data_requirements
    if rate is not None and rate < limits.min_churn_rate:
        yield (
            f"WARNING only {rate:.1%} churn within {horizon} days: too few to learn from unless there are very many "
            "customers; take a shorter horizon, or a longer activity window"
        )
    if rate is not None and rate > limits.max_churn_rate:
        yield (
            f"WARNING {rate:.1%} churn within {horizon} days: the list would hold nearly everybody; take a longer "
            "horizon, or bring more history"
        )
    if settings.label.kind == "cancellation":
        yield "WARNING label.kind is cancellation: contracts end on days of their own, which these rates do not count"


def _written(lines: list[str]) -> Iterator[str]:
    changed = overlay.apply_text("\n".join(lines) + "\n")
    yield f"{PARAMS}: written: {', '.join(changed)}" if changed else f"{PARAMS}: says so already"


def _why(picked: tuple[int, int], rhythm: pauses.GapStatistics) -> str:
    inside = [_ended(rhythm, days) for days in reversed(picked)]
    sentence = f"{inside[0]:.0%} of the pauses that ended did so within the horizon, {inside[1]:.0%} within active_days"
    if pauses.wanted_horizon(rhythm) <= picked[1]:
        return sentence
    longer = f"{sentence}; longer ones would suit, but {rhythm.history_days} days of history have no room for them"
    # One window behind the snapshot and one after it are enough for the packaged prior, which learns from neither.
    half = rhythm.history_days // 2
    return f"{longer}, unless model.prior is packaged: {half} days each will do" if half > picked[1] else longer


def _ended(rhythm: pauses.GapStatistics, days: int) -> float:
    gaps = rhythm.pauses
    return float(gaps.filter(pl.col("days") <= days)["ended"].sum()) / max(1, int(gaps["ended"].sum()))
