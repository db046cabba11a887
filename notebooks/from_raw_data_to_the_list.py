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
# # From raw data to the list
#
# What a data scientist looks at before trusting a churn model: the raw data, the rhythm of purchases, what a customer
# looks like from a given day, how good the model is beside simple rules, why it says what it says, and what is done
# about it.
#
# Run the pipeline first (`make repro`, or `dvc repro` on your own data). This notebook reads what it made; it
# writes nothing and trains only in memory.

# %%
import os
import warnings
from pathlib import Path

import duckdb
import matplotlib.pyplot as plt
import numpy as np
import polars as pl

from pipeline import Project
from pipeline.evaluation import baselines, bootstrap, metrics, report
from pipeline.sources import open_source

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # shap asks for widgets that nothing here needs
    import shap

while not Path("params.yaml").is_file() and Path.cwd() != Path.cwd().parent:
    os.chdir("..")
project = Project(".", engine="polars")
settings = project.settings
plt.rcParams |= {"figure.figsize": (8, 3.5), "axes.spines.top": False, "axes.spines.right": False}
pl.Config(tbl_rows=20, fmt_str_lengths=80)
print(f"{settings.data.name}: {project.definition()}")
print(project.ingest_report["notice"])

# %% [markdown]
# ## 1. The raw data
#
# As it lies in the files (or in the package of a sample), before anything is checked or renamed.

# %%
with duckdb.connect() as engine:
    for name, source in settings.sources.declared().items():
        raw = open_source(engine, name, source)
        print(name, "from", raw.description)
        display(engine.sql(f"SELECT * FROM ({raw.query}) LIMIT 3").pl())

# %% [markdown]
# Ingest turned it into canonical tables. Every row that was read was accepted, counted once, or refused by a named rule.

# %%
ingest = project.ingest_report
pl.DataFrame(
    [
        {"table": name, **{what: counts[what] for what in ("read", "accepted", "duplicates", "rejected")}}
        for name, counts in ingest["tables"].items()
    ]
)

# %% [markdown]
# ## 2. The rhythm of purchases
#
# A horizon that is shorter than a usual pause would call half the customers lost; one that is much longer finds out too
# late. So how long are the pauses between two days with a purchase?

# %%
purchases = (
    project.tables("transactions")
    .filter(pl.col("amount_minor") >= 0)
    .unique(["customer_key", "day"])
    .sort("customer_key", "day")
)
gaps = purchases.with_columns(pl.col("day").diff().over("customer_key").dt.total_days().alias("gap_days")).drop_nulls()
horizon = settings.label.horizon_days
usual = gaps.group_by("customer_key").agg(pl.col("gap_days").quantile(0.9).alias("days"))["days"]
print(f"{len(purchases):,} purchase days of {purchases['customer_key'].n_unique():,} customers")
print(f"pause between purchase days: median {gaps['gap_days'].median():.0f}, 9 of 10 within "
      f"{gaps['gap_days'].quantile(0.9):.0f} days")
print(f"{(gaps['gap_days'] > horizon).mean():.1%} of all pauses are longer than the horizon of {horizon} days")
print(f"{(usual <= horizon).mean():.0%} of the customers make 9 of 10 of their pauses within the horizon")

figure, axes = plt.subplots()
axes.hist(gaps["gap_days"].clip(upper_bound=3 * horizon), bins=3 * min(horizon, 40), color="#0b6b78")
axes.axvline(horizon, color="#b23a1c", label=f"horizon: {horizon} days")
axes.set(xlabel=f"days between two purchase days ({3 * horizon} and more at the end)", ylabel="pauses", yscale="log")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## 3. Snapshots, and who is seen at each
#
# A snapshot is a day from which we look: features come from strictly before it, the label from the outcome window after
# it. Every customer has exactly one status at each, and only snapshots whose window is over carry labels.

# %%
seen = project.examples_report
audit = pl.DataFrame([{"snapshot": day, **counts} for day, counts in seen["snapshots"].items()])
audit.select(name for name in audit.columns if name == "snapshot" or audit[name].sum() > 0)

