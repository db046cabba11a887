"""Who is learnt from and who is judged, where there are more customers than params.yaml allows."""

import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.errors import BadData, NotEnoughData
from pipeline.config.paths import REPRO
from pipeline.examples import labelled
from pipeline.examples.labelled import Keys
from pipeline.stages import s3_train, s4_evaluate
from pipeline.tables import storage
from tests import flow
from tests.end_to_end.helpers import changed_settings

NAMES = ["orders_30d"]


def everybody() -> pl.DataFrame:
    """All labelled rows, read in another way."""
    return storage.read_parquet(storage.bucket_file(REPRO.examples, 0)).filter(pl.col("churned").is_not_null())


def test_of_few_customers_all_are_read(shop):
    rows = labelled.read(REPRO, NAMES)
    assert rows.equals(labelled.read(REPRO, NAMES, labelled.learnt(REPRO, 10**6)))
    assert rows.equals(labelled.read(REPRO, NAMES, labelled.judged(REPRO, 10**6)))
    assert len(rows) == len(everybody())


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_of_many_whole_customers_are_read_and_the_same_ones_every_time(shop, limit):
    for choose in (labelled.learnt, labelled.judged):
        rows = labelled.read(REPRO, NAMES, choose(REPRO, limit))
        assert rows["customer_key"].n_unique() == limit
        of_them = everybody().filter(pl.col("customer_key").is_in(rows["customer_key"].implode()))
        assert len(rows) == len(of_them), "with all of their snapshots"
        more = labelled.read(REPRO, NAMES, choose(REPRO, limit + 20))
        assert set(rows["customer_key"]) < set(more["customer_key"]), "more customers are these and others"


def test_nobody_is_learnt_from_and_judged_where_there_are_enough(shop):
    everyone = everybody()["customer_key"].n_unique()
    learnt, judged = labelled.learnt(REPRO, everyone // 2), labelled.judged(REPRO, everyone // 3)
    assert learnt.highest < judged.lowest
    assert labelled.judged(REPRO, everyone) == labelled.learnt(REPRO, everyone)


def test_figures_are_those_of_the_customers_judged(copy_of_shop, monkeypatch):
    settings = changed_settings(train__max_customers=200, evaluate__max_customers=150)
    flow.run_untracked(monkeypatch, settings, (s3_train,))
    card = storage.read_json(REPRO.model_card)
    learnt = everybody()["customer_key"].unique().sort()[:200]
    rows = everybody().filter(
        pl.col("snapshot").cast(pl.String).is_in(card["snapshots"]["train"]),
        pl.col("customer_key").is_in(learnt.implode()),
    )
    assert card["typical"]["orders_30d"] == rows["orders_30d"].median(), "of those it has learnt from"
    flow.run_untracked(monkeypatch, settings, (s4_evaluate,))
    ledger, verdict = storage.read_json(REPRO.examples_report), storage.read_json(REPRO.verdict)
    day = verdict["test_snapshot"]
    highest = everybody()["customer_key"].unique().sort()[-150:]
    at_test = everybody().filter(pl.col("snapshot").cast(pl.String) == day)
    own = at_test.filter(pl.col("customer_key").is_in(highest.implode()))
    assert 0 < len(own) < len(at_test)
    assert (verdict["customers"], verdict["churners"]) == (len(own), own["churned"].sum())
    whole = ledger["snapshots"][day]["labelled_0"] + ledger["snapshots"][day]["labelled_1"]
    assert (
        f"{len(own)} customers (of {whole}, drawn by a hash of their ids) as of {day}"
        in REPRO.model_card_page.read_text()
    )


def test_an_interval_grows_as_customers_become_fewer(copy_of_shop, monkeypatch):
    widths = []
    for limit in (60, 400):
        flow.run_untracked(monkeypatch, changed_settings(evaluate__max_customers=limit), (s4_evaluate,))
        model = storage.read_json(REPRO.verdict)["model"]
        widths.append(model["auc_high"] - model["auc_low"])
    assert widths[0] > 1.5 * widths[1]


def test_without_an_outcome_nobody_can_be_drawn(copy_of_shop):
    file = storage.bucket_file(REPRO.examples, 0)
    frame = storage.read_parquet(file)
    storage.write_parquet(frame.with_columns(pl.lit(None, dtype=pl.Int8).alias("churned")), file)
    with pytest.raises(NotEnoughData, match="no snapshot has an outcome so far"):
        labelled.learnt(REPRO, 10)
    with pytest.raises(BadData, match="has no column no_such_feature"):
        labelled.read(REPRO, ["no_such_feature"], Keys(0, 1))


def test_the_limits_of_params(settings: params.Params):
    assert settings.train.max_customers >= settings.evaluate.max_customers
