"""``churn suggest``: windows that fit the rhythm of the shop, whatever that is, and warnings where none fits well."""

import itertools
import random
import shutil
import statistics
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from pipeline import cli, sql
from pipeline.commands import suggest
from pipeline.config import overlay, params
from pipeline.config.errors import NotEnoughData
from pipeline.examples import label_comparison, pauses
from pipeline.stages import run_stage, s1_ingest, s2_examples

ROOT = Path(__file__).resolve().parent.parent.parent
FIRST = date(2018, 1, 1)


def open_shop(
    folder: Path, mean: float, spread: float, days: int, customers: int = 300, leave: float = 0.02
) -> params.Params:
    """Customers with pauses around a mean, of whom some leave after each purchase."""
    dice, rows = random.Random(4), []
    for customer in range(customers):
        day = dice.randrange(0, round(mean))
        while day < days:
            rows.append(f"c{customer},{FIRST + timedelta(days=day)},10")
            if dice.random() < leave:
                break
            day += max(1, round(dice.gauss(mean, spread)))
    (folder / "raw").mkdir()
    (folder / "raw/orders.csv").write_text("customer,day,paid\n" + "\n".join(rows) + "\n")
    content = params.read_yaml(ROOT / "params.yaml", params.BadParams)
    until = (FIRST + timedelta(days=days)).isoformat()
    content["data"] |= {"name": "shop", "timezone": "UTC"}
    columns = {"customer_id": "customer", "ts": "day", "amount": "paid"}
    content["sources"] = {"transactions": {"path": "raw/orders.csv", "columns": columns}}
    content["snapshots"] |= {"as_of": until, "observed_until": until, "first": "2018-02-01"}
    content["features"]["event_types"] = []
    return params.parse(content)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def subscribers(
    folder: Path, settings: params.Params, share: float
) -> tuple[params.Params, list[tuple[date, date | None]]]:
    """A part of the customers of a shop get a contract each, which some cancel; their first and their last days."""
    dice, rows, contracts = random.Random(5), [], []
    for customer in range(round(300 * share)):
        start = FIRST + timedelta(days=dice.randrange(300))
        gone = start + timedelta(days=dice.randrange(30, 900)) if dice.random() < 0.6 else None
        gone = gone if gone and gone < settings.snapshots.observed_until else None
        contracts.append((start, gone))
        rows.append(f"c{customer},{start},{gone or ''}")
    (folder / "raw/contracts.csv").write_text("customer,start,gone\n" + "\n".join(rows) + "\n")
    columns = {"customer_id": "customer", "start_day": "start", "cancel_day": "gone"}
    table = params.Source(path="raw/contracts.csv", columns=columns)
    sources = settings.sources.model_copy(update={"subscriptions": table})
    return settings.model_copy(update={"sources": sources}), contracts


def test_a_company_of_contracts_is_proposed_to_go_by_them(folder):
    settings, contracts = subscribers(folder, open_shop(folder, 30, 5, 720, leave=0), 1.0)
    lines = list(suggest.run(settings))
    assert lines[-5:] == [
        "snapshots:", "  active_days: 60", "label:", f"  horizon_days: {lines[-2].split()[-1]}", "  kind: cancellation",
    ]  # fmt: skip
    assert next(line for line in lines if line.startswith("proposed")).startswith(
        "proposed: label.kind cancellation. 300 of 300 customers who bought within a year have had a contract"
    )
    until = settings.snapshots.observed_until
    rates = {}
    for horizon in (30, 60, 90, 180):
        ran = lost = 0
        for number in (1, 2, 3):
            day = until - timedelta(days=horizon * number)
            running = [gone for start, gone in contracts if start < day and (gone is None or gone >= day)]
            ran += len(running)
            lost += sum(gone is not None and gone < day + timedelta(days=horizon) for gone in running)
        rates[horizon] = lost / ran
        (line,) = [line for line in lines if line.split()[:1] == [str(horizon)]]
        assert line.split()[1:3] == [f"{ran:,}", f"{lost / ran:.1%}"]
    assert int(lines[-2].split()[-1]) == min(horizon for horizon, rate in rates.items() if rate >= 0.05)


def test_a_shop_in_which_some_have_a_contract_goes_by_purchases(folder):
    settings, _ = subscribers(folder, open_shop(folder, 30, 5, 720, leave=0.02), 0.2)
    lines = list(suggest.run(settings))
    assert not any("cancellation" in line for line in lines)
    assert proposed(lines)


def proposed(lines: list[str]) -> tuple[int, int]:
    """What the lines to put into params.yaml say."""
    at = lines.index("snapshots:")
    assert lines[at + 2] == "label:"
    return int(lines[at + 1].removeprefix("  active_days: ")), int(lines[at + 3].removeprefix("  horizon_days: "))


def test_a_weekly_shop_gets_weeks(folder):
    lines = list(suggest.run(open_shop(folder, mean=7, spread=1.5, days=365)))
    assert proposed(lines) == (30, 14)
    assert not any(line.startswith("WARNING") for line in lines)
    assert next(line for line in lines if line.endswith("<- proposed")).split()[:2] == ["30", "14"]
    assert not (folder / "data").exists(), "ingested for this once, and gone"


