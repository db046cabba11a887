"""What stands on the page of retention besides its figures: causes, contacts, old lists, and what keeping costs."""

from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from pipeline.commands import readout, risk_sections
from pipeline.config import params
from pipeline.config.errors import BadParams, NotEnoughData
from pipeline.config.paths import Paths
from pipeline.readout.comparison import Reading
from pipeline.readout.verdicts import LEVEL
from pipeline.retention import portraits
from pipeline.retention.retention_plots import cohort_picture, lists_picture, survival_picture
from pipeline.retention.retention_report import Report
from pipeline.retention.sections import Section, percent
from pipeline.tables import storage
from pipeline.week import matured_lists

MAX_CAUSES: Final = 3
MAX_ROWS: Final = 12
GLOSSARY: Final = (
    ("customer", "who the rule in the first line says is one, on a day"),
    ("excluding new", "of the customers at the start, the share who are customers at the end: the same people"),
    ("net", "customers at the end over customers at the start, whoever they are"),
    (
        "kept gross, kept net",
        "of the revenue of the customers at the start, what is left; net counts what they pay more",
    ),
    ("returned", "was a customer before, was none at the start, and is one at the end"),
    ("avoidable", "a cause that the company can do something about; natural ones it cannot"),
    ("left alone", "a customer of the control group, who is given nothing so that effects can be measured"),
)


def all_sections(report: Report, settings: params.Params, paths: Paths, place: Paths) -> Iterator[Section]:
    """Every part of the page, in the order in which it is read.

    Parameters
    ----------
    report
        The figures of the period.
    settings
        The whole of ``params.yaml``.
    paths
        Where published weeks, outcomes and reports lie.
    place
        Where the tables lie.
    """
    pictures = {"Cohorts": cohort_picture(report.cohorts), "Staying": survival_picture(report.survival)}
    for section in report.sections():
        picture = next((one for name, one in pictures.items() if section.title.startswith(name)), None)
        yield Section(section.title, section.heads, section.rows, section.notes, section.points, picture)
    yield from _leavers(report)
    yield from _best(report)
    yield from _causes(settings.data.name, paths)
    yield from risk_sections.expected(settings, paths, place)
    yield from _contacts(report, place)
    yield from _kept(settings, paths)
    yield from _old_lists(report, settings.data.name, paths, place)
    yield from risk_sections.came(settings, paths, place, report.period.end)
    yield Section("Words", ("word", "what it means"), GLOSSARY)


def _leavers(report: Report) -> Iterator[Section]:
    if report.early_leavers.is_empty():
        return
    rows = tuple(
        (row["group"], row["by"], f"{row['came']:,}", f"{row['left']:,}", percent(row["share"]))
        for row in report.early_leavers.head(MAX_ROWS).to_dicts()
    )
    title = "Who leaves soon: of those who came in the year before, who is no customer any more at the end"
    yield Section(title, ("who", "group", "came", "left", "share"), rows)


def _best(report: Report) -> Iterator[Section]:
    telling = report.best_customers.filter((pl.col("times") - 1).abs() > 0.1).sort("by", -pl.col("times"), "group")
    rows = tuple(
        (row["group"], row["by"], percent(row["share_of_best"]), percent(row["share_of_payers"]), f"{row['times']:.1f}")
        for row in telling.head(MAX_ROWS).to_dicts()
    )
    if rows:
        title = "The best customers: the fifth who paid most, beside all who paid"
        heads = ("who", "group", "of the best", "of all payers", "times as often")
        yield Section(title, heads, rows, ("What goes together with being a good customer; it need not be why.",))


def _causes(company: str, paths: Paths) -> Iterator[Section]:
    """Of the last `dvc repro`; a company without a model has none."""
    if not (paths.root_causes.is_file() and paths.ingest_report.is_file()):
        return
    causes, of = storage.read_json(paths.root_causes), storage.read_json(paths.ingest_report)["company"]
    if of != company:
        return
    heads = ("of", "cause", "kind", "customers", "expected to leave", "value at stake")
    rows = [_weighed("all", one["kind"], one["kind"], one) for one in causes["by_kind"]]
    for tier, weights in causes["by_segment"]["tier"].items():
        rows += [
            _weighed(tier, f"{one['cause']} {one.get('description', '')}".strip(), one.get("kind", ""), one)
            for one in weights[:MAX_CAUSES]
        ]
    note = "A cause is that of the first reason; reasons say what goes together with leaving, not what brings it about."
    yield Section(
        f"Why customers are at risk as of {causes['as_of']}: avoidable or natural, and by tier",
        heads,
        tuple(rows),
        (note,),
    )


