"""The leaderboard: same rows for all and nothing from after the cut-off; what its page says follows from its figures."""

import doctest
import json
import re
from datetime import date, timedelta
from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks import contestants, feeds, leaderboard, leaderboard_profit, leaderboard_table, quality
from benchmarks.contestants import OURS, RIVALS, Contestant, Task
from pipeline.config.params import Label
from pipeline.evaluation.bootstrap import ScoredSnapshot
from tests.test_project_files import commands

RESULTS = quality.ROOT / "benchmarks" / "results" / "leaderboard.json"
PAGE = quality.ROOT / "docs" / "leaderboard.md"
IN_THE_LOCK = [name for name in RIVALS if name not in {"xgboost", "catboost"}]


@pytest.fixture(scope="module")
def committed() -> dict:
    """The committed figures."""
    return json.loads(RESULTS.read_text(encoding="utf-8"))


# ------------------------------------------------------------------------------------------------ what is committed


def test_everybody_took_part_on_every_data_set(committed):
    assert list(committed["data_sets"]) == list(leaderboard.DATA_SETS), "run: make leaderboard"
    assert set(committed["versions"]) == {name for name, rival in RIVALS.items() if rival.distribution}
    for name, one in committed["data_sets"].items():
        assert list(one["figures"]) == list(one["calibration"]) == [OURS, *RIVALS]
        assert list(one["lead"]) == list(RIVALS)
        assert one["simulated_customers"] == leaderboard.CUSTOMERS.get(name)
        assert len(one["snapshots"]) == feeds.CUTOFFS
        assert (one["profit"] is not None) == (name in feeds.COMPANIES)


def test_every_lead_is_the_difference_of_two_figures(committed):
    for one in committed["data_sets"].values():
        for rival, leads in one["lead"].items():
            for figure, (lead, low, high) in leads.items():
                difference = one["figures"][OURS][figure][0] - one["figures"][rival][figure][0]
                assert lead == pytest.approx(difference, abs=0.00011)
                assert low <= lead <= high


def test_nobody_keeps_more_than_who_knows_every_uplift(committed):
    for one in committed["data_sets"].values():
        if one["profit"]:
            kept = {name: value for name, (value, _, _) in one["profit"]["kept"].items()}
            assert list(kept) == list(leaderboard_table.LISTS)
            assert max(kept, key=kept.get) == leaderboard_table.ALL_KNOWING
            assert kept[leaderboard_table.DRAWN_BY_LOT] < kept[leaderboard_table.ALL_KNOWING]


def test_the_page_is_that_of_the_figures(committed):
    page = PAGE.read_text(encoding="utf-8")
    between = page.split("<!-- begin leaderboard -->\n")[1].split("<!-- end leaderboard -->")[0]
    assert between.strip() == leaderboard_table.markdown(committed).strip(), "run: python -m docs.generate"
    known = json.loads((quality.ROOT / "benchmarks" / "results" / "reasons.json").read_text(encoding="utf-8"))
    assert leaderboard_table.reasons(known) in page


# ------------------------------------------------------------------------------------------------ what a page says


@pytest.mark.parametrize(
    ("lead", "more_is_better", "expected"),
    [
        ([0.02, 0.01, 0.03], True, "ahead"),
        ([-0.02, -0.03, -0.01], True, "behind"),
        ([0.02, 0.01, 0.03], False, "behind"),
        ([-0.02, -0.03, -0.01], False, "ahead"),
        ([0.02, -0.01, 0.03], True, "not known"),
        ([0.0, 0.0, 0.0], True, "not known"),
        ([0.02, 0.0, 0.03], False, "not known"),
    ],
)
def test_a_mark_is_certain_only_where_the_interval_leaves_out_zero(lead, more_is_better, expected):
    assert leaderboard_table.mark(lead, more_is_better=more_is_better) == expected


def made_up(ours: float, theirs: float, low: float, high: float) -> dict:
    figures = {OURS: ours, "lightgbm": theirs}
    return {
        "figures": {n: {f: [v, v, v] for f in leaderboard_table.RESAMPLED} for n, v in figures.items()},
        "lead": {"lightgbm": {f: [ours - theirs, low, high] for f in leaderboard_table.RESAMPLED}},
        "calibration": {n: {"error": 0.02, "by_chance_95_percent": v / 40} for n, v in figures.items()},
    }


def test_sentences_say_where_the_pipeline_is_not_the_best():
    data_sets = {"good": made_up(0.9, 0.7, 0.1, 0.3), "bad": made_up(0.6, 0.7, -0.2, -0.05)}
    by_auc, _, by_brier, chance = leaderboard_table.sentences(data_sets)
    assert by_auc == (
        "By AUC, the pipeline is certainly ahead in 1 of 2 comparisons and certainly behind LightGBM on `bad`. "
        "It is not the best of all on `bad` (LightGBM 0.7000, the pipeline 0.6000)."
    )
    # Of a Brier score less is better: what was good is bad.
    assert "certainly behind LightGBM on `good`. It is not the best of all on `good`" in by_brier
    assert chance.endswith("of 2 data sets: the pipeline on 1, LightGBM on 2.")
    assert "behind nobody. It is the best on all data sets." in leaderboard_table.sentences({"a": data_sets["good"]})[0]
    assert [leaderboard_table.mean_rank(data_sets, name) for name in (OURS, "lightgbm")] == [1.5, 1.5]