def test_what_is_proposed_can_be_written(folder):
    settings = open_shop(folder, mean=7, spread=1.5, days=365)
    shutil.copy(ROOT / "params.yaml", folder / "params.yaml")
    lines = list(suggest.run(settings, write=True))
    assert lines[-1] == "params.yaml: written: snapshots.active_days, label.horizon_days"
    written = params.load(folder / "params.yaml")
    assert (written.snapshots.active_days, written.label.horizon_days) == (30, 14)
    assert list(suggest.run(settings, write=True))[-1] == "params.yaml: says so already"


def test_a_once_a_year_shop_gets_years(folder):
    lines = list(suggest.run(open_shop(folder, mean=365, spread=30, days=2190, leave=0.2)))
    active, horizon = proposed(lines)
    assert active >= 540
    assert horizon >= 365


def test_a_skipped_year_is_no_pause(folder):
    """Customers come back after a year, and one time in three they skip one: the horizon stays a year."""
    dice, rows = random.Random(4), []
    for customer in range(400):
        day = dice.randrange(0, 365)
        while day < 2555:
            rows.append(f"c{customer},{FIRST + timedelta(days=day)},10")
            if dice.random() < 0.1:
                break
            day += round(dice.gauss(365, 15)) * (2 if dice.random() < 0.33 else 1)
    settings = open_shop(folder, mean=365, spread=20, days=2555)
    (folder / "raw/orders.csv").write_text("customer,day,paid\n" + "\n".join(rows) + "\n")
    lines = list(suggest.run(settings))
    active, horizon = proposed(lines)
    assert horizon == 365 and active >= 730
    assert any(line.startswith("proposed: active_days 730, horizon_days 365. ") for line in lines)
    assert any(line.startswith("proposed: overdue. ") for line in lines), "who skips a year is no churner either"
    found = next(line for line in lines if line.startswith("a yearly rhythm"))
    assert found.startswith("a yearly rhythm: 9") or found.startswith("a yearly rhythm: 100%")


@pytest.mark.parametrize(("mean", "spread"), [(7, 1.5), (90, 30), (250, 80)])
def test_other_rhythms_are_not_yearly(folder, mean, spread):
    lines = list(suggest.run(open_shop(folder, mean=mean, spread=spread, days=2190)))
    assert not any(line.startswith("a yearly rhythm") for line in lines)


def mixed_shop(folder: Path, slow: float) -> params.Params:
    """One in six customers comes after as many days as `slow`, the others every week; some leave."""
    settings, rows = open_shop(folder, mean=7, spread=1, days=1460), []
    dice = random.Random(5)
    for customer in range(600):
        mean = 7 if customer % 6 else slow
        day = dice.randrange(0, round(mean))
        stop = dice.randrange(200, 3000)
        while day < min(1460, stop):
            rows.append(f"c{customer},{FIRST + timedelta(days=day)},10")
            day += max(1, round(dice.gauss(mean, mean / 6)))
    (folder / "raw/orders.csv").write_text("customer,day,paid\n" + "\n".join(rows) + "\n")
    return settings


def test_where_slow_buyers_would_pass_for_churners_overdue_is_proposed_and_written(folder):
    settings = mixed_shop(folder, slow=110)
    shutil.copy(ROOT / "params.yaml", folder / "params.yaml")
    lines = list(suggest.run(settings, write=True))
    reason = next(line for line in lines if line.startswith("proposed: overdue. "))
    assert "so many were slow, not gone" in reason
    written = params.load(folder / "params.yaml").label
    assert written.kind == "overdue" and written.overdue.times == 2
    assert (
        list(suggest.run(settings.model_copy(update={"label": written}), write=True))[-1]
        == "params.yaml: says so already"
    )


def test_where_all_come_at_the_same_pace_inactivity_stays(folder):
    lines = list(suggest.run(open_shop(folder, mean=7, spread=1.5, days=365)))
    assert any(line.startswith("proposed: inactivity. ") for line in lines)
    assert not any("kind:" in line for line in lines)


