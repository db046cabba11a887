"""What moved further than is usual here: said, or a reason to publish nothing."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from pipeline.config.params import Drift
from pipeline.drift.kinds import Effect
from pipeline.i18n import Sentence, say

MAX_NAMED: Final = 3
"""Of one kind no more are named: a table that lost ten columns is one piece of news."""


@dataclass(frozen=True)
class Finding:
    """Something that moved further than is usual.

    Attributes
    ----------
    kind
        One of `pipeline.drift.kinds.KINDS`.
    stops
        Whether no list may be made from it, or it is only said.
    words
        What was there before and what is there now.
    """

    kind: str
    stops: bool
    words: Sentence

    def as_report(self) -> dict[str, Any]:
        """The finding, its words in English, for ``run_report.json``."""
        return {"kind": self.kind, "stops": self.stops, "words": str(self.words)}


def find_changes(
    effects: Iterable[Effect], earlier: Collection[dict[str, float]], settings: Drift, accepted: Collection[str]
) -> list[Finding]:
    """The effects beyond their limits, those that stop first.

    A limit is the one of the settings or, where the data of this company move more than that by themselves,
    `usual_times` the largest effect of the earlier weeks.

    Parameters
    ----------
    effects
        What has moved.
    earlier
        The effects of earlier weeks, by name.
    settings
        ``params.yaml: drift``.
    accepted
        Kinds that somebody says are meant: they are named, and do not stop.
    """
    by_kind: dict[str, list[Effect]] = {}
    for effect in effects:
        check = settings.check(effect.kind)
        usual = max((week.get(effect.name, 0.0) for week in earlier), default=0.0)
        if effect.size > max(check.limit, settings.usual_times * usual):
            by_kind.setdefault(effect.kind, []).append(effect)
    findings = []
    for kind, moved in by_kind.items():
        first = sorted(moved, key=lambda effect: (-effect.size, effect.name))
        words = _together([effect.words for effect in first[:MAX_NAMED]])
        if len(first) > MAX_NAMED:
            words = say("{findings} (and {number} more)", findings=words, number=len(first) - MAX_NAMED)
        findings.append(Finding(kind, settings.check(kind).action == "stop" and kind not in accepted, words))
    return sorted(findings, key=lambda finding: not finding.stops)


def _together(words: list[Sentence]) -> Sentence:
    whole, *others = words
    for one in others:
        whole = say("{first}; {next}", first=whole, next=one)
    return whole


def usual_effects(effects: Iterable[Effect], settings: Drift) -> dict[str, float]:
    """What the next weeks may take for usual, by name.

    What would have stopped the list was let through by somebody who answered for that once; it must not widen the limit
    for the weeks after it.
    """
    checks = {effect: settings.check(effect.kind) for effect in effects}
    return {
        effect.name: round(effect.size, 6)
        for effect, check in checks.items()
        if effect.size > 0 and (check.action == "warn" or effect.size <= check.limit)
    }
