"""``Project.snapshots``: every snapshot that is there, and its part in the making of the model where it has one."""

from datetime import timedelta

import polars as pl
import pytest

from pipeline import Project
from pipeline.config import params
from pipeline.config.errors import NotEnoughData
from pipeline.examples import labelled
from pipeline.model import split
from pipeline.stages import run_stage, s1_ingest, s2_examples
from tests.young_shop import AS_OF, TEST, make_young, orders

COLUMNS = ["snapshot", "part", "outcome_known_on", "eligible", "churned"]


def young(folder, monkeypatch, prior: str) -> Project:
    make_young(folder, orders(), prior)
    monkeypatch.chdir(folder)
    for stage in (s1_ingest, s2_examples):
        run_stage(stage, params.load())
    return Project(folder, engine="polars")


def counted(project: Project) -> pl.DataFrame:
    """Eligible customers and churners of each snapshot by the examples themselves."""
    known = pl.when(pl.col("churned").count() > 0).then(pl.col("churned").cast(pl.Int64).sum())
    by_day = project.examples(engine="polars").group_by("snapshot").agg(pl.len().cast(pl.Int64), known.alias("churned"))
    return by_day.sort("snapshot").rename({"len": "eligible"})


def test_the_parts_are_those_of_training_and_the_table_has_all(built_company):
    project = Project(built_company, engine="polars")
    parts, label = project.snapshots, project.settings.label
    wanted = split.by_time(labelled.complete_days(project.paths), label)
    assert (parts.train, parts.validation, parts.test) == (wanted.train, wanted.validation, wanted.test)
    table = parts.table
    assert table.columns == COLUMNS
    assert table.select("snapshot", "eligible", "churned").equals(counted(project))
    assert 0 < table["churned"].null_count() < len(table), "the latest ones have no outcome so far"
    by_part = {name: rows["snapshot"].to_list() for (name,), rows in table.group_by("part", maintain_order=True)}
    assert by_part["train"] == wanted.train
    assert (by_part["validation"], by_part["test"]) == ([wanted.validation], [wanted.test])
    length = timedelta(days=label.gap_days + label.horizon_days)
    assert (table["outcome_known_on"] - table["snapshot"]).unique().to_list() == [length]
    assert list(Project(built_company).snapshots.table.columns) == COLUMNS, "in pandas where the project is"


def test_a_young_shop_has_its_snapshots_and_the_one_its_prior_is_graded_on(tmp_path, monkeypatch):
    project = young(tmp_path, monkeypatch, "packaged")
    parts = project.snapshots
    assert repr(parts) == f"ProjectSnapshots: train 0, validation None, test {TEST}"
    assert (parts.train, parts.test) == ([], TEST)
    assert parts.table["snapshot"].to_list() == [TEST, AS_OF]
    assert parts.table["part"].to_list() == ["test", None]
    assert parts.table.select("snapshot", "eligible", "churned").equals(counted(project))
    assert parts.table["churned"].is_null().to_list() == [False, True]
    assert project.examples(parts.train).is_empty()
    with pytest.raises(NotEnoughData, match=f"no snapshot validates: the packaged prior ranks, .* graded on {TEST}"):
        parts.validation  # noqa: B018


def test_without_the_prior_no_part_is_made_up(tmp_path, monkeypatch):
    parts = young(tmp_path, monkeypatch, "none").snapshots
    assert parts.table["part"].null_count() == len(parts.table) == 2
    for name in ("validation", "test"):
        with pytest.raises(NotEnoughData, match="3 are needed to train, validate and test.*model.prior: packaged"):
            getattr(parts, name)
