"""The columns of an estimator as the model knows them: by place, with the purchase process beside them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.examples.features import Feature, Formula
from pipeline.model.ensemble import Ensemble
from pipeline.value import purchase_process

Array = npt.NDArray[np.float64]
DIRECTIONS: dict[int, Literal["up", "down", "none"]] = {-1: "down", 0: "none", 1: "up"}


@dataclass(frozen=True)
class FeatureColumns:
    """How many columns there are, and their names where the table has names."""

    number: int
    names: list[str] | None

    @property
    def places(self) -> list[str]:
        """Inside, a column goes by its place: LightGBM allows no brackets, quotes or commas in a name.

        >>> FeatureColumns(2, ["a", "b"]).places
        ['x0', 'x1']
        """
        return [f"x{place}" for place in range(self.number)]

    @property
    def labels(self) -> list[str]:
        """What the reader calls the columns."""
        return self.places if self.names is None else [str(name) for name in self.names]

    def of_ensemble(self, ensemble: Ensemble) -> list[str]:
        """Return the names of the columns of an ensemble, in its order."""
        return [*self.labels, *([purchase_process.P_NO_PURCHASE.name] if ensemble.purchase_process else [])]

    def examples(self, matrix: Array) -> pl.DataFrame:
        """Return the columns by place, and once more by name those that the purchase process is fitted on."""
        by_place = dict(zip(self.places, matrix.T, strict=True))
        return pl.DataFrame(by_place | {name: matrix[:, place] for name, place in self._history().items()})

    def have_history(self, matrix: Array) -> bool:
        """Whether the purchase process can be fitted: all its columns are there, and none has a gap."""
        places = list(self._history().values())
        return len(places) == len(purchase_process.NEEDS) and bool(np.isfinite(matrix[:, places]).all())

    def declared(self, constraints: dict[str, int] | None) -> list[Feature]:
        """Return the columns as features, each with the direction it is constrained to.

        Raises
        ------
        ValueError
            A constraint is of no column, or no direction.
        """
        signs = constraints or {}
        unknown = sorted(set(signs) - set(self.labels))
        if unknown or not set(signs.values()) <= set(DIRECTIONS):
            wrong = f"no column {unknown[0]!r}" if unknown else "directions are -1, 0 and 1"
            raise ValueError(f"monotone_constraints: {wrong}")
        return [
            Feature(place, "ratio", "any", Formula("0"), name, DIRECTIONS[sign], is_sure=bool(sign))
            for place, name in zip(self.places, self.labels, strict=True)
            for sign in [signs.get(name, 0)]
        ]

    def _history(self) -> dict[str, int]:
        names = self.names or []
        return {name: names.index(name) for name in purchase_process.NEEDS if name in names}
