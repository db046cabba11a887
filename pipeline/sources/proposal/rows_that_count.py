"""Which rows of the transactions do not count, and what an amount is computed from, by columns that say so."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline import sql
from pipeline.sources.proposal import names
from pipeline.sources.proposal.placing import BY_VALUES, Orders, Placed

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
OF_ONE_PIECE = re.compile("price|item_cost|preis|prix|precio|prezzo|prijs|pris|unit|einzel|unitario")
OF_A_LINE = re.compile("total|summe|sum|gesamt|line(?!_?item)|montant|importe|totale|bedrag|belop")


# Different values, as a share of all rows, that ids of orders have at least.
MIN_IDS = 0.1
# Columns of ours that an order has, and not each of its lines.
OF_THE_ORDER = ("customer_id", "ts", "store_id", "channel", "currency")
OF_A_LINE_ONLY = ("quantity", "list_amount", "discount", "personal_discount", "cost", "product_id", "category")


def propose_rules(placed: Placed, orders: Orders) -> None:
    """Write into a file taken for transactions what its columns are computed from, and which of its rows count."""
    amount, quantity = placed.columns.get("amount"), placed.columns.get("quantity")
    if amount is None:
        return
    repeats = _find_repeats(placed, orders)
    for column in OF_THE_ORDER:
        if (theirs := placed.columns.get(column)) in repeats.columns:
            placed.expressions[column] = repeats.value(str(theirs))
    if amount in repeats.columns:
        _of_the_order(placed, repeats)
    elif repeats.order and orders.is_repeated(placed.sheet, repeats.order, amount):
        _repeated_in_each_line(placed, repeats)
    elif quantity is not None and _is_of_one_piece(amount):
        placed.expressions["amount"] = f"{quoted(quantity)} * {quoted(amount)}"
        placed.notes.append(
            f"{amount} is the price of one piece by its name; write amount: {amount} if it is of the line"
        )
    conditions = [*_conditions(placed, repeats)]
    if conditions:
        placed.where = " and ".join(conditions)
    placed.notes += _given_back(placed)
    _sign_of_discounts(placed)
    _sign(placed, repeats)


def _find_repeats(placed: Placed, orders: Orders) -> "_Repeats":
    """The columns with the values of an order; its id, where no name says it, is by what these belong together."""
    given = placed.columns.get("transaction_id")
    if given is not None:
        return _Repeats(given, orders.written_once(placed.sheet, given))
    profiles, amount = placed.sheet.profiles, placed.columns["amount"]
    needed = {placed.columns[name] for name in ("customer_id", "ts", "amount")}
    able = [
        name for name in placed.free()
        if profiles[name].filled == 1 and MIN_IDS < profiles[name].unique < 1 and not profiles[name].can_be("day")
    ]  # fmt: skip
    if any(profiles[name].filled < 1 for name in needed):
        whole = {name: orders.written_once(placed.sheet, name) for name in able}
        fitting = {name: columns for name, columns in whole.items() if columns & needed}
    else:
        fitting = {name: frozenset() for name in able if orders.is_repeated(placed.sheet, name, amount)}
    if len(fitting) != 1:
        return _Repeats("", frozenset())
    ((order, columns),) = fitting.items()
    placed.take("transaction_id", order, BY_VALUES)
    return _Repeats(order, columns)


@dataclass(frozen=True)
class _Repeats:
    """The columns that stand in one line of each order only, and the one with its id."""

    order: str
    columns: frozenset[str]

    def value(self, name: str) -> str:
        """A column as an expression, with the value of the order where it is blank."""
        return f"fill({quoted(name)}, {quoted(self.order)})" if name in self.columns else quoted(name)


def _of_the_order(placed: Placed, repeats: _Repeats) -> None:
    """What a whole order cost stands in one of its lines: the others cost nothing more, and keep their products.

    An order without any amount has none; it is refused, and not one that cost nothing.
    """
    amount = placed.columns["amount"]
    placed.expressions["amount"] = (
        f"case when {repeats.value(amount)} is not null then coalesce({quoted(amount)}, 0) end"
    )
    placed.notes.append(f"{amount} stands in one line of each order only; the other lines count as 0")
    of_line = _of_a_line(placed, repeats)
    if of_line and "list_amount" not in placed.columns:
        placed.expressions["list_amount"], placed.sure["list_amount"] = of_line, placed.sure["quantity"]


def _repeated_in_each_line(placed: Placed, repeats: _Repeats) -> None:
    """What a whole order cost stands in each of its lines: lines are taken by their price, or orders without lines."""
    amount, of_line = placed.columns["amount"], _of_a_line(placed, repeats)
    if of_line:
        placed.expressions["amount"] = of_line
        placed.notes.append(f"{amount} is the same in all lines of an order, so amounts are those of the lines")
        return
    for column in [name for name in OF_A_LINE_ONLY if name in placed.columns]:
        placed.drop(column, f"is of one line, and {amount} is the same in all lines of an order, which counts once so")


def _of_a_line(placed: Placed, repeats: _Repeats) -> str:
    """Pieces times their price, where there is one price of a piece; empty else."""
    prices = [
        name for name in placed.free()
        if _is_of_one_piece(name) and name not in repeats.columns and placed.sheet.profiles[name].can_be("money")
    ]  # fmt: skip
    quantity = placed.columns.get("quantity")
    return f"{quoted(quantity)} * {quoted(prices[0])}" if quantity is not None and len(prices) == 1 else ""


def _is_of_one_piece(name: str) -> bool:
    plain = names.plain(name)
    return bool(OF_ONE_PIECE.search(plain)) and not OF_A_LINE.search(plain)


def _conditions(placed: Placed, repeats: _Repeats) -> Iterable[str]:
    for name, profile in placed.sheet.profiles.items():
        plain = names.plain(name)
        if profile.truth and FLAG.fullmatch(plain):
            yield f"not {repeats.value(name)}"
        elif STATUS.search(plain) and (void := _known(profile.common, VOID)):
            yield f"{repeats.value(name)} not in ({void})"


def _given_back(placed: Placed) -> Iterable[str]:
    """Whether an order whose money was given back was one at all, only the company knows."""
    for name, profile in placed.sheet.profiles.items():
        if STATUS.search(names.plain(name)) and (back := _known(profile.common, BACK)):
            yield (
                f"rows where {name} is {back} count, with their amounts as these stand; if all of it was given back, "
                f"leave them out by where: {quoted(name)} not in ({_known(profile.common, VOID | BACK)})"
            )


def _sign_of_discounts(placed: Placed) -> None:
    """A discount lowers the price by what stands there, with a minus before it or without."""
    for column in ("discount", "personal_discount"):
        theirs = placed.columns.get(column)
        if theirs is not None and placed.sheet.profiles[theirs].below_zero:
            placed.expressions[column] = f"abs({quoted(theirs)})"


def _sign(placed: Placed, repeats: _Repeats) -> None:
    """An amount of a kind of row that is money given back is below zero, however it is written."""
    for name, profile in placed.sheet.profiles.items():
        if name in placed.columns.values() and name != placed.columns.get("category"):
            continue
        if KIND.search(names.plain(name)) and (back := _known(profile.common, BACK)):
            amount = placed.expressions.get("amount", quoted(placed.columns["amount"]))
            condition = f"{repeats.value(name)} in ({back})"
            placed.expressions["amount"] = f"case when {condition} then -abs({amount}) else {amount} end"
            return


def _known(values: Iterable[str], words: set[str]) -> str:
    """Those of the values that are among the words, as a list of an expression; empty where none is."""
    return listed(value for value in values if names.plain(value) in words)


def listed(values: Iterable[str]) -> str:
    """Values as an expression lists them.

    >>> listed(["void", "failed"])
    "'failed', 'void'"
    """
    return ", ".join(sql.text(value) for value in sorted(values))


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
