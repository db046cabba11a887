"""``churn pack``: health, plan and quarterly review of one customer, as a page and as Markdown."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline import lists
from pipeline.api.customer import unknown_customer
from pipeline.commands import company_tables
from pipeline.config import params
from pipeline.config.errors import BadData
from pipeline.config.paths import REPRO, Paths
from pipeline.lists.file_names import file_stems
from pipeline.outcomes import store
from pipeline.retention import retention_page
from pipeline.retention.account import Account, health
from pipeline.retention.account_plan import plan
from pipeline.retention.account_review import review
from pipeline.sources.ids import canonical_id
from pipeline.tables import storage

TABLES: Final = {
    "transactions": "day", "contacts": "day", "surveys": "day", "tickets": "opened_day", "commitments": "made_day",
    "subscriptions": "start_day", "customers": None,
}  # fmt: skip
"""The tables that are read, and the column by which they are cut at the day of the list."""
LATER: Final = ("resolved_day", "first_answer_day", "kept_day", "cancel_day")
"""Days on which a row comes to say more than it did when it was made."""
MAX_LISTS: Final = 13


def run(settings: params.Params, customer_id: str, paths: Paths = REPRO) -> Iterator[str]:
    """Write the pack of one customer, and say where.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    customer_id
        The customer, as the company writes it.
    paths
        Where tables, published weeks and outcomes lie.

    Raises
    ------
    BadData
        No list is published, or the customer was not scored on the last one.
    """
    key = canonical_id(customer_id, settings.data.customer_ids)
    with ExitStack() as stack:
        place = replace(paths, data=company_tables.find(settings, paths, list(TABLES), stack).data)
        account = read(settings, key, paths, place)
        first_day, last_day = _known(place, paths)
        title, introduction = _title(account), list(_introduction(account, settings, last_day))
    sections = [*health(account), *plan(account), *review(account, first_day)]
    page, text = pack_files(paths, key)
    page.parent.mkdir(parents=True, exist_ok=True)
    storage.write_text(retention_page.html(title, introduction, sections), page)
    storage.write_text(retention_page.markdown(title, introduction, sections), text)
    yield f"{title}: {page} and {text}"


def pack_files(paths: Paths, customer_id: str) -> tuple[Path, Path]:
    """The page and the Markdown of a customer's pack."""
    stem = file_stems([customer_id])[customer_id]
    return paths.packs / f"{stem}.html", paths.packs / f"{stem}.md"


def read(settings: params.Params, customer_id: str, paths: Paths, place: Paths) -> Account:
    """Everything known of a customer on the day of the last list; see `run`."""
    decisions = _decisions(paths, place, settings.data.name, customer_id)
    as_of: date = decisions[-1]["as_of"]
    return Account(
        customer_id,
        as_of,
        settings.data.currency,
        settings.data.minor_digits,
        decisions,
        {name: _own(place, name, customer_id, as_of) for name in TABLES if storage.bucket_files(place.tables / name)},
        store.read(paths.outcomes, as_of).filter(pl.col("customer_id") == customer_id),
    )


def _decisions(paths: Paths, place: Paths, company: str, customer_id: str) -> list[dict[str, Any]]:
    """What the last lists decided on the customer, the earliest first; he or she must stand on the last one."""
    folders = list(islice(lists.weeks_before(paths.exports, company, date.max), MAX_LISTS))
    if not folders:
        raise BadData(f"{paths.exports}: no list of {company} is published; run: dvc repro")
    rows = []
    for folder in folders:
        actions = pl.scan_parquet(folder / "actions.parquet").filter(pl.col("customer_id") == customer_id).collect()
        rows += [row | {"as_of": date.fromisoformat(folder.name)} for row in actions.to_dicts()]
    last = date.fromisoformat(folders[0].name)
    if not rows or rows[0]["as_of"] != last:
        scored = storage.read_parquet(folders[0] / "actions.parquet", ["customer_id"])
        raise BadData(unknown_customer(customer_id, last, scored, _own(place, "transactions", customer_id, last)))
    return rows[::-1]


def _own(place: Paths, table: str, customer_id: str, as_of: date) -> pl.DataFrame:
    """The customer's rows of a table from before a day, without what was not yet so on it."""
    files = storage.bucket_files(place.tables / table)
    rows = pl.concat(
        [pl.scan_parquet(file).filter(pl.col("customer_id") == customer_id).collect() for file in files],
        how="diagonal_relaxed",
    )
    day = TABLES[table]
    later = [pl.when(pl.col(name) < as_of).then(pl.col(name)) for name in LATER if name in rows.columns]
    return rows if day is None else rows.filter(pl.col(day) < as_of).with_columns(later)


def _known(place: Paths, paths: Paths) -> tuple[date, date]:
    """The first and the last day of the tables."""
    file = paths.ingest_report if place.data == paths.data else place.data.parent / "reports" / paths.ingest_report.name
    report = storage.read_json(file)
    return date.fromisoformat(report["first_day"]), date.fromisoformat(report["last_day"])


def _title(account: Account) -> str:
    rows = account.rows("customers")
    names = [] if rows is None or "name" not in rows.columns else rows["name"].drop_nulls().to_list()
    return f"{names[0]} ({account.customer_id})" if names else account.customer_id


def _introduction(account: Account, settings: params.Params, last_day: date) -> Iterator[str]:
    rows = account.rows("customers")
    owners = [] if rows is None or "owner" not in rows.columns else rows["owner"].drop_nulls().to_list()
    looked_after = f", looked after by {owners[0]}" if owners else ""
    yield f"{settings.data.name}: health, plan and quarterly review as of the list of {account.as_of}{looked_after}."
    if (account.as_of - last_day).days > 1:
        yield f"WARNING The tables end on {last_day}, before the list: nothing that came later is in here."
    if account.now.get("is_control"):
        yield "WARNING This customer is left alone by lot, so that effects can be measured: do nothing of this."
    absent = [name for name in TABLES if account.rows(name) is None]
    if absent:
        yield f"Nothing is known of this customer in: {', '.join(absent)}."
