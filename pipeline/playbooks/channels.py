"""The channels a playbook may go through, in one place, so that no list shows the same one under two names."""

from typing import Final

CHANNELS: Final = (
    "phone",
    "video call",
    "visit",
    "meeting",
    "meeting of our teams",
    "webinar",
    "event",
    "letter",
    "e-mail",
    "sms",
    "messenger",
    "app",
    "in the product",
    "website",
    "social media",
    "as the customer asked",
    "as the client asked",
    "all",
)
