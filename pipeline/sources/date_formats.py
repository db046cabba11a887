"""A guess at how dates are written that are not ISO."""

from datetime import datetime

DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y%m%d", "%Y.%m.%d", "%d %b %Y", "%d/%m/%y")
MORE_DAYS = ("%d.%m.%y", "%m/%d/%y", "%Y/%m/%d")
CLOCKS = ("", " %H:%M", " %H:%M:%S")


def fitting_formats(values: list[str]) -> list[str]:
    """The formats all values can be read with.

    >>> fitting_formats(["03/04/2017", "31/12/2017"])
    ['%d/%m/%Y']
    >>> fitting_formats(["03/04/2017"])
    ['%d/%m/%Y', '%m/%d/%Y']
    """
    candidates = [day + clock for clock in CLOCKS for day in (*DAYS, *MORE_DAYS)]
    return [form for form in candidates if values and all(_reads(value, form) for value in values)]


def _reads(value: str, form: str) -> bool:
    try:
        datetime.strptime(value, form)  # noqa: DTZ007 - only the form is tried, the day is thrown away
    except ValueError:
        return False
    return True
