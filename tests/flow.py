"""The stages one after the other, as ``dvc repro`` runs them, with or without MLflow beside them."""

from collections.abc import Iterable
from contextlib import nullcontext
from types import ModuleType

import pytest

from pipeline import lists
from pipeline.commands import release
from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.stages import run_stage, s1_ingest, s2_examples, s3_train, s4_evaluate, s5_score, s6_publish
from pipeline.tracking import recording, runs

STAGES = (s1_ingest, s2_examples, s3_train, s4_evaluate, s5_score, s6_publish)


def run_stages(settings: params.Params, stages: Iterable[ModuleType] = STAGES) -> None:
    """Run stages in the current folder; after the last one comes the release, as in ``dvc.yaml``."""
    for stage in stages:
        run_stage(stage, settings)
    if s6_publish in stages:
        release.run(settings)


def run_untracked(
    monkeypatch: pytest.MonkeyPatch, settings: params.Params, stages: Iterable[ModuleType] = STAGES
) -> None:
    """The same without MLflow, which takes seconds and decides nothing about lists: the week is published as it is."""
    with monkeypatch.context() as patch:
        patch.setattr(runs, "training_run", lambda *_: nullcontext("run"))
        patch.setattr(runs, "resumed", lambda *_: nullcontext())
        patch.setattr(runs, "pointed", lambda *_: "run")
        patch.setattr(recording, "record_training", lambda *_: None)
        patch.setattr(recording, "record_evaluation", lambda *_: None)
        for stage in stages:
            run_stage(stage, settings)
    if s6_publish in stages:
        lists.release(REPRO.composed / settings.snapshots.as_of.isoformat(), REPRO.exports, replace=True)
