"""How far the same past, the same people and the scores have moved from one published week to the next.

Each effect is a share or a ratio, so that one limit fits small and large companies; nothing is judged here.
"""

from collections.abc import Iterator
from math import sqrt
from operator import itemgetter
from statistics import median
from typing import Final

import polars as pl

from pipeline.drift.history_effects import MIN_ROWS, Past, of_history
from pipeline.drift.kinds import Effect
from pipeline.drift.profile import Filled, Profile, Sample, TableProfile
from pipeline.drift.score_effects import of_scores
from pipeline.i18n import Figure, in_percent, say
from pipeline.playbooks.config.channels import CONSENTS

MIN_FILLED: Final = 0.05
"""A column or a kind with less than this share was hardly there before."""
MIN_EXPECTED: Final = 20
"""Of a kind that should have come less often than this in a week, none may come by chance."""
MIN_WEEKS: Final = 8
"""Fewer weeks than this do not say what is usual."""
OUTCOMES: Final = {
    "subscriptions": ("cancel_day", "end_day"),
    "tickets": ("first_answer_day", "resolved_day"),
    "commitments": ("kept_day",),
}
"""Columns that say what came of a row; without them every contract runs, every request waits, no promise is kept."""
RECENT_WEEKS: Final = 4
"""As many as the rows that count as recent go back."""
# A week is unusual where it is further from the middle than this many times the furthest of the weeks before.
SPREADS: Final = 1.25
OTHER_NAME: Final = say("of {number} customers whose name is known {other} have another name than last time").text
OTHER_OWNER: Final = say("of {number} customers whose owner is known {other} have another owner than last time").text
FILLED: Final = say("{column}: filled in {before} of all rows last time, in {now} now").text
RECENTLY_FILLED: Final = say("{column}: filled in {before} of recent rows last time, in {now} now").text


def measure(then: Profile, now: Profile, sample_then: Sample, sample_now: Sample) -> list[Effect]:
    """Everything that moved between two weeks of one company.

    Parameters
    ----------
    then, now
        The profile of the week before, and that of this one.
    sample_then, sample_now
        What both say of the same customers before the cutoff of the week before.
    """
    people = [*_people(sample_then, sample_now), *_habits(now)]
    return [*_tables(then, now), *people, *_register(then, now), *of_scores(then, now)]


def _tables(then: Profile, now: Profile) -> Iterator[Effect]:
    for name, before in then.tables.items():
        after = now.tables.get(name)
        if after is None:
            words = say("{table}: {number} rows last time, and no such table now", table=name, number=before.rows)
            yield Effect("table_gone", name, 1.0, words)
        else:
            forgotten = now.forgotten_customers - then.forgotten_customers
            past = Past(name, f"{then.cutoff:%Y-%m}", forgotten, (now.as_of - then.as_of).days)
            yield from of_history(before, after, past)
            yield from _columns(name, before, after)
            yield from _outcomes(name, before, after)
            yield from _last_week(name, before, after)


def _columns(name: str, before: TableProfile, after: TableProfile) -> Iterator[Effect]:
    for column, filled in before.columns.items():
        now, what = after.columns.get(column), f"{name}.{column}"
        recent = sum(before.weeks[:RECENT_WEEKS]), sum(after.weeks[:RECENT_WEEKS])
        pairs = [
            (FILLED, filled.all, now.all if now else 0.0, 0.0),
            (RECENTLY_FILLED, filled.recent, now.recent if now else 0.0, _by_chance(filled.recent, recent)),
        ]
        emptied = [
            (1 - left / share - chance, say(text, column=what, before=in_percent(share), now=in_percent(left)))
            for text, share, left, chance in pairs
            if share is not None and left is not None and share >= MIN_FILLED
        ]
        if emptied:
            fell, words = max(emptied, key=itemgetter(0))
            yield Effect("column_emptied", what, max(0.0, fell), words)
        if filled.varies and now is not None and now.all >= MIN_FILLED:
            words = say("{column}: had different values last time, has one and the same now", column=what)
            yield Effect("column_constant", what, float(not now.varies), words)
        yield from _values(what, (filled, before.rows), now)


