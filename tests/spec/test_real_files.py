"""No silent wrong number: files as people really have them give the same cents, or one line that says why not.

Every case goes through `churn init` and the ingest stage; the sum it is held against is worked out by the test itself.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest

from pipeline import sql
from pipeline.config import params
from pipeline.sources import open_source
from pipeline.tables import dry_ingest, loading, schemas, storage
from pipeline.tables.forgotten import Forgotten
from pipeline.tables.ingest_cache import IngestCache
from tests import real_files
from tests.drawing import drawn
from tests.profiles import some_by_day

NEW_YORK = ZoneInfo("America/New_York")


def grouped(mark: str, decimal: str, digits: int = 2) -> Callable[[Decimal], str]:
    """Writes 1234.5 as 1,234.50 with the marks of some country."""
    return lambda amount: f"{amount:,.{digits}f}".replace(",", "_").replace(".", decimal).replace("_", mark)


def indian(amount: Decimal) -> str:
    whole, cents = f"{amount:.2f}".split(".")
    head, tail = whole[:-3], whole[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    return f"{','.join([*pairs, tail]) if head else tail}.{cents}"


def wide(amount: Decimal) -> str:
    return str(amount).translate(str.maketrans("0123456789.", "０１２３４５６７８９．"))


# How amounts are written, where the values themselves say which mark is which.
US, DE, FR, CH = grouped(",", "."), grouped(".", ","), grouped("\u202f", ","), grouped("'", ".")
WRITTEN = {
    "plain": str,
    "United States": US,
    "Germany": DE,
    "France, narrow blank": FR,
    "France, no-break blank": grouped("\xa0", ","),
    "Poland, plain blank": grouped(" ", ","),
    "Switzerland": CH,
    "Switzerland, curly": grouped("\u2019", "."),
    "India": indian,
    "no groups, comma": grouped("", ","),
    "one decimal": grouped("", ".", 3),
    "dollar sign": lambda amount: f"${US(amount)}",
    "dollar sign and a blank": lambda amount: f"$ {US(amount)}",
    "code in front": lambda amount: f"USD {US(amount)}",
    "code behind": lambda amount: f"{US(amount)} usd",
    "wide digits": wide,
    "plus sign": lambda amount: f"+{amount}",
    "Arabic marks": lambda amount: grouped("٬", "٫")(amount),
    "blanks around": lambda amount: f"\u3000{amount} \xa0",
    "some bare": lambda amount: US(amount) if amount != 15 else "15",
    "scientific": lambda amount: f"{amount:e}",
}
# The same with a minus somewhere: all of it is refunds then.
NEGATIVE = {
    "minus": lambda amount: f"-{US(amount)}",
    "real minus": lambda amount: f"\u2212{US(amount)}",
    "en dash": lambda amount: f"\u2013 {US(amount)}",
    "minus behind": lambda amount: f"{DE(amount)}-",
    "parentheses": lambda amount: f"({US(amount)})",
    "parentheses and dollar": lambda amount: f"($ {US(amount)})",
    "minus before the dollar": lambda amount: f"-${US(amount)}",
    "minus behind the dollar": lambda amount: f"$-{US(amount)}",
    "minus behind, then the code": lambda amount: f"{US(amount)}- USD",
}


@pytest.mark.parametrize("form", some_by_day([*WRITTEN, *NEGATIVE]))
def test_amounts_are_read_as_people_write_them(form, tmp_path):
    table = real_files.rows()
    outcome = real_files.run(tmp_path, {"orders.csv": real_files.csv(table, {**WRITTEN, **NEGATIVE}[form]).encode()})
    expected = real_files.cents(table) * (-1 if form in NEGATIVE else 1)
    assert (outcome.refusal, outcome.cents, outcome.rows, outcome.customers) == ("", expected, 48, 10)


OTHER_CURRENCIES = """
    | written | code | currency | digits | decimal |
    | € {}    |      | EUR      | 2      | ,       |
    | {} €    |      | EUR      | 2      | ,       |
    | {} EUR  |      | EUR      | 2      | .       |
    | £{}     |      | GBP      | 2      | .       |
    | {} zł   |      | PLN      | 2      | ,       |
    | {} Kč   |      | CZK      | 2      | ,       |
    | R$ {}   |      | BRL      | 2      | ,       |
    | Fr. {}  |      | CHF      | 2      | .       |
    | JPY {}  |      | JPY      | 0      |         |
