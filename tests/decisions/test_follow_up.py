"""A list with memory: what has changed, who left and how, and what was done; against sums made another way."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.params import Label
from pipeline.decisions import change, follow_up
from pipeline.lists import since_last_list
from tests.drawing import drawn

THEN, NOW = date(2024, 1, 1), date(2024, 1, 8)
BY_ORDER, BY_CONTRACT = (Label(kind=kind, gap_days=0, horizon_days=90) for kind in ("inactivity", "cancellation"))
TEXTS = {f"reason_{place}_{part}": pl.String() for place in (1, 2, 3) for part in ("family", "text")}

# Reasons are written family:text, in their places; what was given in both weeks, and the sentence.
CHANGES = """
    | then | now  | order      | reasons then         | reasons now          | change                                        |
    | 0.31 | 0.58 | 2023-12-20 | recency:R            | recency:R2 service:S | 31 % → 58 %: S                                |
    | 0.31 | 0.58 | 2023-12-20 | recency:R            | recency:R2           | 31 % → 58 %: R2                               |
    | 0.31 | 0.33 | 2023-12-20 | recency:R            | recency:R2           | 31 % → 33 %                                   |
    | 0.31 | 0.58 | 2023-12-20 | recency:R            | recency:R            | 31 % → 58 %                                   |
    | 0.31 | 0.58 | 2023-12-20 | -                    | a:A b:B c:C          | 31 % → 58 %: A; B                             |
    | 0.31 | 0.58 | 2024-01-03 | recency:R            | service:S            | 31 % → 58 %: S                                |
    | 0.58 | 0.31 | 2024-01-03 | recency:R            | service:S            | 58 % → 31 %: ordered on 2024-01-03            |
    | 0.58 | 0.31 | 2024-01-01 | recency:R            | -                    | 58 % → 31 %: ordered on 2024-01-01            |
    | 0.58 | 0.31 | 2023-12-31 | recency:R service:S  | service:S2           | 58 % → 31 %: no longer: R                     |
    | 0.58 | 0.31 | 2023-12-31 | service:S            | recency:R service:S  | 58 % → 31 %                                   |
    | 0.58 | 0.58 | 2024-01-03 | recency:R            | service:S            | 58 % as on the last list                      |
    | 0.581 | 0.584 | 2024-01-03 | recency:R          | service:S            | 58 % as on the last list                      |
    | -    | 0.58 | 2024-01-03 | -                    | service:S            | not scored for the last list                  |
