"""What a company has to bring for a model to mean anything: refusals say what is needed, warnings what follows."""

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from pipeline.config.errors import NotEnoughData
from pipeline.config.params import DataRequirements, Label, Snapshots
from pipeline.examples.features import Feature
from pipeline.examples.features.reach import reaches

FIRST_ORDER, ONE_TIME = "days_since_first_order", "is_one_time_buyer"
# Fewer training snapshots than this see one season, or one campaign.
FEW_SNAPSHOTS = 3


def check(
    parts: dict[str, pl.DataFrame],
    features: list[Feature],
    snapshots: Snapshots,
    label: Label,
    limits: DataRequirements,
) -> list[str]:
    """Refuse what is too little to learn from, and warn of what is doubtful.

    Parameters
    ----------
    parts
        Labelled examples of the training, validation and test snapshots, in this order.
    features
        The features the data can carry, with the parts their formulas rest on.
    snapshots, label, limits
        ``params.yaml: snapshots, label, contract``.

    Returns
    -------
    list of str
        Sentences, each with its consequence.

    Raises
    ------
    NotEnoughData
        Too few customers, churners or customers who stayed in a part, or too short a history.
    """
    last = list(parts.values())[-1]
    prior = "" if _lacks(last, _of_outcomes(limits)) else ", or model.prior: packaged"
    for name, examples in parts.items():
        _refuse_few(name, examples, limits, prior)
    train_examples = next(iter(parts.values()))
    everything = pl.concat([examples.select("snapshot", FIRST_ORDER) for examples in parts.values()])
    refuse_short(_first_day(everything), snapshots, label, limits)
    return [
        *_windows(train_examples, features),
        *_missing(train_examples, features, limits),
        *_one_time(parts, limits),
        *_rates(parts, label, limits),
        *_few_snapshots(train_examples),
        *treatments(features),
    ]


def check_one(examples: pl.DataFrame, snapshots: Snapshots, label: Label, limits: DataRequirements) -> list[str]:
    """The same of the one snapshot that the packaged prior is graded on; it has learnt from none.

    How many customers there are is no matter: enough of both outcomes say how well they are ranked, and the interval of
    the grade says how sure that is.

    Parameters
    ----------
    examples
        Its labelled examples.
    snapshots, label, limits
        As in `check`.
    """
    _refuse_few("test", examples, _of_outcomes(limits))
    refuse_short(_first_day(examples), snapshots, label, limits)
    parts = {"test": examples}
    return [*_one_time(parts, limits), *_rates(parts, label, limits)]


def treatments(features: list[Feature]) -> Iterator[str]:
    """What follows from letting the model see what the company chose to do."""
    seen = [feature.name for feature in features if feature.is_treatment and not feature.is_part]
    if seen:
        yield (
            f"{_features(len(seen))} of what the company chose to do, such as {seen[0]}, "
            f"{'is' if len(seen) == 1 else 'are'} seen by the model (features.allow_treatment): it learns your "
            "own choices, its probabilities hold only while you go on choosing so, and its reasons may blame a contact "
            "for what the contact was sent against"
        )


def _refuse_few(name: str, examples: pl.DataFrame, limits: DataRequirements, instead: str = "") -> None:
    for kind, (count, least) in _lacks(examples, limits).items():
        raise NotEnoughData(
            f"the {name} snapshots hold {count:,} {kind}, and {least:,} are needed "
            "(params.yaml: data_requirements): "
            f"{_instead(kind)}{instead}"
        )


def _of_outcomes(limits: DataRequirements) -> DataRequirements:
    """Of a part that is only graded."""
    return limits.model_copy(update={"min_customers": 1})


def _lacks(examples: pl.DataFrame, limits: DataRequirements) -> dict[str, tuple[int, int]]:
    """What a part holds too few of: how many there are, and how many are needed.

    Customers, not rows: the rows of one customer at several snapshots are not independent.
    """
    counts = {
        "customers": (examples, limits.min_customers),
        "churners": (examples.filter(pl.col("churned") == 1), limits.min_churners),
        "customers who stayed": (examples.filter(pl.col("churned") == 0), limits.min_stayed),
    }
    there_are = {kind: (rows["customer_key"].n_unique(), least) for kind, (rows, least) in counts.items()}
    return {kind: (count, least) for kind, (count, least) in there_are.items() if count < least}


def _instead(kind: str) -> str:
    more = "bring more customers; see churn suggest"
    if kind == "churners":
        return f"take a shorter label.horizon_days or a longer snapshots.active_days, or {more}"
    if kind == "customers":
        return f"take a longer snapshots.active_days, or {more}"
    return f"take a longer label.horizon_days, or {more}"


