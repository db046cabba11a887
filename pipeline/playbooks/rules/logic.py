"""Whether a rule can hold at all, and whether one holds wherever another does.

A rule is spread out into alternatives, each a table of what it leaves open for every name; one that leaves nothing open
for some name can never hold. What is decided is certain; where a rule has too many alternatives, nothing is said.
"""

import itertools
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pipeline.config.params import Score
from pipeline.playbooks.rules.domains import OPPOSITE, YES, Choice, Domain, Key, Span, Wish, alternatives, of_name
from pipeline.playbooks.rules.expression import All, Either, Expression, Not
from pipeline.playbooks.rules.vocabulary import Name, Vocabulary
from pipeline.value.lifecycle import TIERS_OF

MAX_ALTERNATIVES: Final = 5000

State: TypeAlias = dict[Key, Domain]


class TooMany(Exception):
    """The rule has more alternatives than can be looked at."""


@dataclass
class Logic:
    """Decides on rules that speak of `names`.

    Parameters
    ----------
    names
        Of `pipeline.playbooks.rules.vocabulary`.
    score
        ``params.yaml: score``, which ties bands to probabilities.

    Examples
    --------
    >>> from pipeline.config import params
    >>> from pipeline.playbooks.rules.parser import read
    >>> from pipeline.playbooks.rules.vocabulary import vocabulary
    >>> settings = params.load()
    >>> logic = Logic(vocabulary(settings.score, settings.features), settings.score)
    >>> logic.contradiction(read("risk_band = high and churn_probability < 0.1").expression)
    '`risk_band` and `churn_probability` exclude each other'
    >>> logic.implies(read("value > 5 and tier = new").expression, read("value > 3").expression)
    True
    """

    names: Vocabulary
    score: Score
    # What the last state fell on that could not be.
    conflict: str = field(default="", init=False)

    def contradiction(self, rule: Expression) -> str | None:
        """Why a rule can never hold, or None if it can, or if that is not decided."""
        self.conflict = "no customer is left"
        try:
            return None if self._states(rule, "true") else self.conflict
        except TooMany:
            return None

    def implies(self, rule: Expression, other: Expression) -> bool:
        """Whether `other` holds for every customer for whom `rule` does; False also where that is not decided."""
        try:
            return not self._all_of([self._states(rule, "true"), self._states(other, "not true")])
        except TooMany:
            return False

    def _states(self, expression: Expression, wish: Wish) -> list[State]:
        if isinstance(expression, Not):
            return self._states(expression.part, OPPOSITE[wish])
        if isinstance(expression, All | Either):
            parts = [self._states(part, wish) for part in expression.parts]
            together = isinstance(expression, All) == (wish in {"true", "not false"})
            return self._all_of(parts) if together else _limited([state for part in parts for state in part])
        states = [
            self._and({}, alternative) for alternative in alternatives(expression, wish, self.names[expression.name])
        ]
        return [state for state in states if state is not None]

    def _all_of(self, parts: list[list[State]]) -> list[State]:
        states: list[State] = [{}]
        for part in parts:
            if len(states) * len(part) > MAX_ALTERNATIVES:
                raise TooMany
            both = [self._and(one, other) for one, other in itertools.product(states, part)]
            states = [state for state in both if state is not None]
        return states

    def _and(self, one: State, other: State) -> State | None:
        """What both leave open, or None where that is nothing."""
        state = dict(one)
        for key, domain in other.items():
            before = state.get(key) or self._at_first(key)
            state[key] = now = before.within(domain)  # type: ignore[arg-type]  # a name is of one kind
            if not now.has_values and not now.unknown:
                self.conflict = f"no customer meets all it asks of `{key[0]}`"
                return None
        self.conflict = _excluded(state, self.score) or self.conflict
        return None if _excluded(state, self.score) else state

    def _at_first(self, key: Key) -> Domain:
        name: Name = self.names[key[0]]
        return Choice(frozenset({"yes", "no"}), others=False, unknown=False) if key[1] else of_name(name)


def _limited(states: list[State]) -> list[State]:
    if len(states) > MAX_ALTERNATIVES:
        raise TooMany
    return states


def _excluded(state: State, score: Score) -> str | None:
    """Two names that hang together and whose open values do not meet."""
    band, chance = state.get(("risk_band", "")), state.get(("churn_probability", ""))
    if isinstance(band, Choice) and isinstance(chance, Span):
        spans = _spans_of_bands(score)
        if not any(spans[word].within(chance).has_values for word in band.values):
            return "`risk_band` and `churn_probability` exclude each other"
    stage, tier = state.get(("lifecycle", "")), state.get(("tier", ""))
    if isinstance(stage, Choice) and isinstance(tier, Choice):
        fitting = {word for stage_word in stage.values for word in TIERS_OF[stage_word]}
        if not fitting & tier.values:
            return "`lifecycle` and `tier` exclude each other"
    for (name, word), domain in state.items():
        if name in {"first_causes", "evidence_causes"} and domain == YES and _is_no(state.get(("causes", word))):
            return f"`{name}` and `causes` exclude each other"
    first = state.get(("first_reason", ""))
    if isinstance(first, Choice) and not first.unknown and all(_is_no(state.get(("reasons", w))) for w in first.values):
        return "`first_reason` and `reasons` exclude each other"
    return None


def _is_no(domain: Domain | None) -> bool:
    return isinstance(domain, Choice) and domain.values == {"no"}


def _spans_of_bands(score: Score) -> dict[str, Span]:
    edges = [*score.bands.values(), 1.0]
    last = len(score.bands) - 1
    return {
        band: Span(edges[position], edges[position + 1], high_open=position != last, unknown=False)
        for position, band in enumerate(score.bands)
    }  # fmt: skip
