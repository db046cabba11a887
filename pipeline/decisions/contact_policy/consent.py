"""The channel of an action: allowed by the customer, and the one that suits him or her best."""

import polars as pl

from pipeline.config.params import Contact
from pipeline.decisions.context import DecisionContext, because
from pipeline.i18n import MessageCatalog
from pipeline.playbooks.config import channels
from pipeline.playbooks.config.playbook import Playbook


def held(_name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held where the customer has not agreed to any of the playbook's channels."""
    if any(_consent(name) is None for name in playbook.channels):
        return None
    refused = ~pl.any_horizontal(_is_allowed(name, context) for name in playbook.channels)
    is_known = pl.any_horizontal(pl.col(str(_consent(name))).is_not_null() for name in playbook.channels)

    def named(catalog: MessageCatalog) -> str:
        return catalog.text(" or ").join(catalog.text(name) for name in playbook.channels)

    return pl.coalesce(
        because(context, refused & is_known, "this customer has not agreed to {channels}", channels=named),
        because(context, refused, "it is not known whether this customer agrees to {channels}", channels=named),
    )


def once_known(consents: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """What the register says of channels; where it has forgotten what it knew, nobody is reached that way.

    A column that was emptied looks like customers who were never asked, and whoever was never asked may be contacted
    where `unknown_consent` allows it.

    Parameters
    ----------
    consents
        ``customer_id``, and those of `channels.CONSENTS` that the register has, beside other columns.
    before
        ``customer_id``, and what was known of each of them when the last list was made.

    Examples
    --------
    >>> register = pl.DataFrame({"customer_id": ["a", "b", "c"], "email_opt_in": [None, None, True]})
    >>> before = pl.DataFrame({"customer_id": ["a", "c"], "email_opt_in": [True, False]})
    >>> before = before.with_columns(pl.lit(None, pl.Boolean).alias(name) for name in ("phone_opt_in", "sms_opt_in"))
    >>> once_known(register, before)["email_opt_in"].to_list(), once_known(register.head(0), before).height
    ([False, None, True], 2)
    """
    absent = [pl.lit(None, dtype=pl.Boolean).alias(name) for name in channels.CONSENTS if name not in consents.columns]
    full = consents.with_columns(absent)
    both = full.join(before, on="customer_id", how="full", suffix="_before", coalesce=True, maintain_order="left")
    lost = {name: pl.col(name).is_null() & pl.col(f"{name}_before").is_not_null() for name in channels.CONSENTS}
    return both.with_columns(
        pl.when(is_lost).then(pl.lit(value=False)).otherwise(name).alias(name) for name, is_lost in lost.items()
    ).select(full.columns)


def stricter(consents: pl.DataFrame, opted_out: pl.DataFrame) -> pl.DataFrame:
    """What the register says of channels, but where a customer has opted out since: then it is no.

    Parameters
    ----------
    consents
        ``customer_id``, and those of `channels.CONSENTS` that the register has, beside other columns.
    opted_out
        ``customer_id``, and for each of them whether the customer has taken it back.

    Examples
    --------
    >>> register = pl.DataFrame({"customer_id": ["a", "b"], "email_opt_in": [True, True], "phone_opt_in": [True, None]})
    >>> back = pl.DataFrame({"customer_id": ["a"], "email_opt_in": [True]})
    >>> back = back.with_columns(pl.lit(value=False).alias(name) for name in ("phone_opt_in", "sms_opt_in"))
    >>> stricter(register, back).select("email_opt_in", "phone_opt_in", "sms_opt_in").rows()
    [(False, True, None), (True, None, None)]
    """
    absent = [pl.lit(None, dtype=pl.Boolean).alias(name) for name in channels.CONSENTS if name not in consents.columns]
    full = consents.with_columns(absent)
    both = full.join(
        opted_out, on="customer_id", how="full", suffix="_taken_back", coalesce=True, maintain_order="left"
    )
    taken_back = {name: pl.col(f"{name}_taken_back").fill_null(value=False) for name in channels.CONSENTS}
    return both.with_columns(
        pl.when(is_no).then(pl.lit(value=False)).otherwise(name).alias(name) for name, is_no in taken_back.items()
    ).select(full.columns)


def channel(playbook: Playbook, context: DecisionContext) -> pl.Expr:
    """The channel for each customer.

    Of those that are allowed: the one the customer prefers, else the one he or she last answered on, else the first of
    the list. One on which a team has just tried in vain comes last. Where none is allowed it is null.
    """
    if len(playbook.channels) == 1 and _consent(playbook.channels[0]) is None:
        return pl.lit(playbook.channels[0])
    allowed = {name: _is_allowed(name, context) for name in playbook.channels}
    liked = [
        pl.when(is_allowed & (channels.keyed(wish) == channels.key(name))).then(pl.lit(name))
        for wish in ("preferred_channel", "responded_channel")
        for name, is_allowed in allowed.items()
    ]
    in_order = [*liked, *(pl.when(is_allowed).then(pl.lit(name)) for name, is_allowed in allowed.items())]
    reached = [pl.when(one.ne_missing(pl.col("unreached_channel"))).then(one) for one in in_order]
    return pl.coalesce(*reached, *in_order)


def channels_of(playbook: Playbook, customers: pl.DataFrame, context: DecisionContext) -> pl.Series | None:
    """`channel` of each of the customers; None where there is one for all."""
    if len(playbook.channels) == 1:
        return None
    return customers.select(channel(playbook, context).cast(pl.String).alias("channel"))["channel"]


def _consent(name: str) -> str | None:
    known = channels.find(name)
    assert known is not None, "checked when the playbooks were read"
    return known.consent


def _is_allowed(name: str, context: DecisionContext) -> pl.Expr:
    consent = _consent(name)
    if consent is None:
        return pl.lit(value=True)
    return allowed(consent, context.contact)


def allowed(consent: str, contact: Contact) -> pl.Expr:
    """Whether customers may be reached by a channel: as they say, or, where nothing is known, as the settings say.

    Parameters
    ----------
    consent
        One of `channels.CONSENTS`.
    contact
        ``params.yaml: contact``; `unknown_consent` may have other answers for customers of a country.
    """
    channel = next(name for name, column in channels.CONSENT_OF.items() if column == consent)
    everywhere, by_country = contact.unknown_consent.answers(channel)
    unknown = pl.lit(everywhere)
    for country, answer in by_country.items():
        unknown = pl.when(pl.col("home_country") == country).then(pl.lit(answer)).otherwise(unknown)
    return pl.col(consent).fill_null(unknown)
