"""The ``churn`` command: what it prints, and how it fails in one line with a code of its own."""

import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from pipeline import cli
from pipeline.config import errors, params, paths
from pipeline.examples.features import model_features
from pipeline.tables import storage


def churn(*words: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(cli.main, list(words), catch_exceptions=False)
    return found.exit_code, found.stdout, found.stderr


def test_exit_codes_are_those_of_the_contract():
    assert {kind.__name__: kind.exit_code for kind in errors.PipelineError.__subclasses__()} == {
        "BadParams": 10,
        "BadPlaybooks": 11,
        "BadData": 12,
        "NotEnoughData": 13,
        "ModelRefused": 14,
        "StaleInput": 15,
        "Locked": 16,
        "AlreadyPublished": 17,
        "MachineFailure": 18,
    }


def test_check_says_what_it_found(company):
    settings = params.load()
    carried = model_features(settings.features, settings.sources)
    assert {feature.family for feature in carried} >= {"recency", "price", "engagement", "breadth", "returns"}
    code, said, _ = churn("check")
    assert code == 0
    assert said.splitlines() == [
        "params.yaml: all sections are right",
        "sources.transactions: raw/orders-*.csv, 9 of 9 columns mapped; 15,098 rows, 0 refused",
        "sources.events: raw/visits.csv, 3 of 3 columns mapped; 3,840 rows, 0 refused",
        "sources.contacts: raw/letters.csv, 2 of 2 columns mapped; 402 rows, 0 refused",
        "sources.customers: raw/customers.csv, 3 of 3 columns mapped; 403 rows, 0 refused",
        "coherence: transactions, events, contacts, customers agree with each other",
        f"features: {len(carried)} that the declared columns can carry",
        "playbooks.yaml: 32 playbooks",
        "playbooks.commitment-tracking: can never hold, since sources.commitments is not declared",
        "playbooks.conflict-resolution: can never hold, since sources.tickets is not declared",
        "playbooks.answer-what-is-open: can never hold, since sources.tickets is not declared",
        "playbooks.renewal-ahead: can never hold, since sources.customers.columns has no market",
        "playbooks.bonus-expiry-reminder: can never hold, since sources.loyalty is not declared",
        "playbooks.act-on-repeat-requests: can never hold, since no declared column speaks for C06",
        "playbooks.invite-to-the-club: can never hold, since sources.surveys is not declared",
        "playbooks.ask-for-recommendation: can never hold, since sources.surveys is not declared",
        "snapshots: 11 from 2024-02-02 to 2024-07-01, 9 of them complete",
    ]


@pytest.mark.parametrize(
    ("file", "before", "after", "code", "message"),
    [
        (
            "params.yaml",
            "  every_days: 15",
            "  every_day: 15",
            10,
            "unknown key 'snapshots.every_day'; did you mean 'every_days'?",
        ),
        ("params.yaml", "raw/visits.csv", "raw/visit.csv", 12, "sources.events: no file matches raw/visit.csv"),
        (
            "params.yaml",
            "event_type: what",
            "event_kind: what",
            10,
            "'event_kind' is no column of events; did you mean 'event_type'?",
        ),
        (
            "playbooks.yaml",
            "risk_band = high and reasons",
            "risk_band = hihg and reasons",
            11,
            "playbooks.we-miss-you.when: at `risk_band` in `risk_band = hihg and ...`: 'hihg' is not known; did you mean "
            "'high'?",
        ),
    ],
)
def test_check_fails_in_one_line(company, file, before, after, code, message):
    text = Path(file).read_text()
    assert before in text
    Path(file).write_text(text.replace(before, after))
    found, _, said = churn("check")
    assert found == code
    assert message in said
    assert said.count("\n") == 1


BOOK = """
  {name}: {{tactic: thank-you-email, when: "{when}", action: Write, channel: e-mail, who: us, due_in_days: 1, cost: {cost},
    effect: 1, capacity: {capacity}}}"""


def playbooks(*books: tuple[str, str, float, int]) -> None:
    entries = "".join(BOOK.format(name=n, when=w, cost=c, capacity=k) for n, w, c, k in books)
    Path("playbooks.yaml").write_text(f"playbooks:{entries}\n", encoding="utf-8")


@pytest.mark.parametrize("day", [date(2024, 7, 1), date(2024, 6, 1)])
def test_check_tries_the_playbooks_on_the_scores_of_the_day(company, day):
    bands = ["high"] * 3 + ["low"] * 7
    scores = {"customer_id": list("abcdefghij"), "customer_key": range(10), "as_of": [day] * 10, "risk_band": bands}
    storage.write_parquet(pl.DataFrame(scores), storage.bucket_file(paths.REPRO.scores, 0))
    playbooks(
        ("call", "risk_band = high", 2.5, 2), ("mail", "risk_band = low", 0.5, 99), ("none", "risk_band = medium", 0, 9)
    )
    code, said, _ = churn("check")
    notes = [line for line in said.splitlines() if line.startswith(("playbooks.", "data/"))]
    assert code == 0, "notes stop nothing"
    assert notes[1:] == (
        [
            "playbooks.call: is for 3 of 10 customers, and its capacity is 2 a week (5.00 EUR)",
            "playbooks.none: is for nobody of the 10 customers",
        ]
        if day == date(2024, 7, 1)
        else [
            "data/scores: not made for 2024-07-01 as params.yaml says; to try the playbooks on scores, run: dvc repro"
        ]
    )


def test_check_refuses_a_rule_that_can_never_hold(company):
    playbooks(("call", "risk_band = high and churn_probability < 0.1", 2.5, 2))
    code, _, said = churn("check")
    assert (code, said) == (
        11,
        "playbooks.yaml: playbooks.call.when: can never hold, since `risk_band` and `churn_probability` exclude each "
        "other; leave one condition out, or join them with `or`\n",
    )


def test_debug_adds_the_traceback(company):
    Path("params.yaml").unlink()
    code, _, said = churn("--debug", "check")
    assert code == 10
    assert "Traceback" in said
    assert said.splitlines()[-1] == "params.yaml: not found; run from the folder that holds it"


def test_use_says_what_changed(company):
    Path("mine.yaml").write_text("label:\n  horizon_days: 21\n")
    assert churn("use", "mine.yaml")[1] == "params.yaml: label.horizon_days now as in mine.yaml\n"
    assert churn("use", "mine.yaml")[1] == "params.yaml: no change\n"
    code, _, said = churn("use", "nowhere.yaml")
    assert (code, said) == (10, "nowhere.yaml: not found; run from the folder that holds it\n")


def test_where_says_where_the_list_is_or_how_to_get_it(company):
    assert churn("where")[1] == "exports/2024-07-01 is not published; run: dvc repro\n"
    Path("exports/2024-07-01").mkdir(parents=True)
    assert churn("where")[1] == "The list: exports/2024-07-01/risk_list.html\n"


@pytest.mark.parametrize(
    "words", [["weekly"], ["weekly", "--as-of", "monday"], ["weekly", "--as-of", "2024-02-30"], ["nonsense"]]
)
def test_a_command_that_cannot_be_meant_is_refused(words):
    assert churn(*words)[0] == 2


def test_a_stage_fails_in_one_line_with_its_code(company):
    Path("raw/orders-1.csv").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.stages.s1_ingest"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 12
    assert done.stderr == "sources.transactions: raw/orders-1.csv is empty (0 bytes); export it again or remove it\n"


def test_help_names_every_command():
    _, said, _ = churn("--help")
    for name, command in cli.main.commands.items():
        assert name in said
        assert command.help


def test_a_day_beyond_any_calendar_is_refused(company):
    code, _, said = churn("weekly", "--as-of", "9999-12-31")
    assert (code, said) == (10, "--as-of 9999-12-31: write a day between 1900-01-01 and 2199-12-31\n")


def test_an_overlay_that_cannot_be_placed_is_refused(company):
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(
        text.replace("label:\n", "label: {kind: inactivity, gap_days: 0, horizon_days: 20}\nold:\n")
    )
    Path("mine.yaml").write_text("label:\n  horizon_days: 21\n")
    code, _, said = churn("use", "mine.yaml")
    assert code == 10
    assert "'label.horizon_days' does not stand on a line of its own" in said


def test_check_warns_of_files_dvc_does_not_watch(company):
    Path("raw/visits.csv").rename("visits.csv")
    Path("params.yaml").write_text(Path("params.yaml").read_text().replace("raw/visits.csv", "visits.csv"))
    said = churn("check")[1]
    assert "sources.events: visits.csv lies outside raw/, so dvc repro does not see when it changes" in said


def test_check_warns_of_databases_dvc_does_not_watch(company, monkeypatch):
    connection = sqlite3.connect("shop.db")
    with connection:
        connection.execute("CREATE TABLE visits (customer TEXT, at TEXT, what TEXT)")
    connection.close()
    monkeypatch.setenv("SHOP_DB", "sqlite:///shop.db")
    text = Path("params.yaml").read_text()
    assert "path: raw/visits.csv" in text
    Path("params.yaml").write_text(
        text.replace("path: raw/visits.csv", "sql: SELECT * FROM visits\n    url_env: SHOP_DB")
    )
    said = churn("check")[1].splitlines()
    at = said.index("sources.events: the database of SHOP_DB, 3 of 3 columns mapped")
    assert said[at - 1] == (
        "sources.events: dvc repro does not see when the database of SHOP_DB changes; "
        "fetch it again with: dvc repro --force ingest"
    )


def test_stage_runs_one_stage_and_names_the_stages_when_there_is_no_such_one(company):
    assert churn("stage", "ingest")[1].startswith("transactions")
    code, _, line = churn("stage", "ingets")
    assert code == 10
    assert line == (
        "churn stage ingets: there is no such stage; write one of ingest, examples, train, evaluate, score, publish\n"
    )
