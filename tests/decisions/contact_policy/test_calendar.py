"""The plans of all teams: reduced to the caps, conflicts resolved, every row with a reason, in any order of rows."""

import csv
import io
import random
from datetime import date, timedelta

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pipeline import cli
from pipeline.config.errors import BadData
from pipeline.decisions import facts
from pipeline.decisions.contact_policy import calendar
from pipeline.lists import message_plan
from tests.decisions.week import context
from tests.drawing import drawn, write_csv
from tests.profiles import examples

DAY = date(2024, 3, 4)
NOBODY = facts.beside(pl.DataFrame(schema={"customer_id": pl.String}), [])
NOTHING = pl.DataFrame(schema={"customer_id": pl.String, "day": pl.Date, "is_offer": pl.Boolean})
CONTACT = context().contact


def known(**change) -> pl.DataFrame:
    own = pl.DataFrame(
        [{"customer_id": "a", **change}], schema_overrides={n: k for n, k in facts.FACTS.items() if n in change}
    )
    return facts.beside(own.select("customer_id"), [own])


def messages(table: str) -> pl.DataFrame:
    """A drawn plan; ``day`` counts from DAY, and what is left out is as plain as can be."""
    usual = {"customer_id": "a", "day": "0", "team": "marketing", "channel": "e-mail", "purpose": "useful",
             "priority": "-", "has_value": "-", "message": "-"}  # fmt: skip
    rows = [usual | {name: cell for name, cell in row.items() if name in usual} for row in drawn(table)]
    return pl.DataFrame(
        [
            row
            | {
                "day": DAY + timedelta(days=int(row["day"])),
                "priority": None if row["priority"] == "-" else int(row["priority"]),
                "has_value": {"yes": True, "no": False, "-": None}[row["has_value"]],
                "message": None if row["message"] == "-" else row["message"],
            }
            for row in rows
        ],
        schema=calendar.PLANNED,
    )


# Who has room on the only place of a day; the first line of each plan wins whatever the order of the file.
ORDERS = {
    "what is promised before service": """
        | team | purpose | kept |
        | b    | promise | yes  |
        | a    | service | no   |""",
    "service before marketing": """
        | team | purpose | has_value | kept |
        | b    | service | -         | yes  |
        | a    | useful  | yes       | no   |""",
    "what is useful before offers": """
        | team | purpose | priority | kept |
        | b    | useful  | -        | yes  |
        | a    | offer   | 1        | no   |""",
    "what has value before what has none": """
        | team | purpose | has_value | priority | kept |
        | b    | useful  | yes       | 9        | yes  |
        | a    | useful  | -         | 1        | no   |
        | c    | useful  | no        | 1        | no   |""",
    "the lower priority": """
        | team | priority | kept |
        | b    | 1        | yes  |
        | a    | 2        | no   |
        | a    | -        | no   |""",
    "the alphabet at last": """
        | team | channel | kept |
        | a    | e-mail  | yes  |
        | a    | phone   | no   |
        | b    | e-mail  | no   |""",
}


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_who_goes_first(name, seed):
    table, wanted = messages(ORDERS[name]), [row["kept"] == "yes" for row in drawn(ORDERS[name])]
    order = random.Random(seed).sample(range(len(table)), len(table))
    found = calendar.plan(table[order], NOBODY, NOTHING, CONTACT)
    assert dict(zip(order, found["kept"], strict=True)) == dict(enumerate(wanted))
    assert all(why.startswith("1 a day is the cap") for why in found.filter(~pl.col("kept"))["why"])


def test_thirty_seven_messages_in_a_day_become_one_and_the_choice_is_recorded():
    """The bad example of all: 37 messages of all teams to one customer on one day."""
    teams = ("marketing", "sales", "success")
    rows = [{"customer_id": "a", "day": DAY, "team": teams[at % 3], "channel": "e-mail", "purpose": "offer",
             "priority": at, "has_value": None, "message": f"text {at}"} for at in range(36)]  # fmt: skip
    rows.append(rows[0] | {"team": "service", "purpose": "service", "priority": None, "message": "your parcel"})
    found = calendar.plan(pl.DataFrame(rows, schema=calendar.PLANNED), NOBODY, NOTHING, CONTACT)
    assert found.height == 37
    assert found.filter("kept").select("team", "purpose", "why").rows() == [("service", "service", "within the caps")]
    dropped = found.filter(~pl.col("kept"))["why"].unique().to_list()
    assert dropped == ["1 a day is the cap (contact.max_per_day), and service of service goes first"]
    wider = CONTACT.model_copy(update={"max_per_day": 5, "max_per_week": 5, "max_offers_in_window": 2})
    found = calendar.plan(pl.DataFrame(rows, schema=calendar.PLANNED), NOBODY, NOTHING, wider)
    kept = found.filter("kept").sort("priority", nulls_last=False)
    assert kept["message"].to_list() == ["your parcel", "text 0", "text 3"], "offers of one team only"


