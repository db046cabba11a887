"""Rolling origins: the whole recipe, repeated as it would have run at earlier times, judged on what came after."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import polars as pl
from threadpoolctl import threadpool_limits

from pipeline.config.params import Label, Model
from pipeline.evaluation import baselines
from pipeline.evaluation.bootstrap import Judged
from pipeline.examples.features import Feature
from pipeline.model import training
from pipeline.model.calibration import Calibration
from pipeline.model.split import Split


def judge_all(
    examples: pl.DataFrame, origins: list[Split], features: list[Feature], label: Label, settings: Model
) -> Iterator[Judged]:
    """Train and judge at every origin, ``num_threads`` of them at once.

    Parameters
    ----------
    examples
        Labelled examples of all complete snapshots.
    origins
        The splits, as `split.origins` makes them.
    features
        The features of the examples, as declared.
    label, settings
        ``params.yaml: label, model``.

    Yields
    ------
    Judged
        The model of that origin and all baselines on its test snapshot, none of which saw it.
    """

    def judge(teach: pl.DataFrame, test: pl.DataFrame, trained: training.Trained, alone: Model) -> Judged:
        return judged(teach, test, trained.probability(test), features, label, alone, trained.calibration)

    return _each(judge, examples, origins, features, label, settings)


def judge_models(
    examples: pl.DataFrame, origins: list[Split], features: list[Feature], label: Label, settings: Model
) -> Iterator[Judged]:
    """As `judge_all`, without the baselines."""

    def judge(_: pl.DataFrame, test: pl.DataFrame, trained: training.Trained, __: Model) -> Judged:
        return _judged(test, {"model": trained.probability(test)}, trained.calibration)

    return _each(judge, examples, origins, features, label, settings)


def _each(
    judge: Callable[[pl.DataFrame, pl.DataFrame, training.Trained, Model], Judged],
    examples: pl.DataFrame,
    origins: list[Split],
    features: list[Feature],
    label: Label,
    settings: Model,
) -> Iterator[Judged]:
    """What is judged of each origin, in their order; as many at once as there are threads.

    A single fit is too small to gain from a second thread, two fits beside each other gain all of it. Each keeps to one
    thread, since parallel sums differ in their last digits from run to run.
    """
    alone = settings.model_copy(update={"num_threads": 1})

    def one(origin: Split) -> Judged | None:
        parts = _trained(examples, origin, features, label, alone)
        return parts and judge(*parts, alone)

    with threadpool_limits(1), ThreadPoolExecutor(settings.num_threads) as pool:
        yield from (found for found in pool.map(one, origins) if found is not None)


def _trained(
    examples: pl.DataFrame, origin: Split, features: list[Feature], label: Label, settings: Model
) -> tuple[pl.DataFrame, pl.DataFrame, training.Trained] | None:
    """Training rows, test rows and the model that knows nothing of these; None where one part has one outcome only."""
    teach, later, test = (_at(examples, days) for days in (origin.train, [origin.validation], [origin.test]))
    if not all(_two_sided(part) for part in (teach, later, test)):
        return None
    known = examples.filter(pl.col("snapshot") <= origin.validation)
    return teach, test, training.train(teach, later, features, label, settings, known)


def judged(
    teach: pl.DataFrame,
    test: pl.DataFrame,
    probability: training.Array,
    features: list[Feature],
    label: Label,
    settings: Model,
    curve: Calibration,
) -> Judged:
    """The model's probabilities, by that curve, beside those of all baselines, fitted on the same training rows."""
    names = [feature.name for feature in features]
    rules = baselines.fit_all(teach, training.outcomes(teach), names, label, settings)
    scored = {"model": probability} | {rule.name: rule.probability(test) for rule in rules}
    return _judged(test, scored, curve)


def _judged(test: pl.DataFrame, scored: dict[str, training.Array], curve: Calibration) -> Judged:
    keys, seasonal = test["customer_key"].cast(pl.Int64).to_numpy(), curve.season is not None
    return Judged(str(test["snapshot"][0]), keys, training.outcomes(test), scored, seasonal, curve.level_error)


def _at(examples: pl.DataFrame, days: list[date]) -> pl.DataFrame:
    return examples.filter(pl.col("snapshot").is_in(days))


def _two_sided(part: pl.DataFrame) -> bool:
    """Whether some churned and some stayed; else there is nothing to learn or to judge there."""
    return part["churned"].n_unique() == 2
