"""What earlier lists, teams and tables tell of each customer when a week is decided: strictly before its day.

Every table is read one bucket after the other, each once, and only what is left of it per customer is kept.
"""

from dataclasses import dataclass
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
from pipeline.playbooks.config.playbook import Playbook
from pipeline.tables import storage
from pipeline.week.bucket_history import CONSENTS, EVENT_DAYS, RECORDED, has_consents, read_bucket

# Features that some guard looks at.
FEATURES = ("margin_share_365d", "largest_day_spend_365d", "nps_latest", "csat_latest")


def given(exports: Path, company: str, playbooks: dict[str, Playbook], context: DecisionContext) -> pl.LazyFrame:
    """The decisions of the earlier weeks of the same company that can still matter, with `open_action.GIVEN`."""
    contact, as_of = context.contact, context.as_of
    days = max(contact.open_days, contact.window_days, context.guards.apart_days)
    since = min(cooldown.first_day(playbooks, as_of), as_of - timedelta(days=days)).isoformat()
    folders = takewhile(lambda folder: folder.name >= since, lists.weeks_before(exports, company, as_of))
    weeks = [pl.scan_parquet(folder / "actions.parquet") for folder in reversed(list(folders))]
    # Weeks of older versions lack some of the columns.
    decisions = pl.concat([pl.LazyFrame(schema=open_action.GIVEN), *weeks], how="diagonal")
    return decisions.select(open_action.GIVEN.keys()).with_columns(pl.coalesce("given_day", "as_of").alias("given_day"))


def earlier(given: pl.LazyFrame, playbooks: dict[str, Playbook], as_of: date) -> pl.DataFrame:
    """What makes playbooks rest: each action on the day of the list that gave it first."""
    first = given.with_columns(pl.col("given_day").alias("as_of")).select(cooldown.EARLIER.keys())
    return first.filter(cooldown.matters(playbooks, as_of)).unique().collect()


@dataclass(frozen=True)
class ContactHistory:
    """What was sent to some customers, what they answered, and what is open; as `read` gives it.

    Attributes
    ----------
    who
        The customers.
    given
        The decisions of earlier weeks.
    feedback
        Outcomes that teams have handed back.
    contacts, events, open_matters
        Of all buckets; see `bucket_history.BucketHistory`.
    known
        Consents and features, one table each.
    playbooks, context
        What can be given; the day and the settings.
    """

    who: pl.DataFrame
    given: pl.LazyFrame
    feedback: pl.DataFrame
    contacts: pl.DataFrame
    events: pl.DataFrame
    open_matters: pl.DataFrame
    known: list[pl.DataFrame]
    playbooks: dict[str, Playbook]
    context: DecisionContext

    def customers(self) -> pl.DataFrame:
        """The customers with all of `facts.FACTS`; the tables a company does not have leave theirs empty."""
        contact, as_of = self.context.contact, self.context.as_of
        parts = [
            self._sent(),
            self.events.select("customer_id", "fatigued_day"),
            feedback.facts(self.feedback, self.given),
            open_action.still_open(self.given, self.feedback, self._with_playbook(), as_of, contact),
            contacts_sent.interviews_and_win_backs(self.given, self.playbooks),
            self.open_matters,
            *self.known,
        ]
        return facts.beside(self.who, parts)

    def past(self) -> pl.DataFrame:
        """Every contact within the window of offers: ``customer_id``, ``day`` and ``is_offer``."""
        after = self.context.as_of - timedelta(days=self.context.contact.window_days)
        columns = ["customer_id", "day", "is_offer"]
        listed = self._acts_not_on_record().join(self.who, on="customer_id", how="semi").select(columns)
        recorded = self.contacts.filter(pl.col("day") > after).select(columns)
        return pl.concat([listed, recorded]).sort(columns)

    def _sent(self) -> pl.DataFrame:
        """How often customers heard from us lately, and when last; what a team did counts beside what is on record."""
        contact, as_of = self.context.contact, self.context.as_of
        sent = self.contacts.lazy()
        on_record = contacts_sent.counts(sent, contact, as_of).collect()
        last = contacts_sent.unanswered(sent, self._answered().lazy()).collect()
        listed = contacts_sent.counts(self._acts_not_on_record().lazy(), contact, as_of).collect()
        both = pl.concat([listed, on_record], how="diagonal").group_by("customer_id")
        done = self.feedback.filter(pl.col("status") == "done").group_by("customer_id").agg(pl.col("done").max())
        counted = both.agg(pl.exclude("customer_id").sum())
        for table in (last, done):
            counted = counted.join(table, on="customer_id", how="full", coalesce=True)
        return counted.with_columns(pl.max_horizontal("last_sent_day", "done").alias("last_sent_day")).drop("done")

    def _answered(self) -> pl.DataFrame:
        """The last sign of life of each customer: an order, something they did, or an answer to a team."""
        responses = self.feedback.filter("responded").group_by("customer_id")
        answered = self.who.select("customer_id", *(name for name in ("last_order_day",) if name in self.who.columns))
        for table in (
            self.events.select("customer_id", "event_day"),
            responses.agg(pl.col("as_of").max().alias("responded_day")),
        ):
            answered = answered.join(table, on="customer_id", how="left")
        return answered.select("customer_id", pl.max_horizontal(pl.exclude("customer_id")).alias("answered_day"))

    def _with_playbook(self) -> pl.DataFrame:
        return self.contacts.filter(pl.col("playbook").is_not_null()).select("customer_id", "day", "playbook")

    def _acts_not_on_record(self) -> pl.DataFrame:
        undone = self.feedback.filter(pl.col("status") == "not_done").select("customer_id", "as_of")
        after = self.context.as_of - timedelta(days=self.context.contact.window_days)
        acts = contacts_sent.acts(self.given, self.playbooks, undone, after)
        return contacts_sent.not_on_record(acts, self._with_playbook(), self.context.contact)


