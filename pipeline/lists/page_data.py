"""What the script of the page is handed: the rows column by column, and every word it shows."""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from pipeline.i18n import MessageCatalog, say
from pipeline.lists.cells import rounded
from pipeline.lists.comparison import MEASURES
from pipeline.lists.page_words import page_words
from pipeline.lists.schema import ANSWERS, FAMILY_PREFIX, FILLED_IN, OUTCOMES, STATUSES, WORK
from pipeline.lists.value_words import value_words
from pipeline.lists.week import Week, band_levels

FAMILY_WORDS: Final = {
    "recency": "Time since last order",
    "frequency": "How often they order",
    "monetary": "How much they spend",
    "engagement": "Interest shown",
    "breadth": "Variety of purchases",
    "tenure": "Time as a customer",
    "service": "Service cases",
    "loyalty": "Loyalty programme",
    "price": "Prices and discounts",
    "contact": "Contact with us",
}
"""Families in the words of people who never heard of them; another family is shown under its own name."""


ABOUT: Final = "about_"
"""A family that starts so is of the tickets about a topic."""


def family_words(name: str) -> str:
    """What people call a family.

    Examples
    --------
    >>> family_words("recency"), family_words("opening_hours")
    ('Time since last order', 'Opening hours')
    """
    return FAMILY_WORDS.get(name, name.replace("_", " ").capitalize())


def _family(name: str, catalog: MessageCatalog, topics: Mapping[str, str]) -> str:
    """The same in the reader's language; of what tickets are about, the company's own word stays."""
    topic = name.removeprefix(ABOUT)
    if topic == name:
        return catalog.text(family_words(name))
    return say("About {topic}", topic=topics.get(topic, topic).replace("_", " ")).in_language(catalog)


def page_data(week: Week, catalog: MessageCatalog) -> dict[str, Any]:
    """The list column by column, the steps of each waterfall, and the words for both."""
    listed = rounded(week.risk_list, week.about.minor_digits).drop(*FILLED_IN, "as_of")
    steps = listed.select("customer_id").join(week.waterfalls, on="customer_id", how="left", maintain_order="left")
    families = sorted(name for name in steps.columns if name.startswith(FAMILY_PREFIX))
    return {
        "words": page_words(catalog),
        "labels": value_words(week, catalog),
        "company": week.about.company,
        "as_of": week.about.as_of,
        "outcomes": OUTCOMES,
        "answers": ANSWERS,
        "currency": week.about.currency,
        "digits": week.about.minor_digits,
        "bands": band_levels(week.actions),
        "statuses": STATUSES,
        "work": WORK,
        "families": [_family(name.removeprefix(FAMILY_PREFIX), catalog, week.about.topics) for name in families],
        "columns": listed.to_dict(as_series=False),
        "steps": steps.select(pl.col("base_log_odds", *families).round(4)).rows(),
        **_history(week, listed.select("customer_id")),
        "former": [] if week.former is None else week.former.select("customer_id", "name").rows(),
    }


def _history(week: Week, listed: pl.DataFrame) -> dict[str, Any]:
    """Days with an order by month, and figures beside what is usual, in the order of the list."""
    data: dict[str, Any] = {"months": [], "order_days": [], "measures": [], "figures": []}
    if week.order_days is not None:
        days = listed.join(week.order_days, on="customer_id", how="left", maintain_order="left").drop("customer_id")
        data |= {"months": days.columns, "order_days": days.rows()}
    if week.figures is not None:
        figures = listed.join(week.figures, on="customer_id", how="left", maintain_order="left").drop("customer_id")
        decimals = [pl.col(name).round(week.about.minor_digits if "spend" in name else 1) for name in figures.columns]
        data |= {
            "measures": [name for name in MEASURES if name in figures.columns],
            "figures": figures.select(decimals).rows(),
        }
    return data
