"""The ``churn`` command: one thin function per subcommand; what each does lives in the rooms."""

from datetime import datetime
from pathlib import Path
from typing import Literal

import click

from pipeline.cli_group import Group, exit_when_ended, in_one_line
from pipeline.cli_model import COMMANDS as OF_THE_MODEL
from pipeline.cli_results import COMMANDS as OF_RESULTS
from pipeline.config import paths
from pipeline.config.errors import BadParams

FILE = click.Path(path_type=Path)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
def main(*, debug: bool) -> None:
    """Who is about to stop buying, why, and what to do about it."""


for command in (*OF_THE_MODEL, *OF_RESULTS):
    main.add_command(command)


@main.command()
@click.option("--as-of", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The day to score for: YYYY-MM-DD.")
@click.option("--replace", is_flag=True, help="Write a week again that is already published.")
@click.option("--dry-run", is_flag=True, help="Do everything but publish.")
@click.option(
    "--log",
    type=click.Choice(["none", "text", "json"]),
    default="none",
    help="Write a line on stderr as each step ends, too; data/weekly_log.jsonl always gets one.",
)
@click.option(
    "--accept",
    multiple=True,
    metavar="NAME",
    help="Publish although the data have moved so since the last list; may be given several times.",
)
@in_one_line
def weekly(
    *, as_of: datetime, replace: bool, dry_run: bool, log: Literal["none", "text", "json"], accept: tuple[str, ...]
) -> None:
    """Score everyone for a day with the champion model and publish the week; never trains."""
    from pipeline.commands import weekly as job
    from pipeline.config import params

    exit_when_ended()
    if not 1900 <= as_of.year <= 2199:
        raise BadParams(f"--as-of {as_of.date()}: write a day between 1900-01-01 and 2199-12-31")
    click.echo(job.run(params.load(), as_of.date(), replace=replace, dry_run=dry_run, log=log, accepted=accept))


@main.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--as-of", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first planned day: YYYY-MM-DD.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The CSV file to write.")
@in_one_line
def calendar(*, plan: Path, as_of: datetime, out: Path) -> None:
    """Reduce the messages all teams plan in PLAN, a CSV file, to what each customer may get, and say why."""
    from pipeline.commands import calendar as job
    from pipeline.config import params

    click.echo(job.run(params.load(), plan, as_of.date(), out))


@main.command()
@click.option(
    "--leakage", is_flag=True, help="Look also for leakage: anything in tables and examples that knows the future."
)
@in_one_line
def check(*, leakage: bool) -> None:
    """Read params.yaml and playbooks.yaml against the data, and say what cannot work."""
    # What looks for leakage loads LightGBM, for which no other check waits.
    if leakage:
        from pipeline.commands.leakage import run
    else:
        from pipeline.commands.check import run
    for line in run():
        click.echo(line)


