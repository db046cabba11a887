"""Reasons in words: each family's strongest feature, told with the customer's own numbers.

Evidence of a cause comes first, the weightiest before all: an open dispute is worth more to whoever has to act than the
long silence that followed it, whatever share of the score each has. Behind it stand the pushes of the model by their
size. Such a reason is told only if it is large enough, its numbers are known, and it points the way it seems to: "last
order 2 days ago" never stands as a reason to worry, whatever the trees made of it.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.examples.features.declare import Feature, placeholders, slots, template
from pipeline.params import Reasons
from pipeline.reasons import causes, families
from pipeline.reasons.units import SINGULAR, rounded, written
from pipeline.reasons.weights import Weight, bears, log_hazard, priority
from pipeline.words import IN_ENGLISH, Catalogue, Speech

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# A language, and which rows are told in it.
Readers: TypeAlias = tuple[Catalogue, Flags]


# Larger than any push in log-odds.
FIRST = 1e6
# Nothing is certain, nor free of all risk; and how the part of a risk is rounded.
SURE, LEAST_HAZARD, DIGITS = 1 - 1e-9, 1e-12, 4


class Teller:
    """Tells reasons for the customers of a bucket.

    Parameters
    ----------
    features
        The model's features, in the order of its columns.
    typical
        The median of each feature over the training customers.
    settings
        ``params.yaml: reasons``.
    currency
        ISO code that amounts are written with.
    weights
        By feature with a threshold of evidence, what that evidence weighs; a feature that is not among them is no
        evidence here.
    witnesses
        Features the model does not see, which may be evidence all the same; their contribution is nought.
    speech
        Who reads which language.
    """

    def __init__(
        self,
        features: list[Feature],
        typical: dict[str, float | None],
        settings: Reasons,
        currency: str,
        weights: dict[str, Weight] | None = None,
        witnesses: list[Feature] | None = None,
        speech: Speech = IN_ENGLISH,
    ) -> None:
        self.speech = speech
        self.features = [*features, *(witnesses or [])]
        self.unseen = len(witnesses or [])
        self.weights = weights or {}
        self.typical = typical
        self.settings = settings
        self.currency = currency
        self.units = {feature.name: feature.unit for feature in self.features}
        self.families = families.in_order([feature.family for feature in self.features])

    def tell(
        self,
        values: pl.DataFrame,
        contributions: Array,
        owners: pl.Series | None = None,
        probability: Array | None = None,
    ) -> pl.DataFrame:
        """Reasons of each customer.

        Parameters
        ----------
        values
            One row per customer; has every feature a phrase speaks of.
        contributions
            Log-odds, (rows, features the model sees).
        owners
            Who looks after each customer, and reads the reasons; None where nobody is known.
        probability
            Of churn (0-1), of each row; None leaves out which part of it a reason explains.

        Returns
        -------
        polars.DataFrame
            ``reason_1_family, reason_1_text, reason_1_contribution`` to ``reason_3_...`` (evidence, the weightiest
            first; then the largest pushes) and
            ``protects_1_...`` (below zero); null where there is nothing to tell. With each, what it speaks for:
            ``reason_1_causes`` (ids, joined by a semicolon, the likeliest first), and of that one
            ``reason_1_act`` (yes, partly or no: whether anything can be done) and ``reason_1_team`` (who could). Of
            evidence, ``reason_1_risk_share``: the part (0-1) of the churn probability that it explains.
        """
        contributions = np.hstack([contributions, np.zeros((len(contributions), self.unseen))])
        sums = families.by_family(contributions, [feature.family for feature in self.features])
        raising = self._strongest(values, contributions, sign=1)
        lowering = self._strongest(values, contributions, sign=-1)
        least = self.settings.min_contribution
        risky = np.where((raising >= 0) & (sums >= least) & (sums > 0), sums, -np.inf)
        safe = np.where((lowering >= 0) & (sums <= -least) & (sums < 0), -sums, -np.inf)
        evident, weight, hazard = self._evidence(values)
        # Ahead of any push, and the weightier the further.
        risky = np.where(evident >= 0, FIRST + weight, risky)
        raising = np.where(evident >= 0, evident, raising)
        explained = _explained(hazard, probability)
        explained[evident < 0] = np.nan
        columns: dict[str, pl.Series] = {}
        readers = list(self.speech.groups(owners, len(values)))
        for place, of_row in enumerate(_in_order(risky, 3), start=1):
            told = Place(of_row.family, of_row.there & (place <= self.settings.max_risk_reasons))
            columns |= self._told(f"reason_{place}", values, readers, told, raising, sums)
            columns[f"reason_{place}_risk_share"] = told.of(explained)
        columns |= self._told("protects_1", values, readers, _in_order(safe, 1)[0], lowering, sums)
        return pl.DataFrame(columns)

    def _evidence(self, values: pl.DataFrame) -> tuple[npt.NDArray[np.int64], Array, Array]:
        """For each row and family, its weightiest evidence (the column, or -1), its priority, and all its hazard."""
        logs = np.full((len(values), len(self.features)), -np.inf)
        for at, feature in enumerate(self.features):
            weight = self.weights.get(feature.name)
            if weight is not None and weight.share <= self.settings.common_share:
                borne = values.select(bears(feature) & self._known(values, feature)).to_series().to_numpy()
                logs[borne, at] = log_hazard(values, feature, weight)[borne]
        before = np.array([priority(feature) for feature in self.features])
        chosen, priorities, hazard = [], [], []
        for family in self.families:
            own = np.array([at for at, feature in enumerate(self.features) if feature.family == family])
            best = own[np.argmax(logs[:, own], axis=1)]
            heaviest = logs[np.arange(len(logs)), best]
            chosen.append(np.where(np.isfinite(heaviest), best, -1))
            priorities.append(np.where(np.isfinite(heaviest), heaviest + before[best], 0.0))
            hazard.append(np.exp(logs[:, own]).sum(axis=1))
        return np.column_stack(chosen), np.column_stack(priorities), np.column_stack(hazard)

    def _strongest(self, values: pl.DataFrame, contributions: Array, *, sign: int) -> npt.NDArray[np.int64]:
        """For each row and family, the feature to tell (its column), or -1 where none can be told."""
        pushes = contributions * sign
        for at, feature in enumerate(self.features):
            pushes[~self._tellable(values, feature, sign), at] = 0
        chosen = []
        for family in self.families:
            own = np.array([at for at, feature in enumerate(self.features) if feature.family == family])
            best = own[np.argmax(pushes[:, own], axis=1)]
            chosen.append(np.where(pushes[np.arange(len(pushes)), best] > 0, best, -1))
        return np.column_stack(chosen)

    def _tellable(self, values: pl.DataFrame, feature: Feature, sign: int) -> Flags:
        typical = self.typical.get(feature.name)
        if feature.risk == "none" or typical is None:
            # Nobody can say whether a push by this feature makes sense, so it is counted, never told.
            return np.zeros(len(values), dtype=np.bool_)
        value = values[feature.name].cast(pl.Float64)
        known = value.is_not_null() & values.select(self._known(values, feature)).to_series()
        # Beyond the typical customer on the side that explains the push; a yes/no speaks for itself.
        high = (feature.risk == "up") == (sign > 0)
        beyond = value >= typical if high else value <= typical
        return (known & beyond.fill_null(value=False)).to_numpy()

    def _known(self, values: pl.DataFrame, feature: Feature) -> pl.Expr:
        """Whether one of the phrases has all of its numbers."""
        known = [
            pl.all_horizontal(
                [pl.repeat(value=True, n=pl.len()), *(pl.col(name).is_not_null() for name in placeholders(phrase))]
            )
            for phrase in self._sayable(values, feature)
        ]
        return pl.any_horizontal(known) if known else pl.repeat(value=False, n=pl.len(), dtype=pl.Boolean)

    def _phrase(self, values: pl.DataFrame, feature: Feature, catalogue: Catalogue) -> pl.Series:
        """The first phrase of which all numbers are known; null where there is none."""
        told = [self._filled(phrase, catalogue) for phrase in self._sayable(values, feature)]
        return values.select(_capital(pl.coalesce(told)).alias("text")).to_series()

    def _filled(self, phrase: str, catalogue: Catalogue) -> pl.Expr:
        parts = {place: self._part(found, catalogue) for place, found in slots(phrase)}
        text = template(phrase)
        if text not in SINGULAR:
            return catalogue.say(text, **parts)
        count = rounded(pl.col(dict(slots(phrase))["number"]).cast(pl.Float64))
        return catalogue.counted(SINGULAR[text], text, count, **parts)

    def _part(self, found: str, catalogue: Catalogue) -> str | pl.Expr:
        """What fills a place of a phrase: a name, a window of days, or the customer's own number."""
        if found.startswith("'"):
            return catalogue.text(found.strip("'"))
        if found.isdigit():
            return written("days", pl.lit(int(found)), self.currency, catalogue)
        return written(self.units[found], pl.col(found), self.currency, catalogue)

    def _sayable(self, values: pl.DataFrame, feature: Feature) -> list[str]:
        """The phrases that speak only of features this company has."""
        return [phrase for phrase in feature.phrases if set(placeholders(phrase)) <= set(values.columns)]

    def _told(
        self,
        column: str,
        values: pl.DataFrame,
        readers: list[Readers],
        place: "Place",
        chosen: npt.NDArray[np.int64],
        sums: Array,
    ) -> dict[str, pl.Series]:
        feature = np.where(place.there, chosen[np.arange(len(chosen)), place.family], -1)
        return {
            f"{column}_family": pl.Series(
                [self.families[at] if ok else None for at, ok in zip(place.family, place.there, strict=True)],
                dtype=pl.String,
            ),
            f"{column}_text": self._texts(values, readers, feature),
            f"{column}_contribution": place.of(sums),
            **self._causes(column, feature),
        }

    def _causes(self, column: str, feature: npt.NDArray[np.int64]) -> dict[str, pl.Series]:
        """What the chosen feature of each row speaks for, and who could act."""
        ids = [self.features[at].causes if at >= 0 else () for at in feature]
        first = [causes.CAUSES[found[0]] if found else None for found in ids]
        told: dict[str, list[str | None]] = {
            "causes": [";".join(found) or None for found in ids],
            "act": [cause.act if cause else None for cause in first],
            "team": [cause.who if cause else None for cause in first],
        }
        return {f"{column}_{part}": pl.Series(values, dtype=pl.String) for part, values in told.items()}

    def _texts(self, values: pl.DataFrame, readers: list[Readers], feature: npt.NDArray[np.int64]) -> pl.Series:
        """The phrase of the chosen feature of each row, made by feature and language for the rows that need it."""
        texts = np.full(len(feature), None, dtype=object)
        for at in np.unique(feature[feature >= 0]):
            for catalogue, own in readers:
                rows = np.flatnonzero((feature == at) & own)
                if len(rows):
                    texts[rows] = self._phrase(values[rows], self.features[at], catalogue).to_list()
        return pl.Series(texts.tolist(), dtype=pl.String)


