"""The features of the optional tables once more, naively: plain Python over the rows of one customer."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tests.ratio import ratio


@dataclass(frozen=True)
class Ticket:
    """A request for help; ids say which comes first on a day."""

    customer: str
    id: str
    opened: date
    answered: date | None = None
    resolved: date | None = None
    reopened: int | None = None
    topic: str | None = None
    complaint: bool | None = None
    dispute: bool | None = None


@dataclass(frozen=True)
class Survey:
    """A survey that was sent; no score, no answer."""

    customer: str
    day: date
    kind: str
    score: float | None


@dataclass(frozen=True)
class Move:
    """A movement of points."""

    customer: str
    day: date
    kind: str
    points: Decimal | None
    expires: date | None = None


@dataclass(frozen=True)
class Promise:
    """A promise."""

    customer: str
    made: date
    due: date | None
    kept: date | None


@dataclass(frozen=True)
class Period:
    """A contract period."""

    customer: str
    start: date
    end: date | None = None
    cancelled: date | None = None
    renewal: date | None = None
    plan: str | None = None
    price: int | None = None


@dataclass(frozen=True)
class Contact:
    """Something the company did."""

    customer: str
    day: date
    team: str | None
    purpose: str | None
    valuable: bool | None


@dataclass(frozen=True)
class Records:
    """The rows of all optional tables but events."""

    tickets: list[Ticket] = field(default_factory=list)
    surveys: list[Survey] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)

    def of(self, customer: str) -> "Records":
        """Those of one customer."""
        return Records(*([row for row in rows if row.customer == customer] for rows in vars(self).values()))

    def before(self, day: date) -> "Records":
        """Those whose own day is before a day; what came of them later is still in them."""
        return Records(*([row for row in rows if own_day(row) < day] for rows in vars(self).values()))


def own_day(row) -> date:
    """The day a row is about."""
    for name in ("opened", "made", "start", "day"):
        if hasattr(row, name):
            return getattr(row, name)
    raise AssertionError(row)


def features(records: Records, snapshot: date, base: dict[str, float | None]) -> dict[str, float | None]:
    """All features of the optional tables of one customer."""
    records = records.before(snapshot)
    found: dict[str, float | None] = {}
    for part in (_service, _satisfaction, _loyalty, _commitments, _contract, _contact):
        found |= part(records, snapshot, base)
    return found


def _ago(day: date, snapshot: date) -> int:
    return (snapshot - day).days


def _service(records: Records, snapshot: date, base: dict) -> dict[str, float | None]:
    tickets = records.tickets
    topics = {f"tickets_x_{days}d": days for days in (90, 180)}
    age = {ticket: _ago(ticket.opened, snapshot) for ticket in tickets}

    def within(days: int) -> list[Ticket]:
        return [ticket for ticket in tickets if age[ticket] <= days]

    def known(day: date | None) -> bool:
        return day is not None and day < snapshot

    found: dict[str, float | None] = {f"tickets_{days}d": len(within(days)) for days in (30, 90, 365)}
    found |= {name: sum(ticket.topic == "x" for ticket in within(days)) for name, days in topics.items()}
    for days in (90, 365):
        found[f"complaints_{days}d"] = sum(bool(t.complaint) and _is_general(t) for t in within(days))
    found["reopened_180d"] = sum(t.reopened or 0 for t in within(180) if known(t.resolved) and _is_general(t))
    found["days_since_last_ticket"] = min(age.values(), default=None)
    groups = {
        ("tickets_open", "oldest_open_ticket_days"): [t for t in tickets if not t.dispute and not known(t.resolved)],
        ("tickets_unanswered", "longest_unanswered_days"): [
            t for t in tickets if not t.dispute and not known(t.answered)
        ],
        ("disputes_open", "oldest_dispute_days"): [t for t in tickets if t.dispute and not known(t.resolved)],
    }
    for (count, oldest), rows in groups.items():
        found[count], found[oldest] = len(rows), max((age[ticket] for ticket in rows), default=None)
    waits = {t: (t.answered - t.opened).days for t in tickets if known(t.answered)}
    late = [wait for ticket, wait in waits.items() if age[ticket] <= 90]
    usual, lately = (ratio(sum(rows), len(rows)) for rows in (list(waits.values()), late))
    found["answer_wait_mean_days"], found["answer_wait_mean_90d_days"] = usual, lately
    found["answer_wait_90d_per_usual"] = None if lately is None else ratio(lately + 1, usual + 1)
    again = [t for t in tickets if _is_again(t, tickets)]
    found["repeated_tickets_180d"] = sum(age[ticket] <= 180 for ticket in again)
    found["repeated_tickets_unanswered"] = sum(not known(ticket.answered) for ticket in again)
    overdue = base["days_since_last_order_per_usual_gap"]
    # Three-valued: a request is enough to say no, whatever the rhythm.
    quiet = found["tickets_365d"] == 0
    found["is_silent"] = 0 if not quiet else None if overdue is None else int(overdue > 2)
    return found


def _is_general(ticket: Ticket) -> bool:
    return not ticket.dispute and ticket.topic != "x"


def _is_again(ticket: Ticket, tickets: list[Ticket]) -> bool:
    if ticket.topic is None:
        return False
    same = sorted((t.opened, t.id) for t in tickets if t.topic == ticket.topic)
    at = same.index((ticket.opened, ticket.id))
    return at > 0 and (ticket.opened - same[at - 1][0]).days <= 120


def _satisfaction(records: Records, snapshot: date, base: dict) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for kind in ("nps", "csat"):
        by_day: dict[date, float] = {}
        for row in records.surveys:
            if row.kind == kind and row.score is not None:
                by_day[row.day] = min(row.score, by_day.get(row.day, row.score))
        days = sorted(by_day)
        latest = by_day[days[-1]] if days else None
        found[f"{kind}_latest"] = latest
        earlier = [by_day[day] for day in days[:-1]]
        found[f"{kind}_change"] = latest - sum(earlier) / len(earlier) if earlier else None
        found[f"days_since_last_{kind}"] = _ago(days[-1], snapshot) if days else None
    sent = {(row.day, row.kind, row.score is None) for row in records.surveys if _ago(row.day, snapshot) <= 365}
    silent = sum(is_silent for _, _, is_silent in sent)
    found["surveys_unanswered_365d"] = silent
    found["surveys_unanswered_share_365d"] = ratio(silent, len(sent))
    content = any(
        found[f"{kind}_latest"] is not None
        and found[f"{kind}_latest"] >= least
        and found[f"days_since_last_{kind}"] <= 120
        for kind, least in (("nps", 9), ("csat", 4))
    )
    overdue = base["days_since_last_order_per_usual_gap"]
    found["is_satisfied_but_unseen"] = int(content and base["events_30d"] <= 1)
    disliked = found["csat_latest"] is not None and found["csat_latest"] <= 2
    found["is_newcomer_dissatisfied"] = int(
        base["days_since_first_order"] <= 120 and base["orders_ever"] <= 2 and disliked
    )
    found["is_satisfied_but_silent"] = int(content and overdue is not None and overdue > 1.5)
    return found


def _loyalty(records: Records, snapshot: date, base: dict) -> dict[str, float | None]:
    def total(kind: str, days: int = 10**6) -> Decimal:
        rows = [r for r in records.moves if r.kind == kind and _ago(r.day, snapshot) <= days]
        return sum((abs(row.points) for row in rows if row.points is not None), Decimal(0))

    def last(kind: str) -> int | None:
        return min((_ago(row.day, snapshot) for row in records.moves if row.kind == kind), default=None)

    balance = max(total("earn") - total("spend") - total("expire"), Decimal(0))
    left = [
        ((row.expires - snapshot).days, abs(row.points or 0))
        for row in records.moves
        if row.kind == "earn" and row.expires is not None and row.expires >= snapshot
    ]
    soon = sum((points for days, points in left if days <= 59), Decimal(0))
    next_lapse = min((days for days, _ in left), default=None) if balance > 0 else None
    rewards = len({row.day for row in records.moves if row.kind == "reward"})
    tenure = base["days_since_first_order"]
    return {
        "points_balance": float(balance),
        "days_since_last_points_spent": last("spend"),
        "points_earned_90d": float(total("earn", 90)),
        "points_lapsed_share_120d": ratio(float(total("expire", 120)), float(total("earn"))),
        "is_points_unused_expiring": int(total("spend") == 0 and next_lapse is not None and next_lapse <= 60),
        "points_expiring_60d": float(min(soon, balance)),
        "days_to_points_expiry": next_lapse,
        "rewards_ever": rewards,
        "is_tenured_without_reward": int(tenure >= 365 and rewards == 0),
        "days_since_last_reward": last("reward"),
    }


def _commitments(records: Records, snapshot: date, base: dict) -> dict[str, float | None]:
    def overdue(row: Promise) -> bool:
        return row.due is not None and row.due < snapshot and not (row.kept is not None and row.kept < snapshot)

    def late(row: Promise) -> bool:
        return None not in (row.due, row.kept) and row.due < row.kept < snapshot

    year = [row for row in records.promises if _ago(row.made, snapshot) <= 365]
    return {
        "promises_overdue": sum(map(overdue, records.promises)),
        "oldest_overdue_promise_days": max(
            (_ago(row.made, snapshot) for row in records.promises if overdue(row)), default=None
        ),
        "promises_broken_365d": sum(overdue(row) or late(row) for row in year),
        "promises_365d": len(year),
    }


def _contract(records: Records, snapshot: date, base: dict) -> dict[str, float | None]:
    rows = sorted(records.periods, key=lambda r: (r.start, r.plan is None, r.plan or "", r.price is None, r.price or 0))
    changes, prices = [], []
    for at, row in enumerate(rows):
        before = rows[at - 1] if at else None
        if row.plan != (before.plan if before else None):
            changes.append(_ago(row.start, snapshot))
        if before and row.price is not None and before.price is not None and _ago(row.start, snapshot) <= 365:
            prices.append(row.price - before.price)
    ahead = [
        (row.renewal - snapshot).days
        for row in rows
        if row.renewal is not None and row.renewal >= snapshot and not (row.cancelled and row.cancelled < snapshot)
    ]
    kept = [row for row in rows if not (row.cancelled and row.cancelled < snapshot)]
    is_running = any(row.end is None or (row.end - snapshot).days >= -1 for row in kept)
    over = max((row.end for row in kept if row.end), default=None)
    return {
        "days_to_renewal": min(ahead, default=None),
        "renewal_overdue_days": 0
        if is_running or over is None or (snapshot - over).days > 91
        else (snapshot - over).days,
        "renewals_ever": len(rows),
        "contract_price_change_365d": sum(prices) / 100,
        "downgrades_365d": sum(change < 0 for change in prices),
        "days_since_plan_change": min(changes, default=None) if is_running else None,
        "is_plan_stale": int(min(changes) >= 426) if changes and is_running else None,
    }


def _contact(records: Records, snapshot: date, base: dict) -> dict[str, float | None]:
    ago = [(_ago(row.day, snapshot), row) for row in records.contacts]
    found: dict[str, float | None] = {f"contacts_{days}d": sum(age <= days for age, _ in ago) for days in (7, 30, 90)}
    lately = [row for age, row in ago if age <= 90]
    days = {row.day for row in lately}
    found["contacts_on_one_day_90d"] = max((sum(row.day == day for row in lately) for day in days), default=None)
    teams = (len({row.team for row in lately if row.day == day} - {None}) for day in days)
    found["teams_on_one_day_90d"] = max(teams, default=None)
    found["offer_share_90d"] = ratio(sum(row.purpose == "offer" for row in lately), len(lately))
    found["valuable_share_90d"] = ratio(sum(bool(row.valuable) for row in lately), len(lately))
    found["days_since_last_contact"] = min((age for age, _ in ago), default=None)
    return found
