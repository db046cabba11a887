"""``churn check``: do settings, playbooks and data fit together? Fails on the first thing that cannot work."""

from collections.abc import Iterator
from pathlib import Path

from pipeline import params, sql
from pipeline.errors import BadPlaybooks
from pipeline.examples import snapshots as calendar
from pipeline.examples.features import families, model_features
from pipeline.model import contract
from pipeline.paths import PLAYBOOKS
from pipeline.playbooks import declared, declared_checks
from pipeline.sources import open_source
from pipeline.tables import schemas


def run() -> Iterator[str]:
    """Check everything that can be checked without reading the data; one line per thing found right."""
    settings = params.load()
    yield "params.yaml: all sections are right"
    yield from _sources(settings)
    features = model_features(settings.features, settings.sources)
    yield f"features: {len(features)} that the declared columns can carry"
    yield from contract.treatments(features)
    playbooks = declared.parse(params.read_yaml(PLAYBOOKS, BadPlaybooks), settings.score, families(settings.features))
    declared_checks.check_against(playbooks, settings.guards)
    yield f"playbooks.yaml: {len(playbooks)} playbooks"
    yield from _for_nobody(playbooks, {feature.family for feature in features})
    days = calendar.snapshot_days(settings.snapshots)
    complete = [day for day in days if calendar.is_complete(day, settings.label, settings.snapshots.observed_until)]
    yield f"snapshots: {len(days)} from {days[0]} to {days[-1]}, {len(complete)} of them complete"


def _sources(settings: params.Params) -> Iterator[str]:
    for name, source in settings.sources.declared().items():
        schemas.check_mapping(name, source.columns)
        with sql.connect(settings.storage.threads, settings.storage.memory_gb) as engine:
            raw = open_source(engine, name, source)
        if source.path and not Path(source.path).is_relative_to("raw"):
            yield f"sources.{name}: {source.path} lies outside raw/, so dvc repro does not see when it changes"
        if source.sql:
            yield (
                f"sources.{name}: dvc repro does not see when {raw.words} changes; fetch it again with: "
                "dvc repro --force ingest"
            )
        yield f"sources.{name}: {raw.words}, {len(source.columns)} of {len(raw.types) - 1} columns mapped"


def _for_nobody(playbooks: dict[str, declared.Playbook], carried: set[str]) -> Iterator[str]:
    """Playbooks that wait for a reason the declared columns can never give."""
    for name, playbook in playbooks.items():
        for asked in (playbook.when.reasons, playbook.when.first_reason):
            if asked is not None and not carried & set(asked):
                yield f"playbooks.{name}: is for nobody, since the declared columns carry no reason {', '.join(asked)}"
