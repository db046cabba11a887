"""Tables that disagree with each other: each case is counted by hand, and by another program for drawn tables."""

from contextlib import chdir
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.commands import check_sources
from pipeline.config import params, paths
from pipeline.config.errors import BadData, NotEnoughData
from pipeline.stages import run_stage, s1_ingest
from pipeline.tables import coherence, coherence_renewals, coherence_within, storage
from tests.drawing import drawn
from tests.profiles import examples

DAY = date(2024, 3, 1)
DAYS = {
    "customers": ["signup_day"], "events": ["day"], "tickets": ["opened_day"], "transactions": ["day"],
    "subscriptions": ["start_day", "end_day", "cancel_day"], "outcomes": ["as_of_day"],
}  # fmt: skip
SETTINGS = params.load(Path(__file__).resolve().parents[2] / "params.yaml").coherence


def table(name: str, text: str) -> pd.DataFrame:
    """Rows such as `ann 3; bo -2 9`: a customer, and days from 1 March 2024, a dash for none."""
    rows = []
    for row in filter(None, text.split("; ")):
        customer, *days = row.split()
        written = [None if day == "-" else DAY + timedelta(days=int(day)) for day in days]
        rows.append((customer, *written, *[None] * (len(DAYS[name]) - len(days))))
    frame = pd.DataFrame(rows, columns=["customer_id", *DAYS[name]])
    frame["transaction_id"] = [f"t{n}" for n in range(len(frame))]
    return frame


def examine(tables: dict[str, pd.DataFrame], settings: params.Coherence = SETTINGS) -> list[coherence.Finding]:
    with duckdb.connect() as engine:
        for name, frame in tables.items():
            engine.register(f"{name}_frame", frame)
            days = "".join(f", {day}::DATE AS {day}" for day in DAYS[name])
            engine.execute(
                f"CREATE TABLE {name} AS SELECT customer_id, transaction_id, hash(customer_id)::HUGEINT AS customer_key"
                f"{days} FROM {name}_frame"
            )
        return coherence.examine(engine, {name: coherence.rows_of(engine, name) for name in tables}, settings)


CASES = """
    | check             | tables                                                                 | count | of | largest | why                                   |
    | before_signup     | customers: ann 5; bo 0, events: ann 3; ann 4; ann 5; bo 0; bo -1        | 3     | 5  | ann (2) | the day itself is not before it       |
    | before_signup     | customers: ann -; bo 0, events: ann -9; bo 1                            | none  |    |         | nobody knows when ann came            |
    | outside_contract  | subscriptions: ann 0 9; ann 20, events: ann 0; ann 9; ann 10; ann -1; ann 25 | 2 | 5 | ann (2) | both ends count as inside             |
    | outside_contract  | subscriptions: ann 0 9, events: ann 12; bo 1                            | none  |    |         | after the last one is another case; bo has none |
    | outside_contract  | subscriptions: ann 0 9 4; ann 8 -, events: ann 6; bo 1                  | 1     | 1  | ann (1) | a cancelled one ends when it is cancelled |
    | turned_contracts  | subscriptions: ann 5 3; ann 5 9 4; bo 5 5; bo 5 -                       | 2     | 4  | ann (2) | an end or a cancellation before it    |
    | active_after_end  | subscriptions: ann 0 9; bo 0 9; cy 0 9; cy 5 -, events: ann 40; bo 39; cy 99 | 1 | 2 | ann (1) | thirty days to settle; cy goes on     |
    | unknown_customers | events: ann 1; zoe 1; zoe 2                                             | 2     | 3  | zoe (2) | zoe has no transaction                |
    | unknown_outcomes  | outcomes: ann 1; zoe 1                                                  | 1     | 2  | zoe (1) | a team answers for a stranger         |
"""


@pytest.mark.parametrize("case", drawn(CASES), ids=lambda case: case["why"])
def test_what_does_not_agree_is_counted_and_named(case):
    tables = {"transactions": table("transactions", "ann 0; bo 0; cy 0")}
    for one in case["tables"].split(", "):
        name, rows = one.split(": ")
        tables[name] = table(name, rows)
    chosen = [finding for finding in examine(tables) if finding.check == case["check"]]
    if case["count"] == "none":
        assert chosen == []
        return
    (finding,) = chosen
    assert (finding.count, finding.of) == (int(case["count"]), int(case["of"]))
    assert case["largest"] in finding.words


