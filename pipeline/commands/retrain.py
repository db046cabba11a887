"""``churn retrain``: trains, evaluates and offers a new model as champion, if the last list says that it is time to."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from pipeline import lists
from pipeline.commands import training_undo
from pipeline.commands.locks import alone
from pipeline.config import overlay, params, paths
from pipeline.config.errors import BadData, NotEnoughData
from pipeline.config.paths import REPRO
from pipeline.model.fingerprint import fingerprint
from pipeline.stages import run_named
from pipeline.tables import storage
from pipeline.tracking.champion import why_not_yet

TRAINING: Final = ("ingest", "examples", "train", "evaluate")
FLOW: Final = Path("dvc.yaml")


class LastList(NamedTuple):
    """The last list of a company: its day, the fingerprint of its model, and its run report."""

    day: date
    model: str
    report: dict[str, Any]


def run(settings: params.Params, *, if_needed: bool) -> str:
    """Train where the last list asks for it, let the gate decide, and say what was done and why, or why not.

    The days ``snapshots.as_of`` and ``snapshots.observed_until`` of ``params.yaml`` move to the day of that list:
    otherwise the new model would learn the same as the old one. Nothing is published; the next list is of whoever is
    champion then.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    if_needed
        Whether nothing is done unless the last list asks for it.

    Raises
    ------
    NotEnoughData
        No list is published, by which it could be decided.
    BadData
        The training ended with an error; champion, model, reports and ``params.yaml`` are as they were.
    Locked
        The weekly job is at work.
    """
    with alone(paths.WEEKLY_LOCK, f"{paths.WEEKLY_LOCK}: the weekly job is at work, or another training"):
        undone = f"{training_undo.UNDONE.capitalize()}. " if training_undo.undo() else ""
        last, champion = _last(settings), _champion(settings)
        why = reasons(last, champion, settings.tracking.max_model_age_days)
        against = why_not_yet(last.day, settings.retrain.again_days, REPRO) if isinstance(why, list) else why
        if if_needed and against:
            return f"{undone}Not trained: {against}."
        with training_undo.undone_unless_decided():
            with _days_moved(last.day):
                _train()
            # Not before it is known that something is trained: MLflow takes seconds to load.
            from pipeline.tracking import promotion

            fresh = params.load()
            outcome = promotion.offer(fresh.tracking, fresh.evaluate, fresh.label, REPRO)
        because = "; ".join(why) if isinstance(why, list) else "it was asked for"
        same = (
            " It is the model of before: nothing has come that it could learn."
            if fingerprint(REPRO) == champion
            else ""
        )
        return f"{undone}Trained on what was known on {last.day}, because {because}. {outcome.sentence}{same}"


def reasons(last: LastList, champion: str, max_age_days: int) -> list[str] | str:
    """Why to train again; as a text why not.

    Parameters
    ----------
    last
        The last list.
    champion
        Fingerprint of the model the next list would be scored with.
    max_age_days
        ``params.yaml: tracking.max_model_age_days``.

    Examples
    --------
    >>> report = {"model": {"learnt_until": "2024-05-01"}, "retrain": {"reasons": [], "lists": 6}}
    >>> reasons(LastList(date(2024, 6, 3), "a", report), "a", 365)
    'nothing on the list of 2024-06-03 asks for it; 6 lists of this model are over'
    >>> reasons(LastList(date(2025, 1, 6), "a", report), "a", 365)
    ['the model has learnt nothing for 250 days']
    >>> reasons(LastList(date(2024, 6, 3), "b", report), "a", 365)
    'the list of 2024-06-03 was made with another model than the champion, of which nothing is known yet'
    """
    if last.model != champion:
        return f"the list of {last.day} was made with another model than the champion, of which nothing is known yet"
    known = last.report.get("retrain")
    if known is None:
        return f"the list of {last.day} was made by an earlier release and does not say; publish one: churn weekly"
    days = (last.day - date.fromisoformat(last.report["model"]["learnt_until"])).days
    old = [f"the model has learnt nothing for {days} days"] if days > max_age_days / 2 else []
    over = f"{known['lists']:,} lists of this model are over"
    return [*known["reasons"], *old] or f"nothing on the list of {last.day} asks for it; {over}"


def _last(settings: params.Params) -> LastList:
    folder = next(lists.weeks_before(REPRO.exports, settings.data.name, date.max), None)
    if folder is None:
        raise NotEnoughData(
            f"{REPRO.exports}: no list of {settings.data.name} says whether it is time to train; run: dvc repro"
        )
    model = storage.read_json(folder / "manifest.json").get("fingerprints", {}).get("model", "")
    return LastList(date.fromisoformat(folder.name), model, storage.read_json(folder / "run_report.json"))


def _champion(settings: params.Params) -> str:
    """The fingerprint of the champion; empty where there is none, whose list could not be the last one."""
    from pipeline.tracking import registry

    version = registry.champion_version(settings.tracking)
    return registry.fingerprint_of(settings.tracking, version) if version else ""


@contextmanager
def _days_moved(day: date) -> Iterator[None]:
    """Let the settings look from a day, if it is a later one; they are as they were where the training fails."""
    before = paths.PARAMS.read_text(encoding="utf-8")
    snapshots = params.load().snapshots
    moved = {name: day for name in ("as_of", "observed_until") if getattr(snapshots, name) < day}
    if moved:
        lines = "".join(f'  {name}: "{day}"\n' for name, day in moved.items())
        overlay.apply_text(f"snapshots:\n{lines}")
    try:
        yield
    except BaseException:
        storage.write_text(before, paths.PARAMS)
        raise


def _train() -> None:
    """The stages up to the evaluation; by DVC where there is a flow, so that ``dvc.lock`` knows the new model."""
    if not FLOW.is_file():
        for stage in TRAINING:
            run_named(stage)
        return
    code = _waited_for([sys.executable, "-m", "dvc", "repro", TRAINING[-1]])
    if code:
        raise BadData(
            f"dvc repro {TRAINING[-1]} ended with exit code {code}; what it printed says why, and champion, model and "
            "reports are as they were"
        )


def _waited_for(command: list[str]) -> int:
    """The exit code of a command; where this process has to end, all of the command's processes end before it."""
    # A session of its own, so that its processes are a group.
    with subprocess.Popen(command, start_new_session=True) as process:  # noqa: S603
        try:
            return process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            raise
