"""Words with which a name that holds one of ours is that of something else: a discount amount, the type of a ticket."""

# fmt: off
DAYS = {"updated", "modified", "changed", "last", "first", "next", "previous", "current", "due", "expected"}
MONEY = {
    "discount", "rabatt", "remise", "refund", "refunded", "refunds", "tax", "vat", "mwst", "tva", "shipping", "versand",
    "tip", "fee", "coupon",
}
IDS = {
    "type", "typ", "kind", "status", "state", "date", "day", "time", "name", "email", "amount", "total", "price",
    "value", "count", "reason",
}
# fmt: on
# What an item costs is what it costs the customer in one shop, and the company in another.
COSTS = {"item", "shipping"}
# What tells products apart where nothing numbers them.
DESCRIBES = {"transactions.product_id": {"name"}}


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
    return {"cost": COSTS, "amount": MONEY, "list_amount": MONEY}.get(name, set())
