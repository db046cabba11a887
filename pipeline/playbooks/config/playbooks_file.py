"""``playbooks.yaml`` -> frozen, checked playbooks."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.config.errors import BadPlaybooks
from pipeline.config.problems import first_problem, suggestion
from pipeline.playbooks.config import restrictions
from pipeline.playbooks.config.playbook import NO_PERSON, Playbook
from pipeline.playbooks.config.tactics import tactics
from pipeline.playbooks.rules.name_checks import problem
from pipeline.playbooks.rules.vocabulary import Vocabulary


class Playbooks(BaseModel):
    """The whole of ``playbooks.yaml``; ``limits`` are read by `pipeline.playbooks.config.limits`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    playbooks: Annotated[dict[str, Playbook], Field(min_length=1)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    limits: Any = None


def parse(content: dict[str, Any], names: Vocabulary, file: str = "playbooks.yaml") -> dict[str, Playbook]:
    """Check the playbooks against the tactics, the channels, and the names a rule may speak of.

    Parameters
    ----------
    content
        What ``playbooks.yaml`` holds.
    names
        Of `pipeline.playbooks.rules.vocabulary`.
    file
        What to call the file where something is wrong.

    Raises
    ------
    BadPlaybooks
        A key is unknown, missing or out of range, a rule cannot be read or names something that does not exist, a
        channel is none, or a tactic is not in the catalogue or cannot be given to single customers.
    """
    try:
        books = Playbooks.model_validate(content).playbooks
    except ValidationError as error:
        raise BadPlaybooks(f"{file}: {first_problem(error, Playbooks)}") from None
    for name, playbook in books.items():
        _check_tactic(f"{file}: playbooks.{name}", playbook)
        _check_words(f"{file}: playbooks.{name}", playbook, names)
        restrictions.check_terms(f"{file}: playbooks.{name}", playbook)
    return books


def check_currency(content: dict[str, Any], currency: str, file: str = "playbooks.yaml") -> None:
    """Refuse playbooks whose amounts are in another currency: a call that costs 1 yen is made to everybody.

    Parameters
    ----------
    content
        What ``playbooks.yaml`` holds; one that says no currency is taken for written in the company's own.
    currency
        ``params.yaml: data.currency``.
    file
        What to call the file.

    Raises
    ------
    BadPlaybooks
        The file says another currency.
    """
    written_in = content.get("currency")
    if written_in is not None and written_in != currency:
        raise BadPlaybooks(
            f"{file}: costs, gains and the amounts in rules and limits are in {written_in}, data.currency is "
            f"{currency}; write yours, then change its line 'currency: {written_in}' to 'currency: {currency}'"
        )


def _check_tactic(where: str, playbook: Playbook) -> None:
    known = tactics().get(playbook.tactic)
    if known is None:
        near = suggestion(playbook.tactic, list(tactics()))
        raise BadPlaybooks(f"{where}.tactic: {playbook.tactic!r} is no tactic of docs/tactics.md{near}")
    if known.class_ == "M":
        raise BadPlaybooks(
            f"{where}.tactic: {playbook.tactic!r} is done for all customers or for none (class M), so it cannot be "
            "given to one; write a tactic of class E or R of docs/tactics.md"
        )
    if playbook.is_task and playbook.who in NO_PERSON:
        raise BadPlaybooks(
            f"{where}.who: {playbook.who!r} cannot do {playbook.tactic!r} by {' or '.join(playbook.channels)}, which a "
            "person has to do; write the team that answers for it"
        )


def _check_words(where: str, playbook: Playbook, names: Vocabulary) -> None:
    wrong = problem(playbook.when, names)
    if wrong is not None:
        raise BadPlaybooks(f"{where}.when: {wrong}")
