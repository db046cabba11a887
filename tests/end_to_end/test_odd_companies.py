"""Companies of odd kinds go from the folder of files to a list, or are refused in one line; none ends in a traceback."""

import csv
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from pipeline import cli
from tests.company import ROOT

pytestmark = pytest.mark.end_to_end
FIRST = date(2023, 1, 1)
STAGES = ("ingest", "examples", "train", "evaluate", "score", "publish")


@dataclass(frozen=True)
class Kind:
    """A kind of company, and what has to become of it.

    Attributes
    ----------
    refused
        The exit code and a part of the line, of the first command that refuses; none where a list is published.
    amount
        What an order is worth.
    pause
        Days to a customer's next order, by the customer's own rhythm.
    shown
        What stands on the page.
    """

    name: str
    refused: tuple[int, str] | None = None
    customers: int = 600
    days: int = 730
    amount: Callable[[random.Random], float] = lambda dice: dice.uniform(5, 80)
    pause: Callable[[random.Random, int], float] = lambda dice, rhythm: dice.gauss(rhythm, rhythm / 4)
    rhythms: tuple[int, ...] = (5, 10, 20, 40)
    stays: float = 0.5
    once: bool = False
    columns: tuple[str, ...] = ("customer_id", "order_id", "order_date", "amount", "product")
    shown: tuple[str, ...] = field(default=())


NO_CONSENT = "consent is known, so nobody writes to them or calls them"
TABLE = [
    Kind("no amounts", (12, "a time and an amount per line"), columns=("customer_id", "order_id", "order_date")),
    Kind("an order is worth less than an offer", amount=lambda dice: dice.uniform(0.2, 1), shown=("There is something to do for 0 of the ",)),
    Kind("one-time buyers", (13, "hold 0 customers who stayed"), once=True),
    Kind("constant amounts", amount=lambda _: 9.9, shown=(NO_CONSENT,)),
    Kind("refunds only", (13, "nobody is eligible"), amount=lambda _: -5),
    Kind("nothing is paid", amount=lambda _: 0),
    Kind("60 days", (13, "snapshots"), days=60),
    Kind("300 customers", customers=300),
    Kind("nobody leaves", (13, "0 churners, and 20 are needed"), rhythms=(10,), stays=1.0),
    Kind("memoryless", (14, "Grade F: do not ship."), pause=lambda dice, _: dice.expovariate(1 / 20), stays=1.0),
    Kind("once a year", (13, "take a longer label.horizon_days"), days=1826, rhythms=(365,),
         pause=lambda dice, _: dice.gauss(365, 20)),
]  # fmt: skip


def write_orders(kind: Kind, file: Path) -> None:
    dice, rows = random.Random(1), []
    for number in range(kind.customers):
        rhythm, day = dice.choice(kind.rhythms), dice.randrange(int(min(kind.days, 511) * 0.7))
        stop = kind.days if dice.random() < kind.stays else day + dice.randrange(1, kind.days)
        while day < min(stop, kind.days):
            order = (FIRST + timedelta(days=day), f"{kind.amount(dice):.2f}", f"p{dice.randrange(20)}")
            rows.append((f"c{number:04d}", f"o{len(rows)}", *order))
            if kind.once:
                break
            day += max(1, round(kind.pause(dice, rhythm)))
    rows.sort(key=lambda row: row[2])
    file.parent.mkdir()
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(kind.columns)
        writer.writerows(row[: len(kind.columns)] for row in rows)


def by_day(kind: Kind) -> bool:
    """Those that are refused at once."""
    return kind.refused is not None and kind.refused[0] == 12


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if by_day(kind) else pytest.mark.nightly, id=kind.name) for kind in TABLE]
)
def test_an_odd_company_gets_a_list_or_a_line_that_says_why_not(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_orders(kind, tmp_path / "raw" / "orders.csv")
    for name in ("params.yaml", "playbooks.yaml"):
        shutil.copy(ROOT / name, name)
    commands = (["init", "raw", "--write"], *(["stage", stage] for stage in STAGES), ["release"])
    for command in commands:
        done = CliRunner().invoke(cli.main, command)
        if done.exit_code:
            assert kind.refused is not None, (command, done.stderr)
            assert isinstance(done.exception, SystemExit), "no traceback"
            assert done.exit_code == kind.refused[0], (command, done.stderr)
            assert kind.refused[1] in done.stderr
            return
    assert kind.refused is None, "a list was published"
    (week,) = Path("exports").iterdir()
    page = (week / "risk_list.html").read_text(encoding="utf-8")
    assert [words for words in kind.shown if words not in page] == []
    listed = pl.read_parquet(week / "risk_list.parquet")
    assert listed.height and listed["reason_1"].null_count() == 0
