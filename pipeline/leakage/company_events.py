"""Events that look like something the company did: a mail, a call, an offer. What one does is no sign of the other.

Such rows belong under ``sources.contacts``: they are treatments, often set off by the very silence a model should see,
and they stop or change when the company decides so.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from pipeline import sql

# Fewer rows than this show nothing.
MIN_ROWS = 20
# Share of the rows that must carry the trace; half, so that a type of mixed origin shows as well.
MIN_SHARE = 0.5
# Times what chance, or the customers' own purchases on those days, would give.
TIMES = 3.0
# Share of all its customers who must have it on one day for it to be sent to many at once.
AT_ONCE = 0.1
# Shorter pauses since the last purchase are how people live, not a rule that waits for silence.
MIN_SILENCE = 7
PAUSES = 3  # a chain of mails has a few


@dataclass(frozen=True)
class Seen:
    """Counts of one bucket; those of all buckets add up, since a customer is in one bucket only.

    Attributes
    ----------
    pauses
        By event type and days since the last purchase (null before the first): customer-days, those on which the
        company got in touch, and the days on which it ever got in touch with these customers.
    days
        By event type and day: customers.
    customers
        By event type.
    purchases
        By day: customers.
    gaps
        By days between two purchase days: how often.
    """

    pauses: pl.DataFrame
    days: pl.DataFrame
    customers: pl.DataFrame
    purchases: pl.DataFrame
    gaps: pl.DataFrame


def count(engine: duckdb.DuckDBPyConnection, transactions: Path, events: Path, contacts: Path | None) -> Seen:
    """Count one bucket."""
    lines, acts = sql.parquet([transactions]), sql.parquet([events])
    touched = sql.parquet([contacts]) if contacts else "(SELECT NULL::BIGINT AS customer_key, NULL::DATE AS day)"
    bought = f"SELECT DISTINCT customer_key, day FROM {lines} WHERE amount_minor >= 0"
    engine.execute(f"CREATE TEMP TABLE bought AS {bought}")
    engine.execute(f"CREATE TEMP TABLE acts AS SELECT DISTINCT customer_key, day, event_type FROM {acts}")
    engine.execute(f"CREATE TEMP TABLE touched AS SELECT DISTINCT customer_key, day FROM {touched}")
    pauses = """
        SELECT event_type, acts.day - bought.day AS pause, count(*) AS rows,
            count(touched.day) AS contacted, CAST(coalesce(sum(often.days), 0) AS BIGINT) AS contact_days
        FROM acts ASOF LEFT JOIN bought ON acts.customer_key = bought.customer_key AND acts.day >= bought.day
        LEFT JOIN touched ON acts.customer_key = touched.customer_key AND acts.day = touched.day
        LEFT JOIN (SELECT customer_key, count(*) AS days FROM touched GROUP BY ALL) often
            ON acts.customer_key = often.customer_key
        GROUP BY ALL"""
    gaps = """
        SELECT pause, count(*) AS rows
        FROM (SELECT day - lag(day) OVER (PARTITION BY customer_key ORDER BY day) AS pause FROM bought)
        WHERE pause IS NOT NULL GROUP BY ALL"""
    return Seen(
        sql.frame(engine, pauses),
        sql.frame(engine, "SELECT event_type, day, count(*) AS rows FROM acts GROUP BY ALL"),
        sql.frame(engine, "SELECT event_type, count(DISTINCT customer_key) AS rows FROM acts GROUP BY ALL"),
        sql.frame(engine, "SELECT day, count(*) AS rows FROM bought GROUP BY ALL"),
        sql.frame(engine, gaps),
    )


def add_up(parts: list[Seen]) -> Seen:
    """The counts of all buckets, in an order that no bucket decides."""

    def added(name: str, *keys: str) -> pl.DataFrame:
        tables: list[pl.DataFrame] = [getattr(part, name) for part in parts]
        return pl.concat(tables).group_by(keys).sum().sort(keys)

    return Seen(
        added("pauses", "event_type", "pause"),
        added("days", "event_type", "day"),
        added("customers", "event_type"),
        added("purchases", "day"),
        added("gaps", "pause"),
    )


def by_the_company(seen: Seen, used: list[str]) -> list[str]:
    """One sentence for each event type that carries a trace of the company's own doing.

    Parameters
    ----------
    seen
        The counts of all buckets.
    used
        ``params.yaml: features.event_types``: those with features of their own.
    """
    sentences = []
    for event_type in seen.customers["event_type"].to_list():
        own = pl.col("event_type") == event_type
        rows = int(seen.days.filter(own)["rows"].sum())
        checks = [
            _with_contacts(seen.pauses.filter(own), _span(seen.purchases["day"])),
            _at_once(seen.days.filter(own), int(seen.customers.filter(own)["rows"][0]), seen.purchases),
            _after_silence(seen.pauses.filter(own), seen.gaps),
        ]
        traces = [trace for trace in checks if trace and rows >= MIN_ROWS]
        if traces:
            also = ", and out of features.event_types" if event_type in used else ""
            sentences.append(
                f"event type {event_type} looks like something the company did: {'; '.join(traces)}. What the company "
                f"does is no behaviour: move these rows to sources.contacts{also}"
            )
    return sentences


def _span(days: pl.Series) -> int:
    """Days from the first to the last."""
    first, last = days.min(), days.max()
    return (last - first).days + 1 if isinstance(first, date) and isinstance(last, date) else 1


def _with_contacts(pauses: pl.DataFrame, span: int) -> str | None:
    rows, contacted, contact_days = (int(pauses[name].sum()) for name in ("rows", "contacted", "contact_days"))
    if contacted < MIN_SHARE * rows or contacted < TIMES * contact_days / span:
        return None
    return f"{contacted / rows:.0%} of {rows:,} rows fall on a day of a contact with the same customer"


def _at_once(days: pl.DataFrame, customers: int, purchases: pl.DataFrame) -> str | None:
    """Days on which many have it at once, and not because many bought that day."""
    total = int(days["rows"].sum())
    bought = purchases.filter(pl.col("day").is_between(days["day"].min(), days["day"].max()))
    flat = total / _span(days["day"])
    compared = days.join(bought.select("day", bought="rows"), on="day", how="left").with_columns(
        usual=pl.max_horizontal(pl.lit(flat), pl.col("bought").fill_null(0) * total / max(1, int(bought["rows"].sum())))
    )
    crowded = compared.filter((pl.col("rows") >= AT_ONCE * customers) & (pl.col("rows") >= TIMES * pl.col("usual"))
                          & (pl.col("rows") >= MIN_ROWS / 2))  # fmt: skip
    share = int(crowded["rows"].sum()) / max(1, total)
    if share < MIN_SHARE:
        return None
    return f"{share:.0%} of {total:,} rows fall on {len(crowded)} days on which many customers have it at once"


def _after_silence(pauses: pl.DataFrame, gaps: pl.DataFrame) -> str | None:
    """Pauses of exactly so many days, which purchases themselves do not make."""
    known = pauses.drop_nulls("pause")
    total = int(known["rows"].sum())
    top = known.filter(pl.col("pause") >= MIN_SILENCE).sort(["rows", "pause"], descending=[True, False]).head(PAUSES)
    exact = top.filter(pl.col("rows") >= MIN_SHARE / PAUSES * total)
    share = int(exact["rows"].sum()) / max(1, total)
    exact_pauses = sorted(exact["pause"].to_list())
    # A visit the day before a purchase has the purchase's own rhythm, less a day.
    rhythm = {day + off for day in exact_pauses for off in (0, 1)}
    honest = int(gaps.filter(pl.col("pause").is_in(sorted(rhythm)))["rows"].sum()) / max(1, int(gaps["rows"].sum()))
    if total < MIN_ROWS or share < MIN_SHARE or share < TIMES * honest:
        return None
    days = " or ".join(str(day) for day in exact_pauses)
    return (
        f"{share:.0%} of {total:,} rows come exactly {days} days after the last purchase, as a mail set off by silence"
    )
