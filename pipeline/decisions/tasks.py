"""What the one who acts is handed besides the action: a draft, what is promised, and what is still open."""

from datetime import date
from typing import Final

import polars as pl

from pipeline.decisions import drafts
from pipeline.decisions.done_before import done_before
from pipeline.i18n import IN_ENGLISH, Translator, language_of
from pipeline.playbooks.config.playbook import Playbook

# Characters of a promise that a caution repeats.
LONGEST_PROMISE: Final = 120


def handed(
    decided: pl.DataFrame, playbooks: dict[str, Playbook], as_of: date, translator: Translator = IN_ENGLISH
) -> pl.DataFrame:
    """Add ``draft``, ``promise``, ``promise_due_day`` and ``open_matters``, which ``caution`` says too.

    A draft is for what a person does: the playbook's own with what is known of the customer, else made of the action
    and of the customer's first reason. It is a proposal; nothing is ever sent. The playbook's own is for the customer,
    and so in the customer's language; everything else is for the owner. Promises and disputes that are open are told of
    every customer but controls, also where nothing is to be done, for whoever gets in touch on their own should know
    them.

    Parameters
    ----------
    decided
        Everyone's decision, with `pipeline.decisions.facts` on promises and disputes, and with ``language`` where the
        company knows it.
    playbooks, as_of
        Those that were given; the day of the list.
    translator
        Who reads which language.
    """
    promised = {name: book.promise for name, book in playbooks.items() if book.promise is not None}
    words = {name: promise.what for name, promise in promised.items()}
    days = {name: promise.due_in_days for name, promise in promised.items()}
    given = pl.coalesce("given_day", pl.lit(as_of))
    until = given + pl.duration(days=pl.col("playbook").replace_strict(days, default=None, return_dtype=pl.Int64))
    promise = pl.col("playbook").replace_strict(words, default=None, return_dtype=pl.String).alias("promise")
    described = decided.with_columns(
        translator.swapped("action", (book.action for book in playbooks.values())),
        translator.swapped("caution", (book.caution for book in playbooks.values() if book.caution is not None)),
        promise,
    )
    return described.with_columns(
        _draft(playbooks, described, translator),
        translator.swapped("promise", words.values()),
        until.cast(pl.Date).alias("promise_due_day"),
        _open_matters(translator).alias("open_matters"),
    ).with_columns(
        pl.concat_list("caution", done_before(playbooks, translator), "open_matters")
        .list.drop_nulls()
        .list.join(" ")
        .replace("", None)
        .alias("caution")
    )


def _draft(playbooks: dict[str, Playbook], decided: pl.DataFrame, translator: Translator) -> pl.Expr:
    tasks = [name for name, book in playbooks.items() if book.is_task]
    reason = pl.when(pl.col("reason_1_text").is_not_null()).then(
        translator.translate(" (Why now: {reason}.)", reason=pl.col("reason_1_text"))
    )
    made = pl.concat_str("action", reason.fill_null(""))
    own = drafts.to_customers(decided, playbooks, translator, languages(decided))
    return pl.when(pl.col("playbook").is_in(tasks)).then(pl.coalesce(pl.lit(own), made)).alias("draft")


def languages(decided: pl.DataFrame) -> pl.Series:
    """What the company says of each customer's language; null where it says nothing."""
    if "language" not in decided.columns:
        return pl.repeat(None, n=len(decided), dtype=pl.String, eager=True)
    return decided["language"].cast(pl.String)


def spoken(decided: pl.DataFrame) -> dict[str, dict[str, int]]:
    """How many customers speak which language, and how many one of which there is no catalogue.

    Examples
    --------
    >>> spoken(pl.DataFrame({"language": ["no", "ja", "de", None, "nb"]}))
    {'customers': {'ja': 1, 'nb': 2}, 'without_catalogue': {'de': 1}}
    """
    codes = dict(languages(decided).drop_nulls().value_counts().iter_rows())
    counts: dict[str, dict[str, int]] = {"customers": {}, "without_catalogue": {}}
    for code, number in sorted(codes.items()):
        known = language_of(code)
        counted = counts["without_catalogue" if known is None else "customers"]
        counted[known or code] = counted.get(known or code, 0) + number
    return counts


def _open_matters(translator: Translator) -> pl.Expr:
    """What whoever gets in touch has to know, whether or not there is something to do."""
    due = pl.col("promise_due_next")
    number = pl.col("promises_open").cast(pl.String)
    words = pl.col("promise_what").str.strip_chars().str.slice(0, LONGEST_PROMISE)
    first_due = translator.translate(
        "promises to this customer that are open: {number}, the first due {day}",
        number=number,
        day=lambda catalog: catalog.day(due),
    )
    what_is_due = translator.translate(
        "promises to this customer that are open: {number}, the first due {day} ({what})",
        number=number,
        day=lambda catalog: catalog.day(due),
        what=words,
    )
    promises = pl.when(pl.col("promises_open") > 0).then(
        pl.when(due.is_not_null() & (words != ""))
        .then(what_is_due)
        .when(due.is_not_null())
        .then(first_due)
        .otherwise(translator.translate("promises to this customer that are open: {number}", number=number))
    )
    disputes = pl.when(pl.col("disputes_open") > 0).then(
        pl.coalesce(
            translator.translate(
                "disputes that are open: {number}, since {day}",
                number=pl.col("disputes_open").cast(pl.String),
                day=lambda catalog: catalog.day(pl.col("dispute_since")),
            ),
            translator.translate("disputes that are open: {number}", number=pl.col("disputes_open").cast(pl.String)),
        )
    )
    listed = pl.concat_list(promises, disputes).list.drop_nulls()
    matters = translator.each(lambda catalog: listed.list.join(catalog.text("; ")))
    is_handed = ~pl.col("is_control") | pl.col("playbook").is_not_null()
    return pl.when((matters != "") & is_handed).then(translator.translate("Mind {matters}.", matters=matters))


def promises(decided: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The promises this list gives for the first time, in the shape of the table commitments.

    Examples
    --------
    >>> from datetime import timedelta
    >>> day = date(2024, 1, 8)
    >>> decided = pl.DataFrame({"customer_id": ["a", "b"], "promise": ["a call", "a call"], "who": ["sales"] * 2,
    ...     "given_day": [day, day - timedelta(days=7)], "promise_due_day": [date(2024, 1, 10)] * 2})
    >>> promises(decided, day).rows()
    [('a', datetime.date(2024, 1, 8), 'sales', 'a call', datetime.date(2024, 1, 10), None)]
    """
    return decided.filter(pl.col("promise").is_not_null(), pl.col("given_day") == as_of).select(
        "customer_id",
        pl.col("given_day").alias("made_ts"),
        pl.col("who").alias("promised_by"),
        pl.col("promise").alias("what"),
        pl.col("promise_due_day").alias("due_day"),
        pl.lit(None, dtype=pl.Date).alias("kept_day"),
    )
