"""Why a customer is given nothing, in a sentence."""

import polars as pl

from pipeline.playbooks.control import LEFT_ALONE
from pipeline.playbooks.declared import Playbook

LOSS_MAKING = "nothing, because serving this customer costs more than it brings (no strategic reason is on record)"


def why_not(playbooks: dict[str, Playbook], currency: str, room: list[str]) -> pl.Expr:
    """Null for who is given something; else the sentence ``why_not``.

    Parameters
    ----------
    playbooks
        In order of preference.
    currency
        ISO code, for the words about cost.
    room
        For each playbook, what there is no more of.

    Returns
    -------
    polars.Expr
        Over the scores with ``is_control``, ``chosen`` (the number of the playbook that was given), ``wanted`` (that of
        the first one that is for the customer) and ``obstacle`` (what stands between the two).
    """
    loses = pl.col("loss_making") & ~pl.col("strategic")
    none_fits = pl.format("nothing, because no playbook is for a {} customer of {} risk", "tier", "risk_band")
    return (
        pl.when("is_control")
        .then(pl.lit(LEFT_ALONE))
        .when(pl.col("chosen").is_not_null())
        .then(pl.lit(None, dtype=pl.String))
        .when(loses & (pl.col("obstacle") == "cost"))
        .then(pl.lit(LOSS_MAKING))
        .when(pl.col("wanted").is_not_null())
        .then(_stood_between(playbooks, currency, room))
        .otherwise(none_fits)
        .alias("why_not")
    )


def _stood_between(playbooks: dict[str, Playbook], currency: str, full: list[str]) -> pl.Expr:
    """Why the first playbook that is for a customer is not given."""
    text = pl.lit(None, dtype=pl.String)
    for at, (name, book) in enumerate(playbooks.items()):
        kept = (pl.col("value_at_stake") * (1.0 if book.effect is None else book.effect)).round(2)
        words = "is at stake" if book.effect is None else f"of what is at stake is expected to be kept by {name}"
        # Parts of their own, since the name of a playbook may hold braces.
        dear = pl.lit(f"nothing, because it would cost {book.cost:.2f} {currency} and only ")
        cost = pl.concat_str(dear, kept, pl.lit(f" {currency} {words}"))
        rest = pl.lit(f"nothing, because {name} was given fewer than {book.cooldown_days} days ago")
        room = pl.lit(f"nothing, because the {full[at]}, goes to where it keeps more")
        said = (
            pl.when(pl.col("obstacle") == "cost")
            .then(cost)
            .when(pl.col("obstacle") == "rest")
            .then(rest)
            .otherwise(room)
        )
        text = pl.when(pl.col("wanted") == at).then(said).otherwise(text)
    return text