# What was sent before, by days before DAY, and whether a useful message on DAY + `day` has room; 2 a week are the cap.
WEEKS = """
    | before  | day | kept |
    | -       | 0   | yes  |
    | 1       | 0   | yes  |
    | 1, 6    | 0   | no   |
    | 1, 7    | 0   | yes  |
    | 1, 6    | 1   | yes  |
    | 1, 2    | 4   | no   |
    | 1, 2    | 5   | yes  |
    | 1, 2, 3 | 5   | yes  |
    | 1, 1    | 5   | no   |
    | 1, 1    | 6   | yes  |
"""


@pytest.mark.parametrize("case", drawn(WEEKS), ids=lambda case: f"{case['before']}-{case['day']}")
def test_the_cap_of_a_week_counts_what_was_sent_before(case):
    days = [] if case["before"] == "-" else [DAY - timedelta(days=int(n)) for n in case["before"].split(", ")]
    past = pl.DataFrame([("a", day, False) for day in days], schema=NOTHING.schema, orient="row")
    found = calendar.plan(messages(f"| day |\n| {case['day']} |"), NOBODY, past, CONTACT)
    assert found["kept"].to_list() == [case["kept"] == "yes"]


# What is known of the customer, what is planned, and whether it may be sent at all.
RULES = """
    | fact                          | channel  | purpose | kept | why                                         |
    | {email_opt_in: false}         | E-Mail   | service | no   | the customer has not agreed to e-mail       |
    | {email_opt_in: false}         | phone    | service | yes  | within the caps                             |
    | {phone_opt_in: false}         | phone    | promise | no   | the customer has not agreed to phone        |
    | {sms_opt_in: false}           | sms      | useful  | no   | the customer has not agreed to sms          |
    | {sms_opt_in: false}           | internal | useful  | yes  | the customer does not notice it             |
    | {disputes_open: 1}            | e-mail   | offer   | no   | nothing is sold while a dispute is open     |
    | {disputes_open: 1}            | e-mail   | service | yes  | within the caps                             |
    | {snoozed_until: '2024-03-05'} | e-mail   | service | no   | a team has put this customer off to a later day |
    | {snoozed_until: '2024-03-04'} | e-mail   | service | yes  | within the caps                             |
    | {fatigued_day: '2024-02-04'}  | e-mail   | offer   | no   | the customer has had enough of messages that sell |
    | {fatigued_day: '2024-02-03'}  | e-mail   | offer   | yes  | within the caps                             |
    | {fatigued_day: '2024-02-04'}  | e-mail   | thanks  | yes  | within the caps                             |
    | {unanswered: 8, last_sent_day: '2024-02-10'} | e-mail | offer | no | the customer has had enough of messages that sell |
    | {unanswered: 7, last_sent_day: '2024-02-10'} | e-mail | offer | yes | within the caps                         |
"""


@pytest.mark.parametrize("case", drawn(RULES), ids=lambda case: f"{case['fact']}-{case['channel']}-{case['purpose']}")
def test_what_a_customer_does_not_want_is_not_sent(case):
    from ruamel.yaml import YAML

    fact = YAML(typ="safe").load(case["fact"])
    fact = {name: date.fromisoformat(value) if isinstance(value, str) else value for name, value in fact.items()}
    table = messages(f"| channel | purpose |\n| {case['channel']} | {case['purpose']} |")
    found = calendar.plan(table, known(**fact), NOTHING, CONTACT)
    assert (found["kept"][0], found["why"][0]) == (case["kept"] == "yes", case["why"])


def test_where_no_consent_is_known_the_setting_decides():
    table, refuse = messages("| day |\n| 0 |"), context(unknown_consent="refuse").contact
    assert calendar.plan(table, NOBODY, NOTHING, CONTACT)["kept"].to_list() == [True]
    unknown = ["it is not known whether the customer agrees to e-mail"]
    assert calendar.plan(table, NOBODY, NOTHING, refuse)["why"].to_list() == unknown
    said_no = calendar.plan(table, known(email_opt_in=False), NOTHING, refuse)
    assert said_no["why"].to_list() == ["the customer has not agreed to e-mail"]


