# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---
# %% [markdown]
# # Try a feature
#
# Does a new feature pay? This notebook declares one beside the others, builds the examples with it in a temporary
# folder, trains with and without it at several earlier times, and says *pays*, *does not pay* or *cannot tell*. It takes
# minutes on the samples and leaves nothing behind.
#
# Run the pipeline first (`make repro`, or `dvc repro` on your own data): the tables and the settings are taken from it.

# %%
import os
import time
from pathlib import Path

import matplotlib.pyplot as plt
import polars as pl

from pipeline import Project, SnapshotSplit
from pipeline.evaluation import bootstrap
from pipeline.examples.features import Aggregate, Feature, Formula

while not Path("params.yaml").is_file() and Path.cwd() != Path.cwd().parent:
    os.chdir("..")
project = Project(".", engine="polars")
settings, label = project.settings, project.settings.label
started = time.perf_counter()
plt.rcParams |= {"figure.figsize": (8, 3), "axes.spines.top": False, "axes.spines.right": False}
print(f"{settings.data.name}: {project.definition()}")

# %% [markdown]
# ## 1. Declare it
#
# An aggregate counts or sums rows of the history in a window of days; a formula computes with other features. The history
# is cut before the snapshot by the engine, so no declaration can look ahead. The unit decides how a value is written, the
# direction of risk which way the trees may use it: leave it at `none` if you do not know.
#
# Replace these two by your own idea. A number that only formulas need is declared all the same.

# %%
NEW = [
    Feature("orders_14d", "orders", "frequency", Aggregate("sum", "purchase", "orders", 14),
            "orders in the last 14 days", "down"),
    Feature("orders_trend_14d", "ratio", "frequency", Formula("orders_14d * 90.0 / nullif(14 * orders_90d, 0)"),
            "orders per day in the last 14 days over orders per day in the last 90; 1 is no change", "down"),
]  # fmt: skip

there = set(project.examples(settings.snapshots.as_of).columns)
new = [feature for feature in NEW if feature.name not in there]
print("already there:", [feature.name for feature in NEW if feature.name in there] or "none")

# %% [markdown]
# ## 2. Build the examples with it
#
# The pipeline's own function of one bucket, on the tables that are there, for the snapshots that carry a label and are
# allowed to be looked at. The untouched snapshot is not: a feature that was chosen by it would be praised by it too. So
# only days stay whose outcome was known when the test snapshot began.

# %%
window = {"gap_days": label.gap_days, "horizon_days": label.horizon_days}
complete, test = project.examples(labelled=True)["snapshot"], project.snapshots.test
days = [day for day in complete.unique().sort() if (test - day).days >= sum(window.values())]
examples = project.examples_with(new, days)
print(f"{len(examples):,} examples at {len(days)} snapshots, {days[0]} to {days[-1]}")

# %% [markdown]
# Look at it before any model does: is it ever missing, does it vary, and does churn rise or fall with it?

# %%
latest = examples.filter(pl.col("snapshot") == days[-1])
figure, axes = plt.subplots(1, len(new), squeeze=False)
for feature, one in zip(new, axes[0], strict=True):
    values = latest[feature.name].cast(pl.Float64)
    print(f"{feature.name}: {values.null_count() / len(values):.0%} missing, {values.n_unique():,} values, "
          f"median {values.median():.2f}")
    tenths = latest.with_columns((values.rank("average") * 10 / len(values)).floor().clip(0, 9).alias("tenth"))
    shown = tenths.drop_nulls("tenth").group_by("tenth").agg(pl.col(feature.name).mean(), pl.col("churned").mean()).sort("tenth")
    one.plot(shown[feature.name], 100 * shown["churned"], marker="o", color="#0b6b78")
    one.set(xlabel=feature.name, ylabel="churned, %")
figure.tight_layout()
plt.show()

# %% [markdown]
# A clear slope says only that the feature knows something. Whether it knows anything the others do not is the question.
#
# ## 3. With and without it, at earlier times
#
# The whole recipe at the latest times before the test snapshot, once without and once with the new features, on the very
# same customers.

