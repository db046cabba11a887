"""The phrases of features, filled with a customer's own numbers, in the language of whoever reads them."""

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.examples.features.declare import Feature
from pipeline.i18n import MessageCatalog
from pipeline.reasons.phrases import Phrase, Phrasebook, find_phrases
from pipeline.reasons.units import SINGULAR, rounded, written


class PhraseTemplates:
    """Says what there is to say of each row's features.

    Parameters
    ----------
    features
        All features a phrase may speak of, for their units.
    currency
        ISO code that amounts are written with.
    phrasebook
        The sentences about each feature.
    """

    def __init__(self, features: list[Feature], currency: str, phrasebook: Phrasebook) -> None:
        self.features = features
        self.currency = currency
        self.units = {feature.name: feature.unit for feature in features}
        self.phrases = {feature.name: find_phrases(feature, phrasebook) for feature in features}

    def render(self, values: pl.DataFrame, feature: Feature, catalog: MessageCatalog) -> pl.Series:
        """The first phrase of which all numbers are known; null where there is none."""
        sentences = [self._filled(phrase, catalog) for phrase in self._sayable(values, feature)]
        return values.with_columns(_capital(pl.coalesce(sentences)).alias("text"))["text"]

    def columns(self, values: pl.DataFrame, feature: Feature) -> list[str]:
        """The feature, and what else its phrases speak of, as far as there are such columns."""
        spoken_of = [name for phrase in self._sayable(values, feature) for name in phrase.features]
        return list(dict.fromkeys([feature.name, *spoken_of]))

    def known(self, values: pl.DataFrame) -> npt.NDArray[np.bool_]:
        """Whether one of the phrases of each feature has all of its numbers; (rows, features)."""
        columns = [self._known(values, feature).alias(str(position)) for position, feature in enumerate(self.features)]
        return values.select(columns).to_numpy()

    def _known(self, values: pl.DataFrame, feature: Feature) -> pl.Expr:
        complete = [
            pl.all_horizontal(
                [pl.repeat(value=True, n=pl.len()), *(pl.col(name).is_not_null() for name in phrase.features)]
            )
            for phrase in self._sayable(values, feature)
        ]
        return pl.any_horizontal(complete) if complete else pl.repeat(value=False, n=pl.len(), dtype=pl.Boolean)

    def _sayable(self, values: pl.DataFrame, feature: Feature) -> list[Phrase]:
        """The phrases that speak only of features this company has."""
        return [phrase for phrase in self.phrases[feature.name] if set(phrase.features) <= set(values.columns)]

    def _filled(self, phrase: Phrase, catalog: MessageCatalog) -> pl.Expr:
        parts = {place: self._part(filling, catalog) for place, filling in phrase.slots.items()}
        if phrase.text not in SINGULAR:
            return catalog.translate(phrase.text, **parts)
        count = rounded(pl.col(phrase.slots["number"]).cast(pl.Float64))
        return catalog.counted(SINGULAR[phrase.text], phrase.text, count, **parts)

    def _part(self, filling: str, catalog: MessageCatalog) -> str | pl.Expr:
        """What fills a place of a phrase: a name, a window of days, or the customer's own number."""
        if filling.startswith("'"):
            return catalog.text(filling.strip("'"))
        if filling.isdigit():
            return written("days", pl.lit(int(filling)), self.currency, catalog)
        return written(self.units[filling], pl.col(filling), self.currency, catalog)


def _capital(text: pl.Expr) -> pl.Expr:
    return text.str.slice(0, 1).str.to_uppercase() + text.str.slice(1)
