"""Stage 1 - ingest: raw files -> canonical tables in buckets, and refused rows with the rule they broke."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import duckdb

from pipeline import sql
from pipeline.config import params
from pipeline.config.errors import BadData
from pipeline.config.paths import REPRO, Paths
from pipeline.sources import open_source, samples
from pipeline.stages import main
from pipeline.tables import buckets, forgotten, loading, refusals, schemas
from pipeline.tables import storage as files
from pipeline.tables.ingest_cache import IngestCache


@dataclass(frozen=True)
class Settings:
    """The sections of ``params.yaml`` this stage depends on."""

    data: params.Data
    sources: params.Sources
    storage: params.Storage


def run(settings: Settings, paths: Paths = REPRO) -> str:
    """Read every declared source into its table, report what became of each row, and say so in a line."""
    declared = settings.sources.declared()
    left_out = forgotten.read(paths.forgotten)
    report: dict[str, Any] = {"company": settings.data.name, "notice": _notice(declared), "buckets": 0, "tables": {}}
    with (
        sql.connect(settings.storage.threads, settings.storage.memory_gb) as engine,
        files.scratch(paths.data / ".staging") as staging,
    ):
        place = loading.Place(staging, IngestCache(paths.ingest_cache, settings.storage.keep_read_days), left_out)
        for name in declared:
            report["tables"][name] = _ingest(engine, schemas.TABLES[name], settings, paths, place, report)
        place.cache.prune()
    report["fingerprint"] = _fingerprint(settings.data, declared, report["tables"])
    report["first_day"], report["last_day"] = loading.first_and_last_day(paths.tables / "transactions")
    report["forgotten_customers"] = len(left_out.days)
    report["absent"] = [name for name in schemas.TABLES if name not in declared]
    _drop_undeclared(paths, report["absent"])
    files.write_json(report, paths.ingest_report)
    return "; ".join(_line(name, counts, settings.data) for name, counts in report["tables"].items())


def _line(name: str, counts: dict[str, Any], data: params.Data) -> str:
    """What became of a table's rows, and of the money in them."""
    refused = _money(counts["rejected_minor"], data)
    return f"{name}: {counts['accepted']:,} rows, {counts['rejected']:,} refused{refused}"


def _money(minor: int, data: params.Data) -> str:
    return f" (about {minor / 10**data.minor_digits:,.0f} {data.currency})" if minor else ""


def _ingest(
    engine: duckdb.DuckDBPyConnection,
    table: schemas.Table,
    settings: Settings,
    paths: Paths,
    place: loading.Place,
    report: dict[str, Any],
) -> dict[str, Any]:
    source, data = settings.sources.declared()[table.name], settings.data
    schemas.check_mapping(table.name, source.columns)
    raw = open_source(engine, table.name, source, place.folder)
    staged = loading.stage(engine, table, source, raw, data, place)
    kept = paths.rejected / f"{table.name}.parquet"
    by_rule = loading.keep_rejected(engine, table, staged, kept)
    shown = paths.kept_rejected / kept.name
    weight = refusals.refuse_if_too_many(engine, table, staged, by_rule, (source, data), shown)
    # Transactions come first and decide; the other tables lie beside them.
    report["buckets"] = report["buckets"] or buckets.number_of_buckets(settings.storage, staged.read)
    accepted = loading.spread(engine, table, staged, paths.tables / table.name, report["buckets"])
    good, rejected = loading.good_rows(engine, staged), sum(by_rule.values())
    if (accepted, good.rows) != (good.different, staged.read - rejected):
        raise BadData(
            f"sources.{table.name}: the counts do not add up: {staged.read} rows read, {rejected} refused, {good.rows} "
            f"good, {good.different} of them different, {accepted} written"
        )
    duplicates = good.rows - good.different
    counts = loading.Counts(staged.read, accepted, duplicates, rejected, by_rule, weight.amount, good.fingerprint)
    return counts.as_report()


def _fingerprint(data: params.Data, declared: dict[str, params.Source], tables: dict[str, Any]) -> str:
    """What the tables hold, whatever carried it: the same rows from files and from a database are the same."""
    meaning = {"timezone": data.timezone, "minor_digits": data.minor_digits}
    lines = [json.dumps(meaning, sort_keys=True)]
    for name in sorted(tables):
        lines.append(json.dumps([name, tables[name]["fingerprint"], sorted(declared[name].columns)]))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _notice(declared: dict[str, params.Source]) -> str:
    notices = {samples.notice(source.sample) for source in declared.values() if source.sample}
    return " ".join(sorted(notices - {""}))


def _drop_undeclared(paths: Paths, absent: list[str]) -> None:
    for name in absent:
        files.remove(paths.tables / name)
        files.remove(paths.rejected / f"{name}.parquet")


if __name__ == "__main__":
    main(run)
