"""The company that is measured is the one that is described, a command is measured whole, and the page says what came."""

import json
import sys
from datetime import timedelta

import lightgbm as lgb
import polars as pl
import pytest

from benchmarks import company_files, pandas_features, processes, scale, scale_table, weekly_in_pandas
from pipeline.config import overlay, params
from tests.company import ROOT


def test_the_company_has_what_its_settings_say_and_a_week_that_is_new(tmp_path):
    rows = company_files.write(tmp_path, 300)
    lines = {name: pl.read_parquet(tmp_path / name / "lines-*.parquet") for name in ("raw", "new")}
    assert rows["lines"] == sum(map(len, lines.values())) and 20 * 300 < rows["lines"] < 45 * 300
    assert rows["events"] == sum(len(pl.read_parquet(tmp_path / name / "events-*.parquet")) for name in ("raw", "new"))
    week = company_files.AS_OF - timedelta(days=company_files.NEW_DAYS)
    assert (
        lines["raw"]["day"].max() < week <= lines["new"]["day"].min() <= lines["new"]["day"].max() < company_files.AS_OF
    )
    assert lines["raw"]["customer"].n_unique() > 250
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    overlay.apply(tmp_path / "company.yaml", tmp_path / "params.yaml")
    settings = params.load(tmp_path / "params.yaml")
    assert settings.snapshots.as_of == week and settings.label.horizon_days == 60
    costs = params.read_playbooks(ROOT / "playbooks.yaml")["currency"]
    assert settings.data.currency == costs, "playbooks in another currency make no list"


def test_the_same_company_is_written_again(tmp_path):
    for name in ("one", "other"):
        company_files.write(tmp_path / name, 50)
    files = sorted(file.relative_to(tmp_path / "one") for file in (tmp_path / "one").rglob("*.parquet"))
    assert len(files) == 12
    for file in files:
        assert pl.read_parquet(tmp_path / "one" / file).equals(pl.read_parquet(tmp_path / "other" / file))


def test_a_command_is_measured_with_the_memory_it_held(tmp_path):
    # This process may hold a gigabyte: none of it counts.
    own = b"x" * (600 * 2**20)
    cost, printed = processes.run([sys.executable, "-c", "x = bytearray(200 * 2**20); print(len(x))"], tmp_path)
    assert printed.strip() == str(200 * 2**20)
    assert 200 < cost.peak_mb < 400 and len(own) and cost.processor_seconds > 0 and cost.seconds > 0
    with pytest.raises(RuntimeError, match="ended with 3: too bad"):
        processes.run([sys.executable, "-c", "import sys; print('too bad'); sys.exit(3)"], tmp_path)


def test_what_stands_beside_the_weekly_job_makes_a_list(tmp_path):
    company_files.write(tmp_path, 300)
    for file in (tmp_path / "new").iterdir():
        file.rename(tmp_path / "raw" / file.name)
    weekly_in_pandas.train(str(tmp_path))
    weekly_in_pandas.make_list(str(tmp_path))
    listed = pl.read_csv(tmp_path / weekly_in_pandas.LIST, schema_overrides={"customer_id": pl.String})
    lines = pl.read_parquet(tmp_path / "raw" / "lines-*.parquet")
    since = company_files.AS_OF - timedelta(days=weekly_in_pandas.ACTIVE_DAYS)
    active = lines.filter(pl.col("day") >= since, pl.col("paid") >= 0)["customer"].unique()
    assert set(listed["customer_id"]) == set(active.to_list()) and 50 < len(listed) < weekly_in_pandas.LISTED
    assert listed["value_at_stake"].is_sorted(descending=True)
    first = listed.row(0, named=True)
    year = lines.filter(
        pl.col("customer") == first["customer_id"], pl.col("day") >= company_files.AS_OF - timedelta(days=365)
    )
    at_stake = first["churn_probability"] * year["paid"].sum() * weekly_in_pandas.HORIZON_DAYS / 365
    assert first["value_at_stake"] == pytest.approx(at_stake, rel=1e-2)
    lines, events = pandas_features.of_files(tmp_path / "raw")
    known = pandas_features.features(lines, events, company_files.AS_OF).loc[first["customer_id"]].to_frame().T
    model = lgb.Booster(model_file=tmp_path / weekly_in_pandas.MODEL)
    strongest = known.columns[model.predict(known, pred_contrib=True)[0, :-1].argmax()]
    sentence = weekly_in_pandas.SENTENCES.get(strongest, strongest + " is {:.1f}")
    assert first["reason_1"] == sentence.format(known.iloc[0][strongest])
    assert scale.in_pandas("train", tmp_path)[2].endswith(f"weekly_in_pandas.train({str(tmp_path)!r})")


def test_the_page_says_what_was_measured():
    def cost(seconds: float) -> dict[str, float]:
        return {"seconds": seconds, "processor_seconds": 2 * seconds, "peak_mb": 2048.0}

    sizes = [
        {"customers": customers, "rows": {"lines": 30 * customers, "events": 0}, "dvc_repro": cost(customers / 10),
         "weekly_anew": cost(customers / 100), "weekly_one_new_week": cost(customers / 400),
         "weekly_in_pandas": cost(customers / 20)}
        for customers in (10_000, 1_000)
    ]  # fmt: skip
    result = {"sizes": sizes, "exponents": {job: scale.exponent(sizes, job) for job in scale.JOBS},
              "start_up": {"seconds": 0.0712, "processor_seconds": 0.06, "peak_mb": 31.6}, "repeats": 3}  # fmt: skip
    page = scale_table.markdown(json.loads(json.dumps(result)))
    assert "| 10,000 | 300,000 | `churn weekly`, every file read anew | 100 s | 200 s | 2.0 GB | 20,000 µs |" in page
    assert "| `churn weekly`, one new week of files | 1.00 | 25 % of the time |" in page
    assert "from files to list | 1.00 | 500 % of the time |" in page
    assert page.startswith("Medians of 3 turns; `dvc repro` ran once.")
    assert "The help of `churn` takes 71 ms and 32 MB." in page
    assert page.index("| 1,000 |") < page.index("| 10,000 |")
