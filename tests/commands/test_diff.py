"""``churn diff``: it names exactly those who would change action."""

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from pipeline import cli
from pipeline.commands import diff
from pipeline.config import params
from pipeline.config.errors import BadData, StaleInput
from pipeline.config.paths import REPRO
from pipeline.stages import s6_publish, settings_for
from pipeline.tables import storage
from pipeline.week import inputs
from pipeline.week.decide import decide
from tests.bucket import write_former

WEEK = date(2024, 7, 1)
BANDS, TIERS = ("low", "medium", "high"), ("new", "regular", "loyal")
PEOPLE = [
    {"customer_id": f"c{at:02d}", "customer_key": at, "as_of": WEEK, "risk_band": BANDS[at % 3], "tier": TIERS[at // 3 % 3],
     "churn_probability": 0.1 + at / 100, "value": 10.0 + at, "value_at_stake": float(at), "loss_making": False,
     "strategic": False, "owner": None, "lifecycle": "medium", "value_tier": "top", "market": None, "reason_1_text": None}
    for at in range(36)
]  # fmt: skip
CONDITIONS = [
    *(f"risk_band = {band}" for band in BANDS),
    *(f"tier = {tier}" for tier in TIERS),
    "value >= 20",
    "everyone",
]


def entry(name: str, when: str, cost: float = 0.5, more: str = "") -> str:
    return (
        f"  {name}:\n    tactic: thank-you-email\n    when: {when}\n    action: Do {name}\n    channel: e-mail\n"
        f"    who: us\n    due_in_days: 3\n    cost: {cost}\n    effect: 1\n{more}"
    )


def write(file: str, *entries: str) -> Path:
    Path(file).write_text("playbooks:\n" + "".join(entries), encoding="utf-8")
    return Path(file)


@pytest.fixture
def folder(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text((root / "params.yaml").read_text())
    text = ("owner", "market", "reason_1_text")
    scores = pl.DataFrame(PEOPLE, schema_overrides=dict.fromkeys(text, pl.String))
    storage.write_parquet(scores, storage.bucket_file(REPRO.scores, 0))
    write_former(REPRO, [])
    return tmp_path


def publish(settings: params.Params, file: Path = Path("playbooks.yaml")) -> pl.DataFrame:
    """What publishing these playbooks makes of the week."""
    found, _ = decide(inputs.read(settings_for(s6_publish.run, settings), REPRO, WEEK, file))
    (REPRO.week(WEEK)).mkdir(parents=True, exist_ok=True)
    storage.write_parquet(found, REPRO.week(WEEK) / "actions.parquet")
    return found


def named(**options) -> tuple[list[str], set[str]]:
    said = list(diff.run(params.load(), WEEK, csv_file=Path("who.csv"), **options))
    with Path("who.csv").open(encoding="utf-8-sig", newline="") as stream:
        return said, {row["customer_id"] for row in csv.DictReader(stream)}


def test_one_moved_line_changes_exactly_those_it_is_about(folder, settings):
    high, loyal = entry("high", "risk_band = high"), entry("loyal", "tier = loyal")
    write("playbooks.yaml", high, loyal)
    before = publish(settings)
    write("playbooks.yaml", loyal, high)
    said, who = named()
    both = [p["customer_id"] for p in PEOPLE if p["risk_band"] == "high" and p["tier"] == "loyal"]
    given = set(before.filter(pl.col("playbook") == "high")["customer_id"])
    expected = {customer for customer in both if customer in given}
    assert who == expected and expected
    assert said[:2] == [
        f"2024-07-01: {len(expected)} of 36 customers would change action",
        f"{len(expected):>7}  high -> loyal",
    ]
    cost = before["cost"].sum()
    assert said[2] == f"cost of the week: {cost:.2f} USD before, {cost:.2f} USD after"
    assert said[3] == (
        "worth of the edited file: not known, no list before 2024-07-01 let a lot decide for anybody; set "
        "learning.exploration_share, such as 0.05"
    )
    assert said[4:] == ["written to who.csv"]


playbook = st.tuples(st.sampled_from(CONDITIONS), st.sampled_from(CONDITIONS), st.sampled_from([0.0, 5.0, 20.0]))
files = st.lists(playbook, min_size=1, max_size=4)


def slowly(books: list[tuple[str, str, float]], person: dict, settings: params.Params) -> str | None:
    """The playbook of one customer: the one that costs least, of equals the first."""

    def holds(condition: str) -> bool:
        if condition == "everyone":
            return True
        if condition == "value >= 20":
            return person["value"] >= 20
        name, _, word = condition.split()
        return person[name] == word

    fitting = [(cost, at) for at, (one, other, cost) in enumerate(books)
               if holds(one) and holds(other) and person["value_at_stake"] > cost]  # fmt: skip
    return f"book{min(fitting)[1]}" if fitting else None


@given(files, files)
@how(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_publishing_changes_exactly_whom_the_diff_names(folder, settings, one, other):
    nobody = settings.model_copy(update={"control": settings.control.model_copy(update={"share": 0.0})})

    def written(books: list[tuple[str, str, float]]) -> None:
        write("playbooks.yaml", *(entry(f"book{at}", f"{a} and {b}", cost) for at, (a, b, cost) in enumerate(books)))

    written(one)
    before = publish(nobody)
    written(other)
    said = list(diff.run(nobody, WEEK, csv_file=Path("who.csv")))
    with Path("who.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["customer_id"]: (row["from"], row["to"]) for row in csv.DictReader(stream)}
    after = publish(nobody)
    given = ["customer_id", *diff.ACTION]
    differs = {a[0] for a, b in zip(before.select(given).rows(), after.select(given).rows(), strict=True) if a != b}
    assert set(rows) == differs
    for person in PEOPLE:
        was, now = slowly(one, person, nobody), slowly(other, person, nobody)
        if was != now:
            assert rows[person["customer_id"]] == (was or "nothing", now or "nothing")
    assert sum(int(line.split()[0].replace(",", "")) for line in said if "->" in line) == len(rows)


def test_other_words_under_the_same_name_are_a_change(folder, settings):
    write("playbooks.yaml", entry("high", "risk_band = high"))
    given = publish(settings)["playbook"].count()
    write("playbooks.yaml", entry("high", "risk_band = high").replace("phone", "letter").replace("Do high", "Do more"))
    assert named()[0][1] == f"{given:>7}  high -> high (changed)"


def test_two_files_can_be_compared_though_nothing_is_published(folder):
    high = write("one.yaml", entry("high", "risk_band = high"))
    same = write("other.yaml", entry("high", "risk_band = high"))
    said, who = named(edited=same, against=high)
    assert who == set() and said[0] == "2024-07-01: 0 of 36 customers would change action"


def test_without_a_published_week_the_way_out_is_said(folder):
    write("playbooks.yaml", entry("high", "risk_band = high"))
    with pytest.raises(BadData, match="nothing is published for this day; name the playbooks to compare: --against"):
        named()


def test_a_week_made_from_other_scores_is_no_comparison(folder, settings):
    write("playbooks.yaml", entry("high", "risk_band = high"))
    made = publish(settings).with_columns(churn_probability=pl.col("churn_probability") + 0.01)
    storage.write_parquet(made, REPRO.week(WEEK) / "actions.parquet")
    with pytest.raises(StaleInput, match="was made from other scores than data/scores; run: dvc repro"):
        named()


def test_the_command_says_it_and_fails_in_one_line(folder, settings):
    write("playbooks.yaml", entry("high", "risk_band = high"))
    publish(settings)
    done = CliRunner().invoke(cli.main, ["diff", "--as-of", "2024-07-01"], catch_exceptions=False)
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "2024-07-01: 0 of 36 customers would change action")
    wrong = CliRunner().invoke(cli.main, ["diff", "--as-of", "2024-07-08"], catch_exceptions=False)
    assert (wrong.exit_code, wrong.stderr) == (
        12,
        "data/scores: holds scores of 2024-07-01, not of 2024-07-08; run: dvc repro\n",
    )
    write("edited.yaml", entry("high", "risk_band = hihg"))
    words = ["diff", "--as-of", "2024-07-01", "--playbooks", "edited.yaml"]
    bad = CliRunner().invoke(cli.main, words, catch_exceptions=False)
    assert bad.exit_code == 11 and "did you mean 'high'?" in bad.stderr
    assert bad.stderr.startswith("edited.yaml: playbooks.high.when: ")
