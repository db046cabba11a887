"""Moments and days as people write them, as expressions of the query engine; and the hint where that does not do."""

import re

from pipeline import sql
from pipeline.sources import date_formats
from pipeline.sources.date_formats import fitting_formats

# ISO 8601 days and timestamps; a zone is Z, UTC, GMT, +02:00, +0200 or +02. Anything else is refused, not guessed.
DAY_ONLY = r"\d{4}-\d{1,2}-\d{1,2}"
CLOCK = DAY_ONLY + r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
ZONE = r"\s*(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?)"
CLOCK_DIRECTIVE = r"%-?[HIcsfgnXT]"
# A day outside of these years in a column that need not be filled stands for none.
FIRST_DAY, LAST_DAY = "1970-01-02", "2089-12-31"


def is_open_query(value: str) -> str:
    """Whether a text stands for no day at all."""
    words = ", ".join(map(sql.text, date_formats.OPEN_WORDS))
    return f"(lower({value}) IN ({words}) OR regexp_full_match({value}, {sql.text(date_formats.ZEROS)}))"


def by_its_looks(raw: str, zone: str) -> tuple[str, str]:
    """The moment an ISO text names, in its own zone or the one given, and the day of one without a time."""
    with_z = f"regexp_replace({raw}, '\\s*(UTC|GMT|z)$', 'Z')"
    instant = f"TRY_CAST(regexp_replace({with_z}, '\\s+([+-])', '\\1') AS TIMESTAMPTZ)"
    local = f"timezone({zone}, TRY_CAST({raw} AS TIMESTAMP))"
    moment = f"""CASE WHEN regexp_full_match({raw}, {sql.text(CLOCK)}) THEN {local}
        WHEN regexp_full_match({raw}, {sql.text(CLOCK + ZONE)}) THEN {instant} END"""
    return moment, f"CASE WHEN regexp_full_match({raw}, {sql.text(DAY_ONLY)}) THEN TRY_CAST({raw} AS DATE) END"


def by_format(raw: str, ts_format: str, zone: str) -> tuple[str, str]:
    """The same for a text that is written in a format."""
    if ts_format in date_formats.EPOCHS:
        thousandths = 1000 if ts_format == date_formats.EPOCH_SECONDS else 1
        moment = f"TRY_CAST({raw} AS DOUBLE) * {thousandths}"
        return (
            f"CASE WHEN abs({moment}) < 1e14 THEN make_timestamptz(CAST({moment} * 1000 AS BIGINT)) END",
            "NULL::DATE",
        )
    form = date_formats.parsed_format(ts_format)
    text = date_formats.english_months_query(raw) if date_formats.names_months(ts_format) else raw
    if form.endswith("%V"):
        # A week without a day is its Monday.
        text, form = f"({text} || '-1')", f"{form}-%u"
    parsed = f"TRY_STRPTIME({text}, {sql.text(form)})"
    if re.search("%[zZ]", ts_format):
        return parsed, "NULL::DATE"
    if re.search(CLOCK_DIRECTIVE, ts_format):
        return f"timezone({zone}, {parsed})", "NULL::DATE"
    return "NULL::TIMESTAMPTZ", f"CAST({parsed} AS DATE)"


def is_timed_query(names: tuple[str, str, str], kind: str | None, ts_format: str | None) -> str:
    """Whether a moment has a time of day; in any zone, midnight is a whole quarter of an hour.

    Parameters
    ----------
    names
        The columns of its text, of its value where this has a type, and of the moment.
    kind, ts_format
        The engine's type of the column, and how its texts are written if they are not ISO.
    """
    raw, typed, moment = names
    if kind == "TIMESTAMP" and ts_format is None:
        return f"coalesce(TRY_CAST({typed} AS TIME) >= TIME '00:01:00', false)"
    if kind == "TIMESTAMP WITH TIME ZONE" or ts_format is not None:
        return f"coalesce(epoch_ms({moment}) % 900000 <> 0, false)"
    return f"({moment} IS NOT NULL AND {raw} NOT LIKE '% 00:00%' AND {raw} NOT LIKE '%T00:00%')"


def hint(where: str, rule: str, values: list[str]) -> str | None:
    """What to write so that the dates are read, if that can be told."""
    if not rule.endswith("is not a date"):
        return None
    forms = fitting_formats(values)
    if not forms:
        return f"say how dates are written: {where}.ts_format"
    either = " or ".join(f'`ts_format: "{form}"`' for form in forms)
    return f"set {where}.{either}" if len(forms) == 1 else f"set {where} to {either}, whichever is meant"
