"""Who is expected to leave, and why, by segment, on the page of retention; and what came of an earlier list."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import polars as pl

from pipeline.commands import customer_segments
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.model.calibration import Calibration
from pipeline.retention import risk_segments
from pipeline.retention.breakdown import GROUPINGS
from pipeline.retention.sections import Section, percent
from pipeline.tables import storage
from pipeline.week import matured_lists

MAX_CAUSES: Final = 3
SCORED: Final = ("customer_key", "as_of", "churn_probability", "value_at_stake", "tier", "reason_1_causes")
SMALL: Final = f"Groups of fewer than {risk_segments.MIN_CUSTOMERS} customers stand together."


def expected(settings: params.Params, paths: Paths, place: Paths) -> Iterator[Section]:
    """Of the last `dvc repro`: a forecast of each segment, and the causes behind it; none without a model.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    paths
        Where scores and reports lie.
    place
        Where the tables lie.
    """
    scored = _scored(settings, paths, place)
    if scored is None:
        return
    day, digits = scored["as_of"][0], settings.data.minor_digits
    level_error = Calibration.from_dict(storage.read_json(paths.calibration)["in_use"]).level_error
    forecast = risk_segments.forecast(scored, level_error)
    notes = (
        "Expected if nothing is done and the probabilities hold; the groups of each kind add up to all, the intervals "
        f"do not, since chance evens out over many. {SMALL}",
    )
    yield Section(
        f"Expected to leave as of {day}, by segment",
        ("by", "group", "customers", "expected to leave", "95 % interval", "share", "value at stake"),
        tuple(_forecast(row, digits) for row in forecast.to_dicts()),
        notes,
    )
    weights = risk_segments.causes(scored, MAX_CAUSES).filter(pl.col("by") != "tier")
    rows = tuple(_cause(row, digits) for row in weights.to_dicts())
    if rows:
        heads = ("by", "group", "cause", "kind", "customers", "expected to leave", "value at stake")
        small = f"{SMALL[:-1]}, and are left out where they are as few together."
        yield Section(f"The causes that weigh most as of {day}, by segment", heads, rows, (small,))


def came(settings: params.Params, paths: Paths, place: Paths, day: date) -> Iterator[Section]:
    """What the last list whose outcome window was over by a day had expected of each segment, and what came.

    Parameters
    ----------
    settings, paths, place
        See `expected`.
    day
        Of windows that end later nothing is looked at.
    """
    last = matured_lists.last_over(Paths(data=place.data, exports=paths.exports), settings.data.name, day)
    if last is None:
        return
    old, churned = last
    known = customer_segments.read(place, old.as_of, settings.label.kind)
    if "customer_id" not in known.columns:
        return
    both = old.decided.join(churned, on="customer_id", how="inner").filter(pl.col("churned").is_not_null())
    scored = risk_segments.with_tenure(both.join(known, on="customer_id", how="left"), old.as_of)
    rows = tuple(_came(row) for row in risk_segments.came(scored).to_dicts())
    heads = ("by", "group", "customers", "said", "by chance", "left", "within")
    notes = (
        "Of everybody scored, by market, region and seller as the register has them now. Who was given something is "
        f"among them: fewer who left can be the model or the actions. {SMALL}",
    )
    yield Section(f"What came of the list of {old.as_of} by {old.last_day}, by segment", heads, rows, notes)


def _scored(settings: params.Params, paths: Paths, place: Paths) -> pl.DataFrame | None:
    """Everybody scored by the last `dvc repro`, with what is known of each; None where it was of another company."""
    files = storage.bucket_files(paths.scores)
    if not (files and paths.ingest_report.is_file() and paths.calibration.is_file()):
        return None
    if storage.read_json(paths.ingest_report)["company"] != settings.data.name:
        return None
    scores = storage.read_buckets(paths.scores, list(SCORED))
    if scores.is_empty():
        return None
    day = scores["as_of"][0]
    known = customer_segments.read(place, day, settings.label.kind)
    names = [name for name in known.columns if name in {"customer_key", "first_day", *GROUPINGS}]
    joined = scores.join(known.select(names), on="customer_key", how="left", maintain_order="left")
    return risk_segments.with_tenure(joined, day)


def _forecast(row: dict[str, Any], digits: int) -> tuple[str, ...]:
    shown = f"{row['expected_churners']:,.0f}", f"{row['low']:,} to {row['high']:,}"
    share = percent(row["expected_churners"] / row["customers"])
    return row["by"], row["group"], f"{row['customers']:,}", *shown, share, f"{row['value_at_stake']:,.{digits}f}"


def _cause(row: dict[str, Any], digits: int) -> tuple[str, ...]:
    named = f"{row['cause']} {row['description'] or ''}".strip(), row["kind"] or ""
    weight = f"{row['customers']:,}", f"{row['expected_churners']:,.0f}", f"{row['value_at_stake']:,.{digits}f}"
    return row["by"], row["group"], *named, *weight


def _came(row: dict[str, Any]) -> tuple[str, ...]:
    within = "yes" if row["low"] <= row["churners"] <= row["high"] else "no"
    chance = f"{row['low']:,} to {row['high']:,}"
    expected_churners = f"{row['expected_churners']:,.0f}"
    return row["by"], row["group"], f"{row['customers']:,}", expected_churners, chance, f"{row['churners']:,}", within
