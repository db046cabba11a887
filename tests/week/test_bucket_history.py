"""What is open is read from whatever columns a company has; held to plain Python, for texts once came out of anywhere."""

from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from pipeline.tables import storage
from pipeline.week import bucket_history
from tests.decisions.week import WEEK, context

OPTIONAL = {
    "tickets": ("resolved_day", "first_answer_day", "is_dispute", "is_complaint", "topic"),
    "commitments": ("kept_day", "due_day", "what"),
    "subscriptions": ("cancel_day", "start_day"),
}
FIRST = {"tickets": "opened_day", "commitments": "made_day", "subscriptions": "plan"}
TEXTS = ("delivery", "quality", "a parcel that never came to its address")


def drawn_rows(table: str, leave_out: frozenset[str], seed: int) -> list[dict]:
    """Rows of some 120 customers, with ids too long to stand beside their length."""
    random = np.random.default_rng(seed)

    def value(name: str):
        if name.endswith("_day"):
            return WEEK - timedelta(days=int(random.integers(-40, 200))) if random.random() < 0.7 else None
        return bool(random.random() < 0.4) if name.startswith("is_") else str(random.choice(TEXTS))

    columns = [name for name in (FIRST[table], *OPTIONAL[table]) if name not in leave_out]
    return [
        {"customer_id": f"customer{int(random.integers(0, 120))}@post.example"}
        | {name: value(name) for name in columns}
        for _ in range(150)
    ]


def expected(table: str, rows: list[dict]) -> dict[str, dict]:
    """By customer what is open, one row after the other."""
    made: dict[str, list[dict]] = defaultdict(list)
    late = date.max
    for row in rows:
        begun = row.get({"tickets": "opened_day", "commitments": "made_day"}.get(table, "start_day"))
        over = row.get({"tickets": "resolved_day", "commitments": "kept_day"}.get(table, "cancel_day"))
        if table == "subscriptions":
            is_open = begun is not None and begun >= WEEK and (over is None or over > begun)
        else:
            is_open = begun is not None and begun < WEEK and (over is None or over >= WEEK)
        if is_open:
            made[row["customer_id"]].append(row)

    def of(own: list[dict]) -> dict:
        if table == "subscriptions":
            return {"renewed_from": min(row["start_day"] for row in own)}
        if table == "commitments":
            due = [row["due_day"] for row in own if row.get("due_day")]
            first = min(own, key=lambda row: (row.get("due_day") or late, row.get("what") or "~"))
            return {"promises_open": len(own), "promise_due_next": min(due, default=None),
                    "promise_what": first.get("what")}  # fmt: skip
        disputes = [row for row in own if row.get("is_dispute")]
        waiting = [row for row in own if row.get("first_answer_day") is None or row["first_answer_day"] >= WEEK]
        topics = {
            name: min(((row["opened_day"], row["topic"]) for row in among), default=(None, None))[1]
            for name, among in (("dispute_topic", disputes), ("ticket_topic", waiting))
            if "topic" in own[0]
        }
        return {"disputes_open": len(disputes), "complaints_open": sum(bool(row.get("is_complaint")) for row in own),
                "dispute_since": min((row["opened_day"] for row in disputes), default=None)} | topics  # fmt: skip

    return {customer: of(own) for customer, own in made.items()}


CASES = [
    (table, frozenset(left_out))
    for table, optional in OPTIONAL.items()
    for left_out in [(), *((name,) for name in optional), tuple(name for name in optional if name != "topic"), optional]
]


@pytest.mark.parametrize(
    ("table", "left_out"),
    CASES,
    ids=lambda case: case if isinstance(case, str) else f"without {', '.join(sorted(case))}",
)
def test_what_is_open_is_read_whichever_columns_there_are(tmp_path, table, left_out):
    for seed in range(5):
        rows = drawn_rows(table, left_out, seed)
        types = {name: pl.Date for name in rows[0] if name.endswith("_day")}
        file = storage.bucket_file(tmp_path / str(seed) / table, 0)
        file.parent.mkdir(parents=True)
        pl.DataFrame(rows, schema_overrides=types).write_parquet(file)
        who = pl.DataFrame({"customer_id": [], "answered_day": []}, {"customer_id": pl.String, "answered_day": pl.Date})
        history = bucket_history.read_bucket(tmp_path / str(seed), 0, who, [], context(), consents=False)
        made = {row.pop("customer_id"): row for row in history.open_matters.to_dicts()}
        wanted = expected(table, rows)
        assert made.keys() == wanted.keys()
        for customer, figures in wanted.items():
            assert {name: made[customer][name] for name in figures} == figures
