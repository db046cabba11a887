"""A corner shop that never was: its files, written from a seed, with every oddity the pipeline must survive."""

import random
import shutil
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from pipeline.config import overlay, paths

ROOT = Path(__file__).resolve().parent.parent
COMPANY = """
data:
  name: corner_shop
  timezone: Europe/Oslo
  currency: EUR
sources:
  transactions:
    path: raw/orders-*.csv
    columns: {customer_id: customer, transaction_id: order, ts: at, amount: paid, discount: saved, product_id: item,
              category: kind, store_id: shop, channel: via}
  events:
    path: raw/visits.csv
    columns: {customer_id: customer, ts: at, event_type: what}
  contacts:
    path: raw/letters.csv
    columns: {customer_id: customer, ts: sent}
  customers:
    path: raw/customers.csv
    columns: {customer_id: customer, name: name, owner: looked_after_by}
snapshots:
  as_of: "2024-07-01"
  observed_until: "2024-07-01"
  first: "2024-02-01"
  every_days: 15
  active_days: 60
label:
  horizon_days: 20
features:
  event_types: [visit]
model:
  num_threads: 1
evaluate:
  draws: 100
"""


def copied(company: Path, folder: Path) -> None:
    """Copy a built company; what another worker is just compiling beside a kept model is none of it."""
    shutil.copytree(company, folder, ignore=shutil.ignore_patterns("__pycache__"))


def make_company(folder: Path, customers: int = 400, seed: int = 7) -> None:
    """Write the corner shop: regulars with rhythms of their own, of whom some stop, and one-time buyers."""
    for name in ("params.yaml", "playbooks.yaml"):
        (folder / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    playbooks = (folder / "playbooks.yaml").read_text(encoding="utf-8")
    (folder / "playbooks.yaml").write_text(playbooks.replace("currency: USD", "currency: EUR"), encoding="utf-8")
    (folder / "company.yaml").write_text(COMPANY, encoding="utf-8")
    overlay.apply(folder / "company.yaml", folder / paths.PARAMS)
    _write_raw(folder / "raw", customers, seed)


def sell_in_dollars(folder: Path, days: range) -> None:
    """Give the orders a currency: dollars in the shop on these days of June 2024, euros for all else."""
    dollars = tuple(f",2024-06-{day:02d}T" for day in days)
    for file in sorted((folder / "raw").glob("orders-*.csv")):
        head, *lines = file.read_text(encoding="utf-8").splitlines()
        told = [
            f"{line},{'USD' if line.endswith(',shop') and any(day in line for day in dollars) else 'eur'}"
            for line in lines
        ]
        file.write_text("\n".join([f"{head},currency", *told]) + "\n", encoding="utf-8")
    settings = folder / paths.PARAMS
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("channel: via}", "channel: via, currency: currency}"), encoding="utf-8")


def _write_raw(raw: Path, customers: int, seed: int) -> None:
    raw.mkdir(parents=True, exist_ok=True)
    for name, text in _raw_files(customers, seed).items():
        (raw / name).write_text(text, encoding="utf-8")


@cache
def _raw_files(customers: int, seed: int) -> dict[str, str]:
    dice, files = random.Random(seed), dict[str, str]()
    first_day, days = date(2023, 7, 1), 366
    orders, visits, known = [], [], []
    for number in range(customers):
        customer = f"c{number:04d}"
        known.append(f'{customer},"Name, {number}",{dice.choice(["Ann", "Bo", ""])}')
        rhythm, start = dice.choice([3, 7, 14, 30]), dice.randrange(0, 200)
        stop = start + dice.randrange(1, 400) if dice.random() < 0.6 else days
        day = start
        while day < min(days, stop):
            orders += _order_lines(customer, first_day + timedelta(days=day), len(orders), dice)
            if dice.random() < 0.5:
                visits.append(f"{customer},{first_day + timedelta(days=max(0, day - 1))}T12:00:00Z,visit")
            if dice.random() < 0.02:
                break
            day += max(1, round(dice.gauss(rhythm, rhythm / 3)))
    halves = orders[: len(orders) // 2], orders[len(orders) // 2 :]
    for half, lines in enumerate(halves, start=1):
        text = "customer,order,at,paid,saved,item,kind,shop,via\n" + "\n".join(lines) + "\n"
        files[f"orders-{half}.csv"] = text
    # Letters before and after the day of the list, and customers nobody ever sold to.
    sent = [
        f"c{number:04d},{day}"
        for number in range(0, customers, 3)
        for day in ("2024-05-02", "2024-06-30", "2024-07-01")
    ]
    files["letters.csv"] = "customer,sent\n" + "\n".join(sent) + "\n"
    # A customer may stand in the register twice, once without a name.
    known += ["c0000,,", "c0001,,", "never-bought,Nobody,Ann"]
    files["visits.csv"] = "customer,at,what\n" + "\n".join(visits) + "\n"
    files["customers.csv"] = "customer,name,looked_after_by\n" + "\n".join(known) + "\n"
    return files


def _order_lines(customer: str, day: date, order: int, dice: random.Random) -> list[str]:
    via = dice.choice(["shop", "web"])
    lines = []
    for _ in range(dice.randrange(1, 4)):
        item = dice.randrange(30)
        paid = -2.5 if dice.random() < 0.01 else round(dice.uniform(1, 30), 2)
        saved = dice.choice([0, 0, 0.5, 1.25])
        lines.append(
            f"{customer},o{order},{day}T{dice.randrange(8, 20):02d}:30:00+01:00,{paid},{saved},i{item},k{item % 5},s{item % 2},{via}"
        )
    return lines
