"""What a week saw of a company's data, small enough to be published beside every list."""

from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any, Final

import polars as pl

from pipeline.playbooks.config.channels import CONSENTS

PROFILE_FILE: Final = "data_profile.json"
SAMPLE_FILE: Final = "data_sample.parquet"
SAMPLE: Final[dict[str, pl.DataType]] = {
    "customer_id": pl.String(),
    "rows": pl.Int64(),
    "amount_minor": pl.Int64(),
    "first_day": pl.Date(),
    "name_hash": pl.UInt64(),
    "owner_hash": pl.UInt64(),
    **dict.fromkeys(CONSENTS, pl.Boolean()),
}
"""Of some customers, the transactions before `Profile.cutoff`: how many, their sum, the first day; who it is, and which
channels are agreed to."""
SAMPLED: Final = 2_000
BINS: Final = 10
Sample = pl.DataFrame


@dataclass(frozen=True)
class Month:
    """The rows of one table in one month: how many, of how many customers, and the sum of their amounts."""

    rows: int
    customers: int
    amount_minor: int


@dataclass(frozen=True)
class Filled:
    """How full a column is, in all rows and in the recent ones (0-1), whether it holds more than one value, and which.

    Mean and standard deviation are of numbers and of flags, over all rows, and of days how many days they lie after the
    day of their row; null for other columns.
    """

    all: float
    recent: float | None
    varies: bool
    mean: float | None = None
    deviation: float | None = None


@dataclass(frozen=True)
class TableProfile:
    """One table before the day of the list.

    Attributes
    ----------
    rows
        All of them.
    months
        By month, such as ``2017-12``; none where the rows of the table have no day.
    columns
        Each column that somebody mapped.
    kinds
        The share of each kind (type of event, channel, store) among the rows of the last week, by column.
    weeks
        The rows of the last weeks before the day of the list, the latest first; none where rows have no day.
    negative
        The share of negative amounts among the rows of the last week (0-1); null where there are no amounts.
    """

    rows: int
    months: dict[str, Month]
    columns: dict[str, Filled]
    kinds: dict[str, dict[str, float]]
    weeks: list[int]
    negative: float | None


@dataclass(frozen=True)
class Spread:
    """The values of a feature: mean, standard deviation, and the share of customers who have none (0-1)."""

    mean: float | None
    deviation: float | None
    missing: float


@dataclass(frozen=True)
class Scores:
    """The scores of a week: by which model, of how many, how many are to churn, and the shares by probability."""

    model: str
    customers: int
    expected_churners: float
    shares: list[float]


@dataclass(frozen=True)
class Profile:
    """What a week saw.

    Attributes
    ----------
    as_of
        The day of the list.
    cutoff
        Before this day nothing arrives late any more: from here back, the past must stay as it is.
    forgotten_customers
        How many customers are left out because they asked for it.
    tables
        By name.
    registered
        Share of those scored who are in the table customers (0-1); null without one.
    consents
        By column of consent: the share of those scored of whom it is known, and of these the share who agree.
    features
        By name.
    scores
        Of everybody.
    effects
        How far the same past had moved since the week before, by kind and what moved; empty for the first week.
    familiar
        By store and category, for the last two weeks and the times of two weeks before them: the share of the
        orders of which the customer had had the same before (0-1), and of how many; see `pipeline.week.witness_habits`.
    """

    as_of: date
    cutoff: date
    forgotten_customers: int
    tables: dict[str, TableProfile]
    registered: float | None
    consents: dict[str, tuple[float, float]]
    features: dict[str, Spread]
    scores: Scores
    effects: dict[str, float]
    familiar: dict[str, list[tuple[float, int]]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The profile, for a file."""
        return asdict(self) | {"as_of": self.as_of.isoformat(), "cutoff": self.cutoff.isoformat()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Profile":
        """The profile of a file; keys of a later release are left alone."""
        # What a profile of an earlier release does not have is empty.
        known = {one.name: content[one.name] for one in fields(cls) if one.name in content}
        return cls(
            **known
            | {
                "as_of": date.fromisoformat(content["as_of"]),
                "cutoff": date.fromisoformat(content["cutoff"]),
                "tables": {name: _table(table) for name, table in content["tables"].items()},
                "consents": {name: (share[0], share[1]) for name, share in content["consents"].items()},
                "features": {name: Spread(**spread) for name, spread in content["features"].items()},
                "scores": Scores(**content["scores"]),
                "familiar": {
                    name: [(share, rows) for share, rows in windows]
                    for name, windows in content.get("familiar", {}).items()
                },
            }
        )


def _table(content: dict[str, Any]) -> TableProfile:
    return TableProfile(
        content["rows"],
        {month: Month(**counted) for month, counted in content["months"].items()},
        {name: Filled(**filled) for name, filled in content["columns"].items()},
        content["kinds"],
        content["weeks"],
        content["negative"],
    )


def score_shares(probability: pl.Series) -> list[float]:
    """The share of customers in each of `BINS` equal parts of the probability.

    >>> score_shares(pl.Series([0.0, 0.04, 0.5, 1.0]))[0], score_shares(pl.Series([0.0, 0.04, 0.5, 1.0]))[-1]
    (0.5, 0.25)
    """
    places = (probability * BINS).floor().clip(0, BINS - 1).cast(pl.Int64)
    counts = dict(places.value_counts().iter_rows())
    return [counts.get(place, 0) / max(len(probability), 1) for place in range(BINS)]
