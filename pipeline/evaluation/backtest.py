"""Rolling origins: the whole recipe, repeated as it would have run at earlier times, judged on what came after."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import polars as pl
from threadpoolctl import threadpool_limits

from pipeline import progress
from pipeline.config.params import Label, Model
from pipeline.evaluation import baselines
from pipeline.evaluation.bootstrap import ScoredSnapshot
from pipeline.examples import labelled
from pipeline.examples.features import Feature
from pipeline.model import training
from pipeline.model.calibration import Calibration
from pipeline.model.split import Split


def backtest_all_models(
    examples: pl.DataFrame, cutoffs: list[Split], features: list[Feature], label: Label, settings: Model
) -> Iterator[ScoredSnapshot]:
    """Train and judge at every origin, ``num_threads`` of them at once.

    Parameters
    ----------
    examples
        Labelled examples of all complete snapshots.
    cutoffs
        The splits, as `split.cutoffs` makes them.
    features
        The features of the examples, as declared.
    label, settings
        ``params.yaml: label, model``.

    Yields
    ------
    ScoredSnapshot
        The model of that origin and all baselines on its test snapshot, none of which saw it.
    """
    alone = _on_one_thread(settings)
    return _each(lambda train, test: score_baselines(train, test, features, label, alone), examples, cutoffs, features,
                 label, settings)  # fmt: skip


def backtest_beside_rules(
    examples: pl.DataFrame, cutoffs: list[Split], features: list[Feature], label: Label, settings: Model
) -> Iterator[ScoredSnapshot]:
    """As `backtest_all_models`, beside the simple baselines only: the others cost as much as the model itself."""

    def rivals(train: pl.DataFrame, test: pl.DataFrame) -> dict[str, training.Array]:
        return _probabilities(baselines.fit_simple(train, training.outcomes(train), label), test)

    return _each(rivals, examples, cutoffs, features, label, settings)


def backtest_model(
    examples: pl.DataFrame, cutoffs: list[Split], features: list[Feature], label: Label, settings: Model
) -> Iterator[ScoredSnapshot]:
    """As `backtest_all_models`, without the baselines."""
    return _each(lambda *_: {}, examples, cutoffs, features, label, settings)


def _each(
    rivals: Callable[[pl.DataFrame, pl.DataFrame], dict[str, training.Array]],
    examples: pl.DataFrame,
    cutoffs: list[Split],
    features: list[Feature],
    label: Label,
    settings: Model,
) -> Iterator[ScoredSnapshot]:
    """The model and its rivals at each origin, in their order; as many at once as there are threads.

    A single fit is too small to gain from a second thread, two fits beside each other gain all of it. Each keeps to one
    thread, since parallel sums differ in their last digits from run to run.
    """
    alone = _on_one_thread(settings)
    fits = _Fits(examples, cutoffs, features, label, alone)

    def one(position: int) -> ScoredSnapshot | None:
        first, (train_examples, later, test) = fits.first(position), fits.parts(position)
        if first is None:
            return None
        known = examples.filter(pl.col("snapshot") <= cutoffs[position].validation)
        final = training.refit(first, known, features, alone, fits.on_known(position))
        trained = training.calibrate(first, final, later, known, label, alone)
        scored = {"model": trained.probability(test)} | rivals(train_examples, test)
        return scored_snapshot(test, scored, trained.calibration)

    with threadpool_limits(1), ThreadPoolExecutor(settings.num_threads) as pool:
        each = progress.tracked(pool.map(one, range(len(cutoffs))), "backtest", "cutoff", len(cutoffs))
        yield from (scored for scored in each if scored is not None)


class _Fits:
    """The first fit at each cutoff, made once: a later cutoff's is also the second fit of an earlier one.

    What was known at a cutoff are the training rows of the cutoff an outcome window later. Its fit is made when the
    earlier one asks for it, and kept: half of all fits are saved.
    """

    def __init__(
        self, examples: pl.DataFrame, cutoffs: list[Split], features: list[Feature], label: Label, settings: Model
    ) -> None:
        self._examples, self._cutoffs, self._how = examples, cutoffs, (features, label, settings)
        self._days = examples["snapshot"].unique().sort().to_list()
        self._locks = [Lock() for _ in cutoffs]
        self._made: dict[int, training.Fit | None] = {}

    def parts(self, position: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Training, validation and test rows."""
        return _parts(self._examples, self._cutoffs[position])

    def first(self, position: int) -> training.Fit | None:
        """Made by whoever asks first, while others wait; None where a part has one outcome only."""
        with self._locks[position]:
            if position not in self._made:
                parts = self.parts(position)
                able = all(_two_sided(part) for part in parts)
                self._made[position] = training.fit(parts[0], parts[1], *self._how) if able else None
            return self._made[position]

    def on_known(self, position: int) -> training.Fit | None:
        """The fit of the later cutoff whose training rows are all that was known at this one."""
        known = [day for day in self._days if day <= self._cutoffs[position].validation]
        same = [later for later, cutoff in enumerate(self._cutoffs) if cutoff.train == known]
        return self.first(same[0]) if same else None


def _on_one_thread(settings: Model) -> Model:
    return settings.model_copy(update={"num_threads": 1})


def train_until(
    cutoff: Split, examples: pl.DataFrame, features: list[Feature], label: Label, settings: Model
) -> tuple[pl.DataFrame, pl.DataFrame, training.Trained] | None:
    """Training rows, test rows and the model that knows nothing of these; None where one part has one outcome only."""
    train_examples, later, test = _parts(examples, cutoff)
    if not all(_two_sided(part) for part in (train_examples, later, test)):
        return None
    known = examples.filter(pl.col("snapshot") <= cutoff.validation)
    return train_examples, test, training.train(train_examples, later, features, label, settings, known)


def _parts(examples: pl.DataFrame, cutoff: Split) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    train_examples, later, test = (
        labelled.select_days(examples, days) for days in (cutoff.train, [cutoff.validation], [cutoff.test])
    )
    return train_examples, later, test


def score_baselines(
    train_examples: pl.DataFrame, test: pl.DataFrame, features: list[Feature], label: Label, settings: Model
) -> dict[str, training.Array]:
    """The probabilities of all baselines, fitted on the same training rows as the model; by name."""
    names = [feature.name for feature in features]
    rules = baselines.fit_all(train_examples, training.outcomes(train_examples), names, label, settings)
    return _probabilities(rules, test)


def score_in_hindsight(test: pl.DataFrame, label: Label) -> dict[str, training.Array]:
    """The simple baselines of a company without an earlier snapshot to learn from: fitted to what they are judged on.

    They know what they cannot know, so a model that is ahead of them all the same has earned it.
    """
    return _probabilities(baselines.fit_simple(test, training.outcomes(test), label), test)


def _probabilities(rules: list[baselines.Baseline], test: pl.DataFrame) -> dict[str, training.Array]:
    return {rule.name: rule.probability(test) for rule in rules}


def scored_snapshot(test: pl.DataFrame, scored: dict[str, training.Array], curve: Calibration) -> ScoredSnapshot:
    """A snapshot with the probabilities of the model, which that curve calibrated, and of what it is compared with."""
    keys, seasonal = test["customer_key"].cast(pl.Int64).to_numpy(), curve.season is not None
    return ScoredSnapshot(str(test["snapshot"][0]), keys, training.outcomes(test), scored, seasonal, curve.level_error)


def _two_sided(part: pl.DataFrame) -> bool:
    """Whether some churned and some stayed; else there is nothing to learn or to judge there."""
    return part["churned"].n_unique() == 2