# %%
complete = audit.filter(pl.col("snapshot").is_in(seen["complete"])).with_columns(
    (pl.col("labelled_1") / pl.col("eligible")).alias("churned")
)
figure, axes = plt.subplots()
axes.plot(complete["snapshot"].str.to_date(), 100 * complete["churned"], marker="o", color="#0b6b78")
axes.set(ylabel="churned, % of the eligible", ylim=(0, 120 * complete["churned"].max()),
         title="Base rate by snapshot")
figure.autofmt_xdate()
plt.show()

# %% [markdown]
# A base rate that drifts is a warning: seasons, a young company, or a feed that began late. The model learns on the
# earlier days and is judged on a later one, so that such a drift shows in the figures.
#
# ## 4. One customer, seen from several days
#
# The first on the list: what the model saw, day by day.

# %%
week = project.week()
risk_list, names = week.risk_list, project.feature_names

first = risk_list.row(0, named=True)["customer_id"]
one = project.examples().filter(pl.col("customer_id") == first)
shown = [name for name in ("days_since_last_order", "gap_mean_days", "orders_30d", "orders_90d", "spend_90d") if name in names]
print(f"customer {first}, {len(names)} features, some of them:")
one.select("snapshot", "churned", *shown)

# %% [markdown]
# ## 5. Does silence tell?
#
# The simplest idea of churn, before any model: how many of those who were silent that long did not come back?

# %%
parts = project.snapshots
train_examples, test_examples = (project.examples(days, labelled=True) for days in (parts.train, parts.test))
print(f"train on {len(parts.train)} snapshots to {parts.train[-1]}, validate on {parts.validation}, test on {parts.test}")

silence = (
    train_examples.with_columns((10 * (pl.col("days_since_last_order").rank("average") / pl.len())).floor().alias("group"))
    .group_by("group")
    .agg(
        pl.col("days_since_last_order").min().alias("from"),
        pl.col("days_since_last_order").max().alias("to"),
        pl.len().alias("customers"),
        pl.col("churned").mean().round(3),
    )
    .sort("from")
    .drop("group")
)
silence

# %% [markdown]
# ## 6. A small model, and the one in `models/`
#
# A few trees in memory, by the pipeline's own recipe, to see how much the many add. `project.classifier()` is a
# `ChurnClassifier`, a scikit-learn estimator: told the snapshots, it stops and calibrates on the latest and trains on those that were over before it.

# %%
known = project.examples([*parts.train, parts.validation], labelled=True)
small = project.classifier(max_trees=40, early_stopping_rounds=10, num_leaves=4, additive_logistic_share=0.0)
small.fit(known[names], known["churned"], snapshots=known["snapshot"])
model = project.model
print(f"small: {small.best_iteration_} trees of 4 leaves; in models/: {model.card['trees']} trees")

figure, axes = plt.subplots()
axes.plot(small.train_loss_, label="training", color="#55636e")
axes.plot(small.validation_loss_, label="validation", color="#0b6b78")
axes.set(xlabel="trees", ylabel="log-loss", title="The small model")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## 7. How good is it, beside simple rules?
#
# All on the same customers of the test snapshot, which nothing was learnt from. The recency rule is what a spreadsheet
# can do; the logistic regression uses recency, frequency, money and tenure.

# %%
churned = test_examples["churned"].to_numpy()
scored = {"model": model.evaluated_probability(test_examples), "small_model": small.predict_proba(test_examples[names])[:, 1]}
rules = baselines.fit_all(train_examples, train_examples["churned"].to_numpy(), names, settings.label, settings.model)
scored |= {rule.name: rule.probability(test_examples) for rule in rules}
scored_snapshots = bootstrap.ScoredSnapshot(str(parts.test), test_examples["customer_key"].to_numpy(), churned, scored)
drawn = bootstrap.resample([scored_snapshots], [], settings.evaluate.draws)
found = report.headline(scored_snapshots, drawn, settings.evaluate.top_shares)
print(f"{found['customers']:,} customers, {found['churners']:,} churned ({churned.mean():.1%})")
pl.DataFrame([{"scorer": name, **{k: round(v, 3) for k, v in found[name].items()}} for name in scored])