class Place(NamedTuple):
    """The family that stands at a place of each row's order, and whether there is one."""

    family: npt.NDArray[np.int64]
    there: Flags

    def of(self, values: Array) -> pl.Series:
        """What the families at this place have, of what each row and family has; null where there is none."""
        return pl.Series(np.where(self.there, values[np.arange(len(values)), self.family], np.nan)).fill_nan(None)


def _in_order(strength: Array, places: int) -> list[Place]:
    """Who stands at the first places of each row, the strongest first; minus infinity stands nowhere."""
    order = np.argsort(-strength, axis=1, kind="stable")[:, :places]
    found = [Place(at, np.isfinite(strength[np.arange(len(order)), at])) for at in order.T]
    nobody = Place(np.zeros(len(order), dtype=np.int64), np.zeros(len(order), dtype=np.bool_))
    return [*found, *[nobody] * (places - len(found))]


def _explained(hazard: Array, probability: Array | None) -> Array:
    """The part of each row's risk that each family's evidence explains; unknown without a probability.

    Hazards add up to the risk. Where evidence alone adds up to more than the model sees, the model is believed, and
    they share what there is.
    """
    if probability is None:
        return np.full_like(hazard, np.nan)
    whole = -np.log1p(-np.clip(probability, 0, SURE))
    found: Array = hazard / np.maximum(np.maximum(hazard.sum(axis=1), whole), LEAST_HAZARD)[:, None]
    return found.round(DIGITS)


def _capital(text: pl.Expr) -> pl.Expr:
    return text.str.slice(0, 1).str.to_uppercase() + text.str.slice(1)
