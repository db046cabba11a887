"""Three exports as companies have them go from the file to the weekly list with what `churn init` wrote.

At most two questions are answered on the way. What comes of it is held against sums over the rows before they were written.
"""

import io
import random
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
import yaml

from pipeline.commands import check, init
from pipeline.config import params, paths
from pipeline.stages import run_stage, s1_ingest
from pipeline.tables import storage
from tests import flow

ROOT = Path(__file__).resolve().parents[2]
START, DAYS = date(2023, 1, 2), 540
PRICES = {"85123A": 2.55, "71053": 3.39, "22728": 3.75, "84406B": 12.5}


@cache
def orders(customers: int = 500, leaves: int = 20, last: int = 0) -> pd.DataFrame:
    """Lines of orders of customers and of guests whom nobody knows.

    One in so many leaves after an order, or after some last ones with longer and longer pauses.
    """
    dice, rows, number = random.Random(19), [], 536365
    for customer in range(customers):
        day, pace, left = dice.randrange(0, 300), dice.choice([7, 14, 21]), None
        while day < DAYS:
            number += 1
            who = None if customer % 5 == 4 else 12346 + customer
            moment = datetime.combine(START, datetime.min.time()) + timedelta(
                days=day, minutes=dice.randrange(480, 1200)
            )
            for sku in dice.sample(list(PRICES), dice.randint(1, 3)):
                rows.append((number, who, moment, sku, dice.randint(1, 12), PRICES[sku]))
            if left is None and dice.random() < 1 / leaves:
                left = last
            elif left is not None:
                left -= 1
            if left == 0:
                break
            longer = 1 if left is None else 1 + last - left
            day += max(1, round(dice.gauss(pace, pace / 2) * longer))
    table = pd.DataFrame(rows, columns=["order", "customer", "moment", "sku", "pieces", "price"])
    return table.sort_values(["moment", "order"], kind="stable").reset_index(drop=True)


@dataclass(frozen=True)
class Export:
    """Files, what is answered, and what the table of transactions has to hold: cents, and the last day of each customer."""

    files: dict[str, pd.DataFrame]
    answers: dict[str, object]
    cents: int
    last_days: dict[str, date]


def last_days(table: pd.DataFrame, ids: pd.Series) -> dict[str, date]:
    return {str(key): moment.date() for key, moment in table["moment"].groupby(ids).max().items()}


def online_retail() -> Export:
    """The columns of the file of the UCI repository, a fifth of the customers unknown, and invoices that were cancelled."""
    table = orders()
    file = pd.DataFrame({
        "InvoiceNo": table["order"].astype(str), "StockCode": table["sku"], "Description": "HOLDER",
        "Quantity": table["pieces"], "InvoiceDate": [f"{m.month}/{m.day}/{m.year} {m:%H:%M}" for m in table["moment"]],
        "UnitPrice": table["price"], "CustomerID": table["customer"], "Country": "United Kingdom",
    })  # fmt: skip
    back = file[table["order"] % 50 == 0].copy()
    back["InvoiceNo"], back["Quantity"] = "C" + back["InvoiceNo"], -back["Quantity"]
    known = pd.concat([file, back]).dropna(subset="CustomerID")
    cents = sum(
        round(pieces * round(price * 100)) for pieces, price in zip(known["Quantity"], known["UnitPrice"], strict=True)
    )
    mine = table.dropna(subset="customer")
    return Export(
        {"Online Retail.csv": pd.concat([file, back])}, {"data.anonymous": "drop"}, cents,
        last_days(mine, mine["customer"].astype(int)),
    )  # fmt: skip


def shop() -> Export:
    """Lines of orders; what is of the order stands in its first line only, and orders that were voided do not count."""
    table = orders().dropna(subset="customer").copy()
    ids = table["customer"].astype(int).map("c{}@shop.example".format)
    total = (table["pieces"] * table["price"]).groupby(table["order"]).transform("sum").round(2) + 4.9
    file = pd.DataFrame({
        "Name": "#" + table["order"].astype(str), "Email": ids,
        "Financial Status": (table["order"] % 40 == 0).map({True: "voided", False: "paid"}),
        "Paid at": [f"{m:%Y-%m-%d %H:%M:%S} -0500" for m in table["moment"]], "Currency": "USD",
        "Total": total.map("{:.2f}".format), "Lineitem quantity": table["pieces"], "Lineitem sku": table["sku"],
        "Lineitem price": table["price"],
    })  # fmt: skip
    counted = table["order"] % 40 != 0
    first = ~table.duplicated("order")
    cents = sum(round(value * 100) for value in total[counted & first])
    file.loc[~first, ["Email", "Financial Status", "Paid at", "Currency", "Total"]] = None
    # Half past midnight in New York is noon at most elsewhere: the hours above are those of the shop.
    return Export(
        {"orders_export.csv": file}, {"data.timezone": "Etc/GMT+5"}, cents, last_days(table[counted], ids[counted])
    )


