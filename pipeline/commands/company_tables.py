"""The ingested tables of the company that ``params.yaml`` describes; made for this once where there are none."""

from collections.abc import Collection
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.config import params
from pipeline.config.errors import BadData
from pipeline.config.paths import Paths
from pipeline.stages import run_stage, s1_ingest
from pipeline.tables import storage


def find(settings: params.Params, paths: Paths, names: Collection[str], stack: ExitStack) -> Paths:
    """Where the tables lie: as ingested, if they are of this company; else in a folder that goes with `stack`.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    paths
        Where `dvc repro` keeps tables.
    names
        The tables that are needed, as far as the company declares them; no other is read for this once.
    stack
        What is made for this once goes when it ends.
    """
    there = paths.ingest_report.is_file() and bool(storage.bucket_files(paths.tables / "transactions"))
    if there and storage.read_json(paths.ingest_report)["company"] == settings.data.name:
        return paths
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="churn-")))
    own = Paths(data=folder / "data", models=folder / "models", reports=folder / "reports", exports=folder / "exports")
    wanted = {name: source for name, source in settings.sources.declared().items() if name in names}
    try:
        run_stage(s1_ingest, settings.model_copy(update={"sources": params.Sources(**wanted)}), own)
    except BadData as error:
        # What is refused here is not kept; the stage keeps it.
        kept = f"see {paths.kept_rejected}"
        raise BadData(str(error).replace(kept, f"run churn stage ingest and {kept}")) from None
    return own


def known_until(paths: Paths, place: Paths) -> date:
    """The day after the last one in the data.

    Parameters
    ----------
    paths
        Where `dvc repro` keeps tables.
    place
        Where they were found, by `find`.
    """
    file = paths.ingest_report if place.data == paths.data else place.data.parent / "reports" / paths.ingest_report.name
    return date.fromisoformat(storage.read_json(file)["last_day"]) + timedelta(days=1)
