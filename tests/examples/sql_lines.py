"""The history rows of transactions and events, as queries; what each kind is, `pipeline.examples.lines` says."""

RISE = "1.01"
ITEM_COLUMNS = {"category": "category", "store": "store_id", "channel": "channel"}
PURCHASE_SUMS = (
    "quantity",
    "amount_minor",
    "list_amount_minor",
    "discount_minor",
    "personal_discount_minor",
    "cost_minor",
)


def queries(table: str, rows: str, columns: set[str]) -> dict[str, str]:
    """The history rows that transactions or events give, by kind."""
    if table == "events":
        return {"event": _events(rows)}
    if table != "transactions":
        return {}
    rows = _marked(rows, columns)
    made = {"purchase": _purchases(rows, columns), "refund": _refunds(rows)}
    made |= {"margin": _margins(rows)} if "cost_minor" in columns else {}
    made |= {kind: _items(rows, column) for kind, column in ITEM_COLUMNS.items() if column in columns}
    return made | ({"product": _products(rows, columns)} if "product_id" in columns else {})


def _marked(lines: str, columns: set[str]) -> str:
    """The lines with ``is_paid``: bought, or taken off an order that was bought, as goods of no kind and number."""
    back = "AND coalesce(quantity, 0) >= 0" if "quantity" in columns else ""
    known = "cost_minor IS NOT NULL" if "cost_minor" in columns else "false"
    own = "coalesce(personal_discount_minor, 0) = 0" if "personal_discount_minor" in columns else "true"
    values = {
        "quantity": "NULL",
        "list_amount_minor": "NULL",
        "cost_minor": "CASE WHEN is_costed THEN coalesce(cost_minor, 0) ELSE cost_minor END",
        "discount_minor": f"CASE WHEN {own} THEN greatest(discount_minor, -amount_minor) ELSE discount_minor END",
    }
    changed = ", ".join(
        f"CASE WHEN is_off THEN {value} ELSE {name} END AS {name}" for name, value in values.items() if name in columns
    )
    replaced = f"REPLACE ({changed})" if changed else ""
    return f"""(
        SELECT * {replaced}, is_off OR amount_minor >= 0 AS is_paid
        FROM (SELECT *, bool_or(amount_minor >= 0 AND {known}) OVER own_order AS is_costed,
                amount_minor < 0 {back} AND sum(amount_minor) OVER own_order >= 0
                AND bool_or(amount_minor >= 0) OVER own_order AS is_off
            FROM {lines} WINDOW own_order AS (PARTITION BY customer_key, day, transaction_id)))"""


def _purchases(lines: str, columns: set[str]) -> str:
    # Pieces in thousandths: like amounts, they are whole numbers until the last step.
    sums = "".join(
        f", CAST(sum({column}){' * 1000' if column == 'quantity' else ''} AS BIGINT) AS {column}"
        for column in PURCHASE_SUMS
        if column in columns
    )
    return f"""
        SELECT customer_key, day, CAST(count(DISTINCT transaction_id) AS BIGINT) AS orders{sums}
        FROM {lines} WHERE is_paid GROUP BY customer_key, day"""


def _refunds(lines: str) -> str:
    return f"""
        SELECT customer_key, day,
            CAST(count(DISTINCT transaction_id) AS BIGINT) AS orders, CAST(-sum(amount_minor) AS BIGINT) AS amount_minor
        FROM {lines} WHERE NOT is_paid GROUP BY customer_key, day"""


def _margins(lines: str) -> str:
    return f"""
        SELECT customer_key, day,
            CAST(sum(amount_minor - cost_minor) AS BIGINT) AS margin_minor,
            CAST(coalesce(sum(amount_minor) FILTER (is_paid), 0) AS BIGINT) AS amount_minor
        FROM {lines} WHERE cost_minor IS NOT NULL GROUP BY customer_key, day"""


def _items(lines: str, column: str) -> str:
    return f"""
        SELECT DISTINCT customer_key, {column} AS item, day
        FROM {lines} WHERE amount_minor >= 0 AND {column} IS NOT NULL"""


def _products(lines: str, columns: set[str]) -> str:
    """One row per product and day: whether it is new to the customer, and dearer than when it was bought last."""
    price = "list_amount_minor" if "list_amount_minor" in columns else "amount_minor"
    pieces = "quantity" if "quantity" in columns else "1"
    # Multiplied out, decimals stay exact; a price per piece would be rounded.
    dearer = f"paid * before_pieces > {RISE} * before_paid * pieces AND before_paid > 0"
    return f"""
        SELECT customer_key, item, day,
            CAST(before IS NULL AS BIGINT) AS is_new, CAST(coalesce({dearer}, false) AS BIGINT) AS is_dearer
        FROM (
            SELECT *, lag(day) OVER same AS before, lag(paid) OVER same AS before_paid,
                lag(pieces) OVER same AS before_pieces
            FROM (
                SELECT customer_key, product_id AS item, day,
                    TRY_CAST(sum({price}) AS DECIMAL(18,0)) AS paid,
                    TRY_CAST(sum({pieces}) AS DECIMAL(15,3)) AS pieces
                FROM {lines} WHERE amount_minor >= 0 AND product_id IS NOT NULL GROUP BY customer_key, product_id, day
            ) WINDOW same AS (PARTITION BY customer_key, item ORDER BY day)
        )"""


def _events(rows: str) -> str:
    return f"""
        SELECT customer_key, event_type AS item, day, count(*) AS events
        FROM {rows} GROUP BY customer_key, event_type, day"""
