"""Whether churn should mean silence for a fixed time, or one that is long beside the customer's own pauses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.config.params import Label, Overdue, Params
from pipeline.examples.label_comparison import Count, Meaning, overdue_meanings
from pipeline.examples.pauses import ROUND_DAYS, GapStatistics, has_room

# So many fewer of the churned (0-1) have to come back before a second number per customer is worth explaining.
FEWER_CAME_BACK = 0.1
# Of those in the middle: with less, the rates are chance.
MIN_CHURNED = 50
USUAL_TIMES = 2.0


@dataclass(frozen=True)
class Proposal:
    """A meaning of churn, and why it is proposed."""

    meaning: Meaning
    why: str

    def lines(self, before: str) -> list[str]:
        """What ``params.yaml`` is to say; the kind only where another one stood there before."""
        return settings_lines(self.meaning, before)


def settings_lines(meaning: Meaning, before: str) -> list[str]:
    """A meaning of churn as lines of ``params.yaml``; the kind only where another one stood there before.

    >>> settings_lines(Meaning(60, Label(kind="cancellation", gap_days=0, horizon_days=30)), "inactivity")
    ['snapshots:', '  active_days: 60', 'label:', '  horizon_days: 30', '  kind: cancellation']
    """
    label = meaning.label
    wait, lines = label.overdue, ["snapshots:", f"  active_days: {meaning.active_days}", "label:"]
    lines.append(f"  horizon_days: {label.horizon_days}")
    if label.kind != before:
        lines.append(f"  kind: {label.kind}")
    if label.kind == "overdue" and wait is not None:
        limits = f"min_days: {wait.min_days}, max_days: {wait.max_days}, one_time_days: {wait.one_time_days}"
        lines.append(f"  overdue: {{times: {wait.times:g}, {limits}}}")
    return lines


def meanings(rhythm: GapStatistics, picked: tuple[int, int], gap_days: int) -> list[Meaning]:
    """Inactivity, and overdue with several multiples of the usual pause, all with the horizon that was picked.

    Whoever is to be called overdue must still be looked at by then, so for that label the activity window holds twice
    the usual pause of nineteen of twenty customers, or the longest one that the history has room for.
    """
    active, horizon = picked
    plain = Label(kind="inactivity", gap_days=gap_days, horizon_days=horizon)
    roomy = [days for days in ROUND_DAYS if days >= active and has_room(days, horizon, gap_days, rhythm.history_days)]
    wanted = 2 * (rhythm.of_customers(0.95) or 0)
    longer = min((days for days in roomy if days >= wanted), default=max([*roomy, active]))
    # Nobody is overdue before half of the customers usually come back, nor within the horizon after a first purchase.
    least = min((days for days in ROUND_DAYS if days >= (rhythm.of_customers(0.5) or 0)), default=longer)
    once = min((days for days in ROUND_DAYS if days >= horizon), default=longer)
    waits = Overdue(times=2.0, min_days=min(least, longer), max_days=longer, one_time_days=min(once, longer))
    return [Meaning(active, plain), *overdue_meanings(longer, plain, waits)]


def choose(meanings: Sequence[Meaning], counts: Sequence[Count], settings: Params) -> Proposal:
    """Overdue where clearly fewer come back of those it calls churned; else inactivity.

    Parameters
    ----------
    meanings
        Inactivity first.
    counts
        What each made of past snapshots.
    settings
        For the churn rate that is too low to learn from.
    """
    least, plain = settings.data_requirements.min_churn_rate, counts[0]
    words = f"{plain.false_alarms:.0%} of those without a purchase in the window came back later"
    pairs = list(zip(meanings, counts, strict=True))
    overdue, count = next(one for one in pairs if one[0].label.overdue and one[0].label.overdue.times == USUAL_TIMES)
    if count.churned < MIN_CHURNED or count.rate < least:
        return Proposal(meanings[0], f"{words}; too few are overdue by their own pauses to learn from")
    if plain.false_alarms - count.false_alarms < FEWER_CAME_BACK:
        return Proposal(meanings[0], f"{words}, and {count.false_alarms:.0%} of those who are overdue: no clear gain")
    why = f"{words}, so many were slow, not gone; of those who are overdue by their own pauses"
    return Proposal(overdue, f"{why}, {count.false_alarms:.0%} did")


def table(meanings: Sequence[Meaning], counts: Sequence[Count], chosen: Meaning, observed: int) -> Iterator[str]:
    """One line for each meaning: churn rate, and how many of the churned came back."""
    yield f"label                active_days  churn rate  of these, came back in {observed} days more"
    for one, count in zip(meanings, counts, strict=True):
        wait = one.label.overdue
        name = one.label.kind if wait is None else f"overdue, times {wait.times:g}"
        mark = "  <- proposed" if one == chosen else ""
        yield f"{name:19}  {one.active_days:11}  {count.rate:10.1%}  {count.false_alarms:34.0%}{mark}"