def test_a_till_is_named_and_somebody_who_buys_a_lot_is_not():
    rows = "; ".join(
        ["ann 0; ann 1; bo 0; bo 1; cy 0", *(f"till {n}" for n in range(60)), *(f"di {n}" for n in range(59))]
    )
    settings = SETTINGS.model_copy(update={"oversized_customers": params.CoherenceCheck(limit=30, action="warn")})
    (finding,) = examine({"transactions": table("transactions", rows)}, settings)
    # The median of 2, 2, 1, 60 and 59 orders is 2.
    assert "1 customer has at least 30 times the median of 2 orders, most of all till with 60" in finding.words


@examples(20)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(-9, 9)), max_size=8),
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(-9, 9), st.none() | st.integers(-9, 9)), min_size=1, max_size=5
    ),
)
def test_days_outside_of_contracts_by_another_program(events, contracts):
    written = "; ".join(f"{who} {start} {'-' if end is None else end}" for who, start, end in contracts)
    tables = {
        "transactions": table("transactions", "a 0; b 0; c 0"), "subscriptions": table("subscriptions", written),
        "events": table("events", "; ".join(f"{who} {day}" for who, day in events)),
    }  # fmt: skip
    expected = 0
    for who, day in events:
        own = [(start, 99 if end is None else end) for name, start, end in contracts if name == who]
        inside = any(start <= day <= end for start, end in own)
        expected += bool(own) and not inside and day <= max(end for _, end in own)
    counted = [finding.count for finding in examine(tables) if finding.check == "outside_contract"]
    assert counted == ([expected] if expected else [])


def company(folder: Path, action: str) -> params.Params:
    """A folder with orders, and events older than their customers."""
    (folder / "raw").mkdir()
    orders = "".join(f"c{n % 5},o{n},2024-03-{1 + n % 28:02d},{n}.50\n" for n in range(40))
    (folder / "raw/orders.csv").write_text(f"customer_id,order_id,order_date,total\n{orders}")
    (folder / "raw/crm.csv").write_text("customer_id,since\n" + "".join(f"c{n},2024-03-05\n" for n in range(5)))
    visits = "".join(f"c{n % 2},2024-03-0{n},visit\n" for n in range(1, 9))
    (folder / "raw/visits.csv").write_text(f"customer_id,day,what\n{visits}")
    content = params.read_yaml(paths.PARAMS, params.BadParams)
    content["sources"] = {
        "transactions": {"path": "raw/orders.csv", "columns": {
            "customer_id": "customer_id", "transaction_id": "order_id", "ts": "order_date", "amount": "total"}},
        "events": {"path": "raw/visits.csv", "columns": {"customer_id": "customer_id", "ts": "day", "event_type": "what"}},
        "customers": {"path": "raw/crm.csv", "columns": {"customer_id": "customer_id", "signup_day": "since"}},
    }  # fmt: skip
    content["features"]["event_types"] = ["visit"]
    content["coherence"]["before_signup"]["action"] = action
    return params.parse(content)


WORDS = "events: 4 of 8 rows are older than their customer's signup_day, most of c0 (2) (coherence.before_signup allows 1.0%)"


@pytest.mark.parametrize("action", ["warn", "stop"])
def test_check_and_the_stage_say_or_refuse_the_same(action, tmp_path, monkeypatch):
    settings = company(tmp_path, action)
    with chdir(tmp_path):
        if action == "stop":
            for run in (lambda: list(check_sources.run(settings)), lambda: run_stage(s1_ingest, settings)):
                with pytest.raises(BadData) as refusal:
                    run()
                assert str(refusal.value).startswith(WORDS)
            return
        lines = []
        # Of other years than the calendar of the settings, which is refused once the tables have been looked at.
        with pytest.raises(NotEnoughData):
            lines.extend(check_sources.run(settings))
        assert f"WARNING {WORDS}" in lines
        assert run_stage(s1_ingest, settings).endswith(f"; WARNING {WORDS}")
        (finding,) = storage.read_json(paths.REPRO.ingest_report)["coherence"]
        assert (finding["check"], finding["count"], finding["of"]) == ("before_signup", 4, 8)


SCALES = """
    | kind   | answers           | count | of | why                                   |
    | nps    | 0 10 7 -          | 0     | 0  | both ends count, and no answer is none |
    | nps    | 70 7 -1 -         | 2     | 3  | ten times, and below zero             |
    | csat   | 0 5 6 5.5         | 2     | 4  | another scale                         |
    | effort | 100 7             | 0     | 0  | a kind that nothing is read of        |
"""


