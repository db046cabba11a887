"""What is believed of each playbook's effect, kept as it changed: declared, measured, and both together."""

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.config.errors import BadData
from pipeline.tables import storage


@dataclass(frozen=True)
class Posterior:
    """What was believed of one playbook from a day on, and why.

    Attributes
    ----------
    day
        The first day of which no outcome was known; lists of that day and later may use it.
    playbook
        Its name in ``playbooks.yaml``.
    declared
        Its ``effect`` there (0-1): the prior.
    before
        What was believed until then; the declared effect where nothing had been measured.
    measured, standard_error
        The same effect as those left alone show it, by intention to treat, and its standard error; None where nothing
        is measured of it, and what is believed goes with the other playbooks.
    customers, controls
        How many it was measured by in both arms, and how many of them were left alone; these count once for each
        outcome window.
    prior_customers
        How many customers of such a readout the declared effect was worth (by ``learning.declared_error``).
    effect, low, high
        Both together, with the 95 % interval; it can be below 0.
    verdict
        What the readout said; one of `pipeline.readout.verdicts`.
    is_retired
        Whether that verdict asks to stop it.
    """

    day: date
    playbook: str
    declared: float
    before: float
    measured: float | None
    standard_error: float | None
    customers: int
    controls: int
    prior_customers: int
    effect: float
    low: float
    high: float
    verdict: str
    is_retired: bool

    @property
    def contradicts(self) -> bool:
        """Whether the interval no longer holds the declared effect, beyond what chance alone may have done."""
        return not self.low <= self.declared <= self.high

    @property
    def share_kept(self) -> float:
        """The effect as a share (0-1): nothing is given because it drives customers away."""
        return min(max(self.effect, 0.0), 1.0)

    def as_json(self) -> dict[str, Any]:
        """The same for programs; the day is ISO 8601."""
        return asdict(self) | {"day": str(self.day)}


def read(file: Path) -> list[Posterior]:
    """Every change of belief, in the order in which they came.

    Parameters
    ----------
    file
        ``outcomes/learned_effects.json``; it need not be there.

    Raises
    ------
    BadData
        It is not what `add` writes.
    """
    if not file.is_file():
        return []
    try:
        return [_posterior(entry) for entry in storage.read_json(file)["learned_effects"]]
    except (KeyError, TypeError, ValueError) as problem:
        raise BadData(
            f"{file}: is not as churn readout --learn writes it ({problem}); delete it, or bring back an earlier copy, "
            "and run: churn readout --learn"
        ) from None


def _posterior(entry: dict[str, Any]) -> Posterior:
    posterior = Posterior(**{**entry, "day": date.fromisoformat(entry["day"])})
    measured = [one for one in (posterior.measured, posterior.standard_error) if one is not None]
    numbers = (posterior.declared, posterior.before, *measured, posterior.effect)
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise ValueError(f"{posterior.playbook} has an effect that is no number")
    return posterior


def latest(posteriors: list[Posterior], day: date) -> dict[str, Posterior]:
    """What is believed on a day, by playbook: nothing that was measured by outcomes of that day or later.

    >>> one = Posterior(date(2024, 3, 4), "call", 0.2, 0.2, 0.1, 0.1, 800, 40, 800, 0.15, 0.0, 0.3, "works", False)
    >>> latest([one], date(2024, 3, 3)), latest([one], date(2024, 3, 4))["call"].effect
    ({}, 0.15)
    """
    return {posterior.playbook: posterior for posterior in posteriors if posterior.day <= day}


def in_use(posteriors: Mapping[str, Posterior]) -> dict[str, float]:
    """The effects (0-1) that decide a list, by playbook: the declared ones until the readout contradicts one of them.

    Playbooks compete for the same customers and hands, so guesses and measured effects are never mixed: a guess that is
    twice too large would win against its like once that one is measured.

    Parameters
    ----------
    posteriors
        What is believed of each playbook.

    Examples
    --------
    >>> call = Posterior(date(2024, 3, 4), "call", 0.4, 0.4, 0.1, 0.1, 80, 8, 9, 0.16, -0.02, 0.34, "works", False)
    >>> mail = Posterior(date(2024, 3, 4), "mail", 0.2, 0.2, 0.1, 0.1, 80, 8, 9, 0.15, 0.05, 0.25, "works", False)
    >>> in_use({"mail": mail}), in_use({"mail": mail, "call": call})
    ({'mail': 0.2}, {'mail': 0.15, 'call': 0.16})
    """
    if any(one.contradicts for one in posteriors.values()):
        return {name: one.share_kept for name, one in posteriors.items()}
    return {name: one.declared for name, one in posteriors.items()}


def changed(posteriors: list[Posterior], new: Collection[Posterior]) -> list[Posterior]:
    """Those that differ from what is kept, but for the day."""
    kept = {posterior.playbook: posterior for posterior in posteriors}
    return [
        posterior
        for posterior in new
        if posterior.playbook not in kept or _differs(posterior, kept[posterior.playbook])
    ]


def _differs(posterior: Posterior, kept: Posterior) -> bool:
    apart = ("day", "before")
    one, other = asdict(posterior), asdict(kept)
    return any(one[name] != other[name] for name in one if name not in apart)


def add(file: Path, new: Collection[Posterior]) -> list[Posterior]:
    """Keep what changed, behind all earlier ones, and return them.

    Parameters
    ----------
    file
        ``outcomes/learned_effects.json``; made if absent.
    new
        What is believed now, each playbook once.

    Raises
    ------
    BadData
        What was learnt by a later day are kept already: lists have been made by those.
    """
    posteriors = read(file)
    days = [posterior.day for posterior in posteriors]
    early = [posterior.day for posterior in new if days and posterior.day < max(days)]
    if early:
        raise BadData(
            f"{file}: holds what was learnt by {max(days)}, and {min(early)} is before that; learn by later outcomes: "
            "churn readout --learn without --as-of"
        )
    differing = changed(posteriors, new)
    if differing:
        storage.write_json({"learned_effects": [posterior.as_json() for posterior in [*posteriors, *differing]]}, file)
    return differing
