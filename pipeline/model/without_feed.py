"""What the model is worth while a feed is down, and which curve holds then; see `pipeline.model.outage_curves`."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from pipeline.config.errors import StaleInput
from pipeline.model.calibration import Calibration


@dataclass(frozen=True)
class WithoutFeed:
    """The model without some tables.

    Attributes
    ----------
    slope, intercept
        Of the curve from its margins to probabilities.
    auc, auc_whole
        Area under the ROC curve without the tables and with them, on the same customers of the test snapshot.
    substitute
        The model that never had the table, as `substitutes.as_dict` writes it; None where the model of all tables goes
        on with features missing.
    """

    slope: float
    intercept: float
    auc: float
    auc_whole: float
    substitute: dict[str, Any] | None = None

    def curve(self, whole: Calibration) -> Calibration:
        """The curve in use, for as long as the tables are missing: season and level error stay."""
        return replace(whole, slope=self.slope, intercept=self.intercept)


def choose(known: dict[str, WithoutFeed] | None, down: Collection[str]) -> WithoutFeed | None:
    """What holds while these tables are down; None where they change nothing. See `state`.

    Examples
    --------
    >>> one = WithoutFeed(1.0, 0.2, 0.8, 0.9)
    >>> choose({"events": one}, ["events", "loyalty"]) == one, choose({"events": one}, ["loyalty"]) is None
    (True, True)
    """
    key = state(known, down)
    return None if known is None or key is None else known[key]


def state(known: dict[str, WithoutFeed] | None, down: Collection[str]) -> str | None:
    """Those of these tables whose outage changes something, as one name; None where none does.

    Parameters
    ----------
    known
        What was measured; None of a model that an earlier release trained, which measured nothing.
    down
        Names of tables.

    Raises
    ------
    StaleInput
        It was not measured, so no probability can be taken at its word.

    Examples
    --------
    >>> state({"events": WithoutFeed(1.0, 0.2, 0.8, 0.9)}, ["loyalty", "events"])
    'events'
    """
    hurt = sorted(table for table in set(down) if known is None or table in known)
    if not hurt:
        return None
    if known is None or "+".join(hurt) not in known:
        raise StaleInput(
            f"{', '.join(hurt)}: nothing has come for longer than ever, and what the model is worth without was not "
            f"measured{' by the release that trained it' if known is None else ''}; repair the feed"
            + ("; or train again: dvc repro" if known is None else "")
        )
    return "+".join(hurt)


def from_dict(saved: dict[str, Any] | None) -> dict[str, WithoutFeed] | None:
    """Read back what was saved; None of a model that knows nothing of it."""
    return None if saved is None else {tables: WithoutFeed(**one) for tables, one in saved.items()}