def read(
    who: pl.DataFrame, given: pl.LazyFrame, paths: Paths, playbooks: dict[str, Playbook], context: DecisionContext
) -> ContactHistory:
    """Read what is known of some customers.

    Parameters
    ----------
    who
        One row per customer, with ``customer_id``; ``last_order_day``, consents and `FEATURES` where they are known.
    given
        The decisions of earlier weeks.
    paths, playbooks, context
        Where the tables are; what can be given; the day and the settings.
    """
    selling = [name for name, book in playbooks.items() if book.sells]
    numbers = _bucket_numbers(paths.tables)
    buckets = [read_bucket(paths.tables, number, who, selling, context) for number in numbers]
    consents = [who.select("customer_id", *CONSENTS)] if has_consents(who) else [b.consents for b in buckets]
    return ContactHistory(
        who,
        given,
        feedback.read(paths.tables / "outcomes", context.as_of),
        pl.concat([pl.DataFrame(schema=RECORDED), *(bucket.contacts for bucket in buckets)]),
        pl.concat([pl.DataFrame(schema=EVENT_DAYS), *(bucket.events for bucket in buckets)]),
        pl.concat([_NOBODY, *(bucket.open_matters for bucket in buckets)], how="diagonal"),
        [
            pl.concat([_NOBODY, *(table for table in consents if table is not None)], how="diagonal"),
            _features(who, paths, playbooks, context.as_of),
        ],
        playbooks,
        context,
    )


_NOBODY = pl.DataFrame(schema={"customer_id": pl.String})


def _bucket_numbers(tables: Path) -> range:
    """Every bucket that some table has a file of; tables that are absent or shorter lack the rest."""
    folders = [folder for folder in tables.iterdir() if folder.is_dir()] if tables.is_dir() else []
    return range(max((len(storage.bucket_files(folder)) for folder in folders), default=0))


def with_last_orders(who: pl.DataFrame, paths: Paths, as_of: date) -> pl.DataFrame:
    """Add ``last_order_day``, before the day, of customers that were not scored."""

    def last(file: Path) -> pl.DataFrame:
        bought = pl.scan_parquet(file).filter(pl.col("day") < as_of, pl.col("amount_minor") > 0)
        mine = bought.join(who.lazy(), on="customer_id", how="semi")
        return mine.group_by("customer_id").agg(pl.col("day").max().alias("last_order_day")).collect()

    days = [last(file) for file in storage.bucket_files(paths.tables / "transactions")]
    return who.join(pl.concat([_NOBODY, *days], how="diagonal"), on="customer_id", how="left")


def wanted_features(playbooks: dict[str, Playbook]) -> tuple[str, ...]:
    """The features some guard looks at; none where no playbook needs them."""
    return FEATURES if any(_needs_features(book) for book in playbooks.values()) else ()


def _features(who: pl.DataFrame, paths: Paths, playbooks: dict[str, Playbook], as_of: date) -> pl.DataFrame:
    wanted = wanted_features(playbooks)
    if not wanted or set(wanted) <= set(who.columns):
        return who.select("customer_id", *wanted)
    tables = [_NOBODY]
    for bucket, file in enumerate(storage.bucket_files(paths.examples)):
        examples = pl.scan_parquet(file).filter(pl.col("snapshot") == as_of)
        there = examples.collect_schema().names()
        lines = pl.scan_parquet(storage.bucket_file(paths.tables / "transactions", bucket))
        ids = lines.select("customer_key", "customer_id").unique("customer_key")
        known = examples.select("customer_key", *(name for name in wanted if name in there))
        tables.append(known.join(ids, on="customer_key").drop("customer_key").collect())
    return pl.concat(tables, how="diagonal")


def _needs_features(book: Playbook) -> bool:
    needs_order = book.promotion is not None and book.promotion.needs_order_of is not None
    return book.discount is not None or needs_order or book.tactic in recommendation.TACTICS
