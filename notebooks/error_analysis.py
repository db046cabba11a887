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
# # Where is the model wrong?
#
# A model that is good on average is bad somewhere. This notebook looks for the place, on the untouched snapshot: the
# biggest misses both ways, the segments, the risk bands, what the misses have in common, and the hardest snapshots. Each
# step says what to conclude and what to do next.
#
# Run the pipeline first (`make repro`, or `dvc repro` on your own data). Nothing is written or trained here.
#
# One warning before the first look. What you see here, you know; a feature made to mend these very misses is no longer
# judged fairly by this snapshot. Try it on earlier ones: `notebooks/try_a_feature.py`.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl

from pipeline import Project
from pipeline.evaluation import calibration_check

while not Path("params.yaml").is_file() and Path.cwd() != Path.cwd().parent:
    os.chdir("..")
project = Project(".", engine="polars")
settings = project.settings
plt.rcParams |= {"figure.figsize": (8, 3.5), "axes.spines.top": False, "axes.spines.right": False}
pl.Config(tbl_rows=20, tbl_cols=12, fmt_str_lengths=90, tbl_width_chars=180)
print(project.verdict["verdict"])

# %% [markdown]
# ## 1. The untouched snapshot, and what the model said of it
#
# The probabilities are those of the curve that was fitted before this snapshot, as the evaluation judged them.

# %%
parts, model = project.snapshots, project.model
test = project.examples(parts.test, labelled=True)
churned, probability = test["churned"].to_numpy(), model.evaluated_probability(test)
print(f"{settings.data.name}: {project.definition(parts.test)}")
print(f"{len(test):,} customers, {churned.sum():,} churned, {probability.sum():.0f} were expected")

figure, axes = plt.subplots()
bins = np.linspace(0, 1, 41)
axes.hist(probability[churned == 0], bins=bins, color="#0b6b78", label="stayed")
axes.hist(probability[churned == 1], bins=bins, color="#b23a1c", alpha=0.7, label="churned")
axes.set(xlabel="probability the model gave", ylabel="customers", yscale="log")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# Red far to the left are customers nobody saw leaving; green far to the right are false alarms. Where the two colours
# overlap, the model cannot tell them apart, and no choice of threshold will.
#
# ## 2. Is it error, or luck?
#
# Of 100 customers who are given 5 %, five leave, and that is no mistake. So before looking at a single miss: are there
# more of them than the probabilities themselves announce? *Safe* is the safer half of the customers, *risky* the
# riskiest tenth.

# %%
safe, risky = probability <= np.median(probability), probability >= np.quantile(probability, 0.9)
left, stayed = safe & (churned == 1), risky & (churned == 0)


def by_luck(group: str, inside: np.ndarray) -> dict:
    found = calibration_check.expected(churned[inside], probability[inside], settings.evaluate.draws)
    return {"group": group, "customers": found.customers, "churners expected": round(found.expected, 1),
            "chance allows": f"{found.low} to {found.high}", "churned": found.observed,
            "conclude": "luck explains it" if found.holds else "something is missing"}


pl.DataFrame([by_luck("safe", safe), by_luck("risky", risky)])

# %% [markdown]
# **Conclude.** Where luck explains it, the single cases below are what a true 5 % looks like: no feature of the same kind
# will find them, only news from outside (complaints, service, prices of others). **Next.** Where something is missing,
# the common traits of section 6 are the place to start.
#
# ## 3. Confident stays who left
#
# The safest customers who churned all the same, with what spoke against leaving.

# %%
explained = project.contributions(test)
matrix, pushes = explained.data, pd.DataFrame(explained.values, columns=explained.feature_names)


def strongest(places: pd.Series) -> list[str]:
    """The feature that pushes each customer most, with its value and its push in log-odds."""
    return [f"{name} = {explained.data[row, at]:.6g} ({explained.values[row, at]:+.2f})"
            for row, name in enumerate(places) for at in [pushes.columns.get_loc(name)]]


numbers = [name for name in ("days_since_last_order", "gap_mean_days", "orders_90d", "spend_90d") if name in test.columns]
reasons = pl.DataFrame({"speaks for churn": strongest(pushes.idxmax(axis=1)),
                        "speaks against it": strongest(pushes.idxmin(axis=1)),
                        "probability": probability.round(3), "left": left, "stayed": stayed})
cases = pl.concat([test.select("customer_id", *(pl.col(name).cast(pl.Float64).round(1) for name in numbers)), reasons],
                  how="horizontal")
cases.filter("left").sort("probability").select("customer_id", "probability", *numbers, "speaks against it").head(8)

# %% [markdown]
# **Conclude.** Read the rows aloud. A customer with a short rhythm and a purchase days ago who then falls silent gave no
# sign in the tables. One whose silence was already long was misjudged: rhythm or seasons may be wrong. **Next.** Take
# three of them to somebody who knows the customers, and ask what could have been known on that day.
#
# ## 4. Confident leavers who stayed
#
# The riskiest customers who came back, with what spoke for leaving.

# %%
cases.filter("stayed").sort("probability", descending=True).select(
    "customer_id", "probability", *numbers, "speaks for churn"
).head(8)

# %% [markdown]
# **Conclude.** Some came back just because somebody called them: a list that works makes its own false alarms. **Next.**
# Look whether contacts were made in the outcome window before you call these rows errors; if many were, only a control
# group can say how good the model is.
#
# ## 5. Which groups does it serve badly?
#
# From the evaluation: a doubt means more than chance explains.

