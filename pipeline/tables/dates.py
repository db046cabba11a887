"""A guess at how dates are written, for the message about dates that could not be read."""

from datetime import datetime

DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y%m%d", "%Y.%m.%d", "%d %b %Y", "%d/%m/%y")
CLOCKS = ("", " %H:%M", " %H:%M:%S")


def fitting_formats(values: list[str]) -> list[str]:
    """The formats all values can be read with.

    >>> fitting_formats(["03/04/2017", "31/12/2017"])
    ['%d/%m/%Y']
    >>> fitting_formats(["03/04/2017"])
    ['%d/%m/%Y', '%m/%d/%Y']
    """
    candidates = [day + clock for clock in CLOCKS for day in DAYS]
    return [form for form in candidates if values and all(_reads(value, form) for value in values)]


def _reads(value: str, form: str) -> bool:
    try:
        datetime.strptime(value, form)  # noqa: DTZ007 - only the form is tried, the day is thrown away
    except ValueError:
        return False
    return True


def hint(where: str, rule: str, values: list[str]) -> str | None:
    """What to write so that the dates are read, if that can be told."""
    if not rule.endswith("is not a date"):
        return None
    forms = fitting_formats(values)
    if not forms:
        return f"say how dates are written: {where}.ts_format"
    either = " or ".join(f'`ts_format: "{form}"`' for form in forms)
    return f"set {where}.{either}" if len(forms) == 1 else f"set {where} to {either}, whichever is meant"
