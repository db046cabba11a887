"""``churn init`` on the exports of well-known systems: by the names they give their columns, and values such as theirs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.commands import init
from pipeline.config import params

START = datetime(2023, 1, 2, 9, tzinfo=UTC)


def at(n: int) -> str:
    return f"{START + timedelta(hours=9 * n):%Y-%m-%d %H:%M}"


def write(file: Path, header: str, rows: list[str]) -> None:
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def columns(raw: Path, table: str) -> dict[str, str]:
    said = list(init.run(raw, write=True))
    assert not [line for line in said if "would be refused" in line and ", of which 0 would be refused" not in line], (
        said
    )
    return params.load(Path("params.yaml")).sources.declared()[table].columns


def shop(raw: Path) -> None:
    write(raw / "orders.csv", "order_id,email,created_at,total",
          [f"o{n},u{n % 40}@mail.example,{at(n)},{n}.50" for n in range(400)])  # fmt: skip


def test_a_till_with_gross_and_net_sales_and_discounts_below_zero(raw):
    write(
        raw / "items.csv",
        "Date,Time,Category,Item,Qty,SKU,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,Event Type,Customer ID,"
        "Customer Name,Location,Channel",
        [
            f"{at(n)[:10]},{at(n)[11:]}:00,Coffee,Latte,1.0,S{n % 9},${n + 2}.00,{'-$1.00' if n % 3 else '$0.00'},"
            f"${n + (1 if n % 3 else 2)}.00,$0.50,T{n:05},Payment,C{n % 40},Ann {n % 40},Main Street,Point of Sale"
            for n in range(400)
        ],
    )
    assert columns(raw, "transactions") == {
        "customer_id": "Customer ID", "transaction_id": "Transaction ID", "ts": "Date", "amount": "Net Sales",
        "quantity": "Qty", "list_amount": "Gross Sales", "discount": "abs(Discounts)", "product_id": "SKU",
        "category": "Category", "store_id": "Location", "channel": "Channel",
    }  # fmt: skip


def test_a_web_shop_whose_order_total_stands_in_each_line(raw):
    rows = []
    for n in range(300):
        costs = [5 + n % 7, 9 + n % 5][: 1 + n % 2]
        rows += [
            f"{9000 + n},Completed,{at(n)},Ann,Lee,ann{n % 40}@mail.example,{sum(costs)}.00,0.00,{k},Item {k},SKU{k},1,"
            f"{cost}.00,,0.00"
            for k, cost in enumerate(costs)
        ]
    write(
        raw / "orders.csv",
        "Order Number,Order Status,Order Date,First Name (Billing),Last Name (Billing),Email (Billing),Order Total Amount,"
        "Order Refund Amount,Item #,Item Name,SKU,Quantity,Item Cost,Coupon Code,Discount Amount",
        rows,
    )
    assert columns(raw, "transactions") == {
        "customer_id": "Email (Billing)", "transaction_id": "Order Number", "ts": "Order Date",
        "amount": 'Quantity * "Item Cost"', "quantity": "Quantity", "discount": "Discount Amount", "product_id": "SKU",
    }  # fmt: skip


def test_payments_and_subscriptions_of_a_billing_service(raw):
    write(
        raw / "payments.csv", "id,Created (UTC),Amount,Amount Refunded,Currency,Status,Customer ID,Customer Email",
        [f"ch{n},{at(n)},{9 + n % 7}.90,0.00,usd,{'Failed' if n % 20 == 0 else 'Paid'},cus{n % 40},u{n % 40}@mail.example"
         for n in range(400)],
    )  # fmt: skip
    write(
        raw / "subscriptions.csv",
        "id,Customer ID,Customer Email,Plan,Quantity,Currency,Interval,Amount,Status,Created (UTC),Start (UTC),"
        "Current Period Start (UTC),Current Period End (UTC),Canceled At (UTC),Cancel At Period End,Ended At (UTC)",
        [f"sub{n},cus{n},u{n}@mail.example,Gold,1,usd,{'year' if n % 3 else 'month'},9.90,active,{at(n)},{at(n)},"
         f"{at(300 + n)},{at(900 + n)},{at(500 + n) if n % 5 == 0 else ''},false,{at(520 + n) if n % 5 == 0 else ''}"
         for n in range(40)],
    )  # fmt: skip
    assert columns(raw, "transactions") == {
        "customer_id": "Customer ID", "transaction_id": "id", "ts": "Created (UTC)", "amount": "Amount",
        "currency": "Currency",
    }  # fmt: skip
    assert params.load(Path("params.yaml")).sources.transactions.where == "Status not in ('Failed')"
    price = "case when Interval in ('month') then Amount / 1 when Interval in ('year') then Amount / 12 end"
    # Where the current period ends moves on, and is left out.
    assert params.load(Path("params.yaml")).sources.subscriptions.columns == {
        "customer_id": "Customer ID", "start_day": "Start (UTC)", "end_day": "Ended At (UTC)",
        "cancel_day": "Canceled At (UTC)", "plan": "Plan", "price_per_month": price,
    }  # fmt: skip


def test_tickets_of_a_help_desk_are_numbered_by_their_id_and_not_by_their_type(raw):
    shop(raw)
    write(
        raw / "zendesk_tickets.csv",
        "Id,Requester,Requester email,Subject,Created at,Updated at,Solved at,Status,Priority,Ticket type,Group,Reopens",
        [f"{n},Ann,u{n % 40}@mail.example,Broken,{at(n)},{at(n + 40)},{at(n + 9)},Solved,High,Question,Support,{n % 2}"
         for n in range(200)],
    )  # fmt: skip
    assert columns(raw, "tickets") == {
        "customer_id": "Requester email", "ticket_id": "Id", "opened_ts": "Created at", "resolved_ts": "Solved at",
        "reopened": "Reopens", "topic": "Subject",
    }  # fmt: skip


def test_contacts_of_a_crm_are_customers_and_letters_are_contacts(raw):
    shop(raw)
    write(
        raw / "hubspot_contacts.csv",
        "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Lifecycle Stage,Create Date",
        [f"{100 + n},Ann{n},Lee,u{n}@mail.example,555,Kim Owner,Customer,{at(0)}" for n in range(40)],
    )
    write(raw / "mailings.csv", "email,sent_at,campaign", [f"u{n}@mail.example,{at(n)},Spring" for n in range(40)])
    assert columns(raw, "customers") == {
        "customer_id": "Email", "name": """trim(coalesce("First Name", '') || ' ' || coalesce("Last Name", ''))""",
        "owner": "Contact owner", "signup_day": "Create Date",
    }  # fmt: skip
    assert params.load(Path("params.yaml")).sources.contacts.columns == {
        "customer_id": "email", "ts": "sent_at", "purpose": "campaign",
    }  # fmt: skip
