"""Days as spreadsheets write them when a list is saved again."""

import re
from datetime import date, timedelta
from typing import Final

YEAR_FIRST: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?(?:[T ]\d.*)?")
YEAR_LAST: Final = re.compile(r"(\d{1,2})[./-]\s?(\d{1,2})[./-]\s?(\d{4}|\d{2})")
# Days since the last one of 1899, as a spreadsheet counts them inside; these are the years 2000 to 2099.
SERIAL: Final = range(36526, 73051)
COUNTED_FROM: Final = date(1899, 12, 30)


def readings(text: str) -> list[date]:
    """Every day that a text can mean: two where day and month can be taken for each other, none where it is no day.

    Examples
    --------
    >>> [day.isoformat() for day in readings("2018-01-05")], [day.isoformat() for day in readings("5.1.18")]
    (['2018-01-05'], ['2018-01-05'])
    >>> [day.isoformat() for day in readings("1/5/2018")]
    ['2018-05-01', '2018-01-05']
    >>> readings("soon"), readings("43105") == readings("2018-01-05")
    ([], True)
    """
    text = text.strip()
    if match := YEAR_FIRST.fullmatch(text):
        return _days(*match.groups())
    if match := YEAR_LAST.fullmatch(text):
        one, other, year = match.groups()
        full = year if len(year) > 2 else f"20{year}"
        # Only between slashes does the month come first anywhere.
        orders = ((other, one), (one, other)) if "/" in text else ((other, one),)
        return list(dict.fromkeys(day for month, of_month in orders for day in _days(full, month, of_month)))
    if text.isascii() and text.isdigit() and int(text) in SERIAL:
        return [COUNTED_FROM + timedelta(days=int(text))]
    return []


def _days(year: str, month: str, day: str) -> list[date]:
    try:
        return [date(int(year), int(month), int(day))]
    except ValueError:
        return []
