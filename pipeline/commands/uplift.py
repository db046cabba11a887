"""``churn readout --uplift``: an uplift learner beside one effect per playbook, by lists that neither has seen."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.commands import company_tables, readout
from pipeline.config import params
from pipeline.config.errors import NotEnoughData
from pipeline.config.paths import PLAYBOOKS, REPRO, Paths
from pipeline.playbooks.config import playbooks_file
from pipeline.playbooks.rules.vocabulary import vocabulary
from pipeline.readout import uplift_comparison, uplift_trials
from pipeline.readout.uplift_plot import picture
from pipeline.readout.uplift_report import UpliftReport, too_few
from pipeline.tables import storage
from pipeline.week import randomised_trials

FIFTHS, CURVES, PICTURE = "uplift_fifths.csv", "uplift_curves.csv", "uplift.png"


def run(
    settings: params.Params, as_of: date | None, *, as_json: bool, to: Path | None = None, paths: Paths = REPRO
) -> Iterator[str]:
    """Compare both, and say it as Markdown or JSON.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    as_of
        The first day of which no outcome is known; None is the day after the last one in the data.
    as_json
        Whether the answer is JSON.
    to
        The folder for the tables and the picture; None writes nothing.
    paths
        Where tables, published weeks and outcomes lie.

    Raises
    ------
    NotEnoughData
        Too few customers were left alone by lot, or given something by it.
    ModuleNotFoundError
        The learner is not installed.
    """
    report = build(settings, as_of, paths)
    if to is not None:
        storage.write_text(report.fifths().write_csv(), to / FIFTHS)
        storage.write_text(report.comparison.curves.write_csv(), to / CURVES)
        storage.write_bytes(picture(report.comparison, settings.data.currency), to / PICTURE)
    if as_json:
        yield json.dumps(report.as_json(), indent=2, ensure_ascii=False)
        return
    yield from report.lines()
    if to is not None:
        yield f"written to {to}: {FIFTHS}, {CURVES}, {PICTURE}"


def build(settings: params.Params, as_of: date | None = None, paths: Paths = REPRO) -> UpliftReport:
    """Everything that can be said; see `run`."""
    books = playbooks_file.parse(
        params.read_playbooks(PLAYBOOKS), vocabulary(settings.score, settings.features), PLAYBOOKS.name
    )
    declared = {name: book.effect for name, book in books.items() if book.effect and not book.duty}
    with ExitStack() as stack:
        place = replace(paths, data=company_tables.find(settings, paths, readout.TABLES, stack).data)
        known = company_tables.known_until(paths, place)
        until = known if as_of is None else min(as_of, known)
        trials = randomised_trials.read(settings, books, place, until)
    if trials.rows.is_empty():
        why = f" ({'; '.join(trials.left_out)})" if trials.left_out else ""
        raise NotEnoughData(
            f"{paths.exports}: no list with an outcome window that was over by {until} left anybody alone by lot of "
            f"those a playbook was for{why}; an uplift learner takes {uplift_trials.NEEDED}, twice"
        )
    halves = uplift_trials.split(trials.rows)
    if not halves.is_enough:
        raise NotEnoughData(f"{paths.exports}: {too_few(halves, trials.lists)}")
    return UpliftReport(
        company=settings.data.name,
        currency=settings.data.currency,
        digits=settings.data.minor_digits,
        until=until,
        lists=trials.lists,
        left_out=trials.left_out,
        halves=halves,
        comparison=uplift_comparison.compare(halves, declared, settings.learning.declared_error, _learnt),
    )


def _learnt(
    fit: pl.DataFrame, simple: npt.NDArray[np.float64], later: pl.DataFrame, simple_later: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    # Only here: whoever has too few customers needs no library, nor the seconds that it takes to load.
    from pipeline.readout import uplift_learner

    return uplift_learner.fit(fit, simple).predict(later, simple_later)
