"""Moments and days as people write them, as expressions of the query engine; and the hint where that does not do."""

import re

from pipeline import sql
from pipeline.sources.date_formats import fitting_formats

# ISO 8601 days and timestamps; a zone is Z, UTC, GMT, +02:00, +0200 or +02. Anything else is refused, not guessed.
DAY_ONLY = r"\d{4}-\d{1,2}-\d{1,2}"
CLOCK = DAY_ONLY + r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
ZONE = r"\s*(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?)"
CLOCK_DIRECTIVE = r"%-?[HIcsfgnXT]"


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
    parsed = f"TRY_STRPTIME({raw}, {sql.text(ts_format)})"
    if re.search("%[zZ]", ts_format):
        return parsed, "NULL::DATE"
    if re.search(CLOCK_DIRECTIVE, ts_format):
        return f"timezone({zone}, {parsed})", "NULL::DATE"
    return "NULL::TIMESTAMPTZ", f"CAST({parsed} AS DATE)"


def hint(where: str, rule: str, values: list[str]) -> str | None:
    """What to write so that the dates are read, if that can be told."""
    if not rule.endswith("is not a date"):
        return None
    forms = fitting_formats(values)
    if not forms:
        return f"say how dates are written: {where}.ts_format"
    either = " or ".join(f'`ts_format: "{form}"`' for form in forms)
    return f"set {where}.{either}" if len(forms) == 1 else f"set {where} to {either}, whichever is meant"
