"""Declared effects moved by measured ones: what is believed of each playbook once its readout is known."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import softmax

from pipeline.outcomes.learned_effects import Posterior
from pipeline.readout import pooled_effects, verdicts
from pipeline.readout.comparison import Reading
from pipeline.readout.pooled_effects import Measured

Array = npt.NDArray[np.float64]

SHARED: Final = (0.0, 0.3, 0.6, 0.9)
"""Correlations that errors of the declared effects may have: who overrates one playbook may overrate all of them."""
FAR: Final = 2.0
"""Standard deviations up to which the readout of one playbook moves the others."""
Z: Final = 1.959964
DIGITS: Final = 6
RETIRED: Final = (verdicts.HARMFUL, verdicts.WORTHLESS)


def shrink(
    declared: Array, measured: Sequence[Measured | None], declared_error: float, covariance: Array | None = None
) -> tuple[Array, Array]:
    r"""Effects between the declared and the measured ones, and how far each may still be off.

    A declared effect :math:`m_k` is taken to be off by :math:`\tau_k = r m_k` (standard deviation), with :math:`r` the
    `declared_error`, and a measured one :math:`\hat e_k` by its standard error :math:`s_k`. Of one playbook alone
    :math:`(1 - w) m + w \hat e` is believed, with :math:`w = \tau^2 / (\tau^2 + s^2)`. Errors of several declared
    effects are correlated with :math:`\rho`, so the readout of one also moves the others, those of which nothing is
    measured among them: it is the posterior mean
    :math:`m + \Sigma H^T (H \Sigma H^T + S)^{-1} (\hat e - H m)` of the normal model, with
    :math:`\Sigma_{kk} = \tau_k^2`, :math:`\Sigma_{kj} = \rho \tau_k \tau_j`, :math:`H` what takes the measured ones out
    of all, and :math:`S` the covariance of their errors. Each :math:`\rho` of `SHARED` counts as much as it makes what
    was measured probable: where all effects turn out to be half of what was declared, so will the others be. What is
    off by more than `FAR` standard deviations is so for reasons of its own: beyond these it moves that playbook alone,
    since one that drives customers away says little of the others.

    Efron, B. and Morris, C. (1975), "Data Analysis Using Stein's Estimator and its Generalizations", JASA 70; Gelman,
    A. et al. (2013), "Bayesian Data Analysis", ch. 5.

    Parameters
    ----------
    declared
        The declared effects, above 0, (playbooks,).
    measured
        What is measured of the same playbooks; None of those of which nothing is.
    declared_error
        Standard deviation of the declared effects from the true ones, as a share of the declared ones; above 0.
    covariance
        Of the errors of what is measured, (measured, measured); None where they err apart.

    Returns
    -------
    tuple of numpy.ndarray
        The effects, and their standard deviations.

    Examples
    --------
    Declared and measured are as sure, so the middle of both is believed; of another playbook, 0.45 of that, the mean
    of the correlations, of which one playbook alone says nothing.

    >>> effect, deviation = shrink(np.array([0.2, 0.2]), [Measured(0.0, 0.1, 2000, 100), None], 0.5)
    >>> effect.round(6).tolist(), deviation.round(4).tolist()
    ([0.1, 0.155], [0.0707, 0.0977])
    """
    known = [number for number, one in enumerate(measured) if one is not None]
    seen = [one for one in measured if one is not None]
    errors = np.diag([one.standard_error**2 for one in seen]) if covariance is None else covariance
    spread, off = declared_error * declared, np.array([one.effect for one in seen]) - declared[known]
    far = FAR * np.sqrt(spread[known] ** 2 + np.diag(errors))
    alike, own = off.clip(-far, far), off - off.clip(-far, far)
    evidence, moved, variances = [], [], []
    for shared in SHARED:
        prior = np.outer(spread, spread) * (shared + (1 - shared) * np.eye(len(declared)))
        of_seen = prior[np.ix_(known, known)] + errors
        gain = np.linalg.solve(of_seen, prior[known]).T
        evidence.append(-(alike @ np.linalg.solve(of_seen, alike) + np.linalg.slogdet(of_seen)[1]) / 2)
        moved.append(gain @ alike)
        variances.append(np.diag(prior - gain @ prior[known]).clip(min=0))
    weight = softmax(evidence)
    mean = weight @ np.array(moved)
    deviation = np.sqrt(weight @ (np.array(variances) + (np.array(moved) - mean) ** 2))
    mean[known] += own * spread[known] ** 2 / (spread[known] ** 2 + np.diag(errors))
    return declared + mean, deviation


def as_declared(rows: pl.DataFrame, declared: Mapping[str, float]) -> pl.DataFrame:
    """The rows with ``expected_effect`` by the declared effects, whatever their lists were decided with.

    Parameters
    ----------
    rows
        The columns of `pipeline.readout.comparison.ROWS`.
    declared
        The effect of each playbook in ``playbooks.yaml``; of others what their list expected remains.
    """
    effect = pl.col("playbook").replace_strict(declared, default=None, return_dtype=pl.Float64)
    given = pl.when(~pl.col("is_control")).then(pl.col("churn_probability") * pl.col("answered_share") * effect)
    return rows.with_columns(pl.coalesce(given, "expected_effect").alias("expected_effect"))


def learn(
    rows: pl.DataFrame,
    readings: Sequence[Reading],
    declared: Mapping[str, float],
    day: date,
    declared_error: float,
    before: Mapping[str, Posterior],
) -> list[Posterior]:
    """What is believed of every playbook, by name; nothing as long as nothing is measured.

    Parameters
    ----------
    rows
        The columns of `pipeline.readout.comparison.ROWS`.
    readings
        What the readout says of the same customers; what it refuses to compare teaches nothing.
    declared
        The effect of each playbook in ``playbooks.yaml``; others are not learnt about.
    day
        The first day of which no outcome is known.
    declared_error
        How far declared effects are off, as a share of them; see `shrink`.
    before
        What was believed until then.
    """
    read = {one.playbook: one for one in readings}
    by_lot = sorted(name for name, one in read.items() if name in declared and not one.refusal)
    measured, covariance = pooled_effects.measure(rows, by_lot)
    if not measured:
        return []
    # Those of which nothing is measured have to go with the others: a guess that is twice too large would win.
    names = [*measured, *sorted(declared.keys() - measured.keys())]
    effects, deviations = shrink(
        np.array([declared[name] for name in names]), [measured.get(name) for name in names], declared_error, covariance
    )
    posteriors = {
        name: _posterior(
            read.get(name, Reading(name, None)), measured.get(name), declared[name], (day, declared_error),
            before.get(name), (effect, deviation),
        )
        for name, effect, deviation in zip(names, effects.tolist(), deviations.tolist(), strict=True)
    }  # fmt: skip
    return [posteriors[name] for name in sorted(posteriors)]


def _posterior(
    reading: Reading,
    measured: Measured | None,
    declared: float,
    terms: tuple[date, float],
    before: Posterior | None,
    moments: tuple[float, float],
) -> Posterior:
    effect, reach = moments[0], Z * moments[1]
    error = None if measured is None else measured.standard_error
    return Posterior(
        day=terms[0],
        playbook=reading.playbook,
        declared=declared,
        before=declared if before is None else before.effect,
        measured=None if measured is None else round(measured.effect, DIGITS),
        standard_error=None if error is None else round(error, DIGITS),
        customers=0 if measured is None else measured.customers,
        controls=0 if measured is None else measured.controls,
        prior_customers=0
        if measured is None or error is None
        else round(measured.customers * (error / (terms[1] * declared)) ** 2),
        effect=round(effect, DIGITS),
        low=round(effect - reach, DIGITS),
        high=round(effect + reach, DIGITS),
        verdict=reading.verdict,
        is_retired=reading.verdict in RETIRED,
    )
