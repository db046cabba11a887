"""From a frame of orders to a project: the real ingest and the real examples, on settings made from a few words."""

import json
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.api.frames import to_polars
from pipeline.config import overlay, params, paths
from pipeline.config.errors import BadData, BadParams
from pipeline.config.paths import Paths
from pipeline.config.problems import suggestion
from pipeline.config.shipped import find_shipped
from pipeline.stages import run_stage, s1_ingest, s2_examples
from pipeline.tables import schemas, storage

RAW = Path("raw") / "orders.parquet"


@dataclass(frozen=True)
class OrderSettings:
    """What has to be said about a frame of orders.

    Attributes
    ----------
    customer_id, ts, amount
        Names of the columns: whose order, when, and how much in currency units (negative for a refund).
    columns
        Further columns, our name to the frame's: ``{"product_id": "sku", "discount": "saved"}``.
    as_of
        The day to look from; the day after the last order if None. Orders from then on are not seen.
    horizon_days, gap_days
        Churn is no order in the `horizon_days` that begin `gap_days` after a snapshot.
    active_days
        Only who bought in that many days before a snapshot is looked at; ``params.yaml: snapshots`` if None.
    every_days
        Days between snapshots; ``params.yaml: snapshots`` if None.
    first
        The first snapshot; a third of the history after the first order, a year at most, if None.
    timezone, currency
        Of the business: days are counted in the one, amounts are in the other.
    """

    customer_id: str
    ts: str
    amount: str
    columns: dict[str, str] = field(default_factory=dict)
    as_of: str | date | None = None
    horizon_days: int = 30
    gap_days: int = 0
    active_days: int | None = None
    every_days: int | None = None
    first: str | date | None = None
    timezone: str = "UTC"
    currency: str = "USD"

    @classmethod
    def of(cls, settings: dict[str, Any]) -> "OrderSettings":
        """Return the settings of keyword arguments, or say which name is unknown or missing."""
        known = [one.name for one in fields(cls)]
        for name in settings:
            if name not in known:
                raise BadParams(f"from_orders: unknown argument {name!r}{suggestion(name, known)}")
        missing = [name for name in ("customer_id", "ts", "amount") if name not in settings]
        if missing:
            raise BadParams(f"from_orders: say which column is {missing[0]}: {missing[0]}='...'")
        return cls(**settings)

    @property
    def mapping(self) -> dict[str, str]:
        """Our columns to those of the frame."""
        return {"customer_id": self.customer_id, "ts": self.ts, "amount": self.amount, **self.columns}


def build_project(frame: Any, folder: Path, wanted: OrderSettings) -> None:
    """Write orders and settings into a folder, and run ingest and examples there.

    Raises
    ------
    BadData
        A column is not there, or the folder holds a project already.
    """
    if (folder / paths.PARAMS).exists():
        raise BadData(f"{folder}: holds a project already; take another folder")
    rows = to_polars(frame)
    for name in wanted.mapping.values():
        if name not in rows.columns:
            raise BadData(f"the frame has no column {name!r}{suggestion(name, rows.columns)}")
    schemas.check_mapping("transactions", wanted.mapping)
    storage.write_parquet(rows.select(list(dict.fromkeys(wanted.mapping.values()))), folder / RAW)
    _write_settings(folder, wanted, _days(rows[wanted.ts]))
    settings = _absolute(params.load(folder / paths.PARAMS), folder)
    own = Paths(*(folder / part for part in ("data", "models", "reports", "exports")))
    for stage in (s1_ingest, s2_examples):
        run_stage(stage, settings, own)


def _days(times: pl.Series) -> tuple[date, date]:
    """The first and the last day of the orders; texts are read as ISO dates."""
    if times.dtype == pl.String:
        times = times.str.slice(0, 10).str.to_date(strict=False)
    first, last = times.cast(pl.Date, strict=False).min(), times.cast(pl.Date, strict=False).max()
    if not (isinstance(first, date) and isinstance(last, date)):
        raise BadData(f"column {times.name!r} holds no dates; make it a date or a timestamp first")
    return first, last


def _write_settings(folder: Path, wanted: OrderSettings, days: tuple[date, date]) -> None:
    """The shipped ``params.yaml`` with what the orders need: every other setting stays visible in it."""
    first_day, last_day = days
    as_of = date.fromisoformat(str(wanted.as_of)) if wanted.as_of else last_day + timedelta(days=1)
    third = timedelta(days=min(365, max(0, (as_of - first_day).days // 3)))
    chosen = {
        "as_of": str(as_of),
        "observed_until": str(as_of),
        "first": str(wanted.first or first_day + third),
        "every_days": wanted.every_days,
        "active_days": wanted.active_days,
    }
    content: dict[str, dict[str, Any]] = {
        "data": {"name": "orders", "timezone": wanted.timezone, "currency": wanted.currency},
        "sources": {"transactions": {"path": RAW.as_posix(), "columns": wanted.mapping}},
        "snapshots": {name: value for name, value in chosen.items() if value is not None},
        "label": {"kind": "inactivity", "gap_days": wanted.gap_days, "horizon_days": wanted.horizon_days},
        "features": {"event_types": []},
    }
    target, changes = folder / paths.PARAMS, folder / "orders.yaml"
    storage.write_text(find_shipped(paths.PARAMS.name).read_text(encoding="utf-8"), target)
    storage.write_text("".join(_yaml(content)), changes)
    try:
        overlay.apply(changes, target)
    except BadParams:
        storage.remove(target)
        raise
    finally:
        storage.remove(changes)


def _yaml(content: dict[str, Any], indent: str = "") -> list[str]:
    """Lines of YAML: every leaf is JSON, which YAML reads as it is."""
    lines = []
    for key, value in content.items():
        if isinstance(value, dict) and value:
            lines += [f"{indent}{key}:\n", *_yaml(value, f"{indent}  ")]
        else:
            lines.append(f"{indent}{key}: {json.dumps(value, ensure_ascii=False)}\n")
    return lines


def _absolute(settings: params.Params, folder: Path) -> params.Params:
    """The settings with the place of the orders in full, so that no stage depends on where the program runs."""
    source = settings.sources.transactions.model_copy(update={"path": str((folder / RAW).resolve())})
    return settings.model_copy(update={"sources": settings.sources.model_copy(update={"transactions": source})})
