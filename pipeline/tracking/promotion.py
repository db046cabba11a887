"""Which model the weekly job scores with: an act of its own, on record with who decided it, what and why."""

import getpass
import os
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.config import params
from pipeline.config.errors import BadData, ModelRefused
from pipeline.config.paths import Paths
from pipeline.model import artefacts
from pipeline.model.fingerprint import fingerprint
from pipeline.tables import storage
from pipeline.tracking import gate, recording, registry, runs
from pipeline.tracking.champion import Decision, local_fingerprint

ROLLED_BACK = "rolled_back"


@dataclass(frozen=True)
class Outcome:
    """What became of the model in `models/`: whether it is champion, and a sentence on it."""

    is_champion: bool
    sentence: str


def offer(tracking: params.Tracking, evaluate: params.Evaluate, label: params.Label, paths: Paths) -> Outcome:
    """Make the model in `models/` champion unless something speaks against it.

    Parameters
    ----------
    tracking, evaluate, label
        Sections of ``params.yaml``.
    paths
        Where the model, its verdict and the examples lie.
    """
    model = artefacts.load(paths.models)
    version = _register(tracking, model, paths)
    champion = registry.champion_version(tracking)
    if champion != version:
        against = registry.described(tracking, version).get(ROLLED_BACK, "") or gate.objection(
            tracking, model, champion, evaluate, label, paths
        )
        if against:
            reigning = registry.fingerprint_of(tracking, champion) if champion else Decision.read(paths).champion
            _decide(reigning, against, paths)
            return Outcome(is_champion=False, sentence=f"Not made champion: {against}.")
        approved_by = storage.read_json(paths.verdict)["approved_by"]
        _record(tracking, version, "dvc repro: nothing spoke against it", approved_by)
        registry.promote(tracking, version)
    _decide(local_fingerprint(paths), "", paths)
    return Outcome(is_champion=True, sentence=f"Version {version} is champion.")


def promote(tracking: params.Tracking, version: str | None, approved_by: str, why: str, paths: Paths) -> str:
    """Make a version champion by name, or the model in `models/`, and say what was done.

    Raises
    ------
    ModelRefused
        Its grade is F and nobody answers for it.
    BadData
        No version was named, and there is no model on disk.
    """
    local = local_fingerprint(paths)
    if version is None and not local:
        raise BadData(f"{paths.models}: holds no model to promote; name a version, or run: dvc repro (or dvc pull)")
    chosen = version or _register(tracking, artefacts.load(paths.models), paths)
    graded = registry.described(tracking, chosen).get("grade", "")
    if graded in {"", "F"} and not approved_by:
        was = f"is of grade {graded}" if graded else "was never graded"
        raise ModelRefused(f"version {chosen} {was}; somebody has to answer for it: --approved-by NAME")
    _record(tracking, chosen, why or "by hand", approved_by)
    registry.forget(tracking, chosen, ROLLED_BACK)
    registry.promote(tracking, chosen)
    _decide(registry.fingerprint_of(tracking, chosen), f"version {chosen} was promoted in its place", paths)
    return f"version {chosen} is champion"


def rollback(tracking: params.Tracking, why: str, paths: Paths) -> str:
    """Give the title back to the champion before, and say what was done."""
    left, version = registry.rollback(tracking)
    reason = f"it was rolled back by {_who()}" + (f": {why}" if why else "") + "; churn promote takes it again"
    registry.describe(tracking, left, {ROLLED_BACK: reason})
    _decide(registry.fingerprint_of(tracking, version), reason, paths)
    return f"version {version} is champion again, in place of version {left}"


def _decide(champion: str, because: str, paths: Paths) -> None:
    """Put on file which model is expected from now on, and that the one in `models/` is not it, if so."""
    local = local_fingerprint(paths)
    if paths.models.is_dir():
        Decision(champion, *((local, because) if local not in {"", champion} else ())).write(paths)


def _register(tracking: params.Tracking, model: artefacts.ChurnModel, paths: Paths) -> str:
    """The version of the model in `models/`, with its run, its grade and the verdict it is released under."""
    local = fingerprint(paths)
    version = registry.find_version(tracking, local)
    if version is None:
        pointer = runs.find(tracking, local) or recording.record_again(tracking, model, paths)
        version = registry.register(tracking, pointer)
    if paths.verdict.is_file():
        verdict = storage.read_json(paths.verdict)
        runs.log_files(
            tracking, registry.run_of(tracking, version), {paths.verdict: "reports", paths.reasons_plot: "reports"}
        )
        tags = {
            "grade": verdict["grade"], "approved_by": verdict["approved_by"], "auc": str(verdict["model"]["auc"]),
            "test_snapshot": verdict["test_snapshot"], "meaning": gate.meaning_of(model.card),
        }  # fmt: skip
        registry.describe(tracking, version, {name: text for name, text in tags.items() if text})
    return version


def _record(tracking: params.Tracking, version: str, why: str, approved_by: str) -> None:
    day = datetime.now(UTC).date().isoformat()
    tags = {"promoted_by": _who(), "promoted_why": why, "promoted_on": day}
    registry.describe(tracking, version, tags | ({"approved_by": approved_by} if approved_by else {}))


def _who() -> str:
    """Who acts: the name a server of MLflow knows, else that of the account."""
    try:
        return os.environ.get("MLFLOW_TRACKING_USERNAME") or getpass.getuser()
    except (KeyError, OSError):
        return "an unnamed account"  # a container may run under a number that has no name
