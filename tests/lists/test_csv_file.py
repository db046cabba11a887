"""The CSV: one golden file, and every cell of a whole week against the frame."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.lists import RISK_LIST, Week, csv_original, csv_text
from pipeline.lists.cells import MONEY
from pipeline.lists.csv_file import csv_bytes, csv_lines

# fmt: off
# What teams fill in, and the day of the list.
EMPTY = (*[""] * 6, date(2018, 1, 8))
GOLDEN_ROWS = [
    (1, "0042", 'José "Pepe" Ruiz', "=Anna", "loyal", "long", 0.61239, "high", 2016.0, 1234.567,
     "no order for 47 days, usually every 9",
     None, None, "natural", "partly", "sales", "-20 % is what he buys for", "duty", "win_back", "Call\nand listen", "phone", "sales", date(2018, 1, 5), "new",
     date(2018, 1, 1), None, None, None, "=Good day", date(2017, 11, 15), date(2017, 12, 1), date(2018, 2, 3), None, None, *EMPTY),
    (2, "-7", None, None, "new", "short", 0.00004, "low", 9.999, 0.0, None, None, None, None, None, None, None, "watch", None, "Keep an eye on him", None, None, None,
     "snoozed",
     date(2017, 12, 25), 0.25, "25 % → 0 %", None, None, date(2017, 12, 30), None, None, date(2018, 3, 12), date(2017, 12, 31), *EMPTY),
]
# fmt: on
GOLDEN = (
    "\ufeffrank,customer_id,name,owner,tier,lifecycle,churn_probability,risk_band,value,value_at_stake,reason_1,reason_2,reason_3,reason_1_kind,reason_1_act,reason_1_team,protects,"
    "work,playbook,action,channel,who,due_day,status,since_week,previous_probability,change,caution,draft,last_order_day,usual_order_day,next_order_day,cancellation_day,last_contact_day,"
    "outcome,done_day,answer,wrong_reason,snooze_until_day,note,as_of\r\n"
    '1,0042,"José ""Pepe"" Ruiz",\'=Anna,loyal,long,0.6124,high,2016.00,1234.57,"no order for 47 days, usually every 9",,,natural,partly,sales,'
    "'-20 % is what he buys for,duty,win_back,\"Call\nand listen\",phone,sales,2018-01-05,new,2018-01-01,,,,'=Good day,2017-11-15,2017-12-01,2018-02-03,,,,,,,,,2018-01-08\r\n"
    "2,'-7,,,new,short,0.0000,low,10.00,0.00,,,,,,,,watch,,Keep an eye on him,,,,snoozed,2017-12-25,0.2500,25 % → 0 %,,,2017-12-30,,,2018-03-12,2017-12-31,,,,,,,2018-01-08\r\n"
)


def test_golden() -> None:
    risk_list = pl.DataFrame(GOLDEN_ROWS, schema=RISK_LIST, orient="row")
    assert csv_bytes(risk_list, 2).decode() == GOLDEN


def test_currency_without_cents() -> None:
    risk_list = pl.DataFrame(GOLDEN_ROWS, schema=RISK_LIST, orient="row")
    rows = list(csv.DictReader(io.StringIO(csv_bytes(risk_list, 0).decode("utf-8-sig"), newline="")))
    assert [row["value_at_stake"] for row in rows] == ["1235", "0"]


def test_every_cell_of_a_long_list(long_week: Week) -> None:
    text = csv_bytes(long_week.risk_list, 2).decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert header == list(RISK_LIST)
    assert len(rows) == 3000
    for row, truth in zip(rows, long_week.risk_list.iter_rows(named=True), strict=True):
        for name, cell in zip(header, row, strict=True):
            value = truth[name]
            if name == "previous_probability" and value is None:
                assert not cell
            elif name in {"churn_probability", "previous_probability"}:
                assert abs(float(cell) - value) <= 0.00005 and len(cell) == 6
            elif name in MONEY:
                assert abs(float(cell) - value) <= 0.005 + 1e-9 and cell[-3] == "."
            else:
                assert csv_original(cell) == ("" if value is None else str(value))


def test_no_cell_starts_a_formula(make_week: Callable[..., Week]) -> None:
    evil = {
        "name": "=cmd|' /C calc'!A0",
        "owner": "@x",
        "reason_1": "\t=1",
        "customer_id": "+1",
        "action": "-1",
        "note": "＝1",
    }
    week = make_week(3, edits={0: evil})
    rows = csv.reader(io.StringIO(csv_bytes(week.risk_list, 2).decode("utf-8-sig"), newline=""))
    assert not [cell for row in rows for cell in row if cell.lstrip()[:1] in {*"=+-@＝", "\t"} and cell]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@given(
    st.lists(
        st.text(st.sampled_from([*"ab;\t\n\r,'\" =+-@", "\u202e", "\u2066", "\u00ad", "\u3164", "\ufe0f", "＝"]), max_size=8),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_no_separator_makes_a_formula_and_every_text_comes_back(separator, texts):
    """Also of a reader that splits at other signs than commas, and knows of quotes only where a cell begins with one."""
    content = csv_lines([[csv_text(text) for text in texts]]).decode("utf-8-sig")
    (row,) = csv.reader(io.StringIO(content, newline="")) if content != "\r\n" else [[""]]
    assert [csv_original(cell) for cell in row] == texts
    cells = row if separator == "," else re.split(rf"[{separator}\r\n]", content)
    unseen = '" \t\r\n\u202e\u2066\u00ad\u3164\ufe0f'
    assert not [cell for cell in cells if cell.lstrip(unseen)[:1] in set("=+-@＝")]


def test_signs_that_nobody_sees_hide_no_formula():
    """Every sign of the kinds that take no room, in front of a formula."""
    for number in range(0x110000):
        sign = chr(number)
        if unicodedata.category(sign) in {"Cf", "Cc", "Zs", "Zl", "Zp"}:
            assert re.search("'.?=", csv_text(f"{sign}=1+1"), re.DOTALL), f"U+{number:04X}"
