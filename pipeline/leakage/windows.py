"""Do outcome windows overlap a later part of the split? Computed anew from the days alone, not by ``split``."""

from datetime import date, timedelta

from pipeline.config.params import Label
from pipeline.model.split import Split


def overlaps(parts: Split, label: Label, observed_until: date) -> list[str]:
    """One sentence for each outcome window that ends after a later part begins.

    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> days = [date(2024, 1, 1), date(2024, 1, 20)]
    >>> overlaps(Split(days, date(2024, 2, 1), date(2024, 3, 2)), label, date(2024, 4, 1))
    ['the outcome window of training snapshot 2024-01-20 ends on 2024-02-19, after the validation snapshot 2024-02-01']
    """
    length = timedelta(days=label.gap_days + label.horizon_days)
    late = [
        ("training", day, other, name)
        for day in parts.train
        for other, name in ((parts.validation, "validation"), (parts.test, "test"))
        if day + length > other
    ]
    if parts.validation + length > parts.test:
        late.append(("validation", parts.validation, parts.test, "test"))
    sentences = [
        f"the outcome window of {part} snapshot {day} ends on {day + length}, after the {name} snapshot {other}"
        for part, day, other, name in late
    ]
    if parts.test + length > observed_until:
        sentences.append(f"the outcome window of test snapshot {parts.test} is not over before {observed_until}")
    return sentences
