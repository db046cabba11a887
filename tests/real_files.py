"""Files as people really have them, run from the folder to the table as a person would: init, then ingest.

A case says what is in the files and what must come of it, summed up by the test itself in whole cents.
"""

import itertools
import shutil
from collections.abc import Callable, Iterable
from contextlib import chdir
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from pipeline.commands import init
from pipeline.config import params, paths
from pipeline.config.errors import PipelineError
from pipeline.stages import run_stage, s1_ingest
from pipeline.tables import storage

ROOT = Path(__file__).resolve().parent.parent
# Amounts that tell readings apart: cents, thousands, and one so large that losing it alone is far beyond a rounding.
AMOUNTS = [Decimal(text) for text in ("12.50", "1234.50", "7.05", "999.99", "1234567.80", "0.40", "15.00", "86000.10")]


@dataclass
class Outcome:
    """What became of files: the table and the lines on the way, or the one line that refuses them.

    Attributes
    ----------
    cents, rows, customers
        Sum of the amounts in minor units, number of rows and of different customers.
    refusal
        The line of who refused, empty where a table came of it.
    lines
        What init wrote on the way, and the last line of the stage.
    """

    cents: int = 0
    rows: int = 0
    customers: int = 0
    refusal: str = ""
    lines: list[str] = field(default_factory=list)


def run(
    folder: Path,
    files: dict[str, bytes],
    answers: dict[str, object] | None = None,
    before: dict[str, str] | None = None,
) -> Outcome:
    """Look at files with `churn init --write`, answer what it asks, and take them in.

    Parameters
    ----------
    folder
        An empty folder.
    files
        Content by name.
    answers
        What a person writes into ``params.yaml`` then: ``{"sources.transactions.decimal": ","}``.
    before
        What a person has written there before: texts, each with what stands in its place.
    """
    with chdir(folder):
        text = (ROOT / "params.yaml").read_text(encoding="utf-8")
        for old, new in (before or {}).items():
            text = text.replace(old, new)
        paths.PARAMS.write_text(text, encoding="utf-8")
        for name, content in files.items():
            file = Path("raw", name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        outcome = Outcome()
        try:
            for line in init.run(Path("raw"), write=True):
                outcome.lines.append(line)
            outcome.lines.append(run_stage(s1_ingest, _answered(answers or {})))
        except PipelineError as error:
            outcome.refusal = str(error)
            return outcome
        return _counted(outcome)


def _answered(answers: dict[str, object]) -> params.Params:
    content = params.read_yaml(paths.PARAMS, params.BadParams)
    # Small files need neither two threads nor what a next run would want to find.
    for key, value in {"storage.threads": 1, "storage.keep_read_days": 0, **answers}.items():
        *sections, name = key.split(".")
        place = content
        for section in sections:
            place = place[section]
        place[name] = value
    return params.parse(content)


def ingest(folder: Path, files: dict[str, bytes], source: dict[str, object]) -> Outcome:
    """Take files in as settings say that somebody has written by hand.

    Parameters
    ----------
    folder, files
        As for `run`.
    source
        ``sources.transactions``, without the columns customer_id, order_id, order_date where these are called so.
    """
    columns = {"customer_id": "customer_id", "transaction_id": "order_id", "ts": "order_date"}
    whole = {"path": "raw/*", **source, "columns": {**columns, **source.get("columns", {})}}
    with chdir(folder):
        Path("raw").mkdir(exist_ok=True)
        for name, content in files.items():
            Path("raw", name).write_bytes(content)
        shutil.copy(ROOT / "params.yaml", paths.PARAMS)
        outcome = Outcome()
        try:
            settings = _answered({"sources": {"transactions": whole}, "data.max_rejected_share": 0.1})
            outcome.lines.append(run_stage(s1_ingest, settings))
        except PipelineError as error:
            outcome.refusal = str(error)
            return outcome
        return _counted(outcome)


def _counted(outcome: Outcome) -> Outcome:
    table = storage.read_buckets(paths.REPRO.tables / "transactions")
    outcome.cents, outcome.rows = int(table["amount_minor"].sum()), len(table)
    outcome.customers = table["customer_id"].n_unique()
    return outcome


def rows(number: int = 48, amounts: Iterable[Decimal] = AMOUNTS) -> list[dict[str, object]]:
    """Orders of ten customers over a year, each with an id, a day and an amount."""
    chosen = itertools.cycle(amounts)
    return [
        {
            "customer": f"c{n % 10:02d}",
            "order": f"o{n}",
            "day": f"2024-{1 + n % 12:02d}-{1 + n % 28:02d}",
            "amount": next(chosen),
        }
        for n in range(number)
    ]


def csv(table: list[dict[str, object]], amount: Callable[[Decimal], str] = str, mark: str = ";") -> str:
    """A table as CSV with the amounts as somebody writes them; a field that holds the mark is quoted."""
    header = ["customer_id", "order_id", "order_date", "total"]
    lines = [[str(row["customer"]), str(row["order"]), str(row["day"]), amount(row["amount"])] for row in table]
    return "".join(mark.join(_quoted(cell, mark) for cell in line) + "\n" for line in [header, *lines])


def _quoted(cell: str, mark: str) -> str:
    return f'"{cell}"' if mark in cell or "\n" in cell else cell


def cents(table: list[dict[str, object]]) -> int:
    """The sum of the amounts, by decimal arithmetic in whole cents."""
    return int(sum(row["amount"] * 100 for row in table))