@pytest.mark.parametrize("case", drawn(SCALES), ids=lambda case: case["why"])
def test_answers_lie_on_their_scale(case):
    answers = [None if word == "-" else float(word) for word in case["answers"].split()]
    with duckdb.connect() as engine:
        frame = pd.DataFrame({"customer_id": "ann", "kind": case["kind"], "score": answers})
        engine.register("surveys_frame", frame)
        engine.execute(
            "CREATE TABLE surveys AS SELECT *, 1::HUGEINT AS customer_key, DATE '2024-03-01' AS day FROM surveys_frame"
        )
        engine.execute(
            "CREATE TABLE transactions AS SELECT 'ann' AS customer_id, 't' AS transaction_id, 1::HUGEINT AS customer_key, DATE '2024-03-01' AS day"
        )
        tables = {name: coherence.rows_of(engine, name) for name in ("transactions", "surveys")}
        chosen = [one for one in coherence.examine(engine, tables, SETTINGS) if one.check == "outside_scale"]
    assert [(one.count, one.of) for one in chosen] == (
        [(int(case["count"]), int(case["of"]))] if case["count"] != "0" else []
    )
    assert all(one.is_much for one in chosen)


# Running contracts on day 1000: how many there are, when they began, and in how many days their renewal comes.
MOVING = """
    | number | began    | renewal        | found    | why                                                                     |
    | 60     | 0..900   | ahead 0..30    | 41 of 60 | billed each month, in one row for ever: what began 400 days before is caught |
    | 60     | 640..990 | term 365       | -        | a row for each year                                                     |
    | 60     | 0..990   | term 1095      | -        | contracts of three years, of which some began lately                    |
    | 60     | 640..990 | ahead 39..39   | -        | all memberships end with the year                                       |
    | 40     | 0..900   | ahead 0..30    | -        | too few to tell                                                         |
"""


@pytest.mark.parametrize("case", drawn(MOVING), ids=lambda case: case["why"])
def test_a_renewal_that_moves_on_knows_the_future(case):
    number, (first, last) = int(case["number"]), map(int, case["began"].split(".."))
    kind, days = case["renewal"].split()
    near, far = map(int, days.split("..") if kind == "ahead" else (days, days))
    rows = []
    for n in range(number):
        start = first + (last - first) * n // (number - 1)
        ahead = near + (far - near) * (n * 7 % number) // (number - 1)
        renewal = 1000 + ahead if kind == "ahead" else start + ahead
        rows.append((f"c{n}", n, DAY + timedelta(days=start), DAY + timedelta(days=renewal)))
    with duckdb.connect() as engine:
        engine.execute(
            "CREATE TABLE subscriptions (customer_id VARCHAR, customer_key HUGEINT, start_day DATE, renewal_day DATE)"
        )
        engine.executemany("INSERT INTO subscriptions VALUES (?, ?, ?, ?)", rows)
        engine.execute(f"CREATE TABLE transactions AS SELECT DATE '{DAY + timedelta(days=1000)}' AS day")
        tables = {name: coherence.rows_of(engine, name) for name in ("transactions", "subscriptions")}
        found = list(coherence_renewals.moving_renewals(engine, tables, SETTINGS))
    counted = [f"{one.count} of {one.of}" for one in found if one.count]
    assert counted == ([] if case["found"] == "-" else [case["found"]])
    assert all(one.is_much for one in found if one.count)


KINDS = """
    | table   | kinds                    | found                                                                                               | why                                 |
    | surveys | nps csat                 | -                                                                                                   | both are read                       |
    | surveys | NPS Csat                 | -                                                                                                   | capitals make no kind of their own  |
    | surveys | nps Promoter promoter    | surveys: 2 of 3 rows are of another kind than nps or csat, most of promoter (2)                     | nothing is read from two of three   |
    | loyalty | Earn spend Expire reward | -                                                                                                   | all four are read                   |
    | loyalty | credit earn debit credit | loyalty: 3 of 4 rows are of another kind than earn, spend, expire or reward, most of credit (2)     | two are called otherwise            |
"""


