"""``churn check --leakage`` of a company too young for a split: what needs none still runs, the rest is named."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from pipeline import cli
from pipeline.config import params
from pipeline.config.errors import NotEnoughData
from pipeline.examples import history
from pipeline.leakage import outcome_checks
from pipeline.model import split
from pipeline.stages import run_stage, s1_ingest, s2_examples
from tests.leakage.test_leakage import PLANTED
from tests.model.examples import FEATURES, FIRST, LABEL, make_examples
from tests.young_shop import AS_OF, TEST, make_young, orders

NOT_CHECKED = (
    "not checked: split, features that are too good alone, drift: these need 3 complete snapshots 30 days apart"
)


def build(folder: Path, monkeypatch: pytest.MonkeyPatch, prior: str = "packaged", first: str = str(TEST)) -> None:
    """The young shop up to its examples."""
    make_young(folder, orders(), prior)
    text = (folder / "params.yaml").read_text(encoding="utf-8")
    assert f'first: "{TEST}"' in text
    (folder / "params.yaml").write_text(text.replace(f'first: "{TEST}"', f'first: "{first}"'), encoding="utf-8")
    monkeypatch.chdir(folder)
    for stage in (s1_ingest, s2_examples):
        run_stage(stage, params.load())


def check(*options: str) -> Result:
    return CliRunner().invoke(cli.main, ["check", *options], catch_exceptions=False)


def of_leakage(done: Result) -> list[str]:
    """The lines after those of ``churn check``."""
    lines = done.stdout.splitlines()
    return lines[next(place for place, line in enumerate(lines) if "truncation" in line) :]


def test_what_needs_no_split_is_checked_and_the_rest_is_named(tmp_path, monkeypatch):
    build(tmp_path, monkeypatch)
    done = check("--leakage")
    assert (done.exit_code, done.stderr) == (0, "")
    assert of_leakage(done) == [
        f"truncation: all features at 2 snapshots between {TEST} and {AS_OF} are bit-identical with all that came later "
        "cut off",
        f"corruption: all features at 2 snapshots between {TEST} and {AS_OF} are bit-identical with all that came later "
        "replaced by garbage",
        "labels: at 1 snapshot the same with all cut off that came after the outcome window",
        "too good to be true: no feature, in a group of customers",
        f"{NOT_CHECKED}, and there is 1 from {TEST} on",
        "treatments: no feature, and by the looks of them no event type, is made of what the company did",
    ]


def test_a_leak_is_found_though_nothing_can_be_learnt(tmp_path, monkeypatch):
    honest = history.before
    monkeypatch.setattr(history, "before", lambda rows, day: honest(rows, day + timedelta(days=7)))
    build(tmp_path, monkeypatch, prior="none")
    done = check("--leakage")
    assert done.exit_code == 12, "a leak weighs more than too little data"
    assert any(line.startswith(f"LEAK truncation: orders_30d at {TEST}") for line in done.stdout.splitlines())
    assert "sure leaks" in done.stderr


def test_without_a_complete_snapshot_the_cuts_are_checked_and_the_exit_says_what_is_missing(tmp_path, monkeypatch):
    build(tmp_path, monkeypatch, first=str(AS_OF))
    done = check("--leakage")
    assert done.exit_code == 13
    assert done.stderr.count("\n") == 1 and done.stderr.endswith("horizon_days; model.prior: packaged needs 1\n")
    lines = of_leakage(done)
    assert [line.partition(":")[0] for line in lines] == ["truncation", "corruption", "not checked", "treatments"]
    assert lines[0] == f"truncation: all features at {AS_OF} are bit-identical with all that came later cut off"
    assert lines[2] == (
        "not checked: labels, split, features that are too good alone, drift, groups that are too pure: no outcome "
        f"window is over; that of {AS_OF} ends on {AS_OF + timedelta(days=30)}, and snapshots.observed_until is {AS_OF}"
    )


def test_before_anything_is_built_the_exit_says_that_it_is_too_little(tmp_path, monkeypatch):
    make_young(tmp_path, orders(), prior="none")
    monkeypatch.chdir(tmp_path)
    plain, done = check(), check("--leakage")
    assert (done.exit_code, done.stdout, done.stderr) == (13, plain.stdout, plain.stderr)
    assert "3 are needed to train, validate and test" in done.stderr


def settings_with(prior: str) -> params.Params:
    """The settings of the sample with the outcome window of the examples made for tests."""
    settings = params.load(Path(__file__).parents[2] / "params.yaml")
    changed = {
        "label": LABEL,
        "model": settings.model.model_copy(update={"prior": prior}),
        "snapshots": settings.snapshots.model_copy(update={"observed_until": FIRST + timedelta(days=365)}),
    }
    return settings.model_copy(update=changed)


def test_a_group_that_knows_who_left_is_found_at_a_single_snapshot():
    examples = make_examples()
    day = examples["snapshot"].max()
    one = examples.filter(pl.col("snapshot") == day).with_columns(
        pl.when(pl.col("churned") == 1).then(pl.lit(1.0)).alias("planted")
    )
    known = outcome_checks.Known([day], [day], one)
    lines = list(outcome_checks.run(known, [*FEATURES, PLANTED], settings_with("packaged")))
    assert [line.split(":")[0] for line in lines] == ["WARNING too good", "not checked"]
    assert lines[0].startswith("WARNING too good: planted")
    honest = list(outcome_checks.run(known, FEATURES, settings_with("packaged")))
    assert honest[0] == "too good to be true: no feature, in a group of customers"


def test_where_nobody_churned_the_prior_is_not_refused_and_a_model_is():
    examples = make_examples().with_columns(churned=pl.lit(0, dtype=pl.Int8))
    days = examples["snapshot"].unique().sort().to_list()
    assert split.has_parts(days, LABEL)
    known = outcome_checks.Known(days, days, examples)
    lines = list(outcome_checks.run(known, FEATURES, settings_with("packaged")))
    assert [line.split(":")[0] for line in lines] == ["split", "not checked"]
    assert "0 of them churned" in lines[1]
    with pytest.raises(NotEnoughData, match="0 of them churned"):
        list(outcome_checks.run(known, FEATURES, settings_with("none")))
