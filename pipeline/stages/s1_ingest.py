"""Stage 1 - ingest: raw files -> canonical tables in buckets, and refused rows with the rule they broke."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from pipeline import sql
from pipeline.config import params
from pipeline.config.errors import BadData
from pipeline.config.paths import REPRO, Paths
from pipeline.sources import open_source, samples
from pipeline.stages import main
from pipeline.tables import buckets, coherence, forgotten, loading, refusals, repeats, schemas
from pipeline.tables import storage as files
from pipeline.tables.counts import describe
from pipeline.tables.ingest_cache import IngestCache


@dataclass(frozen=True)
class Settings:
    """The sections of ``params.yaml`` this stage depends on."""

    data: params.Data
    sources: params.Sources
    coherence: params.Coherence
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
        rows = dict[str, coherence.Rows]()
        for name in declared:
            table = schemas.TABLES[name]
            report["tables"][name], rows[name] = _ingest(engine, table, settings, paths, place, report)
        findings = coherence.examine(engine, rows, settings.coherence)
        warnings = coherence.refuse_or_describe(findings, settings.coherence)
        place.cache.prune()
    report["coherence"] = [asdict(finding) for finding in findings]
    report["fingerprint"] = _fingerprint(settings.data, declared, report["tables"])
    report["first_day"], report["last_day"] = loading.first_and_last_day(paths.tables / "transactions")
    report["amounts_vary"] = loading.amounts_vary(paths.tables / "transactions")
    report["forgotten_customers"] = len(left_out.days)
    report["absent"] = [name for name in schemas.TABLES if name not in declared]
    _drop_undeclared(paths, report["absent"])
    files.write_json(report, paths.ingest_report)
    counted = [f"{name}: {describe(counts, settings.data)}" for name, counts in report["tables"].items()]
    return "; ".join([*counted, *(f"WARNING {line}" for line in warnings)])


def _ingest(
    engine: duckdb.DuckDBPyConnection,
    table: schemas.Table,
    settings: Settings,
    paths: Paths,
    place: loading.Place,
    report: dict[str, Any],
) -> tuple[dict[str, Any], coherence.Rows]:
    source, data = settings.sources.declared()[table.name], settings.data
    schemas.check_mapping(table.name, source.columns)
    raw = open_source(engine, table.name, source, place.folder)
    staged = loading.stage(engine, table, source, raw, data, place)
    refusals.refuse_if_unclear(engine, table, source, raw, staged)
    kept = paths.rejected / f"{table.name}.parquet"
    by_rule = loading.keep_rejected(engine, table, staged, kept)
    shown = paths.kept_rejected / kept.name
    weight = refusals.refuse_if_too_many(engine, table, staged, by_rule, (source, data), shown)
    # Transactions come first and decide; the other tables lie beside them.
    report["buckets"] = report["buckets"] or buckets.number_of_buckets(settings.storage, staged.read)
    policy = repeats.find_policy(engine, table, source, sql.parquet(staged.files), staged.read)
    written = loading.spread(engine, table, staged, paths.tables / table.name, report["buckets"], policy)
    rejected = sum(by_rule.values())
    if written.good != staged.read - rejected - staged.apart.rows:
        raise BadData(
            f"sources.{table.name}: the counts do not add up: {staged.read} rows read, {rejected} refused, "
            f"{written.good} good ones written or taken for repetitions"
        )
    counts = written.as_counts(staged.read, by_rule, weight.amount, staged.apart).as_report()
    return counts, coherence.rows_of(engine, staged.good)


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
