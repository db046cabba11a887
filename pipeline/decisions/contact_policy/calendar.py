"""The plans of all teams, reduced to what one customer may get: one calendar, the same caps, and a reason on every row.

The order in which rows are given room is stated in `ORDER`; nothing else decides, least of all the order of the file.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from pipeline.config.params import Contact
from pipeline.decisions.contact_policy.consent import allowed
from pipeline.decisions.contact_policy.contacts_sent import WEEK_DAYS
from pipeline.playbooks.config import channels

ORDER: Final = ("promise", "service", "apology", "useful", "thanks", "feedback", "offer")
"""What is promised goes first, then service; what sells goes last. Within one purpose: what has value before what is
not said to have any, the lower ``priority``, the earlier day, and then team, channel and message by the alphabet."""
PLANNED: Final[dict[str, pl.DataType]] = {
    "customer_id": pl.String(),
    "day": pl.Date(),
    "team": pl.String(),
    "channel": pl.String(),
    "purpose": pl.String(),
    "priority": pl.Int64(),
    "has_value": pl.Boolean(),
    "message": pl.String(),
}
"""The columns of a plan; the last three may be null."""
# After any number a team would write.
LAST: Final = 2**62


@dataclass
class _Calendar:
    """What one customer gets: days of all contacts and of offers, before and so far."""

    contact: Contact
    days: list[date] = field(default_factory=list)
    offers: list[date] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)

    def refusal(self, row: dict[str, Any]) -> str | None:
        """Why there is no room for a row; None where there is."""
        today = [other for other in self.kept if other["day"] == row["day"]]
        is_offer = row["purpose"] == "offer"
        for other in today:
            if row["message"] is not None and _same(row["message"]) == _same(other["message"] or ""):
                return f"{other['team']} says the same on that day"
            if is_offer and other["purpose"] == "offer" and other["team"] != row["team"]:
                return f"{other['team']} makes another offer on that day"
        if self.days.count(row["day"]) >= self.contact.max_per_day:
            return f"{self.contact.max_per_day} a day is the cap (contact.max_per_day){_first(today)}"
        if _fullest(self.days, row["day"], WEEK_DAYS) >= self.contact.max_per_week:
            return f"{self.contact.max_per_week} within 7 days is the cap (contact.max_per_week){_first(self.kept)}"
        window, most = self.contact.window_days, self.contact.max_offers_in_window
        if is_offer and _fullest(self.offers, row["day"], window) >= most:
            return f"{most} offers within {window} days is the cap (contact.max_offers_in_window)"
        return None

    def keep(self, row: dict[str, Any]) -> None:
        """Give a row its room."""
        self.kept.append(row)
        self.days.append(row["day"])
        if row["purpose"] == "offer":
            self.offers.append(row["day"])


def plan(planned: pl.DataFrame, known: pl.DataFrame, past: pl.DataFrame, contact: Contact) -> pl.DataFrame:
    """Decide on every planned message: ``kept``, and ``why``.

    Parameters
    ----------
    planned
        The messages of all teams, with the columns `PLANNED`.
    known
        One row per customer with ``customer_id`` and the facts of `facts.FACTS`; who is missing is not known.
    past
        What was sent before: ``customer_id``, ``day`` and ``is_offer``.
    contact
        ``params.yaml: contact``.

    Returns
    -------
    polars.DataFrame
        The rows of `planned` in their order, with ``kept`` (Boolean) and ``why``. Rows that are alike in every column
        can only be told apart by their place; the first is kept.
    """
    rows = planned.join(known, on="customer_id", how="left", maintain_order="left").with_columns(_not_allowed(contact))
    calendars: dict[str, _Calendar] = defaultdict(lambda: _Calendar(contact))
    for customer, day, is_offer in past.sort("customer_id", "day").select("customer_id", "day", "is_offer").iter_rows():
        calendars[customer].days.append(day)
        if is_offer:
            calendars[customer].offers.append(day)
    wanted = rows.select(*PLANNED, "refused").with_columns(channels.notices("channel").alias("reaches")).to_dicts()
    why = [row["refused"] for row in wanted]
    asked = [position for position, row in enumerate(wanted) if why[position] is None and row["reaches"]]
    for position in sorted(asked, key=lambda position: _place(wanted[position], position)):
        calendar = calendars[wanted[position]["customer_id"]]
        why[position] = calendar.refusal(wanted[position])
        if why[position] is None:
            calendar.keep(wanted[position])
    kept = [reason is None for reason in why]
    reasons = [reason or _why_kept(row) for reason, row in zip(why, wanted, strict=True)]
    return planned.with_columns(pl.Series("kept", kept, dtype=pl.Boolean), pl.Series("why", reasons, dtype=pl.String))


def _place(row: dict[str, Any], position: int) -> tuple[Any, ...]:
    value = {True: 0, None: 1, False: 2}[row["has_value"]]
    priority = LAST if row["priority"] is None else row["priority"]
    texts = (row["team"], row["channel"], row["message"] or "")
    return ORDER.index(row["purpose"]), value, priority, row["day"], *texts, row["customer_id"], position


def _same(message: str) -> str:
    return " ".join(message.lower().split())


def _first(others: list[dict[str, Any]]) -> str:
    return f", and {others[0]['purpose']} of {others[0]['team']} goes first" if others else ""


def _fullest(days: list[date], day: date, length: int) -> int:
    """Most of the days that lie in any stretch of that many days that holds the day.

    The fullest stretch can be moved until it begins on one of the days, or on the day itself.
    """
    near = [other for other in days if abs((other - day).days) < length]
    starts = [start for start in (*near, day) if start <= day]
    return max(sum(start <= other < start + timedelta(days=length) for other in near) for start in starts)


def _why_kept(row: dict[str, Any]) -> str:
    return "within the caps" if row["reaches"] else "the customer does not notice it"


def _not_allowed(contact: Contact) -> pl.Expr:
    """Why a message may not be sent whatever else is planned; null where it may."""
    sells = pl.col("purpose") == "offer"
    texts = []
    for name, channel in channels.CHANNELS.items():
        if channel.consent is not None:
            agreed = allowed(channel.consent, contact)
            held = (channels.keyed("channel") == channels.key(name)) & ~agreed
            is_unknown = pl.col(channel.consent).is_null()
            nobody_asked = pl.lit(f"it is not known whether the customer agrees to {name}")
            texts.append(pl.when(held & is_unknown).then(nobody_asked))
            texts.append(pl.when(held).then(pl.lit(f"the customer has not agreed to {name}")))
    quiet = timedelta(days=contact.quiet_days)
    tired = (pl.col("fatigued_day") + quiet > pl.col("day")).fill_null(value=False)
    silent = (pl.col("unanswered") >= contact.max_unanswered) & (pl.col("last_sent_day") + quiet > pl.col("day"))
    dispute = sells & (pl.col("disputes_open") > 0).fill_null(value=False)
    reached = channels.notices("channel")
    put_off = reached & (pl.col("snoozed_until") > pl.col("day")).fill_null(value=False)
    selling_to_tired = reached & sells & (tired | silent.fill_null(value=False))
    return pl.coalesce(
        *texts,
        pl.when(put_off).then(pl.lit("a team has put this customer off to a later day")),
        pl.when(dispute).then(pl.lit("nothing is sold while a dispute is open")),
        pl.when(selling_to_tired).then(pl.lit("the customer has had enough of messages that sell")),
    ).alias("refused")
