"""What to write so that dates are read, for the message about dates that could not be."""

from pipeline.sources.date_formats import fitting_formats


def hint(where: str, rule: str, values: list[str]) -> str | None:
    """What to write so that the dates are read, if that can be told."""
    if not rule.endswith("is not a date"):
        return None
    forms = fitting_formats(values)
    if not forms:
        return f"say how dates are written: {where}.ts_format"
    either = " or ".join(f'`ts_format: "{form}"`' for form in forms)
    return f"set {where}.{either}" if len(forms) == 1 else f"set {where} to {either}, whichever is meant"
