"""A list on which there is hardly anything to do says so at its top, and what that comes from."""

from typing import Final

import polars as pl

from pipeline.config.params import Contact
from pipeline.i18n import Sentence, say
from pipeline.playbooks.config.channels import CONSENT_OF, CONSENTS

MANY: Final = 0.9
"""From this share (0-1) of a list without anything to do on, that is said."""
HALF: Final = 0.5
"""A cause of at least so many of those (0-1) is named."""


def notices(listed: pl.DataFrame, contact: Contact) -> tuple[Sentence, ...]:
    """What people must know of a list they can hardly work on, by what stands beside each name.

    Parameters
    ----------
    listed
        Who is on the list, with ``why_not``, ``obstacle`` and what is known of consent (`CONSENTS`).
    contact
        ``params.yaml: contact``, for what an unknown consent counts as.

    Returns
    -------
    tuple of Sentence
        None where there is enough to do, or nobody is listed.
    """
    idle = listed.filter(pl.col("why_not").is_not_null())
    if listed.is_empty() or idle.height < MANY * listed.height:
        return ()
    refuses = not any(contact.unknown_consent.answers(channel)[0] for channel in CONSENT_OF)
    unknown = pl.all_horizontal(pl.col(name).is_null() for name in CONSENTS) & pl.lit(refuses)
    without_consent, too_dear = idle.filter(unknown).height, idle.filter(pl.col("obstacle") == "cost").height
    there_is = say(
        "There is something to do for {number} of the {listed} customers listed.",
        number=listed.height - idle.height,
        listed=listed.height,
    )
    consent = say(
        "Of {number} of them no consent is known, so nobody writes to them or calls them: deliver {columns} of the "
        "customers, or see contact.unknown_consent.",
        number=without_consent,
        columns=tuple(CONSENTS),
    )
    costs = say(
        "For {number} of them what could be done costs more than it is expected to keep: see the costs in "
        "playbooks.yaml, which may still be those of the example.",
        number=too_dear,
    )
    enough = HALF * idle.height
    return (
        there_is,
        *([consent] if without_consent >= enough else []),
        *([costs] if too_dear >= enough and without_consent < enough else []),
    )
