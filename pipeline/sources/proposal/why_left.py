"""Why a file is no table, and why a column of it is none of ours."""

from collections.abc import Sequence
from pathlib import PurePath

from pipeline.sources.proposal import names
from pipeline.sources.proposal.placing import Placed, Wanted
from pipeline.sources.proposal.sheets import Sheet


def why_none(sheet: Sheet, fits: Sequence[Placed | str]) -> str:
    """Why a file is no table: of that which it is called like, else of the first that it could not be."""
    start = f"{sheet.path}: "
    reasons = [fit.removeprefix(start) for fit in fits if isinstance(fit, str) and fit.startswith(start)]
    stem = PurePath(sheet.path).stem
    called = [reason for reason in reasons if names.table_score(reason.partition(" ")[0], stem) == 1]
    return next(iter([*called, *reasons]), "no table fits its columns well")


def name_unused(placed: Placed, wanted: Sequence[Wanted]) -> None:
    """Say of each column that is not taken why it is not."""
    for name in placed.free():
        if name in placed.where or any(name in text for text in placed.expressions.values()):
            continue
        placed.left.setdefault(name, _why_unused(placed, wanted, name))


def _why_unused(placed: Placed, wanted: Sequence[Wanted], name: str) -> str:
    """An empty column is not placed: with a `kept_day` that nobody fills in, every promise would be overdue."""
    likely = (one.column for one in wanted if names.column_score(placed.table, one.column, names.plain(name)))
    column = next((one for one in likely if one not in placed.columns), None)
    if not placed.sheet.profiles[name].filled:
        then = f"; once it is filled in, write {column}: {name} under sources.{placed.table}.columns" if column else ""
        return f"it is empty{then}"
    if column:
        return f"it is called like our {column}, and holds no such values"
    return "no column of ours is called so or holds such values"
