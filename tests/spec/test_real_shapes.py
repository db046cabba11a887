"""Encodings and shapes of files: each gives the same cents as the plain one, or one line that says why not."""

import gzip
import io
import json
import zipfile
from datetime import date

import openpyxl
import pytest

from pipeline.sources import encodings
from pipeline.tables import storage
from tests import real_files
from tests.profiles import some_by_day

TABLE = real_files.rows()
PLAIN = real_files.csv(TABLE, mark=",")


def with_names(names: list[str]) -> str:
    """The orders with a column of words in some script."""
    header, *lines = PLAIN.splitlines()
    named = [f"{line},{names[n % len(names)]}" for n, line in enumerate(lines)]
    return "\n".join([f"{header},category", *named]) + "\n"


GERMAN = ["Käse", "Brot – frisch", "Grüße", "Preis in €", "Straße"]
ENCODED = {
    "cp1252": (GERMAN, "cp1252"),
    "latin-1": (["Käse", "Grüße", "Straße"], "latin-1"),
    "Shift-JIS": (["りんご", "コーヒー", "お茶", "食品"], "shift_jis"),
    "GB18030": (["苹果", "咖啡", "茶叶", "食品杂货"], "gb18030"),
    "UTF-16": (GERMAN, "utf-16"),
    "UTF-16 without a mark": (GERMAN, "utf-16-le"),
    "UTF-8 with a mark": (GERMAN, "utf-8-sig"),
}


@pytest.mark.parametrize("case", ENCODED)
def test_encodings_are_found_out_and_read(case, tmp_path):
    words, encoding = ENCODED[case]
    outcome = real_files.run(tmp_path, {"orders.csv": with_names(words).encode(encoding)})
    assert (outcome.refusal, outcome.cents, outcome.rows) == ("", real_files.cents(TABLE), 48)
    categories = storage.read_buckets(tmp_path / "data/tables/transactions")["category"].unique()
    assert sorted(categories) == sorted(words)


@pytest.mark.parametrize(
    "encoding", ["cp1250", "cp1251", "koi8-r", "iso-8859-15", "cp437", "big5", "euc-kr", "mac-roman"]
)
def test_any_codec_of_python_can_be_named(encoding, tmp_path):
    words = {"cp1251": ["Сыр"], "koi8-r": ["Хлеб"], "big5": ["蘋果"], "euc-kr": ["사과"], "cp1250": ["Sýr, žluť"]}
    text = with_names([f'"{word}"' for word in words.get(encoding, ["Käse"])])
    columns = {"amount": "total", "category": "category"}
    outcome = real_files.ingest(
        tmp_path, {"orders.csv": text.encode(encoding)}, {"encoding": encoding, "columns": columns}
    )
    assert (outcome.refusal, outcome.cents) == ("", real_files.cents(TABLE))
    categories = storage.read_buckets(tmp_path / "data/tables/transactions")["category"].unique()
    assert categories.to_list() == words.get(encoding, ["Käse"])


def workbook(*, second_sheet: bool = False) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    if second_sheet:
        sheet.append(["nothing", "of", "this"])
        sheet = book.create_sheet("Orders")
    sheet.append(["customer_id", "order_id", "order_date", "total"])
    for row in TABLE:
        sheet.append([row["customer"], row["order"], date.fromisoformat(row["day"]), float(row["amount"])])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, content)
    return out.getvalue()


JSON_LINES = "".join(
    json.dumps({"customer_id": row["customer"], "order_id": row["order"], "order_date": row["day"],
                "total": float(row["amount"]), **({"note": None} if n % 2 else {})}) + "\n"
    for n, row in enumerate(TABLE)
).encode()  # fmt: skip
QUOTED = real_files.csv(TABLE, lambda amount: f"{amount:,}", mark=",")
SHAPES = {
    "a workbook": {"orders.xlsx": workbook()},
    "JSON lines": {"orders.jsonl": JSON_LINES},
    "a packed file": {"orders.csv.gz": gzip.compress(PLAIN.encode())},
    "a packed file in Windows-1252": {"orders.csv.gz": gzip.compress(with_names(GERMAN).encode("cp1252"))},
    "an archive": {"orders.zip": zipped("export/orders.csv", PLAIN.encode())},
    "an archive in Windows-1252": {"orders.zip": zipped("orders.csv", with_names(GERMAN).encode("cp1252"))},
    "an archive of a workbook": {"orders.zip": zipped("orders.xlsx", workbook())},
    "an archive of semicolons": {"orders.zip": zipped("orders.csv", real_files.csv(TABLE).encode())},
    "a hint for a spreadsheet": {"orders.csv": ("sep=;\n" + real_files.csv(TABLE)).encode()},
    "a title above": {"orders.csv": ("Report of orders\nMade on 2024-12-31\n\n" + PLAIN).encode()},
    "tabs": {"orders.tsv": real_files.csv(TABLE, mark="\t").encode()},
    "pipes": {"orders.txt": real_files.csv(TABLE, mark="|").encode()},
    "carriage returns": {"orders.csv": PLAIN.replace("\n", "\r\n").encode()},
    "quotes around marks": {"orders.csv": QUOTED.encode()},
    "a trailing delimiter in the names alone": {"orders.csv": PLAIN.replace("\n", ",\n", 1).encode()},
    "a trailing delimiter below the names alone": {
        "orders.csv": (PLAIN.partition("\n")[0] + "\n" + PLAIN.partition("\n")[2].replace("\n", ",\n")).encode()
    },
    "a trailing semicolon in the names of Windows-1252": {
        "orders.csv": with_names(GERMAN).replace(",", ";").replace("\n", ";\n", 1).encode("cp1252")
    },
    "a trailing delimiter": {"orders.csv": PLAIN.replace("\n", ",\n").encode()},
    "two files, one with a column more": {
        "orders_1.csv": "".join(PLAIN.splitlines(keepends=True)[:20]).encode(),
        "orders_2.csv": (
            "total,order_date,order_id,customer_id,note\n"
            + "".join(",".join(line.split(",")[::-1]) + ",x\n" for line in PLAIN.splitlines()[20:])
        ).encode(),
    },
}


