"""What was sent to whom, by all teams: contacts on record and actions of earlier lists, none counted twice."""

from datetime import date, timedelta

import polars as pl

from pipeline.config.params import Contact
from pipeline.playbooks.config import channels, purposes
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.config.restrictions import EXIT_INTERVIEWS, WIN_BACKS

# Days of the cap, this day's list included.
WEEK_DAYS = 7
# An action is carried out within this many days at least; a contact on record by then is that action.
CARRIED_OUT_DAYS = 14


def acts(given: pl.LazyFrame, playbooks: dict[str, Playbook], undone: pl.DataFrame, after: date) -> pl.DataFrame:
    """What earlier lists gave that reaches a customer, each once, on the day of the list that gave it first.

    Parameters
    ----------
    given
        The decisions of earlier lists, with the columns `open_action.GIVEN`. What a control would have been given
        counts in thought, so that controls go through the same weeks as the others.
    playbooks
        Those of this list; what an earlier list gave under another name is known by its tactic.
    undone
        ``customer_id`` and ``as_of`` of actions a team says were not done.
    after
        Earlier ones are left out.

    Returns
    -------
    polars.DataFrame
        ``customer_id``, ``playbook``, ``day`` and ``is_offer``.
    """
    selling = [name for name, book in playbooks.items() if book.sells]
    inside = [name for name, book in playbooks.items() if not book.reaches]
    by_tactic = pl.col("tactic").is_in(purposes.offering_tactics()).fill_null(value=False)
    reaching = (
        given.with_columns(pl.coalesce("playbook", "would_have_been").alias("playbook"))
        .filter(pl.col("playbook").is_not_null(), pl.col("given_day") > after)
        .with_columns(
            pl.when(pl.col("channel").is_null()).then(~pl.col("playbook").is_in(inside))
            .otherwise(channels.notices("channel")).alias("reaches"),
            (pl.col("playbook").is_in(selling) | by_tactic).alias("is_offer"),
        )
        .filter("reaches")
        .select("customer_id", "playbook", "as_of", "given_day", "is_offer")
    )  # fmt: skip
    counted = without_undone(reaching, undone).collect()
    each = counted.group_by("customer_id", "playbook", day="given_day").agg(pl.col("is_offer").any())
    return each.sort("customer_id", "playbook", "day")


def without_undone(given: pl.LazyFrame, undone: pl.DataFrame) -> pl.LazyFrame:
    """The actions but for those a team says were not done, on every list on which they stood.

    Parameters
    ----------
    given
        With ``customer_id``, ``playbook``, ``as_of`` and ``given_day``.
    undone
        ``customer_id`` and ``as_of`` of actions a team says were not done.
    """
    key = ["customer_id", "playbook", "given_day"]
    not_done = given.join(undone.lazy(), on=["customer_id", "as_of"], how="semi").select(key).unique()
    return given.join(not_done, on=key, how="anti")


def not_on_record(acts: pl.DataFrame, contacts: pl.DataFrame, contact: Contact) -> pl.DataFrame:
    """Those of the acts that no contact on record is: same customer and playbook, within the days it is open.

    Examples
    --------
    >>> from pipeline.config import params
    >>> given = pl.DataFrame({"customer_id": ["a", "b"], "playbook": ["call"] * 2, "day": [date(2024, 1, 1)] * 2})
    >>> made = pl.DataFrame({"customer_id": ["a"], "playbook": ["call"], "day": [date(2024, 1, 3)]})
    >>> not_on_record(given, made, params.load().contact)["customer_id"].to_list()
    ['b']
    """
    days = timedelta(days=max(contact.open_days, CARRIED_OUT_DAYS))
    both = acts.join(contacts.select("customer_id", "playbook", made="day"), on=["customer_id", "playbook"])
    made = both.filter(pl.col("made").is_between(pl.col("day"), pl.col("day") + days))
    return acts.join(
        made.select("customer_id", "playbook", "day").unique(), on=["customer_id", "playbook", "day"], how="anti"
    )


def counts(sent: pl.LazyFrame, contact: Contact, as_of: date) -> pl.LazyFrame:
    """Contacts of each customer: within 7 days together with this one, and within the window of offers.

    Parameters
    ----------
    sent
        ``customer_id``, ``day`` and ``is_offer``, one row per contact before `as_of`.
    contact, as_of
        ``params.yaml: contact``; the day of the list.
    """
    week, window = (pl.col("day") > as_of - timedelta(days=days) for days in (WEEK_DAYS, contact.window_days))
    return sent.group_by("customer_id").agg(
        week.sum().cast(pl.Int64).alias("sent_7d"),
        window.sum().cast(pl.Int64).alias("sent_in_window"),
        (window & pl.col("is_offer")).sum().cast(pl.Int64).alias("offers_in_window"),
    )


def on_record(contacts: pl.LazyFrame, selling: list[str]) -> pl.LazyFrame:
    """The contacts that reach a customer: ``customer_id``, ``day``, ``is_offer`` and ``playbook``, null where unknown.

    Parameters
    ----------
    contacts
        The table of that name, with the columns the company has.
    selling
        Playbooks that sell.
    """
    there = contacts.collect_schema().names()
    known = {
        name: pl.col(name).cast(pl.String) if name in there else pl.lit(None, dtype=pl.String)
        for name in ("channel", "purpose", "playbook")
    }
    records = contacts.select("customer_id", "day", **known)
    is_offer = (pl.col("purpose").str.to_lowercase() == "offer") | pl.col("playbook").is_in(selling)
    return records.filter(channels.notices("channel")).select(
        "customer_id", "day", "playbook", is_offer.fill_null(value=False).alias("is_offer")
    )


def unanswered(sent: pl.LazyFrame, answered: pl.LazyFrame) -> pl.LazyFrame:
    """The last contact of each customer, and how many came after he or she last ordered or did anything.

    Parameters
    ----------
    sent
        As `on_record` gives it.
    answered
        ``customer_id`` and ``answered_day``, the last sign of life; who gave none is not there.
    """
    since = pl.col("answered_day").is_null() | (pl.col("day") > pl.col("answered_day"))
    return sent.join(answered, on="customer_id", how="left").group_by("customer_id").agg(
        since.sum().cast(pl.Int64).alias("unanswered"), pl.col("day").max().alias("last_sent_day")
    )  # fmt: skip


def interviews_and_win_backs(given: pl.LazyFrame, playbooks: dict[str, Playbook]) -> pl.DataFrame:
    """When an earlier list last gave each customer an exit interview, or tried to win him or her back."""
    named = {name: book.tactic for name, book in playbooks.items()}
    tactic = pl.coalesce(
        "tactic", pl.coalesce("playbook", "would_have_been").replace_strict(named, default=None, return_dtype=pl.String)
    )
    matching = given.with_columns(tactic.alias("tactic")).filter(pl.col("tactic").is_in([*EXIT_INTERVIEWS, *WIN_BACKS]))
    day = pl.col("given_day")
    return (
        matching.group_by("customer_id")
        .agg(
            day.filter(pl.col("tactic").is_in(EXIT_INTERVIEWS)).max().alias("interviewed_day"),
            day.filter(pl.col("tactic").is_in(WIN_BACKS)).max().alias("won_back_day"),
        )
        .collect()
    )
