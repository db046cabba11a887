"""What the tables of one bucket hold of each customer before the day of a list; each table is opened once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.decisions.contact_policy import contacts_sent
from pipeline.decisions.context import DecisionContext
from pipeline.playbooks.config import channels
from pipeline.tables import storage
from pipeline.week.last_bought import spoken

CONSENTS: Final = (*channels.CONSENTS, "preferred_channel")
RECORDED: Final = {"customer_id": pl.String(), "day": pl.Date()}


@dataclass(frozen=True)
class BucketHistory:
    """What is left of the tables of a bucket, for the customers who were asked for.

    Attributes
    ----------
    counts
        How many contacts reached each customer lately; see `contacts_sent.counts`.
    unanswered
        How many of them since the last sign of life, and the day of the last; see `contacts_sent.unanswered`.
    with_playbook
        The contacts that name their playbook: ``customer_id``, ``day``, ``playbook``.
    fatigued
        ``fatigued_day``, when a customer last showed to have had enough.
    open_matters
        Tickets and promises that are open on the day, and the contract period that is to begin next.
    countries
        ``home_country`` of each customer, where that decides whom to reach.
    opted_out
        ``customer_id`` and for each of `channels.CONSENTS` whether the customer has taken it back.
    consents
        What the register says of channels; empty where it need not be read.
    """

    counts: pl.DataFrame
    unanswered: pl.DataFrame
    with_playbook: pl.DataFrame
    fatigued: pl.DataFrame
    open_matters: pl.DataFrame
    countries: pl.DataFrame
    opted_out: pl.DataFrame
    consents: pl.DataFrame


def read_bucket(
    tables: Path, bucket: int, who: pl.DataFrame, selling: list[str], context: DecisionContext, *, consents: bool
) -> BucketHistory:
    """Read the history of some customers from the tables of a bucket.

    Parameters
    ----------
    tables
        Folder of the canonical tables.
    bucket
        Number of the bucket.
    who
        ``customer_id`` and ``answered_day``, the last order or answer to a team, null where there was none.
    selling
        Playbooks that sell: a contact that names one of them is an offer.
    context
        The day, strictly before which everything is read, and the settings.
    consents
        Whether the register is read; not where somebody has read it already.
    """
    ids = who.lazy().select("customer_id")
    events = _scan(tables / "events", bucket, {**RECORDED, "event_type": pl.String()})
    of_all = _events(events.filter(pl.col("day") < context.as_of), context)
    event_days = of_all.join(ids, on="customer_id", how="semi").collect()
    answered = who.lazy().join(event_days.lazy(), on="customer_id", how="left").select(
        "customer_id", pl.max_horizontal("answered_day", "event_day").alias("answered_day")
    )  # fmt: skip
    # Collected once for the three that look at it; of a million customers, it is never more than a bucket's.
    sent = recorded_contacts(tables, bucket, ids, selling, context.as_of).collect().lazy()
    tickets = _tickets(_scan(tables / "tickets", bucket, {"customer_id": pl.String()}), context.as_of)
    promises = _promises(_scan(tables / "commitments", bucket, {"customer_id": pl.String()}), context.as_of)
    renewals = _renewals(_scan(tables / "subscriptions", bucket, {"customer_id": pl.String()}), context.as_of)
    matters = tickets.join(promises, on="customer_id", how="full", coalesce=True)
    return BucketHistory(
        contacts_sent.counts(sent, context.contact, context.as_of).collect(),
        contacts_sent.unanswered(sent, answered).collect(),
        sent.filter(pl.col("playbook").is_not_null()).select("customer_id", "day", "playbook").collect(),
        event_days.select("customer_id", "fatigued_day"),
        matters.join(renewals, on="customer_id", how="full", coalesce=True).collect(),
        _countries(tables / "customers", bucket, context),
        event_days.select("customer_id", *channels.CONSENTS).filter(pl.any_horizontal(channels.CONSENTS)),
        _consents(tables / "customers", bucket) if consents else pl.DataFrame(schema={"customer_id": pl.String}),
    )


def recorded_contacts(tables: Path, bucket: int, ids: pl.LazyFrame, selling: list[str], as_of: date) -> pl.LazyFrame:
    """The contacts on record that reached some customers before the day; see `contacts_sent.on_record`."""
    contacts = _scan(tables / "contacts", bucket, RECORDED)
    reached = contacts.filter(pl.col("day") < as_of).join(ids, on="customer_id", how="semi")
    return contacts_sent.on_record(reached, selling)


def _scan(folder: Path, bucket: int, columns: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """The table of a bucket, or no rows where the company does not have it."""
    file = storage.bucket_file(folder, bucket)
    return pl.scan_parquet(file) if file.is_file() else pl.LazyFrame(schema=columns)


def _events(events: pl.LazyFrame, context: DecisionContext) -> pl.LazyFrame:
    contact = context.contact
    tired = pl.col("event_type").is_in(contact.fatigue_types)
    opted_out = [
        _has_opted_out(getattr(contact.opt_out_types, channel), getattr(contact.opt_in_types, channel)).alias(consent)
        for channel, consent in channels.CONSENT_OF.items()
    ]
    return events.group_by("customer_id").agg(
        pl.col("day").filter(tired).max().alias("fatigued_day"),
        pl.col("day").filter(~tired).max().alias("event_day"),
        *opted_out,
    )


def _has_opted_out(out: list[str], back: list[str]) -> pl.Expr:
    """Whether the last opt-out was followed by no opt-in on a later day; of both on one day, the stricter holds."""
    last, again = (pl.col("day").filter(pl.col("event_type").is_in(types)).max() for types in (out, back))
    return last.is_not_null() & (again.is_null() | (again <= last))


def _complete(table: pl.LazyFrame, columns: Mapping[str, type[pl.DataType]]) -> pl.LazyFrame:
    """The table with all of these columns; one that the company does not have knows nothing of anybody.

    As columns, and not as literals in the aggregates: Polars 2.1 filters the rows of a group by a literal into memory
    that holds anything, and reads texts from there.
    """
    there = table.collect_schema().names()
    return table.with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in columns.items() if name not in there
    )


def _tickets(tickets: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    has_topics = "topic" in tickets.collect_schema().names()
    days = dict.fromkeys(("opened_day", "resolved_day", "first_answer_day"), pl.Date)
    rows = _complete(tickets, {**days, **dict.fromkeys(("is_dispute", "is_complaint"), pl.Boolean)})
    opened, resolved, answered = (pl.col(name) for name in days)
    is_dispute, is_complaint = (pl.col(name).fill_null(value=False) for name in ("is_dispute", "is_complaint"))
    counts = [
        is_dispute.sum().cast(pl.Int64).alias("disputes_open"),
        is_complaint.sum().cast(pl.Int64).alias("complaints_open"),
    ]
    since = opened.filter(is_dispute).min().alias("dispute_since")
    waits = answered.is_null() | (answered >= as_of)
    topics = _topics(opened, is_dispute, waits) if has_topics else []
    is_open = resolved.is_null() | (resolved >= as_of)
    return rows.filter(opened < as_of, is_open).group_by("customer_id").agg(*counts, since, *topics)


def _topics(opened: pl.Expr, is_dispute: pl.Expr, waits: pl.Expr) -> list[pl.Expr]:
    """What the oldest dispute is about, and the request that has waited longest for an answer; null where none does."""
    topic = spoken(pl.col("topic"))
    # Of two of one day the first by the alphabet, as no order of files may decide; one without a topic says nothing.
    return [
        topic.filter(which).sort_by(opened.filter(which), topic.filter(which), nulls_last=True).first().alias(name)
        for which, name in ((is_dispute, "dispute_topic"), (waits, "ticket_topic"))
    ]


def _promises(commitments: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    days = dict.fromkeys(("made_day", "kept_day", "due_day"), pl.Date)
    rows = _complete(commitments, {**days, "what": pl.String})
    made, kept, due = (pl.col(name) for name in days)
    is_open = kept.is_null() | (kept >= as_of)
    what = pl.col("what").cast(pl.String)
    # Of two that are due on one day the first by the alphabet, as no order of files may decide.
    first = pl.struct(due.alias("due"), what.alias("what")).sort_by(due, what, nulls_last=True).first()
    return rows.filter(made < as_of, is_open).group_by("customer_id").agg(
        pl.len().cast(pl.Int64).alias("promises_open"),
        due.min().alias("promise_due_next"),
        first.struct.field("what").alias("promise_what"),
    )  # fmt: skip


def _renewals(subscriptions: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """From when a contract runs that has not begun; no feature knows it, for nobody knows since when it was there."""
    start, cancelled = pl.col("start_day"), pl.col("cancel_day")
    is_booked = (start >= as_of) & (cancelled.is_null() | (cancelled > start))
    rows = _complete(subscriptions, dict.fromkeys(("start_day", "cancel_day"), pl.Date))
    return rows.filter(is_booked).group_by("customer_id").agg(start.min().alias("renewed_from"))


def _countries(folder: Path, bucket: int, context: DecisionContext) -> pl.DataFrame:
    """Where customers live, as far as that decides whom to reach; of several countries, one at random."""
    nowhere = pl.DataFrame(schema={"customer_id": pl.String, "home_country": pl.String})
    if not context.contact.unknown_consent.by_country:
        return nowhere
    customers = _scan(folder, bucket, {"customer_id": pl.String()})
    if "country" not in customers.collect_schema().names():
        return nowhere
    country = pl.col("country").str.to_uppercase().min().alias("home_country")
    return customers.group_by("customer_id").agg(country).collect()


def _consents(folder: Path, bucket: int) -> pl.DataFrame:
    """Of several rows of a customer, one that refuses is enough."""
    customers = _scan(folder, bucket, {"customer_id": pl.String()})
    there = customers.collect_schema().names()
    return customers.group_by("customer_id").agg(pl.col([name for name in CONSENTS if name in there]).min()).collect()