def _weighed(of: str, cause: str, kind: str, one: dict[str, Any]) -> tuple[str, ...]:
    return of, cause, kind, f"{one['customers']:,}", f"{one['expected_churners']:,.0f}", f"{one['value_at_stake']:,.2f}"


def _contacts(report: Report, place: Paths) -> Iterator[Section]:
    """What all teams sent in the period, by team."""
    if not storage.bucket_files(place.tables / "contacts"):
        return
    loads = portraits.contact_load(storage.scan_buckets(place.tables / "contacts"), report.period)
    rows = tuple(
        (
            row["team"],
            f"{row['contacts']:,}",
            f"{row['customers']:,}",
            f"{row['contacts'] / row['customers']:.1f}",
            f"{row['most']:,}",
        )
        for row in loads.to_dicts()
    )
    if rows:
        heads = ("team", "contacts", "customers", "per customer", "most to one")
        yield Section("Contacts in the period, by team", heads, rows)


def _kept(settings: params.Params, paths: Paths) -> Iterator[Section]:
    """Customers and value kept by all playbooks, and what each cost; or why nobody knows."""
    title = "What all playbooks together have kept"
    try:
        overall = readout.build(settings, paths=paths).overall
    except (NotEnoughData, BadParams) as error:
        yield Section(title, notes=(f"Not yet known: {error}.",))
        return
    yield Section(title, points=tuple(_kept_words(overall, settings.data.currency)))


def _kept_words(overall: Reading, currency: str) -> Iterator[str]:
    """Totals are the effect on one customer times those who were given something.

    Examples
    --------
    >>> from pipeline.readout.estimates import Estimate
    >>> stayed = Estimate(0.8, 0.7, 0.1, 0.05, 0.15, 0.001, 1000, 50, 0.4, 60)
    >>> for line in _kept_words(Reading("all", None, stayed, None, p_value=0.001, cost=2.0), "EUR"):
    ...     print(line)
    100 customers kept of 1,000 who were given something (95 % interval 50 to 150), against 50 left alone
    20.00 EUR for each customer kept
    """
    of = overall.stayed
    if of is None or overall.p_value >= LEVEL or overall.refusal:
        yield f"Not yet known: {overall.refusal or 'chance alone may have done as much'}; see `churn readout`."
        return
    number = of.customers
    kept, low, high = (share * number for share in (of.effect, of.low, of.high))
    yield (
        f"{kept:,.0f} customers kept of {number:,} who were given something (95 % interval {low:,.0f} to {high:,.0f}), "
        f"against {of.controls:,} left alone"
    )
    if overall.margin is not None:
        one = overall.margin
        total, least, most = (f"{value * number:,.2f}" for value in (one.effect, one.low, one.high))
        yield f"{total} {currency} of margin kept in the outcome windows ({least} to {most}), before cost"
    if overall.cost is not None and of.effect > 0:
        yield f"{overall.cost / of.effect:,.2f} {currency} for each customer kept"


def _old_lists(report: Report, company: str, paths: Paths, place: Paths) -> Iterator[Section]:
    """What became of those on the lists whose outcome windows were over by the end of the period."""
    matured = matured_lists.read(Paths(data=place.data, exports=paths.exports), company, report.period.end)
    listed = matured.filter(pl.col("by") == "listed", pl.col("group") == "yes")
    if listed.is_empty():
        return
    heads = ("list of", "over on", "listed", "said", "left", "by chance", "churners", "lift")
    note = (
        "Those listed were acted on: fewer who left than was said can be the model or the actions, more is the model."
    )
    rows = tuple(_old_list(row) for row in listed.to_dicts())
    yield Section("What became of those on earlier lists", heads, rows, (note,), (), lists_picture(listed))


def _old_list(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(row["as_of"]),
        str(row["last_day"]),
        f"{row['customers']:,}",
        percent(row["expected_rate"]),
        percent(row["rate"]),
        f"{row['low']:,} to {row['high']:,}",
        f"{row['churners']:,}",
        "-" if row["lift"] is None else f"{row['lift']:.1f}",
    )