"""


@pytest.mark.parametrize("case", drawn(OTHER_CURRENCIES), ids=lambda case: case["written"])
def test_the_currency_that_stands_beside_the_amounts_is_proposed(case, tmp_path):
    whole = case["digits"] == "0"
    table = real_files.rows(amounts=[Decimal(n) for n in (5, 120, 99, 1980)] if whole else real_files.AMOUNTS)
    write = str if whole else grouped("", case["decimal"])
    text = real_files.csv(table, lambda amount: case["written"].format(write(amount)))
    outcome = real_files.run(tmp_path, {"orders.csv": text.encode()})
    assert (outcome.refusal, outcome.cents) == ("", real_files.cents(table) // (100 if whole else 1))
    proposed = (tmp_path / "params.yaml").read_text(encoding="utf-8")
    assert f"currency: {case['currency']}" in proposed
    assert f"minor_digits: {case['digits']}" in proposed


WHOLE = [Decimal(n) for n in (950, 1234, 12500, 999, 86000, 15)]
OPEN = {"comma": grouped(",", ".", 0), "point": grouped(".", ",", 0), "dollar": lambda n: f"${n:,}"}


@pytest.mark.parametrize("form", OPEN)
@pytest.mark.parametrize("answer", [".", ",", None])
def test_whole_amounts_with_one_kind_of_mark_are_asked_about(form, answer, tmp_path):
    table = real_files.rows(amounts=WHOLE)
    answers = {} if answer is None else {"sources.transactions.decimal": answer}
    outcome = real_files.run(tmp_path, {"orders.csv": real_files.csv(table, OPEN[form]).encode()}, answers)
    assert [line for line in outcome.lines if "asked: total: is " in line] or outcome.refusal
    if answer is None:
        assert "amount (total) holds" in outcome.refusal
        assert 'write `decimal: "."` or `decimal: ","` under sources.transactions' in outcome.refusal
        return
    marks_thousands = (answer == ".") == (form != "point")
    # The other reading: a number with a mark is a thousandth of what it would be.
    read = [row["amount"] if row["amount"] < 1000 or marks_thousands else row["amount"] / 1000 for row in table]
    expected = sum(int((amount * 100).to_integral_value(ROUND_HALF_UP)) for amount in read)
    assert (outcome.refusal, outcome.cents) == ("", expected)


def test_a_single_value_late_in_the_column_decides(tmp_path):
    table = real_files.rows(30_000, amounts=WHOLE)
    table[-1]["amount"] = Decimal("12.50")
    late = real_files.csv(table, lambda n: f"{n:,}".replace(",", "_").replace(".", ",").replace("_", "."))
    outcome = real_files.run(tmp_path, {"orders.csv": late.encode()})
    assert (outcome.refusal, outcome.cents) == ("", real_files.cents(table))


def test_a_column_of_two_locales_is_refused_not_mixed(tmp_path):
    table = real_files.rows(48, amounts=WHOLE)
    german, american = real_files.csv(table, OPEN["point"]), real_files.csv(table, grouped(",", "."))
    text = german + american.partition("\n")[2]
    outcome = real_files.run(tmp_path, {"orders.csv": text.encode()})
    assert "amount (total) holds '12.500', which is 12.500 if the point" in outcome.refusal


@pytest.mark.parametrize(
    ("sign", "asked"), [("kr {}", "is it DKK or ISK or NOK or SEK?"), ("¥ {}", "is it CNY or JPY?")]
)
def test_a_sign_of_several_currencies_is_asked_about(sign, asked, tmp_path):
    table = real_files.rows()
    text = real_files.csv(table, lambda amount: sign.format(US(amount))).encode()
    outcome = real_files.run(tmp_path, {"orders.csv": text})
    assert any(f"asked: total: {asked}" in line for line in outcome.lines)
    assert outcome.refusal
    outcome = real_files.run(tmp_path, {"orders.csv": text}, before={"currency: USD": f"currency: {asked[6:9]}"})
    assert (outcome.refusal, outcome.cents) == ("", real_files.cents(table))


REFUSED = {
    "thousands as k": lambda amount: f"{amount / 1000}k",
    "per cent": lambda amount: f"{amount}%",
    "another currency in some rows": lambda amount: f"€{amount}" if amount > 1000 else f"${amount}",
    "credit": lambda amount: f"{amount} CR",
}


@pytest.mark.parametrize("form", REFUSED)
def test_what_is_no_amount_is_refused(form, tmp_path):
    outcome = real_files.run(tmp_path, {"orders.csv": real_files.csv(real_files.rows(), REFUSED[form]).encode()})
    assert outcome.refusal
    assert "\n" not in outcome.refusal


def test_few_refused_rows_that_hold_much_of_the_money_stop_the_run(tmp_path):
    table = real_files.rows(1000, amounts=[Decimal("10.00")])
    text = real_files.csv(table) + "c01;big;2024-03-01;10,000.00 CR\n"
    outcome = real_files.run(tmp_path, {"orders.csv": text.encode()})
    # 10,000.00 beside 1,000 times 10.00 is half of the money.
    assert "1 of 1,001 rows refused, and with them 50.0% of all money" in outcome.refusal
    assert "the largest amount '10,000.00 CR' of c01 (amount is not an amount)" in outcome.refusal


def test_few_refused_rows_that_are_all_of_some_customers_stop_the_run(tmp_path):
    table = real_files.rows(1000, amounts=[Decimal("10.00")])
    text = real_files.csv(table) + "z1;o;2024-03-01;\n"
    outcome = real_files.run(tmp_path, {"orders.csv": text.encode()})
    assert "1 of 1,001 rows refused, and with them all rows of 1 of 11 customers" in outcome.refusal


def file(*lines: str) -> bytes:
    """A CSV file of the lines, or of all of them a hundred times for as many customers."""
    header, *rows = lines
    many = [row.replace("c", f"c{n}-", 1) for n in range(30) for row in rows]
    return ("\n".join([header, *many]) + "\n").encode()


ID, NO_ID = "customer_id,order_id,order_date,total", "customer_id,order_date,total"
# Files by name; then rows that count, cents, and repeated rows of each of thirty customers.
REPEATS = {
    "date-only rows without an id are as many purchases as rows": (
        {"a": (NO_ID, "c,2024-01-05,7.50", "c,2024-01-05,7.50", "c,2024-02-05,1.00")}, (3, 1600, 0)),
    "midnights are dates too": (
        {"a": (NO_ID, "c,2024-01-05 00:00,7.50", "c,2024-01-05 00:00,7.50", "c,2024-02-05 00:00,1")}, (3, 1600, 0)),
    "a moment without an id happens once": (
        {"a": (NO_ID, "c,2024-01-05 10:11:12,7.50", "c,2024-01-05 10:11:12,7.50", "c,2024-02-05 08:00,1")}, (2, 850, 1)),
    "a moment with a line number in a column nobody maps": (
        {"a": (NO_ID + ",zeile", "c,2024-01-05 10:11,7.50,1", "c,2024-01-05 10:11,7.50,2")}, (2, 1500, 0)),
    "an order with an id of its own counts once": (
        {"a": (ID, "c,o1,2024-01-05,7.50", "c,o1,2024-01-05,7.50", "c,o2,2024-01-05,7.50")}, (2, 1500, 1)),
    "an order whose status changed counts once": (
        {"a": (ID + ",zustand", "c,o1,2024-01-05,7.50,offen", "c,o1,2024-01-05,7.50,bezahlt", "c,o2,2024-02-05,1,offen")},
        (2, 850, 1)),
    "equal lines of an order are two pieces": (
        {"a": (ID, "c,o1,2024-01-05,7.50", "c,o1,2024-01-05,7.50", "c,o1,2024-01-05,2.50", "c,o2,2024-02-05,1")},
        (4, 1850, 0)),
    "a refund under the id of its order is another row": (
        {"a": (ID, "c,o1,2024-01-05,7.50", "c,o1,2024-01-09,-7.50", "c,o2,2024-02-05,1")}, (3, 100, 0)),
    "a file that is delivered twice": (
        {"a": (NO_ID, "c,2024-01-05,7.50", "c,2024-01-05,7.50", "c,2024-02-05,1"),
         "b": (NO_ID, "c,2024-01-05,7.50", "c,2024-01-05,7.50", "c,2024-02-05,1")}, (3, 1600, 3)),
    "exports that overlap by a month": (
        {"a": (NO_ID, "c,2024-01-05,7.50", "c,2024-02-05,1", "c,2024-02-05,1"),
         "b": (NO_ID, "c,2024-02-05,1", "c,2024-02-05,1", "c,2024-03-05,4")}, (4, 1350, 2)),
    "exports that overlap, with a row number that changed": (
        {"a": (ID + ",zeile", "c,o1,2024-01-05,7.50,1", "c,o2,2024-02-05,1,2"),
         "b": (ID + ",zeile", "c,o2,2024-02-05,1,1", "c,o3,2024-03-05,4,2")}, (3, 1250, 1)),
    "of an order the later export counts": (
        {"a": (ID, "c,o1,2024-01-05,7.50", "c,o2,2024-02-05,1.00", "c,o3,2024-02-06,2.00"),
         "b": (ID, "c,o1,2024-01-05,7.50", "c,o2,2024-02-05,1.00", "c,o3,2024-02-06,5.00", "c,o4,2024-03-05,4")},
        (4, 1750, 3)),
    "the later export is the one that goes on for longer, whatever its name": (
        {"z": (ID, "c,o1,2024-01-05,7.50", "c,o2,2024-02-05,1.00", "c,o3,2024-02-06,2.00"),
         "b": (ID, "c,o1,2024-01-05,7.50", "c,o2,2024-02-05,1.00", "c,o3,2024-02-06,5.00", "c,o4,2024-03-05,4")},
        (4, 1750, 3)),
    "lines of an order that a later export took out": (
        {"a": (ID, "c,o1,2024-01-05,7.50", "c,o1,2024-01-05,2.50", "c,o2,2024-02-05,1", "c,o2,2024-02-05,3"),
         "b": (ID, "c,o1,2024-01-05,7.50", "c,o2,2024-02-05,1", "c,o2,2024-02-05,3", "c,o3,2024-03-05,4")},
        (4, 1550, 4)),
    "two shops whose orders are numbered alike": (
        {"a": (ID, "c,o1,2024-01-05,7.50", "c,o2,2024-02-05,1.00"), "b": (ID, "cx,o1,2024-01-05,9", "cx,o2,2024-02-05,2")},
        (4, 1950, 0)),
    "two tills that sold the same on a day by chance": (
        {"a": (NO_ID, "c,2024-01-05,7.50", "c,2024-02-05,1", "c,2024-03-05,2"),
         "b": (NO_ID, "c,2024-01-05,7.50", "c,2024-02-07,3", "c,2024-03-06,4")}, (6, 2500, 0)),
    "files of departments that share orders": (
        {"a": (ID, "c,o1,2024-01-05,7.50", "c,o2,2024-02-05,1.00"), "b": (ID, "c,o1,2024-01-05,3", "c,o2,2024-02-05,2")},
        (4, 1350, 0)),
}  # fmt: skip


@pytest.mark.parametrize("case", some_by_day(REPEATS))
def test_what_is_the_same_again_counts_once_and_what_only_looks_alike_does_not(case, tmp_path):
    files, (rows, cents, repeated) = REPEATS[case]
    outcome = real_files.run(tmp_path, {f"orders_{name}.csv": file(*lines) for name, lines in files.items()})
    assert (outcome.refusal, outcome.rows, outcome.cents) == ("", 30 * rows, 30 * cents)
    assert (f"{30 * repeated} repeated" in outcome.lines[-1]) == bool(repeated), outcome.lines[-1]
    assert any(line.startswith(f"  {30 * repeated} repeated") for line in outcome.lines) == bool(repeated)


def test_the_order_of_deliveries_and_the_number_of_buckets_make_no_difference(tmp_path):
    files = REPEATS["lines of an order that a later export took out"][0]
    seen = []
    for number, (names, buckets) in enumerate([("ab", 1), ("ab", 3), ("ba", 2)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        content = {f"orders_{new}.csv": file(*files[old]) for new, old in zip(names, "ab", strict=True)}
        assert not real_files.run(folder, content, {"storage.buckets": buckets}).refusal
        table = storage.read_buckets(folder / "data/tables/transactions")
        seen.append(sorted(table.drop("customer_key").rows(), key=str))
    assert seen[0] == seen[1] == seen[2]


def test_many_repeated_rows_are_warned_of(tmp_path):
    once = file(ID, "c,o1,2024-01-05,7.50", "c,o2,2024-02-05,1.00")
    outcome = real_files.run(tmp_path, {"orders_1.csv": once, "orders_2.csv": once})
    assert outcome.lines[-1].endswith(
        "transactions: 60 rows, 0 refused, 60 repeated (about 255 USD), 60 of them older versions; more than "
        "data.max_duplicate_share allows, so look whether they are"
    )


def test_the_sample_keeps_all_redemptions(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = params.load(real_files.ROOT / "params.yaml")
    source = settings.sources.events
    with sql.connect(1, 1.0) as engine:
        raw = open_source(engine, "events", source)
        place = loading.Place(tmp_path, IngestCache(tmp_path, 0), Forgotten())
        about = (engine, schemas.TABLES["events"], raw, (source, settings.data), place, tmp_path / "kept.parquet")
        counts, _ = dry_ingest.take_in(*about)
    assert (counts.read, counts.accepted, counts.duplicates) == (2102, 2102, 0)


# How the ids 1000, 1001 ... of ten customers are written in one file of orders and in another, and how many customers that
# makes. All orders are 10.00; the refused ones stop the run.
IDS = {
    "no-break blanks": (lambda n: f"\xa0{1000 + n}\u2009", 10),
    "a byte-order mark": (lambda n: f"\ufeff{1000 + n}", 10),
    "a zero-width blank": (lambda n: f"{1000 + n}\u200b", 10),
    "a guard of a spreadsheet": (lambda n: f'"=""{1000 + n}"""', 10),
    "an apostrophe of a spreadsheet": (lambda n: f"'{1000 + n}", 10),
    "a decimal point": (lambda n: f"{1000 + n}.0", 10),
    "a decimal comma": (lambda n: f"{1000 + n},0", 10),
    "leading zeros, which are other ids": (lambda n: f"00{1000 + n}", 20),
    "letters that look like an exponent": (lambda n: f"{1 + n}E5", 20),
    "articles that look like an exponent": (lambda n: f"1E{10 + n}", 20),
    "hexadecimal numbers": (lambda n: f"4e{10 + n}", 20),
}


