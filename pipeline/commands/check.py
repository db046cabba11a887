"""``churn check``: do settings, playbooks and data fit together? Fails on the first thing that cannot work."""

from collections.abc import Iterator
from functools import partial

from pipeline.commands import check_sources
from pipeline.config import params
from pipeline.config.paths import PLAYBOOKS, REPRO
from pipeline.examples import snapshots as calendar
from pipeline.examples.features import Feature, model_features, unseen_features
from pipeline.i18n import OWNER
from pipeline.i18n.company_catalogs import load_translator
from pipeline.model import data_requirements, split
from pipeline.playbooks import dry_run, lint
from pipeline.playbooks.config import limits, playbook, playbooks_file, restrictions
from pipeline.playbooks.rules import matching
from pipeline.playbooks.rules.vocabulary import vocabulary
from pipeline.tables import storage
from pipeline.value import customer_value
from pipeline.week import candidates


def run() -> Iterator[str]:
    """Check everything that can be checked, the rows of files too; one line per thing found right."""
    settings = params.load()
    yield "params.yaml: all sections are right"
    yield from check_sources.run(settings)
    features = model_features(settings.features, settings.sources)
    yield f"features: {len(features)} that the declared columns can carry"
    yield from data_requirements.treatments(features)
    yield from _playbooks(settings, [*features, *unseen_features(settings.features, settings.sources)])
    days = calendar.snapshot_days(settings.snapshots)
    complete = [day for day in days if calendar.is_complete(day, settings.label, settings.snapshots.observed_until)]
    is_prior = settings.model.prior == "packaged" and complete and not split.has_parts(complete, settings.label)
    if not is_prior:
        split.by_time(complete, settings.label)
    yield f"snapshots: {len(days)} from {days[0]} to {days[-1]}, {len(complete)} of them complete"
    if is_prior:
        yield f"model.prior: that is too few to learn from, so the packaged prior ranks; it is graded on {complete[-1]}"


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
