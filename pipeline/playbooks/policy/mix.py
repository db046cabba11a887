"""Not only offers: how many a customer may get, and how large a part of all contacts they may be."""

import polars as pl

from pipeline.playbooks.declared import Playbook
from pipeline.playbooks.ruling import Ruling, because


def held(name: str, playbook: Playbook, ruling: Ruling) -> pl.Expr | None:
    """Held where one more would be too many offers for the window, or too large a share of what was sent in it.

    The first offer of a window is never too large a share; else who was sent nothing could never be offered anything.
    """
    if not (playbook.sells and playbook.reaches):
        return None
    contact, offers, sent = ruling.contact, pl.col("offers_in_window"), pl.col("sent_in_window")
    days, share = contact.window_days, contact.most_offer_share
    return pl.coalesce(
        because(
            offers >= contact.most_offers_in_window,
            f"{name} would be offer number {contact.most_offers_in_window + 1} or more within {days} days",
        ),
        because(
            (offers > 0) & (offers + 1 > share * (sent + 1) + 1e-9),
            f"with {name} more than {share:.0%} of what was sent within {days} days would be offers",
        ),
    )
