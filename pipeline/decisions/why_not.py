"""Why a customer is given nothing, in a sentence."""

from typing import Final

import polars as pl

from pipeline.decisions.context import nothing_because
from pipeline.decisions.control_group import LEFT_ALONE
from pipeline.decisions.exploration import DRAWN_NOTHING
from pipeline.decisions.optimizer import Limit
from pipeline.i18n import IN_ENGLISH, Part, Translator, figure, named, swapped
from pipeline.playbooks.config.playbook import Playbook
from pipeline.reasons.units import number_of
from pipeline.value.customer_value import TIERS

LOSS_MAKING: Final = (
    "nothing, because serving this customer costs more than it brings (no strategic reason is on record)"
)
BANDS: Final = ("low", "medium", "high")
"""Bands as the shipped settings call them; those of other names stand in sentences as the company writes them."""


def why_not(
    playbooks: dict[str, Playbook], currency: str, full: list[Limit | None], translator: Translator = IN_ENGLISH
) -> pl.Expr:
    """Null for who is given something; else the sentence ``why_not``.

    Parameters
    ----------
    playbooks
        In order of preference.
    currency
        ISO code, for the words about cost.
    full
        For each playbook, what there is no more of; None where that cannot be said.
    translator
        Who reads which language.

    Returns
    -------
    polars.Expr
        Over the scores with ``is_control``, ``chosen`` (the number of the playbook that was given), ``wanted`` (that of
        the first one that is for the customer), ``kept`` (what that one is expected to keep, in currency units),
        ``obstacle`` (what stands between the two), ``owner_is_full`` (whether the owner has no hand free) and
        ``is_explored`` (whether a lot decides).
    """
    loses = pl.col("loss_making") & ~pl.col("strategic")
    none_fits = nothing_because(translator, "no playbook is for a {tier} customer of {band} risk", **kind_of_customer())
    no_room = nothing_because(
        translator,
        "this week there is no room for {playbook}, and others wait who are more pressing",
        playbook=lambda catalog: swapped(catalog, pl.col("waiting_duty"), playbooks),
    )
    return (
        pl.when(pl.col("is_duty").fill_null(value=False))
        .then(pl.lit(None, dtype=pl.String))
        .when((pl.col("obstacle") == "waits") & (pl.col("is_control") | pl.col("chosen").is_null()))
        .then(no_room)
        .when("is_control")
        .then(translator.translate(LEFT_ALONE))
        .when(pl.col("chosen").is_not_null())
        .then(pl.lit(None, dtype=pl.String))
        .when("is_explored")
        .then(translator.translate(DRAWN_NOTHING))
        .when(loses & (pl.col("obstacle") == "cost"))
        .then(translator.translate(LOSS_MAKING))
        .when(pl.col("wanted").is_not_null())
        .then(_stood_between(playbooks, currency, full, translator))
        .otherwise(none_fits)
        .alias("why_not")
    )


def kind_of_customer() -> dict[str, Part]:
    """Tier and band of a customer, as they stand in a sentence."""
    return {
        "tier": lambda catalog: swapped(catalog, pl.col("tier"), TIERS),
        "band": lambda catalog: swapped(catalog, pl.col("risk_band"), BANDS),
    }


def _stood_between(
    playbooks: dict[str, Playbook], currency: str, full: list[Limit | None], translator: Translator
) -> pl.Expr:
    """Why the first playbook that is for a customer is not given."""
    text = pl.lit(None, dtype=pl.String)
    for position, (name, book) in enumerate(playbooks.items()):
        sentence = (
            pl.when(pl.col("obstacle") == "cost")
            .then(_too_dear(name, book, currency, translator))
            .when(pl.col("obstacle") == "rest")
            .then(_rests(name, book, translator))
            .when(pl.col("obstacle") == "cause")
            .then(
                nothing_because(
                    translator, "{playbook} is an offer, and what is for the cause goes first", playbook=named(name)
                )
            )
            .when(pl.lit(book.is_task) & pl.col("owner_is_full"))
            .then(
                nothing_because(
                    translator, "what this customer's owner can do in a week (limits.owner) goes to where it keeps more"
                )
            )
            .otherwise(
                nothing_because(
                    translator, "what there is ({room}) goes to where it keeps more", room=_room(full[position])
                )
            )
        )
        text = pl.when(pl.col("wanted") == position).then(sentence).otherwise(text)
    return text


def _too_dear(name: str, book: Playbook, currency: str, translator: Translator) -> pl.Expr:
    kept = pl.col("kept").round(2).cast(pl.Decimal(scale=2)).cast(pl.String)
    amounts: dict[str, Part] = {"cost": figure(f"{book.cost:.2f}"), "kept": figure(kept), "currency": currency}
    if book.effect is None:
        return nothing_because(
            translator, "it would cost {cost} {currency} and only {kept} {currency} is at stake", **amounts
        )
    return nothing_because(
        translator,
        "it would cost {cost} {currency} and only {kept} {currency} of what is at stake is expected to be kept by "
        "{playbook}",
        playbook=named(name),
        **amounts,
    )


def _rests(name: str, book: Playbook, translator: Translator) -> pl.Expr:
    if book.cooldown_days is None:
        # What a guard or the contact policy holds back has words of its own.
        return pl.lit(None, dtype=pl.String)
    return nothing_because(
        translator,
        "{playbook} was given fewer than {days} ago",
        playbook=named(name),
        days=number_of("days", book.cooldown_days),
    )


def _room(limit: Limit | None) -> Part:
    return (lambda catalog: catalog.text("no more room")) if limit is None else limit.display_name or limit.name