def test_teams_do_not_say_the_same_twice_nor_make_offers_against_each_other():
    room = CONTACT.model_copy(update={"max_per_day": 9, "max_per_week": 9, "max_offers_in_window": 9})
    table = messages("""
        | day | team      | purpose | message       |
        | 0   | sales     | offer   | 10 % on shoes |
        | 0   | marketing | offer   | 20 % on shoes |
        | 0   | service   | thanks  | Thank you     |
        | 0   | marketing | thanks  | thank  YOU    |
        | 1   | sales     | offer   | 10 % on shoes |
    """)
    found = calendar.plan(table, NOBODY, NOTHING, room)
    assert found["kept"].to_list() == [False, True, False, True, True]
    assert found["why"].to_list()[0] == "marketing makes another offer on that day"
    assert found["why"].to_list()[2] == "marketing says the same on that day"


def test_offers_have_a_cap_of_their_own_over_the_window():
    room = CONTACT.model_copy(update={"max_per_day": 9, "max_per_week": 9})
    past = pl.DataFrame([("a", DAY - timedelta(days=n), True) for n in (80, 89)], schema=NOTHING.schema, orient="row")
    table = messages("| day | purpose |\n| 0 | offer |\n| 1 | offer |\n| 20 | offer |\n| 2 | useful |")
    found = calendar.plan(table, NOBODY, past, room)
    assert found["kept"].to_list() == [True, True, True, True]
    tight = calendar.plan(table, NOBODY, past, room.model_copy(update={"max_offers_in_window": 2}))
    assert tight["kept"].to_list() == [False, True, True, True], "a day later the older one has left the window"


plans = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.integers(0, 16), st.sampled_from(["x", "y"]),
        st.sampled_from(["e-mail", "phone", "letter", "internal"]), st.sampled_from(calendar.ORDER),
        st.none() | st.integers(0, 2), st.none() | st.booleans(), st.none() | st.sampled_from(["hi", "ho"]),
    ),
    max_size=40,
)  # fmt: skip
before = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 20), st.booleans()), max_size=12)


@examples(100)
@given(plans, before, st.integers(1, 3), st.integers(1, 4), st.integers(0, 3), st.randoms(use_true_random=False))
def test_no_cap_is_ever_broken_in_any_order(rows, sent, a_day, a_week, offers, dice):
    contact = CONTACT.model_copy(
        update={"max_per_day": a_day, "max_per_week": a_week, "max_offers_in_window": offers, "window_days": 14}
    )
    table = pl.DataFrame(
        [(w, DAY + timedelta(days=d), *rest) for w, d, *rest in rows], schema=calendar.PLANNED, orient="row"
    )
    past = pl.DataFrame([(w, DAY - timedelta(days=d), o) for w, d, o in sent], schema=NOTHING.schema, orient="row")
    facts_of_a = known(email_opt_in=False)
    found = calendar.plan(table, facts_of_a, past, contact)
    assert found["why"].null_count() == 0 and found.height == len(rows)
    noticed = found.filter("kept", pl.col("channel") != "internal")
    assert noticed.filter(pl.col("customer_id") == "a", pl.col("channel") == "e-mail").is_empty()
    for who in "ab":
        new = noticed.filter(pl.col("customer_id") == who)
        for day in new["day"]:
            assert (new["day"] == day).sum() <= a_day
        _keeps(new["day"].to_list(), past.filter(pl.col("customer_id") == who)["day"].to_list(), 7, a_week)
        was_offered = past.filter(pl.col("customer_id") == who, "is_offer")["day"].to_list()
        _keeps(new.filter(pl.col("purpose") == "offer")["day"].to_list(), was_offered, 14, offers)
    order = dice.sample(range(len(rows)), len(rows))
    again = calendar.plan(table[order], facts_of_a, past, contact)
    assert sorted(again.rows(), key=str) == sorted(found.rows(), key=str), "row order decides nothing"


def _keeps(new: list[date], before: list[date], length: int, most: int) -> None:
    """No stretch of so many days that holds something new holds more than the most, unless it did before."""
    for first in range(-25, 20):
        stretch = [DAY + timedelta(days=first + at) for at in range(length)]
        added = sum(day in stretch for day in new)
        assert not added or added + sum(day in stretch for day in before) <= most


def test_a_plan_of_nobody_is_right():
    found = calendar.plan(pl.DataFrame(schema=calendar.PLANNED), NOBODY, NOTHING, CONTACT)
    assert found.columns[-2:] == ["kept", "why"] and found.is_empty()