def _outcomes(name: str, before: TableProfile, after: TableProfile) -> Iterator[Effect]:
    """How many rows say what came of them: once it is known it stays known, so they become more from week to week."""
    # Rows of customers who were forgotten, and a past that is gone, are said elsewhere.
    left = min(after.rows / before.rows, 1.0) if before.rows else 0.0
    for column in OUTCOMES.get(name, ()):
        filled, now = before.columns.get(column), after.columns.get(column)
        then, there = (round(one.all * rows) if one else 0 for one, rows in ((filled, before.rows), (now, after.rows)))
        if then < MIN_EXPECTED or not left:
            continue
        words = say(
            "{column}: known of {before} rows last time, of {now} now",
            column=f"{name}.{column}",
            before=then,
            now=there,
        )
        yield Effect("outcomes_undone", f"{name}.{column}", max(0.0, 1 - there / (then * left)), words)


def _values(what: str, last: tuple[Filled, int], after: Filled | None) -> Iterator[Effect]:
    """Numbers and flags over all rows: of a past that stays as it was, their mean hardly moves."""
    before, rows = last
    if after is None or before.mean is None or after.mean is None:
        return
    then, now = (Figure(f"{mean:,.4g}") for mean in (before.mean, after.mean))
    words = (
        say("{column}: {before} days after its row on average last time, {now} now", column=what, before=then, now=now)
        if what.endswith("_day")
        else say("{column}: {before} on average last time, {now} now", column=what, before=then, now=now)
    )
    moved = abs(after.mean - before.mean)
    if before.deviation:
        yield Effect("column_moved", what, moved / before.deviation, words)
    if moved and before.all * rows >= MIN_ROWS:
        # A single huge value moves the mean, but the deviation more. What was always the same cannot move by little.
        deviation = max(before.deviation or 0.0, after.deviation or 0.0)
        yield Effect("column_rescaled", what, moved / deviation if deviation else 1.0, words)


def _by_chance(share: float | None, rows: tuple[int, int]) -> float:
    """By what share of itself the share of a few rows can have fallen by chance: four standard errors."""
    if not share or not all(rows):
        return 0.0
    return 4 * sqrt(share * (1 - share) * (1 / rows[0] + 1 / rows[1])) / share


def _last_week(name: str, before: TableProfile, after: TableProfile) -> Iterator[Effect]:
    """What came in the last seven days, beside the seven days before the last list and the weeks before this one."""
    if before.weeks and after.weeks:
        for column, shares in before.kinds.items():
            for kind, share in shares.items():
                left = after.kinds.get(column, {}).get(kind, 0.0)
                words = say(
                    "{table}: {column} '{value}' was {before} of a week's rows last time, and is {now} now",
                    table=name, column=column, value=kind, before=in_percent(share), now=in_percent(left),
                )  # fmt: skip
                if share >= MIN_FILLED and share * min(before.weeks[0], after.weeks[0]) >= MIN_EXPECTED:
                    gone = "channel_gone" if name == "transactions" else "kind_gone"
                    yield Effect(gone, f"{name} {column} {kind}", max(0.0, 1 - left / share), words)
        if before.negative is not None and after.negative is not None and after.weeks[0] >= MIN_ROWS:
            then, now = before.negative, after.negative
            words = say(
                "{table}: {before} of a week's amounts were negative last time, {now} are now",
                table=name, before=in_percent(then), now=in_percent(now),
            )  # fmt: skip
            yield Effect("refunds_moved", name, abs(now - then), words)
    yield from _volume(name, after.weeks)