@pytest.mark.parametrize("form", some_by_day(IDS))
def test_one_customer_is_one_however_the_id_is_written(form, tmp_path):
    write, customers = IDS[form]
    header = "customer_id;order_id;order_date;total\n"
    plain = header + "".join(f"{1000 + n};a{n};2024-01-{1 + n:02d};10.00\n" for n in range(10))
    other = header + "".join(f"{write(n)};b{n};2024-02-{1 + n:02d};10.00\n" for n in range(10))
    outcome = real_files.run(tmp_path, {"orders_1.csv": plain.encode(), "orders_2.csv": other.encode()})
    assert (outcome.refusal, outcome.cents, outcome.customers) == ("", 20_000, customers)


ROUNDED = ["1.03293E+19", "1,03293E+19", "1.03293e+19", "1E+19", "1.03293E19"]


@pytest.mark.parametrize("written", ROUNDED)
def test_ids_that_a_spreadsheet_rounded_are_refused(written, tmp_path):
    table = real_files.rows()
    for row in table:
        row["customer"] = written
    outcome = real_files.run(tmp_path, {"orders.csv": real_files.csv(table).encode()})
    assert "customer_id" in outcome.refusal or "no good row" in outcome.refusal


# Values of product_id in turn, and how many of 48 rows are refused for them.
LOOK_ROUNDED = {
    "codes": (["1.5E3", "2.5E3", "7.0E4", "A1"], 0),
    "codes with a plus": (["1E+12", "B+3", "C+4", "1E+14"], 0),
    "short numbers only": (["1.5E3", "2.5E3", "1.5E7", "2.5E8"], 0),
    "long numbers": (["1.03293E+19", "1.03294E+19", "1.0333E+19", "1.04001E+19"], 48),
    "some of a column of numbers": (["1.03293E+19", "10329301", "10329302", "10329303"], 12),
    "equal decimals": (["1.03E+19", "1.04E+12", "2.00E+13", "7.77E+11"], 48),
    "every length of its own": (["1.5E+12", "1.25E+12", "1.125E+12", "1.0625E+12"], 0),
}


