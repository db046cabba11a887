"""What a week was decided with: the effect of each playbook and where it comes from; and for whom a lot decided."""

from collections import Counter
from typing import Any, Final

import polars as pl

from pipeline.week.inputs import WeekInputs

NOTHING: Final = "nothing"


def of_week(everybody: pl.DataFrame, inputs: WeekInputs) -> dict[str, Any]:
    """The section ``learning`` of ``run_report.json``: a list can be decided again from it.

    Parameters
    ----------
    everybody
        Everyone's decision.
    inputs
        Everything the week was decided from.
    """
    settings = inputs.settings.learning
    drawn = everybody.filter(pl.col("is_explored"))
    fell_on = Counter(drawn.filter(~pl.col("is_control"))["playbook"].fill_null(NOTHING).to_list())
    return {
        "effects": settings.effects,
        "playbooks": effects(inputs),
        "withheld": withheld(inputs),
        "exploration": {
            "share": settings.exploration_share,
            "customers": drawn.height,
            "controls": int(drawn["is_control"].sum()),
            "fell_on": dict(sorted(fell_on.items())),
        },
    }


def withheld(inputs: WeekInputs) -> dict[str, str]:
    """The playbooks that a readout stopped, and the day until which that one knew what came."""
    return {name: str(day) for name, day in sorted(inputs.context.retired.items())}


def effects(inputs: WeekInputs) -> dict[str, dict[str, Any]]:
    """By playbook the effect (0-1) it was decided with; where it was learnt, the declared one and by which day."""
    is_learned = inputs.settings.learning.effects == "learned"
    return {
        name: {"effect": book.effect}
        if not is_learned or name not in inputs.posteriors
        else {
            "effect": book.effect,
            "declared": inputs.posteriors[name].declared,
            "learned_until": str(inputs.posteriors[name].day),
        }
        for name, book in inputs.playbooks.items()
    }
