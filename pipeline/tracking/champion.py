"""Which model the weekly job has to score with: `models/champion.json` beside registry, `models/` and ``dvc.lock``.

The registry holds the models; git holds the decision. A checkout, a copy or another machine therefore knows which model
it expects, and the weekly job refuses where the two differ instead of scoring with whatever is there.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pipeline.config import params
from pipeline.config.errors import ModelRefused
from pipeline.config.paths import Paths
from pipeline.model.fingerprint import fingerprint
from pipeline.tables import storage

LOCK = Path("dvc.lock")


@dataclass(frozen=True)
class Decision:
    """What was decided last about the models here.

    Attributes
    ----------
    champion
        Fingerprint of the model the weekly job scores with; empty where there never was one.
    refused
        Fingerprint of the model in `models/` if it is another one: it was looked at, and not taken.
    because
        Why it was not taken.
    """

    champion: str = ""
    refused: str = ""
    because: str = ""

    @classmethod
    def read(cls, paths: Paths) -> "Decision":
        """The decision on file; an empty one where none was made yet."""
        if not paths.champion.is_file():
            return cls()
        content = storage.read_json(paths.champion)
        return cls(content["champion"], content.get("refused", ""), content.get("because", ""))

    def write(self, paths: Paths) -> None:
        """Put the decision on file, for git; it says nothing of who or when, which the registry keeps."""
        about = {"refused": self.refused, "because": self.because} if self.refused else {}
        storage.write_json({"champion": self.champion} | about, paths.champion)


def check_age(learnt_until: date, as_of: date, max_days: int) -> str:
    """Refuse a model that has learnt from nothing for too long; in words from half of that on, empty before.

    Parameters
    ----------
    learnt_until
        The last day of the outcomes it was trained on.
    as_of
        The day to score for.
    max_days
        ``params.yaml: tracking.max_model_age_days``.

    Raises
    ------
    ModelRefused
        It is older than that.

    Examples
    --------
    >>> check_age(date(2024, 1, 1), date(2024, 3, 1), 365)
    ''
    >>> check_age(date(2024, 1, 1), date(2024, 9, 1), 365)
    'the model has learnt nothing for 244 days; train again: churn retrain'
    """
    days = (as_of - learnt_until).days
    if days > max_days:
        raise ModelRefused(
            f"the model has learnt from what happened until {learnt_until}, {days} days before {as_of}, and "
            f"tracking.max_model_age_days is {max_days}; train again: churn retrain"
        )
    return f"the model has learnt nothing for {days} days; train again: churn retrain" if days > max_days / 2 else ""


def why_not_yet(day: date, again_days: int, paths: Paths) -> str:
    """Why not to train again yet: a model of hardly less data was refused, and another one would be as well.

    Parameters
    ----------
    day
        Until when the new model would learn.
    again_days
        ``params.yaml: retrain.again_days``.
    paths
        Where the decision and the local model lie.
    """
    decision = Decision.read(paths)
    if not decision.refused or decision.refused != local_fingerprint(paths):
        return ""
    learnt_until = date.fromisoformat(storage.read_json(paths.model_card)["learnt_until"])
    first = learnt_until + timedelta(days=again_days)
    refused = f"the model that has learnt until {learnt_until} was not made champion: {decision.because}"
    return f"{refused}; from {first} on it is tried again" if day < first else ""


def local_fingerprint(paths: Paths) -> str:
    """The fingerprint of the model in `models/`; empty where there is none."""
    return fingerprint(paths) if paths.model_card.is_file() and paths.model_text.is_file() else ""


def check(registered: str, version: str, paths: Paths, *, is_shared: bool = False) -> None:
    """Refuse to score where registry, decision, `models/` and ``dvc.lock`` speak of different models.

    Parameters
    ----------
    registered
        Fingerprint of the champion's files as they came out of the registry.
    version
        Its version there.
    paths
        Where the decision and the local model lie.
    is_shared
        Whether colleagues promote in the same registry; then their decision may wait in git.

    Raises
    ------
    ModelRefused
        They disagree; the line names the command that reconciles them.
    """
    decision, local = Decision.read(paths), local_fingerprint(paths)
    _check_lock(paths)
    expected = decision.champion or local
    if expected and registered != expected:
        remedy = "churn promote" if local == expected else "dvc checkout (or dvc pull), then churn promote"
        pull = "if a colleague promoted it: git pull && dvc pull; " if is_shared else ""
        raise ModelRefused(
            f"{paths.champion}: expects model {expected[:8]}, and champion of the registry is version {version}, model "
            f"{registered[:8]}; {pull}to use the expected one: {remedy}; to use the registry's: churn promote {version}"
        )
    if local and local not in {decision.champion or local, decision.refused, _graded_unfit(paths)}:
        raise ModelRefused(
            f"{paths.models}: holds model {local[:8]}, on which nobody has decided (an experiment that was applied?), "
            f"and champion is model {registered[:8]}; to decide: dvc repro; to go back: "
            "git checkout dvc.lock params.yaml && dvc checkout"
        )


def _graded_unfit(paths: Paths) -> str:
    """The model whose own grade decided: ``dvc repro`` ends there, before anything is released."""
    verdict = storage.read_json(paths.verdict) if paths.verdict.is_file() else {"ship": True}
    return "" if verdict["ship"] or verdict["approved_by"] else str(verdict.get("model_fingerprint", ""))


def _check_lock(paths: Paths) -> None:
    """A model on disk that is not the one ``dvc.lock`` speaks of was edited, or belongs to another commit."""
    for file, md5 in _locked(paths).items():
        if file.is_file() and hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest() != md5:
            raise ModelRefused(
                f"{file}: is not the file that {LOCK} names; bring it back: dvc checkout {file} (or dvc pull)"
            )


def _locked(paths: Paths) -> dict[Path, str]:
    if not LOCK.is_file():
        return {}
    stages: dict[str, Any] = params.read_yaml(LOCK, ModelRefused).get("stages", {})
    outs = stages.get("train", {}).get("outs", [])
    return {Path(out["path"]): out["md5"] for out in outs if Path(out["path"]).is_relative_to(paths.models)}
