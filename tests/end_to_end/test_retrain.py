"""From a list that comes to be off, by the weekly job that says so, to a new champion; and no second one."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.commands import retrain
from pipeline.config import errors, params
from pipeline.config.paths import REPRO
from pipeline.tables import storage
from pipeline.tracking import champion, registry
from tests.end_to_end.helpers import WEEK, churn, week

pytestmark = pytest.mark.end_to_end
EARLIER = WEEK - timedelta(days=21)  # the outcome window of 20 days is over by then


def write(old: str, new: str) -> None:
    text = Path("params.yaml").read_text(encoding="utf-8")
    assert old in text
    Path("params.yaml").write_text(text.replace(old, new), encoding="utf-8")


def test_the_weekly_job_asks_for_a_new_model_and_gets_one_once(copy_of_shop):
    settings = params.load().tracking
    first = registry.champion_version(settings)
    write("lists: 4", "lists: 1")
    found = churn("retrain", "--if-needed")
    assert found.returncode == 0
    assert (
        found.stdout == "Not trained: nothing on the list of 2024-07-01 asks for it; 0 lists of this model are over.\n"
    )
    # The same model had made a list three weeks ago, and said a third of that.
    shutil.copytree(week(), REPRO.week(EARLIER))
    file = REPRO.week(EARLIER) / "actions.parquet"
    pl.read_parquet(file).with_columns(pl.col("churn_probability") / 3).write_parquet(file)
    line = churn("weekly", "--as-of", WEEK.isoformat(), "--replace").stdout
    reasons = storage.read_json(week() / "run_report.json")["retrain"]
    assert reasons["needed"] and reasons["lists"] == 1
    (more,) = (one for one in reasons["reasons"] if one.startswith("more left than was said"))
    assert "train again: churn retrain --if-needed (" in line and more in line
    kept = champion.Decision.read(REPRO)
    learnt_until = date.fromisoformat(storage.read_json(REPRO.model_card)["learnt_until"])
    champion.Decision(kept.champion, champion.local_fingerprint(REPRO), "it is worse").write(REPRO)
    waiting = churn("weekly", "--as-of", WEEK.isoformat(), "--dry-run").stdout
    tried = learnt_until + timedelta(days=28)
    refused = f"but the model that has learnt until {learnt_until} was not made champion: it is worse; from {tried} on"
    assert f"a new model is asked for ({more}), {refused} it is tried again" in waiting
    assert "train again: churn retrain --if-needed" not in waiting
    kept.write(REPRO)
    # Fewer trees, so that the new model is another one.
    write("max_trees: 1500", "max_trees: 60")
    done = churn("retrain", "--if-needed")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Trained on what was known on {WEEK}, because ") and more in done.stdout
    second = registry.champion_version(settings)
    assert second != first and done.stdout.endswith(f"Version {second} is champion.\n")
    again = churn("retrain", "--if-needed")
    assert (again.returncode, registry.champion_version(settings)) == (0, second)
    assert again.stdout == (
        f"Not trained: the list of {WEEK} was made with another model than the champion, of which nothing is known yet.\n"
    )


@pytest.mark.parametrize(("days", "tried"), [(27, False), (28, True)])
def test_after_a_refusal_new_outcomes_must_have_come(copy_of_shop, monkeypatch, days, tried):
    trained = []
    monkeypatch.setattr(retrain, "reasons", lambda *_: ["scores_moved was found"])
    monkeypatch.setattr(retrain, "_train", lambda: trained.append(params.load().snapshots.as_of))
    learnt_until = date.fromisoformat(storage.read_json(REPRO.model_card)["learnt_until"])
    local = champion.local_fingerprint(REPRO)
    champion.Decision("another", local, "it is worse").write(REPRO)
    day = learnt_until + timedelta(days=days)
    monkeypatch.setattr(retrain, "_last", lambda _: retrain.LastList(day, "another", {}))
    found = churn("retrain", "--if-needed")
    assert found.returncode == 0 and bool(trained) == tried
    refused = f"Not trained: the model that has learnt until {learnt_until} was not made champion: it is worse; from "
    assert found.stdout.startswith(f"{refused}{learnt_until + timedelta(days=28)} on it is tried again.") != tried
    churn("retrain")
    assert len(trained) == 1 + tried, "whoever asks for a training gets one"


def test_a_new_model_looks_from_the_day_of_the_last_list(copy_of_shop, monkeypatch):
    before = Path("params.yaml").read_text(encoding="utf-8")
    with retrain._days_moved(WEEK):
        assert Path("params.yaml").read_text(encoding="utf-8") == before, "it does so already"
    with pytest.raises(errors.BadData), retrain._days_moved(date(2024, 8, 5)):
        assert str(params.load().snapshots.as_of) == str(params.load().snapshots.observed_until) == "2024-08-05"
        raise errors.BadData("the training failed")
    assert Path("params.yaml").read_text(encoding="utf-8") == before
    kept = sorted(REPRO.data.rglob("*"))
    with retrain._days_moved(date(2024, 8, 5)):
        pass
    assert sorted(REPRO.data.rglob("*")) == kept and kept, "the tables and the log of the weekly job are no scratch"
    assert Path("params.yaml").read_text(encoding="utf-8") == before.replace(
        'as_of: "2024-07-01"', 'as_of: "2024-08-05"'
    ).replace('observed_until: "2024-07-01"', 'observed_until: "2024-08-05"')


def test_where_there_is_a_flow_dvc_trains_and_its_failure_is_one_line(copy_of_shop, monkeypatch):
    Path("dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    calls = []

    def fail(words: list[str]) -> int:
        calls.append(words)
        return 13

    monkeypatch.setattr(retrain, "_waited_for", fail)
    found = churn("retrain")
    assert [words[1:] for words in calls] == [["-m", "dvc", "repro", "evaluate"]]
    assert found.returncode == errors.BadData.exit_code
    assert found.stderr == (
        "dvc repro evaluate ended with exit code 13; what it printed says why, and champion, model and reports are as "
        "they were\n"
    )


def test_without_a_list_nobody_knows(copy_of_shop):
    for file in sorted(Path("exports").rglob("manifest.json")):
        file.unlink()
    found = churn("retrain", "--if-needed")
    assert found.returncode == errors.NotEnoughData.exit_code
    assert "no list of corner_shop says whether it is time to train" in found.stderr
