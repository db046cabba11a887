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
# # Did it help, and how would we know?
#
# `churn readout` compares customers who were given something with customers for whom the same was meant and who were left
# alone by lot. This notebook shows how to read what it says, and how to plan a test that can say anything at all.
#
# A readout of your own needs lists whose outcome windows are over. So the outcomes here are **drawn**: the customers, their
# risks and values are those of your last list, but what each playbook brings about is set by us. That way every verdict can
# be held against the truth, which no company ever sees. Nothing is written or trained.

# %%
import os
from datetime import timedelta
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import polars as pl

from pipeline import Project
from pipeline.readout import comparison, estimates, sample_size
from pipeline.readout.readout_report import Readout

while not Path("params.yaml").is_file() and Path.cwd() != Path.cwd().parent:
    os.chdir("..")
project = Project(".", engine="polars")
settings = project.settings
plt.rcParams |= {"figure.figsize": (8, 3.2), "axes.spines.top": False, "axes.spines.right": False}
pl.Config(tbl_rows=20, tbl_cols=12, fmt_str_lengths=60, tbl_width_chars=160)
scores = project.scores().sort("customer_id")
share = 0.2
print(f"{settings.data.name}: {project.definition(settings.snapshots.as_of)}")
print(f"{len(scores):,} customers scored; params.yaml leaves {settings.control.share:.0%} alone, here it is {share:.0%}")

# %% [markdown]
# ## 1. Playbooks whose effect we know
#
# Four playbooks, each for so many customers. *keeps* is the share of those who would have left that it keeps; a negative one
# drives customers away. The margin of a customer who stays is what he or she was expected to be worth, more or less; `dear` costs
# five times the margin that it keeps.

# %%
everybody = scores["churn_probability"].mean()
kept_margin = float((scores["churn_probability"] * scores["value"]).mean()) * 0.3
TRUTH = {
    "helps": {"customers": 12_000, "keeps": 0.3, "cost": 0.2 * kept_margin},
    "dear": {"customers": 12_000, "keeps": 0.3, "cost": 5 * kept_margin},
    "nothing": {"customers": 12_000, "keeps": 0.0, "cost": 0.0},
    "annoys": {"customers": 12_000, "keeps": -0.5, "cost": 0.0},
    "small": {"customers": 300, "keeps": 0.3, "cost": 0.0},
}
WEEKS = [settings.snapshots.as_of - timedelta(days=7 * number + settings.label.horizon_days) for number in range(12)][::-1]


def draw(name: str, customers: int, keeps: float, cost: float, seed: int, left_alone: float = share) -> pl.DataFrame:
    """Customers of the last list, drawn anew; by lot some are left alone, and each leaves as often as the risk says."""
    dice = np.random.default_rng(seed)
    rows = scores[dice.integers(0, len(scores), customers)].select("churn_probability", "log_odds", "value", "risk_band")
    is_control = dice.random(customers) < left_alone
    risk = rows["churn_probability"].to_numpy()
    leaves = dice.random(customers) < risk * (1 - np.where(is_control, 0.0, keeps))
    # A team reaches those rather who would have stayed anyway.
    reached = dice.random(customers) < 0.8 - 0.6 * risk
    return rows.with_columns(
        customer_id=pl.Series([f"{name}-{number}" for number in range(customers)]),
        as_of=pl.Series([WEEKS[number] for number in dice.integers(0, len(WEEKS), customers)]),
        playbook=pl.lit(name), is_control=is_control, expected_effect=pl.lit(0.3 * everybody), cost=pl.lit(cost),
        stayed=pl.Series(~leaves).cast(pl.Float64), is_done=pl.Series(reached & ~is_control), is_handed_back=pl.lit(True),
        margin=pl.Series(np.where(leaves, 0.0, rows["value"].to_numpy() * dice.lognormal(0, 0.5, customers))),
    )  # fmt: skip


rows = pl.concat([draw(name, **truth, seed=number) for number, (name, truth) in enumerate(TRUTH.items())])
readings = comparison.compare(rows, share, (WEEKS[0], WEEKS[-1]))
overall = comparison.of_playbook("all playbooks", rows, share, (WEEKS[0], WEEKS[-1]))
readout = Readout(settings.data.name, settings.data.currency, share, 1, tuple(WEEKS), 0, settings.snapshots.as_of, (),
                  overall, tuple(readings))
print("\n".join(readout.lines()))

# %% [markdown]
# **How to read it.** Begin with the last table: were the arms alike before? Then the first one, from right to left: the
# verdict, how sure it is, and only then the effect. An effect without its interval is a rumour.
#
# | verdict | do |
# | --- | --- |
# | `works` | go on; the interval, not its middle, is what you may promise |
# | `worthless: retire it` | it keeps customers or it does not, but not for its price |
# | `harmful` | stop it today |
# | `no evidence` | enough customers, and nothing to be seen of the declared effect: lower `effect`, or change the playbook |
# | `not yet known` | wait, or leave more customers alone; nobody may say "it does not work" |
#
# ## 2. The intervals, beside the truth

