"""Examples with features that are not declared yet: to find out whether one pays before it is kept."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from pipeline.config.errors import BadParams
from pipeline.config.params import Params
from pipeline.config.paths import Paths
from pipeline.examples import build
from pipeline.examples.features import Feature, Formula, available
from pipeline.tables import storage


def build_examples(paths: Paths, settings: Params, new: Sequence[Feature], days: Sequence[date]) -> pl.DataFrame:
    """Return the examples of some days with further features, by the pipeline's own function of one bucket.

    Parameters
    ----------
    paths
        Where the canonical tables are. Nothing is written there.
    settings
        The whole of ``params.yaml``.
    new
        Declared as in `pipeline.examples.features`; formulas may use each other and all that is there.
    days
        The snapshots.

    Raises
    ------
    BadParams
        A name is taken, or a formula rests on a feature that nobody declares.
    """
    declared = available(settings.features, settings.sources)
    known = {feature.name for feature in declared}
    for feature in new:
        if feature.name in known:
            raise BadParams(f"the feature {feature.name!r} is there already; take another name")
    names = known | {feature.name for feature in new}
    for feature in new:
        missing = sorted(set(feature.how.inputs) - names) if isinstance(feature.how, Formula) else []
        if missing:
            raise BadParams(f"the feature {feature.name!r} rests on {missing[0]!r}, which is declared nowhere")
    with TemporaryDirectory(prefix="churn-") as folder:
        for bucket in range(len(storage.bucket_files(paths.tables / "transactions"))):
            build.build(
                build.Job(
                    bucket, paths.tables, Path(folder), list(days), settings.snapshots, settings.label,
                    [*declared, *new], settings.data.minor_digits, settings.storage.threads,
                    settings.storage.memory_gb, paths.market,
                )
            )  # fmt: skip
        return storage.read_buckets(Path(folder))