@pytest.mark.parametrize("case", LOOK_ROUNDED)
def test_whether_ids_were_rounded_is_judged_by_the_whole_column(case, tmp_path):
    values, refused = LOOK_ROUNDED[case]
    table = real_files.rows()
    lines = real_files.csv(table, mark=",").splitlines()
    text = "\n".join([f"{lines[0]},product_id", *(f"{line},{values[n % 4]}" for n, line in enumerate(lines[1:]))])
    outcome = real_files.ingest(
        tmp_path, {"orders.csv": f"{text}\n".encode()}, {"columns": {"amount": "total", "product_id": "product_id"}}
    )
    if refused:
        assert f"{refused} of 48 rows refused" in outcome.refusal
        assert f"{refused} because product_id is a rounded number, such as '1.03" in outcome.refusal
        return
    assert (outcome.refusal, outcome.rows) == ("", 48)
    kept = storage.read_buckets(tmp_path / "data/tables/transactions")["product_id"].unique().to_list()
    assert sorted(kept) == sorted(values)


def test_addresses_that_differ_in_capitals_are_one_customer_if_init_says_so(tmp_path):
    table = real_files.rows()
    for n, row in enumerate(table):
        row["customer"] = f"{'Ann' if n % 2 else 'ann'}{n // 2 % 8}@Shop.example"
    outcome = real_files.run(tmp_path, {"orders.csv": real_files.csv(table).encode()})
    assert (outcome.refusal, outcome.cents, outcome.customers) == ("", real_files.cents(table), 8)
    assert (
        "customers: 8 e-mail addresses differ from another one in capitals only, and become one with it"
        in outcome.lines
    )
    exact = {"data.customer_ids": "exact"}
    (tmp_path / "exact").mkdir()
    outcome = real_files.run(tmp_path / "exact", {"orders.csv": real_files.csv(table).encode()}, exact)
    assert outcome.customers == 16


