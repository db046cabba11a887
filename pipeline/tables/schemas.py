"""The canonical tables: their columns, what each may hold, and which rows are refused by which rule."""

import difflib

from pipeline.config.errors import BadParams
from pipeline.tables.columns import Column as Column
from pipeline.tables.columns import Table as Table

SURVEY_SCALES = {"nps": 10, "csat": 5}
"""The kinds of survey whose answers are read, each with its best answer; the worst one is 0."""

CUSTOMER_ID = Column("customer_id", "id", "the customer, as the company writes it", required=True)

TRANSACTIONS = Table(
    "transactions",
    "a purchased or refunded line",
    (
        CUSTOMER_ID,
        Column("transaction_id", "id", "the order or basket; derived from the row where the source has none"),
        Column("ts", "day", "when it happened", required=True),
        Column("amount", "money", "paid, after discounts; negative is a refund", required=True),
        Column("quantity", "decimal", "pieces, kilograms, ..."),
        Column("list_amount", "money", "price before discounts"),
        Column("discount", "money", "price reduction that was open to the customer", not_negative=True),
        Column(
            "personal_discount",
            "money",
            "price reduction granted to this customer alone: a treatment, never a model feature by default",
            not_negative=True,
        ),
        Column("cost", "money", "what the line cost the company"),
        Column("product_id", "id", "the product"),
        Column("category", "text", "the product's category"),
        Column("store_id", "id", "the store"),
        Column("channel", "text", "where it was bought: store, web, app, ..."),
        Column("currency", "text", "ISO 4217 code; a row that is not in `data.currency` is refused"),
    ),
)
EVENTS = Table(
    "events",
    "something the customer did",
    (
        CUSTOMER_ID,
        Column("ts", "day", "when", required=True),
        Column("event_type", "text", "what: visit, login, coupon_redemption, ...", required=True),
        Column("value", "number", "how much of it, if that means something"),
    ),
)
CONTACTS = Table(
    "contacts",
    "something the company did to the customer; never a model feature by default",
    (
        CUSTOMER_ID,
        Column("ts", "day", "when", required=True),
        Column("team", "text", "who contacted: marketing, sales, success, ..."),
        Column("channel", "text", "how: mail, phone, ..."),
        Column("purpose", "text", "why"),
        Column("playbook", "text", "the playbook behind it, if any"),
        Column("has_value", "flag", "whether it gave the customer something useful"),
    ),
)
TICKETS = Table(
    "tickets",
    "a request for help or a complaint",
    (
        CUSTOMER_ID,
        Column("ticket_id", "id", "the ticket", required=True),
        Column("opened_ts", "day", "when it was opened", required=True),
        Column("first_answer_ts", "day", "when somebody first answered"),
        Column("resolved_ts", "day", "when it was resolved"),
        Column("reopened", "integer", "times it was opened again", not_negative=True),
        Column("topic", "text", "what it is about"),
        Column("is_complaint", "flag", "whether it is a complaint"),
        Column("is_dispute", "flag", "whether money is disputed"),
    ),
)
SURVEYS = Table(
    "surveys",
    "a survey that was sent, and its answer",
    (
        CUSTOMER_ID,
        Column("ts", "day", "when", required=True),
        Column("kind", "text", "nps or csat", required=True, kinds=tuple(SURVEY_SCALES)),
        Column("score", "number", "the answer; empty where none came"),
        Column("touch_point", "text", "after what"),
    ),
)
CUSTOMERS = Table(
    "customers",
    "a customer",
    (
        CUSTOMER_ID,
        Column("name", "text", "what to call the customer"),
        Column("owner", "text", "who looks after the customer"),
        Column("market", "text", "b2b or b2c"),
        Column("signup_day", "day", "first known"),
        Column("country", "text", "ISO 3166 code"),
        Column("region", "text", "region"),
        Column("email_opt_in", "flag", "may be e-mailed"),
        Column("phone_opt_in", "flag", "may be called"),
        Column("sms_opt_in", "flag", "may be texted"),
        Column("preferred_channel", "text", "how the customer wants to be reached: e-mail, phone, sms, letter, ..."),
        Column("language", "text", "ISO 639 code"),
        Column("strategic", "flag", "kept for more than money; counts only with a reason, and until it is over"),
        Column("strategic_reason", "text", "why, and by whose word"),
        Column("strategic_until", "day", "last day it holds; open-ended where empty"),
    ),
)
SUBSCRIPTIONS = Table(
    "subscriptions",
    "a contract period",
    (
        CUSTOMER_ID,
        Column("start_day", "day", "first day", required=True),
        Column("end_day", "day", "last day, if it has one"),
        Column("cancel_day", "day", "day it was cancelled"),
        Column("renewal_day", "day", "day it is due for renewal"),
        Column("plan", "text", "what was bought"),
        Column("price_per_month", "money", "price per month"),
    ),
)
LOYALTY = Table(
    "loyalty",
    "a movement of points",
    (
        CUSTOMER_ID,
        Column("ts", "day", "when", required=True),
        Column(
            "kind",
            "text",
            "earn, spend, expire or reward",
            required=True,
            kinds=("earn", "spend", "expire", "reward"),
        ),
        Column("points", "decimal", "how many"),
        Column("expires_day", "day", "when they lapse"),
    ),
)
COMMITMENTS = Table(
    "commitments",
    "a promise made to the customer",
    (
        CUSTOMER_ID,
        Column("made_ts", "day", "when", required=True),
        Column("promised_by", "text", "by whom"),
        Column("what", "text", "what"),
        Column("due_day", "day", "until when"),
        Column("kept_day", "day", "when it was kept"),
    ),
)
OUTCOMES = Table(
    "outcomes",
    "what a team says happened to an action",
    (
        CUSTOMER_ID,
        Column("as_of", "day", "the week of the action", required=True),
        Column("status", "text", "done, not_done or wrong_reason", required=True),
        Column("done_day", "day", "when it was done"),
        Column("response", "text", "what the customer said"),
        Column("snooze_until", "day", "first day on which the customer may be listed with an action again"),
        Column("note", "text", "anything else"),
    ),
)

TABLES = {
    table.name: table
    for table in (
        TRANSACTIONS,
        EVENTS,
        CONTACTS,
        TICKETS,
        SURVEYS,
        CUSTOMERS,
        SUBSCRIPTIONS,
        LOYALTY,
        COMMITMENTS,
        OUTCOMES,
    )
}


def check_mapping(table: str, columns: dict[str, str]) -> None:
    """Refuse a mapping of columns the table does not have, or one without those it needs.

    Raises
    ------
    BadParams
        With what to write instead.
    """
    known = [column.name for column in TABLES[table].columns]
    where = f"params.yaml: sources.{table}.columns"
    for name in columns:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            instead = f"did you mean '{close[0]}'?" if close else f"{table} has {', '.join(known)}"
            raise BadParams(f"{where}: {name!r} is no column of {table}; {instead}")
    missing = [column.name for column in TABLES[table].columns if column.required and column.name not in columns]
    if missing:
        raise BadParams(f"{where}: {missing[0]!r} is required; say which column of the source it is")