# %%
compared = [one for one in readings if one.stayed is not None]
figure, axes = plt.subplots()
for place, one in enumerate(compared):
    effect = one.stayed
    axes.plot([effect.low * 100, effect.high * 100], [place, place], color="#0b6b78", linewidth=5, solid_capstyle="butt")
    risk = rows.filter(pl.col("playbook") == one.playbook)["churn_probability"].mean()
    axes.plot(risk * TRUTH[one.playbook]["keeps"] * 100, place, "o", color="#b23a1c", label="truth" if place == 0 else None)
axes.axvline(0, color="grey", linewidth=1)
axes.set(yticks=range(len(compared)), yticklabels=[one.playbook for one in compared], ylim=(len(compared) - 0.5, -0.5),
         xlabel="points more who stay, 95 % interval")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# The truth lies within 19 of 20 such bars. How wide a bar is hangs above all on the **smaller** arm: with few left alone, ten
# times as many customers who are given something hardly help.
#
# ## 3. The comparison that everybody makes, and why it is wrong
#
# "Of those whom we reached, more stayed than of the others." Of course: who can be reached would have stayed more often anyway.
# Here is that comparison for the playbook that does nothing, beside the one by lot.

# %%
idle = rows.filter(pl.col("playbook") == "nothing")
given = idle.filter(~pl.col("is_control"))
reached, missed = (given.filter(pl.col("is_done") == done)["stayed"].mean() for done in (True, False))
by_lot = estimates.estimate(idle, "stayed")
pl.DataFrame({
    "comparison": ["reached against not reached", "by lot, whoever was given it"],
    "points more who stay": [round((reached - missed) * 100, 1), round(by_lot.effect * 100, 1)],
    "truth": [0.0, 0.0],
})

# %% [markdown]
# ## 4. How many customers does a test take?
#
# It depends on the effect you want to see, on how mixed the outcomes are, and on the share who are left alone. Customers of
# both arms together, to see an effect four times of five:

# %%
risk = scores["churn_probability"].to_numpy()
spread = float(np.sqrt(np.mean(risk * (1 - risk))))
shares, keeps = (0.02, 0.05, 0.1, 0.2, 0.5), (0.1, 0.2, 0.3, 0.5)
pl.DataFrame([
    {"keeps of those who would leave": f"{part:.0%}", "points": round(part * everybody * 100, 1)}
    | {f"{alone:.0%} left alone": sample_size.customers_needed(part * everybody, spread, alone) for alone in shares}
    for part in keeps
])

# %%
alone = np.linspace(0.01, 0.5, 80)
figure, axes = plt.subplots()
for part in keeps:
    axes.plot(alone * 100, [sample_size.customers_needed(part * everybody, spread, one) for one in alone],
              label=f"keeps {part:.0%}")
axes.axvline(settings.control.share * 100, color="grey", linewidth=1, linestyle=":")
axes.set(xlabel="% left alone (dotted: your control.share)", ylabel="customers needed", yscale="log")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# **Conclude.** Half the effect takes four times the customers. Leaving 10 % alone in place of 5 % about halves the number; 50 % in
# place of 20 % takes a third off. What is left alone costs what the playbook would have kept there, for as long as the test runs, so a short test with
# more left alone is often the cheaper one.
#
# ## 5. Plan yours
#
# Of each playbook of your last list: what it declares, how many customers that takes, and how many a week were given it.

# %%
actions = project.actions().filter(pl.col("playbook").is_not_null(), pl.col("expected_saved_value") > 0)
declared = actions.with_columns(effect=pl.col("expected_saved_value") / pl.col("value_at_stake") * pl.col("churn_probability"))
plan = declared.group_by("playbook").agg(
    customers=pl.len(), effect=pl.col("effect").mean(), spread=(pl.col("churn_probability") * (1 - pl.col("churn_probability"))).mean().sqrt()
).sort("customers", "playbook", descending=[True, False])
pl.DataFrame([
    {"playbook": one["playbook"], "given last week": one["customers"], "declared points": round(one["effect"] * 100, 1)}
    | {f"needed at {alone:.0%}": sample_size.customers_needed(one["effect"], one["spread"], alone) for alone in sorted({settings.control.share or 0.05, share})}
    for one in plan.to_dicts()
], schema_overrides={"playbook": pl.String})

# %% [markdown]
# Only customers who come **new** to a playbook add to a test: each counts once. Where the needed number is out of reach, test
# several playbooks as one, choose an outcome that is less rare, or accept that only a large effect can be seen.
#
# ## 6. Does the number keep its word?
#
# Two hundred tests of that size, once with the effect and once with none. Of the first, four of five should find it; of the
# second, one of forty may say `works`.

# %%
number = sample_size.customers_needed(0.3 * everybody, spread, 0.2)


def verdicts_of(keeps: float) -> list[str]:
    tests = [draw("test", number, keeps, 0.0, 1000 + seed, left_alone=0.2) for seed in range(200)]
    return [comparison.of_playbook("test", one, 0.2, (WEEKS[0], WEEKS[-1])).verdict for one in tests]


for keeps in (0.3, 0.0):
    said = verdicts_of(keeps)
    print(f"{number:,} customers, keeps {keeps:.0%}: works in {said.count('works') / len(said):.1%} of the tests")

# %% [markdown]
# **Look once.** The five percent hold for one look at a time that was set before. Whoever looks every week and stops at the
# first `works` is wrong far more often. So write down the number and the week before the first list goes out, and read then.