def test_equal_ones_share_their_places():
    same = {"one": made_up(0.7, 0.7, -0.1, 0.1), "other": made_up(0.8, 0.7, 0.05, 0.2)}
    assert leaderboard_table.mean_rank(same, OURS) == 1.25
    assert leaderboard_table.mean_rank(same, "lightgbm") == 1.75


def test_a_list_that_keeps_less_is_named_with_who_keeps_more():
    profit = {
        "kept": {OURS: [5, 1, 9], "bg_nbd": [9, 5, 12], "all_knowing": [20, 18, 22], "drawn_by_lot": [1, 0, 2]},
        "lead": {"bg_nbd": [-4, -6, -1], "all_knowing": [-15, -17, -13], "drawn_by_lot": [4, 1, 8]},
    }
    (sentence,) = leaderboard_table.about_profit({"here": profit})
    assert sentence == (
        "In `here` the list of the pipeline keeps less than that of BG/NBD. Certainly more than: nobody; certainly less "
        "than: BG/NBD. Beside a list drawn by lot it keeps certainly more."
    )


@pytest.mark.parametrize("module", [leaderboard_table, leaderboard_profit])
def test_examples_of_the_tables(module):
    assert doctest.testmod(module).failed == 0


# ------------------------------------------------------------------------------------------------ the protocol


@pytest.fixture(scope="module")
def tasks() -> list[tuple[Task, pl.DataFrame]]:
    return []


@pytest.fixture(scope="module")
def tiny(tmp_path_factory, tasks) -> tuple[dict, list[ScoredSnapshot]]:
    """A tenth of CDNOW at two cut-offs, with everybody whom the lock of the pipeline brings, and one who looks on."""

    def look_on(task: Task):
        def probability(rows: pl.DataFrame) -> np.ndarray:
            tasks.append((task, rows))
            return np.clip(rows["days_since_last_order"].to_numpy() / 1000, 0, 1)

        return probability

    folder = tmp_path_factory.mktemp("leaderboard")
    text = quality.data_sets()["cdnow_60"].read_text(encoding="utf-8").replace("sample: cdnow", "sample: cdnow_tenth")
    file = folder / "tiny.yaml"
    file.write_text(f"{text}model:\n  num_threads: 1\n  max_trees: 20\nevaluate:\n  draws: 100\n", encoding="utf-8")
    settings = quality.settings_of(file, folder)
    kept = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feeds, "CUTOFFS", 2)
        everybody = {name: RIVALS[name] for name in IN_THE_LOCK} | {"witness": Contestant("", None, None, look_on)}
        patch.setattr(leaderboard, "taking_part", lambda: everybody)
        original = leaderboard.summary
        patch.setattr(leaderboard, "summary", lambda parts, own: original(kept.setdefault("parts", parts), own))
        result = leaderboard.run_data_set("cdnow_60", settings, folder)
    return result, kept["parts"]


def test_everybody_learns_from_the_same_rows_whose_outcomes_were_known(tiny, tasks):
    result, parts = tiny
    assert result["snapshots"] == [str(rows["snapshot"][0]) for _, rows in tasks] == [part.snapshot for part in parts]
    for (task, rows), part in zip(tasks, parts, strict=True):
        day = date.fromisoformat(part.snapshot)
        # The last outcome window ends on the morning of the cut-off at the latest.
        assert task.known["snapshot"].max() + timedelta(days=result["horizon_days"]) <= day
        assert task.known["churned"].null_count() == 0
        assert rows["customer_key"].cast(pl.Int64).to_list() == part.customers.tolist()
        assert not {"churned", "snapshot", "customer_key"} & set(task.names)
    days = [date.fromisoformat(day) for day in result["snapshots"]]
    assert days[1] - days[0] >= timedelta(days=result["horizon_days"]), "outcome windows do not overlap"


def test_figures_are_the_means_over_the_cut_offs_of_what_sklearn_counts(tiny):
    result, parts = tiny
    assert list(result["figures"]) == [OURS, *IN_THE_LOCK, "witness"]
    for name, figures in result["figures"].items():
        by_hand = {
            "auc": [roc_auc_score(part.churned, part.scored[name]) for part in parts],
            "average_precision": [average_precision_score(part.churned, part.scored[name]) for part in parts],
            "brier": [np.mean((part.scored[name] - part.churned) ** 2) for part in parts],
        }
        for figure, values in by_hand.items():
            assert figures[figure][0] == pytest.approx(np.mean(values), abs=0.00006)
    assert min(figures["auc"][0] for figures in result["figures"].values()) > 0.5
    assert result["profit"] is None


