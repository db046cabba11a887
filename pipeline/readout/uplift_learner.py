"""How much more often a customer stays because of a playbook, learnt from what a lot gave: a doubly robust learner.

The only importer of econml, which comes with the extra ``uplift`` and takes seconds to load.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LassoCV, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipeline.readout.uplift_trials import NUMBERS, WORDS, exposure

Array = npt.NDArray[np.float64]

BINS: Final = 5  # of each number, so that an effect may begin at some value of it
MIN_CUSTOMERS: Final = 30  # of a word; rarer ones are one word together
FOLDS: Final = 3
RIDGE: Final = 10.0
TURNS: Final = 20_000  # of the lasso, until it has settled


class KnownPropensity(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The probability of being given something as it was drawn, the last column of what it is shown; nothing is fitted.

    >>> model = KnownPropensity().fit(np.array([[5.0, 0.9]]), np.array([1]))
    >>> model.predict_proba(np.array([[5.0, 0.75]])).tolist(), model.predict(np.array([[5.0, 0.75]])).tolist()
    ([[0.25, 0.75]], [1])
    """

    def fit(self, X: Array, y: Array) -> Self:  # noqa: N803, ARG002
        """Nothing but the names of the classes."""
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X: Array) -> Array:  # noqa: N803
        """The probabilities of nothing and of the playbook, (rows, 2)."""
        return np.column_stack([1 - X[:, -1], X[:, -1]])

    def predict(self, X: Array) -> Array:  # noqa: N803
        """The likelier of the two."""
        return np.asarray(X[:, -1] >= 0.5, dtype=np.int64)


@dataclass(frozen=True)
class Columns:
    """What the learner sees of a customer: every word, and every number in fifths, each times what is answered.

    Attributes
    ----------
    edges
        Of the fifths, by number.
    words
        The encoder of all of them.
    """

    edges: dict[str, Array]
    words: Any

    @classmethod
    def of(cls, trials: pl.DataFrame) -> "Columns":
        """By the trials that are fitted on."""
        edges = {name: _edges(trials[name]) for name in NUMBERS}
        encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=MIN_CUSTOMERS, sparse_output=False)
        return cls(edges, encoder.fit(_words(trials, edges)))

    def table(self, trials: pl.DataFrame) -> Array:
        """The columns of these trials, (trials, columns); the first is what is answered itself."""
        answered = exposure(trials)[:, None]
        return np.hstack([answered, answered * self.words.transform(_words(trials, self.edges))])


def _edges(numbers: pl.Series) -> Array:
    return np.unique(np.quantile(numbers.to_numpy(), np.arange(1, BINS) / BINS))


def _words(trials: pl.DataFrame, edges: dict[str, Array]) -> npt.NDArray[np.object_]:
    binned = [np.searchsorted(edges[name], trials[name].to_numpy()).astype(str) for name in NUMBERS]
    named = [trials[name].fill_null("").to_numpy() for name in WORDS]
    return np.column_stack([*binned, *named]).astype(object)


@dataclass(frozen=True)
class UpliftLearner:
    """What was learnt.

    Attributes
    ----------
    columns
        What is looked at.
    model
        An `econml.dr.DRLearner` of how far the simple effects are off.
    """

    columns: Columns
    model: Any

    def predict(self, trials: pl.DataFrame, simple: Array) -> Array:
        """How much more often each customer stays because of the playbook, as a share.

        Parameters
        ----------
        trials
            The columns of `pipeline.readout.uplift_trials.TRIALS`.
        simple
            What the simple effects say of the same.

        Returns
        -------
        numpy.ndarray
            Nobody is kept more often than he or she would leave, nor driven away more often than he or she stays.
        """
        probability = trials["churn_probability"].to_numpy()
        learnt = simple + self.model.effect(self.columns.table(trials)).ravel()
        return np.asarray(np.clip(learnt, probability - 1, probability), dtype=np.float64)


def fit(trials: pl.DataFrame, simple: Array) -> UpliftLearner:
    r"""Learn where the simple effects are off.

    The outcome is :math:`y - (1 - p) - t s`, with :math:`y` whether the customer stayed, :math:`p` the churn
    probability, :math:`t` whether the playbook was given and :math:`s` what the simple effect promises: the uplift of
    that is by how much the promise is off. It is learnt by a doubly robust learner whose propensities are those of the
    lot, and whose last step is a lasso, which leaves everything as promised where nothing tells otherwise.

    Kennedy, E. H. (2023), "Towards optimal doubly robust estimation of heterogeneous causal effects", Electronic
    Journal of Statistics 17; econml (MIT).

    Parameters
    ----------
    trials
        Those to fit on, with the columns of `pipeline.readout.uplift_trials.TRIALS`; of these, where the lot fell on
        the playbook or on nothing.
    simple
        What the simple effects say of them.

    Raises
    ------
    ModuleNotFoundError
        econml is not installed.
    """
    from econml.dr import DRLearner

    is_given = pl.col("given").eq_missing(pl.col("playbook"))
    used = (trials["given"].is_null() | trials.select(is_given.alias("one"))["one"]).to_numpy()
    known = trials.filter(used)
    given = known.select(is_given.cast(pl.Int64).alias("one"))["one"].to_numpy()
    outcome = (known["stayed"] - 1 + known["churn_probability"]).to_numpy() - given * simple[used]
    share = (known["propensity"] / (known["propensity"] + known["propensity_nothing"])).to_numpy()
    columns = Columns.of(known)
    # Whole customers apart, and in the order of the trials: nothing here is drawn.
    fold = known["customer_id"].rank("dense").to_numpy() % FOLDS
    model = DRLearner(
        model_propensity=KnownPropensity(),
        model_regression=Ridge(RIDGE),
        model_final=make_pipeline(StandardScaler(with_mean=False), LassoCV(fit_intercept=False, max_iter=TURNS)),
        min_propensity=1e-6,
        cv=[(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(FOLDS)],
    )
    model.fit(outcome, given, X=columns.table(known), W=share[:, None])
    return UpliftLearner(columns, model)