# %%
evaluation = project.evaluation
pl.DataFrame(evaluation["segments"], infer_schema_length=None).select(
    "column", "segment", "customers", "churners", pl.col("expected_churners").round(1), pl.col("auc").cast(pl.Float64).round(3),
    pl.col("auc_of_simple_rule").cast(pl.Float64).round(3), pl.col("doubt").cast(pl.String)
)

# %% [markdown]
# **Conclude.** *Ranks worse than elsewhere* is often no fault: inside a group that is alike, less is left to rank by.
# *Expects too few* (or too many) is one: these customers behave unlike the others and the model does not know it.
# **Next.** Give it the column as a feature if it was known before the snapshot, and cut the list for them with care.
#
# And by risk band, do the probabilities hold?

# %%
bands = pl.DataFrame(evaluation["calibration"]["bands"])
rates = [(bands[column] / bands["customers"]).to_numpy() for column in ("expected_churners", "low", "high", "churners")]
expected, low, high, observed = rates
figure, axes = plt.subplots(figsize=(5, 3.5))
axes.errorbar(bands["band"].to_list(), expected, yerr=[expected - low, high - expected], fmt="_", color="#55636e",
              markersize=20, capsize=4, label="expected, and what chance allows")
axes.plot(bands["band"].to_list(), observed, "o", color="#b23a1c", label="churned")
axes.set(ylabel="share of the band", ylim=(0, 1))
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# **Conclude.** A point outside its bar: the probabilities of that band are off, and value at stake with them. All points
# on the same side: the churn rate has moved since the validation snapshot, and ranking is not to blame. **Next.** For the
# latter do nothing (the curve in use is fitted once more on this snapshot); for the former look at the segments.
#
# ## 6. What do the misses have in common?
#
# The customers who left against the others in the safe half, feature by feature: how far apart are the means, in
# spreads (standard deviations) of the group, and is that more than chance? The same for those who stayed in the
# riskiest tenth.

# %%
def apart(missed: np.ndarray, group: np.ndarray) -> pl.DataFrame:
    """Features whose mean differs most between the misses and the rest of their group; below 2 it may be chance."""
    rest = group & ~missed
    if min(missed.sum(), rest.sum()) < 5:
        return pl.DataFrame({"feature": [f"only {missed.sum()} misses, {rest.sum()} others: too few to compare"]})
    rows = []
    for at, name in enumerate(model.features):
        own, other = (matrix[part, at][~np.isnan(matrix[part, at])] for part in (missed, rest))
        # The spread of the whole group: a handful of misses that happen to be alike must not look certain.
        spread = np.concatenate([own, other]).std() if min(len(own), len(other)) >= 5 else 0.0
        if spread > 0:
            gap = (own.mean() - other.mean()) / spread
            rows.append((name, own.mean(), other.mean(), gap, abs(gap) / np.sqrt(1 / len(own) + 1 / len(other))))
    columns = ["feature", "mean of the misses", "mean of the rest", "apart, in spreads", "apart, in standard errors"]
    found = pl.DataFrame(rows, schema=columns, orient="row")
    return found.sort(pl.col("apart, in standard errors"), descending=True).head(8).with_columns(pl.col(columns[1:]).round(2))


apart(left, safe)

# %%
apart(stayed, risky)

# %% [markdown]
# **Conclude.** With dozens of features a few lie two standard errors apart by chance; from about three on, and for
# several features of one family at once, it is a trace. Features that already say what the model says (recency at the
# top) only show that even among the safe some are safer. **Next.** A trace outside them is a hint for a feature, such as a
# trend or an interaction: try it on earlier snapshots in `notebooks/try_a_feature.py`.
#
# ## 7. Which snapshots were the hardest?
#
# The recipe as it would have run at earlier times. Is the model worse on some days, or is everybody?

# %%
cutoffs = evaluation["earlier"]["cutoffs"] if evaluation["earlier"] else []
days = pl.DataFrame(
    [
        {"snapshot": cutoff["test_snapshot"], "customers": cutoff["customers"], "churned": cutoff["churners"],
         "observed per expected": cutoff["observed_per_expected"], "AUC": cutoff["model"]["auc"],
         "AUC of the simple rule": cutoff["recency_rule"]["auc"]}
        for cutoff in cutoffs
    ]
)  # fmt: skip
print("history is too short for earlier snapshots" if days.is_empty() else f"{len(days)} earlier snapshots, hardest first")
days if days.is_empty() else days.sort("AUC").with_columns(pl.col(pl.Float64).round(3))

# %% [markdown]
# **Conclude.** If the simple rule falls with the model, the day was hard: a holiday, a sale, a feed that failed. If only
# the model falls, it had learnt something that did not last. *Observed per expected* far from 1 on neighbouring days is a
# season that the features do not know. **Next.** Look at the raw data of the hardest days (`notebooks/from_raw_data_to_the_list.py`,
# section 3); for a season, more history helps, since a model that has seen one autumn cannot know what autumns are.
#
# ## What to write down
#
# How many misses luck explains; the one group that is served badly; the one trait that stands out; the hardest day and
# why. Then one thing to try, on earlier snapshots, before the next look at this one.