def _first_day(examples: pl.DataFrame) -> date:
    """The first purchase of anybody who was ever eligible."""
    ago = examples.group_by("snapshot").agg(pl.col(FIRST_ORDER).max()).sort("snapshot")
    firsts: list[date] = [day - timedelta(days=days) for day, days in ago.iter_rows()]
    return min(firsts)


def refuse_short(first: date, snapshots: Snapshots, label: Label, limits: DataRequirements) -> None:
    """Refuse a history that is too short to see customers leave.

    Raises
    ------
    NotEnoughData
        From the first purchase to the end of the data there are too few days.
    """
    outcome = label.gap_days + label.horizon_days
    longest, name = max((snapshots.active_days, "snapshots.active_days"), (outcome, "label.gap_days + horizon_days"))
    days, needed = (snapshots.observed_until - first).days, limits.min_histories * longest
    if days < needed:
        raise NotEnoughData(
            f"there are {days} days from the first purchase ({first}) to snapshots.observed_until "
            f"({snapshots.observed_until}), and {needed:g} are needed, {limits.min_histories:g} times {name} "
            f"({longest}): bring more history or shorten that; see churn suggest"
        )


def _windows(train_examples: pl.DataFrame, features: list[Feature]) -> Iterator[str]:
    """A window longer than the history counts less at the first snapshot than at the last one."""
    first: date = min(train_examples["snapshot"].unique().to_list())
    seen: int = max(train_examples.filter(pl.col("snapshot") == first)[FIRST_ORDER].to_list())
    reach = reaches(features)
    wide = [(f.name, days) for f in features if not f.is_part and (days := reach[f.name]) is not None and days > seen]
    if wide:
        name, days = wide[0]
        yield (
            f"{_features(len(wide))} can look back further than the {seen} days of history at the first training "
            f"snapshot {first}: {name} holds {seen} days there and up to {days} at as_of, so what was learnt of it "
            "shifts; set a later snapshots.first once there is more history"
        )


def _features(count: int) -> str:
    return f"{count} feature{'' if count == 1 else 's'}"


def _missing(train_examples: pl.DataFrame, features: list[Feature], limits: DataRequirements) -> Iterator[str]:
    shares = {f.name: train_examples[f.name].null_count() / len(train_examples) for f in features if not f.is_part}
    sparse = sorted(((share, name) for name, share in shares.items() if share > limits.max_missing_share), reverse=True)
    if sparse:
        examples = ", ".join(f"{name} ({share:.0%})" for share, name in sparse[:3])
        yield (
            f"{_features(len(sparse))} without a value for more than {limits.max_missing_share:.0%} of the training "
            f"rows ({examples}): they speak of few customers, and of the others nothing can be told by them"
        )


def _one_time(parts: dict[str, pl.DataFrame], limits: DataRequirements) -> Iterator[str]:
    name, examples = list(parts.items())[-1]
    share = _mean(examples, ONE_TIME)
    if share > limits.max_one_time_share:
        yield (
            f"{share:.0%} of the customers of the {name} snapshot bought once only: they have no rhythm to fall out "
            "of, so the ranking among them is weak; judge it by evaluate.segments, tier one-time"
        )


def _rates(parts: dict[str, pl.DataFrame], label: Label, limits: DataRequirements) -> Iterator[str]:
    for name, examples in parts.items():
        rate = _mean(examples, "churned")
        if rate < limits.min_churn_rate:
            yield (
                f"only {rate:.1%} churn within {label.horizon_days} days at the {name} snapshots: most of a list of "
                "any length will be customers who stay; a shorter horizon finds more, try churn suggest"
            )
        if rate > limits.max_churn_rate:
            yield (
                f"{rate:.1%} churn within {label.horizon_days} days at the {name} snapshots: the list would hold "
                "nearly everybody; a longer horizon tells more, try churn suggest"
            )


def _few_snapshots(train_examples: pl.DataFrame) -> Iterator[str]:
    days = train_examples["snapshot"].n_unique()
    if days < FEW_SNAPSHOTS:
        yield (
            f"there {'is' if days == 1 else 'are'} {days} training snapshot{'' if days == 1 else 's'}: a season or a "
            "campaign of those weeks is learnt as if it were always so; set an earlier snapshots.first"
        )


def _mean(examples: pl.DataFrame, column: str) -> float:
    return int(examples[column].cast(pl.Int64).sum()) / len(examples)
