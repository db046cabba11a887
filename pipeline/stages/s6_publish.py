"""Stage 6 - publish: scores and playbooks -> the week as people will open it, ready to be released to `exports`."""

from pipeline import lists
from pipeline.config.paths import REPRO, Paths
from pipeline.stages import main
from pipeline.tables import storage
from pipeline.week import composition, inputs
from pipeline.week.inputs import WeekSettings


def run(settings: WeekSettings, paths: Paths = REPRO) -> str:
    """Decide for everyone, list those to act on or to watch, write the week whole, and say where.

    An experiment runs this stage as well. What people work from, `exports`, is written by `churn release` alone.
    """
    # A week of another day or model must not lie there when this one is refused.
    storage.remove(paths.composed)
    week = composition.compose(inputs.read(settings, paths, settings.snapshots.as_of), paths)
    folder = lists.publish(week, paths.composed, replace=True, readable_by=settings.lists.readable_by)
    return f"{'; '.join([f'{week.about.listed:,} customers listed', *lists.notices(week)])}: {folder}"


if __name__ == "__main__":
    main(run)
