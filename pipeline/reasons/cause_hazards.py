"""Several causes at once: what drives some of those who bear an evidence away, beside what happens to everybody.

A customer stays who is taken neither by what happens to everybody of his or her kind nor by any cause. With hazards
that add up,

    P(churn) = 1 - exp(-(h_kind + h_1 + h_2 + ...))

so a hazard says how many leave because of it, and its part of the sum how much of a customer's risk it explains. In a
regression on log-odds, both depend on everything else. The model is known as noisy-or (Pearl, 1988), and as additive
hazards (Aalen, 1980) in survival analysis.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.newton import polish, search

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
# Before anything is seen: a hazard of e^-4, about 2 %, give or take a factor of 4.5; each step up or down by half as
# much again; a kind of customer by little, unless many say so.
PRIOR, SPREAD, STEP, KIND = -4.0, 1.5, 0.5, 4.5
MIN_LOG, MAX_LOG, ITERATIONS = -30.0, 5.0, 300
# Gain per step, as a share of the loss, below which the search is near enough for Newton's steps.
NEAR, ROWS_AT_ONCE = 1e-8, 20_000


@dataclass(frozen=True)
class CauseEvidence:
    """One evidence.

    Attributes
    ----------
    rows
        Who bears it, in rising order.
    steps
        For each of them, 1, and then 1 or 0 for each further step that is reached; (bearers, 1 + steps).
    """

    rows: Rows
    steps: Array


def fit(churned: npt.NDArray[np.bool_], kinds: list[Rows], borne: list[CauseEvidence]) -> list[Array]:
    """Log of the hazard of each evidence, and what each of its steps adds to that log.

    Parameters
    ----------
    churned
        What happened.
    kinds
        What customers differ in besides: for each difference, the number of the bin of each row.
    borne
        Every evidence.

    Returns
    -------
    list of array
        For each evidence, as long as its `CauseEvidence.steps` is wide.

    Notes
    -----
    Most probable values, with normal priors: L-BFGS comes near them, Newton's steps arrive. Where nobody bears an
    evidence, its prior is returned.

    Examples
    --------
    >>> dice = np.random.default_rng(1)
    >>> has_evidence = np.arange(20_000) % 4 == 0
    >>> left = dice.random(20_000) < 1 - np.exp(-(0.05 + 0.3 * has_evidence))
    >>> evidence = CauseEvidence(np.flatnonzero(has_evidence), np.ones((5000, 1)))
    >>> found = fit(left, [np.zeros(20_000, dtype=np.int64)], [evidence])
    >>> round(float(np.exp(found[0][0])), 1)
    0.3
    """
    problem = _Problem(churned, kinds, borne)
    options = {"maxiter": ITERATIONS, "ftol": NEAR}
    result = search(problem.loss, problem.start(), jac=True, method="L-BFGS-B", options=options)
    return problem.of_evidence(polish(result.x, lambda point: problem.loss(point)[1], problem.curvature))


class _Problem:
    """Minus the log of the posterior, and its slope."""

    def __init__(self, churned: npt.NDArray[np.bool_], kinds: list[Rows], borne: list[CauseEvidence]) -> None:
        self.churned, self.kinds, self.borne = churned, kinds, borne
        self.bins = [int(kind.max(initial=0)) + 1 for kind in kinds]
        sizes = [1, *self.bins, *(one.steps.shape[1] for one in borne)]
        self.ends = np.cumsum(sizes)[:-1]
        means = [np.zeros(size) for size in sizes]
        spreads = [np.full(size, KIND) for size in sizes]
        for position, one in enumerate(borne, start=1 + len(kinds)):
            means[position][0] = PRIOR
            spreads[position] = np.array([SPREAD, *[STEP] * (one.steps.shape[1] - 1)])
        self.mean, self.spread = np.concatenate(means), np.concatenate(spreads)
        # The level of everybody is free.
        self.spread[0] = np.inf

    def start(self) -> Array:
        first = self.mean.copy()
        # The level that alone, without any evidence, would give the churn rate there is.
        first[0] = np.log(-np.log1p(-np.clip(self.churned.mean(), 1e-6, 1 - 1e-6)))
        return first

    def of_evidence(self, point: Array) -> list[Array]:
        return np.split(point, self.ends)[1 + len(self.kinds) :]

    def loss(self, point: Array) -> tuple[float, Array]:
        everybody, hazards, total = self._hazards(point)
        # expm1 keeps the digits of small hazards, which 1 - exp(-h) would lose.
        gone = -np.expm1(-total)
        likelihood = np.where(self.churned, np.log(gone), -total).sum()
        # The slope along a hazard; along its log it is this times the hazard (chain rule).
        slope = np.where(self.churned, (1 - gone) / gone, -1.0)
        of_everybody = slope * everybody
        slopes = [np.array([of_everybody.sum()])]
        slopes += [np.bincount(kind, of_everybody, bins) for kind, bins in zip(self.kinds, self.bins, strict=True)]
        slopes += [one.steps.T @ (slope[one.rows] * hazard) for one, hazard in zip(self.borne, hazards, strict=True)]
        away = (point - self.mean) / self.spread
        return float(0.5 * np.sum(away**2) - likelihood), away / self.spread - np.concatenate(slopes)

    def curvature(self, point: Array) -> Array:
        """The Hessian: of the prior, and of each row ``l''(h) grad h grad h' + l'(h) hess h``, h its total hazard."""
        everybody, hazards, total = self._hazards(point)
        gone = -np.expm1(-total)
        first = np.where(self.churned, -(1 - gone) / gone, 1.0)
        second = np.where(self.churned, (1 - gone) / gone**2, 0.0)
        hessian, kinds = np.diag(self.spread**-2.0), slice(1 + sum(self.bins))
        for start in range(0, len(total), ROWS_AT_ONCE):
            rows = slice(start, min(start + ROWS_AT_ONCE, len(total)))
            along = self._along(rows, everybody, hazards)
            hessian += along.T @ (second[rows, None] * along)
            # A hazard is exp of a sum, so its second derivatives are products of the first ones over the hazard.
            hessian[kinds, kinds] += along[:, kinds].T @ ((first / everybody)[rows, None] * along[:, kinds])
        for one, hazard, start in zip(self.borne, hazards, self.ends[len(self.kinds) :], strict=True):
            own = slice(start, start + one.steps.shape[1])
            hessian[own, own] += one.steps.T @ ((first[one.rows] * hazard)[:, None] * one.steps)
        return hessian

    def _along(self, rows: slice, everybody: Array, hazards: list[Array]) -> Array:
        """The slope of the total hazard of some rows along every parameter; (rows, parameters)."""
        along = np.zeros((rows.stop - rows.start, len(self.mean)))
        along[:, 0] = everybody[rows]
        for kind, start in zip(self.kinds, self.ends, strict=False):
            along[np.arange(len(along)), start + kind[rows]] = everybody[rows]
        for one, hazard, start in zip(self.borne, hazards, self.ends[len(self.kinds) :], strict=True):
            inside = slice(*np.searchsorted(one.rows, [rows.start, rows.stop]))
            columns = slice(start, start + one.steps.shape[1])
            along[one.rows[inside] - rows.start, columns] = hazard[inside, None] * one.steps[inside]
        return along

    def _hazards(self, point: Array) -> tuple[Array, list[Array], Array]:
        """Of what happens to everybody, of each evidence for who bears it, and the total of each row."""
        level, *rest = np.split(point, self.ends)
        log_kind = np.full(len(self.churned), level[0])
        for kind, added in zip(self.kinds, rest, strict=False):
            log_kind += added[kind]
        everybody = _hazard(log_kind)
        hazards = [_hazard(one.steps @ logs) for one, logs in zip(self.borne, rest[len(self.kinds) :], strict=True)]
        total = everybody.copy()
        for one, hazard in zip(self.borne, hazards, strict=True):
            total[one.rows] += hazard
        return everybody, hazards, total


def _hazard(logs: Array) -> Array:
    # A bold step of the search must neither overflow nor reach the log of zero.
    hazard: Array = np.exp(np.clip(logs, MIN_LOG, MAX_LOG))
    return hazard
