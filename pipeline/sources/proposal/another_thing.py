"""Words with which a name that holds one of ours is that of something else: a discount amount, the type of a ticket."""

# fmt: off
DAYS = {"updated", "modified", "changed", "last", "first", "next", "previous", "current", "due", "expected"}
MONEY = {
    "discount", "discounts", "rabatt", "remise", "refund", "refunded", "refunds", "tax", "taxes", "vat", "mwst", "tva",
    "shipping", "versand", "tip", "tips", "fee", "fees", "coupon", "coupons", "rate", "percent", "pct",
}
IDS = {
    "type", "typ", "kind", "status", "state", "date", "day", "time", "name", "email", "amount", "total", "price",
    "value", "count", "reason", "group", "segment", "class", "category", "country", "region", "city", "phone",
    "address", "language", "manager", "owner", "rep", "agent", "source", "channel", "currency", "note", "notes",
    "comment", "since", "cost", "costs", "discount", "quantity", "tax",
}
# fmt: on
SHARES = {"rate", "percent", "pct"}
OTHERS = {
    "amount": MONEY,
    "list_amount": MONEY,
    "discount": SHARES,
    "currency": SHARES,
    # What an item costs is what it costs the customer in one shop, and the company in another.
    "cost": {"item", "shipping", *SHARES},
    "category": {"customer", "user", "client", "member", "tax", "price"},
}
# What tells products apart where nothing numbers them.
DESCRIBES = {"transactions.product_id": {"name"}, "transactions.store_id": {"name"}}


def words(column: str) -> set[str]:
    """Those words, for a column of ours that is given with its table.

    >>> "type" in words("tickets.ticket_id"), "tax" in words("transactions.amount"), words("customers.region")
    (True, True, set())
    """
    name = column.partition(".")[2]
    if name == "ts" or name.endswith(("_ts", "_day")):
        return DAYS
    if name.endswith("_id"):
        return IDS - DESCRIBES.get(column, set())
    return OTHERS.get(name, set())
