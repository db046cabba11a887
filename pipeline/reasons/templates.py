"""The phrases of a feature, filled with a customer's own numbers, in the language of whoever reads them."""

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.examples.features.declare import Feature, placeholders, slots, template
from pipeline.i18n import MessageCatalog
from pipeline.reasons.units import SINGULAR, rounded, written


class Phrases:
    """Says what a feature has to say of each row.

    Parameters
    ----------
    features
        All features a phrase may speak of, for their units.
    currency
        ISO code that amounts are written with.
    """

    def __init__(self, features: list[Feature], currency: str) -> None:
        self.currency = currency
        self.units = {feature.name: feature.unit for feature in features}

    def render(self, values: pl.DataFrame, feature: Feature, catalog: MessageCatalog) -> pl.Series:
        """The first phrase of which all numbers are known; null where there is none."""
        sentences = [self._filled(phrase, catalog) for phrase in _sayable(values, feature)]
        return values.select(_capital(pl.coalesce(sentences)).alias("text")).to_series()

    def _filled(self, phrase: str, catalog: MessageCatalog) -> pl.Expr:
        parts = {place: self._part(slot, catalog) for place, slot in slots(phrase)}
        text = template(phrase)
        if text not in SINGULAR:
            return catalog.translate(text, **parts)
        count = rounded(pl.col(dict(slots(phrase))["number"]).cast(pl.Float64))
        return catalog.counted(SINGULAR[text], text, count, **parts)

    def _part(self, slot: str, catalog: MessageCatalog) -> str | pl.Expr:
        """What fills a place of a phrase: a name, a window of days, or the customer's own number."""
        if slot.startswith("'"):
            return catalog.text(slot.strip("'"))
        if slot.isdigit():
            return written("days", pl.lit(int(slot)), self.currency, catalog)
        return written(self.units[slot], pl.col(slot), self.currency, catalog)


def known(values: pl.DataFrame, features: list[Feature]) -> npt.NDArray[np.bool_]:
    """Whether one of the phrases of each feature has all of its numbers; (rows, features)."""
    columns = [_known(values, feature).alias(str(position)) for position, feature in enumerate(features)]
    return values.select(columns).to_numpy()


def _known(values: pl.DataFrame, feature: Feature) -> pl.Expr:
    complete = [
        pl.all_horizontal(
            [pl.repeat(value=True, n=pl.len()), *(pl.col(name).is_not_null() for name in placeholders(phrase))]
        )
        for phrase in _sayable(values, feature)
    ]
    return pl.any_horizontal(complete) if complete else pl.repeat(value=False, n=pl.len(), dtype=pl.Boolean)


def _sayable(values: pl.DataFrame, feature: Feature) -> list[str]:
    """The phrases that speak only of features this company has."""
    return [phrase for phrase in feature.phrases if set(placeholders(phrase)) <= set(values.columns)]


def _capital(text: pl.Expr) -> pl.Expr:
    return text.str.slice(0, 1).str.to_uppercase() + text.str.slice(1)
