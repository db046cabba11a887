"""``churn learning-curve``: whether more customers or more snapshots would make the model better."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.config import params
from pipeline.config.errors import NotEnoughData
from pipeline.config.paths import REPRO, Paths
from pipeline.evaluation import learning_curve
from pipeline.evaluation.learning_curve_plot import picture
from pipeline.examples import labelled
from pipeline.examples.features import model_features, without_money
from pipeline.model import split
from pipeline.tables import storage


def run(settings: params.Params, to: Path, paths: Paths = REPRO) -> Iterator[str]:
    """Train on ever more of the examples, and write what each model is worth as a table and a picture.

    The test snapshot is never looked at: models are judged at the latest cutoff whose outcomes were known on it.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    to
        The table (CSV); the picture comes beside it.
    paths
        Where the examples lie.

    Yields
    ------
    str
        One line per model, and what follows from them.
    """
    seen = model_features(settings.features, settings.sources)
    features = without_money(seen, settings.features, amounts_vary=labelled.amounts_vary(paths))
    names = [feature.name for feature in features]
    complete = labelled.complete_days(paths)
    cutoff = split.known_cutoffs(complete, settings.label, settings.evaluate.min_training_snapshots)[-1]
    learnt = labelled.read(paths, names, labelled.learnt(paths, settings.train.max_customers))
    judged = labelled.read(paths, names, labelled.judged(paths, settings.evaluate.max_customers))
    test = labelled.select_days(judged, [cutoff.test])
    labelled.refuse_one_sided({"test": test})
    taught = []
    for each in learning_curve.train_each(learnt, test, cutoff, features, (settings.label, settings.model)):
        taught.append(each)
        yield f"{each.customers:,} customers at {each.snapshots} snapshots: {each.rows:,} rows learnt from"
    if len(taught) < 2:
        raise NotEnoughData("too few training rows with either outcome to compare models taught more and less")
    curve = learning_curve.compare(taught, test, settings.evaluate.draws)
    storage.write_text(curve.write_csv(), to)
    storage.write_bytes(picture(curve), to.with_suffix(".png"))
    yield f"judged on {len(test):,} customers as of {cutoff.test}: {to}, {to.with_suffix('.png')}"
    yield from learning_curve.verdict(curve)
