"""What cannot work in a file of playbooks, and what is worth knowing of it."""

from collections.abc import Collection, Iterator

from pipeline.config.errors import BadPlaybooks
from pipeline.config.params import Score, Sources
from pipeline.playbooks.config.limits import NO_LIMITS, Limits
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.expected_saved_value import as_much
from pipeline.playbooks.for_whom import names_a_state
from pipeline.playbooks.rules.expression import (
    All,
    Either,
    Expression,
    Flag,
    HasAny,
    IsOneOf,
    Known,
    Leaf,
    Not,
    conditions,
)
from pipeline.playbooks.rules.logic import Logic
from pipeline.playbooks.rules.matching import CAUSE_SETS
from pipeline.playbooks.rules.vocabulary import Vocabulary


def refuse(playbooks: dict[str, Playbook], names: Vocabulary, score: Score, limits: Limits = NO_LIMITS) -> None:
    """Refuse a rule that can never hold, and a playbook that another one leaves nobody for.

    Raises
    ------
    BadPlaybooks
        With what to write instead.
    """
    logic = Logic(names, score)
    for name, book in playbooks.items():
        why = logic.contradiction(book.when.expression)
        if why is not None:
            raise BadPlaybooks(
                f"playbooks.yaml: playbooks.{name}.when: can never hold, since {why}; leave one condition out, or join "
                "them with `or`"
            )
    for name, other in shadowed(playbooks, logic, limits):
        raise BadPlaybooks(
            f"playbooks.yaml: playbooks.{name}: is never reached, since playbooks.{other} is for everyone it is for, "
            "costs no more, keeps no less, and is never short; narrow that one's rule, give it a `capacity`, or leave "
            "this out"
        )


def shadowed(playbooks: dict[str, Playbook], logic: Logic, limits: Limits = NO_LIMITS) -> Iterator[tuple[str, str]]:
    """Playbooks that nobody can get, each with the one that takes all of theirs."""
    for number, (name, book) in enumerate(playbooks.items()):
        for place, (other, rival) in enumerate(playbooks.items()):
            if place == number or not _always_wins(rival, book, limits, is_first=place < number):
                continue
            if names_a_state(book) and not names_a_state(rival):
                continue
            if logic.implies(book.when.expression, rival.when.expression):
                yield name, other
                break


def _always_wins(rival: Playbook, book: Playbook, limits: Limits, *, is_first: bool) -> bool:
    """Whether whoever is meant by both, and could be given the book, is given its rival."""
    kept, other = rival.share_kept, book.share_kept
    cost, price = rival.cost - rival.gain, book.cost - book.gain
    better = cost <= price and kept >= other and (is_first or (cost, kept) != (price, other))
    # A duty is given before anything that is none.
    better = better and as_much(rival, book) and (rival.duty or not book.duty)
    is_short = any((
        rival.capacity, rival.cooldown_days, rival.who in limits.who, rival.channels[0] in limits.channel,
        rival.is_task and limits.owner,
    ))  # fmt: skip
    # What holds back an offer does not hold back what is none, and a channel needs its own consent.
    held_alike = not rival.sells and rival.channels == book.channels
    return better and not is_short and held_alike


def never(
    playbooks: dict[str, Playbook],
    names: Vocabulary,
    sources: Sources,
    families: Collection[str],
    causes: Collection[str],
) -> dict[str, str]:
    """The playbooks whose rule cannot hold with the columns the company has declared, each with why.

    Parameters
    ----------
    playbooks, names
        The playbooks, and what their rules may speak of.
    sources
        ``params.yaml: sources``.
    families, causes
        Those a reason can be of, and speak for, with the declared columns.
    """  # fmt: skip
    columns = {f"{table}.{column}" for table, source in sources.declared().items() for column in source.columns}
    tables = set(sources.declared())
    reasons = {}
    for name, book in playbooks.items():
        lacking: dict[str, str] = {}
        for leaf in conditions(book.when.expression):
            missing = sorted(names[leaf.name].needs - columns)
            if missing:
                table, column = missing[0].split(".")
                lacking[leaf.name] = f"sources.{table} is not declared" if table not in tables else (
                    f"sources.{table}.columns has no {column}")  # fmt: skip
        outcome = _Outcomes(lacking, names, set(families), set(causes))
        if True not in outcome.of(book.when.expression):
            reasons[name] = outcome.why
    return reasons


class _Outcomes:
    """Which of true, false and unknown (None) a rule can be, and why not true."""

    def __init__(self, lacking: dict[str, str], names: Vocabulary, families: set[str], causes: set[str]) -> None:
        self.lacking = lacking
        self.names = names
        self.carried = {"reasons": families, "first_reason": families} | dict.fromkeys(CAUSE_SETS, causes)
        self.why = ""

    def of(self, expression: Expression) -> set[bool | None]:
        if isinstance(expression, Not):
            return {None if outcomes is None else not outcomes for outcomes in self.of(expression.part)}
        if isinstance(expression, All | Either):
            decides = isinstance(expression, Either)
            outcomes: set[bool | None] = {not decides}
            for part in expression.parts:
                outcomes = {_joined(one, other, decides) for one in outcomes for other in self.of(part)}
            return outcomes
        return self._of_condition(expression)

    def _of_condition(self, leaf: Leaf) -> set[bool | None]:
        if leaf.name in self.lacking:
            self.why = self.why or self.lacking[leaf.name]
            no = isinstance(leaf, Known) or (isinstance(leaf, Flag) and self.names[leaf.name].absent == "no")
            return {False} if no else {None}
        if isinstance(leaf, HasAny | IsOneOf) and not self.carried.get(leaf.name, set(leaf.values)) & set(leaf.values):
            kind = "speaks for" if leaf.name.endswith("causes") else "carries the reason"
            self.why = self.why or f"no declared column {kind} {', '.join(leaf.values)}"
            return {False} if isinstance(leaf, HasAny) else {False, None}
        return {True, False, None}


def _joined(one: bool | None, other: bool | None, decides: bool) -> bool | None:  # noqa: FBT001  # a truth table
    if decides in (one, other):
        return decides
    return None if None in (one, other) else not decides
