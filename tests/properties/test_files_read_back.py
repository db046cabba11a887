"""A table written in any locale, encoding and shape is read back to the cent, or refused by the name of a column."""

import csv
import io
import tempfile
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests import real_files
from tests.profiles import examples

# Marks of thousands and of decimals, and what stands beside the amount.
LOCALES = [("", "."), ("", ","), (",", "."), (".", ","), (" ", ","), ("'", "."), ("\u00a0", ",")]
DATES = ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y%m%d", "%d %B %Y"]
ENCODINGS = ["utf-8", "utf-8-sig", "cp1252", "utf-16"]
IDS = {
    "numbers": "{:05d}".format, "codes": "C-{}".format, "names": "Müller {}".format,
    "guarded": '="{:06d}"'.format, "decimals": "{}.0".format,
}  # fmt: skip


@st.composite
def files(draw):
    """One to two files of orders, how they are written, and the rows that are in them."""
    cents = st.integers(1, 9_999_999).map(lambda number: Decimal(number) / 100)
    amounts = draw(st.lists(cents, min_size=12, max_size=40))
    day = draw(st.integers(0, 300))
    rows = [(n % 7, f"o{n}", date(2024, 1, 1) + timedelta(days=(day + 5 * n) % 360), amount)
            for n, amount in enumerate(amounts)]  # fmt: skip
    form = {
        "locale": draw(st.sampled_from(LOCALES)), "date": draw(st.sampled_from(DATES)),
        "encoding": draw(st.sampled_from(ENCODINGS)), "delimiter": draw(st.sampled_from(",;\t|")),
        "id": draw(st.sampled_from(sorted(IDS))), "repeats": draw(st.integers(0, 3)), "overlap": draw(st.booleans()),
    }  # fmt: skip
    return rows, form


def written(rows, form) -> bytes:
    thousands, decimal = form["locale"]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=form["delimiter"], lineterminator="\n")
    writer.writerow(["customer_id", "order_id", "order_date", "total"])
    for who, order, day, amount in rows:
        total = f"{amount:,.2f}".replace(",", "_").replace(".", decimal).replace("_", thousands)
        writer.writerow([IDS[form["id"]](who + 1), order, day.strftime(form["date"]), total])
    return out.getvalue().encode(form["encoding"])


@examples(8, nightly=60)
@given(files())
def test_a_table_is_read_back_to_the_cent_or_refused_by_a_column(drawn):
    rows, form = drawn
    # Orders that stand in the file again, and files that share their last orders: each counts once.
    content = {"orders_1.csv": written([*rows, *rows[: form["repeats"]]], form)}
    if form["overlap"]:
        later = [(n % 7, f"n{n}", date(2024, 12, 27), Decimal(n) / 4) for n in range(1, 9)]
        last = sorted(rows, key=lambda row: row[2])[-6:]
        content["orders_2.csv"] = written([*last, *later], form)
        rows = [*rows, *later]
    with tempfile.TemporaryDirectory() as folder:
        outcome = real_files.run(Path(folder), content)
    if outcome.refusal:
        printed = " ".join([outcome.refusal, *outcome.lines])
        assert any(
            column in printed for column in ("customer_id", "order_id", "order_date", "total", "ts", "amount")
        ), printed
        return
    assert Counter({"cents": outcome.cents, "rows": outcome.rows, "customers": outcome.customers}) == Counter(
        {
            "cents": int(sum(amount * 100 for *_, amount in rows)),
            "rows": len(rows),
            "customers": len({row[0] for row in rows}),
        }
    )
