"""What the one who acts is handed besides the action: a draft, what is promised, and what is still open."""

from datetime import date

import polars as pl

from pipeline.playbooks.declared import Playbook


def handed(decided: pl.DataFrame, playbooks: dict[str, Playbook], as_of: date) -> pl.DataFrame:
    """Add ``draft``, ``promise`` and ``promise_due_day``, and say in ``caution`` what is open with the customer.

    A draft is for what a person does (class R): the playbook's own, else made of the action and of the customer's first
    reason. It is a proposal; nothing is ever sent. Promises and disputes that are open are told of every customer
    but controls, also where nothing is to be done, for whoever gets in touch on their own should know them.

    Parameters
    ----------
    decided
        Everyone's decision, with the facts `promises_open`, `promise_due_next` and `disputes_open`.
    playbooks, as_of
        Those that were given; the day of the list.
    """
    promised = {name: book.promise for name, book in playbooks.items() if book.promise is not None}
    words = {name: promise.what for name, promise in promised.items()}
    days = {name: promise.due_in_days for name, promise in promised.items()}
    given = pl.coalesce("given_day", pl.lit(as_of))
    until = given + pl.duration(days=pl.col("playbook").replace_strict(days, default=None, return_dtype=pl.Int64))
    return decided.with_columns(
        _draft(playbooks),
        pl.col("playbook").replace_strict(words, default=None, return_dtype=pl.String).alias("promise"),
        until.cast(pl.Date).alias("promise_due_day"),
        _caution(),
    )


def _draft(playbooks: dict[str, Playbook]) -> pl.Expr:
    tasks = {name: book for name, book in playbooks.items() if book.is_task}
    own = {name: book.draft for name, book in tasks.items() if book.draft is not None}
    is_task = pl.col("playbook").is_in(list(tasks))
    written = pl.col("playbook").replace_strict(own, default=None, return_dtype=pl.String)
    reason = pl.when(pl.col("reason_1_text").is_not_null()).then(pl.format(" (Why now: {}.)", "reason_1_text"))
    made = pl.concat_str("action", reason.fill_null(""))
    return pl.when(is_task).then(pl.coalesce(written, made)).alias("draft")


def _caution() -> pl.Expr:
    due = pl.col("promise_due_next")
    promises = pl.when(pl.col("promises_open") > 0).then(
        pl.format("promises to this customer that are open: {}", "promises_open")
        + pl.when(due.is_not_null()).then(pl.format(", the first due {}", due)).otherwise(pl.lit(""))
    )
    disputes = pl.when(pl.col("disputes_open") > 0).then(pl.format("disputes that are open: {}", "disputes_open"))
    matters = pl.concat_list(promises, disputes).list.drop_nulls().list.join("; ")
    told = pl.when((matters != "") & ~pl.col("is_control")).then(pl.format("Mind {}.", matters))
    return pl.concat_list("caution", told).list.drop_nulls().list.join(" ").replace("", None).alias("caution")


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
