"""Not only offers: how many a customer may get, and how large a part of all contacts they may be."""

import polars as pl

from pipeline.decisions.context import DecisionContext, because
from pipeline.i18n import figure, named, share
from pipeline.playbooks.config.playbook import Playbook
from pipeline.reasons.units import number_of


def held(name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held where one more would be too many offers for the window, or too large a share of what was sent in it.

    The first offer of a window is never too large a share; else who was sent nothing could never be offered anything.
    """
    if not (playbook.sells and playbook.reaches):
        return None
    contact, offers, sent = context.contact, pl.col("offers_in_window"), pl.col("sent_in_window")
    return pl.coalesce(
        because(
            context,
            offers >= contact.max_offers_in_window,
            "{playbook} would be offer number {number} or more within {days}",
            playbook=named(name),
            number=figure(str(contact.max_offers_in_window + 1)),
            days=number_of("days", contact.window_days),
        ),
        because(
            context,
            # A hair more, so that rounding does not hold back a share that is met exactly.
            (offers > 0) & (offers + 1 > contact.max_offer_share * (sent + 1) + 1e-9),
            "with {playbook} more than {share} of what was sent within {days} would be offers",
            playbook=named(name),
            share=share(contact.max_offer_share),
            days=number_of("days", contact.window_days),
        ),
    )
