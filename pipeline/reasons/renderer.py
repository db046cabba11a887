"""Reasons in words: each family's strongest feature, told with the customer's own numbers.

Evidence of a cause comes first, the weightiest before all: an open dispute is worth more to whoever has to act than the
long silence that followed it, whatever share of the score each has. Behind it stand the pushes of the model by their
size. Such a reason is told only if it is large enough, its numbers are known, and it points the way it seems to: "last
order 2 days ago" never stands as a reason to worry, whatever the trees made of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.params import Reasons
from pipeline.examples.features.declare import Feature
from pipeline.i18n import IN_ENGLISH, MessageCatalog, Translator
from pipeline.reasons import causes, evidence, families, templates
from pipeline.reasons.evidence_weights import Weight
from pipeline.reasons.phrases import PHRASES, Phrasebook
from pipeline.reasons.ranking import Flags, Place, Places, in_order, of_chosen, unless_stated

Array = npt.NDArray[np.float64]
# A language, and which rows are told in it.
Readers: TypeAlias = tuple[MessageCatalog, Flags]
# Larger than any push in log-odds.
FIRST = 1e6


@dataclass(frozen=True)
class Style:
    """How reasons are told.

    Attributes
    ----------
    settings
        ``params.yaml: reasons``.
    currency
        ISO code that amounts are written with.
    translator
        To whom in which language.
    phrasebook
        In which sentences.
    """

    settings: Reasons
    currency: str
    translator: Translator = IN_ENGLISH
    phrasebook: Phrasebook = field(default_factory=lambda: PHRASES)


class ReasonRenderer:
    """Tells reasons for the customers of a bucket.

    Parameters
    ----------
    features
        The model's features, in the order of its columns.
    typical
        The median of each feature over the training customers.
    style
        How they are told.
    weights
        By feature with a threshold of evidence, what that evidence weighs; a feature that is not among them is no
        evidence here.
    unseen_features
        Features the model does not see, which may be evidence all the same; their contribution is zero.
    """

    def __init__(
        self,
        features: list[Feature],
        typical: dict[str, float | None],
        style: Style,
        weights: dict[str, Weight] | None = None,
        unseen_features: list[Feature] | None = None,
    ) -> None:
        self.translator = style.translator
        self.features = [*features, *(unseen_features or [])]
        self.unseen = len(unseen_features or [])
        self.weights = weights or {}
        self.typical = typical
        self.settings = style.settings
        self.phrases = templates.PhraseTemplates(self.features, style.currency, style.phrasebook)
        self.family_of = [feature.family for feature in self.features]
        self.families = families.in_order(self.family_of)
        self.cause_words = _cause_words(self.features)

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
            first; then the largest pushes) and ``protects_1_...`` (below zero); null where there is nothing to tell.
            With each, what it speaks for: ``reason_1_causes`` (ids, joined by a semicolon, the likeliest first), and of
            that one ``reason_1_kind`` (avoidable or natural), ``reason_1_act`` (yes, partly or no: whether anything
            can be done) and ``reason_1_team`` (who could). Of evidence, ``reason_1_risk_share``: the part (0-1) of the
            churn probability that it explains.
        """
        contributions = np.hstack([contributions, np.zeros((len(contributions), self.unseen))])
        sums = families.by_family(contributions, self.family_of)
        known = self.phrases.known(values)
        raising = self._strongest(values, contributions, known, sign=1)
        lowering = self._strongest(values, contributions, known, sign=-1)
        least = self.settings.min_contribution
        risky = np.where((raising >= 0) & (sums >= least) & (sums > 0), sums, -np.inf)
        safe = np.where((lowering >= 0) & (sums <= -least) & (sums < 0), -sums, -np.inf)
        strongest_evidence = evidence.borne(values, self.features, known, self.weights, self.settings.common_share)
        # Ahead of any push, and the weightier the further.
        risky = np.where(strongest_evidence.chosen >= 0, FIRST + strongest_evidence.priority, risky)
        raising = np.where(strongest_evidence.chosen >= 0, strongest_evidence.chosen, raising)
        # Where nothing stands out the largest push is given all the same, and as such.
        is_faint = np.asarray(np.isneginf(risky).all(axis=1), dtype=np.bool_)
        risky = np.where(is_faint[:, None] & (raising >= 0) & (sums > 0), sums, risky)
        facts, explained = self.phrases.facts(values), strongest_evidence.explained(probability)
        table = _Table(values, list(self.translator.groups(owners, len(values))), is_faint, sums)
        columns: dict[str, pl.Series] = {}
        of_risk, stated, rows = of_chosen(facts, raising), list[Places](), np.arange(len(values))
        for place, of_row in enumerate(in_order(risky, of_risk, 3), start=1):
            is_shown = (place <= self.settings.max_risk_reasons) & (~is_faint | (place == 1))
            shown = Place(of_row.family, of_row.there & is_shown)
            stated.append(np.where(shown.there, of_risk[rows, shown.family], -1))
            columns |= self._build_columns(f"reason_{place}", table, shown, raising)
            columns[f"reason_{place}_risk_share"] = shown.of(explained)
        # One fact cannot speak for both.
        of_safety = of_chosen(facts, lowering)
        (protects,) = in_order(unless_stated(safe, of_safety, stated), of_safety, 1)
        clearly = table._replace(is_faint=np.zeros_like(is_faint))
        return pl.DataFrame(columns | self._build_columns("protects_1", clearly, protects, lowering))

    def _strongest(self, values: pl.DataFrame, contributions: Array, known: Flags, *, sign: int) -> Places:
        """For each row and family, the feature to tell (its column), or -1 where none can be told."""
        pushes = contributions * sign
        for position, feature in enumerate(self.features):
            can_be_given = known[:, position] & self._points(values, feature, sign)
            if can_be_given.any():
                can_be_given &= self.phrases.argues(values, feature, sign)
            pushes[~can_be_given, position] = 0
        chosen, push = families.strongest(pushes, self.family_of)
        return np.where(push > 0, chosen, -1)

    def _points(self, values: pl.DataFrame, feature: Feature, sign: int) -> Flags:
        """Whether the value of each row points the way of the push."""
        typical = self.typical.get(feature.name)
        if feature.risk == "none" or typical is None:
            # Nobody can say whether a push by this feature makes sense, so it is counted, never told.
            return np.zeros(len(values), dtype=np.bool_)
        value = values[feature.name].cast(pl.Float64)
        # Beyond the typical customer on the side that explains the push; a yes/no speaks for itself.
        high = (feature.risk == "up") == (sign > 0)
        beyond = value >= typical if high else value <= typical
        return beyond.fill_null(value=False).to_numpy()

    def _build_columns(self, column: str, table: "_Table", place: Place, chosen: Places) -> dict[str, pl.Series]:
        feature = np.where(place.there, chosen[np.arange(len(chosen)), place.family], -1)
        return {
            f"{column}_family": _looked_up(self.families, np.where(place.there, place.family, -1)),
            f"{column}_text": self._texts(table, feature),
            f"{column}_contribution": place.of(table.sums),
            **{f"{column}_{part}": _looked_up(words, feature) for part, words in self.cause_words.items()},
        }

    def _texts(self, table: "_Table", feature: Places) -> pl.Series:
        """The phrase of the chosen feature of each row, made by feature and language for the rows that need it."""
        rows = [np.flatnonzero(feature < 0)]
        texts = [pl.repeat(None, n=len(rows[0]), dtype=pl.String, eager=True)]
        for position in np.unique(feature[feature >= 0]):
            spoken_of = table.values.select(self.phrases.columns(table.values, self.features[position]))
            for catalog, own in table.readers:
                for is_faint in (False, True):
                    these = np.flatnonzero((feature == position) & own & (table.is_faint == is_faint))
                    if len(these):
                        stated = self.features[position]
                        text = self.phrases.render(spoken_of[these], stated, catalog, is_faint=is_faint)
                        rows.append(these)
                        texts.append(text)
        return pl.concat(texts).gather(np.argsort(np.concatenate(rows), kind="stable"))


class _Table(NamedTuple):
    """What reasons are made of: values, who reads which rows, of whom nothing stands out, and the sums by family."""

    values: pl.DataFrame
    readers: list[Readers]
    is_faint: Flags
    sums: Array


def _cause_words(features: list[Feature]) -> dict[str, list[str | None]]:
    """What each feature speaks for, and who could act."""
    first = [causes.CAUSES[feature.causes[0]] if feature.causes else None for feature in features]
    return {
        "causes": [";".join(feature.causes) or None for feature in features],
        "kind": [cause.kind if cause else None for cause in first],
        "act": [cause.act if cause else None for cause in first],
        "team": [cause.who if cause else None for cause in first],
    }


def _looked_up(words: Sequence[str | None], position: Places) -> pl.Series:
    """The word at each row's position; null where that is -1."""
    return pl.Series([*words, None], dtype=pl.String).gather(np.where(position < 0, len(words), position))
