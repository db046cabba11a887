"""The week before this one, as it was published."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from pipeline import lists
from pipeline.tables import storage

DECIDED: Final[dict[str, pl.DataType]] = {
    "customer_id": pl.String(),
    "churn_probability": pl.Float64(),
    **{f"reason_{place}_{part}": pl.String() for place in lists.REASONS for part in ("family", "text")},
}
"""What is read of the decisions on everyone."""


@dataclass(frozen=True)
class PreviousWeek:
    """The last list of a company, and what was decided beside it.

    Attributes
    ----------
    as_of
        Its day; None where this is the first list.
    model
        Fingerprint of the model that scored it.
    listed
        The list, with the columns of `lists.RISK_LIST` it has.
    decided
        Everyone scored then, with the columns `DECIDED`.
    """

    as_of: date | None
    model: str
    listed: pl.DataFrame
    decided: pl.DataFrame


FIRST: Final = PreviousWeek(None, "", pl.DataFrame(schema=lists.RISK_LIST), pl.DataFrame(schema=DECIDED))


def read(exports: Path, company: str, day: date) -> PreviousWeek:
    """The last week of a company that was published before a day."""
    folder = next(lists.weeks_before(exports, company, day), None)
    if folder is None:
        return FIRST
    # Weeks of older versions lack some of the columns.
    listed = pl.concat([FIRST.listed, storage.read_parquet(folder / "risk_list.parquet")], how="diagonal")
    actions = pl.scan_parquet(folder / "actions.parquet")
    there = [name for name in actions.collect_schema().names() if name in DECIDED]
    decided = pl.concat([FIRST.decided, actions.select(there).collect()], how="diagonal")
    model = storage.read_json(folder / "manifest.json").get("fingerprints", {}).get("model", "")
    return PreviousWeek(date.fromisoformat(folder.name), model, listed, decided)
