"""What ranks customers: trees and a wide logistic regression on the same columns, added up as log-odds."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.errors import BadData
from pipeline.model import gbm
from pipeline.model.additive_logistic import AdditiveLogistic
from pipeline.model.renewal_cap import RenewalCap
from pipeline.value import purchase_process
from pipeline.value.bg_nbd import BgNbd

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ensemble:
    """The fitted parts that give a margin.

    Attributes
    ----------
    features
        Names of the columns, in the order of both parts.
    trees
        Gradient-boosted trees.
    additive_logistic
        The logistic regression; None where its share is zero.
    additive_weight
        Its weight, 0-1; the trees have the rest.
    purchase_process
        What makes the column ``p_no_purchase``; None without that column.
    window
        Days from the snapshot to the start of the outcome window, and its length.
    renewal_cap
        How customers are seen who come to a renewal that no example has shown; None where nobody is seen otherwise.
    """

    features: list[str]
    trees: gbm.Booster
    additive_logistic: AdditiveLogistic | None
    additive_weight: float
    purchase_process: BgNbd | None
    window: tuple[int, int]
    renewal_cap: RenewalCap | None = None

    @property
    def inputs(self) -> list[str]:
        """The columns the examples must have; the forecast is made from them."""
        stored = [name for name in self.features if name != purchase_process.P_NO_PURCHASE.name]
        return [*stored, *(name for name in purchase_process.NEEDS if self.purchase_process and name not in stored)]

    def completed(self, examples: pl.DataFrame) -> pl.DataFrame:
        """The examples with the column that only the model can make.

        Raises
        ------
        BadData
            A feature the model was trained on is absent.
        """
        missing = [name for name in self.inputs if name not in examples.columns]
        if missing:
            raise BadData(
                f"the model needs {len(missing)} features that the data cannot carry, such as {missing[0]}; "
                "declare their source in params.yaml, or train again: dvc repro"
            )
        return with_p_no_purchase(examples, self.purchase_process, self.window)

    def matrix(self, examples: pl.DataFrame) -> Array:
        """The columns of both parts as float64 (rows, features), missing values as NaN."""
        return self.seen(self.values(examples))

    def values(self, examples: pl.DataFrame) -> Array:
        """The same with the true number of everybody, for people to read."""
        return matrix(self.completed(examples), self.features)

    def seen(self, values: Array) -> Array:
        """What both parts see of the true `values`."""
        return values if self.renewal_cap is None else self.renewal_cap.capped(values, self.features)

    def log_odds(self, features: Array, num_threads: int = 1) -> Array:
        """Log-odds of churn of each row of a `matrix`, before calibration."""
        trees = gbm.log_odds(self.trees, features, num_threads)
        if self.additive_logistic is None:
            return trees
        # As log-odds, not as probabilities: only so do the contributions of both parts add up to the whole.
        return (1 - self.additive_weight) * trees + self.additive_weight * self.additive_logistic.log_odds(features)

    def margins(self, examples: pl.DataFrame, num_threads: int = 1) -> Array:
        """Log-odds of each row of examples; 1,500 trees take seconds for 100,000 rows, so nothing is asked twice."""
        return self.log_odds(self.matrix(examples), num_threads)


def margins_by_day(ensemble: Ensemble, examples: pl.DataFrame, num_threads: int) -> dict[date, Array]:
    """Log-odds of the rows of each snapshot, in their order."""
    parts = examples.partition_by("snapshot", as_dict=True, maintain_order=True)
    return {day: ensemble.margins(rows, num_threads) for (day,), rows in parts.items()}


def with_p_no_purchase(examples: pl.DataFrame, process: BgNbd | None, window: tuple[int, int]) -> pl.DataFrame:
    """The examples with the column that only the model can make, where it makes one."""
    if process is None:
        return examples
    chance = purchase_process.p_no_purchase(process, examples, *window)
    return examples.with_columns(pl.Series(purchase_process.P_NO_PURCHASE.name, chance))


def model_matrix(
    examples: pl.DataFrame, names: list[str], process: BgNbd | None, window: tuple[int, int], cap: RenewalCap | None
) -> Array:
    """What parts that are to be fitted see; see `Ensemble`."""
    values = matrix(with_p_no_purchase(examples, process, window), names)
    return values if cap is None else cap.capped(values, names)


def matrix(examples: pl.DataFrame, features: list[str]) -> Array:
    """Columns as one float64 matrix (rows, features), missing values as NaN."""
    return examples.select(pl.col(features).cast(pl.Float64).fill_null(float("nan"))).to_numpy(order="c")
