"""A guess at how dates are written that are not ISO, and the names of months in other languages."""

import re
from datetime import datetime
from functools import cache, lru_cache
from itertools import product

from pipeline import sql

# Seconds and milliseconds since 1970, which no format of strptime names.
EPOCH_SECONDS, EPOCH_MILLISECONDS = "epoch_s", "epoch_ms"
# Days of our times, 2000 to 2034; a longer span would take articles and telephones for moments.
EPOCHS = {EPOCH_SECONDS: (946_684_800, 2_051_222_400), EPOCH_MILLISECONDS: (946_684_800_000, 2_051_222_400_000)}
DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y%m%d", "%Y.%m.%d", "%d %b %Y", "%d/%m/%y")
MORE_DAYS = (
    "%d.%m.%y", "%m/%d/%y", "%Y/%m/%d", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%b %d %Y", "%d. %b %Y", "%d %b, %Y",
    "%a, %d %b %Y", "%a %d %b %Y", )  # fmt: skip
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p", ", %H:%M", ", %I:%M %p", ", %H:%M:%S")
# Those that stand without a clock behind them.
WHOLE = (
    *(f"%Y-%m-%d{clock}" for clock in CLOCKS if "%p" in clock),
    "%G-W%V-%u", "%G-W%V", "%Y%m%d%H%M%S", "%Y%m%dT%H%M%S",
)  # fmt: skip
# Names of months in the languages that columns are known in, the longer ones first.
MONTHS = {
    "Jan": "january januar janvier janv enero gennaio januari jan ene gen",
    "Feb": "february februar février fevrier févr fevr febrero febbraio februari feb",
    "Mar": "march märz maerz mars marzo maart mrt mar mär mrz",
    "Apr": "april avril abril aprile avr abr apr",
    "May": "mayo maggio mai mag mei may",
    "Jun": "june juni juin junio giugno giu jun",
    "Jul": "july juli juillet julio luglio juil lug jul",
    "Aug": "august août aout agosto augustus ago aug",
    "Sep": "september septembre septiembre settembre sept set sep",
    "Oct": "october oktober octobre octubre ottobre ott okt oct",
    "Nov": "november novembre noviembre nov",
    "Dec": "december dezember décembre decembre diciembre dicembre desember déc dez des dic dec",
}

SHORTEST = {"%Y%m%d": 8, "%Y%m%d%H%M%S": 14, "%Y%m%dT%H%M%S": 15}
# What people write where a contract has no end, or nobody cancelled: words, and dates made of zeros and marks alone.
OPEN_WORDS = (
    "open", "offen", "unlimited", "unbefristet", "infinity", "ongoing", "present", "never", "none", "aktiv", "active",
    "∞", "indefini", "indéfini", "indefinido", "indeterminato", "onbepaald", "ubestemt", "nat", "na", "n/a", "<na>",
)  # fmt: skip
ZEROS = r"[0.:/ T-]+"


def is_open(value: str) -> bool:
    """Whether a text stands for no day at all.

    >>> [is_open(text) for text in ("0000-00-00", "-", "Unbefristet", "2024-01-01")]
    [True, True, True, False]
    """
    return value.lower() in OPEN_WORDS or re.fullmatch(ZEROS, value) is not None


@lru_cache(maxsize=4096)
def english_months(value: str) -> str:
    """A date with the English short name of its month.

    >>> english_months("3. März 2024"), english_months("03-févr.-24"), english_months("October 5, 2024")
    ('3. Mar 2024', '03-Feb-24', 'Oct 5, 2024')
    """
    for short, pattern in _month_patterns().items():
        value = re.sub(pattern, rf"\g<1>{short}\g<2>", value, count=1)
    return value


def english_months_query(raw: str) -> str:
    """`english_months` as an expression of the query engine."""
    for short, pattern in _month_patterns().items():
        new = f"\\1{short}\\2"
        raw = f"regexp_replace({raw}, {sql.text(pattern)}, {sql.text(new)})"
    return raw


@cache
def _month_patterns() -> dict[str, str]:
    return {
        short: rf"(?i)(^|[^a-zà-ÿ])(?:{'|'.join(names.split())})\.?($|[^a-zà-ÿ.])" for short, names in MONTHS.items()
    }


def parsed_format(ts_format: str) -> str:
    """The format of a date once `english_months` has shortened its month."""
    return ts_format.replace("%B", "%b")


def names_months(ts_format: str) -> bool:
    """Whether months stand in a format by their names."""
    return "%b" in ts_format or "%B" in ts_format


def fitting_formats(values: list[str]) -> list[str]:
    """The formats all values can be read with.

    >>> fitting_formats(["03/04/2017", "31/12/2017"])
    ['%d/%m/%Y']
    >>> fitting_formats(["03/04/2017"])
    ['%d/%m/%Y', '%m/%d/%Y']
    >>> fitting_formats(["3/4/2017 1:05 PM", "12/31/2017 11:59 am"]), fitting_formats(["1704067200"])
    (['%m/%d/%Y %I:%M %p'], ['epoch_s'])
    """
    if not values or not all(re.search(r"\d", value) for value in values):
        return []
    marks = frozenset.intersection(*(frozenset(value) for value in values))
    # Most columns are no days at all: a mark that is missing is seen at once, a trial of a hundred forms takes a while.
    candidates = [form for form in _forms() if _marks(form) <= marks]
    forms = [form for form in candidates if all(_reads(value, form) for value in values)]
    return forms or [epoch for epoch, span in EPOCHS.items() if all(_is_epoch(value, span) for value in values)]


def _forms() -> list[str]:
    return [day + clock for clock, day in product(CLOCKS, (*DAYS, *MORE_DAYS))] + [*WHOLE]


@lru_cache(maxsize=256)
def _marks(form: str) -> frozenset[str]:
    """What stands in every day of a form: its points, strokes, colons and commas."""
    return frozenset(re.sub(r"%.|[\sA-Z]", "", form))


def _is_epoch(value: str, span: tuple[int, int]) -> bool:
    return re.fullmatch(r"\d{10,13}(\.0)?", value) is not None and span[0] <= float(value) < span[1]


def _reads(value: str, form: str) -> bool:
    # Python reads 1704067200 as a day of the year 1704.
    if form in SHORTEST and len(value) < SHORTEST[form]:
        return False
    if form.endswith("%V"):
        value, form = f"{value}-1", f"{form}-%u"
    try:
        # Only the form is tried, the day is thrown away.
        datetime.strptime(english_months(value) if "%b" in form else value, form)  # noqa: DTZ007
    except ValueError:
        return False
    return True