def test_codes_that_differ_in_capitals_stay_two_customers(tmp_path):
    table = real_files.rows()
    for n, row in enumerate(table):
        row["customer"] = f"{'aB' if n % 2 else 'Ab'}{n // 2 % 8}"
    outcome = real_files.run(tmp_path, {"orders.csv": real_files.csv(table).encode()})
    assert (outcome.refusal, outcome.customers) == ("", 16)


def test_a_table_whose_ids_are_written_otherwise_is_recognised_and_joined(tmp_path):
    customers = "customer_id,name\n" + "".join(f'"=""c{n:02d}""",N {n}\n' for n in range(10))
    files = {"orders.csv": real_files.csv(real_files.rows()).encode(), "customers.csv": customers.encode()}
    outcome = real_files.run(tmp_path, files)
    assert outcome.refusal == ""
    names = storage.read_buckets(tmp_path / "data/tables/customers")
    assert sorted(names["customer_id"]) == [f"c{n:02d}" for n in range(10)]


LINES = [
    ("c1", "o1", "2024-01-01", "3", "1.335", "sale", "paid"),
    ("c1", "o2", "2024-01-02", "2", "1,200.50", "sale", "paid"),
    ("c2", "o3", "2024-01-03", "1", "20.00", "refund", "paid"),
    ("c2", "o4", "2024-01-04", "5", "4.00", "sale", "cancelled"),
    ("c3", "o5", "2024-01-05", "1", "7.00", "sale", ""),
    ("c3", "o6", "2024-01-06", "4", "0.25", "gift", "test"),
]  # fmt: skip
# An expression for the amount, a condition, and the sum in cents with the rows that count, worked out by hand.
EXPRESSIONS = """
    | amount                                                            | where                                  | cents  | rows |
    | qty * "unit price"                                                |                                        | 245301 | 6    |
    | "unit price"                                                      | status <> 'cancelled'                  | 122909 | 5    |
    | "unit price"                                                      | status not in ('cancelled', 'test')    | 122884 | 4    |
    | "unit price"                                                      | status = 'paid'                        | 122184 | 3    |
    | "unit price"                                                      | not status = 'paid'                    | 1125   | 3    |
    | "unit price"                                                      | status is not null                     | 122609 | 5    |
    | "unit price"                                                      | qty > 2 or status like 'pa%'           | 122609 | 5    |
    | "unit price"                                                      | qty between 2 and 4 and status <> ''   | 120209 | 3    |
    | "unit price"                                                      | lower(type) in ('refund')              | 2000   | 1    |
    | "unit price" * case when type = 'refund' then -1 else 1 end       | status = 'paid'                        | 118184 | 3    |
    | qty * "unit price" * case type when 'refund' then -1 else 1 end   |                                        | 241301 | 6    |
    | "unit price" * qty - 1                                            | type = 'gift'                          | 0      | 1    |
    | -"unit price"                                                     | type = 'refund'                        | -2000  | 1    |
    | round("unit price") * qty                                         | order_id = 'o1'                        | 402    | 1    |
    | coalesce(nullif("unit price", 0), 1)                              | order_id = 'o6'                        | 25     | 1    |
    | qty * "unit price" / 2                                            | order_id = 'o2'                        | 120050 | 1    |
    | greatest(qty, "unit price")                                       | order_id = 'o4'                        | 500    | 1    |
"""


