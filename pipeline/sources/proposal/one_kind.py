"""A file of one kind of thing: it is called logins, or NPS answers, and so says it in no column."""

from collections.abc import Sequence
from pathlib import PurePath

from pipeline import sql
from pipeline.sources.proposal import names
from pipeline.sources.proposal.placing import Placed, Wanted

# What a column holds in every row of a file that is called so; nothing is known of it under the names of what is empty.
ONE_KIND = {
    "surveys.kind": {"nps": "nps", "csat": "csat"},
    "events.event_type": {
        "visit": "visit visits besuch besuche visites visitas visite bezoeken besok",
        "login": "login logins anmeldungen connexions",
        "session": "session sessions",
    },
    "tickets.is_complaint": {
        "true": "complaint complaints reklamationen reklamation beschwerden reclamations quejas reclami klachten",
        "": "tickets ticket cases requests support service issues anfragen incidencias henvendelser",
    },
}


def propose_kind(placed: Placed, wanted: Sequence[Wanted]) -> None:
    """Say of each row what the names of the file say of all of them."""
    for one in wanted:
        called = (PurePath(placed.sheet.path).stem, " ".join(placed.columns.values()))
        kind = next(filter(None, (find_kind(placed.table, one.column, name) for name in called)), None)
        if kind is not None and one.column not in placed.columns:
            placed.one_kind = kind
            placed.expressions[one.column], placed.sure[one.column] = sql.text(kind), names.LIKE


def find_kind(table: str, column: str, called: str) -> str | None:
    """What a column holds throughout, where names of a file or of its columns say it, and say one thing.

    >>> find_kind("surveys", "kind", "NPS 2024"), find_kind("surveys", "kind", "nps and csat")
    ('nps', None)
    """
    words = set(names.plain(called).split("_"))
    meant = [kind for kind, known in ONE_KIND.get(f"{table}.{column}", {}).items() if words & set(known.split())]
    return (meant[0] or None) if len(meant) == 1 else None
