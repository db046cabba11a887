"""The outbox: each action once, in the week that gives it first, and back again as an outcome."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipeline.lists import Week, outbox, publish
from pipeline.outcomes import filled_list
from tests.conftest import ROOT

DAY = date(2018, 1, 1)
FIELDS = {
    **dict.fromkeys(
        (
            "customer_id",
            "work",
            "playbook",
            "action",
            "draft",
            "caution",
            "reason_1_text",
            "channel",
            "who",
            "task_owner",
        ),
        pl.String,
    ),
    **dict.fromkeys(("as_of", "given_day", "due_day"), pl.Date),
    **dict.fromkeys(("churn_probability", "value_at_stake"), pl.Float64),
}
CALL = {"work": "task", "playbook": "call", "action": "Call about it. Listen first.", "as_of": DAY, "given_day": DAY,
        "due_day": DAY + timedelta(days=3), "who": "sales", "task_owner": "Ann", "channel": "phone",
        "churn_probability": 0.123456, "value_at_stake": 12.5}  # fmt: skip


def decided(*changes: dict) -> pl.DataFrame:
    rows = [CALL | {"customer_id": f"c{at}"} | change for at, change in enumerate(changes)]
    return pl.DataFrame([{name: row.get(name) for name in FIELDS} for row in rows], schema=FIELDS)


def test_each_action_is_a_message_once():
    nothing = dict.fromkeys(("work", "playbook", "action", "given_day"))
    rows = decided({}, {"given_day": DAY - timedelta(days=7)}, nothing, {"work": "audience", "task_owner": None})
    found = outbox.messages(rows, DAY).to_dicts()
    assert [row["id"] for row in found] == ["2018-01-01/call/c0", "2018-01-01/call/c3"]
    assert list(found[0]) == list(outbox.OUTBOX)
    assert (found[0]["subject"], found[0]["churn_probability"]) == ("Call about it", 0.1235)
    assert (found[0]["owner"], found[1]["owner"], found[1]["team"]) == ("Ann", None, "sales")


def test_a_long_action_has_a_short_subject():
    found = outbox.messages(decided({"action": "Write " + "very " * 40 + "long"}), DAY)["subject"].item()
    assert len(found) == outbox.LONGEST_SUBJECT and found.endswith("…")


def test_what_was_published_comes_back_with_an_outcome_beside_it(week: Week, exports: Path, tmp_path: Path):
    both = pl.concat(
        [week.actions, decided({"customer_id": "gone", "action": 'Say "no"\nor yes'})], how="diagonal_relaxed"
    )
    gone = both.filter(pl.col("customer_id") == "gone")
    former = gone.with_columns(work=pl.lit("audience"))
    folder = publish(replace(week, former_actions=former), exports, replace=False)
    sent = [json.loads(line) for line in (folder / "outbox.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["customer_id"] for row in sent] == ["gone"]
    assert sent[0]["action"] == 'Say "no"\nor yes'
    answered = tmp_path / "tasks.jsonl"
    answered.write_text("\n".join(json.dumps(row | {"outcome": "done"}) for row in sent), encoding="utf-8")
    rows = filled_list.read(answered).rows
    assert [(row.cells["customer_id"], row.cells["as_of"], row.cells["outcome"]) for row in rows] == [
        ("gone", "2018-01-01", "done")
    ]


def test_the_maps_of_the_page_name_fields_of_the_outbox():
    page = (ROOT / "docs/crm.md").read_text(encoding="utf-8")
    mapped = re.findall(r"^\| `(\w+)` \| [^|]+\| [^|]+\|$", page.split("## Tasks in HubSpot")[1], re.MULTILINE)
    assert mapped and set(mapped) <= set(outbox.OUTBOX), "docs/crm.md maps fields that are not in the outbox"