@pytest.mark.parametrize(
    "case", some_by_day(drawn(EXPRESSIONS)), ids=lambda case: f"{case['amount']} where {case['where']}"
)
def test_amounts_that_are_computed_and_rows_that_do_not_count(case, tmp_path):
    header = "customer_id;order_id;order_date;qty;unit price;type;status"
    text = "\n".join([header, *(";".join(line) for line in LINES)]) + "\n"
    where = {"where": case["where"], "decimal": "."} if case["where"] else {"decimal": "."}
    outcome = real_files.ingest(
        tmp_path, {"orders.csv": text.encode()}, {"columns": {"amount": case["amount"]}, **where}
    )
    assert (outcome.refusal, outcome.cents, outcome.rows) == ("", int(case["cents"]), int(case["rows"]))
    left_out = len(LINES) - outcome.rows
    assert (f"{left_out} left out by where" in outcome.lines[-1]) == bool(left_out)


HARMFUL = {
    "a subquery": "(select max(1) from read_csv('/etc/passwd'))",
    "a function that reads files": "read_text('/etc/passwd')",
    "another statement": "1; drop table x",
    "the end of the expression": "1) from read_csv('/etc/passwd') --",
    "a setting": "getenv('HOME')",
    "a cast": "amount::int",
    "a window": "sum(qty) over ()",
    "a lambda": "list_transform([1], lambda x: x)",
    "a star": "*",
    "a parameter": "$1",
    "a column of a table": "duckdb_settings.name",
    "nothing": "",
}


@pytest.mark.parametrize("kind", some_by_day(HARMFUL, every=3))
@pytest.mark.parametrize("place", ["amount", "where"])
def test_nothing_but_the_closed_language_is_run(kind, place, tmp_path):
    header = "customer_id;order_id;order_date;qty;amount;type;status"
    text = "\n".join([header, *(";".join(line) for line in LINES)]) + "\n"
    columns = {"amount": HARMFUL[kind] if place == "amount" else "amount"}
    source = {"columns": columns, **({"where": HARMFUL[kind]} if place == "where" else {})}
    outcome = real_files.ingest(tmp_path, {"orders.csv": text.encode()}, source)
    assert "sources.transactions" in outcome.refusal
    assert "\n" not in outcome.refusal


