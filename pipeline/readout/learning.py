"""Declared effects moved by measured ones: what is believed of each playbook once its readout is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.outcomes.learned_effects import Posterior
from pipeline.readout import estimates, verdicts
from pipeline.readout.comparison import Reading

Array = npt.NDArray[np.float64]

SHARED: Final = 0.3
"""Correlation of the errors of the declared effects: who overrates one playbook overrates others (docs/decisions)."""
Z: Final = 1.959964
DIGITS: Final = 6
RETIRED: Final = (verdicts.HARMFUL, verdicts.WORTHLESS)


@dataclass(frozen=True)
class Measured:
    """The effect of one playbook in the units of ``playbooks.yaml``.

    Attributes
    ----------
    effect
        Share of those who would have left, for what the playbook answers, who stay because it was given.
    standard_error
        Of the effect.
    customers, controls
        Of both arms, and of those left alone.
    """

    effect: float
    standard_error: float
    customers: int
    controls: int


def measure(rows: pl.DataFrame) -> Measured | None:
    r"""The effect as ``playbooks.yaml`` declares it, by intention to treat.

    A customer of churn probability :math:`p`, of whose risk the playbook answers the part :math:`a`, is expected to
    stay :math:`p \cdot a \cdot \text{effect}` more often. So the effect is the difference of the shares who stayed,
    divided by the mean of :math:`p \cdot a`: its mean over customers, each with his or her weight :math:`p \cdot a`.
    Those it was given to count whether it was done or not, because a list decides what is given, not what is done.

    Parameters
    ----------
    rows
        The customers of one playbook, with the columns of `pipeline.readout.comparison.ROWS`.

    Returns
    -------
    Measured or None
        None where nothing can be estimated, or where lists of an older version do not say what part was answered.

    Examples
    --------
    A quarter more stay; of risks of 0.8, of which the playbook answers 0.625, that is half.

    >>> rows = pl.DataFrame({"is_control": [True] * 40 + [False] * 40, "risk_band": "high", "log_odds": 0.0,
    ...     "value": 1.0, "stayed": [0.0, 1.0] * 20 + [0.0, 1.0, 1.0, 1.0] * 10, "churn_probability": 0.8,
    ...     "answered_share": 0.625})
    >>> one = measure(rows)
    >>> round(one.effect, 6), round(one.standard_error, 3), one.customers, one.controls
    (0.5, 0.212, 80, 40)
    """
    known = rows.filter(pl.col("answered_share").is_not_null())
    stayed = estimates.estimate(known, "stayed")
    if stayed is None:
        return None
    exposure = float((known["churn_probability"] * known["answered_share"]).sort().mean())  # type: ignore[arg-type]
    if exposure <= 0:
        return None
    return Measured(stayed.effect / exposure, stayed.standard_error / exposure, known.height, stayed.controls)


def shrink(declared: Array, measured: Sequence[Measured], declared_error: float) -> tuple[Array, Array]:
    r"""Effects between the declared and the measured ones, and how far each may still be off.

    A declared effect :math:`m_k` is taken to be off by :math:`\tau_k = r m_k` (standard deviation), with :math:`r` the
    `declared_error`, and a measured one :math:`\hat e_k` by its standard error :math:`s_k`. Of one playbook alone
    :math:`(1 - w) m + w \hat e` is believed, with :math:`w = \tau^2 / (\tau^2 + s^2)`. Errors of several declared
    effects are correlated with :math:`\rho` = `SHARED`, so the readout of one also moves the others: it is the
    posterior mean :math:`m + \Sigma (\Sigma + S)^{-1} (\hat e - m)` of the normal model, with
    :math:`\Sigma_{kk} = \tau_k^2`,
    :math:`\Sigma_{kj} = \rho \tau_k \tau_j` and :math:`S` the diagonal of :math:`s_k^2`.

    Efron, B. and Morris, C. (1975), "Data Analysis Using Stein's Estimator and its Generalizations", JASA 70; Gelman,
    A. et al. (2013), "Bayesian Data Analysis", ch. 5.

    Parameters
    ----------
    declared
        The declared effects, above 0, (playbooks,).
    measured
        What the readout says of the same playbooks.
    declared_error
        Standard deviation of the declared effects from the true ones, as a share of the declared ones; above 0.

    Returns
    -------
    tuple of numpy.ndarray
        The effects, and their standard deviations.

    Examples
    --------
    Declared and measured are as sure, so the middle of both is believed.

    >>> effect, deviation = shrink(np.array([0.2]), [Measured(0.0, 0.1, 2000, 100)], 0.5)
    >>> effect.round(6).tolist(), deviation.round(4).tolist()
    ([0.1], [0.0707])
    """
    error = np.array([one.standard_error for one in measured])
    spread = declared_error * declared
    prior = np.outer(spread, spread) * (SHARED + (1 - SHARED) * np.eye(len(measured)))
    gain = np.linalg.solve(prior + np.diag(error**2), prior).T
    effect = declared + gain @ (np.array([one.effect for one in measured]) - declared)
    return effect, np.sqrt(np.diag(prior - gain @ prior).clip(min=0))


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
    """What is believed of every playbook that was measured, by name.

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
    compared = {one.playbook: one for one in readings if one.stayed is not None and one.playbook in declared}
    known = {name: measure(rows.filter(pl.col("playbook") == name)) for name in sorted(compared)}
    measured = {name: one for name, one in known.items() if one is not None}
    if not measured:
        return []
    effects, deviations = shrink(np.array([declared[name] for name in measured]), [*measured.values()], declared_error)
    return [
        _posterior(compared[name], one, declared[name], (day, declared_error), before.get(name), (effect, deviation))
        for (name, one), effect, deviation in zip(measured.items(), effects.tolist(), deviations.tolist(), strict=True)
    ]


def _posterior(
    reading: Reading,
    measured: Measured,
    declared: float,
    terms: tuple[date, float],
    before: Posterior | None,
    moments: tuple[float, float],
) -> Posterior:
    effect, reach = moments[0], Z * moments[1]
    return Posterior(
        day=terms[0],
        playbook=reading.playbook,
        declared=declared,
        before=declared if before is None else before.effect,
        measured=round(measured.effect, DIGITS),
        standard_error=round(measured.standard_error, DIGITS),
        customers=measured.customers,
        controls=measured.controls,
        prior_customers=round(measured.customers * (measured.standard_error / (terms[1] * declared)) ** 2),
        effect=round(effect, DIGITS),
        low=round(effect - reach, DIGITS),
        high=round(effect + reach, DIGITS),
        verdict=reading.verdict,
        is_retired=reading.verdict in RETIRED,
    )
