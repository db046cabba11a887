"""What is believed of each playbook, in words: declared, measured, and both together."""

from collections.abc import Iterator, Sequence
from datetime import date

from pipeline.outcomes import learned_effects
from pipeline.outcomes.learned_effects import Posterior
from pipeline.retention.sections import percent, table


def about(posteriors: Sequence[Posterior], in_use: str) -> Iterator[str]:
    """The section on posteriors, as Markdown; nothing where nothing was measured.

    Parameters
    ----------
    posteriors
        Of all playbooks, once one of them is measured.
    in_use
        ``params.yaml: learning.effects``.
    """
    if not posteriors:
        return
    yield from ("", "## What is believed: the share that is kept of those who would have left for what it answers")
    heads = ("playbook", "declared", "measured", "customers", "left alone", "believed", "95 % interval", "for lists")
    effects = learned_effects.in_use({one.playbook: one for one in posteriors})
    yield from table(heads, [_row(one, effects[one.playbook]) for one in posteriors])
    yield (
        "For lists the declared effects stand until one interval does not hold its own; then what is believed. "
        + (
            "Lists are decided by declared effects (learning.effects)."
            if in_use == "declared"
            else "Lists are decided by what churn readout --learn wrote down before them (learning.effects)."
        )
    )


def kept(changes: Sequence[Posterior], file: str, day: date) -> Iterator[str]:
    """What was written down: every change of belief, and from which lists on it may count.

    Parameters
    ----------
    changes
        The posteriors that are new or differ.
    file
        Where they were written to.
    day
        The first day of which no outcome is known.
    """
    if not changes:
        yield from ("", f"Nothing to write down: what is believed by {day} stands in {file}.")
        return
    yield from ("", f"## Written down in {file}, for lists from {day} on")
    for one in changes:
        yield (
            f"- {one.playbook}: {percent(one.before)} until now; {percent(one.declared)} declared and "
            f"{_measured(one)} make {percent(one.effect)} ({percent(one.low)} to {percent(one.high)})"
        )


def _measured(one: Posterior) -> str:
    if one.measured is None:
        return "what is measured of the others"
    return f"{percent(one.measured)} measured by {one.customers:,} customers"


def _row(one: Posterior, used: float) -> tuple[str, ...]:
    interval = f"{percent(one.low)} to {percent(one.high)}"
    return (
        one.playbook, percent(one.declared),
        "–" if one.measured is None else percent(one.measured), f"{one.customers:,}", f"{one.controls:,}",
        percent(one.effect), interval, percent(used),
    )  # fmt: skip
