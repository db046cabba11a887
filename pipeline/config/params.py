"""``params.yaml`` -> frozen, typed sections. No setting has a default in code; an unknown key is refused."""

import copy
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator
from ruamel.yaml import YAML, error

from pipeline.config import paths, renamed
from pipeline.config.data_sections import Coherence as Coherence
from pipeline.config.data_sections import CoherenceCheck as CoherenceCheck
from pipeline.config.data_sections import Data as Data
from pipeline.config.data_sections import DataRequirements as DataRequirements
from pipeline.config.data_sections import Features as Features
from pipeline.config.data_sections import Feeds as Feeds
from pipeline.config.data_sections import Label as Label
from pipeline.config.data_sections import Overdue as Overdue
from pipeline.config.data_sections import Snapshots as Snapshots
from pipeline.config.data_sections import Sources as Sources
from pipeline.config.data_sections import Storage as Storage
from pipeline.config.errors import BadParams, BadPlaybooks, PipelineError
from pipeline.config.model_sections import AdditiveLogisticSettings as AdditiveLogisticSettings
from pipeline.config.model_sections import Evaluate as Evaluate
from pipeline.config.model_sections import Model as Model
from pipeline.config.model_sections import Reasons as Reasons
from pipeline.config.model_sections import Score as Score
from pipeline.config.model_sections import Tracking as Tracking
from pipeline.config.model_sections import Train as Train
from pipeline.config.problems import first_problem as first_problem
from pipeline.config.source import Section as Section
from pipeline.config.source import Source as Source
from pipeline.config.source import Zone as Zone
from pipeline.config.types import CauseId as CauseId
from pipeline.config.types import Day as Day
from pipeline.config.types import Days as Days
from pipeline.config.types import LanguageSettings as LanguageSettings
from pipeline.config.types import NaturalInt as NaturalInt
from pipeline.config.types import NotNegative as NotNegative
from pipeline.config.types import Positive as Positive
from pipeline.config.types import PositiveInt as PositiveInt
from pipeline.config.types import PositiveShare as PositiveShare
from pipeline.config.types import Share as Share
from pipeline.config.types import Word as Word
from pipeline.config.week_sections import Contact as Contact
from pipeline.config.week_sections import Control as Control
from pipeline.config.week_sections import Drift as Drift
from pipeline.config.week_sections import Guards as Guards
from pipeline.config.week_sections import Learning as Learning
from pipeline.config.week_sections import Lists as Lists
from pipeline.config.week_sections import Retrain as Retrain
from pipeline.config.week_sections import UnknownConsent as UnknownConsent


class Params(Section):
    """The whole of ``params.yaml``."""

    data: Data
    sources: Sources
    storage: Storage
    coherence: Coherence
    feeds: Feeds
    snapshots: Snapshots
    label: Label
    data_requirements: DataRequirements
    features: Features
    model: Model
    train: Train
    evaluate: Evaluate
    score: Score
    reasons: Reasons
    control: Control
    learning: Learning
    guards: Guards
    contact: Contact
    drift: Drift
    retrain: Retrain
    lists: Lists
    language: LanguageSettings
    tracking: Tracking

    @model_validator(mode="after")
    def _list_band_exists(self) -> Self:
        if self.lists.min_band not in self.score.bands:
            bands = ", ".join(self.score.bands)
            raise ValueError(f"`lists.min_band` is {self.lists.min_band!r}, not one of `score.bands`: {bands}")
        if self.label.kind == "cancellation" and self.sources.subscriptions is None:
            raise ValueError("`label.kind: cancellation` needs `sources.subscriptions`; declare it or use inactivity")
        return self

    @model_validator(mode="after")
    def _overdue_is_reached(self) -> Self:
        overdue, label = self.label.overdue, self.label
        reach = self.snapshots.active_days + label.gap_days + label.horizon_days
        if label.kind == "overdue" and overdue is not None and max(overdue.max_days, overdue.one_time_days) >= reach:
            wait = max(overdue.max_days, overdue.one_time_days)
            raise ValueError(
                f"`label.overdue` waits for up to {wait} days, but nobody scored is silent for more than {reach} days "
                "at the end of the window (active_days, gap_days and horizon_days together), so slow customers could "
                "never churn; take a longer active_days or a shorter wait"
            )
        return self


def load(path: Path = paths.PARAMS) -> Params:
    """Read the settings.

    Parameters
    ----------
    path
        A YAML file with all the sections of `Params`.

    Raises
    ------
    BadParams
        The file is absent, is no YAML, or a key is unknown, missing or out of its range.
    """
    content, notices = renamed.settings(read_yaml(path, BadParams))
    _announce(path, notices)
    return parse(content, path.name)


def read_playbooks(path: Path = paths.PLAYBOOKS) -> dict[str, Any]:
    """What a file of playbooks holds, with new names for old ones in its rules, or `BadPlaybooks` in one line."""
    content, notices = renamed.playbooks(read_yaml(path, BadPlaybooks))
    _announce(path, notices)
    return content


def _announce(path: Path, notices: list[str]) -> None:
    """Old names go on working for one release; whoever runs the job is told which they are."""
    for notice in notices:
        sys.stderr.write(f"{path}: {notice}; churn upgrade-params writes it\n")


def read_yaml(path: Path, kind: type[PipelineError]) -> dict[str, Any]:
    """Read a YAML file whose root is a mapping, or raise `kind` in one line."""
    try:
        content = copy.deepcopy(_content(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise kind(f"{path}: not found; run from the folder that holds it") from None
    except IsADirectoryError:
        raise kind(f"{path}: is a folder; write the settings into a file of that name") from None
    except RecursionError:
        raise kind(f"{path}: not readable as YAML: it is nested too deeply") from None
    except (error.YAMLError, ValueError) as problem:
        raise kind(f"{path}: not readable as YAML: {_yaml_problem(problem)}") from None
    if not isinstance(content, dict):
        raise kind(f"{path}: must be a mapping of sections, found {type(content).__name__}")
    return content


def _yaml_problem(problem: Exception) -> str:
    """What is wrong and in which line, without the quotations and links of the library."""
    if isinstance(problem, error.MarkedYAMLError) and problem.problem_mark is not None:
        where = f"line {problem.problem_mark.line + 1}, column {problem.problem_mark.column + 1}"
        return f"{where}: {' '.join(str(problem.problem).split())}"
    return " ".join(str(problem).split())


def content_of(text: str) -> dict[str, Any]:
    """What the text of a settings file holds; nothing where it is no mapping."""
    content = _content(text)
    return copy.deepcopy(content) if isinstance(content, dict) else {}


@lru_cache(maxsize=16)
def _content(text: str) -> Any:
    """One command reads the same file for several of its parts, and reading takes a tenth of a second."""
    return YAML(typ="safe", pure=True).load(text)


def parse(content: dict[str, Any], file_name: str = paths.PARAMS.name) -> Params:
    """Check and freeze the settings; see `load`."""
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        problem = first_problem(error, Params)
        hint = ", or let churn upgrade-params do so" if problem.startswith("missing key") else ""
        raise BadParams(f"{file_name}: {problem}{hint}") from None


def missing_keys(content: dict[str, Any]) -> list[str]:
    """The keys that settings must have and that are not there, in the order of the sections."""
    try:
        Params.model_validate(content)
    except ValidationError as error:
        return [".".join(map(str, one["loc"])) for one in error.errors() if one["type"] == "missing"]
    return []
