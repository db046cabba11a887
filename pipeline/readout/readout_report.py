"""What the playbooks bring about, as text for people and as JSON for programs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pipeline.readout import verdicts
from pipeline.readout.comparison import Reading
from pipeline.readout.estimates import MIN_CONTROLS
from pipeline.retention.sections import percent, table

EVERYTHING: Final = "all playbooks"
YEARS: Final = 2  # from here on it is given in years
LONGEST_YEARS: Final = 100
COVARIATE_WORDS: Final = {"log_odds": "risk", "value": "value"}


@dataclass(frozen=True)
class Readout:
    """What `churn readout` says.

    Attributes
    ----------
    company, currency
        Whose playbooks they are; ISO code of all money.
    share, version
        The share (0-1) of customers who are left alone, and the number of the drawing.
    lists
        Days of the lists that count.
    waiting
        How many more have an outcome window that is not over.
    until
        The first day of which no outcome is known.
    left_out
        Lists that do not count, and why.
    overall
        All playbooks together.
    readings
        Each playbook.
    """

    company: str
    currency: str
    share: float
    version: int
    lists: tuple[date, ...]
    waiting: int
    until: date
    left_out: tuple[str, ...]
    overall: Reading
    readings: tuple[Reading, ...]

    def as_json(self) -> dict[str, Any]:
        """The same for programs; shares are fractions, days are ISO 8601."""
        return {
            "company": self.company,
            "currency": self.currency,
            "control": {"share": self.share, "version": self.version},
            "lists": [str(day) for day in self.lists],
            "waiting": self.waiting,
            "until": str(self.until),
            "left_out": list(self.left_out),
            "overall": self.overall.as_json(),
            "playbooks": [one.as_json() for one in self.readings],
        }

    def lines(self) -> Iterator[str]:
        """Everything as Markdown that reads as text on a terminal."""
        yield f"# {self.company}: what the playbooks bring about"
        yield from self._about()
        compared = [one for one in (self.overall, *self.readings) if one.balance is not None and not one.refusal]
        yield from ("", "## Customers who stayed, by intention to treat: whoever was given it counts, done or not")
        yield from table(
            (
                "playbook",
                "given",
                "left alone",
                "stayed: given",
                "left alone",
                "effect",
                "95 % interval",
                "p (Holm)",
                "verdict",
            ),
            [_stayed(one) for one in compared],
        )
        yield "Shares are of customers alike before, by risk and value; counted by hand they differ a little."
        yield from (
            "",
            f"## Margin of the outcome window per customer, in {self.currency}, before the cost of the playbook",
        )
        heads = ("playbook", "given", "left alone", "effect", "95 % interval", "cost", "pays")
        yield from table(heads, [_margin(one) for one in compared if one.margin is not None or one is self.overall])
        yield from self._done(compared)
        yield from self._following()
        yield from self._lacking(compared)
        yield from self._balance(compared)
        refused = [one for one in (self.overall, *self.readings) if one.refusal]
        if refused:
            yield from ("", "## Not compared")
            yield from (f"- {one.playbook}: {one.refusal}" for one in refused)

    def _about(self) -> Iterator[str]:
        waiting = f"; waiting for theirs: {self.waiting}" if self.waiting else ""
        yield (
            f"Lists whose outcome windows were over by {self.until}: {len(self.lists)}, from {min(self.lists)} to "
            f"{max(self.lists)}{waiting}."
        )
        yield (
            f"Of the customers whom a playbook was for, {percent(self.share)} were left alone by lot (drawing "
            f"{self.version}). Each counts once, from the list that first gave him or her something, or would have."
        )
        yield from (f"WARNING {line}" for line in self.left_out)

    def _done(self, compared: list[Reading]) -> Iterator[str]:
        rows = [
            (
                one.playbook, f"{one.done:,}", percent(one.done / one.stayed.customers), _points(one.where_done[0]),
                f"{_points(one.where_done[1])} to {_points(one.where_done[2])}",
            )
            for one in compared
            if one.done and one.where_done is not None and one.stayed is not None
        ]  # fmt: skip
        if rows:
            yield from ("", "## Where it was done: the effect above, divided by the share for whom a team said it was")
            yield from table(("playbook", "done", "share", "effect", "95 % interval"), rows)
            yield "Those done are not held against those left alone: who can be reached would have stayed more often."

    def _following(self) -> Iterator[str]:
        """What to take out of `playbooks.yaml`, and by which figures."""
        lines = [line for one in self.readings for line in _to_stop(one, self.currency)]
        if lines:
            yield from ("", "## To be taken out of playbooks.yaml", *lines)

    def _lacking(self, compared: list[Reading]) -> Iterator[str]:
        for verdict, head in ((verdicts.NO_EVIDENCE, "No evidence"), (verdicts.UNKNOWN, "Not yet known")):
            lacking = [one for one in compared if one.verdict == verdict]
            if lacking:
                yield from ("", f"## {head}")
                yield from (f"- {one.playbook}: {_lacks(one)}" for one in lacking)

    def _balance(self, compared: list[Reading]) -> Iterator[str]:
        yield from ("", "## The arms before, in standard deviations apart; 0 is alike")
        rows = [
            (
                one.playbook, f"{one.balance.customers:,}", f"{one.balance.controls:,}",
                *(f"{one.balance.apart[name]:+.2f}" for name in COVARIATE_WORDS),
                ", ".join(COVARIATE_WORDS[name] for name in one.balance.unlike) or "no",
            )
            for one in compared
            if one.balance is not None
        ]  # fmt: skip
        yield from table(("playbook", "both", "left alone", *COVARIATE_WORDS.values(), "unlike"), rows)


def _stayed(one: Reading) -> tuple[str, ...]:
    arms = one.balance
    given, alone = (arms.customers - arms.controls, arms.controls) if arms is not None else (0, 0)
    # All of them together are nothing that could be retired.
    verdict = one.verdict.partition(":")[0] if one.playbook == EVERYTHING else one.verdict
    if one.stayed is None:
        return (one.playbook, f"{given:,}", f"{alone:,}", "-", "-", "-", "-", "-", verdict)
    of = one.stayed
    return (
        one.playbook, f"{given:,}", f"{alone:,}", percent(of.given), percent(of.left_alone), _points(of.effect),
        f"{_points(of.low)} to {_points(of.high)}", f"{one.p_value:.3f}", verdict,
    )  # fmt: skip


def _margin(one: Reading) -> tuple[str, ...]:
    cost = "-" if one.cost is None else f"{one.cost:,.2f}"
    pays = {True: "yes", False: "no", None: "not yet known"}[one.pays]
    if one.margin is None:
        return (one.playbook, "-", "-", "-", "-", cost, pays)
    of = one.margin
    return (
        one.playbook, f"{of.given:,.2f}", f"{of.left_alone:,.2f}", f"{of.effect:+,.2f}",
        f"{of.low:+,.2f} to {of.high:+,.2f}", cost, pays,
    )  # fmt: skip


def _to_stop(one: Reading, currency: str) -> Iterator[str]:
    if one.verdict == verdicts.HARMFUL and one.stayed is not None:
        of = one.stayed
        yield (
            f"- {one.playbook} is harmful: {percent(of.given)} of those given it stayed, and {percent(of.left_alone)} "
            f"of those left alone"
        )
    if one.verdict == verdicts.WORTHLESS and one.margin is not None and one.cost is not None:
        yield (
            f"- {one.playbook} is worthless: it keeps {one.margin.high:,.2f} {currency} of margin per customer at best "
            f"and costs {one.cost:,.2f}"
        )


def _lacks(one: Reading) -> str:
    arms, lacking = one.balance, one.needed
    have, alone = (arms.customers, arms.controls) if arms is not None else (0, 0)
    few = _too_few(have - alone, alone) if one.stayed is None else ""
    if lacking is None:
        return "; ".join(filter(None, [few, "no effect is declared, so nobody knows how many customers it takes"]))
    size = f"an effect of {_points(lacking.effect)}, as declared, takes {lacking.customers:,} customers"
    takes = f"{size}; there are {have:,}"
    if lacking.more_weeks == 0:
        return few or f"{takes}: if it has one, it is smaller than declared, or chance hides it"
    return "; ".join(filter(None, [few, f"{takes}: {_time(lacking.more_weeks)}"]))


def _too_few(given: int, alone: int) -> str:
    """Why nothing is estimated, in words.

    >>> _too_few(500, 12)
    '12 left alone so far, and 30 are needed to say anything'
    >>> _too_few(20, 100), _too_few(500, 40)
    ('20 given it so far, and 30 are needed to say anything', 'all of them stayed, or none')
    """
    if min(given, alone) >= MIN_CONTROLS:
        return "all of them stayed, or none"
    least = f"{alone:,} left alone" if alone < MIN_CONTROLS else f"{given:,} given it"
    return f"{least} so far, and {MIN_CONTROLS} are needed to say anything"


def _time(weeks: int | None) -> str:
    """How long it takes, in words; what takes years is no plan.

    >>> _time(None), _time(8)
    ('nobody knows when, as nobody came after the first list', 'about 8 more weeks at the pace of those who come new')
    >>> _time(530)
    'about 10 years at the pace of those who come new; leave more customers alone (control.share), or give it to more'
    >>> _time(9_999_999).partition(" at")[0]
    'more than 100 years'
    """
    if weeks is None:
        return "nobody knows when, as nobody came after the first list"
    pace = "at the pace of those who come new"
    if weeks <= YEARS * 52:
        return f"about {weeks:,} more weeks {pace}"
    years = f"about {weeks / 52:,.0f}" if weeks <= LONGEST_YEARS * 52 else f"more than {LONGEST_YEARS}"
    return f"{years} years {pace}; leave more customers alone (control.share), or give it to more"


def _points(share: float) -> str:
    """A difference of shares in percentage points.

    >>> _points(0.034), _points(-0.1)
    ('+3.4 points', '-10.0 points')
    """
    return f"{share * 100:+.1f} points"
