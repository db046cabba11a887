"""Only who is satisfied and kept is asked to speak for us."""

from typing import Final

import polars as pl

from pipeline.decisions.context import DecisionContext, because
from pipeline.i18n import named
from pipeline.playbooks.config.playbook import Playbook

TACTICS: Final = frozenset(
    {
        *("referral-programme", "linkedin-recommendations", "ask-best-for-recommendation"),
        *("post-order-review-prompt", "review-prize", "success-story"),
    }
)
"""Tactics that ask for a referral, a recommendation or a review."""


def held(name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held unless the latest answers known are all good, the risk is below the top band, and no complaint is open."""
    if playbook.tactic not in TACTICS:
        return None
    answers = {"nps_latest": context.guards.min_nps, "csat_latest": context.guards.min_csat}
    known = pl.any_horizontal([pl.col(answer).is_not_null() for answer in answers])
    good = pl.all_horizontal([(pl.col(answer) >= least).fill_null(value=True) for answer, least in answers.items()])
    top_band = list(context.score.bands)[-1]
    return pl.coalesce(
        because(
            context,
            ~(known & good),
            "{playbook} asks satisfied customers only, and no good answer of this one is known",
            playbook=named(name),
        ),
        because(
            context,
            pl.col("risk_band") == top_band,
            "{playbook} asks nobody of {band} risk",
            playbook=named(name),
            band=lambda catalog: catalog.text(top_band),
        ),
        because(
            context,
            (pl.col("disputes_open") > 0) | (pl.col("complaints_open") > 0),
            "{playbook} asks nobody with an open dispute or complaint",
            playbook=named(name),
        ),
    )
