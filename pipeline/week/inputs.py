"""Everything one week is decided from, read once: ``WeekInputs``."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl

from pipeline.config import params
from pipeline.config.errors import BadData
from pipeline.config.paths import PLAYBOOKS, Paths
from pipeline.decisions import control_group
from pipeline.decisions.contact_policy import longest_silence
from pipeline.decisions.context import DecisionContext
from pipeline.i18n.company_catalogs import load_translator
from pipeline.outcomes import learned_effects, wrong_reasons
from pipeline.outcomes.learned_effects import Posterior
from pipeline.playbooks.config import limits, playbooks_file, restrictions
from pipeline.playbooks.config.limits import Limits
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.rules import matching
from pipeline.playbooks.rules.vocabulary import vocabulary
from pipeline.tables import storage
from pipeline.value import customer_value
from pipeline.week import candidates, contact_history
from pipeline.week.bucket_history import CONSENTS


@dataclass(frozen=True)
class WeekSettings:
    """The sections of ``params.yaml`` that a week depends on; the signature of stage 6."""

    data: params.Data
    snapshots: params.Snapshots
    label: params.Label
    features: params.Features
    score: params.Score
    reasons: params.Reasons
    control: params.Control
    learning: params.Learning
    guards: params.Guards
    contact: params.Contact
    drift: params.Drift
    retrain: params.Retrain
    lists: params.Lists
    language: params.LanguageSettings


@dataclass(frozen=True)
class WeekInputs:
    """What a week is decided from.

    Attributes
    ----------
    settings
        Sections of ``params.yaml``.
    context
        The day of the list, the settings of guards and contact policy, and who reads which language.
    playbooks, limits
        What can be given, and what there is only so much of.
    customers
        One row per customer who is or was one: ``state``, the scores, what the rules look at, ``is_control``, and all
        of `pipeline.decisions.facts.FACTS`.
    earlier
        What makes playbooks rest; the columns of `pipeline.decisions.cooldown.EARLIER`.
    outcomes
        What teams have handed back; the columns of `pipeline.outcomes.feedback.COLUMNS`.
    posteriors
        What is believed of playbooks on that day, of those whose declared effect is still the one it was learnt with.
    """

    settings: WeekSettings
    context: DecisionContext
    playbooks: dict[str, Playbook]
    limits: Limits
    customers: pl.DataFrame
    earlier: pl.DataFrame
    outcomes: pl.DataFrame
    posteriors: dict[str, Posterior]


def read(settings: WeekSettings, paths: Paths, day: date, file: Path = PLAYBOOKS) -> WeekInputs:
    """Read a week: playbooks, scores, and what all teams and earlier weeks gave to whom.

    Parameters
    ----------
    settings
        Sections of ``params.yaml``.
    paths
        Where the scores of that day lie, with the examples and tables they come from, and the weeks before.
    day
        The day of the list.
    file
        The playbooks.
    """
    if settings.snapshots.former_days and not storage.bucket_files(paths.former):
        # Without it what is owed to former customers would be missing from the list, and nobody would know.
        raise BadData(f"{paths.former}: not found; run the earlier stages first: dvc repro")
    translator = load_translator(settings.language)
    declared, there_is = read_playbooks(settings, file)
    posteriors = _posteriors(paths, declared, day)
    retired = {
        name: one.day for name, one in posteriors.items() if one.is_retired and settings.learning.withhold_retired
    }
    context = DecisionContext(day, settings.guards, settings.contact, settings.score, translator, retired)
    playbooks = _learned(declared, posteriors) if settings.learning.effects == "learned" else declared
    brought = frozenset({*CONSENTS, *contact_history.wanted_features(playbooks)})
    worth = partial(customer_value.former_value, label=settings.label, settings=settings.score)
    scores = control_group.mark(candidates.read(paths, day, _looked_at(playbooks) | brought, worth), settings.control)
    given = contact_history.given(paths.exports, settings.data.name, playbooks, context)
    history = contact_history.read(scores, given, paths, playbooks, context, brought)
    is_known = bool(storage.bucket_files(paths.tables / "contacts"))
    silence = longest_silence.columns(settings.contact, day, is_known=is_known)
    earlier = contact_history.earlier(given, playbooks, day, history.feedback)
    customers = wrong_reasons.without(
        history.customers().with_columns(silence), history.feedback, day, settings.contact.wrong_reason_days
    )
    return WeekInputs(settings, context, playbooks, there_is, customers, earlier, history.feedback, posteriors)


def read_playbooks(settings: WeekSettings, file: Path) -> tuple[dict[str, Playbook], Limits]:
    """The playbooks of a file as declared, and what there is only so much of.

    Parameters
    ----------
    settings
        Sections of ``params.yaml``.
    file
        The playbooks.
    """
    content = params.read_playbooks(file)
    playbooks = playbooks_file.parse(content, vocabulary(settings.score, settings.features), file.name)
    there_is = limits.parse(content, playbooks, file.name)
    playbooks_file.check_currency(content, settings.data.currency, file.name)
    restrictions.check_against(playbooks, settings.guards)
    return playbooks, there_is


def _posteriors(paths: Paths, playbooks: dict[str, Playbook], day: date) -> dict[str, Posterior]:
    """What was learnt by the day of the list; a declared effect that was edited since is somebody's newer word."""
    latest = learned_effects.latest(learned_effects.read(paths.learned_effects), day)
    return {
        name: posterior
        for name, posterior in latest.items()
        if name in playbooks and not playbooks[name].duty and playbooks[name].effect == posterior.declared
    }


def _learned(playbooks: dict[str, Playbook], posteriors: dict[str, Posterior]) -> dict[str, Playbook]:
    """The playbooks with the effects in use in the place of what is declared."""
    effects = learned_effects.in_use(posteriors)
    return {
        name: book.model_copy(update={"effect": effects[name]}) if name in effects else book
        for name, book in playbooks.items()
    }


def _looked_at(playbooks: dict[str, Playbook]) -> set[str]:
    """The columns that rules, drafts and sending systems look at."""
    return {"market", "language"}.union(*(matching.columns(book.when) for book in playbooks.values()))
