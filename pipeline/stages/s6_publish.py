"""Stage 6 - publish: scores and playbooks -> the week folder that people open."""

from pipeline import lists
from pipeline.config.paths import REPRO, Paths
from pipeline.stages import main
from pipeline.week import composition, inputs
from pipeline.week.inputs import WeekSettings


def run(settings: WeekSettings, paths: Paths = REPRO) -> str:
    """Decide for everyone, list those to act on or to watch, publish the week whole, and say where."""
    week = composition.compose(inputs.read(settings, paths, settings.snapshots.as_of), paths)
    folder = lists.publish(week, paths.exports, replace=settings.lists.replace_in_repro)
    return f"{week.about.listed:,} customers listed: {folder}"


if __name__ == "__main__":
    main(run)
