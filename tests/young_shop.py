"""A shop with 60 days of orders and 200 buyers, too young to learn from: weeks cut out of a simulated company."""

from datetime import timedelta
from pathlib import Path

import polars as pl

from benchmarks import cold_start_companies
from pipeline.config import overlay, paths
from pipeline.simulate import COMPANIES, FIRST_DAY

ROOT = Path(__file__).resolve().parent.parent
FIRST = FIRST_DAY + timedelta(days=365)
TEST, AS_OF = FIRST + timedelta(days=30), FIRST + timedelta(days=60)
SETTINGS = f"""data:
  name: young_shop
  timezone: UTC
  currency: EUR
sources:
  transactions:
    path: raw/orders.parquet
    columns: {{customer_id: customer_id, ts: ts, amount: amount}}
snapshots:
  as_of: "{AS_OF}"
  observed_until: "{AS_OF}"
  first: "{TEST}"
  every_days: 30
  active_days: 30
features:
  event_types: []
model:
  num_threads: 1
  prior: PRIOR
evaluate:
  draws: 100
"""


def orders(kind: str = "default", days: int = 60) -> pl.DataFrame:
    """So many days of orders of the 200 who bought in the first 60 days."""
    company = cold_start_companies.orders_of(COMPANIES[kind], 5, 365 + max(days, 60))
    return cold_start_companies.with_buyers(company, FIRST, 60, 200)


def make_young(folder: Path, bought: pl.DataFrame, prior: str = "packaged") -> None:
    """Write a folder of a project with these orders."""
    (folder / "raw").mkdir(parents=True)
    bought.write_parquet(folder / "raw" / "orders.parquet")
    for name in ("params.yaml", "playbooks.yaml"):
        text = (ROOT / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace("currency: USD", "currency: EUR"), encoding="utf-8")
    (folder / "young.yaml").write_text(SETTINGS.replace("PRIOR", prior), encoding="utf-8")
    overlay.apply(folder / "young.yaml", folder / paths.PARAMS)
