"""Which rows of the transactions do not count, and what an amount is computed from, by columns that say so."""

import re
from collections.abc import Iterable

from pipeline import sql
from pipeline.sources.proposal import names
from pipeline.sources.proposal.placing import Placed

STATUS = re.compile(r"status|state|zustand|statut|estado|stato|tilstand")
KIND = re.compile(r"type|kind|art|typ|tipo|soort|buchungsart|vorgang")
# A column of truths whose name says that what is true of it does not count.
FLAG = re.compile(r"(is_)?(cancell?ed|void(ed)?|deleted|test|storno|storniert|annule|annullato|cancelado|geannuleerd)")
VOID = {
    "cancelled", "canceled", "cancel", "void", "voided", "failed", "declined", "rejected", "deleted", "draft", "test",
    "abandoned", "expired", "storniert", "storno", "abgebrochen", "fehlgeschlagen", "geloescht", "annule", "annulee",
    "echoue", "cancelado", "cancelada", "anulado", "fallido", "annullato", "fallito", "geannuleerd", "mislukt",
    "kansellert", "avbestilt", "slettet",
}  # fmt: skip
BACK = {
    "refund", "refunded", "return", "returned", "credit", "credit_note", "gutschrift", "retoure", "rueckgabe",
    "erstattung", "remboursement", "avoir", "retour", "devolucion", "reembolso", "reso", "rimborso", "terugbetaling",
    "retur", "refusjon",
}  # fmt: skip
OF_ONE_PIECE = re.compile("price|preis|prix|precio|prezzo|prijs|pris|unit|einzel|unitario")
OF_A_LINE = re.compile("total|summe|sum|gesamt|line|montant|importe|totale|bedrag|belop")


def propose_rules(placed: Placed) -> None:
    """Write into a file taken for transactions what its amount is computed from, and which of its rows count."""
    amount, quantity = placed.columns.get("amount"), placed.columns.get("quantity")
    if amount is None:
        return
    if quantity is not None and _is_of_one_piece(amount):
        placed.expressions["amount"] = f"{quoted(quantity)} * {quoted(amount)}"
        placed.notes.append(
            f"{amount} is the price of one piece by its name; write amount: {amount} if it is of the line"
        )
    conditions = [*_conditions(placed)]
    if conditions:
        placed.where = " and ".join(conditions)
    _sign(placed)


def _is_of_one_piece(name: str) -> bool:
    plain = names.plain(name)
    return bool(OF_ONE_PIECE.search(plain)) and not OF_A_LINE.search(plain)


def _conditions(placed: Placed) -> Iterable[str]:
    for name, profile in placed.sheet.profiles.items():
        plain = names.plain(name)
        if profile.truth and FLAG.fullmatch(plain):
            yield f"not {quoted(name)}"
        elif STATUS.search(plain) and (void := _known(profile.common, VOID)):
            yield f"{quoted(name)} not in ({void})"


def _sign(placed: Placed) -> None:
    """An amount of a kind of row that is money given back is below zero, however it is written."""
    for name, profile in placed.sheet.profiles.items():
        if name in placed.columns.values() and name != placed.columns.get("category"):
            continue
        if KIND.search(names.plain(name)) and (back := _known(profile.common, BACK)):
            amount = placed.expressions.get("amount", quoted(placed.columns["amount"]))
            condition = f"{quoted(name)} in ({back})"
            placed.expressions["amount"] = f"case when {condition} then -abs({amount}) else {amount} end"
            return


def _known(values: Iterable[str], words: set[str]) -> str:
    """Those of the values that are among the words, as a list of an expression; empty where none is."""
    return ", ".join(sql.text(value) for value in sorted(values) if names.plain(value) in words)


def quoted(name: str) -> str:
    """A column as an expression writes it.

    >>> quoted("quantity"), quoted("Unit Price")
    ('quantity', '"Unit Price"')
    """
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.lower() not in WORDS else sql.name(name)


# What the language of expressions means by itself.
WORDS = {
    "and", "or", "not", "in", "is", "null", "case", "when", "then", "else", "end", "like", "between", "select", "from",
    "where", "order", "group", "all", "any", "table", "user", "default", "check", "desc", "asc", "true", "false", "to",
    "as", "on", "using", "union", "limit", "offset", "having", "distinct", "cast", "for", "both", "left", "right",
}  # fmt: skip