# %%
TIMES = 3  # each costs two trainings; more times, surer answer
need = sum(window.values())
# Before each: the snapshots to train on, and those whose outcome window overlaps the one to calibrate on.
enough = settings.evaluate.min_training_snapshots + -(-need // settings.snapshots.every_days)
cutoffs = [day for day in days if sum((day - one).days >= need for one in days) >= enough][-TIMES:]
splitter = SnapshotSplit(max(1, len(cutoffs)), min_train_snapshots=enough, **window)
sides = {"without": project.feature_names}
sides["with"] = [*sides["without"], *(feature.name for feature in new if not feature.is_part)]


def score(train: pl.DataFrame, test: pl.DataFrame) -> bootstrap.ScoredSnapshot:
    """Both models on the same customers of one later snapshot."""
    scored = {}
    for side, names in sides.items():
        model = project.classifier().fit(train[:, names], train["churned"], snapshots=train["snapshot"])
        scored[side] = model.predict_proba(test[:, names])[:, 1]
    day, customers, churned = (test[name] for name in ("snapshot", "customer_key", "churned"))
    return bootstrap.ScoredSnapshot(str(day[0]), customers.to_numpy(), churned.to_numpy(), scored)


both = [score(examples[train], examples[test]) for train, test in splitter.split(examples)] if cutoffs else []
print(f"judged at {', '.join(part.snapshot for part in both) or 'no snapshot: history is too short'}")

# %% [markdown]
# ## 4. Does it pay?
#
# Customers are drawn anew, each with all rows, and the difference is taken within each draw: what both models find easy or
# hard cancels out, so the interval of the difference is far narrower than that of either figure.

# %%
found = bootstrap.resample(both, [], settings.evaluate.draws) if both else None
rows = []
for figure in found.names if found else []:
    gain = found.difference("with", "without", figure)
    rows.append({"figure": figure, "without": found.interval("without", figure).value,
                 "with": found.interval("with", figure).value, "difference": gain.value,
                 "low": gain.low, "high": gain.high})  # fmt: skip
pl.DataFrame(rows).with_columns(pl.col(pl.Float64).round(4)) if rows else "nothing to compare"

# %% [markdown]
# One figure decides, and it was chosen before looking: AUC. A gain below `WORTH` is not worth a feature that somebody has
# to explain, test and feed.

# %%
WORTH = 0.002


def answer(gain: bootstrap.Interval) -> str:
    if gain.low > 0:
        return "pays"
    return "does not pay" if gain.high < WORTH else "cannot tell"


if found:
    gain = found.difference("with", "without", "auc")
    print(f"{' and '.join(feature.name for feature in new)}: {answer(gain)} "
          f"({gain.value:+.4f} AUC, {gain.low:+.4f} to {gain.high:+.4f})")
else:
    print("cannot tell: no earlier snapshot has enough history before it")
print(f"{time.perf_counter() - started:.0f} seconds")

# %%
figure, axes = plt.subplots()
for place, part in enumerate(both):
    alone = bootstrap.resample([part], [], settings.evaluate.draws).difference("with", "without", "auc")
    axes.errorbar([place], [alone.value], yerr=[[alone.value - alone.low], [alone.high - alone.value]], fmt="o",
                  color="#0b6b78", capsize=4)
axes.axhline(0, color="#b9c2c9", linestyle=":")
axes.set(ylabel="AUC with less AUC without", xticks=range(len(both)), xticklabels=[part.snapshot for part in both])
plt.show()

# %% [markdown]
# **Pays:** the interval lies wholly above zero. If the gain is small, train with another `model.seed` before you believe
# it: seeds alone move AUC by up to 0.003, and of twenty useless features one will seem to pay.
#
# **Does not pay:** even the best case is not worth it. Most ideas end here, since the features that are there know most of
# what purchases can tell. Try another table or column rather than another window.
#
# **Cannot tell:** more times (`TIMES`), more customers or a longer history would settle it. Leave it out until then.
#
# Gains at one time that are losses at another mean a season or luck, not a feature.
#
# ## 5. Keep it
#
# 1. Add the entry to its family in `pipeline/examples/features/`, with `needs` if it rests on an optional column, and what
#    a reason says of it to `pipeline/reasons/phrases/` if its direction of risk is known.
# 2. Tell the oracle in `tests/oracle.py` the same in plain Python, from the raw rows: the tests then compare both on
#    thousands of drawn histories. Draw a case in `tests/spec/` for anything unusual.
# 3. `python -m docs.generate` writes it into the data dictionary, `dvc repro` trains with it, and the untouched snapshot is
#    looked at once, at the very end.