def test_blanks_below_the_first_line_of_an_order_are_filled(tmp_path):
    text = (
        "customer_id,order_id,order_date,price,pieces\n"
        "a@x.example,o1,2024-01-05,10.00,2\n,o1,,5.00,1\nb@x.example,o2,2024-01-06,3.00,1\n,o2,,1.00,4\n"
    )
    columns = {
        "customer_id": "fill(customer_id, order_id)", "ts": "fill(order_date, order_id)", "amount": "price * pieces",
    }  # fmt: skip
    outcome = real_files.ingest(tmp_path, {"orders.csv": text.encode()}, {"columns": columns})
    assert (outcome.refusal, outcome.cents, outcome.rows, outcome.customers) == ("", 3200, 4, 2)


def test_a_price_that_can_be_read_in_two_ways_is_refused_in_an_expression_too(tmp_path):
    text = "customer_id;order_id;order_date;price;pieces\na;o1;2024-01-05;1.200;2\nb;o2;2024-01-06;3.000;1\n"
    source = {"columns": {"amount": "price * pieces"}}
    outcome = real_files.ingest(tmp_path, {"orders.csv": text.encode()}, source)
    assert "price (price) holds '1.200', which is 1.200 if the point is the decimal mark" in outcome.refusal
    outcome = real_files.ingest(tmp_path, {"orders.csv": text.encode()}, {**source, "decimal": ","})
    assert outcome.cents == 540_000


def written(header: str, *rows: tuple[object, ...], mark: str = ",") -> bytes:
    """A CSV file of the rows, each for twelve customers who are called in the column that holds a C."""
    lines = [mark.join(str(cell).replace("C#", f"C{n:02d}") for cell in row) for n in range(12) for row in rows]
    return ("\n".join([header, *lines]) + "\n").encode()


def test_online_retail_by_its_own_column_names(tmp_path):
    """The columns of a well-known file of the UCI repository; a sum of quantity times price, worked out by hand."""
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    day = "12/{day}/2010 8:26"
    rows = [
        ("536365", "85123A", "HOLDER", 6, day.format(day=1), 2.55, "C#", "United Kingdom"),
        ("536365", "71053", "LANTERN", 6, day.format(day=1), 3.39, "C#", "United Kingdom"),
        ("536370", "22728", "CLOCK", 24, day.format(day=13), 3.75, "C#", "France"),
        ("C536379", "22728", "CLOCK", -1, day.format(day=30), 3.75, "C#", "France"),
    ]
    outcome = real_files.run(tmp_path, {"Online Retail.csv": written(header, *rows)})
    assert outcome.refusal == ""
    assert (outcome.rows, outcome.customers) == (48, 12)
    assert outcome.cents == 12 * (1530 + 2034 + 9000 - 375)
    assert "  amount <- Quantity * UnitPrice (likely, by its name)" in outcome.lines


PROPOSED = {
    "a status": ("status", ["paid", "cancelled", "shipped", "test"], [1, 0, 1, 0]),
    "a German status": ("Zustand", ["bezahlt", "storniert", "offen", "bezahlt"], [1, 0, 1, 1]),
    "a flag": ("is_cancelled", ["false", "true", "false", "false"], [1, 0, 1, 1]),
    "a flag of zeros": ("test", ["0", "0", "1", "0"], [1, 1, 0, 1]),
    "a type of row": ("type", ["sale", "refund", "sale", "return"], [1, -1, 1, -1]),
    "a French type": ("Type de vente", ["vente", "avoir", "vente", "vente"], [1, -1, 1, 1]),
    "a status without bad news": ("status", ["paid", "open", "sent", "paid"], [1, 1, 1, 1]),
}


@pytest.mark.parametrize("case", PROPOSED)
def test_rows_that_do_not_count_are_proposed(case, tmp_path):
    name, values, signs = PROPOSED[case]
    header = f"customer_id,order_id,order_date,total,{name}"
    rows = [("C#", f"o{n}", f"2024-0{1 + n}-05", 10 + n, value) for n, value in enumerate(values)]
    outcome = real_files.run(tmp_path, {"orders.csv": written(header, *rows)})
    expected = 12 * sum(100 * (10 + n) * sign for n, sign in enumerate(signs))
    assert (outcome.refusal, outcome.cents, outcome.rows) == ("", expected, 12 * sum(sign != 0 for sign in signs))


# How the moment is written, and the days that 12 customers' orders of 5 January, 14 March and 31 December 2024 fall on.
MONTHS = {"en": ["January", "March", "December"], "de": ["Januar", "März", "Dezember"], "fr": ["janvier", "mars", "déc."],
          "es": ["enero", "marzo", "dic"], "it": ["gen", "mar", "dicembre"], "nl": ["januari", "maart", "december"]}  # fmt: skip
