"""``churn readout``: what each playbook brings about, measured against the customers who were left alone."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date

import polars as pl

from pipeline.commands import company_tables
from pipeline.config import params
from pipeline.config.errors import BadParams, NotEnoughData
from pipeline.config.paths import PLAYBOOKS, REPRO, Paths
from pipeline.outcomes import learned_effects
from pipeline.outcomes.learned_effects import Posterior
from pipeline.playbooks.config import playbooks_file
from pipeline.playbooks.rules.vocabulary import vocabulary
from pipeline.readout import comparison, learned_lines, learning
from pipeline.readout.readout_report import EVERYTHING, Readout
from pipeline.week import first_actions

TABLES = ("transactions", "subscriptions", "outcomes")


def run(
    settings: params.Params, as_of: date | None, *, as_json: bool, learn: bool = False, paths: Paths = REPRO
) -> Iterator[str]:
    """Compare those who were given something with those who would have been, and say it as Markdown or JSON.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    as_of
        The first day of which no outcome is known; None is the day after the last one in the data.
    as_json
        Whether the answer is JSON.
    learn
        Whether what is believed of each playbook is written down, where it has changed.
    paths
        Where tables, published weeks and outcomes lie.

    Raises
    ------
    BadParams
        Nobody is left alone, so that nothing can be compared.
    NotEnoughData
        No list has an outcome window that is over, or gave anybody anything.
    BadData
        Something was learnt by later outcomes already.
    """
    readout, posteriors = _read(settings, as_of, paths)
    changes = learned_effects.add(paths.learned_effects, posteriors) if learn else []
    if as_json:
        content = readout.as_json() | {"learned_effects": [one.as_json() for one in posteriors]}
        yield json.dumps(content, indent=2, ensure_ascii=False)
        return
    yield from readout.lines()
    yield from learned_lines.about(posteriors, settings.learning.effects)
    if learn:
        yield from learned_lines.kept(changes, paths.learned_effects.as_posix(), readout.until)


def build(settings: params.Params, as_of: date | None = None, paths: Paths = REPRO) -> Readout:
    """Everything that can be said; see `run`."""
    return _read(settings, as_of, paths)[0]


def _read(settings: params.Params, as_of: date | None, paths: Paths) -> tuple[Readout, list[Posterior]]:
    control = settings.control
    if control.share == 0:
        raise BadParams(
            "control.share is 0: nobody is left alone, so what playbooks bring about cannot be told from what happens "
            "anyway; write a share such as 0.05, and read out once the outcome windows of later lists are over"
        )
    content = params.read_playbooks(PLAYBOOKS)
    books = playbooks_file.parse(content, vocabulary(settings.score, settings.features), PLAYBOOKS.name)
    duties = sorted(name for name, book in books.items() if book.duty)
    declared = {name: book.effect for name, book in books.items() if book.effect is not None and not book.duty}
    with ExitStack() as stack:
        place = replace(paths, data=company_tables.find(settings, paths, TABLES, stack).data)
        known = company_tables.known_until(paths, place)
        until = known if as_of is None else min(as_of, known)
        first = first_actions.read(paths.exports, settings.data.name, until, control, duties)
        _refuse_empty(first, until, paths)
        terms = until, settings.score.margin_share, settings.data.minor_digits
        rows = first_actions.with_outcomes(first, place, *terms)
        again = first_actions.with_outcomes(first_actions.left_alone_again(first), place, *terms)
    rows = learning.as_declared(rows, declared)
    over = first_actions.complete(first, until)
    days = over[0], over[-1]
    readings = comparison.compare(rows, control.share, days, duties)
    before = learned_effects.latest(learned_effects.read(paths.learned_effects), until)
    # Verdicts rest on each customer once; what happens without anything is learnt of those left alone for as long.
    shown = pl.concat([rows, again])
    posteriors = learning.learn(shown, readings, declared, until, settings.learning.declared_error, before)
    readout = Readout(
        company=settings.data.name,
        currency=settings.data.currency,
        share=control.share,
        version=control.version,
        lists=tuple(over),
        waiting=len(first.labels) - len(over),
        until=until,
        left_out=tuple(first.left_out),
        overall=comparison.of_playbook(EVERYTHING, rows, control.share, days),
        readings=tuple(readings),
    )
    return readout, posteriors


def _refuse_empty(first: first_actions.FirstActions, until: date, paths: Paths) -> None:
    if not first.labels:
        why = f" ({'; '.join(first.left_out)})" if first.left_out else ""
        raise NotEnoughData(f"{paths.exports}: no list before {until} counts{why}; publish lists first: churn weekly")
    if first.rows.is_empty():
        raise NotEnoughData(f"{paths.exports}: no list before {until} gave anybody a playbook that could be left out")
    if not first_actions.complete(first, until):
        raise NotEnoughData(
            f"{paths.exports}: no outcome window of the {len(first.labels)} lists is over by {until}; read out later"
        )
