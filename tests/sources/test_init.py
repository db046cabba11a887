"""``churn init``: odd files are recognised, and what cannot be told is said instead of guessed."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from pipeline import cli
from pipeline.commands import init
from pipeline.config import params, paths
from pipeline.config.errors import BadData
from pipeline.sources.proposal import names
from pipeline.stages import s1_ingest
from pipeline.tables import schemas
from tests.drawing import drawn
from tests.sources import odd_files

DAYS = [date(2023, 1, 1) + timedelta(days=n) for n in range(400)]


def write(file: Path, header: str, row, rows: int = 400, encoding: str = "utf-8") -> None:
    lines = [header, *(row(n, DAYS[n % len(DAYS)]) for n in range(rows))]
    file.write_text("\n".join(lines) + "\n", encoding=encoding)


def orders(file: Path) -> None:
    write(file, "customer_id,order_id,order_date,total", lambda n, day: f"c{n % 40},o{n},{day},{n}.50")


def run(raw: Path, *, write: bool = True) -> tuple[list[str], params.Params]:
    told = list(init.run(raw, write=write))
    return told, params.load(Path("params.yaml"))


def left(told: list[str]) -> list[str]:
    return [line.strip() for line in told if line.strip().startswith("not placed: ")]


def test_whoever_was_never_asked_is_not_contacted_until_somebody_answers_for_it(raw):
    orders(raw / "orders.csv")
    _, found = run(raw)
    assert [found.contact.unknown_consent.answers(channel) for channel in ("email", "phone", "sms")] == [
        (False, {})
    ] * 3


def test_odd_german_files_are_all_recognised(raw, tmp_path):
    before = Path("params.yaml").read_text(encoding="utf-8")
    (tmp_path / "shop").mkdir()
    odd_files.write(raw, tmp_path / "shop")
    told, found = run(raw)
    assert found.sources.transactions.model_dump(exclude_defaults=True) == {
        "path": "raw/Bestellungen_*.csv", "delimiter": ";", "decimal": ",", "ts_format": "%d.%m.%Y %H:%M",
        "columns": {
            "customer_id": "Kundennummer", "transaction_id": "Bestell-Nr.", "ts": "Bestelldatum",
            "amount": "Betrag (EUR)", "discount": "Rabatt", "product_id": "Artikel", "category": "Warengruppe",
            "store_id": "Filiale", "channel": "Kanal",
        },
    }  # fmt: skip
    assert set(found.sources.declared()) == {"transactions", "events", "tickets", "customers"}
    assert found.sources.customers.encoding == found.sources.tickets.encoding == "latin-1"
    assert found.sources.tickets.columns["opened_ts"] == "Eröffnet am"
    assert found.features.event_types == ["visit"]
    assert (str(found.snapshots.as_of), str(found.snapshots.first)) == ("2024-07-01", "2023-10-31")
    assert left(told)[-1].startswith("not placed: raw/Regale.csv: transactions would need customer_id, ts")
    comments = [line for line in before.splitlines() if line.lstrip().startswith("#")]
    assert [line for line in Path("params.yaml").read_text().splitlines() if line.lstrip().startswith("#")] == comments


LANGUAGES = {
    "English": ("CustomerID,InvoiceNo,InvoiceDate,Quantity,TotalAmount", "{c},{n},{us} 08:26,2,{n}.25"),
    "French": ("N° client;Numéro commande;Date commande;Montant TTC", "{c};{n};{fr};{n},25"),
    "Spanish": ("cliente_id;pedido;fecha_pedido;importe", "{c};{n};{fr};{n},25"),
    "Italian": ("Codice cliente;Numero ordine;Data ordine;Importo", "{c};{n};{fr};{n},25"),
    "Dutch": ("Klantnummer;Bestelnummer;Besteldatum;Bedrag", "{c};{n};{nl};{n},25"),
    "Norwegian": ("Kundenr|Ordrenr|Orderdato|Beløp", "{c}|{n}|{day}|{n}.25"),
    "tabs, 8 digits": ("client\torder\tdate\trevenue", "{c}\t{n}\t{digits}\t-{n}.25"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_orders_in_other_languages(language, raw):
    header, line = LANGUAGES[language]
    forms = {"us": "%m/%d/%Y", "fr": "%d/%m/%Y", "nl": "%d-%m-%Y", "digits": "%Y%m%d"}

    def row(n: int, day: date) -> str:
        return line.format(c=f"k{n % 40}", n=n, day=day, **{name: day.strftime(form) for name, form in forms.items()})

    write(raw / "export.csv", header, row)
    told, found = run(raw)
    columns = found.sources.transactions.columns
    assert {"customer_id", "transaction_id", "ts", "amount"} <= set(columns)
    assert "  400 rows, of which 0 would be refused" in told
    assert left(told) == []


def test_parquet_and_what_has_no_name_is_known_by_its_values(raw):
    orders(raw / "orders.csv")
    pl.DataFrame(
        {"xyz": [f"c{n % 40}" for n in range(80)], "at": DAYS[:80], "what": ["login", "Call me"] * 40}
    ).write_parquet(raw / "visits.parquet")
    told, found = run(raw)
    assert found.sources.events.columns == {"customer_id": "xyz", "ts": "at", "event_type": "what"}
    assert "  customer_id <- xyz (a guess, by its values)" in told
    assert found.features.event_types == ["Call me", "login"], "as the company calls them"


AMBIGUOUS = {
    "two dates of the same right": (
        "customer_id,total,created_at,created at",
        lambda n, day: f"c{n % 40},{n}.5,{day},{day}",
        "ts could be created at or created_at; say which",
    ),
    "days and months that fit both ways": (
        "customer_id,total,date",
        lambda n, day: f"c{n % 40},{n}.5,{1 + n % 12:02d}/{1 + n % 12:02d}/2024",
        "transactions would need ts, which no column is surely",
    ),
    "no amount": ("customer_id,order_date", lambda n, day: f"c{n % 40},{day}", "transactions would need amount"),
    "no customer": ("order_date,total", lambda n, day: f"{day},{n}.5", "transactions would need customer_id"),
    "no header": (
        "c1,2024-01-01,7.50",
        lambda n, day: f"c{n % 40},{day},{n}.5",
        "has no line with the names of its columns",
    ),
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_what_fits_two_answers_or_none_is_left_out_and_said(case, raw):
    header, row, message = AMBIGUOUS[case]
    write(raw / "orders.csv", header, row)
    before = Path("params.yaml").read_bytes()
    done = CliRunner().invoke(cli.main, ["init", "raw", "--write"])
    assert done.exit_code == 12
    assert message in done.output
    assert "raw: no file is surely the transactions" in done.output
    assert Path("params.yaml").read_bytes() == before


def test_two_files_for_one_table_and_strangers_are_left_out(raw):
    orders(raw / "orders.csv")
    for name in ("tickets", "complaints"):
        write(raw / f"{name}.csv", "ticket_id,customer_id,opened_at", lambda n, day: f"t{n},c{n % 40},{day}", rows=50)
    write(raw / "customers.csv", "customer_id,name", lambda n, day: f"stranger{n},N {n}", rows=50)
    (raw / "notes.docx").write_bytes(b"PK")
    (raw / "empty.csv").write_bytes(b"")
    told, found = run(raw)
    assert set(found.sources.declared()) == {"transactions"}
    assert (
        "not placed: raw/tickets.csv: looks like tickets, and so does raw/complaints.csv; one table has one source"
        in told
    )
    assert (
        "not placed: raw/customers.csv: looks like customers, but 0% of the values of customer_id, such as 'stranger0', "
        "stand in customer_id of the transactions, such as 'c0'; if these are the same customers, write their ids alike "
        "in both" in told
    )
    assert "not placed: raw/notes.docx: is neither CSV, Parquet, XLSX nor JSON lines" in told
    assert any(line.startswith("not placed: raw/empty.csv: ") and "is empty (0 bytes)" in line for line in told)


def test_a_table_is_joined_by_the_column_that_holds_the_customers_whatever_another_one_is_called(raw):
    orders(raw / "orders.csv")
    write(raw / "customers.csv", "customer_id,ref,name", lambda n, day: f"{90_000 + n},c{n},N {n}", rows=40)
    told, found = run(raw)
    assert found.sources.customers.columns == {"customer_id": "ref", "name": "name"}
    assert "  not placed: customer_id: holds no customer of the transactions; ref does" in told


def test_a_price_beside_a_quantity_and_dates_of_two_kinds_are_pointed_at(raw):
    write(
        raw / "orders.csv", "customer,order_date,quantity,price", lambda n, day: f"c{n % 40},{day},{1 + n % 3},9.5",
    )  # fmt: skip
    write(
        raw / "customers.csv", "customer,name,customer since,newsletter",
        lambda n, day: f"c{n},N {n},{day:%d.%m.%Y},maybe", rows=40,
    )  # fmt: skip
    write(
        raw / "contracts.csv", "customer,start,ende", lambda n, day: f"c{n % 40},{day},{day:%d.%m.%Y}", rows=60,
    )  # fmt: skip
    told, found = run(raw)
    assert found.sources.transactions.columns["amount"] == "quantity * price"
    line = "  look at it: price is the price of one piece by its name; write amount: price if it is of the line"
    assert line in told
    assert found.sources.customers.ts_format == "%d.%m.%Y"
    assert "not placed: newsletter: it is called like our email_opt_in, and holds no such values" in left(told)
    assert "not placed: ende: its dates are written in another way than those of start" in left(told)


def test_orders_that_were_given_back_count_and_are_pointed_at(raw):
    status = ("completed", "cancelled", "refunded")
    write(
        raw / "orders.csv", "customer_id,order_id,order_date,amount,status",
        lambda n, day: f"c{n % 40},o{n},{day},9.5,{status[n % 3]}",
    )  # fmt: skip
    lines, settings = run(raw)
    assert settings.sources.transactions.where == "status not in ('cancelled')"
    assert (
        "  look at it: rows where status is 'refunded' count, with their amounts as these stand; if all of it was given "
        "back, leave them out by where: status not in ('cancelled', 'refunded')"
    ) in lines


NAMES = """
| table         | columns of the file                       | ours                                                 |
| subscriptions | customer_id from to cancelled_on          | start_day=from end_day=to cancel_day=cancelled_on    |
| subscriptions | customer_id von bis gekuendigt_am         | start_day=von end_day=bis cancel_day=gekuendigt_am   |
| subscriptions | customer_id period_start period_end       | start_day=period_start end_day=period_end            |
| tickets       | customer_id ticket opened solved          | ticket_id=ticket opened_ts=opened resolved_ts=solved |
| customers     | customer_id since                         | signup_day=since                                     |
| subscriptions | customer_id Start_UTC Current_Period_Start_UTC Current_Period_End_UTC Ended_At_UTC | start_day=Start_UTC end_day=Ended_At_UTC |
"""


@pytest.mark.parametrize("case", drawn(NAMES), ids=lambda case: case["columns of the file"])
def test_columns_are_known_by_the_names_that_exports_give_them(raw, case):
    orders(raw / "orders.csv")
    names = case["columns of the file"].split()
    write(
        raw / f"{case['table']}.csv", ",".join(names),
        lambda n, day: ",".join([f"c{n}", *(f"{day}" if name != "ticket" else f"t{n}" for name in names[1:])]), rows=40,
    )  # fmt: skip
    _, settings = run(raw)
    columns = settings.sources.declared()[case["table"]].columns
    assert columns == {"customer_id": "customer_id"} | dict(word.split("=") for word in case["ours"].split())


KINDS = """
| file             | header                          | row                | column       | is       | why                                |
| Umfrage_NPS      | Kundennummer,Datum,Punkte       | {c},{day},9        | kind         | 'nps'    | the file says which survey         |
| ratings          | customer_id,day,csat            | {c},{day},4        | kind         | 'csat'   | the column of the answer does      |
| nps_and_csat     | customer_id,day,score           | {c},{day},4        | -            | -        | two kinds, and no column says which |
| logins           | customer_id,day                 | {c},{day}          | event_type   | 'login'  | a file of one kind of event        |
| Besuche          | Kundennummer,Datum              | {c},{day}          | event_type   | 'visit'  | another language                   |
| activity         | customer_id,day                 | {c},{day}          | -            | -        | which one, nobody says             |
| Reklamationen    | Kundennummer,Ticketnummer,Datum | {c},t{n},{day}     | is_complaint | 'true'   | all of them are complaints         |
| tickets          | customer_id,ticket_id,opened    | {c},t{n},{day}     | is_complaint | -        | a ticket may be anything           |
| complaint_cases  | customer_id,case_id,opened      | {c},t{n},{day}     | is_complaint | -        | so may a case                      |
"""
TABLES = {"kind": "surveys", "event_type": "events", "is_complaint": "tickets"}


@pytest.mark.parametrize("case", drawn(KINDS), ids=lambda case: f"{case['file']}: {case['why']}")
def test_a_file_of_one_kind_says_so_in_its_name(raw, case):
    orders(raw / "orders.csv")
    write(raw / f"{case['file']}.csv", case["header"], lambda n, day: case["row"].format(c=f"c{n % 40}", n=n, day=day))
    _, settings = run(raw)
    found = {name: source.columns for name, source in settings.sources.declared().items() if name != "transactions"}
    if case["column"] == "-":
        assert found == {}
    else:
        assert found[TABLES[case["column"]]].get(case["column"], "-") == case["is"]
    if case["column"] == "event_type":
        assert settings.features.event_types == [case["is"].strip("'")]


OTHER_THINGS = """
| table         | name                | is             | why                                           |
| transactions  | Discount Amount     | discount       | it takes something off the amount             |
| transactions  | Total Discounts     | -              | so does the sum of them                       |
| transactions  | Tax Amount          | -              | what the state gets                           |
| transactions  | Order Total         | amount         | not the number of the order                   |
| transactions  | Order Status        | -              | not the number of the order either            |
| transactions  | Item Cost           | -              | the customer's or the company's, nobody says  |
| transactions  | Currency Rate       | -              | a number, and no currency                     |
| transactions  | Customer Group      | -              | of the customer, and not of the product       |
| transactions  | Account Manager     | -              | not the customer                              |
| transactions  | Store Name          | store_id       | what tells stores apart where none has a number |
| transactions  | Product Name        | product_id     | and products                                  |
| transactions  | Due Date            | -              | not the day of the order                      |
| tickets       | Ticket type         | -              | not the number of the ticket                  |
| tickets       | Last updated at     | -              | not the day on which it was opened            |
| subscriptions | Current period start | -             | not the first day of the contract             |
| subscriptions | Ended At (UTC)      | end_day        | when it was over                              |
"""


@pytest.mark.parametrize("case", drawn(OTHER_THINGS), ids=lambda case: case["name"])
def test_a_name_that_holds_one_of_ours_may_be_that_of_something_else(case):
    scores = {
        column.name: names.column_score(case["table"], column.name, names.plain(case["name"]))
        for column in schemas.TABLES[case["table"]].columns
    }
    best = max(scores, key=lambda name: scores[name])
    assert (best if scores[best] else "-") == case["is"], {name: score for name, score in scores.items() if score}


PRICES = """
| columns          | rows              | price                                                                                                     | why                                       |
| interval,amount  | month,9 year,99   | case when interval in ('month') then amount / 1 when interval in ('year') then amount / 12 end            | each is billed at its own pace            |
| Zahlungsweise,Preis | vierteljährlich,30 vierteljährlich,45 | case when Zahlungsweise in ('vierteljährlich') then Preis / 3 end                  | a price that is none per month            |
| interval,amount  | month,9 lifetime,99 | -                                                                                                       | nobody knows how long a life is           |
| price            | 9 10              | price                                                                                                     | no interval, so it is a month's, as ever  |
| interval,mrr     | month,9 year,99   | mrr                                                                                                       | per month by its name                     |
"""


@pytest.mark.parametrize("case", drawn(PRICES), ids=lambda case: case["why"])
def test_a_price_for_each_interval_becomes_one_a_month(raw, case):
    orders(raw / "orders.csv")
    rows = case["rows"].split()
    header = f"customer_id,start_date,plan,{case['columns']}"
    write(raw / "contracts.csv", header, lambda n, day: f"c{n},{day},gold,{rows[n % len(rows)]}", rows=40)
    lines, settings = run(raw)
    assert settings.sources.subscriptions.columns.get("price_per_month", "-") == case["price"]
    assert "  40 rows, of which 0 would be refused" in lines


TRUTHS = """
| of              | yes   | no     |
| English         | yes   | no     |
| German          | ja    | nein   |
| German, Excel   | WAHR  | FALSCH |
| French          | oui   | non    |
| Spanish         | sí    | no     |
| Italian         | Sì    | No     |
| Dutch           | J     | N      |
| Norwegian       | ja    | nei    |
| figures         | 1     | 0      |
| pandas          | 1.0   | 0.0    |
"""


@pytest.mark.parametrize("case", drawn(TRUTHS), ids=lambda case: case["of"])
def test_yes_and_no_are_known_in_the_languages_of_the_names(raw, case):
    orders(raw / "orders.csv")
    write(
        raw / "customers.csv", "customer_id,newsletter", lambda n, _: f"c{n},{case['no' if n % 4 else 'yes']}", rows=40
    )
    lines, settings = run(raw)
    assert settings.sources.customers.columns["email_opt_in"] == "newsletter"
    assert "  40 rows, of which 0 would be refused" in lines
    s1_ingest.run(s1_ingest.Settings(settings.data, settings.sources, settings.coherence, settings.storage))
    customers = pl.read_parquet(paths.REPRO.tables / "customers")
    assert customers["email_opt_in"].to_list().count(True) == 10
    assert customers["email_opt_in"].to_list().count(False) == 30


def test_of_a_number_and_a_name_of_a_product_the_number_is_taken(raw):
    write(
        raw / "orders.csv", "customer_id,order_id,order_date,amount,item,sku",
        lambda n, day: f"c{n % 40},o{n},{day},9.5,Mug {n % 7},M-{n % 7}",
    )  # fmt: skip
    assert run(raw)[1].sources.transactions.columns["product_id"] == "sku"


def test_a_column_that_is_left_out_says_whether_it_is_empty_or_holds_something_else(raw):
    orders(raw / "orders.csv")
    write(
        raw / "promises.csv", "customer_id,made_ts,due_day,kept_day,foo,promised_by",
        lambda n, day: f"c{n % 40},{day},{day + timedelta(days=9)},,,Jo", rows=60,
    )  # fmt: skip
    write(
        raw / "customers.csv", "customer_id,signup_day,email_opt_in", lambda n, day: f"c{n},{day},perhaps", rows=40,
    )  # fmt: skip
    lines, settings = run(raw)
    assert "kept_day" not in settings.sources.commitments.columns, "else every promise would be overdue"
    assert {
        "not placed: kept_day: it is empty; once it is filled in, write kept_day: kept_day under sources.commitments.columns",
        "not placed: foo: it is empty",
        "not placed: email_opt_in: it is called like our email_opt_in, and holds no such values",
    } <= set(left(lines))


def test_a_day_far_behind_all_others_is_not_the_end_of_the_data(raw):
    write(raw / "orders.csv", "customer,order_date,paid", lambda n, day: f"c{n % 40},{day},1.5", rows=2000)
    with (raw / "orders.csv").open("a") as out:
        out.write("c1,2099-01-01,5\n")
    told, found = run(raw)
    assert any("2099-01-01 stands alone far behind all others" in line for line in told)
    assert str(found.snapshots.as_of) == "2024-02-05"


def test_settings_that_are_there_stay_unless_said(raw):
    orders(raw / "orders.csv")
    before = Path("params.yaml").read_bytes()
    done = CliRunner().invoke(cli.main, ["init", "raw"])
    assert (done.exit_code, Path("params.yaml").read_bytes()) == (0, before)
    assert (
        "params.yaml is there and stays as it is; --write writes these lines into it:\ndata:\n  name: " in done.output
    )
    Path("params.yaml").unlink()
    done = CliRunner().invoke(cli.main, ["init", "raw"])
    assert done.exit_code == 0, done.output
    assert "params.yaml: written: data.name, sources, " in done.output
    assert params.load(Path("params.yaml")).sources.transactions.path == "raw/orders.csv"
    assert CliRunner().invoke(cli.main, ["init", "raw"]).output != done.output
    assert CliRunner().invoke(cli.main, ["init", "nowhere"]).exit_code == 12


def test_names_of_files_and_columns_that_need_quotes(raw):
    folder = raw / "a b's"
    folder.mkdir()
    write(folder / "orders [1]: #x.csv", '"Kunde: ""Nr""",datum,"yes"', lambda n, day: f"c{n % 40},{day},{n}.5")
    _, found = run(raw)
    assert found.sources.transactions.columns == {"customer_id": 'Kunde: "Nr"', "ts": "datum", "amount": "yes"}
    with pytest.raises(BadData, match="no file is surely the transactions"):
        list(init.run(folder.parent / "a b's" / "..", write=True)) and list(init.run(_empty(raw), write=True))


def _empty(raw: Path) -> Path:
    (raw / "none").mkdir()
    return raw / "none"


def test_every_canonical_column_has_names_of_its_own():
    known = {f"{name}.{column.name}" for name, table in schemas.TABLES.items() for column in table.columns}
    told = {column for column in names.COLUMNS if "." in column}
    assert told <= known, "a name of a column that is no more"
    assert set(names.TABLES) == set(schemas.TABLES)
    for name, table in schemas.TABLES.items():
        for column in table.columns:
            assert names.column_score(name, column.name, column.name) == 1
