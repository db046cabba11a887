"""``churn check --leakage``: settings, playbooks and data, and then whether anything in them knows the future."""

from collections.abc import Iterator

from pipeline.commands import check
from pipeline.config import params
from pipeline.config.errors import NotEnoughData
from pipeline.config.paths import REPRO
from pipeline.leakage import search


def run() -> Iterator[str]:
    """Check as `pipeline.commands.check` does, and look for leaks; one line per thing found right.

    Yields
    ------
    str
        As `pipeline.commands.check.run` and `pipeline.leakage.search.run`.

    Raises
    ------
    BadData
        There is a sure leak.
    NotEnoughData
        There is too little to learn from. Features that know the future are found all the same: what is built is
        looked through first.
    """
    too_little: NotEnoughData | None = None
    try:
        yield from check.run()
    except NotEnoughData as error:
        # Before anything is built, that it is too little is what there is to know.
        if not REPRO.examples_report.is_file():
            raise
        too_little = error
    yield from search.run(params.load())
    if too_little is not None:
        raise too_little
