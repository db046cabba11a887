"""Rolling origins: the whole recipe, repeated as it would have run at earlier times, judged on what came after."""

from collections.abc import Iterator
from datetime import date

import polars as pl

from pipeline.examples.features import Feature
from pipeline.model import baselines, training
from pipeline.model.intervals import Judged
from pipeline.model.split import Split
from pipeline.params import Label, Model


def judge_all(
    examples: pl.DataFrame, origins: list[Split], features: list[Feature], label: Label, settings: Model
) -> Iterator[Judged]:
    """Train and judge at every origin.

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
    for teach, test, trained in _models(examples, origins, features, label, settings):
        in_season = trained.calibration.season is not None
        yield judged(teach, test, trained.probability(test), features, label, settings, in_season=in_season)


def judge_models(
    examples: pl.DataFrame, origins: list[Split], features: list[Feature], label: Label, settings: Model
) -> Iterator[Judged]:
    """As `judge_all`, without the baselines."""
    for _, test, trained in _models(examples, origins, features, label, settings):
        yield _judged(test, {"model": trained.probability(test)})


def _models(
    examples: pl.DataFrame, origins: list[Split], features: list[Feature], label: Label, settings: Model
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, training.Trained]]:
    """Training rows, test rows and the model that knows nothing of these, origin by origin."""
    for origin in origins:
        teach, later, test = (_at(examples, days) for days in (origin.train, [origin.validation], [origin.test]))
        if all(_two_sided(part) for part in (teach, later, test)):
            known = examples.filter(pl.col("snapshot") <= origin.validation)
            yield teach, test, training.train(teach, later, features, label, settings, known)


def judged(
    teach: pl.DataFrame,
    test: pl.DataFrame,
    probability: training.Array,
    features: list[Feature],
    label: Label,
    settings: Model,
    *,
    in_season: bool = False,
) -> Judged:
    """The model's probabilities beside those of all baselines, fitted on the same training rows."""
    names = [feature.name for feature in features]
    rules = baselines.fit_all(teach, training.outcomes(teach), names, label, settings)
    scored = {"model": probability} | {rule.name: rule.probability(test) for rule in rules}
    return _judged(test, scored, in_season=in_season)


def _judged(test: pl.DataFrame, scored: dict[str, training.Array], *, in_season: bool = False) -> Judged:
    keys = test["customer_key"].cast(pl.Int64).to_numpy()
    return Judged(str(test["snapshot"][0]), keys, training.outcomes(test), scored, in_season)


def _at(examples: pl.DataFrame, days: list[date]) -> pl.DataFrame:
    return examples.filter(pl.col("snapshot").is_in(days))


def _two_sided(part: pl.DataFrame) -> bool:
    """Whether some churned and some stayed; else there is nothing to learn or to judge there."""
    return part["churned"].n_unique() == 2
