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

from pipeline.config import params
from pipeline.config.errors import BadPlaybooks
from pipeline.config.paths import PLAYBOOKS, REPRO
from pipeline.evaluation import baselines, bootstrap, metrics, report
from pipeline.examples import labelled
from pipeline.examples.definition import definition
from pipeline.examples.features import model_features
from pipeline.model import artefacts, gbm, split, training
from pipeline.model.ensemble import matrix as matrix_of
from pipeline.playbooks.config import playbooks_file
from pipeline.playbooks.rules.vocabulary import vocabulary
from pipeline.reasons import ensemble_contributions, families, plots
from pipeline.sources import open_source
from pipeline.tables import storage

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # shap asks for widgets that nothing here needs
    import shap

while not Path("params.yaml").is_file() and Path.cwd() != Path.cwd().parent:
    os.chdir("..")
settings = params.load()
plt.rcParams |= {"figure.figsize": (8, 3.5), "axes.spines.top": False, "axes.spines.right": False}
pl.Config(tbl_rows=20, fmt_str_lengths=80)
print(f"{settings.data.name}: {definition(settings.label)}")
print(storage.read_json(REPRO.ingest_report)["notice"])

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
ingest = storage.read_json(REPRO.ingest_report)
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
    storage.read_buckets(REPRO.tables / "transactions", ["customer_key", "customer_id", "day", "amount_minor"])
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
seen = storage.read_json(REPRO.examples_report)
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
week = REPRO.week(settings.snapshots.as_of)
risk_list = storage.read_parquet(week / "risk_list.parquet")
features = model_features(settings.features, settings.sources)
names = [feature.name for feature in features]
examples = storage.read_buckets(REPRO.examples)

first = risk_list.row(0, named=True)["customer_id"]
key = purchases.filter(pl.col("customer_id") == first)["customer_key"][0]
one = examples.filter(pl.col("customer_key") == key).sort("snapshot")
shown = [name for name in ("days_since_last_order", "gap_mean_days", "orders_30d", "orders_90d", "spend_90d") if name in names]
print(f"customer {first}, {len(names)} features, some of them:")
one.select("snapshot", "churned", *shown)

# %% [markdown]
# ## 5. Does silence tell?
#
# The simplest idea of churn, before any model: how many of those who were silent that long did not come back?

# %%
parts = split.by_time(labelled.complete_days(REPRO), settings.label)
known = labelled.read(REPRO, names)
train_examples = known.filter(pl.col("snapshot").is_in(parts.train))
validation_examples = known.filter(pl.col("snapshot") == parts.validation)
test = known.filter(pl.col("snapshot") == parts.test)
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
# A few trees in memory, with the pipeline's own functions, to see how much the many add.

# %%
small_settings = settings.model.model_copy(update={"max_trees": 40, "early_stopping_rounds": 10, "num_leaves": 4})
xy = [(matrix_of(rows, names), training.outcomes(rows)) for rows in (train_examples, validation_examples)]
small = gbm.fit(xy[0], xy[1], features, small_settings)
model = artefacts.load(REPRO.models)
print(f"small: {small.best_tree} trees of 4 leaves; in models/: {model.card['trees']} trees")

figure, axes = plt.subplots()
axes.plot(small.train_loss, label="training", color="#55636e")
axes.plot(small.validation_loss, label="validation", color="#0b6b78")
axes.set(xlabel="trees", ylabel="log-loss", title="The small model")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## 7. How good is it, beside simple rules?
#
# All on the same customers of the test snapshot, which nothing was learnt from. The recency rule is what a spreadsheet
# can do; the logistic regression uses recency, frequency, money and tenure.

# %%
churned = training.outcomes(test)
small_margin = gbm.log_odds(small.booster, matrix_of(test, names))
scored = {"model": model.evaluated_probability(test), "small_model": 1 / (1 + np.exp(-small_margin))}
rules = baselines.fit_all(train_examples, training.outcomes(train_examples), names, settings.label, settings.model)
scored |= {rule.name: rule.probability(test) for rule in rules}
scored_snapshots = bootstrap.ScoredSnapshot(str(parts.test), test["customer_key"].to_numpy(), churned, scored)
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
# Exact contributions of every feature to every score, in log-odds. With the base they add up to the margin.

# %%
matrix = model.matrix(test)
values = ensemble_contributions.contributions(model.ensemble, matrix)
gap = np.abs(values.sum(axis=1) - model.ensemble.log_odds(matrix)).max()
print(f"largest difference between the sum and the margin: {gap:.1e}")

explained = plots.explanation(values, matrix, model.features)
shap.plots.beeswarm(explained, max_display=12, show=False)
plt.show()

# %% [markdown]
# Features that say the same thing are told as one reason, so families are what people read about:

# %%
own = [feature["family"] for feature in model.card["features"]]
by_family = families.by_family(values[:, :-1], own)
pl.DataFrame(
    {"family": families.in_order(own), "mean push, log-odds": np.abs(by_family).mean(axis=0).round(3)}
).sort("mean push, log-odds", descending=True)

# %% [markdown]
# And the first customer on the list, from the base to the margin:

# %%
now = examples.filter((pl.col("snapshot") == settings.snapshots.as_of) & (pl.col("customer_key") == key))
row = model.matrix(now)
told = plots.explanation(ensemble_contributions.contributions(model.ensemble, row), row, model.features)
shap.plots.waterfall(told[0], max_display=10, show=False)
plt.show()

scores = storage.read_buckets(REPRO.scores)
line = scores.filter(pl.col("customer_id") == first).row(0, named=True)
print(f"{line['churn_probability']:.0%} likely to churn, {line['value_at_stake']:.2f} {settings.data.currency} at stake")
for place in ("reason_1", "reason_2", "reason_3", "protects_1"):
    if line[f"{place}_text"]:
        print(f"{line[f'{place}_contribution']:+.2f}  {line[f'{place}_text']}")

# %% [markdown]
# ## 9. What is done about it
#
# Each customer gets the first playbook that is for them and costs less than is at stake, or nothing and why. For whom a
# playbook is, is said by a rule that anybody can read; how an action was chosen is kept beside it.

# %%
names = vocabulary(settings.score, settings.features)
playbooks = playbooks_file.parse(params.read_playbooks(PLAYBOOKS), names)
actions = storage.read_parquet(week / "actions.parquet")
given = actions.group_by("playbook").agg(
    pl.len().alias("customers"), pl.col("value_at_stake").sum().round(2), pl.col("cost").sum().round(2)
)
pl.DataFrame({"playbook": list(playbooks), "who": [playbook.who for playbook in playbooks.values()]}).join(
    given, on="playbook", how="left", maintain_order="left"
)

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
print(f"{len(risk_list):,} customers, by value at stake; the page for people is {week / 'risk_list.html'}")
risk_list.select("rank", "customer_id", "tier", "churn_probability", "value_at_stake", "reason_1", "playbook").head(10)
