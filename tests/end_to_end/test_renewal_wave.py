"""A whole company as its launch comes to its second renewal: what the model sees is capped, what people read is true."""

import re
from collections.abc import Iterator
from contextlib import chdir
from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from benchmarks import quality
from pipeline.commands import simulate
from pipeline.config.paths import Paths
from pipeline.model import artefacts
from pipeline.model.ensemble import Ensemble
from pipeline.simulate.causal import COMPANIES, WholePlan
from pipeline.stages import run_stage, s1_ingest, s2_examples, s3_train, s5_score
from pipeline.tables import storage

pytestmark = pytest.mark.end_to_end
AS_OF, DAYS = date(2024, 1, 12), 741


class Wave(NamedTuple):
    scores: pl.DataFrame
    examples: pl.DataFrame
    contributions: pl.DataFrame
    ensemble: Ensemble


@pytest.fixture(scope="module")
def wave(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wave]:
    """A supplier of companies that counts the ends of contracts, two years and eleven days after its launch."""
    folder: Path = tmp_path_factory.mktemp("wave")
    settings = quality.settings_of(quality.ROOT / "params" / "simulated_b2b.yaml", folder)
    label = settings.label.model_copy(update={"kind": "cancellation"})
    days = settings.snapshots.model_copy(update={"as_of": AS_OF, "observed_until": AS_OF, "active_days": 360})
    model = settings.model.model_copy(update={"num_threads": 1, "max_trees": 300})
    settings = settings.model_copy(update={"label": label, "snapshots": days, "model": model})
    law = COMPANIES["b2b"]
    truth = settings.label.model_copy(update={"kind": law.outcome})
    plan = WholePlan(company=law, customers=1000, days=DAYS, seed=5, every_days=days.every_days, label=truth)
    with chdir(folder):
        paths = Paths(folder / "data", folder / "models", folder / "reports", folder / "exports")
        simulate.run("b2b", plan, Path("raw/simulated"), workers=1)
        for stage in (s1_ingest, s2_examples, s3_train, s5_score):
            run_stage(stage, settings, paths)
        scores = storage.read_buckets(paths.scores).sort("customer_key")
        examples = storage.read_buckets(paths.examples).filter(pl.col("snapshot") == AS_OF).sort("customer_key")
        contributions = storage.read_buckets(paths.contributions)
        yield Wave(scores, examples, contributions, artefacts.load(paths.models).ensemble)


def test_sentences_name_the_true_tenure_of_whoever_is_capped(wave):
    cap = wave.ensemble.renewal_cap
    assert cap is not None
    later = (pl.col("days_to_renewal") < cap.within_days) & (pl.col("renewals_ever") > cap.periods)
    texts = [name for name in wave.scores.columns if re.fullmatch(r"(reason|protects)_\d_text", name)]
    rows = wave.examples.join(wave.scores.select("customer_key", *texts), on="customer_key").filter(later)
    assert len(rows) > 0.2 * len(wave.scores), "the launch comes to its second renewal"
    named = []
    for row in rows.iter_rows(named=True):
        for text in filter(None, (row[name] for name in texts)):
            for words, feature in (
                (r"[Ff]irst order (\d[\d,]*) days", "days_since_first_order"),
                (r"[Ss]ame plan for (\d[\d,]*) days", "days_since_plan_change"),
                (r"[Cc]ontract periods so far: (\d+)", "renewals_ever"),
            ):
                for number in re.findall(words, text):
                    assert int(number.replace(",", "")) == row[feature], text
                    named.append(row[feature] > cap.values[feature])
    assert sum(named) > 10, "of some, a number is named that the model does not see"


def test_contributions_add_up_to_the_log_odds_of_what_the_model_sees(wave):
    total = wave.contributions.select(pl.sum_horizontal(pl.exclude("customer_id", "log_odds"))).to_series()
    both = wave.contributions.select("customer_id", "log_odds", total=total).join(
        wave.scores.select("customer_id", "customer_key"), on="customer_id"
    )
    both = both.sort("customer_key")
    assert (both["total"] - both["log_odds"]).abs().max() < 1e-6
    margins = pl.Series(wave.ensemble.margins(wave.examples))
    assert (margins - both["log_odds"]).abs().max() < 1e-6
