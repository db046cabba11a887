"""What to call a customer, where a file holds the parts of names in columns of their own."""

from pipeline.sources.proposal import names
from pipeline.sources.proposal.placing import Placed
from pipeline.sources.proposal.rows_that_count import quoted

# fmt: off
FIRST = {
    "first_name", "firstname", "given_name", "forename", "vorname", "prenom", "nombre", "nome", "voornaam",
    "fornavn",
}
LAST = {
    "last_name", "lastname", "surname", "family_name", "nachname", "nom", "nom_de_famille", "apellido", "apellidos",
    "cognome", "achternaam", "etternavn",
}
# fmt: on


def propose_name(placed: Placed) -> None:
    """Put the first and the last name together; one of them alone, as is usual for firms, is no harm."""
    first, last = (_column(placed, known) for known in (FIRST, LAST))
    if first is None or last is None:
        return
    for name in (first, last):
        placed.left.pop(name, None)
        if placed.columns.get("name") == name:
            del placed.columns["name"]
    parts = " || ' ' || ".join(f"coalesce({quoted(name)}, '')" for name in (first, last))
    placed.expressions["name"], placed.sure["name"] = f"trim({parts})", names.LIKE


def _column(placed: Placed, known: set[str]) -> str | None:
    """The column that is called so, whether it was taken for the name or not."""
    able = [name for name in (*placed.free(), placed.columns.get("name")) if name and names.plain(name) in known]
    return able[0] if able else None
