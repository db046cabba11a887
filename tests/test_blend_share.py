"""How the share of the regression might be chosen: the rules by hand, against training itself, and what was measured."""

import json

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks import blend_share, blend_share_table, quality
from pipeline.model import additive_weight, split, training
from tests.model.examples import FEATURES, LABEL, make_examples

RESULTS = quality.ROOT / "benchmarks" / "results" / "blend_share.json"
ORDER = additive_weight.SHARES  # 0.5, 0.25, 0.75, 0.0, 1.0


@pytest.mark.parametrize(
    ("losses", "last", "several", "half_way"),
    [
        # One snapshot takes the trees alone; the others are for a quarter of the regression.
        ([[0.4, 0.3, 0.5, 0.35, 0.6], [0.4, 0.3, 0.5, 0.35, 0.6], [0.4, 0.35, 0.5, 0.3, 0.6]], 0.0, 0.25, 0.375),
        # Where two do equally well, the one that is nearer to the middle.
        ([[0.3, 0.3, 0.5, 0.3, 0.6]] * 3, 0.5, 0.5, 0.5),
        ([[0.4, 0.4, 0.4, 0.4, 0.1]] * 3, 1.0, 1.0, 0.75),
    ],
)
def test_a_share_is_chosen_by_the_last_snapshot_or_by_several(losses, last, several, half_way):
    rules = {name: rule(np.array(losses)) for name, rule in blend_share.SHARES.items()}
    assert rules == {"last": last, "last_half_way": (last + 0.5) / 2, "several": several,
                     "several_half_way": half_way, "middle": 0.5}  # fmt: skip


def test_the_rule_in_use_is_that_of_training(settings):
    """Share, trees and ranking are those of `training.train`, on the same rows."""
    examples = make_examples(snapshots=9)
    model = settings.model.model_copy(update={"max_trees": 60, "early_stopping_rounds": 10, "num_threads": 1})
    params = settings.model_copy(update={"label": LABEL, "model": model})
    cutoffs = split.cutoffs(examples["snapshot"].unique().to_list(), LABEL, 3)
    found = list(blend_share._cutoffs(quality.Prepared(examples, FEATURES, cutoffs), params))
    assert [one["snapshot"] for one in found] == [str(cutoff.test) for cutoff in cutoffs[blend_share.BEHIND - 1 :]]
    for one, cutoff in zip(found, cutoffs[blend_share.BEHIND - 1 :], strict=True):
        train, validation, test = (
            examples.filter(pl.col("snapshot").is_in(days))
            for days in (cutoff.train, [cutoff.validation], [cutoff.test])
        )
        known = examples.filter(pl.col("snapshot") <= cutoff.validation)
        made = training.train(train, validation, FEATURES, LABEL, model, known)
        assert one["last"]["share"] == made.ensemble.additive_weight
        assert one["last"]["trees"] == made.log.best_tree
        assert one["last"]["auc"] == pytest.approx(roc_auc_score(test["churned"], made.probability(test)), abs=1e-6)


def test_a_rule_is_held_to_the_one_in_use_company_by_company():
    def cutoff(auc: float, loss: float) -> dict:
        rules = {rule: {"share": 0.5, "auc": 0.8, "log_loss": 0.5} for rule in blend_share.RULES}
        return rules | {"middle": {"share": 0.5, "auc": auc, "log_loss": loss}}

    # Four cut-offs of one company are no more than one of another.
    result = {"a": [cutoff(0.81, 0.49)] * 4, "b": [cutoff(0.79, 0.53)]}
    assert blend_share_table.apart(result, "middle", "log_loss") == pytest.approx([-0.01, 0.03])
    assert blend_share_table.interval([-0.01, 0.03]) == pytest.approx((0.01, -0.01, 0.03))
    page = blend_share_table.markdown(result)
    assert "| one half, always | +10.00 (-10.00 to +30.00) | +0.00 (-10.00 to +10.00) | 1 of 2 |" in page
    assert "5 untouched snapshots of 2 companies" in page


def test_no_other_rule_is_certainly_better_than_the_one_in_use():
    """By the committed figures: as long as this holds, docs/decisions/blend-share.md is right to leave it."""
    result = json.loads(RESULTS.read_text(encoding="utf-8"))
    simulated = [name for name in result if name.startswith(quality.SIMULATED)]
    assert {name.split(",")[0] for name in result} == set(quality.data_sets()), "run: make bench-quality"
    assert len(simulated) == blend_share.DRAWS * 6
    for rule in blend_share.RULES:
        loss, auc = (
            blend_share_table.interval(blend_share_table.apart(result, rule, name)) for name in ("log_loss", "auc")
        )
        assert loss[2] >= 0, rule
        assert auc[1] <= 0, rule
