"""Orders of several lines, as shops export them: what belongs to the order counts once, and a discount is no refund."""

import io
from datetime import date

import pandas as pd
import polars as pl
import pytest

from pipeline.examples import lines
from tests import bucket, real_files
from tests.drawing import drawn
from tests.oracle import Line

PRICES = {"SKU-1": 5.0, "SKU-2": 7.5, "SKU-3": 12.99}


def shop_export(orders: int = 60) -> pd.DataFrame:
    """Lines of orders of one to three products, as a shop knows them before it exports them."""
    rows = []
    for n in range(orders):
        status = "voided" if n % 9 == 4 else "paid"
        day = f"2024-{1 + n % 12:02d}-{1 + n % 28:02d} 10:{n % 60:02d}:00"
        for sku, pieces in list(zip(PRICES, (1 + n % 2, 2, 1), strict=True))[: 1 + n % 3]:
            rows.append((f"#{1001 + n}", f"c{n % 11}@x.example", status, day, pieces, sku, PRICES[sku]))
    names = ["Name", "Email", "Financial Status", "Paid at", "Lineitem quantity", "Lineitem sku", "Lineitem price"]
    table = pd.DataFrame(rows, columns=names)
    paid = (table["Lineitem quantity"] * table["Lineitem price"]).groupby(table["Name"]).transform("sum")
    # Freight and a discount: what was paid is not the sum of the lines.
    table.insert(4, "Total", (paid + 4.9 - 1.25).round(2))
    return table


def as_csv(table: pd.DataFrame) -> bytes:
    out = io.StringIO()
    table.to_csv(out, index=False)
    return out.getvalue().encode()


def in_first_lines_only(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    written = table.astype(object)
    written.loc[table.duplicated("Name"), columns] = None
    return written


def of_orders(table: pd.DataFrame) -> int:
    """What was paid for the orders that count, in cents."""
    counted = table[table["Financial Status"] != "voided"].drop_duplicates("Name")
    return int(sum(round(total * 100) for total in counted["Total"]))


BLANK = ["Email", "Financial Status", "Paid at", "Total"]


def test_what_stands_in_the_first_line_of_an_order_holds_for_all_of_it(tmp_path):
    table = shop_export()
    outcome = real_files.run(tmp_path, {"orders.csv": as_csv(in_first_lines_only(table, BLANK))})
    counted = table[table["Financial Status"] != "voided"]
    assert outcome.refusal == ""
    assert (outcome.cents, outcome.rows) == (of_orders(table), len(counted))
    assert outcome.customers == counted["Email"].nunique()
    assert "  customer_id <- fill(Email, Name) (likely, by its name)" in outcome.lines


def test_an_order_without_any_amount_is_refused_and_does_not_cost_nothing(tmp_path):
    table = shop_export()
    table.loc[table["Name"] == "#1003", "Total"] = None
    outcome = real_files.run(tmp_path, {"orders.csv": as_csv(in_first_lines_only(table, BLANK))})
    assert "3 because amount is missing" in outcome.refusal


def test_blanks_of_a_few_lines_are_no_way_of_writing_orders(tmp_path):
    table = shop_export().astype(object)
    table.loc[5, "Email"] = None
    outcome = real_files.run(tmp_path, {"orders.csv": as_csv(table.drop(columns="Total"))})
    assert not [line for line in outcome.lines if "fill(" in line]


def test_the_amount_of_an_order_that_stands_in_each_line_is_not_summed_up(tmp_path):
    table = shop_export()
    outcome = real_files.run(tmp_path, {"orders.csv": as_csv(table)})
    counted = table[table["Financial Status"] != "voided"]
    by_line = (counted["Lineitem quantity"] * counted["Lineitem price"] * 100).round().sum()
    assert (outcome.refusal, outcome.cents) == ("", int(by_line))
    assert (
        "  look at it: Total is the same in all lines of an order, so amounts are those of the lines" in outcome.lines
    )


def test_without_prices_of_lines_an_order_counts_once(tmp_path):
    table = shop_export()
    outcome = real_files.run(tmp_path, {"orders.csv": as_csv(table.drop(columns="Lineitem price"))})
    assert (outcome.refusal, outcome.cents) == ("", of_orders(table))
    assert any("product_id" not in line and "Lineitem sku: is of one line" in line for line in outcome.lines)


def test_lines_that_cost_the_same_in_a_shop_of_one_price_are_summed_up(tmp_path):
    table = shop_export().assign(Total=9.99).drop(columns=["Lineitem price", "Lineitem quantity"])
    outcome = real_files.run(tmp_path, {"orders.csv": as_csv(table)})
    assert (outcome.refusal, outcome.cents) == ("", 999 * int((table["Financial Status"] != "voided").sum()))


# Lines of one customer: order, day of May, amount, pieces; what was paid, pieces bought and what was given back, by hand.
DISCOUNTS = """
    | lines                             | paid | pieces | refunded | orders | why                                      |
    | a 1 900 1, a 1 -100 1             | 800  | 1      | 0        | 1      | taken off the order                      |
    | a 1 900 1, a 1 -100 -1            | 900  | 1      | 100      | 1      | a piece came back                        |
    | a 1 900 1, b 1 -100 1             | 900  | 1      | 100      | 1      | an order of its own                      |
    | a 1 900 1, a 2 -100 1             | 900  | 1      | 100      | 1      | on another day                           |
    | a 1 900 1, a 1 -1000 1            | 900  | 1      | 1000     | 1      | more than the order comes to             |
    | a 1 900 1, a 1 -900 1             | 0    | 1      | 0        | 1      | the whole order is a gift                |
    | a 1 -100 1                        | none | none   | 100      | 0      | nothing was bought                       |
    | a 1 900 2, a 1 -50 1, a 1 -50 1   | 800  | 2      | 0        | 1      | two equal discounts                      |
    | a 1 900 1, a 1 -100 1, b 1 500 3  | 1300 | 4      | 0        | 2      | two orders of a day                      |
"""


@pytest.mark.parametrize("case", drawn(DISCOUNTS), ids=lambda case: case["why"])
def test_a_line_below_zero_is_a_discount_or_a_refund(case, tmp_path):
    written = [line.split() for line in case["lines"].split(", ")]
    rows = [Line("ann", o, date(2024, 5, int(d)), int(amount), quantity=int(n)) for o, d, amount, n in written]
    bucket.write(tmp_path, rows)
    made = lines.transactions(tmp_path / "transactions" / "bucket-00000.parquet", {"refund"})
    paid, refunds = made["purchase"], made["refund"]
    expected = None if case["paid"] == "none" else (int(case["paid"]), int(case["pieces"]) * 1000)
    found = (paid["amount_minor"].sum(), paid["quantity"].sum()) if len(paid) else None
    assert (found, paid["orders"].sum(), refunds["amount_minor"].sum()) == (
        expected, int(case["orders"]), int(case["refunded"]),
    )  # fmt: skip


def test_a_discount_counts_against_the_margin_and_as_a_reduction(tmp_path):
    order = [Line("ann", "a", date(2024, 5, 1), 900, discount=100, cost=500), Line("ann", "a", date(2024, 5, 1), -50)]
    bucket.write(tmp_path, order)
    made = lines.transactions(tmp_path / "transactions" / "bucket-00000.parquet", {"margin"})
    assert made["margin"].select("margin_minor", "amount_minor").row(0) == (900 - 50 - 500, 850)
    # 1,000 at full price: 100 off the line, 50 off the order.
    assert made["purchase"].select(pl.col("amount_minor") + pl.col("discount_minor")).item() == 1000