def _volume(name: str, weeks: list[int]) -> Iterator[Effect]:
    """The last week beside the weeks before it: nothing where they differ among each other nearly as much."""
    last, *earlier = weeks or [0]
    usual = median(earlier) if earlier else 0
    if len(earlier) < MIN_WEEKS or usual < MIN_ROWS:
        return
    moved = abs(last / usual - 1)
    spread = max(abs(week / usual - 1) for week in earlier)
    words = say(
        "{table}: {now} rows in the last 7 days, {low} to {high} in each of the {number} weeks before",
        table=name, now=last, low=min(earlier), high=max(earlier), number=len(earlier),
    )  # fmt: skip
    yield Effect("volume_moved", name, moved if moved > SPREADS * spread else 0.0, words)


def _people(then: Sample, now: Sample) -> Iterator[Effect]:
    """The same customers: who is gone, has another past, or is called or looked after otherwise."""
    if then.height < MIN_ROWS:
        return
    both = then.join(now, on="customer_id", how="left", suffix="_now")
    gone = both["rows_now"].null_count()
    is_other = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_now") for name in ("amount_minor", "first_day"))
    other = both.filter(pl.col("rows_now").is_not_null() & is_other).height
    words = say(
        "of {number} customers of last time {gone} are not there now, and {other} have another past",
        number=then.height, gone=gone, other=other,
    )  # fmt: skip
    yield Effect("customers_changed", "", (gone + other) / then.height, words)
    for kind, what, text in (("names_changed", "name", OTHER_NAME), ("owners_changed", "owner", OTHER_OWNER)):
        before, after = pl.col(f"{what}_hash"), pl.col(f"{what}_hash_now")
        known = both.filter(before.is_not_null() & after.is_not_null())
        if known.height >= MIN_ROWS:
            moved = known.filter(before != after).height
            yield Effect(kind, "", moved / known.height, say(text, number=known.height, other=moved))
    for column in CONSENTS:
        known = both.filter(pl.col(column).is_not_null() & pl.col(f"{column}_now").is_not_null())
        if known.height >= MIN_ROWS:
            turned = known.filter(~pl.col(column) & pl.col(f"{column}_now")).height
            words = say("{column}: of {number} customers {turned} had refused last time and agree now",
                        column=column, number=known.height, turned=turned)  # fmt: skip
            yield Effect("consent_turned", column, turned / known.height, words)


def _habits(now: Profile) -> Iterator[Effect]:
    """Orders under other customers' ids are of stores and categories that these never had before."""
    for habit, ((share, rows), *before) in now.familiar.items():
        earlier = sum(number for _, number in before)
        if min(rows, earlier) >= MIN_ROWS and (usual := sum(of * number for of, number in before) / earlier):
            words = say(
                "transactions: in {now} of the rows of the last two weeks the customer had had the {column} before, in "
                "{before} of those of the weeks before",
                now=in_percent(share), column=habit, before=in_percent(usual),
            )  # fmt: skip
            size = max(0.0, 1 - share / usual - _by_chance(usual, (rows, earlier)))
            yield Effect("habits_changed", habit, size, words)


def _register(then: Profile, now: Profile) -> Iterator[Effect]:
    if then.registered:
        share = now.registered or 0.0
        words = say(
            "customers: {before} of those scored were in it last time, {now} are now",
            before=in_percent(then.registered, 1), now=in_percent(share, 1),
        )  # fmt: skip
        yield Effect("register_fell", "", max(0.0, 1 - share / then.registered), words)
    for column, (known, agreed) in then.consents.items():
        share, yes = now.consents.get(column, (0.0, 0.0))
        words = say(
            "{column}: known of {before} of those scored last time, of {now} now",
            column=column, before=in_percent(known, 1), now=in_percent(share, 1),
        )  # fmt: skip
        yield Effect("consent_lost", column, max(0.0, 1 - share / known) if known else 0.0, words)
        if known and share:
            words = say(
                "{column}: {before} agreed last time, {now} do now",
                column=column, before=in_percent(agreed, 1), now=in_percent(yes, 1),
            )  # fmt: skip
            yield Effect("consent_moved", column, abs(yes - agreed), words)
