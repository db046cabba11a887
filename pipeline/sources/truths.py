"""What yes and no are called in files, in the languages that names of columns are known in."""

from pipeline import sql

# fmt: off
YES = frozenset({
    "true", "t", "yes", "y", "1", "1.0", "ja", "j", "wahr", "oui", "o", "vrai", "si", "sì", "sí", "s", "vero", "v",
    "verdadero", "waar",
})
NO = frozenset({
    "false", "f", "no", "n", "0", "0.0", "nein", "falsch", "non", "faux", "falso", "nee", "onwaar", "nei",
})
# fmt: on


def query(text: str) -> str:
    """A query for true or false, or nothing where the text says neither.

    >>> with sql.connect(1, 1.0) as engine:
    ...     engine.execute(f"SELECT {query('word')} FROM (VALUES ('Ja'), ('non'), ('?')) AS cells(word)").fetchall()
    [(True,), (False,), (None,)]
    """
    return f"CASE WHEN lower({text}) IN {_words(YES)} THEN true WHEN lower({text}) IN {_words(NO)} THEN false END"


def is_yes(text: str) -> str:
    """A condition that holds where the text says yes, and nowhere else."""
    return f"coalesce(lower({text}) IN {_words(YES)}, false)"


def _words(words: frozenset[str]) -> str:
    return f"({', '.join(sql.text(word) for word in sorted(words))})"
