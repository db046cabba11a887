"""``churn outcomes``: take filled lists back, row by row, and say in a line why a row is refused."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.commands.locks import alone
from pipeline.config import params
from pipeline.config.errors import BadData
from pipeline.config.paths import REPRO, Paths
from pipeline.outcomes import filled_list, published_lists, store
from pipeline.outcomes.filled_list import FilledList
from pipeline.outcomes.row_check import Lists, Refused, check
from pipeline.outcomes.store import Outcome


def run(
    settings: params.Params,
    files: Sequence[Path],
    *,
    as_of: date | None = None,
    received: date | None = None,
    paths: Paths = REPRO,
) -> Iterator[str]:
    """Keep what the files hand back, beside what came back before; nothing that was published is touched.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    files
        The published CSV or XLSX, the files its page saves, or JSON lines; in any order, and again.
    as_of
        The day of the list, for files whose rows do not say it.
    received
        The day on which they came back; None is today, in the time zone of the data.

    Yields
    ------
    str
        What was wrong with each row that is refused, and what became of the others, file by file.

    Raises
    ------
    BadData
        A file is none of these, and then nothing at all is taken; or rows were refused, and then the others are kept.
    Locked
        Another command is taking lists back.
    """
    day = received or datetime.now(ZoneInfo(settings.data.timezone)).date()
    lists = cache(lambda of: published_lists.read(paths.exports, settings.data.name, of))
    # All are read before any is taken: a file that is no list stops the command while nothing has changed.
    filled_lists = [(file, filled_list.read(file)) for file in files]
    refused = 0
    with alone(paths.outcomes_lock, f"{paths.outcomes}: another command is taking lists back"):
        for file, filled in filled_lists:
            outcomes, complaints = _checked(filled, lists, day, as_of)
            yield from (f"{file} {complaint}" for complaint in complaints)
            counts = store.add(paths.outcomes, outcomes, day)
            yield _summary(file, counts, len(complaints), filled.empty)
            refused += len(complaints)
    if refused:
        wrong = "1 row was refused; correct it" if refused == 1 else f"{refused} rows were refused; correct them"
        raise BadData(f"{wrong} and hand the file back again: what was taken is kept, and counts once")


def _checked(filled: FilledList, lists: Lists, received: date, as_of: date | None) -> tuple[list[Outcome], list[str]]:
    outcomes, complaints = [], []
    for row in filled.rows:
        try:
            outcomes.append(check(row, lists, received, as_of))
        except Refused as refusal:
            complaints.append(f"{row.place}: {refusal}")
    return outcomes, complaints


def _summary(file: Path, counts: dict[str, int], refused: int, empty: int) -> str:
    parts = [f"{number:,} {kind}" for kind, number in counts.items()]
    if refused:
        parts.append(f"{refused:,} refused")
    return f"{file}: {', '.join(parts)}; nothing filled in in {empty:,} rows"
