"""What earlier lists, teams and tables tell of each customer when a week is decided: strictly before its day.

Every table is read one bucket after the other, each once, and only what is left of it per customer is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile
from pathlib import Path

import polars as pl

from pipeline import lists
from pipeline.config.paths import Paths
from pipeline.decisions import cooldown, facts
from pipeline.decisions.contact_policy import consent, contacts_sent, open_action
from pipeline.decisions.context import DecisionContext
from pipeline.decisions.guardrails import recommendation
from pipeline.outcomes import feedback
from pipeline.playbooks.config import channels
from pipeline.playbooks.config.playbook import Playbook
from pipeline.tables import storage
from pipeline.week import last_bought
from pipeline.week.bucket_history import CONSENTS, read_bucket, recorded_contacts

# Features that some guard looks at.
FEATURES = ("margin_share_365d", "largest_day_spend_365d", "nps_latest", "csat_latest")


def given(exports: Path, company: str, playbooks: dict[str, Playbook], context: DecisionContext) -> pl.LazyFrame:
    """The decisions of the earlier weeks of the same company that can still matter, with `open_action.GIVEN`."""
    since = first_day(playbooks, context).isoformat()
    folders = takewhile(lambda folder: folder.name >= since, lists.weeks_before(exports, company, context.as_of))
    files = [file for folder in reversed(list(folders)) for file in lists.decision_files(folder)]
    weeks = [pl.scan_parquet(file) for file in files]
    # Weeks of older versions lack some of the columns.
    columns = open_action.GIVEN | dict.fromkeys(channels.CONSENTS, pl.Boolean())
    decisions = pl.concat([pl.LazyFrame(schema=columns), *weeks], how="diagonal")
    return decisions.select(columns.keys()).with_columns(pl.coalesce("given_day", "as_of").alias("given_day"))


def first_day(playbooks: dict[str, Playbook], context: DecisionContext) -> date:
    """The day of the first week whose decisions can still matter."""
    contact, as_of = context.contact, context.as_of
    answers = max(contact.declined_days, contact.wrong_reason_days)
    days = max(contact.open_days, contact.window_days, answers, context.guards.apart_days)
    return min(cooldown.first_day(playbooks, as_of), as_of - timedelta(days=days))


def earlier(given: pl.LazyFrame, playbooks: dict[str, Playbook], as_of: date, outcomes: pl.DataFrame) -> pl.DataFrame:
    """What makes playbooks rest: each action on the day of the list that gave it first, but what was not done."""
    done = contacts_sent.without_undone(given, _undone(outcomes))
    first = done.with_columns(pl.col("given_day").alias("as_of")).select(cooldown.EARLIER.keys())
    return first.filter(cooldown.matters(playbooks, as_of)).unique().collect()


def _undone(outcomes: pl.DataFrame) -> pl.DataFrame:
    return outcomes.filter(pl.col("status") == "not_done").select("customer_id", "as_of")


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
    sent
        How many contacts on record reached each customer, and how many since he or she last answered.
    with_playbook
        The contacts that name their playbook.
    known
        Tables with some of `facts.FACTS` each: fatigue, open matters, consents, features.
    tables, playbooks, context
        Where the tables are; what can be given; the day and the settings.
    """

    who: pl.DataFrame
    given: pl.LazyFrame
    feedback: pl.DataFrame
    sent: tuple[pl.DataFrame, pl.DataFrame]
    with_playbook: pl.DataFrame
    known: list[pl.DataFrame]
    tables: Path
    playbooks: dict[str, Playbook]
    context: DecisionContext

    def customers(self) -> pl.DataFrame:
        """The customers with all of `facts.FACTS`; the tables a company does not have leave theirs empty."""
        contact, as_of = self.context.contact, self.context.as_of
        parts = [
            self._sent(),
            feedback.facts(self.feedback, self.given),
            open_action.still_open(self.given, self._closing(), self.with_playbook, as_of, contact),
            contacts_sent.interviews_and_win_backs(self.given, self.playbooks),
            *self.known,
        ]
        return facts.beside(self.who, parts)

    def past(self) -> pl.DataFrame:
        """Every contact within the window of offers: ``customer_id``, ``day`` and ``is_offer``."""
        after = self.context.as_of - timedelta(days=self.context.contact.window_days)
        columns = ["customer_id", "day", "is_offer"]
        ids, selling = self.who.lazy().select("customer_id"), _selling(self.playbooks)
        recorded = [
            recorded_contacts(self.tables, number, ids, selling, self.context.as_of).filter(pl.col("day") > after)
            for number in _bucket_numbers(self.tables)
        ]
        listed = self._acts_not_on_record().join(self.who, on="customer_id", how="semi").select(columns)
        return pl.concat([listed, *(part.select(columns).collect() for part in recorded)]).sort(columns)

    def _sent(self) -> pl.DataFrame:
        """How often customers heard from us lately, and when last; what a team did counts beside what is on record."""
        on_record, last = self.sent
        acts = self._acts_not_on_record().lazy()
        listed = contacts_sent.counts(acts, self.context.contact, self.context.as_of).collect()
        both = pl.concat([listed, on_record], how="diagonal").group_by("customer_id")
        done = self.feedback.filter(pl.col("status") == "done").group_by("customer_id").agg(pl.col("done").max())
        counted = both.agg(pl.exclude("customer_id").sum())
        for table in (last, done):
            counted = counted.join(table, on="customer_id", how="full", coalesce=True)
        return counted.with_columns(pl.max_horizontal("last_sent_day", "done").alias("last_sent_day")).drop("done")

    def _closing(self) -> pl.DataFrame:
        """Outcomes that say how an action went; a note alone, or a snooze, leaves it open."""
        return self.feedback.filter(pl.col("status").is_not_null())

    def _acts_not_on_record(self) -> pl.DataFrame:
        after = self.context.as_of - timedelta(days=self.context.contact.window_days)
        acts = contacts_sent.acts(self.given, self.playbooks, _undone(self.feedback), after)
        return contacts_sent.not_on_record(acts, self.with_playbook, self.context.contact)