def test_labels_are_counted_as_the_examples_count_them(folder):
    """In SQL and in arrays, for every multiple; and who came back, from the rows by pandas."""
    settings = mixed_shop(folder, slow=110)
    wait = {"times": 1.5, "min_days": 14, "max_days": 300, "one_time_days": 60}
    asked = params.Label(kind="overdue", gap_days=3, horizon_days=60, overdue=wait)
    day, active = FIRST + timedelta(days=1200), 300
    plain = label_comparison.Meaning(active, params.Label(kind="inactivity", gap_days=3, horizon_days=60))
    kinds = [plain, *label_comparison.overdue_meanings(active, asked, asked.overdue)]
    run_stage(s1_ingest, settings)
    file = Path("data/tables/transactions/bucket-00000.parquet")
    with sql.connect(1, 1.0) as engine:
        pauses.load(engine, sql.parquet([file]))
        counts = label_comparison.count(engine, day, kinds, 150)
    days = pl.read_parquet(file).to_pandas().groupby("customer_id")["day"].apply(lambda own: sorted(set(own.dt.date)))
    for kind, counted in zip(kinds, counts, strict=True):
        seen = churned = back = 0
        end = day + timedelta(days=63)
        for own in days:
            before = [one for one in own if one < day]
            if not before or (day - before[-1]).days > active:
                continue
            own_pauses = [(later - one).days for one, later in itertools.pairwise(before)]
            seen += 1
            silence = (end - max(one for one in own if one < end)).days
            allowed = 0
            if kind.label.overdue:
                usual = statistics.median_low(own_pauses) if own_pauses else None
                allowed = 60 if usual is None else min(max(kind.label.overdue.times * usual // 1, 14), 300)
            gone = not any(day + timedelta(days=3) <= one < end for one in own) and silence > allowed
            churned += gone
            back += gone and any(end <= one < end + timedelta(days=150) for one in own)
        assert counted == label_comparison.Count(seen, churned, back), kind
    assert counts[0].churned > counts[1].churned > counts[3].churned > 0
    # The arrays of the examples say the same as the query.
    for kind, counted in zip(kinds, counts, strict=True):
        alike = settings.model_copy(
            update={
                "label": kind.label,
                "snapshots": settings.snapshots.model_copy(update={"as_of": day, "first": day, "active_days": active}),
            }
        )
        run_stage(s2_examples, alike)
        examples = pl.read_parquet("data/examples/bucket-00000.parquet")
        assert (len(examples), examples["churned"].sum()) == (counted.eligible, counted.churned)


def test_a_horizon_at_which_nearly_all_churn_is_warned_of(folder):
    """Two years of a shop that people come back to after a year: there is no room for a horizon that fits."""
    lines = list(suggest.run(open_shop(folder, mean=365, spread=20, days=500)))
    assert "days of history have no room for them" in next(line for line in lines if line.startswith("proposed"))
    warned = [line for line in lines if line.startswith("WARNING")]
    assert "the list would hold nearly everybody" in warned[0]


def test_a_horizon_at_which_nobody_churns_is_warned_of(folder):
    lines = list(suggest.run(open_shop(folder, mean=7, spread=1, days=365, leave=0.0)))
    assert "WARNING only 0.0% churn within 14 days" in "\n".join(lines)


def test_too_little_history_is_refused(folder):
    with pytest.raises(NotEnoughData, match="days of history with 300 customers, 300 of whom bought on one day only"):
        list(suggest.run(open_shop(folder, mean=30, spread=1, days=60, leave=1.0)))


def test_cdnow_gets_half_a_year_and_a_season(folder):
    for name in ("params.yaml", "params/cdnow_tenth.yaml"):
        shutil.copy(ROOT / name, folder)
    overlay.apply(Path("cdnow_tenth.yaml"))
    found = CliRunner().invoke(cli.main, ["suggest"], catch_exceptions=False)
    assert found.exit_code == 0
    assert proposed(found.stdout.splitlines()) == (180, 90)
    row = next(line for line in found.stdout.splitlines() if line.endswith("<- proposed")).split()
    assert 0.55 < float(row[3].rstrip("%")) / 100 < 0.65


def test_base_rates_are_those_of_the_examples(company):
    """The same customers, the same churn as the stages count, and the same lines from any number of buckets."""
    settings = params.load()
    alone = list(suggest.run(settings))
    for stage in (s1_ingest, s2_examples):
        run_stage(stage, settings)
    job = suggest.Job(Path("data/tables/transactions/bucket-00000.parquet"), settings.snapshots.observed_until, 0,
                      (20, 60), 1, 1.0)  # fmt: skip
    tried = suggest._try_all(job)
    examples = pl.read_parquet("data/examples/bucket-00000.parquet").drop_nulls("churned")
    compared = 0
    for (horizon, day), by_active in tried.items():
        own = examples.filter(pl.col("snapshot") == day)
        if horizon == 20 and len(own):
            assert by_active[60] == (len(own), own["churned"].sum())
            compared += 1
    assert list(suggest.run(settings)) == alone
    spread = settings.model_copy(update={"storage": settings.storage.model_copy(update={"buckets": 3})})
    run_stage(s1_ingest, spread)
    assert list(suggest.run(spread)) == alone
    assert compared


def test_open_pauses_are_counted_for_as_long_as_they_were_seen():
    table = pl.DataFrame({"days": [10, 20, 30], "ended": [4, 0, 2], "still_open": [0, 4, 0]})
    rhythm = pauses.GapStatistics(table, table, 10, 0, 365)
    assert rhythm.returned(10) == pytest.approx(0.4)
    assert rhythm.returned(30) == 1.0, "of those whom we saw for so long, all came back"
    assert rhythm.quantile(0.5) == 10


def test_a_gap_before_the_outcome_window_takes_room():
    assert pauses.has_room(60, 30, 0, 150)
    assert not pauses.has_room(60, 30, 1, 150)
