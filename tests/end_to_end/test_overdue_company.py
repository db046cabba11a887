"""A simulated shop where many come once a year, with churn as overdue: from `churn suggest` to the list and the leakage check."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from pipeline import cli
from pipeline.commands import simulate
from pipeline.config import overlay, params
from pipeline.simulate.settings import Levels
from tests.company import ROOT

pytestmark = pytest.mark.end_to_end
DAYS = 2192  # six years from 2022-01-01
STAGES = ("ingest", "examples", "train", "evaluate", "score", "publish")
OVERLAY = """
snapshots:
  as_of: "%(end)s"
  observed_until: "%(end)s"
  first: "2024-06-01"
  every_days: 120
  active_days: 730
label:
  kind: overdue
  horizon_days: 120
  overdue: {times: 1.5, min_days: 60, max_days: 730, one_time_days: 400}
model:
  max_trees: 60
  num_threads: 1
evaluate:
  draws: 100
score:
  bands: {low: 0.0, medium: 0.2, high: 0.4}
"""


def invoke(*command: str) -> str:
    done = CliRunner().invoke(cli.main, command, catch_exceptions=False)
    assert done.exit_code == 0, (command, done.output, done.stderr)
    return done.output


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Two customers of three come once a year, the others every month; a third of both sorts leaves now and then."""
    folder = tmp_path_factory.mktemp("yearly")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("params.yaml", "playbooks.yaml", "params/simulated.yaml"):
            shutil.copy(ROOT / name, folder)
        plan = simulate.plan("default", customers=1500, days=DAYS, seed=3, every_days=120, gap_days=0, horizon_days=120)
        company = plan.company.model_copy(
            update={
                "mean_gap_days": Levels(values=(30.0, 365.0), shares=(0.35, 0.65)),
                "rhythm_shape": Levels(values=(60.0,), shares=(1.0,)),
                "leaving_per_day": Levels(values=(0.0, 0.001), shares=(0.65, 0.35)),
                "one_time_share": 0.02,
                "season_amplitude": 0.0,
            }
        )
        simulate.run("default", plan.model_copy(update={"company": company}), Path("raw/simulated"), workers=1)
        overlay.apply(Path("simulated.yaml"))
        Path("overdue.yaml").write_text(OVERLAY % {"end": plan.as_of}, encoding="utf-8")
        overlay.apply(Path("overdue.yaml"))
        yield folder


def test_a_yearly_buyer_is_no_churner_and_the_list_says_overdue(shop):
    assert "came back later, so many were slow, not gone" in invoke("suggest")
    for stage in STAGES[:2]:
        invoke("stage", stage)
    label = params.load().label
    examples = pl.read_parquet("data/examples/*.parquet").filter(pl.col("churned").is_not_null())
    bought = pl.read_parquet("data/tables/transactions/*.parquet").select("customer_key", "day").unique()
    slow = examples.filter(pl.col("gap_mean_days") > 250)
    assert len(slow) > 1000
    after = slow.select("snapshot", "customer_key", "churned").join(bought, on="customer_key", how="left")
    offset = (pl.col("day") - pl.col("snapshot")).dt.total_days()
    by_hand = after.group_by("snapshot", "customer_key").agg(
        pl.col("churned").first(),
        inactive=~offset.is_between(0, label.horizon_days - 1).any(),
        later=(offset >= label.horizon_days).any(),
        silence=label.horizon_days - offset.filter(offset < label.horizon_days).max(),
    )
    # By inactivity most of them would be churners, and most of those come back; of the overdue hardly anybody does.
    inactive = by_hand.filter(pl.col("inactive"))
    overdue = by_hand.filter(pl.col("churned") == 1)
    assert inactive.height > 0.5 * by_hand.height
    assert inactive["later"].mean() > 0.4
    assert overdue.height > 100
    assert overdue["later"].mean() < 0.1
    assert overdue["silence"].min() > 1.5 * 250 * 0.9
    assert overdue.filter(~pl.col("inactive")).is_empty()


@pytest.mark.nightly
def test_it_ships_a_list_in_its_own_words_and_knows_no_future(shop):
    for stage in STAGES:
        invoke("stage", stage)
    leakage = invoke("check", "--leakage")
    assert "labels: at 2 snapshots the same with all cut off that came after the outcome window" in leakage
    invoke("release")
    (week,) = Path("exports").iterdir()
    page = (week / "risk_list.html").read_text(encoding="utf-8")
    assert "Overdue: no purchase in the 120 days from " in page
    assert "1.5 times the customer" in page
    listed = pl.read_parquet(week / "risk_list.parquet")
    assert listed.height and listed["reason_1"].null_count() == 0
    scores = pl.read_parquet("data/scores/*.parquet" if Path("data/scores").is_dir() else "data/scores.parquet")
    rhythm = pl.read_parquet("data/examples/*.parquet").filter(pl.col("snapshot") == pl.col("snapshot").max())
    ids = pl.read_parquet("data/tables/transactions/*.parquet").select("customer_key", "customer_id").unique()
    both = scores.join(ids, on="customer_id").join(rhythm, on="customer_key")
    # Who comes once a year and bought within the last half year cannot be overdue by the end of the window.
    on_time = both.filter((pl.col("gap_mean_days") > 300) & (pl.col("days_since_last_order") < 180))
    assert on_time.height > 100
    assert on_time["churn_probability"].max() < 0.1