MOMENTS = [datetime(2024, 1, 5, 9, 30), datetime(2024, 3, 14, 23, 59), datetime(2024, 12, 31, 13, 5)]  # noqa: DTZ001
DATED = {
    "epoch seconds": lambda moment, _: str(int(moment.replace(tzinfo=NEW_YORK).timestamp())),
    "epoch milliseconds": lambda moment, _: str(int(moment.replace(tzinfo=NEW_YORK).timestamp() * 1000)),
    "AM and PM": lambda moment, _: moment.strftime("%m/%d/%Y %I:%M %p"),
    "AM and PM with seconds": lambda moment, _: moment.strftime("%d/%m/%Y %I:%M:%S %p"),
    "AM and PM behind an ISO day": lambda moment, _: moment.strftime("%Y-%m-%d %I:%M %p"),
    "short months": lambda moment, _: moment.strftime("%d-%b-%y"),
    "short months in capitals": lambda moment, _: moment.strftime("%d-%b-%Y").upper(),
    "American long months": lambda moment, _: moment.strftime("%B %d, %Y"),
    "ISO weeks": lambda moment, _: moment.strftime("%G-W%V-%u"),
    "fourteen digits": lambda moment, _: moment.strftime("%Y%m%d%H%M%S"),
    "weekdays": lambda moment, _: moment.strftime("%a, %d %b %Y %H:%M:%S"),
    **{
        f"months in {language}": lambda moment, n, names=names: f"{moment.day}. {names[n]} {moment.year}"
        for language, names in MONTHS.items()
    },
}


@pytest.mark.parametrize("form", some_by_day(DATED))
def test_days_are_read_as_people_write_them(form, tmp_path):
    rows = [("C#", f"o{n}", f'"{DATED[form](moment, n)}"', "10.00") for n, moment in enumerate(MOMENTS)]
    outcome = real_files.run(tmp_path, {"orders.csv": written("customer_id,order_id,order_date,total", *rows)})
    assert (outcome.refusal, outcome.rows) == ("", 36)
    days = storage.read_buckets(tmp_path / "data/tables/transactions")["day"].unique().sort().to_list()
    assert days == [moment.date() for moment in MOMENTS]


OPEN_ENDS = ["9999-12-31", "2999-12-31", "2099-12-31", "0000-00-00", "0", "-", "", "unbefristet", "open", "00.00.0000"]


@pytest.mark.parametrize("end", some_by_day(OPEN_ENDS))
def test_open_ends_of_contracts_are_no_end_and_others_stay(end, tmp_path):
    contracts = written(
        "customer_id,start_date,end_date,cancelled_at", ("c#", "2023-01-01", "2024-06-30", "2024-06-01"),
        ("c#", "2023-02-01", end, "0000-00-00"),
    ).replace(b"c#", b"c01")  # fmt: skip
    contracts = (
        contracts.splitlines()[0]
        + b"\n"
        + b"".join(
            line.replace(b"c01", f"c{n:02d}".encode()) + b"\n"
            for n in range(10)
            for line in contracts.splitlines()[1:3]
        )
    )
    files = {"orders.csv": real_files.csv(real_files.rows()).encode(), "subscriptions.csv": contracts}
    outcome = real_files.run(tmp_path, files)
    assert outcome.refusal == ""
    assert "subscriptions: 20 rows, 0 refused, 10 contracts without an end" in outcome.lines[-1]
    table = storage.read_buckets(tmp_path / "data/tables/subscriptions")
    assert table["end_day"].drop_nulls().to_list() == [date(2024, 6, 30)] * 10
    assert table["cancel_day"].drop_nulls().to_list() == [date(2024, 6, 1)] * 10


def test_rows_that_stand_alone_do_not_set_the_calendar(tmp_path):
    table = real_files.rows(1000)
    text = real_files.csv(table) + "c01;x;1900-01-01;1.00\n"
    outcome = real_files.run(tmp_path, {"orders.csv": text.encode()})
    assert (
        "days: 1900-01-01 stands alone far before all others, and is not taken for the beginning of the data"
        in outcome.lines
    )
    settings = params.load(tmp_path / "params.yaml")
    assert settings.snapshots.first.year == 2024
    assert settings.snapshots.as_of.isoformat() == "2024-12-29"


@pytest.mark.parametrize("answer", ["drop", None])
def test_rows_of_nobody_are_left_out_if_somebody_says_so(answer, tmp_path):
    rows = [("C#", "o1", "2024-01-05", "10.00"), ("C#", "o2", "2024-02-05", "20.00"), ("", "o3", "2024-03-05", "5.00")]
    content = written("customer_id,order_id,order_date,total", *rows)
    outcome = real_files.run(tmp_path, {"orders.csv": content}, {"data.anonymous": answer} if answer else {})
    assert any(
        "  asked: 12 rows have no customer; write `anonymous: drop` under data" in line for line in outcome.lines
    )
    if answer is None:
        assert (
            "12 of 36 rows refused (33.3%; data.max_rejected_share allows 1.0%), 12 because customer_id is missing"
            in outcome.refusal
        )
        return
    assert (outcome.refusal, outcome.cents, outcome.rows) == ("", 36_000, 24)
    assert outcome.lines[-1] == "transactions: 24 rows, 0 refused, 12 without a customer (about 60 USD)"