@pytest.mark.parametrize("case", drawn(KINDS), ids=lambda case: f"{case['table']}: {case['why']}")
def test_rows_that_look_taken_in_and_are_never_read_are_named(case, tmp_path):
    settings, value = company(tmp_path, "warn"), {"surveys": "score", "loyalty": "points"}[case["table"]]
    rows = "".join(f"c0,2024-03-09,{kind},4\n" for kind in case["kinds"].split())
    (tmp_path / "raw/kinds.csv").write_text(f"customer_id,ts,kind,{value}\n{rows}")
    source = {"path": "raw/kinds.csv", "columns": {name: name for name in ("customer_id", "ts", "kind", value)}}
    sources = settings.sources.model_dump(exclude_unset=True) | {case["table"]: source}
    settings = settings.model_copy(update={"sources": params.Sources.model_validate(sources)})
    with chdir(tmp_path):
        run_stage(s1_ingest, settings)
        findings = storage.read_json(paths.REPRO.ingest_report)["coherence"]
    found = [one for one in findings if one["check"] == "unknown_kinds"]
    assert [one["words"].partition(";")[0] for one in found] == ([] if case["found"] == "-" else [case["found"]])
    assert all(one["is_much"] for one in found)


# Of tickets or promises 90 days or more before the last one: how many there are, and how many of them are filled in.
SETTLED = """
    | table       | column           | old | filled | young | found                     | why                                      |
    | commitments | kept_day         | 60  | 0      | 5     | 60 of 60 kept_day         | no promise was ever kept                 |
    | commitments | kept_day         | 100 | 2      | 5     | -                         | a fiftieth was: that is a bad ledger     |
    | commitments | kept_day         | 101 | 2      | 5     | 99 of 101 kept_day        | less than a fiftieth                     |
    | commitments | kept_day         | 49  | 0      | 5     | -                         | too few to tell                          |
    | commitments | kept_day         | 0   | 0      | 200   | -                         | what is young may still be kept          |
    | commitments | -                | 60  | 0      | 5     | -                         | the column is not mapped                 |
    | tickets     | resolved_day     | 60  | 0      | 5     | 60 of 60 resolved_ts      | no request was ever resolved             |
    | tickets     | first_answer_day | 60  | 0      | 5     | 60 of 60 first_answer_ts  | no request was ever answered             |
"""


@pytest.mark.parametrize("case", drawn(SETTLED), ids=lambda case: f"{case['table']}: {case['why']}")
def test_a_column_that_nobody_fills_in_makes_nothing_open(case):
    day = {"tickets": "opened_day", "commitments": "made_day"}[case["table"]]
    old, filled, young = (int(case[name]) for name in ("old", "filled", "young"))
    frame = pd.DataFrame({"customer_id": "ann", day: [DAY] * old + [DAY + timedelta(days=90)] * young})
    column = case["column"]
    if column != "-":
        frame[column] = pd.Series([DAY] * filled + [None] * (old + young - filled), dtype="object")
    with duckdb.connect() as engine:
        engine.register("frame", frame)
        typed = "" if column == "-" else f" REPLACE ({column}::DATE AS {column})"
        engine.execute(f"CREATE TABLE {case['table']} AS SELECT *{typed}, 1::HUGEINT AS customer_key FROM frame")
        engine.execute(
            "CREATE TABLE transactions AS SELECT 'ann' AS customer_id, 't' AS transaction_id, 1::HUGEINT AS customer_key"
        )
        tables = {name: coherence.rows_of(engine, name) for name in ("transactions", case["table"])}
        found = [
            one for one in coherence.examine(engine, tables, SETTINGS) if one.check == "never_settled" and one.is_much
        ]
    assert [
        f"{one.count} of {one.of} {column.replace('_day', '_ts') if 'kept' not in column else column}" for one in found
    ] == ([] if case["found"] == "-" else [case["found"]])
    for one in found:
        assert f"have no {case['found'].split()[-1]}, most of ann" in one.words
        with pytest.raises(BadData, match=f"leave it out of sources.{case['table']}.columns"):
            coherence.refuse_or_describe([one], SETTINGS)


# Amount, list price, discount and personal discount of a line, in cents.
LINES = """
    | line               | found | why                                                       |
    | 900 1000 100 0     | no    | what is left of the list price                            |
    | 855 1000 100 45    | no    | a personal discount beside the other one                  |
    | 900 1000 100 45    | no    | one that is counted among it                              |
    | 998 1000 0 0       | no    | two cents of rounding                                     |
    | 49500 50000 10 0   | no    | a hundredth of the list price                             |
    | 900 1000 10 0      | yes   | ten per cent                                              |
    | 3000 1000 0 0      | yes   | three pieces beside the price of one                      |
    | -900 -1000 10 0    | none  | a refund is not asked                                     |
    | 900 - 10 0         | none  | nobody knows the list price                               |
    | 900 1000 - 0       | none  | nor the discount                                          |
    | 900 1000 100 -     | no    | no personal discount is none                              |
"""


