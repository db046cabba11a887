"""What is wrong with a feed on a snapshot, judged by what is usual for that feed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import polars as pl

from pipeline.config.params import Data, Feeds
from pipeline.examples.feeds import Profile
from pipeline.messages import Figure, Message, counted, in_percent, say

# Fewer rows than this on a day, or days with rows, say nothing about volume, amounts, ids or currencies.
MIN_ROWS, MIN_DAYS = 20, 14
FLAT_DAYS = 7
# As many rows each day as the days before differ by at least this much (standard deviation over mean).
MIN_SPREAD = 0.05
NEW_SHARE = 0.9


@dataclass(frozen=True)
class Finding:
    """Something about a feed.

    Attributes
    ----------
    table
        The feed.
    kind
        ``outage``, ``not_begun``, ``drop``, ``flat``, ``repeated_day``, ``unit_change``, ``strange_ids``,
        ``new_ids`` or ``currency_mix``.
    description
        What was found, beside what is usual.
    """

    table: str
    kind: str
    description: Message

    @property
    def is_outage(self) -> bool:
        """Whether nothing came, so that its features are unknown; all else is suspicious, for something wrong came."""
        return self.kind in {"outage", "not_begun"}

    def as_report(self) -> dict[str, Any]:
        """The finding, for ``reports/feeds.json``: in English, and as a sentence for those who read other languages."""
        words = {"description": str(self.description), "sentence": self.description.as_json()}
        return {"table": self.table, "kind": self.kind, **words}

    @classmethod
    def from_report(cls, content: dict[str, Any]) -> "Finding":
        """The finding that ``reports/feeds.json`` holds; of an older version, its words alone."""
        sentence = content.get("sentence")
        words = say(content["description"]) if sentence is None else Message.from_json(sentence)
        return cls(content["table"], content["kind"], words)


def down(findings: Iterable[Finding]) -> frozenset[str]:
    """The tables of which nothing comes any more; one that has not begun was missing in training, too."""
    return frozenset(finding.table for finding in findings if finding.kind == "outage")


def check_feeds(profile: Profile, snapshot: date, settings: Feeds, data: Data) -> list[Finding]:
    """Everything wrong with the feeds on a snapshot, by what came before it.

    Parameters
    ----------
    profile
        The feeds of all buckets.
    snapshot
        Days from here on are not looked at.
    settings
        ``params.yaml: feeds``.
    data
        ``params.yaml: data``: the currency, and the share of rows that may be refused.
    """
    return [
        finding
        for table in sorted(profile.days["table"].unique().to_list())
        for finding in _of_table(table, profile, snapshot, settings, data)
    ]


def _of_table(table: str, profile: Profile, snapshot: date, settings: Feeds, data: Data) -> Iterator[Finding]:
    known, ids, refused = (
        part.filter((pl.col("table") == table) & (pl.col("day") < snapshot)).sort("day")
        for part in (profile.days, profile.ids, profile.refused)
    )
    if known.is_empty():
        words = say("{table}: no row before {day}; its features are missing there", table=table, day=snapshot)
        yield Finding(table, "not_begun", words)
        return
    recent, usual = _windows(known, snapshot, settings)
    checks: list[Finding | None] = []
    is_usual_known = usual.height >= MIN_DAYS and usual["rows"].sum() / settings.usual_days >= 1
    if is_usual_known:
        # Before all else, and beside an outage too: what was refused may be all that is missing.
        checks.append(_mixed(table, (recent, usual), _windows(refused, snapshot, settings), settings, data))
    silence = _silence(table, known, snapshot, settings)
    if silence is not None:
        checks.append(silence)
    elif is_usual_known:
        checks += [
            _drop(table, recent, usual, settings),
            _flat(table, recent, usual),
            _repeated(table, recent),
            _unit(table, recent, usual, settings),
            _shapes(table, ids, snapshot, settings),
            _new(table, recent, usual),
        ]
    yield from (finding for finding in checks if finding is not None)


def _windows(known: pl.DataFrame, snapshot: date, settings: Feeds) -> tuple[pl.DataFrame, pl.DataFrame]:
    start = snapshot - timedelta(days=settings.recent_days)
    first = start - timedelta(days=settings.usual_days)
    return known.filter(pl.col("day") >= start), known.filter((pl.col("day") < start) & (pl.col("day") >= first))


def _silence(table: str, known: pl.DataFrame, snapshot: date, settings: Feeds) -> Finding | None:
    """Nothing for much longer than this feed has ever paused in the days that are usual."""
    last = known["day"].max()
    assert isinstance(last, date), "there are rows"
    silent = (snapshot - last).days - 1
    days = known.filter(pl.col("day") >= last - timedelta(days=settings.usual_days))["day"].to_list()
    longest = max(((later - day).days - 1 for day, later in pairwise(days)), default=settings.usual_days)
    if silent < settings.min_silent_days or silent <= settings.silence_times * longest:
        return None
    pause = counted("{number} day", "{number} days", longest)
    usual = say("it never paused for longer than {pause}", pause=pause) if longest else say("it came every day")
    words = say(
        "{table}: no row since {last}, {silent} days before {day}, though {what} in the {usual} days before; taken for "
        "an outage: its features are missing",
        table=table, last=last, silent=silent, day=snapshot, what=usual, usual=settings.usual_days,
    )  # fmt: skip
    return Finding(table, "outage", words)


def _per_day(part: pl.DataFrame, column: str, days: int) -> float:
    return float(part[column].sum()) / days


def _drop(table: str, recent: pl.DataFrame, usual: pl.DataFrame, settings: Feeds) -> Finding | None:
    now, before = (_per_day(recent, "rows", settings.recent_days), _per_day(usual, "rows", settings.usual_days))
    if before * settings.recent_days < MIN_ROWS or now >= (1 - settings.max_drop) * before:
        return None
    words = say(
        "{table}: {now} rows a day in the last {days} days, {before} in the days before: {fewer} fewer ({setting} "
        "allows {allowed})",
        table=table, now=Figure(f"{now:,.1f}"), days=settings.recent_days, before=Figure(f"{before:,.1f}"),
        fewer=in_percent(1 - now / before), setting="feeds.max_drop", allowed=in_percent(settings.max_drop),
    )  # fmt: skip
    return Finding(table, "drop", words)


def _flat(table: str, recent: pl.DataFrame, usual: pl.DataFrame) -> Finding | None:
    rows = recent["rows"].to_list()[-FLAT_DAYS:]
    mean, spread = usual["rows"].mean(), usual["rows"].std()
    assert isinstance(mean, float) and isinstance(spread, float), "numbers have means"
    if len(rows) < FLAT_DAYS or len(set(rows)) > 1 or rows[0] < MIN_ROWS or spread < MIN_SPREAD * mean:
        return None
    words = say(
        "{table}: exactly {number} rows on each of the last {days} days",
        table=table, number=int(rows[0]), days=FLAT_DAYS,
    )  # fmt: skip
    return Finding(table, "flat", words)


def _repeated(table: str, recent: pl.DataFrame) -> Finding | None:
    rich = recent.filter(pl.col("rows") >= MIN_ROWS)
    twice = rich.filter(pl.struct("rows", "content").is_duplicated())["day"].to_list()
    if not twice:
        return None
    first, second = twice[:2]
    words = say("{table}: {first} and {second} hold exactly the same rows", table=table, first=first, second=second)
    return Finding(table, "repeated_day", words)


def _unit(table: str, recent: pl.DataFrame, usual: pl.DataFrame, settings: Feeds) -> Finding | None:
    amounts = [float(part["amount_minor"].sum()) / max(1, int(part["rows"].sum())) for part in (recent, usual)]
    if min(amounts) <= 0 or recent["rows"].sum() < MIN_ROWS:
        return None
    times = amounts[0] / amounts[1]
    if 1 / settings.max_amount_times < times < settings.max_amount_times:
        return None
    words = say(
        "{table}: the mean amount of the last days is {times} times that of the days before ({setting} allows "
        "{allowed}); has the unit changed, such as to cents?",
        table=table, times=Figure(f"{times:,.2f}"), setting="feeds.max_amount_times",
        allowed=Figure(f"{settings.max_amount_times:g}"),
    )  # fmt: skip
    return Finding(table, "unit_change", words)


def _shapes(table: str, ids: pl.DataFrame, snapshot: date, settings: Feeds) -> Finding | None:
    recent, usual = _windows(ids, snapshot, settings)
    total = int(recent["rows"].sum())
    strange = recent.filter(~pl.col("shape").is_in(usual["shape"].unique().to_list()))
    share = int(strange["rows"].sum()) / max(1, total)
    if total < MIN_ROWS or share <= settings.max_strange_ids:
        return None
    such = strange.sort("rows", "shape", descending=[True, False])["shape"][0]
    words = say(
        "{table}: {share} of the rows of the last days have a customer_id of a form never seen before, such as "
        "'{such}' ({setting} allows {allowed})",
        table=table, share=in_percent(share), such=str(such), setting="feeds.max_strange_ids",
        allowed=in_percent(settings.max_strange_ids),
    )  # fmt: skip
    return Finding(table, "strange_ids", words)


def _new(table: str, recent: pl.DataFrame, usual: pl.DataFrame) -> Finding | None:
    """Ids of the same form that nobody had before: customers were numbered anew."""
    now, before = (int(p["new_customers"].sum()) / max(1, int(p["customers"].sum())) for p in (recent, usual))
    if recent["customers"].sum() < MIN_ROWS or now < NEW_SHARE or before > NEW_SHARE / 2:
        return None
    words = say(
        "{table}: {now} of the customers of the last days were never seen before, {before} is usual; were they "
        "numbered anew?",
        table=table, now=in_percent(now), before=in_percent(before),
    )  # fmt: skip
    return Finding(table, "new_ids", words)


def _mixed(
    table: str,
    accepted: tuple[pl.DataFrame, pl.DataFrame],
    refused: tuple[pl.DataFrame, pl.DataFrame],
    settings: Feeds,
    data: Data,
) -> Finding | None:
    """Sales in another currency, which ingest refused: what may be lost of a source may be lost of its last days.

    Ingest looks at the share of all years, which hardly moves when a part of one week is refused.
    """
    now, before = (
        int(out["rows"].sum()) / max(1, int(out["rows"].sum()) + int(kept["rows"].sum()))
        for out, kept in zip(refused, accepted, strict=True)
    )
    if refused[0]["rows"].sum() < MIN_ROWS or now - before <= data.max_rejected_share:
        return None
    words = say(
        "{table}: {now} of the rows of the last {days} days are not in {currency} and were refused, {before} in the "
        "days before ({setting} allows {allowed} more)",
        table=table, now=in_percent(now, 1), days=settings.recent_days, currency=data.currency,
        before=in_percent(before, 1), setting="data.max_rejected_share", allowed=in_percent(data.max_rejected_share, 1),
    )  # fmt: skip
    return Finding(table, "currency_mix", words)
