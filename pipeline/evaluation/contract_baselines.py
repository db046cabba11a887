"""What a company with contracts can go by: the next renewal, requests for help, and the hazard of ending.

Where churn is a cancellation, the longest silence is a straw man. All are fitted on training snapshots alone.
"""

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipeline.config.params import Label
from pipeline.evaluation.monotone_rates import keep_ranking

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

# Between them the baseline hazard is the same, in days since the first order.
TENURE_DAYS = (90, 180, 365, 730, 1460)
COUNTS = ("tickets_90d", "complaints_90d", "renewals_ever", "downgrades_365d")
CHANGE = "contract_price_change_365d"
RENEWAL, TICKETS = "days_to_renewal", "tickets_90d"
# Of a probability. Fits differ by some 1e-14 between processors, and BLAS may add up equal rows in different orders;
# rounded, they are equal again, and rank as equals anywhere.
DIGITS = 9


class _Monotone:
    """Churn rates of the training rows by one column, rising or falling with it; without a value, one of their own."""

    def __init__(self, column: str, churned: Labels, values: Array, *, increasing: bool) -> None:
        self._column, known = column, ~np.isnan(values)
        self._rates = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1, increasing=increasing)
        self._rates.fit(values[known], churned[known])
        self._direction = 1 if increasing else -1
        self._without = float(churned[~known].mean()) if (~known).any() else float(churned.mean())

    def probability(self, features: pl.DataFrame) -> Array:
        """Churn rate of the training customers with such a value."""
        values = _column(features, self._column)
        known = ~np.isnan(values)
        rates = np.full(len(values), self._without)
        rates[known] = self._rates.predict(values[known])
        return keep_ranking(rates, self._direction * values)


class RenewalRule(_Monotone):
    """The nearer the next renewal, the likelier."""

    name = "renewal_rule"

    def __init__(self, features: pl.DataFrame, churned: Labels) -> None:
        super().__init__(RENEWAL, churned, _column(features, RENEWAL), increasing=False)


class TicketRule(_Monotone):
    """The more requests for help, the likelier."""

    name = "ticket_rule"

    def __init__(self, features: pl.DataFrame, churned: Labels) -> None:
        super().__init__(TICKETS, churned, _column(features, TICKETS), increasing=True)


class ContractHazard:
    """Cox's regression in discrete time: the hazard of ending within one window, for contracts of any age.

    Each training row is a customer at risk at one snapshot, and one outcome window is the unit of time, so the
    regression of what happened on the age in steps (the baseline hazard) and on the covariates is that of a
    discrete-time hazard with time-varying covariates.

    Notes
    -----
    ``logit h = a(age) + b x``, with x: whether the renewal lies in the window, the logarithm of the days to it, whether
    none is known, and the logarithms of requests, complaints, renewals and downgrades, and the change of the price.
    Allison, P. D. (1982), "Discrete-Time Methods for the Analysis of Event Histories", Sociological Methodology 13.
    """

    name = "contract_hazard"

    def __init__(self, features: pl.DataFrame, churned: Labels, label: Label) -> None:
        self._window = label.gap_days + label.horizon_days - label.renewal_wait_days
        self._columns = [name for name in (*COUNTS, CHANGE) if name in features.columns]
        regression = LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=1000)
        self._model = make_pipeline(StandardScaler(), regression)
        self._model.fit(self._covariates(features), churned)

    def probability(self, features: pl.DataFrame) -> Array:
        """Probability that the contract ends within the window."""
        return np.asarray(self._model.predict_proba(self._covariates(features))[:, 1], dtype=np.float64).round(DIGITS)

    def _covariates(self, features: pl.DataFrame) -> Array:
        age, renewal = _column(features, "days_since_first_order"), _column(features, RENEWAL)
        no_renewal = np.isnan(renewal)
        left = np.where(no_renewal, 0.0, np.maximum(renewal, 0))
        parts = [
            *((age >= days).astype(np.float64) for days in TENURE_DAYS),
            no_renewal.astype(np.float64),
            (~no_renewal & (left < self._window)).astype(np.float64),
            np.log1p(left),
            *(_logarithm(np.nan_to_num(_column(features, name))) for name in self._columns),
        ]
        return np.column_stack(parts)


def fit_contract(
    features: pl.DataFrame, churned: Labels, label: Label
) -> list[RenewalRule | TicketRule | ContractHazard]:
    """Fit those of which the data hold the columns; none where churn is no cancellation.

    Parameters
    ----------
    features
        Labelled examples of the training snapshots.
    churned
        What happened, 0 or 1.
    label
        ``params.yaml: label``.
    """
    if label.kind != "cancellation":
        return []
    fitted: list[RenewalRule | TicketRule | ContractHazard] = []
    if knows_renewal(features):
        fitted += [RenewalRule(features, churned), ContractHazard(features, churned, label)]
    if _is_known(features, TICKETS):
        fitted.append(TicketRule(features, churned))
    return fitted


def knows_renewal(features: pl.DataFrame) -> bool:
    """Whether the next renewal of any contract is known, without which there is no hazard to fit."""
    return _is_known(features, RENEWAL)


def _is_known(features: pl.DataFrame, name: str) -> bool:
    return name in features.columns and features[name].null_count() < len(features)


def _column(features: pl.DataFrame, name: str) -> Array:
    return features[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _logarithm(values: Array) -> Array:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)), dtype=np.float64)
