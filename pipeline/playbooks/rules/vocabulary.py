"""Every name a rule may speak of: its kind, what it means, where it comes from, and the words it may be."""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from pipeline.config.params import Features, Score
from pipeline.examples.features import Feature, declared, families
from pipeline.examples.features.declare import Aggregate
from pipeline.examples.population import STATES
from pipeline.playbooks.config.tactics import CAUSE_IDS
from pipeline.playbooks.rules.derived_dates import DERIVED
from pipeline.value.customer_value import TIERS, VALUE_TIERS
from pipeline.value.lifecycle import STAGES

Kind: TypeAlias = Literal["number", "share", "word", "set", "flag"]
Origin: TypeAlias = Literal["score", "reasons", "customers", "feature", "date"]
CUTOFFS: Final[dict[Origin, str]] = {
    "score": "of the score",
    "reasons": "of the reasons told",
    "customers": "of the table customers",
    "date": "worked out from features",
    "feature": "features",
}


@dataclass(frozen=True)
class Name:
    """A name a rule may speak of.

    Attributes
    ----------
    name
        As it is written in a rule.
    kind
        ``number``; ``share``, a number that is 1 at most; ``word``; ``set`` of words, which may be empty but is never
        unknown; ``flag``, which is yes or no.
    unit
        Of a number or a share.
    description
        What it is, in a sentence.
    cutoff
        One of `CUTOFFS`.
    allowed
        The words it may be or hold; none stands for any text.
    least, most
        Bounds no value of it can pass, if there are any.
    needs
        Canonical columns, as ``table.column``, without which it has no value for anybody.
    absent
        What it is without them: ``unknown``, or ``no`` for a flag that then holds for nobody.
    """

    name: str
    kind: Kind
    unit: str
    description: str
    cutoff: Origin
    allowed: tuple[str, ...] = ()
    least: float = float("-inf")
    most: float = float("inf")
    needs: frozenset[str] = field(default_factory=frozenset)
    absent: Literal["unknown", "no"] = "unknown"


Vocabulary: TypeAlias = dict[str, Name]

ATTRIBUTES: Final = (
    Name("market", "word", "", "whether it is a company or a person", "customers", ("b2b", "b2c")),
    Name("country", "word", "", "ISO 3166 code of the country", "customers"),
    Name("region", "word", "", "the region", "customers"),
    Name("language", "word", "", "ISO 639 code of the language", "customers"),
    Name("owner", "word", "", "who looks after the customer", "customers"),
    Name("email_opt_in", "flag", "", "whether the customer may be e-mailed", "customers"),
    Name("phone_opt_in", "flag", "", "whether the customer may be called", "customers"),
    Name("sms_opt_in", "flag", "", "whether the customer may be texted", "customers"),
)


def vocabulary(score: Score, features: Features) -> Vocabulary:
    """All names by themselves, in the order the documents show them.

    Parameters
    ----------
    score, features
        ``params.yaml: score``, which names the bands, and ``features``, of which the features are made.

    Examples
    --------
    >>> from pipeline.config import params
    >>> settings = params.load()
    >>> names = vocabulary(settings.score, settings.features)
    >>> names["risk_band"].allowed, names["days_to_points_expiry"].unit, names["causes"].kind
    (('low', 'medium', 'high'), 'days', 'set')
    """
    asked = [needing(name, {f"customers.{name.name}"}) for name in ATTRIBUTES]
    of_features = [_of_feature(feature) for feature in declared(features) if not feature.is_part]
    needs = {name.name: name.needs for name in of_features}
    derived = [
        Name(feature.name, "number", feature.unit, feature.description, "date",
             least=0 if feature.name.startswith("days_to_") else float("-inf"),
             needs=frozenset().union(*(needs[name] for name in feature.inputs)))
        for feature in DERIVED.values()
    ]  # fmt: skip
    every = [*_of_score(score), *_of_reasons(families(features)), *asked, *derived, *of_features]
    by_name = {name.name: name for name in every}
    assert len(by_name) == len(every), "a name stands for one thing"
    return by_name


def needing(name: Name, columns: set[str]) -> Name:
    """The same name, which has no value without these columns."""
    return Name(**{**name.__dict__, "needs": frozenset(columns)})


def _of_score(score: Score) -> list[Name]:
    strategic = frozenset({"customers.strategic", "customers.strategic_reason"})
    return [
        Name("churn_probability", "share", "share", "how likely the customer is to leave", "score",
             least=0, most=1),
        Name("risk_percentile", "number", "0-100", "share of all scored customers at lower risk, as a percentage",
             "score", least=0, most=100),
        Name("risk_band", "word", "", "the churn probability in a word", "score", tuple(score.bands)),
        Name("state", "word", "", "current: scored; lapsed: bought nothing for too long; lost: the contract has ended. "
             "A rule that does not speak of it is for current customers only, but for duties", "score", STATES),
        Name("tier", "word", "", "how settled the customer is", "score", TIERS),
        Name("lifecycle", "word", "", "; ".join(f"{stage}: {words}" for stage, words in STAGES.items()), "score",
             tuple(STAGES)),
        Name("value_tier", "word", "", "how valuable the customer is beside the others", "score", VALUE_TIERS),
        Name("value", "number", "currency", "profit expected over the horizon, if the customer stays", "score"),
        Name("value_at_stake", "number", "currency", "churn probability times value", "score"),
        Name("loss_making", "flag", "", "whether serving the customer cost more than he or she paid in a year", "score",
             needs=frozenset({"transactions.cost"}), absent="no"),
        Name("strategic", "flag", "", "whether somebody keeps the customer for more than money", "score",
             needs=strategic, absent="no"),
    ]  # fmt: skip


def _of_reasons(every: list[str]) -> list[Name]:
    names = tuple(every)
    return [
        Name("reasons", "set", "", "the families of the reasons told", "reasons", names),
        Name("first_reason", "word", "", "the family of the first reason told; unknown where none is", "reasons",
             names),
        Name("causes", "set", "", "the causes any told reason speaks for", "reasons", CAUSE_IDS),
        Name("evidence_causes", "set", "", "the causes a told reason is evidence of, not only a symptom", "reasons",
             CAUSE_IDS),
        Name("first_causes", "set", "", "the causes the first reason speaks for", "reasons", CAUSE_IDS),
    ]  # fmt: skip


def _of_feature(feature: Feature) -> Name:
    kinds: dict[str, Kind] = {"yes/no": "flag", "share": "share"}
    how = feature.how
    # Counts and days gone by are never below zero; sums and formulas may be.
    never_negative = isinstance(how, Aggregate) and (
        how.function in {"count", "latest"} or how.column in {"days_ago", "days_to_renewal", "days_to_expires"}
    )
    return Name(
        feature.name,
        kinds.get(feature.unit, "number"),
        "" if feature.unit == "yes/no" else feature.unit,
        feature.description,
        "feature",
        least=0 if never_negative else float("-inf"),
        needs=feature.needs,
    )