@pytest.mark.parametrize("case", drawn(LINES), ids=lambda case: case["why"])
def test_an_amount_is_what_is_left_of_its_list_price(case):
    line = [None if word == "-" else int(word) for word in case["line"].split()]
    names = ("amount_minor", "list_amount_minor", "discount_minor", "personal_discount_minor")
    values = ", ".join(
        f"{'NULL' if value is None else value}::BIGINT AS {name}" for name, value in zip(names, line, strict=True)
    )
    settings = SETTINGS.model_copy(update={"amounts_apart": params.CoherenceCheck(limit=0, action="warn")})
    with duckdb.connect() as engine:
        engine.execute(
            f"CREATE TABLE transactions AS SELECT 'ann' AS customer_id, 't' AS transaction_id, 1::HUGEINT AS customer_key, {values}"
        )
        found = coherence_within.amounts_apart(
            engine, {"transactions": coherence.rows_of(engine, "transactions")}, settings
        )
        (one,) = found
    assert (one.count, one.of, one.is_much) == {"yes": (1, 1, True), "no": (0, 1, False), "none": (0, 0, False)}[
        case["found"]
    ]


def test_without_a_list_price_or_a_discount_nothing_is_asked():
    with duckdb.connect() as engine:
        engine.execute(
            "CREATE TABLE transactions AS SELECT 'ann' AS customer_id, 1::BIGINT AS amount_minor, 9::BIGINT AS discount_minor"
        )
        tables = {"transactions": coherence.rows_of(engine, "transactions")}
        assert list(coherence_within.amounts_apart(engine, tables, SETTINGS)) == []


# Contracts as start, end, cancellation and renewal, in days from 1 March 2024; the last purchase is of day 100.
RENEWALS = """
    | contracts                            | found  | why                                                 |
    | ann 0 - - 68                         | 1 of 1 | over for 32 days                                    |
    | ann 0 - - 69                         | 0 of 1 | a renewal may take 31 days                          |
    | ann 0 - - 400                        | 0 of 1 | it lies ahead                                       |
    | ann 0 - - -                          | 0 of 0 | no renewal is known                                 |
    | ann 0 60 - 61                        | 0 of 0 | the contract is over                                |
    | ann 0 - 60 61                        | 0 of 0 | it was cancelled                                    |
    | ann 0 200 - 61                       | 1 of 1 | it runs on                                          |
    | ann 0 - - 50; ann 51 - - 300         | 0 of 1 | a later period took over                            |
    | ann 0 - - 50; ann 101 - - 300        | 1 of 1 | the later one has not begun                         |
    | ann 0 - - 50; bo 0 - - 300           | 1 of 2 | of each customer the last one                       |
"""


@pytest.mark.parametrize("case", drawn(RENEWALS), ids=lambda case: case["why"])
def test_a_contract_that_runs_on_has_its_next_renewal_and_not_its_first(case):
    rows = []
    for contract in case["contracts"].split("; "):
        customer, *days = contract.split()
        written = [None if day == "-" else DAY + timedelta(days=int(day)) for day in days]
        rows.append((customer, sum(map(ord, customer)), *written))
    with duckdb.connect() as engine:
        names = ("start_day", "end_day", "cancel_day", "renewal_day")
        typed = ", ".join(f"{name} DATE" for name in names)
        engine.execute(f"CREATE TABLE subscriptions (customer_id VARCHAR, customer_key HUGEINT, {typed})")
        engine.executemany("INSERT INTO subscriptions VALUES (?, ?, ?, ?, ?, ?)", rows)
        engine.execute(f"CREATE TABLE transactions AS SELECT DATE '{DAY + timedelta(days=100)}' AS day")
        tables = {name: coherence.rows_of(engine, name) for name in ("transactions", "subscriptions")}
        (one,) = coherence_renewals.past_renewals(engine, tables, SETTINGS)
        without = coherence.Rows("subscriptions", tables["subscriptions"].columns - {"renewal_day"})
        assert list(coherence_renewals.past_renewals(engine, tables | {"subscriptions": without}, SETTINGS)) == []
    assert f"{one.count} of {one.of}" == case["found"]
    assert one.is_much == (one.count > 0)