# %%
gains = report.gains(churned, scored)
figure, axes = plt.subplots(figsize=(8, 4.5))
for name in scored:
    axes.plot(gains["list_length_percent"], gains[name], label=name.replace("_", " "))
axes.plot([0, 100], [0, 100], color="#b9c2c9", linestyle=":", label="by chance")
axes.set(xlabel="length of the list, % of the eligible", ylabel="churners in it, %", title="Gains")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# The list is only as good as its probabilities, since they decide about value at stake. Of the customers the model gives
# 30 %, do about 30 % churn? Points on the line say yes; a group is a tenth of the customers, the bars are two standard
# errors.

# %%
table = metrics.calibration_table(churned, scored["model"], settings.evaluate.calibration_groups)
error = 2 * (table["churn_rate"] * (1 - table["churn_rate"]) / table["customers"]).sqrt()
figure, axes = plt.subplots(figsize=(5, 5))
axes.plot([0, 1], [0, 1], color="#b9c2c9", linestyle=":")
axes.errorbar(table["mean_probability"], table["churn_rate"], yerr=error, fmt="o", color="#0b6b78")
axes.set(xlabel="probability the model gave", ylabel="share that churned", title="Calibration")
plt.show()
table

# %% [markdown]
# ## 8. Why does it say so?
#
# Exact SHAP values of every feature for every score, in log-odds, as a `shap.Explanation`. With the base they add up to
# the log-odds of the model.

# %%
explained = project.contributions(test_examples)
log_odds = model.ensemble.log_odds(explained.data)
difference = np.abs(explained.values.sum(axis=1) + explained.base_values - log_odds).max()
print(f"largest difference between the sum and the log-odds: {difference:.1e}")

shap.plots.beeswarm(explained, max_display=12, show=False)
plt.show()

# %% [markdown]
# Features that say the same thing are told as one reason, so families are what people read about:

# %%
families = pl.DataFrame(model.card["features"])["family"]
by_family = {family: np.abs(explained.values[:, (families == family).to_numpy()].sum(axis=1)).mean()
             for family in families.unique(maintain_order=True)}
pl.DataFrame({"family": list(by_family), "mean push, log-odds": np.round(list(by_family.values()), 3)}).sort(
    "mean push, log-odds", descending=True
)

# %% [markdown]
# And the first customer on the list, from the base to the log-odds, then in words, down to what is done:

# %%
now = project.examples(settings.snapshots.as_of).filter(pl.col("customer_id") == first)
shap.plots.waterfall(project.contributions(now)[0], max_display=10, show=False)
plt.show()
print(project.explain(first))

# %% [markdown]
# ## 9. What is done about it
#
# Each customer gets the first playbook that is for them and costs less than is at stake, or nothing and why. For whom a
# playbook is, is said by a rule that anybody can read; how an action was chosen is kept beside it.

# %%
actions = week.actions
actions.filter(pl.col("playbook").is_not_null()).group_by("playbook", "who").agg(
    pl.len().alias("customers"), pl.col("value_at_stake").sum().round(2), pl.col("cost").sum().round(2)
).sort("value_at_stake", "playbook", descending=[True, False])

# %%
nothing = actions.filter(pl.col("playbook").is_null())
print(f"nothing to do for {len(nothing):,} of {len(actions):,}; the most frequent reasons:")
nothing["why_not"].value_counts(sort=True).head(5)

# %%
actions.filter(pl.col("playbook").is_not_null()).sort("value_at_stake", "customer_id", descending=[True, False]).select(
    "customer_id", "segment", "playbook", "why_this", "second_choice"
).head(5)

# %% [markdown]
# ## 10. The list

# %%
print(f"{len(risk_list):,} customers, whom somebody has to act on first; the page for people is {week.folder.relative_to(project.folder) / 'risk_list.html'}")
risk_list.select("rank", "customer_id", "tier", "churn_probability", "value_at_stake", "reason_1", "playbook").head(10)
