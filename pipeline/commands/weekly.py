"""The weekly job: the same stages for one day, with the registry's champion; it never trains."""

from collections.abc import Collection
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path

from pipeline import lists
from pipeline.commands import training_undo
from pipeline.commands.job_log import Form, JobLog
from pipeline.commands.locks import alone
from pipeline.config import failures, params, paths
from pipeline.config.errors import AlreadyPublished, BadParams, ModelRefused
from pipeline.config.problems import suggestion
from pipeline.drift.kinds import KINDS
from pipeline.model.fingerprint import fingerprint
from pipeline.outcomes import store as outcomes
from pipeline.stages import run_stage, s1_ingest, s2_examples, s5_score, s6_publish, settings_for
from pipeline.tables import storage
from pipeline.tracking import champion, registry, store
from pipeline.week import contact_history, finished_level, inputs
from pipeline.week.composition import compose


def run(
    settings: params.Params,
    as_of: date,
    *,
    replace: bool,
    dry_run: bool,
    log: Form = "none",
    accepted: Collection[str] = (),
) -> str:
    """Ingest, look, score and publish for one day.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``; its own ``as_of`` does not matter here.
    as_of
        The day to score for.
    replace
        Whether a week that is already out may be written again.
    dry_run
        Do everything but publish.
    accepted
        Kinds of `pipeline.drift.kinds.KINDS` that somebody answers for, so that they do not stop this list.
    log
        How the lines of `paths.WEEKLY_LOG` are shown on stderr as well.

    Returns
    -------
    str
        One line on what was done.

    Raises
    ------
    BadParams
        One of those kinds does not exist.
    ModelRefused
        The champion of the registry is not the model that was decided on here.
    AlreadyPublished
        The week is out, and neither `replace` nor `dry_run` is set.
    Locked
        Another weekly job is at work.
    """
    week, lines = paths.REPRO.week(as_of), JobLog(paths.WEEKLY_LOG, as_of, log)
    for name in accepted:
        if name not in KINDS:
            raise BadParams(f"--accept {name}: no such kind of change{suggestion(name, list(KINDS))}")
    busy = f"{paths.WEEKLY_LOCK}: another weekly job is at work"
    with lines.run(version("churn-pipeline")) as messages, failures.in_words(), alone(paths.WEEKLY_LOCK, busy):
        if week.exists() and not replace and not dry_run:
            raise AlreadyPublished(f"{week}: this week is already published; --replace writes it again")
        messages.append(_run(settings, as_of, lines, accepted, replace=replace, dry_run=dry_run))
    return messages[0]


def _run(
    settings: params.Params, as_of: date, lines: JobLog, accepted: Collection[str], *, replace: bool, dry_run: bool
) -> str:
    work = paths.weekly(as_of)
    # Nobody else is at work, so whatever lies here was left by a run that was killed.
    storage.remove(paths.WEEKLY_WORK)
    undone = training_undo.UNDONE if training_undo.undo() else ""
    try:
        with lines.step("model") as messages:
            model = registry.fetch_champion(settings.tracking, work.models, work.verdict)
            champion.check(fingerprint(work), model, paths.REPRO, is_shared=store.is_shared(settings.tracking))
            card = storage.read_json(work.model_card, ModelRefused)
            age = champion.check_age(
                date.fromisoformat(card["learnt_until"]), as_of, settings.tracking.max_model_age_days
            )
            messages.append(f"champion version {model}")
        with lines.step("ingest") as messages:
            messages.append(run_stage(s1_ingest, settings, work))
        with lines.step("examples") as messages:
            messages.append(run_stage(s2_examples, settings, work, days=[as_of]))
        with lines.step("score") as messages:
            finished_level.write(work, settings.data.name, as_of)
            messages.append(run_stage(s5_score, settings, work, as_of))
        with lines.step("decide") as messages:
            given = inputs.read(settings_for(s6_publish.run, settings), work, as_of)
            made = compose(given, work, accepted)
            messages.append(f"{made.about.listed:,} listed")
        done = f"{made.about.scored:,} customers scored by champion version {model}, {made.about.listed:,} listed"
        not_yet = champion.why_not_yet(as_of, settings.retrain.again_days, paths.REPRO)
        done = "; ".join(filter(None, [done, *lists.notices(made, not_yet), age, undone]))
        if dry_run:
            return f"{done}; nothing was published (--dry-run)"
        with lines.step("publish") as messages:
            folder = lists.publish(made, work.exports, replace=replace, readable_by=settings.lists.readable_by)
            messages.append(str(folder))
        if settings.lists.keep_days:
            with lines.step("delete old weeks") as messages:
                messages.append(delete_old(settings, as_of, contact_history.first_day(given.playbooks, given.context)))
        return f"{done}: {folder}"
    finally:
        _keep_rejected(work, paths.weekly_rejected(as_of))
        storage.remove(paths.WEEKLY_WORK)


def delete_old(settings: params.Params, as_of: date, needed: date) -> str:
    """Delete what is older than `lists.keep_days` allows, but never a week by which contacts are still limited."""
    oldest = min(as_of - timedelta(days=settings.lists.keep_days), needed)
    weeks = lists.delete_before(paths.REPRO.exports, settings.data.name, oldest)
    outcomes_deleted = outcomes.delete_before(paths.REPRO.outcomes, oldest)
    rejected = paths.weekly_rejected(oldest)
    for folder in rejected.parent.glob("????-??-??"):
        if folder.name < rejected.name:
            storage.remove(folder)
    return f"deleted what was published before {oldest}: {len(weeks):,} weeks, outcomes of {outcomes_deleted:,} lists"


def _keep_rejected(work: paths.Paths, kept: Path) -> None:
    """Refused rows outlive the job's folder, also when it failed: they are what somebody has to look at."""
    if work.rejected.is_dir():
        with storage.new_folder(kept) as folder:
            for file in sorted(work.rejected.glob("*.parquet")):
                file.rename(folder / file.name)
