"""What earlier lists, teams and tables tell of each customer when a week is decided: strictly before its day.

Every table is read one bucket after the other, and only what is left of it per customer is kept.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from itertools import takewhile
from pathlib import Path

import polars as pl

from pipeline import lists
from pipeline.config.paths import Paths
from pipeline.decisions import cooldown, facts
from pipeline.decisions.contact_policy import contacts_sent, open_action
from pipeline.decisions.context import DecisionContext
from pipeline.decisions.guardrails import recommendation
from pipeline.outcomes import feedback
from pipeline.playbooks.config import channels
from pipeline.playbooks.config.playbook import Playbook
from pipeline.tables import storage

Table = Callable[[pl.LazyFrame], pl.LazyFrame]
FEATURES = ("margin_share_365d", "largest_day_spend_365d", "nps_latest", "csat_latest")


def given(exports: Path, company: str, playbooks: dict[str, Playbook], context: DecisionContext) -> pl.LazyFrame:
    """The decisions of the earlier weeks of the same company that can still matter, with `open_action.GIVEN`."""
    contact, as_of = context.contact, context.as_of
    days = max(contact.open_days, contact.window_days, context.guards.apart_days)
    since = min(cooldown.first_day(playbooks, as_of), as_of - timedelta(days=days)).isoformat()
    folders = takewhile(lambda folder: folder.name >= since, lists.weeks_before(exports, company, as_of))
    weeks = [pl.scan_parquet(folder / "actions.parquet") for folder in reversed(list(folders))]
    # Weeks of older versions lack some of the columns.
    found = pl.concat([pl.LazyFrame(schema=open_action.GIVEN), *weeks], how="diagonal")
    return found.select(open_action.GIVEN.keys()).with_columns(pl.coalesce("given_day", "as_of").alias("given_day"))


def earlier(given: pl.LazyFrame, playbooks: dict[str, Playbook], as_of: date) -> pl.DataFrame:
    """What makes playbooks rest: each action on the day of the list that gave it first."""
    first = given.with_columns(pl.col("given_day").alias("as_of")).select(cooldown.EARLIER.keys())
    return first.filter(cooldown.matters(playbooks, as_of)).unique().collect()


def customers(
    scores: pl.DataFrame, given: pl.LazyFrame, at: Paths, playbooks: dict[str, Playbook], context: DecisionContext
) -> pl.DataFrame:
    """The customers with all of `facts.FACTS`; the tables a company does not have leave theirs empty.

    Parameters
    ----------
    scores
        One row per customer, with ``customer_id``, and ``last_order_day`` where it is known.
    given
        The decisions of earlier weeks.
    at, playbooks, context
        Where the tables are; what can be given; the day and the settings.
    """
    as_of, who = context.as_of, scores.lazy().select("customer_id")
    told = feedback.read(at.tables / "outcomes", as_of)
    days = {"fatigued_day": pl.Date(), "event_day": pl.Date()}
    events = _each(
        at.tables / "events", lambda table: _events(table.join(who, on="customer_id", how="semi"), context), days
    )
    parts = [
        _sent(scores, events, told, given, at, playbooks, context),
        events.select("customer_id", "fatigued_day"),
        feedback.facts(told, given),
        open_action.still_open(given, told, _named(_recorder(who, playbooks, as_of), at), as_of, context.contact),
        contacts_sent.interviews_and_win_backs(given, playbooks),
        _each(at.tables / "tickets", lambda table: _tickets(table, as_of)),
        _each(at.tables / "commitments", lambda table: _commitments(table, as_of)),
        _each(at.tables / "customers", _consents),
        _features(at, playbooks, as_of),
    ]
    return facts.beside(scores, parts)


def _each(folder: Path, aggregate: Table, columns: Mapping[str, pl.DataType] | None = None) -> pl.DataFrame:
    """What is left of a table per customer, bucket by bucket; where it is absent, no row of `columns`."""
    found = [aggregate(pl.scan_parquet(file)).collect() for file in storage.bucket_files(folder)]
    return pl.concat([pl.DataFrame(schema={"customer_id": pl.String(), **(columns or {})}), *found], how="diagonal")


def _sent(
    scores: pl.DataFrame, events: pl.DataFrame, told: pl.DataFrame, given: pl.LazyFrame, at: Paths,
    playbooks: dict[str, Playbook], context: DecisionContext,
) -> pl.DataFrame:  # fmt: skip
    contact, as_of = context.contact, context.as_of
    answered = _answered(scores, events, told).lazy()
    recorded = _recorder(answered, playbooks, as_of)
    folder = at.tables / "contacts"
    on_record = _each(folder, lambda table: contacts_sent.counts(recorded(table), contact, as_of))
    last = _each(
        folder, lambda table: contacts_sent.unanswered(recorded(table), answered), {"last_sent_day": pl.Date()}
    )
    acts = _acts_not_on_record(recorded, at, told, given, playbooks, context)
    listed = contacts_sent.counts(acts.lazy(), contact, as_of).collect()
    both = pl.concat([listed, on_record], how="diagonal").group_by("customer_id").agg(pl.exclude("customer_id").sum())
    done = told.filter(pl.col("status") == "done").group_by("customer_id").agg(pl.col("done").max())
    found = both.join(last, on="customer_id", how="full", coalesce=True)
    found = found.join(done, on="customer_id", how="full", coalesce=True)
    return found.with_columns(pl.max_horizontal("last_sent_day", "done").alias("last_sent_day")).drop("done")


def past(
    who: pl.DataFrame, given: pl.LazyFrame, at: Paths, playbooks: dict[str, Playbook], context: DecisionContext
) -> pl.DataFrame:
    """Every contact of some customers within the window of offers: ``customer_id``, ``day`` and ``is_offer``."""
    after, folder = context.as_of - timedelta(days=context.contact.window_days), at.tables / "contacts"
    recorded = _recorder(who.lazy().select("customer_id"), playbooks, context.as_of)
    columns = {"day": pl.Date(), "is_offer": pl.Boolean()}
    lately = _each(folder, lambda table: recorded(table).filter(pl.col("day") > after).drop("playbook"), columns)
    told = feedback.read(at.tables / "outcomes", context.as_of)
    acts = _acts_not_on_record(recorded, at, told, given, playbooks, context)
    listed = acts.join(who, on="customer_id", how="semi").select("customer_id", "day", "is_offer")
    return pl.concat([listed, lately.select("customer_id", "day", "is_offer")]).sort("customer_id", "day", "is_offer")


def with_last_orders(who: pl.DataFrame, at: Paths, as_of: date) -> pl.DataFrame:
    """Add ``last_order_day``, before the day, of customers that were not scored."""

    def last(lines: pl.LazyFrame) -> pl.LazyFrame:
        bought = lines.filter(pl.col("day") < as_of, pl.col("amount_minor") > 0)
        mine = bought.join(who.lazy(), on="customer_id", how="semi")
        return mine.group_by("customer_id").agg(pl.col("day").max().alias("last_order_day"))

    return who.join(_each(at.tables / "transactions", last), on="customer_id", how="left")


def _recorder(who: pl.LazyFrame, playbooks: dict[str, Playbook], as_of: date) -> Table:
    """What turns the table contacts into the contacts of some customers before the day."""
    selling = [name for name, book in playbooks.items() if book.sells]

    def recorded(table: pl.LazyFrame) -> pl.LazyFrame:
        return contacts_sent.on_record(
            table.filter(pl.col("day") < as_of).join(who, on="customer_id", how="semi"), selling
        )

    return recorded


def _named(recorded: Table, at: Paths) -> pl.DataFrame:
    """The contacts on record that name their playbook."""
    by_playbook = {"day": pl.Date(), "playbook": pl.String()}
    named = _each(
        at.tables / "contacts", lambda table: recorded(table).filter(pl.col("playbook").is_not_null()), by_playbook
    )
    return named.select("customer_id", "day", "playbook")


def _acts_not_on_record(
    recorded: Table,
    at: Paths,
    told: pl.DataFrame,
    given: pl.LazyFrame,
    playbooks: dict[str, Playbook],
    context: DecisionContext,
) -> pl.DataFrame:
    undone = told.filter(pl.col("status") == "not_done").select("customer_id", "as_of")
    acts = contacts_sent.acts(given, playbooks, undone, context.as_of - timedelta(days=context.contact.window_days))
    return contacts_sent.not_on_record(acts, _named(recorded, at), context.contact)


def _answered(scores: pl.DataFrame, events: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """The last sign of life of each customer: an order, something they did, or an answer to a team."""
    responses = (
        told.filter(pl.col("responded")).group_by("customer_id").agg(pl.col("as_of").max().alias("responded_day"))
    )
    found = scores.select("customer_id", *[name for name in ("last_order_day",) if name in scores.columns])
    found = found.join(events.select("customer_id", "event_day"), on="customer_id", how="left")
    found = found.join(responses, on="customer_id", how="left")
    return found.select("customer_id", pl.max_horizontal(pl.exclude("customer_id")).alias("answered_day"))


def _events(events: pl.LazyFrame, context: DecisionContext) -> pl.LazyFrame:
    tired = pl.col("event_type").is_in(context.contact.fatigue_types)
    return events.filter(pl.col("day") < context.as_of).group_by("customer_id").agg(
        pl.col("day").filter(tired).max().alias("fatigued_day"), pl.col("day").filter(~tired).max().alias("event_day")
    )  # fmt: skip


def _tickets(tickets: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    there = tickets.collect_schema().names()
    resolved = pl.col("resolved_day") if "resolved_day" in there else pl.lit(None, dtype=pl.Date)
    is_open = resolved.is_null() | (resolved >= as_of)
    return tickets.filter(pl.col("opened_day") < as_of, is_open).group_by("customer_id").agg(
        (pl.col(flag).fill_null(value=False).sum() if flag in there else pl.lit(0)).cast(pl.Int64).alias(name)
        for flag, name in (("is_dispute", "disputes_open"), ("is_complaint", "complaints_open"))
    )  # fmt: skip


def _commitments(commitments: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    there = commitments.collect_schema().names()
    kept, due = (pl.col(name) if name in there else pl.lit(None, dtype=pl.Date) for name in ("kept_day", "due_day"))
    is_open = kept.is_null() | (kept >= as_of)
    return commitments.filter(pl.col("made_day") < as_of, is_open).group_by("customer_id").agg(
        pl.len().cast(pl.Int64).alias("promises_open"), due.min().alias("promise_due_next")
    )  # fmt: skip


def _consents(customers: pl.LazyFrame) -> pl.LazyFrame:
    """Of several rows of a customer, one that refuses is enough."""
    there = customers.collect_schema().names()
    kept = [name for name in (*channels.CONSENTS, "preferred_channel") if name in there]
    return customers.group_by("customer_id").agg(pl.col(kept).min())


def _features(at: Paths, playbooks: dict[str, Playbook], as_of: date) -> pl.DataFrame:
    """The features some guard looks at; not read where no playbook needs them."""
    found = [pl.DataFrame(schema={"customer_id": pl.String})]
    if not any(_needs_features(book) for book in playbooks.values()):
        return found[0]
    for bucket, file in enumerate(storage.bucket_files(at.examples)):
        examples = pl.scan_parquet(file).filter(pl.col("snapshot") == as_of)
        there = examples.collect_schema().names()
        lines = pl.scan_parquet(storage.bucket_file(at.tables / "transactions", bucket))
        ids = lines.select("customer_key", "customer_id").unique("customer_key")
        known = examples.select("customer_key", *(name for name in FEATURES if name in there))
        found.append(known.join(ids, on="customer_key").drop("customer_key").collect())
    return pl.concat(found, how="diagonal")


def _needs_features(book: Playbook) -> bool:
    needs_order = book.promotion is not None and book.promotion.needs_order_of is not None
    return book.discount is not None or needs_order or book.tactic in recommendation.TACTICS
