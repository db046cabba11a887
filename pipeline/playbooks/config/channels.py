"""The channels a playbook may name: which consent each one needs, and which do not reach the customer at all."""

import re
from dataclasses import dataclass
from typing import Final

import polars as pl


@dataclass(frozen=True)
class Channel:
    """A way to reach a customer, or to do something without reaching one.

    Attributes
    ----------
    consent
        The column of the table customers that allows it; None where no consent is needed.
    reaches
        Whether the customer notices, so that it counts as a contact.
    by_person
        Whether there has to be a person at our end, whatever the playbook.
    """

    consent: str | None = None
    reaches: bool = True
    by_person: bool = False


EMAIL: Final = Channel("email_opt_in")
PHONE: Final = Channel("phone_opt_in", by_person=True)
SMS: Final = Channel("sms_opt_in")
OPEN: Final = Channel()
IN_PERSON: Final = Channel(by_person=True)
INSIDE: Final = Channel(reaches=False)
CONSENT_OF: Final = {"email": "email_opt_in", "phone": "phone_opt_in", "sms": "sms_opt_in"}
CONSENTS: Final = tuple(CONSENT_OF.values())
CHANNELS: Final[dict[str, Channel]] = {
    **dict.fromkeys(("e-mail", "mail", "newsletter", "survey by e-mail"), EMAIL),
    **dict.fromkeys(("phone", "call", "telephone", "mobile"), PHONE),
    **dict.fromkeys(("sms", "text message", "mms", "messenger", "whatsapp"), SMS),
    **dict.fromkeys(("letter", "post", "parcel", "with the order"), OPEN),
    **dict.fromkeys(("app", "in the product", "push", "site", "account", "checkout", "chat", "social media"), OPEN),
    **dict.fromkeys(("webinar", "event", "store"), OPEN),
    **dict.fromkeys(("visit", "meeting", "video call", "in person"), IN_PERSON),
    **dict.fromkeys(("as the customer asked", "as the client asked"), IN_PERSON),
    **dict.fromkeys(("internal", "none", "all", "meeting of our teams", "analysis", "crm"), INSIDE),
}
"""Every channel by its name. ``as the customer asked`` answers a request, which is a consent of its own; ``all`` is
for what holds for every team, such as silence."""


def key(name: str) -> str:
    """The name without what people write differently: case, blanks and hyphens.

    >>> key(" E-Mail"), key("text message")
    ('email', 'textmessage')
    """
    return re.sub(r"[\s_-]+", "", name.lower())


_BY_KEY: Final = {key(name): channel for name, channel in CHANNELS.items()}


def find(name: str) -> Channel | None:
    """The channel of that name, or None.

    >>> find("Email") is find("e-mail"), find("carrier pigeon")
    (True, None)
    """
    return _BY_KEY.get(key(name))


def usual_name(name: str) -> str:
    """The name as `CHANNELS` writes it; one that is not there stays.

    >>> usual_name("Email"), usual_name("carrier pigeon")
    ('e-mail', 'carrier pigeon')
    """
    return next((usual for usual in CHANNELS if key(usual) == key(name)), name)


def reaches(name: str) -> bool:
    """Whether the customer notices; a channel of an unknown name does.

    >>> reaches("internal"), reaches("phone"), reaches("carrier pigeon")
    (False, True, True)
    """
    channel = find(name)
    return channel is None or channel.reaches


def by_person(name: str) -> bool:
    """Whether there has to be a person at our end.

    >>> by_person("Phone"), by_person("e-mail"), by_person("carrier pigeon")
    (True, False, False)
    """
    channel = find(name)
    return channel is not None and channel.by_person


def keyed(column: str) -> pl.Expr:
    """`key` over a column of names.

    >>> pl.DataFrame({"channel": ["E-Mail", None]}).select(keyed("channel")).to_series().to_list()
    ['email', None]
    """
    return pl.col(column).cast(pl.String).str.to_lowercase().str.replace_all(r"[\s_-]+", "")


def notices(column: str) -> pl.Expr:
    """`reaches` over a column of names; an unknown or missing name reaches.

    >>> pl.DataFrame({"channel": ["internal", "mail", None]}).select(notices("channel")).to_series().to_list()
    [False, True, True]
    """
    inside = [name for name, channel in _BY_KEY.items() if not channel.reaches]
    return ~keyed(column).is_in(inside).fill_null(value=False)