def read(
    who: pl.DataFrame,
    given: pl.LazyFrame,
    paths: Paths,
    playbooks: dict[str, Playbook],
    context: DecisionContext,
    brought: frozenset[str] = frozenset(),
) -> ContactHistory:
    """Read what is known of some customers.

    Parameters
    ----------
    who
        One row per customer, with ``customer_id``, and ``last_order_day`` where it is known.
    given
        The decisions of earlier weeks.
    paths, playbooks, context
        Where the tables are; what can be given; the day and the settings.
    brought
        Which of the consents and `FEATURES` were read together with `who`, all of either or none. A column of that
        name alone does not say so: it may hold nothing yet.
    """
    outcomes = feedback.read(paths.tables / "outcomes", paths.outcomes, context.as_of)
    answered, selling = _answered(who, outcomes), _selling(playbooks)
    consents = not set(CONSENTS) <= brought
    numbers = _bucket_numbers(paths.tables)
    buckets = [read_bucket(paths.tables, of, answered, selling, context, consents=consents) for of in numbers]
    features = [name for name in wanted_features(playbooks) if name in brought]
    return ContactHistory(
        who,
        given,
        outcomes,
        (
            _together(bucket.counts for bucket in buckets),
            _together((bucket.unanswered for bucket in buckets), {"last_sent_day": pl.Date()}),
        ),
        _together((bucket.with_playbook for bucket in buckets), {"day": pl.Date(), "playbook": pl.String()}),
        [
            _together(bucket.fatigued for bucket in buckets),
            _together(bucket.open_matters for bucket in buckets),
            _together((bucket.countries for bucket in buckets), {"home_country": pl.String()}),
            last_bought.read(paths.tables, who, playbooks.values(), context.as_of),
            consent.stricter(
                consent.once_known(
                    _together(bucket.consents for bucket in buckets)
                    if consents
                    else who.select("customer_id", *CONSENTS),
                    _consents_of_last_week(given),
                ),
                _together((bucket.opted_out for bucket in buckets), dict.fromkeys(channels.CONSENTS, pl.Boolean())),
            ),
            who.select("customer_id", *features) if features else _features(paths, playbooks, context.as_of),
        ],
        paths.tables,
        playbooks,
        context,
    )


def _consents_of_last_week(given: pl.LazyFrame) -> pl.DataFrame:
    """What was known of channels when the last list was made."""
    last = given.filter(pl.col("as_of") == pl.col("as_of").max())
    answers = last.group_by("customer_id").agg(pl.col(channels.CONSENTS).min())
    return answers.filter(pl.any_horizontal(pl.col(channels.CONSENTS).is_not_null())).collect()


def _together(parts: Iterable[pl.DataFrame], columns: Mapping[str, pl.DataType] | None = None) -> pl.DataFrame:
    """The customers of all buckets; where there is none, no row of `columns`."""
    return pl.concat([pl.DataFrame(schema={"customer_id": pl.String(), **(columns or {})}), *parts], how="diagonal")


def _selling(books: dict[str, Playbook]) -> list[str]:
    return [name for name, book in books.items() if book.sells]


def _answered(who: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """The last order of each customer, or answer to a team; what they did besides is added bucket by bucket."""
    responses = outcomes.filter("responded").group_by("customer_id").agg(pl.col("as_of").max().alias("responded_day"))
    orders = who.select("customer_id", *(name for name in ("last_order_day",) if name in who.columns))
    both = orders.join(responses, on="customer_id", how="left")
    return both.select("customer_id", pl.max_horizontal(pl.exclude("customer_id")).alias("answered_day"))


def _bucket_numbers(tables: Path) -> range:
    """Every bucket that some table has a file of; tables that are absent or shorter lack the rest."""
    folders = [folder for folder in tables.iterdir() if folder.is_dir()] if tables.is_dir() else []
    return range(max((len(storage.bucket_files(folder)) for folder in folders), default=0))


def wanted_features(playbooks: dict[str, Playbook]) -> tuple[str, ...]:
    """The features some guard looks at; none where no playbook needs them."""
    return FEATURES if any(_needs_features(book) for book in playbooks.values()) else ()


def _features(paths: Paths, playbooks: dict[str, Playbook], as_of: date) -> pl.DataFrame:
    """Not read where no playbook needs them."""
    wanted, tables = wanted_features(playbooks), []
    for bucket, file in enumerate(storage.bucket_files(paths.examples) if wanted else []):
        examples = pl.scan_parquet(file).filter(pl.col("snapshot") == as_of)
        there = examples.collect_schema().names()
        lines = pl.scan_parquet(storage.bucket_file(paths.tables / "transactions", bucket))
        ids = lines.select("customer_key", "customer_id").unique("customer_key")
        known = examples.select("customer_key", *(name for name in wanted if name in there))
        tables.append(known.join(ids, on="customer_key").drop("customer_key").collect())
    return _together(tables)


def _needs_features(book: Playbook) -> bool:
    needs_order = book.promotion is not None and book.promotion.needs_order_of is not None
    return book.discount is not None or needs_order or book.tactic in recommendation.TACTICS
