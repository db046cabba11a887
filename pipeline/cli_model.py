"""The subcommands of ``churn`` about the model: what to predict, better settings, more data, and which one is live."""

from pathlib import Path

import click

from pipeline.cli_group import exit_when_ended, in_one_line
from pipeline.config.errors import BadParams


@click.command()
@click.option("--write", is_flag=True, help="Write them into params.yaml.")
@in_one_line
def suggest(*, write: bool) -> None:
    """Propose active_days and horizon_days from the customers' own pauses between purchases."""
    from pipeline.commands import suggest as job
    from pipeline.config import params

    for line in job.run(params.load(), write=write):
        click.echo(line)


@click.command()
@click.argument("version", required=False)
@click.option("--why", default="", metavar="TEXT", help="The reason, for the registry.")
@click.option("--approved-by", default="", metavar="NAME", help="Who answers for a model of grade F.")
@in_one_line
def promote(*, version: str | None, why: str, approved_by: str) -> None:
    """Make VERSION of the registered model, or the model in models/, the one the weekly job scores with."""
    from pipeline.config import params, paths
    from pipeline.tracking import promotion

    click.echo(promotion.promote(params.load().tracking, version, approved_by, why, paths.REPRO))


@click.command()
@click.option("--why", default="", metavar="TEXT", help="The reason, for the registry.")
@in_one_line
def rollback(*, why: str) -> None:
    """Make the champion before this one champion again."""
    from pipeline.config import params, paths
    from pipeline.tracking import promotion

    click.echo(promotion.rollback(params.load().tracking, why, paths.REPRO))


@click.command()
@in_one_line
def release() -> None:
    """Make the trained model champion if nothing speaks against it, and publish its list; not in an experiment."""
    from pipeline.commands import release as job
    from pipeline.config import params

    click.echo(job.run(params.load()))


@click.command()
@click.option("--if-needed", is_flag=True, help="Do nothing unless the last list asks for a new model.")
@in_one_line
def retrain(*, if_needed: bool) -> None:
    """Train on what the last list knew, evaluate, and make the model champion if nothing speaks against it."""
    from pipeline.commands import retrain as job
    from pipeline.config import params

    exit_when_ended()
    click.echo(job.run(params.load(), if_needed=if_needed))


@click.command(name="learning-curve")
@click.option(
    "--to",
    default="reports/learning_curve.csv",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The table; a picture comes beside it.",
)
@in_one_line
def learning_curve(*, to: Path) -> None:
    """Train on ever more customers and snapshots, and say whether more of them would make the model better."""
    from pipeline.commands import learning_curve as job
    from pipeline.config import params

    for line in job.run(params.load(), to):
        click.echo(line)


@click.command()
@click.option("--trials", default=30, show_default=True, type=click.IntRange(1), help="Settings to try.")
@click.option("--to", default="params/tuned.yaml", show_default=True, type=click.Path(path_type=Path), help="The best.")
@in_one_line
def tune(*, trials: int, to: Path) -> None:
    """Search for better model settings on training snapshots alone; the test snapshot is never looked at."""
    from pipeline.config import params

    try:
        from pipeline.commands import tune as job
    except ModuleNotFoundError as error:
        raise BadParams(f"churn tune needs {error.name}; install it: pip install 'churn-pipeline[tune]'") from None
    for line in job.run(params.load(), trials, to):
        click.echo(line)


COMMANDS = (suggest, promote, rollback, release, retrain, learning_curve, tune)
