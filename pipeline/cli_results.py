"""The subcommands of ``churn`` about what came of it all: customers and revenue kept, and what playbooks did."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import click

from pipeline.cli_group import in_one_line

FOLDER = click.Path(path_type=Path)


@click.command()
@click.option(
    "--period", default="month", show_default=True, help="month, quarter, year (the last full one) or FROM..TO."
)
@click.option("--target", type=float, default=None, help="The share of customers that shall be kept, such as 0.9.")
@click.option(
    "--points",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 100, min_open=True),
    help="Points of churn less, whose worth is computed.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.option("--page", is_flag=True, help="Write reports/retention.html too, with causes, contacts and old lists.")
@click.option("--to", default=None, type=FOLDER, help="A folder for cohorts and survival, as pictures and tables.")
@in_one_line
def retention(*, period: str, target: float | None, points: float, as_json: bool, to: Path | None, page: bool) -> None:
    """Say how many customers and how much revenue a period kept, by every rate, and what each of them hides."""
    from pipeline.commands import retention as job
    from pipeline.config import params

    for line in job.run(params.load(), job.Question(period, target, points, as_json, to, page)):
        click.echo(line)


@click.command()
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Outcomes before this day; else all in the data.")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.option("--learn", is_flag=True, help="Write down what is believed (outcomes/learned_effects.json).")
@click.option("--uplift", is_flag=True, help="Hold an uplift learner against one effect per playbook.")
@click.option("--to", default=None, type=FOLDER, help="With --uplift: a folder for its tables and its picture.")
@in_one_line
def readout(*, as_of: datetime | None, as_json: bool, learn: bool, uplift: bool, to: Path | None) -> None:
    """Say what each playbook brings about, against the customers who were left alone, and what is not yet known."""
    from pipeline.config.errors import BadParams

    if uplift and learn:
        raise BadParams("--learn --uplift: lists learn one effect per playbook only; write one of the two")
    if to is not None and not uplift:
        raise BadParams(f"--to {to}: only --uplift writes tables and a picture; add it, or leave --to out")
    day = None if as_of is None else as_of.date()
    for line in _uplift(day, to, as_json=as_json) if uplift else _readout(day, as_json=as_json, learn=learn):
        click.echo(line)


def _readout(day: date | None, *, as_json: bool, learn: bool) -> Iterator[str]:
    from pipeline.commands import readout as job
    from pipeline.config import params

    yield from job.run(params.load(), day, as_json=as_json, learn=learn)


def _uplift(day: date | None, to: Path | None, *, as_json: bool) -> Iterator[str]:
    from pipeline.commands import uplift as job
    from pipeline.config import params
    from pipeline.config.errors import BadParams

    try:
        yield from job.run(params.load(), day, as_json=as_json, to=to)
    except ModuleNotFoundError as error:
        needs = f"churn readout --uplift needs {error.name}; install it: pip install 'churn-pipeline[uplift]'"
        raise BadParams(needs) from None


@click.command()
@click.argument("customer_id")
@in_one_line
def pack(*, customer_id: str) -> None:
    """Write health, plan and quarterly review of CUSTOMER_ID into reports/packs, as a page and as Markdown."""
    from pipeline.commands import pack as job
    from pipeline.config import params

    for line in job.run(params.load(), customer_id):
        click.echo(line)


COMMANDS = (retention, readout, pack)
