"""Three simulated companies whose systems deliver every week: a retailer, a supplier of companies, a subscription."""

import json
import re
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.commands import simulate
from pipeline.config import overlay, params, paths
from pipeline.config.paths import REPRO
from pipeline.tables import storage
from tests.company import ROOT
from tests.end_to_end.helpers import churn
from tests.end_to_end.many_weeks.supplier import QUICK, known_on

NAMES: Final = ("retailer", "b2b", "subscription")
FIRST: Final = date(2025, 1, 6)
PLAYBOOKS: Final = {"retailer": "playbooks.yaml", "b2b": "examples/b2b/playbooks.yaml",
                    "subscription": "examples/subscription/playbooks.yaml"}  # fmt: skip
CONSENTS: Final = {"e-mail": "email_opt_in", "phone": "phone_opt_in", "sms": "sms_opt_in"}
Tables = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Week:
    """What became of one run of the weekly job.

    Attributes
    ----------
    code
        Its exit code.
    says
        What it refused, or by name what it warns of: findings of the witness, feeds that are down, refused rows.
    given
        Who is to be contacted how: customer, playbook, channel; empty where nothing was published.
    """

    code: int
    says: tuple[str, ...]
    given: frozenset[tuple[str, str, str | None]]


@dataclass(frozen=True)
class Company:
    """Everything that will ever happen to a company, of which each delivery shows what had happened by then."""

    name: str
    tables: Tables
    folder: Path

    def known(self, day: date) -> Tables:
        """All tables on the morning of a day."""
        return {name: known_on(day, name, table) for name, table in self.tables.items()}

    def deliver(self, tables: Tables) -> None:
        """Write the files of a morning; what is not among them is not there."""
        raw = self.folder / "raw"
        storage.remove(raw)
        for name, table in tables.items():
            storage.write_parquet(table, raw / f"{name}.parquet")

    def weekly(self, day: date, *, keep: bool) -> Week:
        """Run the weekly job in the company's folder, which is the current one."""
        done = churn("weekly", "--as-of", day.isoformat())
        week = REPRO.week(day)
        if done.returncode:
            return Week(done.returncode, (done.stderr.strip(),), frozenset())
        report = json.loads((week / "run_report.json").read_text(encoding="utf-8"))
        actions = pl.read_parquet(week / "actions.parquet").filter(pl.col("given_day") == day)
        given = actions.select("customer_id", "playbook", "channel").rows()
        moved = [f"{one['kind']} ({one['words'].partition(':')[0]})" for one in report["drift"]["findings"]]
        down = [f"{one['kind']} {one['table']}" for one in report["feeds"]]
        if not keep:
            storage.remove(week)
        return Week(0, tuple(sorted([*moved, *down])), frozenset(given))


def build(name: str, folder: Path, customers: int, days: int) -> Company:
    """Simulate a company, learn from it and publish its first week; the current folder is `folder`."""
    source = folder / "source"
    plan = simulate.plan(name, customers=customers, days=days, seed=5, every_days=30, gap_days=0, horizon_days=90)
    simulate.run(name, plan, source, 1)
    tables = {
        file.stem: pl.read_parquet(file) for file in source.glob("*.parquet") if file.stem not in {"truth", "effects"}
    }
    shutil.rmtree(source)
    company = Company(name, tables, folder)
    shutil.copy(ROOT / "params.yaml", folder / paths.PARAMS)
    shutil.copy(ROOT / PLAYBOOKS[name], folder / "playbooks.yaml")
    whole = (ROOT / f"params/simulated_{name}.yaml").read_text(encoding="utf-8").replace("raw/simulated/", "raw/")
    for file, settings in (("company.yaml", whole), ("quick.yaml", QUICK.format(first=FIRST))):
        (folder / file).write_text(settings, encoding="utf-8")
        overlay.apply(folder / file, folder / paths.PARAMS)
    currency = params.load(folder / paths.PARAMS).data.currency
    text = (folder / "playbooks.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^currency: [A-Z]{3}$", f"currency: {currency}", text, flags=re.MULTILINE)
    (folder / "playbooks.yaml").write_text(text, encoding="utf-8")
    company.deliver(company.known(FIRST))
    return company


def mondays(number: int) -> list[date]:
    return [FIRST + timedelta(weeks=week) for week in range(1, number + 1)]
