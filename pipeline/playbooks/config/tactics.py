"""The catalogue: 147 tactics to keep customers, from which a company chooses its playbooks.

They lie beside this module as ``tactics.csv``, which is a part of the package like its code; ``docs/tactics.md`` shows
them to people.
"""

import csv
import functools
import io
import pkgutil
import re
from dataclasses import dataclass
from typing import Any, Final, Literal

from pipeline.config.errors import BadPlaybooks
from pipeline.config.problems import suggestion

FILE: Final = "tactics.csv"
GROUPS: Final = {
    "rewards": "Rewards, offers, incentives",
    "communication": "Communication and content",
    "feedback": "Feedback and research",
    "trust": "Trust, service, quality",
    "accounts": "Business accounts and organisation",
    "programme": "Programme and lifecycle",
}
CLASSES: Final = {
    "E": "software can carry it out",
    "R": "recommend it to a person, who does it",
    "M": "measure only; it is done for all customers or for none",
}
COSTS: Final = {
    "none": "nothing",
    "time": "working time",
    "unit": "a gift, print or message",
    "margin": "price given away",
    "fixed": "a programme, site or event",
    "credit": "credit risk",
}
STAGES: Final = {
    "before": "before somebody is a customer",
    "short": "from the first look to the first purchase",
    "medium": "after a purchase, until they return",
    "long": "regulars",
    "all": "any stage",
    "after": "after they have left",
}
WHO: Final = (
    *("software", "customer success", "marketing", "sales", "service", "product"),
    *("management", "everybody", "a person"),
)
CAUSE_IDS: Final = tuple(f"C{number:02d}" for number in range(1, 57))
TEXTS: Final = ("trigger", "segment", "channel", "objective", "caution")
# The closed vocabulary of each column that has one; those of `MANY` hold several words, joined by a semicolon.
KNOWN: Final = {
    "group": tuple(GROUPS),
    "market": ("b2b", "b2c", "both"),
    "stages": tuple(STAGES),
    "who": WHO,
    "cost": tuple(COSTS),
    "class": tuple(CLASSES),
    "causes": CAUSE_IDS,
    "inferred": (*TEXTS, "cost"),
}
MANY: Final = ("stages", "who", "cost", "causes", "inferred")
COLUMNS: Final = (
    *("id", "group", "source", "market", "stages", "trigger", "segment", "channel", "who", "cost"),
    *("objective", "caution", "class", "causes", "inferred"),
)
MAY_BE_EMPTY: Final = ("caution", "causes", "inferred")


@dataclass(frozen=True)
class Tactic:
    """One way to keep customers.

    Attributes
    ----------
    id
        Its name: what a playbook's ``tactic`` refers to.
    group
        One of `GROUPS`.
    source
        Article and lines it comes from, such as ``S2:L571``.
    market
        ``b2c``, ``b2b`` or ``both``.
    stages
        Where in their time with us customers stand, of `STAGES`.
    trigger, segment, channel, objective
        When, for whom, through what, and what for, in words.
    who
        Who carries it, of `WHO`.
    cost
        What it takes, of `COSTS`.
    caution
        What to mind; None where nothing is stated.
    class_
        One of `CLASSES`.
    causes
        Ids of the causes of churn it addresses, where its trigger makes that clear; else empty.
    inferred
        The fields among ``trigger``, ``segment``, ``channel``, ``cost``, ``objective`` and ``caution`` that the
        source does not state itself, or not wholly.
    """

    id: str
    group: str
    source: str
    market: str
    stages: tuple[str, ...]
    trigger: str
    segment: str
    channel: str
    who: tuple[str, ...]
    cost: tuple[str, ...]
    objective: str
    caution: str | None
    class_: Literal["E", "R", "M"]
    causes: tuple[str, ...]
    inferred: tuple[str, ...]


@functools.cache
def tactics() -> dict[str, Tactic]:
    """All tactics by id, in the order of the catalogue.

    >>> len(tactics()), tactics()["conflict-resolution"].causes, tactics()["conflict-resolution"].class_
    (147, ('C38',), 'R')
    """
    content = pkgutil.get_data(__package__, FILE)
    assert content is not None, f"{FILE} is a part of the package"
    return parse(content.decode("utf-8"))


def parse(text: str) -> dict[str, Tactic]:
    """Read and check the table of tactics.

    Parameters
    ----------
    text
        CSV with the columns `COLUMNS`.

    Raises
    ------
    BadPlaybooks
        A column or a field is missing, a word is not of its vocabulary, or an id comes twice.
    """
    reader = csv.DictReader(io.StringIO(text), strict=True)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise BadPlaybooks(f"{FILE}: columns are {reader.fieldnames}; write {', '.join(COLUMNS)}")
    by_id: dict[str, Tactic] = {}
    for row in reader:
        where = f"{FILE}: line {reader.line_num}"
        tactic = _tactic(row, where)
        if tactic.id in by_id:
            raise BadPlaybooks(f"{where}: id: {tactic.id!r} is there already; write another id")
        by_id[tactic.id] = tactic
    return by_id


def _tactic(row: dict[str, str], where: str) -> Tactic:
    if None in row or None in row.values():
        raise BadPlaybooks(f"{where}: must have {len(COLUMNS)} fields; write a text with commas in double quotes")
    for name in COLUMNS:
        if not row[name] and name not in MAY_BE_EMPTY:
            raise BadPlaybooks(f"{where}: {name}: is empty; write something")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row["id"]):
        raise BadPlaybooks(f"{where}: id: {row['id']!r} must be lower case with hyphens, such as 'thank-you-email'")
    fields: dict[str, Any] = {name: tuple(row[name].split(";")) if row[name] else () for name in MANY}
    for name, known in KNOWN.items():
        for word in fields.get(name, (row[name],)):
            if word not in known:
                raise BadPlaybooks(f"{where}: {name}: {word!r} is not known{suggestion(word, list(known))}")
    fields |= {name: row[name] for name in COLUMNS if name not in (*MANY, "class")}
    return Tactic(**fields | {"class_": row["class"], "caution": row["caution"] or None})
