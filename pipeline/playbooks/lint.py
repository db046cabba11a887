"""What cannot work in a file of playbooks, and what is worth knowing of it."""

from collections.abc import Collection, Iterator

from pipeline.errors import BadPlaybooks
from pipeline.params import Score, Sources
from pipeline.playbooks.declared import Playbook
from pipeline.playbooks.expression import All, Either, Expression, Flag, HasAny, IsOneOf, Known, Leaf, Not, conditions
from pipeline.playbooks.logic import Logic
from pipeline.playbooks.vocabulary import Vocabulary


def refuse(playbooks: dict[str, Playbook], names: Vocabulary, score: Score) -> None:
    """Refuse a rule that can never hold, and a playbook that an earlier one leaves nobody for.

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
    for name, earlier in shadowed(playbooks, logic):
        raise BadPlaybooks(
            f"playbooks.yaml: playbooks.{name}: is never reached, since playbooks.{earlier} stands before it, is for "
            "everyone it is for, and has no capacity; move it before that one, or give that one a `capacity`"
        )


def shadowed(playbooks: dict[str, Playbook], logic: Logic) -> Iterator[tuple[str, str]]:
    """Playbooks that nobody can get, each with the earlier one that takes all of theirs."""
    books = list(playbooks.items())
    for number, (name, book) in enumerate(books):
        for earlier, before in books[:number]:
            if _never_steps_aside(before, book) and logic.implies(book.when.expression, before.when.expression):
                yield name, earlier
                break


def _never_steps_aside(earlier: Playbook, later: Playbook) -> bool:
    """Whether whoever could be given the later one, and is meant by the earlier, gets the earlier."""
    # It pays for less at stake than the later one, or for as little.
    pays = earlier.cost / (earlier.effect or 1.0) <= later.cost / (later.effect or 1.0)
    return pays and earlier.capacity is None and earlier.cooldown_days is None


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
    found = {}
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
            found[name] = outcome.why
    return found


class _Outcomes:
    """Which of true, false and unknown (None) a rule can be, and why not true."""

    def __init__(self, lacking: dict[str, str], names: Vocabulary, families: set[str], causes: set[str]) -> None:
        self.lacking = lacking
        self.names = names
        self.carried = {"reasons": families, "first_reason": families, "causes": causes, "first_causes": causes}
        self.why = ""

    def of(self, expression: Expression) -> set[bool | None]:
        if isinstance(expression, Not):
            return {None if found is None else not found for found in self.of(expression.part)}
        if isinstance(expression, All | Either):
            decides = isinstance(expression, Either)
            found: set[bool | None] = {not decides}
            for part in expression.parts:
                found = {_joined(one, other, decides) for one in found for other in self.of(part)}
            return found
        return self._of_condition(expression)

    def _of_condition(self, leaf: Leaf) -> set[bool | None]:
        if leaf.name in self.lacking:
            self.why = self.why or self.lacking[leaf.name]
            no = isinstance(leaf, Known) or (isinstance(leaf, Flag) and self.names[leaf.name].absent == "no")
            return {False} if no else {None}
        if isinstance(leaf, HasAny | IsOneOf) and not self.carried.get(leaf.name, set(leaf.words)) & set(leaf.words):
            kind = "speaks for" if leaf.name.endswith("causes") else "carries the reason"
            self.why = self.why or f"no declared column {kind} {', '.join(leaf.words)}"
            return {False} if isinstance(leaf, HasAny) else {False, None}
        return {True, False, None}


def _joined(one: bool | None, other: bool | None, decides: bool) -> bool | None:  # noqa: FBT001  # a truth table
    if decides in (one, other):
        return decides
    return None if None in (one, other) else not decides
