"""The phrases of features, filled with a customer's own numbers, in the language of whoever reads them."""

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.examples.features.declare import Feature
from pipeline.i18n import MessageCatalog
from pipeline.reasons.comparisons import comparison_of, is_silence, says_no_fall, says_one_day_twice
from pipeline.reasons.phrases import Phrase, Phrasebook, find_phrases
from pipeline.reasons.units import SINGULAR, rounded, written

# The fact that a customer has not bought of late, however it is phrased.
SILENCE = 0
NOTHING_STANDS_OUT = "nothing stands out; most of all: {reason}"


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
        self._numbers: dict[frozenset[str], int] = {}

    def render(
        self, values: pl.DataFrame, feature: Feature, catalog: MessageCatalog, *, is_faint: bool = False
    ) -> pl.Series:
        """The first phrase there is to say of each row, and that it is a faint reason where it is one."""
        phrases = self._sayable(values, feature)
        text = pl.coalesce([pl.when(self._can_be_used(p)).then(self._filled(p, catalog)) for p in phrases])
        whole = catalog.translate(NOTHING_STANDS_OUT, reason=text) if is_faint else text
        return values.with_columns(_capital(whole).alias("text"))["text"]

    def columns(self, values: pl.DataFrame, feature: Feature) -> list[str]:
        """The feature, and what else its phrases speak of, as far as there are such columns."""
        spoken_of = [name for phrase in self._sayable(values, feature) for name in phrase.features]
        return list(dict.fromkeys([feature.name, *spoken_of]))

    def known(self, values: pl.DataFrame) -> npt.NDArray[np.bool_]:
        """Whether one of the phrases of each feature has all of its numbers; (rows, features)."""
        columns = [self._known(values, feature).alias(str(position)) for position, feature in enumerate(self.features)]
        return values.select(columns).to_numpy()

    def argues(self, values: pl.DataFrame, feature: Feature, sign: int) -> npt.NDArray[np.bool_]:
        """Whether the phrase of each row argues for the risk (``sign`` above zero), or else against it.

        A phrase that compares two numbers argues only where they differ the way it is listed for: "2 orders in the last
        30 days, 2 orders in the 90 days before" is no reason to worry.
        """
        tests = [
            (self._can_be_used(phrase), comparison_of(phrase, feature, sign))
            for phrase in self._sayable(values, feature)
        ]
        nothing: list[pl.Expr] = [pl.lit(None, dtype=pl.Boolean)]
        argues = pl.coalesce([*(pl.when(known).then(test) for known, test in tests), *nothing])
        return values.select((argues.fill_null(value=False) & pl.repeat(value=True, n=pl.len())).alias("argues"))[
            "argues"
        ].to_numpy()

    def facts(self, values: pl.DataFrame) -> npt.NDArray[np.int64]:
        """Which fact the phrase of each feature states; (rows, features), equal numbers for one and the same fact."""
        columns = [self._fact(values, feature).alias(str(place)) for place, feature in enumerate(self.features)]
        return values.select(columns).to_numpy()

    def _fact(self, values: pl.DataFrame, feature: Feature) -> pl.Expr:
        stated = [
            pl.when(self._can_be_used(phrase)).then(
                pl.when(is_silence(phrase)).then(SILENCE).otherwise(self._number_of(phrase))
            )
            for phrase in self._sayable(values, feature)
        ]
        own = pl.repeat(-1, n=pl.len(), dtype=pl.Int64)
        return pl.coalesce([*stated, own]).cast(pl.Int64)

    def _number_of(self, phrase: Phrase) -> int:
        return self._numbers.setdefault(frozenset(phrase.features), len(self._numbers) + 1)

    def _can_be_used(self, phrase: Phrase) -> pl.Expr:
        """Whether all numbers of a phrase are known, and it says no day twice and no fall that is none."""
        return pl.all_horizontal(
            [
                pl.repeat(value=True, n=pl.len()),
                ~says_one_day_twice(phrase),
                ~says_no_fall(phrase),
                *(pl.col(name).is_not_null() for name in phrase.features),
            ]
        )

    def _known(self, values: pl.DataFrame, feature: Feature) -> pl.Expr:
        complete = [self._can_be_used(phrase) for phrase in self._sayable(values, feature)]
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
            return catalog.text(filling[1:-1])
        if filling.isdigit():
            return written("days", pl.lit(int(filling)), self.currency, catalog)
        return written(self.units[filling], pl.col(filling), self.currency, catalog)


def _capital(text: pl.Expr) -> pl.Expr:
    return text.str.slice(0, 1).str.to_uppercase() + text.str.slice(1)
