"""What the published lists gave by lot, and what rules looked at of those for whom it decided."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline import lists
from pipeline.config.params import Label
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.rules.matching import columns
from pipeline.tables import storage
from pipeline.week import matured_lists
from pipeline.week.first_actions import ANSWERED, NEEDED

OF_ACTIONS: Final = (*NEEDED, ANSWERED, "explored_arms", "propensity")


@dataclass(frozen=True)
class ExploredList:
    """A list on which a lot decided for somebody.

    Attributes
    ----------
    as_of
        Its day.
    label
        What churn meant to it; None where it does not say.
    actions
        Of those for whom a lot decided, but for controls: the columns `OF_ACTIONS`.
    inputs
        Of the same customers, what the list kept to decide another file on: the columns of ``explored.parquet``, which
        lists of older versions do not have; None there.
    effects
        By playbook what the list was decided with, as in its ``run_report.json``.
    """

    as_of: date
    label: Label | None
    actions: pl.DataFrame
    inputs: pl.DataFrame | None
    effects: dict[str, dict[str, Any]]

    def known_then(self, playbooks: dict[str, Playbook]) -> dict[str, Playbook]:
        """The playbooks with the effects the list was decided with, of those whose declared effect is still the same.

        What was learnt decides as much as the file does, so the same file gives the same as it gave.
        """
        learned = {name: one["effect"] for name, one in self.effects.items() if "declared" in one}
        same = {
            name: learned[name]
            for name, book in playbooks.items()
            if name in learned and self.effects[name]["declared"] == book.effect
        }
        return {
            name: book.model_copy(update={"effect": same[name]}) if name in same else book
            for name, book in playbooks.items()
        }

    def problem(self, playbooks: dict[str, Playbook]) -> str:
        """Why these playbooks cannot be decided on it; empty where they can.

        Parameters
        ----------
        playbooks
            In the order of the file.
        """
        if self.inputs is None:
            return "an older version wrote it, without explored.parquet"
        if self.label is None:
            return "it does not say what churn meant to it"
        lacking = sorted(set().union(*(columns(book.when) for book in playbooks.values())) - {*self.inputs.columns})
        return f"it kept no {', '.join(lacking)}, which the playbooks look at" if lacking else ""


def read(exports: Path, company: str, day: date) -> Iterator[ExploredList]:
    """The lists before a day on which a lot decided for somebody, the latest first.

    Parameters
    ----------
    exports, company, day
        Where the weeks lie, whose they are, and before which day.
    """
    for folder in lists.weeks_before(exports, company, day):
        file = folder / "actions.parquet"
        if {*OF_ACTIONS, "is_explored"} <= {*pl.read_parquet_schema(file)}:
            explored = pl.scan_parquet(file).filter("is_explored", ~pl.col("is_control"))
            actions = explored.select(OF_ACTIONS).collect()
            if not actions.is_empty():
                yield _of_folder(folder, actions)


def _of_folder(folder: Path, actions: pl.DataFrame) -> ExploredList:
    kept = folder / lists.EXPLORED_FILE
    report = folder / "run_report.json"
    learning = storage.read_json(report).get("learning", {}) if report.is_file() else {}
    return ExploredList(
        as_of=date.fromisoformat(folder.name),
        label=matured_lists.label_of(folder),
        actions=actions,
        inputs=pl.read_parquet(kept) if kept.is_file() else None,
        effects=learning.get("playbooks", {}),
    )
