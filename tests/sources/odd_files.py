"""The corner shop once more, as a German till and a German help desk would export it."""

import csv
import random
from datetime import datetime
from pathlib import Path

from tests.company import make_company

TOPICS = ("Größe passt nicht", "zu spät geliefert", "Rechnung", "beschädigt")


def write(folder: Path, shop: Path) -> None:
    """Write the files of the shop into a folder: semicolons, decimal commas, German dates, Latin-1."""
    make_company(shop)
    folder.mkdir(parents=True, exist_ok=True)
    raw = shop / "raw"
    orders = [*_rows(raw / "orders-1.csv"), *_rows(raw / "orders-2.csv")]
    head = [
        "Kundennummer",
        "Bestell-Nr.",
        "Bestelldatum",
        "Betrag (EUR)",
        "Rabatt",
        "Artikel",
        "Warengruppe",
        "Filiale",
        "Kanal",
    ]
    for year in ("2023", "2024"):
        lines = [[_order(row)[name] for name in _order(row)] for row in orders if row["at"].startswith(year)]
        _write(folder / f"Bestellungen_{year}.csv", [head, *lines])
    visits = [[row["customer"], _moment(row["at"]), row["what"], "Mozilla/5.0"] for row in _rows(raw / "visits.csv")]
    _write(folder / "Besuche.csv", [["Kunde", "Zeitpunkt", "Art", "Browser"], *visits])
    known = [
        [row["customer"], row["name"], row["looked_after_by"], "Köln"] for row in _rows(raw / "customers.csv")[:400]
    ]
    _write(folder / "Kunden.csv", [["Kunden-Nr", "Name", "Betreuer", "Ort"], *known])
    _write(folder / "Reklamationen.csv", [["Ticket", "Kd.-Nr.", "Eröffnet am", "Erledigt am", "Thema"], *_tickets()])
    _write(folder / "Regale.csv", [["Regal", "Etage"], ["A", "1"], ["B", "2"]])


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _moment(iso: str) -> str:
    return datetime.fromisoformat(iso).strftime("%d.%m.%Y %H:%M")


def _order(row: dict[str, str]) -> dict[str, str]:
    comma = {name: row[name].replace(".", ",") for name in ("paid", "saved")}
    return {**row, "at": _moment(row["at"]), **comma}


def _tickets() -> list[list[str]]:
    dice = random.Random(3)
    return [
        [f"T{n}", f"c{dice.randrange(400):04d}", f"{1 + n % 28:02d}.{1 + n % 6:02d}.2024 09:15", f"{1 + n % 28:02d}.{1 + n % 6:02d}.2024 16:40", dice.choice(TOPICS)]
        for n in range(60)
    ]  # fmt: skip


def _write(file: Path, lines: list[list[str]]) -> None:
    with file.open("w", encoding="latin-1", newline="") as out:
        csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(lines)
