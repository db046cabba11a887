"""``dvc.yaml`` and the code must agree: else a stage is skipped that should run, or runs that could be skipped."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline import stages as entry
from pipeline.config.paths import PLAYBOOKS, REPRO
from pipeline.stages import s1_ingest, s2_examples, s3_train, s4_evaluate, s5_score, s6_publish
from tests.imports import ROOT, closure, read_beside

STAGES = {
    "ingest": s1_ingest,
    "examples": s2_examples,
    "train": s3_train,
    "evaluate": s4_evaluate,
    "score": s5_score,
    "publish": s6_publish,
}
DECLARED = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())
# Where a stage keeps what it makes, as attributes of `paths.Paths`.
ATTRIBUTES = {
    "tables": "data/tables",
    "rejected": "data/rejected",
    "ingest_report": "reports/ingest.json",
    "examples": "data/examples",
    "former": "data/former",
    "examples_report": "reports/examples.json",
    "model_text": "models/churn.txt",
    "additive_logistic": "models/additive_logistic.json",
    "calibration": "models/calibration.json",
    "model_card": "models/model.json",
    "training_log": "reports/plots/training.csv",
    "metrics": "reports/metrics.json",
    "verdict": "reports/verdict.json",
    "evaluation": "reports/evaluation.json",
    "model_card_page": "reports/model_card.md",
    "scores": "data/scores",
    "contributions": "data/contributions",
    "composed": "data/week",
    "outcomes": "outcomes",
    "root_causes": "reports/causes.json",
    "reasons_plot": "reports/plots/reasons.png",
}


def paths_of(name: str, kind: str) -> list[str]:
    entries = DECLARED["stages"][name].get(kind, [])
    return [next(iter(found)) if isinstance(found, dict) else found for found in entries]


def outs(name: str) -> list[str]:
    return paths_of(name, "outs") + paths_of(name, "metrics") + paths_of(name, "plots")


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_the_paths_are_those_of_paths_py(attribute):
    assert getattr(REPRO, attribute).as_posix() == ATTRIBUTES[attribute]


def test_the_stages_are_all_there_in_order_with_a_sentence_each():
    assert list(DECLARED["stages"]) == [*STAGES, "release"]
    for name, module in STAGES.items():
        stage = DECLARED["stages"][name]
        assert stage["cmd"] == f"exec sh churn.sh stage {name}"
        assert entry.MODULES[name] == module.__name__
        number = int(re.search(r"\.s(\d)_", module.__name__).group(1))
        assert module.__doc__ == f"Stage {number} - {name}: {stage['desc']}.", (
            f"dvc.yaml: stages.{name}.desc and the docstring of {module.__name__} must say the same"
        )


@pytest.mark.parametrize("name", STAGES)
def test_params_are_what_run_asks_for(name):
    asked = entry.sections(STAGES[name].run)
    assert sorted(DECLARED["stages"][name]["params"]) == sorted(asked), (
        f"dvc.yaml: stages.{name}.params must name exactly the sections that run() takes: {sorted(asked)}"
    )


@pytest.mark.parametrize("name", STAGES)
def test_code_deps_are_the_import_closure(name):
    files = closure(Path(STAGES[name].__file__))
    texts = {beside for file in files for beside in read_beside(file)}
    needed = {file.relative_to(ROOT).as_posix() for file in files | texts} - {"pipeline/__init__.py"}
    code = [dep for dep in paths_of(name, "deps") if dep.startswith("pipeline")]

    def covers(dep: str, file: str) -> bool:
        return file == dep or file.startswith(f"{dep}/")

    missing = sorted(file for file in needed if not any(covers(dep, file) for dep in code))
    assert not missing, f"dvc.yaml: add {missing} (or their folder) to stages.{name}.deps, or edits will not rerun it"
    unused = [dep for dep in code if not any(covers(dep, file) for file in needed)]
    assert not unused, f"dvc.yaml: remove {unused} from stages.{name}.deps; edits there need no rerun"


@pytest.mark.parametrize("name", STAGES)
def test_data_deps_come_from_earlier_stages(name):
    earlier = [out for stage in list(STAGES)[: list(STAGES).index(name)] for out in outs(stage)]
    data = [dep for dep in paths_of(name, "deps") if not dep.startswith("pipeline")]
    strangers = set(data) - set(earlier) - {"raw", "outcomes", "forgotten.json", PLAYBOOKS.name}
    assert not strangers, f"dvc.yaml: {strangers} of stages.{name} is made by no earlier stage"


@pytest.mark.parametrize("name", STAGES)
def test_data_deps_and_outs_are_the_paths_the_stage_names(name):
    """Every attribute of `paths` in the code of a stage is a dependency or an output of it."""
    files = [file for file in closure(Path(STAGES[name].__file__)) if "/stages/" in file.as_posix()]
    named = set(re.findall(r"\bpaths\.(\w+)", "".join(file.read_text() for file in files)))
    if name in {"score", "evaluate"}:
        named |= {"model_text", "additive_logistic", "calibration", "model_card"} if "models" in named else set()
    declared = set(paths_of(name, "deps")) | set(outs(name))
    # An MLflow run takes along whatever reports are there; they decide nothing.
    logged = {"training_log"} if name == "evaluate" else set()
    missing = {ATTRIBUTES[a] for a in named - logged if a in ATTRIBUTES} - declared
    assert not missing, f"dvc.yaml: stages.{name} uses {missing}; declare it under deps or outs"


def test_published_weeks_cannot_be_deleted_by_a_checkout():
    everything = [out for name in DECLARED["stages"] for out in outs(name)]
    assert not [out for out in everything if Path(out).parts[0] == REPRO.exports.name]


def test_what_is_live_changes_in_a_step_that_dvc_never_caches():
    release = DECLARED["stages"]["release"]
    assert release["cmd"] == "exec sh churn.sh release"
    assert release["always_changed"] is True
    assert not outs("release")
    assert list(DECLARED["stages"])[-1] == "release"
    assert set(paths_of("publish", "outs")) <= set(paths_of("release", "deps")), "its week has to be there first"


def test_nothing_is_sent_anywhere():
    assert "analytics = false" in (ROOT / ".dvc/config").read_text()
    assert "check_update = false" in (ROOT / ".dvc/config").read_text()
    assert 'setdefault("MLFLOW_DISABLE_TELEMETRY", "true")' in (ROOT / "pipeline/tracking/store.py").read_text()