HEAD = "customer_id,day,team,channel,purpose,priority,has_value,message\n"
GOOD = "a,2024-03-04,sales,e-mail,offer,1,yes,Hello\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            HEAD + GOOD + "a,2024-13-04,sales,e-mail,offer,1,yes,x\n",
            "line 3: day: '2024-13-04' is not a day as YYYY-MM-DD",
        ),
        (
            HEAD + "a,2024-03-03,sales,e-mail,offer,1,yes,x\n",
            "line 2: day: 2024-03-03 is over on 2024-03-04; write that day",
        ),
        (
            HEAD + "a,2024-03-04,sales,e-mial,offer,,,\n",
            "line 2: channel: 'e-mial' is not known; did you mean 'e-mail'?",
        ),
        (
            HEAD + "a,2024-03-04,sales,e-mail,offfer,,,\n",
            "line 2: purpose: 'offfer' is not known; did you mean 'offer'?",
        ),
        (HEAD + "a,2024-03-04,sales,e-mail,offer,high,,\n", "line 2: priority: 'high' is not a whole number"),
        (HEAD + "a,2024-03-04,sales,e-mail,offer,,maybe,\n", "line 2: has_value: 'maybe' is neither yes nor no"),
        (HEAD + ",2024-03-04,sales,e-mail,offer,,,\n", "line 2: customer_id: is empty; write something"),
        (HEAD + "a,2024-03-04,sales,e-mail,offer,,,x,y\n", "line 2: must have 8 cells"),
        (HEAD + "a,2024-03-04\n", "line 2: must have 8 cells"),
        ("customer_id,day,team,channel\n", "line 1: column 'purpose' is missing"),
        (
            HEAD.replace("message", "mesage"),
            "line 1: column 'mesage' is not known or there twice; did you mean 'message'?",
        ),
        (HEAD.replace("message", "team"), "line 1: column 'team' is not known or there twice"),
        ("", "line 1: column 'customer_id' is missing"),
        (HEAD + 'a,2024-03-04,sales,e-mail,offer,,,"x\n', "is no CSV"),
    ],
)
def test_each_mistake_in_a_plan_is_answered(tmp_path, text, message):
    file = tmp_path / "plan.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadData) as refused:
        message_plan.read(file, DAY)
    assert message in str(refused.value) and "\n" not in str(refused.value)
    assert str(refused.value).startswith(str(file))


def test_a_plan_that_is_absent_or_no_text_is_refused(tmp_path):
    with pytest.raises(BadData, match="not found; write the path of a CSV file"):
        message_plan.read(tmp_path / "plan.csv", DAY)
    (tmp_path / "plan.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadData, match="is not UTF-8; save it again as CSV UTF-8"):
        message_plan.read(tmp_path / "plan.csv", DAY)


def test_a_plan_goes_in_and_comes_out_with_no_cell_a_spreadsheet_would_run(tmp_path):
    (tmp_path / "plan.csv").write_text("﻿" + HEAD + GOOD + "a,2024-03-04,ops,letter,thanks,,,=1+1\n", encoding="utf-8")
    table = message_plan.read(tmp_path / "plan.csv", DAY)
    message_plan.write(calendar.plan(table, NOBODY, NOTHING, CONTACT), tmp_path / "out.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8"))))
    assert [(row["team"], row["kept"], row["has_value"]) for row in rows] == [
        ("sales", "no", "yes"),
        ("ops", "yes", ""),
    ]
    assert not rows[1]["message"].startswith("=") and rows[0]["why"].endswith("thanks of ops goes first")


def test_the_command_reads_what_was_sent_and_says_how_many_are_left(company, settings):
    from pipeline.config import params
    from pipeline.stages import run_stage, s1_ingest

    own = params.load()
    run_stage(s1_ingest, own)
    ids = pl.read_parquet("data/tables/transactions/bucket-00000.parquet")["customer_id"].unique().sort().to_list()[:2]
    write_csv(
        company / "plan.csv",
        f"""
        | customer_id | day        | team  | channel | purpose |
        | {ids[0]}    | 2024-07-01 | sales | letter  | offer   |
        | {ids[0]}    | 2024-07-01 | ops   | letter  | service |
        | {ids[1]}    | 2024-07-02 | sales | letter  | thanks  |
        | stranger    | 2024-07-02 | sales | letter  | thanks  |
    """,
    )
    answer = CliRunner().invoke(cli.main, ["calendar", "plan.csv", "--as-of", "2024-07-01", "--out", "out.csv"])
    assert answer.exit_code == 0, answer.output
    assert answer.output.startswith("3 of 4 messages kept, ") and answer.output.endswith(": out.csv\n")
    assert [row["kept"] for row in csv.DictReader(io.StringIO((company / "out.csv").read_text("utf-8")))] == [
        "no",
        "yes",
        "yes",
        "yes",
    ]
    bad = CliRunner().invoke(cli.main, ["calendar", "none.csv", "--as-of", "2024-07-01", "--out", "out.csv"])
    assert bad.exit_code == 12 and "none.csv: not found" in bad.output
