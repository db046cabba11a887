"""The page on bringing data, run from its first command to its last; then the same data once more from a database."""

import csv
import filecmp
import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from adbc_driver_postgresql import dbapi

from pipeline.config import overlay, params
from tests.sources import odd_files

pytestmark = [pytest.mark.end_to_end, pytest.mark.nightly]
ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "bring-your-own-data.md"
BLOCK = re.compile(r"^( *)```(\w+) ?(.*?)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
WEEK = "2024-07-01"


@dataclass
class Followed:
    """A folder in which every command of the page has run, and what the page said otherwise than it was."""

    folder: Path
    wrong: list[str] = field(default_factory=list)
    ran: int = 0


def checkout(folder: Path) -> Path:
    """A checkout without data of its own, and the odd files of a corner shop in ``raw/``."""
    here = folder / "checkout"
    shutil.copytree(ROOT / "pipeline", here / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dvc.yaml", "params.yaml", "playbooks.yaml", "forgotten.json", ".dvcignore", "churn.sh"):
        shutil.copy(ROOT / name, here)
    for name in (".dvc", "params", "outcomes"):
        (here / name).mkdir()
    (here / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n", encoding="utf-8")
    (folder / "shop").mkdir()
    odd_files.write(here / "raw", folder / "shop")
    return here


def shell(script: str, folder: Path, **more: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "PYTHONPATH": str(folder), "DVC_NO_ANALYTICS": "true"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], env=os.environ | own | more,
        capture_output=True, text=True, check=False, timeout=300, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> Followed:
    found = Followed(checkout(tmp_path_factory.mktemp("page")))
    said = ""
    for _, language, name, indented in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        content = textwrap.dedent(indented)
        if language == "sh":
            said, found.ran = shell(content, found.folder), found.ran + 1
        elif language == "yaml" and name:
            (found.folder / name).write_text(content, encoding="utf-8")
        elif language in {"csv", "text"}:
            there = (found.folder / name).read_text(encoding="latin-1") if language == "csv" else said
            found.wrong += [
                f"{line!r} is not in\n{there[:3000]}" for line in content.splitlines() if line not in there.splitlines()
            ]
    return found


def test_the_page_leads_from_odd_files_to_a_list(followed):
    assert followed.ran == 10
    listed = pl.read_csv(followed.folder / f"exports/{WEEK}/risk_list.csv")
    assert len(listed) > 20
    assert {"Ann", "Bo"} <= set(listed["owner"].drop_nulls())


def test_what_the_page_shows_is_what_the_commands_say(followed):
    assert not followed.wrong, "\n".join(wrong.partition(" is not in\n")[0] for wrong in followed.wrong)


def test_the_settings_of_the_page_for_a_database_are_right(followed, tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    assert overlay.apply(followed.folder / "params/database.yaml", tmp_path / "params.yaml") == ["sources"]
    assert params.load(tmp_path / "params.yaml").sources.transactions.url_env == "SHOP_DB"


# ------------------------------------------------------------------------------------------ the same from PostgreSQL

TABLES = {
    "orders": "CREATE TABLE orders AS SELECT \"Kundennummer\" AS customer, \"Bestell-Nr.\" AS \"order\", "
    "to_timestamp(\"Bestelldatum\", 'DD.MM.YYYY HH24:MI') AS at, replace(\"Betrag (EUR)\", ',', '.')::numeric(12,3) AS paid, "
    "replace(\"Rabatt\", ',', '.')::float8 AS saved, \"Artikel\" AS item, \"Warengruppe\" AS kind, \"Filiale\" AS shop, "
    "\"Kanal\"::char(10) AS via FROM loaded",
    "visits": "CREATE TABLE visits AS SELECT \"Kunde\" AS customer, "
    "to_timestamp(\"Zeitpunkt\", 'DD.MM.YYYY HH24:MI')::timestamp AS at, \"Art\" AS what FROM loaded",
    "complaints": "CREATE TABLE complaints AS SELECT \"Ticket\" AS id, \"Kd.-Nr.\" AS customer, "
    "\"Eröffnet am\" AS opened, \"Erledigt am\" AS solved, \"Thema\" AS topic FROM loaded",
    "people": "CREATE TABLE people AS SELECT \"Kunden-Nr\" AS customer, \"Name\" AS name, NULLIF(\"Betreuer\", '') AS owner FROM loaded",
}  # fmt: skip
SOURCES = """
sources:
  transactions:
    sql: SELECT * FROM orders ORDER BY paid
    url_env: SHOP_DB
    columns: {customer_id: customer, transaction_id: order, ts: at, amount: paid, discount: saved, product_id: item,
              category: kind, store_id: shop, channel: via}
  events:
    sql: |
      -- moments are kept in the time of the shop, without saying so
      SELECT customer, at, what FROM visits;
    url_env: SHOP_DB
    columns: {customer_id: customer, ts: at, event_type: what}
  tickets:
    sql: SELECT * FROM complaints
    url_env: SHOP_DB
    ts_format: "%d.%m.%Y %H:%M"
    columns: {customer_id: customer, ticket_id: id, opened_ts: opened, resolved_ts: solved, topic: topic,
              is_complaint: "'true'"}
  customers:
    sql: SELECT * FROM people
    url_env: SHOP_DB
    columns: {customer_id: customer, name: name, owner: owner}
"""


def fill(url: str, raw: Path) -> None:
    """The files as tables of a database: columns of other types, names and order."""
    names = ("Bestellungen_*", "Besuche", "Reklamationen", "Kunden")
    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'Europe/Oslo'")
        for create, name in zip(TABLES.values(), names, strict=True):
            rows = []
            for file in sorted(raw.glob(f"{name}.csv")):
                with file.open(encoding="latin-1", newline="") as lines:
                    rows += list(csv.DictReader(lines, delimiter=";"))
            cursor.adbc_ingest("loaded", pa.Table.from_pylist(rows))
            cursor.execute(create)
            cursor.execute("DROP TABLE loaded")
        connection.commit()


def files_of(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_one_command_from_postgresql_to_the_bytes_that_the_files_gave(followed, postgres, server, tmp_path):
    fill(server, followed.folder / "raw")
    (tmp_path / "database.yaml").write_text(SOURCES, encoding="utf-8")
    overlay.apply(tmp_path / "database.yaml", followed.folder / "params.yaml")
    for name in ("exports", "raw", "data"):
        (followed.folder / name).rename(tmp_path / name)
    said = shell(f"churn weekly --as-of {WEEK}", followed.folder, SHOP_DB=server)
    assert said.strip().endswith(f": exports/{WEEK}")
    ours, theirs = tmp_path / "exports", followed.folder / "exports"
    assert files_of(ours) == files_of(theirs)
    assert f"{WEEK}/risk_list.html" in files_of(ours)
    differing = [name for name in files_of(ours) if not filecmp.cmp(ours / name, theirs / name, shallow=False)]
    assert not differing
