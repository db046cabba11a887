"""``churn check``: do settings, playbooks and data fit together? Fails on the first thing that cannot work."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from pipeline import sql
from pipeline.config import params
from pipeline.config.paths import PLAYBOOKS, REPRO
from pipeline.examples import snapshots as calendar
from pipeline.examples.features import Feature, evidence_only_features, model_features
from pipeline.i18n import OWNER
from pipeline.i18n.company_catalogs import load_translator
from pipeline.model import data_requirements
from pipeline.playbooks import dry_run, lint
from pipeline.playbooks.config import limits, playbook, playbooks_file, restrictions
from pipeline.playbooks.rules import matching
from pipeline.playbooks.rules.vocabulary import vocabulary
from pipeline.sources import Raw, open_source
from pipeline.tables import coherence, dry_ingest, forgotten, loading, schemas, storage
from pipeline.tables.counts import Counts, describe
from pipeline.tables.ingest_cache import IngestCache
from pipeline.value import customer_value
from pipeline.week import candidates


def run() -> Iterator[str]:
    """Check everything that can be checked, the rows of files too; one line per thing found right."""
    settings = params.load()
    yield "params.yaml: all sections are right"
    yield from _sources(settings)
    features = model_features(settings.features, settings.sources)
    yield f"features: {len(features)} that the declared columns can carry"
    yield from data_requirements.treatments(features)
    yield from _playbooks(settings, [*features, *evidence_only_features(settings.features, settings.sources)])
    days = calendar.snapshot_days(settings.snapshots)
    complete = [day for day in days if calendar.is_complete(day, settings.label, settings.snapshots.observed_until)]
    yield f"snapshots: {len(days)} from {days[0]} to {days[-1]}, {len(complete)} of them complete"


def _sources(settings: params.Params) -> Iterator[str]:
    rows = dict[str, coherence.Rows]()
    with (
        TemporaryDirectory(prefix="churn-") as folder,
        sql.connect(settings.storage.threads, settings.storage.memory_gb) as engine,
    ):
        for name, source in settings.sources.declared().items():
            schemas.check_mapping(name, source.columns)
            raw = open_source(engine, name, source)
            yield from _not_seen(name, source, raw)
            mapped = f"{len(source.columns)} of {len(raw.types) - 1} columns mapped"
            words = ""
            if source.path:
                counts, staged = _take_in(engine, name, raw, settings, Path(folder))
                rows[name] = coherence.rows_of(engine, staged.good)
                words = f"; {describe(counts.as_report(), settings.data)}"
            yield f"sources.{name}: {raw.description}, {mapped}{words}"
        yield from _coherence(engine, rows, settings.coherence)


def _not_seen(name: str, source: params.Source, raw: Raw) -> Iterator[str]:
    if source.path and not Path(source.path).is_relative_to("raw"):
        yield f"sources.{name}: {source.path} lies outside raw/, so dvc repro does not see when it changes"
    if source.sql:
        yield (
            f"sources.{name}: dvc repro does not see when {raw.description} changes; fetch it again with: "
            "dvc repro --force ingest"
        )


def _take_in(
    engine: duckdb.DuckDBPyConnection, name: str, raw: Raw, settings: params.Params, folder: Path
) -> tuple[Counts, loading.Staged]:
    """What would become of the rows, which are read as ingest reads them; files stay read for it."""
    cache = IngestCache(REPRO.ingest_cache, settings.storage.keep_read_days)
    place = loading.Place(folder, cache, forgotten.read(REPRO.forgotten))
    shown = REPRO.kept_rejected / f"{name}.parquet"
    source = settings.sources.declared()[name]
    return dry_ingest.take_in(engine, schemas.TABLES[name], raw, (source, settings.data), place, shown)


def _coherence(
    engine: duckdb.DuckDBPyConnection, rows: dict[str, coherence.Rows], settings: params.Coherence
) -> Iterator[str]:
    """Whether the tables agree with each other, as far as they are files."""
    if "transactions" not in rows:
        return
    lines = coherence.refuse_or_describe(coherence.examine(engine, rows, settings), settings)
    yield from (f"WARNING {line}" for line in lines)
    if not lines:
        yield (
            f"coherence: {', '.join(rows)} agree with each other" if len(rows) > 1 else "coherence: no customer is odd"
        )


def _playbooks(settings: params.Params, features: list[Feature]) -> Iterator[str]:
    """The playbooks by themselves, beside the declared columns, and beside the scores, where there are any."""
    names = vocabulary(settings.score, settings.features)
    content = params.read_playbooks(PLAYBOOKS)
    playbooks = playbooks_file.parse(content, names)
    there_is = limits.parse(content, playbooks)
    playbooks_file.check_currency(content, settings.data.currency)
    restrictions.check_against(playbooks, settings.guards)
    lint.refuse(playbooks, names, settings.score, there_is)
    yield f"playbooks.yaml: {len(playbooks)} playbooks"
    yield from _translations(settings.language, playbooks)
    causes = {cause for feature in features for cause in feature.causes}
    never = lint.never(playbooks, names, settings.sources, {feature.family for feature in features}, causes)
    for name, why in never.items():
        yield f"playbooks.{name}: can never hold, since {why}"
    if storage.bucket_files(REPRO.scores):
        yield from _dry_run(settings, {name: book for name, book in playbooks.items() if name not in never})


def _dry_run(settings: params.Params, playbooks: dict[str, playbook.Playbook]) -> Iterator[str]:
    """What the playbooks would do with the scores there are, if these are the ones a list would be made from."""
    scored = storage.read_parquet(storage.bucket_files(REPRO.scores)[0])
    day = settings.snapshots.as_of
    if not {"as_of", "customer_key"} <= set(scored.columns) or not scored["as_of"].eq(day).all():
        yield f"{REPRO.scores}: not made for {day} as params.yaml says; to try the playbooks on scores, run: dvc repro"
        return
    looked_at = set().union(*(matching.columns(book.when) for book in playbooks.values()))
    worth = partial(customer_value.former_value, label=settings.label, settings=settings.score)
    yield from dry_run.notes(candidates.read(REPRO, day, looked_at, worth), playbooks, settings.data.currency)


def _translations(settings: params.LanguageSettings, playbooks: dict[str, playbook.Playbook]) -> Iterator[str]:
    """What is worth knowing before a list is told in other languages: texts without a translation, unknown owners."""
    translator = load_translator(settings)
    for catalog in (translator.usual, *(catalog for catalog, _ in translator.owners)):
        texts = {name: [text for text in (book.action, book.caution) if text] for name, book in playbooks.items()}
        own = [name for name, sentences in texts.items() if any(catalog.text(text) == text for text in sentences)]
        if own and catalog.language != "en":
            yield f"language: {catalog.language} tells {', '.join(own)} as written; docs/words.md says how to translate"
    scores = storage.bucket_files(REPRO.scores)
    if settings.by_owner and scores:
        owners = set(storage.read_buckets(REPRO.scores, [OWNER])[OWNER].drop_nulls().to_list())
        for name in sorted(set(settings.by_owner) - owners):
            yield f"language.by_owner: {name!r} is the owner of no customer scored"
