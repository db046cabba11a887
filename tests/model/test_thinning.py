"""Of too many rows, some are learnt from: evenly, in their order, and by every part of the model."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import gbm, outage_curves, split, training
from pipeline.model.thinning import thinned
from tests.model.examples import FEATURES, LABEL, make_examples


@given(rows=st.integers(0, 4000), most=st.integers(1, 3000), begin=st.floats(0, 1), share=st.floats(0, 1))
def test_the_rows_that_are_kept_are_evenly_spread(rows, most, begin, share):
    kept = thinned(pl.DataFrame({"row": np.arange(rows)}), most)["row"].to_numpy()
    assert len(kept) == min(rows, most)
    assert (np.diff(kept) > 0).all(), "in their order, and none twice"
    low = int(begin * rows)
    high = low + int(share * (rows - low))
    expected = (high - low) * len(kept) / max(1, rows)
    assert abs(((kept >= low) & (kept < high)).sum() - expected) <= 5, "every stretch has its part"


@pytest.mark.parametrize("period", [2, 3, 4, 5, 7, 8, 13, 16])
def test_rows_that_come_in_turns_all_keep_their_part(period):
    """Customers in turns, a table by snapshot of the same customers: every nth row would leave some of them out."""
    table = pl.DataFrame({"turn": np.arange(20_000 * period) % period})
    counted = thinned(table, 20_000)["turn"].value_counts()
    assert len(counted) == period
    assert counted["count"].min() > 0.97 * 20_000 / period


def test_every_part_of_a_model_learns_from_the_rows_that_are_kept(settings):
    examples = make_examples(400, 7, seed=5)
    days = examples["snapshot"].unique().sort().to_list()
    parts = split.by_time(days, LABEL)
    train, later = (examples.filter(pl.col("snapshot").is_in(some)) for some in (parts.train, [parts.validation]))
    known = pl.concat([train, later])
    model = settings.model.model_copy(update={"max_trees": 20, "seasonality": False, "purchase_process": False})
    few = model.model_copy(update={"max_rows": 1000})
    assert len(train) > 1000
    by_hand = training.fit(thinned(train, 1000), later, FEATURES, LABEL, model)
    first = training.fit(train, later, FEATURES, LABEL, few)
    assert gbm.to_text(first.ensemble.trees) == gbm.to_text(by_hand.ensemble.trees)
    assert first.regression.as_dict(list("abcdefgh")) == by_hand.regression.as_dict(list("abcdefgh"))
    final = training.refit(first, known, FEATURES, few)
    assert gbm.to_text(final.trees) == gbm.to_text(training.refit(by_hand, thinned(known, 1000), FEATURES, model).trees)
    whole = training.train(train, later, FEATURES, LABEL, few, known)
    left = [feature for feature in FEATURES if feature.name != "mood"]
    without = outage_curves.fit_without(whole, known, left, few)
    assert gbm.to_text(without.trees) == gbm.to_text(
        outage_curves.fit_without(whole, thinned(known, 1000), left, model).trees
    )
    assert gbm.to_text(without.trees) != gbm.to_text(outage_curves.fit_without(whole, known, left, model).trees)