def test_no_two_contestants_are_one(tiny):
    _, parts = tiny
    scored = [values.round(9).tobytes() for values in parts[-1].scored.values()]
    assert len(set(scored)) == len(scored)
    assert all(0 <= values.min() <= values.max() <= 1 for values in parts[-1].scored.values())


def test_a_column_without_a_value_stops_nobody(settings):
    dice = np.random.default_rng(1)
    rows = pl.DataFrame({"a": dice.normal(size=300), "empty": pl.Series([None] * 300, dtype=pl.Float64)})
    rows = rows.with_columns(churned=(pl.col("a") > 0).cast(pl.Int8))
    task = Task(rows, ["a", "empty"], Label(kind="inactivity", gap_days=0, horizon_days=30), settings.model)
    fitted = RIVALS["hist_gradient_boosting"].fit(task)(rows)
    assert roc_auc_score(rows["churned"], fitted) > 0.99


# ------------------------------------------------------------------------------------------------ the profit


def test_what_is_kept_is_the_net_of_those_listed(monkeypatch):
    monkeypatch.setattr(leaderboard_profit, "CAPACITY", 0.5)
    part = ScoredSnapshot(
        "2024-01-01", np.array([7, 8, 9, 10]), np.array([1, 0, 1, 0], dtype=np.int8),
        {OURS: np.array([0.9, 0.1, 0.5, 0.2]), "bg_nbd": np.array([0.1, 0.9, 0.8, 0.7])},
    )  # fmt: skip
    value, uplift = np.array([10.0, 10.0, 10.0, 100.0]), np.array([[0.5], [0.1], [0.3], [0.2]])
    net = leaderboard_profit.net_of_best_offer(uplift, value, np.array([1.0]))
    assert net.tolist() == [4.0, 0.0, 2.0, 19.0]
    kept = leaderboard_profit._kept(part, value, net)
    # Probability times value: 9, 1, 5 and 20; and 1, 9, 8 and 70.
    assert kept.select(pl.exclude("customer").sum()).row(0, named=True) == {
        OURS: 23.0, "bg_nbd": 19.0, "all_knowing": 23.0, "drawn_by_lot": 12.5,
    }  # fmt: skip
    found = leaderboard_profit._figures(kept)
    assert found["lead"]["bg_nbd"][0] == 4.0
    assert found["share"]["bg_nbd"] == round(19 / 23, 3)


def test_the_truth_must_hold_everybody_who_is_judged():
    truth = pl.DataFrame({"customer_key": [1, 2], "snapshot": [date(2024, 1, 1)] * 2, "uplift_a": [0.1, 0.2]})
    part = ScoredSnapshot("2024-01-01", np.array([2, 1]), np.array([0, 1], dtype=np.int8), {})
    assert leaderboard_profit._uplift(part, truth).tolist() == [[0.2], [0.1]]
    with pytest.raises(ValueError, match="2024-01-01: the truth does not hold every customer who is judged"):
        leaderboard_profit._uplift(part, truth.head(1))


@pytest.mark.nightly
def test_a_small_company_has_a_profit(tmp_path, monkeypatch):
    monkeypatch.setattr(feeds, "CUTOFFS", 1)
    settings = feeds.settings_of("b2b", tmp_path)
    small = settings.model.model_copy(update={"max_trees": 30, "num_threads": 1})
    found = leaderboard.run_data_set("b2b", settings.model_copy(update={"model": small}), tmp_path, customers=600)
    assert found["profit"]["listed"] == max(1, round(found["rows"] * leaderboard_profit.CAPACITY))
    assert found["profit"]["kept"]["all_knowing"][0] > 0
    assert json.loads(json.dumps(found)) == found


# ------------------------------------------------------------------------------------------------ what is installed


def test_the_packages_of_rivals_are_in_a_folder_of_their_own():
    pinned = (quality.ROOT / "requirements" / "rivals.txt").read_text(encoding="utf-8")
    ordinary = (quality.ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8")
    alone = {rival.distribution for name, rival in RIVALS.items() if name not in IN_THE_LOCK}
    explaining = {"fasttreeshap-fixed", "treelite", "woodelf-explainer"}
    assert set(re.findall(r"^([\w.-]+)==", pinned, re.MULTILINE)) == alone | explaining
    assert not [name for name in alone | explaining if re.search(rf"^{name}==", ordinary, re.MULTILINE)]
    measure, pages = commands("leaderboard")
    assert measure.startswith("PYTHONPATH=$(CURDIR)/.rivals python -m benchmarks.leaderboard --json benchmarks/")
    assert pages == "python -m docs.generate"


def test_who_is_not_installed_does_not_take_part(monkeypatch):
    monkeypatch.setattr(contestants, "find_spec", lambda name: None if name == "catboost" else find_spec("json"))
    assert list(contestants.taking_part()) == [name for name in RIVALS if name != "catboost"]