"""


def of_reasons(text: str) -> dict:
    reasons = [] if text == "-" else [reason.split(":") for reason in text.split()]
    row = dict.fromkeys(TEXTS)
    for place, (family, words) in enumerate(reasons, start=1):
        row |= {f"reason_{place}_family": family, f"reason_{place}_text": words}
    return row


def changed(case: dict, **how) -> dict:
    schema = {"customer_id": pl.String, "churn_probability": pl.Float64, **TEXTS}
    row = {"customer_id": "a", "churn_probability": float(case["now"]), **of_reasons(case["reasons now"])}
    now = pl.DataFrame([row], schema=schema).with_columns(
        last_order_day=pl.lit(date.fromisoformat(case["order"])), owner=pl.lit(None, pl.String)
    )
    before = {
        "customer_id": "a",
        "churn_probability": float(case["then"].replace("-", "0")),
        **of_reasons(case["reasons then"]),
    }
    previous = pl.DataFrame([] if case["then"] == "-" else [before], schema=schema)
    how = {"same_model": True} | how
    return change.with_change(now, previous, how.pop("day", THEN), **how).to_dicts()[0]


@pytest.mark.parametrize("case", drawn(CHANGES), ids=lambda case: "-".join(case.values()))
def test_what_has_changed(case):
    row = changed(case)
    assert row["change"] == case["change"]
    assert row["previous_probability"] == (None if case["then"] == "-" else float(case["then"]))
    assert set(row) == {
        "customer_id",
        "churn_probability",
        *TEXTS,
        "last_order_day",
        "owner",
        "previous_probability",
        "change",
    }


def test_of_a_first_list_and_of_a_new_model():
    case = drawn(CHANGES)[0]
    assert changed(case, day=None)["change"] is None
    assert changed(case, same_model=False)["change"] == "31 % → 58 %: S (by a new model)"


def listed(rows: list[tuple]) -> pl.DataFrame:
    names = ("customer_id", "work", "churn_probability", "last_order_day")
    table = pl.DataFrame(
        [dict(zip(names, row, strict=True)) for row in rows],
        schema={
            "customer_id": pl.String,
            "work": pl.String,
            "churn_probability": pl.Float64,
            "last_order_day": pl.Date,
        },
    )
    return table.with_columns(
        name=pl.lit(None, pl.String), owner=pl.lit(None, pl.String), playbook=pl.lit("call"), as_of=pl.lit(THEN)
    )


def test_who_left_and_how():
    order = date(2023, 12, 20)
    previous = listed([(who, "task", 0.6, order) for who in "abcdefgh"])
    everybody = pl.DataFrame(
        {"customer_id": [*"abcdfgh"], "churn_probability": [0.6, 0.1, 0.3, 0.9, None, None, None],
         "last_order_day": [order, THEN, order, date(2023, 12, 31), order, THEN, order],
         "state": ["current"] * 4 + ["lost", "lost", "lapsed"]}
    )  # fmt: skip
    left = follow_up.left_the_list(pl.DataFrame({"customer_id": ["a"]}), previous, everybody, BY_ORDER)
    assert left.select("customer_id", "status", "what").rows() == [
        ("b", "recovered", "Ordered on 2024-01-01."),
        ("d", "recovered", "Ordered on 2023-12-31."),
        ("c", "dropped", "Has not ordered since; the risk is 30 % now, 60 % then."),
        ("e", "dropped", "No longer counted as a customer; the last order was on 2023-12-20."),
        ("f", "dropped", "The contract has ended; the last order was on 2023-12-20."),
        ("g", "dropped", "The contract has ended; the last order was on 2024-01-01."),
        ("h", "dropped", "No longer counted as a customer; the last order was on 2023-12-20."),
    ]
    assert left.columns == list(follow_up.LEFT)
    # Who orders beside a contract has said nothing about it.
    left = follow_up.left_the_list(pl.DataFrame({"customer_id": ["a"]}), previous, everybody, BY_CONTRACT)
    assert left.filter(pl.col("customer_id").is_in([*"bcf"])).select("customer_id", "status", "what").rows() == [
        ("b", "dropped", "The contract runs on; the risk is 10 % now, 60 % then."),
        ("c", "dropped", "The contract runs on; the risk is 30 % now, 60 % then."),
        ("f", "dropped", "The contract has ended; the last order was on 2023-12-20."),
    ]
    # Who is waited for is a customer, and has no contract.
    late = BY_CONTRACT.model_copy(update={"late_renewal_days": 14})
    left = follow_up.left_the_list(pl.DataFrame({"customer_id": ["a"]}), previous, everybody, late)
    what = left.filter(pl.col("customer_id") == "c")["what"].to_list()
    assert what == ["Is still a customer; the risk is 30 % now, 60 % then."]


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["duty", "task", "watch"]),
        st.sampled_from(["listed", "gone", "former", "lost", "unknown"]),
        st.booleans(),  # bought since
        st.lists(st.sampled_from(["done", "not_done", "wrong_reason"]), max_size=2),
    ),
    max_size=12,
)


@given(ROWS, st.integers(0, 3), st.sampled_from([BY_ORDER, BY_CONTRACT]))
def test_what_came_what_went_and_what_was_done(rows, newcomers, label):
    """Counted row by row, beside the joins of the product."""
    order = date(2023, 12, 20)
    ids = [f"c{at}" for at in range(len(rows))]
    previous = listed([(who, row[0], 0.5, order) for who, row in zip(ids, rows, strict=True)])
    now = [
        (who, "task", 0.5, THEN if row[2] else order) for who, row in zip(ids, rows, strict=True) if row[1] != "unknown"
    ]
    new = [(f"n{at}", "task", 0.5, order) for at in range(newcomers)]
    former = [who for who, row in zip(ids, rows, strict=True) if row[1] == "former"]
    lost = [who for who, row in zip(ids, rows, strict=True) if row[1] == "lost"]
    states = dict.fromkeys(former, "lapsed") | dict.fromkeys(lost, "lost")
    decided = listed([*now, *new]).with_columns(
        state=pl.col("customer_id").replace_strict(states, default="current", return_dtype=pl.String)
    )
    kept = {who for who, row in zip(ids, rows, strict=True) if row[1] == "listed"} | {who for who, *_ in new}
    current = decided.filter(pl.col("customer_id").is_in(list(kept))).with_columns(snoozed_until=pl.lit(None, pl.Date))
    current = follow_up.with_status(current, previous.with_columns(since_week=pl.lit(THEN)), NOW)
    outcomes = pl.DataFrame(
        [
            {"customer_id": who, "as_of": THEN, "status": status}
            for who, row in zip(ids, rows, strict=True)
            for status in row[3]
        ],
        schema={"customer_id": pl.String, "as_of": pl.Date, "status": pl.String},
    )
    left = follow_up.left_the_list(current, previous, decided, label)
    found = follow_up.since_last(current, previous, left, decided, label, outcomes)
    buyer = [row[2] and row[1] != "unknown" for row in rows]
    there = [row[1] in ("listed", "gone") for row in rows]
    recovers = [row[2] and row[1] == "gone" and label is BY_ORDER for row in rows]
    gone = [at for at, row in enumerate(rows) if row[1] != "listed"]
    to_act = [row for row in rows if row[0] != "watch"]
    done = ["done" in row[3] for row in rows]
    assert found == {
        "new": newcomers,
        "still_open": len(rows) - len(gone),
        "snoozed": 0,
        "recovered": sum(recovers),
        "dropped": sum(not recovers[at] for at in gone),
        "to_act": len(to_act),
        "done": sum("done" in row[3] for row in to_act),
        "not_done": sum(bool(row[3]) and "done" not in row[3] for row in to_act),
        "not_handed_back": sum(not row[3] for row in to_act),
        "ended": len(lost) if label is BY_CONTRACT else None,
        **{
            name: {
                "customers": sum(d is is_done for d in done),
                "bought_since": sum(b for b, d in zip(buyer, done, strict=True) if d is is_done),
                "still_customers": sum(t for t, d in zip(there, done, strict=True) if d is is_done),
            }
            for name, is_done in (("acted_on", True), ("others", False))
        },
    }
    words = " ".join(str(sentence) for sentence in since_last_list.words(THEN, found))
    assert words.startswith(f"Since the list of 2024-01-01: {newcomers} new, {len(rows) - len(gone)} still open")
    assert ("not handed back" in words) == bool(to_act)
    assert ("have bought since" in words) == (any(done) and label is BY_ORDER)
    assert ("run on" in words) == (any(done) and label is BY_CONTRACT)
    assert (f"of whom {len(lost)} ended the contract" in words) == (bool(gone) and label is BY_CONTRACT)
    assert words.endswith(".")


def test_a_customer_put_off_stays_in_sight_until_the_day():
    rows = listed([("a", None, 0.1, THEN)]).with_columns(snoozed_until=pl.lit(NOW + timedelta(days=9)))
    status = follow_up.with_status(rows, rows.with_columns(since_week=pl.lit(THEN)), NOW).row(0, named=True)
    assert (status["status"], status["since_week"]) == ("snoozed", THEN)