@pytest.mark.parametrize("shape", some_by_day(SHAPES))
def test_shapes_of_files_give_the_same_cents(shape, tmp_path):
    outcome = real_files.run(tmp_path, SHAPES[shape])
    assert (outcome.refusal, outcome.cents, outcome.rows, outcome.customers) == ("", real_files.cents(TABLE), 48, 10)


SAID = {
    "a sheet by its name": ({"orders.xlsx": workbook(second_sheet=True)}, {"sheet": "Orders"}),
    "another quote": (
        {"orders.csv": real_files.csv(TABLE, lambda amount: f"'{amount}'", mark=",").encode()}, {"quote": "'"}),
    "a backslash before quotes": (
        {"orders.csv": PLAIN.replace("o1,", '"o\\"1",').encode()}, {"escape": "\\"}),
    "lines above": ({"orders.csv": ("a\nb,c\n" + PLAIN).encode()}, {"skip_lines": 2}),
}  # fmt: skip


@pytest.mark.parametrize("case", SAID)
def test_shapes_that_have_to_be_said(case, tmp_path):
    files, more = SAID[case]
    outcome = real_files.ingest(tmp_path, files, {**more, "columns": {"amount": "total"}})
    assert (outcome.refusal, outcome.cents, outcome.rows) == ("", real_files.cents(TABLE), 48)


WRONG = {
    "no workbook": ({"orders.xlsx": b"PK\x03\x04rubbish"}, {}, "raw/orders.xlsx cannot be read"),
    "no archive": ({"orders.zip": b"rubbish"}, {}, "raw/orders.zip cannot be read"),
    "an archive of two": (
        {"orders.zip": zipped("a.csv", b"a\n") + b""}, {"sheet": None}, "has no column"),
    "no JSON": ({"orders.jsonl": b'{"a": 1}\n[1]\n'}, {}, "line 2 is no JSON object"),
    "another encoding": ({"orders.csv": b"a\xff\xff\n"}, {"encoding": "big5"}, "is not in the encoding big5"),
    "an encoding nobody knows": ({"orders.csv": b"a\n"}, {"encoding": "klingon"}, "nothing reads the encoding klingon"),
    "no such sheet": ({"orders.xlsx": workbook()}, {"sheet": "Umsatz"}, "has no sheet 'Umsatz'; it has Sheet"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_read_is_refused_in_one_line_without_a_path_of_ours(case, tmp_path):
    files, more, message = WRONG[case]
    outcome = real_files.ingest(tmp_path, files, {**more, "columns": {"amount": "total"}})
    assert message in outcome.refusal
    assert "\n" not in outcome.refusal
    assert "churn-" not in outcome.refusal


def test_refused_rows_of_a_converted_file_name_the_file_people_know(tmp_path):
    text = with_names(GERMAN) + "c01,o99,2024-01-05,,Käse\n" + "c01,too,many,columns,in,this,line\n"
    columns = {"amount": "total", "category": "category"}
    outcome = real_files.ingest(
        tmp_path, {"orders.csv": text.encode("cp1252")}, {"encoding": "cp1252", "columns": columns}
    )
    assert outcome.refusal == ""
    kept = storage.read_parquet(tmp_path / "data/rejected/transactions.parquet")
    assert kept["source_file"].to_list() == ["orders.csv", "orders.csv"]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "größe\n"])
def test_utf8_needs_no_encoding(text):
    assert encodings.guess(io.BytesIO(text.encode())) is None