def subscriptions() -> Export:
    """Payments, and contracts of which those that run on have an end that is none."""
    table = orders(2600, 40, 4).dropna(subset="customer").drop_duplicates("order").copy()
    ids = table["customer"].astype(int).map("K{:07d}".format)
    paid = table["pieces"] * 10.0
    payments = pd.DataFrame({
        "Kundennummer": ids, "Rechnungsnummer": table["order"], "Rechnungsdatum": [f"{m:%d.%m.%Y}" for m in table["moment"]],
        "Betrag": paid.map("{:.2f} €".format).str.replace(".", ","),
    })  # fmt: skip
    spans = table.groupby(ids)["moment"].agg(["min", "max"])
    over = (pd.Timestamp(START) + pd.Timedelta(days=DAYS) - spans["max"]).dt.days > 25
    contracts = pd.DataFrame({
        "Kundennummer": spans.index, "Vertragsbeginn": [f"{m:%d.%m.%Y}" for m in spans["min"]],
        "Vertragsende": [f"{m:%d.%m.%Y}" if gone else "31.12.9999" for m, gone in zip(spans["max"], over, strict=True)],
        "Tarif": "Basis",
    })  # fmt: skip
    cents = sum(round(value * 100) for value in paid)
    return Export(
        {"Rechnungen.csv": payments, "Vertraege.csv": contracts},
        {"label.kind": "cancellation", "evaluate.approved_by": "Kari Nordmann"},
        cents,
        last_days(table, ids),
    )


EXPORTS = {"online retail": online_retail, "a shop": shop, "subscriptions": subscriptions}


def prepare(export: Export, folder: Path) -> tuple[params.Params, list[str]]:
    """Write the files, look at them with `churn init`, and answer at most two questions."""
    (folder / "raw").mkdir()
    mark = ";" if "Rechnungen.csv" in export.files else ","
    for name, table in export.files.items():
        out = io.StringIO()
        table.to_csv(out, index=False, sep=mark)
        (folder / "raw" / name).write_text(out.getvalue(), encoding="utf-8")
    shutil.copy(ROOT / "params.yaml", folder)
    shutil.copy(ROOT / "playbooks.yaml", folder)
    lines = list(init.run(Path("raw"), write=True))
    assert len(export.answers) <= 2
    content = yaml.safe_load(paths.PARAMS.read_text(encoding="utf-8"))
    for name, value in export.answers.items():
        section, key = name.split(".")
        content[section][key] = value
    content["storage"] |= {"threads": 1, "keep_read_days": 0}
    paths.PARAMS.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    playbooks = paths.PLAYBOOKS.read_text(encoding="utf-8")
    paths.PLAYBOOKS.write_text(playbooks.replace("currency: USD", f"currency: {content['data']['currency']}"))
    return params.load(), lines


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_taken_in_to_the_cent(name, tmp_path, monkeypatch):
    export = EXPORTS[name]()
    monkeypatch.chdir(tmp_path)
    settings, lines = prepare(export, tmp_path)
    assert sum("asked:" in line for line in lines) <= len(export.answers), lines
    said = list(check.run())
    assert said[-1].startswith("snapshots: ")
    run_stage(s1_ingest, settings)
    table = storage.read_buckets(paths.REPRO.tables / "transactions")
    assert table["amount_minor"].sum() == export.cents
    days = table.filter(pl.col("amount_minor") > 0).group_by("customer_id").agg(pl.col("day").max())
    assert dict(days.iter_rows()) == export.last_days
    if "Vertraege.csv" in export.files:
        ended = (export.files["Vertraege.csv"]["Vertragsende"] != "31.12.9999").sum()
        contracts = storage.read_buckets(paths.REPRO.tables / "subscriptions")
        assert contracts["end_day"].count() == ended > 0
        assert (
            storage.read_json(paths.REPRO.ingest_report)["tables"]["subscriptions"]["open_ends"]
            == len(contracts) - ended
        )


@pytest.mark.nightly
@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_goes_from_the_file_to_the_list(name, tmp_path, monkeypatch):
    export = EXPORTS[name]()
    monkeypatch.chdir(tmp_path)
    settings, _ = prepare(export, tmp_path)
    flow.run_untracked(monkeypatch, settings)
    listed = pl.read_csv(
        tmp_path / "exports" / settings.snapshots.as_of.isoformat() / "risk_list.csv", infer_schema=False
    )
    assert len(listed) > 0
    bought = dict(listed.select("customer_id", "last_order_day").iter_rows())
    assert bought == {who: export.last_days[who].isoformat() for who in bought}