@main.command()
@click.option("--as-of", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The day of the list: YYYY-MM-DD.")
@click.option("--playbooks", default=paths.PLAYBOOKS, show_default=True, type=FILE, help="The edited playbooks.")
@click.option("--against", default=None, type=FILE, help="Playbooks to compare with, not what was published.")
@click.option("--csv", "csv_file", default=None, type=FILE, help="Where to write the customers who change.")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@in_one_line
def diff(*, as_of: datetime, playbooks: Path, against: Path | None, csv_file: Path | None, as_json: bool) -> None:
    """Say who would change action if the edited playbooks were published; publishes nothing."""
    from pipeline.commands import diff as job
    from pipeline.config import params

    day = as_of.date()
    for line in job.run(params.load(), day, edited=playbooks, against=against, csv_file=csv_file, as_json=as_json):
        click.echo(line)


@main.command()
@click.argument("customer_id")
@in_one_line
def forget(*, customer_id: str) -> None:
    """Erase CUSTOMER_ID from weeks, outcomes and tables, and leave the customer out from now on."""
    from pipeline.commands import forget as job
    from pipeline.config import params

    for line in job.run(params.load(), customer_id):
        click.echo(line)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Write into a params.yaml that is there already.")
@in_one_line
def init(*, folder: Path, write: bool) -> None:
    """Look at the files in FOLDER and propose params.yaml: which table and column each is, and what is unclear."""
    from pipeline.commands import init as job

    for line in job.run(folder, write=write):
        click.echo(line)


@main.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day of the list, for files that do not say it.")
@click.option("--received", type=click.DateTime(["%Y-%m-%d"]), help="Day the files came back, if it is not today.")
@in_one_line
def outcomes(*, files: tuple[Path, ...], as_of: datetime | None, received: datetime | None) -> None:
    """Take back FILES that teams have filled in: lists as CSV or XLSX, what their page saves, or JSON lines."""
    from pipeline.commands import outcomes as job
    from pipeline.config import params

    of, back = (day.date() if day is not None else None for day in (as_of, received))
    for line in job.run(params.load(), files, as_of=of, received=back):
        click.echo(line)


@main.command("upgrade-params")
@click.argument("files", nargs=-1, type=FILE)
@in_one_line
def upgrade_params(*, files: tuple[Path, ...]) -> None:
    """Write the names and settings of this release into FILES: params.yaml and playbooks.yaml if none are named."""
    from pipeline.commands import upgrade_params as job

    for line in job.run(files or (paths.PARAMS, paths.PLAYBOOKS)):
        click.echo(line)


@main.command()
@click.argument("overlay", type=click.Path(path_type=Path))
@in_one_line
def use(*, overlay: Path) -> None:
    """Write the settings of OVERLAY, such as params/cdnow.yaml, into params.yaml."""
    from pipeline.config import overlay as job

    changed = job.apply(overlay)
    click.echo(f"{paths.PARAMS}: {', '.join(changed)} now as in {overlay}" if changed else f"{paths.PARAMS}: no change")


@main.command()
@in_one_line
def where() -> None:
    """Say where the list of params.yaml's as_of lies."""
    from pipeline.config import params

    week = paths.REPRO.week(params.load().snapshots.as_of)
    click.echo(f"The list: {week / 'risk_list.html'}" if week.is_dir() else f"{week} is not published; run: dvc repro")


@main.command()
@click.option("--customers", default=10_000, show_default=True, help="How many customers.")
@click.option(
    "--days", default=None, type=int, help="Days of the calendar, from 2022-01-01: 730, whole companies 1096."
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same files.")
@click.option("--setting", default="default", show_default=True, help="Which company; docs/simulated-company.md.")
@click.option("--every-days", default=30, show_default=True, help="Days between snapshots of the truth.")
@click.option("--gap-days", default=0, show_default=True, help="Days from a snapshot to its outcome window.")
@click.option("--horizon-days", default=90, show_default=True, help="Length of the outcome window.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes; changes no file.")
@click.option("--to", default="raw/simulated", show_default=True, type=click.Path(path_type=Path), help="The folder.")
@in_one_line
def simulate(*, setting: str, to: Path, workers: int, days: int | None, **options: int) -> None:
    """Write a company with a known truth: its tables, and beside them what nature knew."""
    from pipeline.commands import simulate as job

    click.echo(job.run(setting, job.plan(setting, days=days, **options), to, workers))


@main.command()
@click.argument("name")
@in_one_line
def stage(*, name: str) -> None:
    """Run the stage NAME: ingest, examples, train, evaluate, score or publish; dvc.yaml calls it."""
    from pipeline.stages import run_named

    click.echo(run_named(name))


@main.command()
@click.argument("folder", type=FILE)
@in_one_line
def new(*, folder: Path) -> None:
    """Write a project into FOLDER, new or empty: settings, playbooks, stages and places for files."""
    from pipeline.commands import new as job

    for line in job.run(folder):
        click.echo(line)


@main.command()
@click.option("--to", default=None, type=FILE, help="The JSON file to write as well.")
@in_one_line
def version(*, to: Path | None) -> None:
    """Say which version is installed, with a fingerprint of its code."""
    from pipeline.commands.shipped import describe_package
    from pipeline.tables import storage

    package = describe_package()
    if to is not None:
        storage.write_json(package, to)
    click.echo(f"churn-pipeline {package['version']}, code {package['code'][:12]}")


if __name__ == "__main__":
    main()
